"""What the backend has stored, as frozen values: its JSON answers, checked when they come in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import pydantic
from pydantic.alias_generators import to_camel

from catalog.dataset import Dataset
from catalog.entry import Job

Json = dict[str, Any]
Facets = Annotated[Mapping[str, Any], pydantic.BeforeValidator(lambda told: told or {})]
stored = pydantic.dataclasses.dataclass(
    frozen=True, slots=True, kw_only=True, config=pydantic.ConfigDict(alias_generator=to_camel, extra="ignore")
)


@stored
class StoredNamespace:
    """A namespace; a deleted one is only hidden."""

    name: str
    owner_name: str | None = None
    description: str | None = None
    is_hidden: bool = False


@stored
class StoredTag:
    """A tag that can be put on datasets, columns and jobs."""

    name: str
    description: str | None = None


@stored
class StoredField:
    """A top-level column; members of structs are only in the schema facet."""

    name: str
    type: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()


@stored
class StoredDataset:
    """A dataset at its current version. `fields` come in no order; of a list's page only the first ten have facets."""

    dataset: Dataset = pydantic.Field(alias="id")
    source_name: str | None = None
    description: str | None = None
    current_version: str | None = None
    created_at: datetime
    updated_at: datetime
    fields: tuple[StoredField, ...] = ()
    tags: tuple[str, ...] = ()
    facets: Facets = pydantic.Field(default_factory=dict)
    deleted: bool = False


@stored
class StoredUse:
    """A dataset that a run read or wrote, with the facets of this run: assertions, statistics."""

    dataset: Dataset = pydantic.Field(alias="datasetVersionId")
    facets: Facets = pydantic.Field(default_factory=dict)


@stored
class StoredRun:
    """One run; times are None where no event told them."""

    id: str
    state: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    nominal_start_time: datetime | None = None
    nominal_end_time: datetime | None = None
    input_dataset_versions: tuple[StoredUse, ...] = ()
    output_dataset_versions: tuple[StoredUse, ...] = ()
    facets: Facets = pydantic.Field(default_factory=dict)


@stored
class StoredVersion:
    """One version of a dataset: every run that writes it makes one. Equal schema versions mean equal columns."""

    dataset: Dataset = pydantic.Field(alias="id")
    version: str
    created_at: datetime
    lifecycle_state: str | None = None
    current_schema_version: str | None = None
    created_by_run: StoredRun | None = None
    fields: tuple[StoredField, ...] = ()
    facets: Facets = pydantic.Field(default_factory=dict)


@stored
class StoredJob:
    """A job at its current version, with its last run."""

    job: Job = pydantic.Field(alias="id")
    type: str
    simple_name: str | None = None
    parent_job_name: str | None = None
    description: str | None = None
    location: str | None = None
    current_version: str | None = None
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    tags: tuple[str, ...] = ()
    latest_run: StoredRun | None = None
    facets: Facets = pydantic.Field(default_factory=dict)


@stored
class GraphEdge:
    """Between two node ids. Of a column's incoming edges Marquez swaps the ends: see `GraphNode.sources`."""

    origin: str
    destination: str


@stored
class GraphNode:
    """A node of a lineage graph: DATASET, JOB or DATASET_FIELD; `data` is what the backend tells of it."""

    id: str
    type: str
    data: Facets
    in_edges: tuple[GraphEdge, ...] = ()
    out_edges: tuple[GraphEdge, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of the nodes that data comes from."""
        return tuple(edge.origin if edge.origin != self.id else edge.destination for edge in self.in_edges)

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the nodes that data goes to."""
        return tuple(edge.destination for edge in self.out_edges)


@stored
class Found:
    """A dataset or job whose name contains what was searched for."""

    type: str
    namespace: str
    name: str
    node_id: str
    updated_at: datetime


@stored
class EventPage:
    """Event documents as the backend gives them; its total counts static events too, which it never lists."""

    events: tuple[Json, ...]
    total_count: int
