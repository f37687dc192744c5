"""What the backend has stored, as frozen values: its JSON answers, checked when they come in."""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from pydantic.alias_generators import to_camel

from catalog.dataset import Dataset

Json = dict[str, Any]
Facets = Annotated[Mapping[str, Any], pydantic.BeforeValidator(lambda told: told or {})]
stored = pydantic.dataclasses.dataclass(
    frozen=True, slots=True, kw_only=True, config=pydantic.ConfigDict(alias_generator=to_camel, extra="ignore")
)


@stored
class StoredTag:
    """A tag that can be put on datasets, columns and jobs."""

    name: str
    description: str | None = None


@stored
class TagPage:
    """Some of the tags, by name."""

    tags: tuple[StoredTag, ...]


@stored
class StoredField:
    """A top-level column; members of structs are only in the schema facet."""

    name: str
    tags: tuple[str, ...] = ()


@stored
class StoredDataset:
    """A dataset at its current version; `fields` come in no order."""

    dataset: Dataset = pydantic.Field(alias="id")
    description: str | None = None
    current_version: str | None = None
    fields: tuple[StoredField, ...] = ()
    tags: tuple[str, ...] = ()
    facets: Facets = pydantic.Field(default_factory=dict)


@stored
class EventPage:
    """Event documents as the backend gives them; its total counts static events too, which it never lists."""

    events: tuple[Json, ...]
    total_count: int
