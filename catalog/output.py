"""What is made of a dataset's columns: the columns elsewhere, what else they are made of, and who asks about them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from catalog import asked, graph
from catalog.dataset import Dataset
from catalog.drift import suite
from catalog.drift.made import Made
from catalog.drift.shape import Check
from catalog.entry import ColumnEdge, DatasetEntry, Job, short
from catalog.index import Index, adjacency, facts, values
from catalog.index.adjacency import EVERY

T = TypeVar("T")
Place = tuple[Dataset, str]
"""A column of a dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Everything that is made directly of a dataset's columns."""

    by: Mapping[Job, tuple[Made, ...]]
    """What each job makes."""
    kept: Mapping[Dataset, tuple[Made, ...]]
    """What each dataset keeps, and in `makers` who makes it."""
    makers: Mapping[Dataset, frozenset[Job]]
    suites: Mapping[Job, tuple[Made, ...]]
    """By who checks it, the columns that its rules ask about, with these rules only."""


def outputs(
    index: Index, source: Dataset, edges: Collection[ColumnEdge], entries: Mapping[Dataset, DatasetEntry]
) -> Outputs:
    """What the direct edges out of a dataset lead to; `entries` are those of the others that they lead to."""
    of: dict[Place, set[str]] = defaultdict(set)
    jobs: dict[Place, set[Job]] = defaultdict(set)
    for edge in edges:
        if edge.type == "DIRECT" and edge.target in entries and edge.target_column != EVERY:
            of[edge.target, edge.target_column].add(edge.origin_column)
            jobs[edge.target, edge.target_column].add(edge.job)
    mixed, rules = set(_mixed(index, source, of)), _rules(index, entries)
    by: dict[Job, list[Made]] = defaultdict(list)
    kept: dict[Dataset, list[Made]] = defaultdict(list)
    suites: dict[Job, list[Made]] = defaultdict(list)
    makers: dict[Dataset, set[Job]] = defaultdict(set)
    for (target, column), paths in of.items():
        plain = Made(
            column=column, dataset=entries[target].contract_id or short(target), of=frozenset(paths),
            alone=(target, column) not in mixed, listed=_listed(index, entries[target], column),
        )  # fmt: skip
        for job, checks in rules.get(target, {}).items():
            if about := tuple(one for one in checks if column in suite.named(one)):
                suites[job].append(replace(plain, asked=about))
                plain = replace(plain, asked=tuple(dict.fromkeys((*plain.asked, *about))))
        kept[target].append(plain)
        makers[target] |= jobs[target, column]
        for job in jobs[target, column]:
            by[job].append(plain)
    ends = {at: frozenset(found) for at, found in makers.items()}
    return Outputs(by=_fixed(by), kept=_fixed(kept), makers=ends, suites=_fixed(suites))


def _fixed(found: Mapping[T, list[Made]]) -> dict[T, tuple[Made, ...]]:
    return {at: tuple(made) for at, made in found.items()}


def _mixed(index: Index, source: Dataset, of: Mapping[Place, set[str]]) -> Iterator[Place]:
    """Those that are made of other columns too; of what they held before is no other."""
    cells = adjacency.cells(index.db)
    at = {target: index.id_of(target) for target, _ in of}
    more = {
        target for (target, column), paths in of.items()
        if len(cells.before[cells.number[at[target], column]]) > len(paths)
    }  # fmt: skip
    for target in more:
        for edge in graph.columns(index, target, upstream=1, downstream=0).value:
            place = (edge.target, edge.target_column)
            own = edge.origin == source and edge.origin_column in of.get(place, ())
            if place in of and edge.type == "DIRECT" and edge.origin != target and not own:
                yield place


def _listed(index: Index, entry: DatasetEntry, column: str) -> tuple[str, ...]:
    contract = index.contracts.get(entry.contract_id)
    return contract.schema[column].enum if contract and column in contract.schema.names() else ()


def _rules(
    index: Index, entries: Mapping[Dataset, DatasetEntry]
) -> Mapping[Dataset, Mapping[Job, tuple[Check, ...]]]:  # fmt: skip
    """The rules by which each reader of these datasets checks them."""
    flows = adjacency.flows(index.db, steps=False)
    known = {facts.dataset_id(one): one for one in entries}
    readers = {job for at in known for job in flows.after.get(at, ()) if flows.seen[at, job][1]}
    contracts = {at: index.contracts.get(entries[one].contract_id) for at, one in known.items()}
    found = asked.checks(index, contracts, readers)
    jobs = values.job_names(index.db, {job for _, job in found})
    told: dict[Dataset, dict[Job, tuple[Check, ...]]] = {}
    for (at, job), checks in found.items():
        told.setdefault(known[at], {})[jobs[job]] = checks
    return told
