"""Everything that one finding can reach, to full depth; a verdict is about direct readers only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from catalog import graph
from catalog.dataset import Dataset
from catalog.entry import Answer, DatasetEntry, short
from catalog.index import adjacency

if TYPE_CHECKING:
    from catalog.index import Index

OWN = "schema_matches_baseline"
"""The check that finding drift is told as; it is no reason to look at itself."""
REPORT = "report"
"""Tag of a dataset that is a report for people (catalog.index.entries)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What lies behind a change, by the names that people use; `owners` and `tiers` are those of all of it."""

    by: Literal["column", "dataset"]
    """Whether edges between columns led here; where there are none of the column, those of the whole dataset did."""
    tables: tuple[str, ...]
    columns: tuple[str, ...]
    tasks: tuple[str, ...]
    expectations: tuple[str, ...]
    reports: tuple[str, ...]
    owners: tuple[str, ...]
    tiers: tuple[str, ...]
    runs_24h: int
    ends: tuple[Dataset, ...] = ()
    """Reached datasets that nothing is made from: where a flow ends."""


def reach(index: "Index", dataset: Dataset, path: str) -> Answer[Reach]:
    """What a change of a column, or with "" of the dataset, can reach.

    A member without edges of its own is followed as the column that it is a member of; a column without any as the
    whole dataset: not to know where it goes is not to know that it goes nowhere.
    """
    column = _known(index, dataset, path)
    found = graph.impact(index, dataset, column=column)
    entries = {one: index.dataset(one) for one in found.value.datasets}
    checks = dict.fromkeys(
        f"{_name(index.dataset(one.dataset))}: {f'{one.name}({one.column})' if one.column else one.name}"
        for one in found.value.checks
        if one.current and one.name != OWN
    )
    value = Reach(
        by="column" if column else "dataset",
        tables=_names(one for one in entries.values() if REPORT not in one.tags),
        columns=tuple(f"{_name(entries[at])}.{path}" for at, path in found.value.columns if at in entries),
        tasks=tuple(sorted(one.name for one in found.value.jobs)),
        expectations=tuple(sorted(checks)),
        reports=_names(one for one in entries.values() if REPORT in one.tags),
        owners=found.value.owners,
        tiers=tuple(sorted({one.tier for one in entries.values() if one.tier})),
        runs_24h=found.value.runs_24h,
        ends=tuple(sorted(at for at, one in entries.items() if not _made_from(index, one))),
    )
    return Answer(value=value, completeness=found.completeness)


def _known(index: "Index", dataset: Dataset, path: str) -> str | None:
    """The path, or the nearest one around it, that edges between columns name."""
    cells, at = adjacency.cells(index.db), index.id_of(dataset)
    while path and not cells.exactly(at, path):
        path = path.rpartition(".")[0]
    return path or None


def _made_from(index: "Index", entry: DatasetEntry) -> bool:
    """Whether a job that reads it writes anything else."""
    flows, at = adjacency.flows(index.db, steps=False), index.id_of(entry.dataset)
    return any(set(flows.after.get(job, ())) - {at} for job in flows.after.get(at, ()))


def _name(entry: DatasetEntry) -> str:
    return entry.contract_id or short(entry.dataset)


def _names(entries: Iterable[DatasetEntry]) -> tuple[str, ...]:
    return tuple(sorted(_name(one) for one in entries))
