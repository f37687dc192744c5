"""The columns that somebody accepted: read from the record, told to it, and moved by one change or by all of them.

A baseline never moves by itself (docs/decisions/0011): the first one is told by the job that looks for drift, every
later one by a person, with who and why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from catalog.dataset import Dataset
from catalog.drift import Change
from catalog.drift.shape import within
from catalog.entry import Column, DatasetEntry, Job
from catalog.wire import ACCEPT_JOB, MAIN, REPOSITORY, SCHEMA_BASE, SCHEMA_BASELINE

if TYPE_CHECKING:
    from catalog.index import Index

RANKED = {"key": "primaryKey", "partition": "partition"}
"""Aspects of the dataset that are details of its columns."""
SCHEMA = "SchemaBaselineDatasetFacet.json#/$defs/SchemaBaselineDatasetFacet"
DOCUMENTED = "https://openlineage.io/spec/facets/1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet"
RUN_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a dataset is compared with: its columns, who accepted them, why and when."""

    name: str
    columns: tuple[Column, ...]
    accepted_by: str
    reason: str
    since: datetime

    @property
    def looked(self) -> bool:
        """Whether it came from looking at values, which tell no nullability, or from what was declared."""
        return all(one.nullable is None for one in self.columns)


def baseline(index: "Index", dataset: Dataset, name: str = MAIN) -> Baseline | None:
    """The newest baseline of this name that the record tells, None when there is none."""
    found = index.facet(dataset, f"{SCHEMA_BASELINE}:{name}")
    if found is None:
        return None
    told, origin = found
    return Baseline(
        name=name,
        columns=tuple(_column(one, n) for n, one in enumerate(told["columns"], start=1)),
        accepted_by=str(told.get("acceptedBy") or origin.job.name),
        reason=str(told.get("reason") or ""),
        since=datetime.fromisoformat(told["acceptedAt"]) if told.get("acceptedAt") else origin.time,
    )


def baseline_facet(kept: Baseline) -> Json:
    """The facet that tells a baseline (lineage/schemas/SchemaBaselineDatasetFacet.json), without what every one has."""
    return {
        "name": kept.name, "acceptedBy": kept.accepted_by, "reason": kept.reason, "acceptedAt": kept.since.isoformat(),
        "columns": [_told(one) for one in kept.columns],
    }  # fmt: skip


def accepted(before: Iterable[Column], after: Iterable[Column], change: Change | None = None) -> tuple[Column, ...]:
    """The columns of `after`; with a change, those of `before` with what it names as in `after`.

    That is the whole column with its members: two changes of one column are accepted together.
    """
    new = {one.path: one for one in after}
    if change is None:
        return tuple(new.values())
    old = {one.path: one for one in before}
    if detail := RANKED.get(change.noun):
        came = [one for path, one in new.items() if detail in one.details and path not in old]
        return placed((_detailed(one, new.get(path), detail) for path, one in old.items()), came, tuple(new))
    if change.rule == "column.moved":
        order = {path: at for at, path in enumerate(new)}
        return _numbered(sorted(old.values(), key=lambda one: order.get(one.path, len(order))))
    gone = {path for path in old if within(path, change.former) or within(path, change.path)}
    kept = [one for path, one in old.items() if path not in gone]
    came = [one for path, one in new.items() if within(path, change.path)]
    return placed(kept, came, tuple(new))


def placed(kept: Iterable[Column], came: Iterable[Column], order: tuple[str, ...]) -> tuple[Column, ...]:
    """Columns with others among them, each where it stands in `order`: behind its nearest neighbour that is there."""
    found = {one.path: one for one in kept}
    for one in came:
        before = order[: order.index(one.path)]
        neighbour = next((path for path in reversed(before) if path in found), None)
        paths = list(found)
        at = 0 if neighbour is None else paths.index(neighbour) + 1
        found = {path: found.get(path, one) for path in (*paths[:at], one.path, *paths[at:])}
    return _numbered(found.values())


def acceptance(entry: DatasetEntry, kept: Baseline, *, namespace: str, at: datetime) -> Json:
    """The event that tells a baseline: of a job of its own, the dataset as an input.

    As an output, the backend would make a version without columns of it, and a write that never was would count as
    fresh. There is no schema facet: whoever accepts is no witness. The description is told again, since the backend
    forgets it with every event that has none.
    """
    producer = f"{REPOSITORY}/blob/main/catalog/observe"
    facets: Json = {SCHEMA_BASELINE: {"_producer": producer, "_schemaURL": f"{SCHEMA_BASE}/{SCHEMA}",
                                      **baseline_facet(kept)}}  # fmt: skip
    if entry.description:
        facets["documentation"] = {"_producer": producer, "_schemaURL": DOCUMENTED, "description": entry.description}
    return {
        "eventType": "COMPLETE", "eventTime": at.isoformat(), "producer": producer, "schemaURL": RUN_EVENT,
        "run": {"runId": str(uuid4()), "facets": {}},
        "job": {"namespace": namespace, "name": ACCEPT_JOB, "facets": {}},
        "inputs": [{"namespace": entry.dataset.namespace, "name": entry.dataset.name, "facets": facets}],
        "outputs": [],
    }  # fmt: skip


def namespace_of(jobs: Iterable[Job]) -> str:
    """Where most of the jobs are."""
    names = [job.namespace for job in jobs]
    return max(sorted(set(names)), key=names.count, default="ecompulse")


def _column(one: Mapping[str, Any], ordinal: int) -> Column:
    return Column(
        path=str(one["path"]), ordinal=ordinal, type=str(one.get("type") or ""),
        description=str(one.get("description") or ""), nullable=one.get("nullable"),
        tags=tuple(one.get("tags") or ()), details=one.get("details") or {},
    )  # fmt: skip


def _told(one: Column) -> Json:
    said = {"type": one.type, "description": one.description, "tags": list(one.tags), "details": dict(one.details)}
    present = {key: value for key, value in said.items() if value}
    return {"path": one.path, **present, **({} if one.nullable is None else {"nullable": one.nullable})}


def _detailed(one: Column, other: Column | None, detail: str) -> Column:
    """A column with one detail of another; without it, where that one has none."""
    told = other.details if other else {}
    details = {key: value for key, value in one.details.items() if key != detail}
    return replace(one, details=details | {key: value for key, value in told.items() if key == detail})


def _numbered(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(replace(one, ordinal=at) for at, one in enumerate(columns, start=1))
