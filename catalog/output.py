"""What is made of a dataset's columns: the columns elsewhere, what else they are made of, and who asks about them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from catalog import asked, graph
from catalog.dataset import Dataset
from catalog.drift import suite
from catalog.drift.made import Made
from catalog.drift.shape import Check
from catalog.entry import ColumnEdge, DatasetEntry, Job, short
from catalog.index import Index, adjacency, facts, values
from catalog.index.adjacency import EVERY

Place = tuple[Dataset, str]
"""A column of a dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Everything that is made directly of a dataset's columns."""

    made: Mapping[Place, Made]
    makers: Mapping[Place, frozenset[Job]]
    suites: Mapping[Job, tuple[Made, ...]]
    """By who checks it, the columns that its rules ask about, with these rules only."""

    def by(self, job: Job) -> tuple[Made, ...]:
        """What a job makes."""
        return tuple(self.made[at] for at, jobs in self.makers.items() if job in jobs)

    def of(self, dataset: Dataset) -> tuple[Made, ...]:
        """What a dataset keeps."""
        return tuple(one for at, one in self.made.items() if at[0] == dataset)

    def makers_of(self, dataset: Dataset) -> frozenset[Job]:
        """Who makes what a dataset keeps."""
        return frozenset(job for at, jobs in self.makers.items() if at[0] == dataset for job in jobs)


def outputs(
    index: Index, source: Dataset, edges: Collection[ColumnEdge], entries: Mapping[Dataset, DatasetEntry]
) -> Outputs:
    """What the direct edges out of a dataset lead to; `entries` are those of the others that they lead to."""
    of: dict[Place, set[str]] = {}
    makers: dict[Place, set[Job]] = {}
    for edge in edges:
        if edge.type == "DIRECT" and edge.target in entries and edge.target_column != EVERY:
            of.setdefault((edge.target, edge.target_column), set()).add(edge.origin_column)
            makers.setdefault((edge.target, edge.target_column), set()).add(edge.job)
    mixed, rules = set(_mixed(index, source, of)), _rules(index, entries)
    made = {
        (target, column): Made(
            column=column, dataset=entries[target].contract_id or short(target), of=frozenset(paths),
            alone=(target, column) not in mixed, listed=_listed(index, entries[target], column),
        )
        for (target, column), paths in of.items()
    }  # fmt: skip
    suites: dict[Job, list[Made]] = {}
    for at, one in made.items():
        about = {job: _about(checks, one.column) for job, checks in rules.get(at[0], {}).items()}
        made[at] = replace(one, asked=tuple(dict.fromkeys(check for checks in about.values() for check in checks)))
        for job, checks in about.items():
            if checks:
                suites.setdefault(job, []).append(replace(one, asked=checks))
    return Outputs(
        made=made, makers={at: frozenset(jobs) for at, jobs in makers.items()},
        suites={job: tuple(found) for job, found in suites.items()},
    )  # fmt: skip


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


def _about(checks: tuple[Check, ...], column: str) -> tuple[Check, ...]:
    return tuple(one for one in checks if column in suite.named(one))
