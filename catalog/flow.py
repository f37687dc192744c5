"""How data gets to a report, end to end, put together from what really ran: the value behind the flow documents.

Everything is ordered by the way the data goes, then by name, and nothing looks at the clock: the same record gives the
same flow.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog import graph
from catalog.dataset import Dataset
from catalog.entry import Answer, CheckEntry, ColumnEdge, DatasetEntry, Job, JobEntry, Node, short

if TYPE_CHECKING:
    from catalog.index import Index

DEPTH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Columns of one written dataset that come about in the same way."""

    how: str
    """copied, computed, aggregated, filtered by, joined on, ...: the words of WAYS."""
    columns: tuple[tuple[str, tuple[tuple[Dataset, str], ...]], ...]
    """Each column with the columns it comes from; "" for what concerns whole rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One dataset that a hop writes, with what becomes of which columns."""

    dataset: DatasetEntry
    derivations: tuple[Derivation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One job on the way."""

    job: JobEntry
    inputs: tuple[DatasetEntry, ...]
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The checks of one dataset on the way, with the job that makes them."""

    dataset: DatasetEntry
    job: Job
    checks: tuple[CheckEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Everything between the sources and `target`: datasets and hops from source to target."""

    target: DatasetEntry
    sources: tuple[DatasetEntry, ...]
    datasets: tuple[DatasetEntry, ...]
    hops: tuple[Hop, ...]
    doors: tuple[Door, ...]
    dags: tuple[JobEntry, ...]
    edges: tuple[tuple[Node, Node], ...]


WAYS: Mapping[tuple[str, str], str] = {
    ("DIRECT", "IDENTITY"): "copied",
    ("DIRECT", "TRANSFORMATION"): "computed",
    ("DIRECT", "AGGREGATION"): "aggregated",
    ("INDIRECT", "JOIN"): "rows joined on",
    ("INDIRECT", "FILTER"): "rows chosen by",
    ("INDIRECT", "GROUP_BY"): "rows grouped by",
    ("INDIRECT", "SORT"): "rows sorted by",
    ("INDIRECT", "WINDOW"): "windows over",
    ("INDIRECT", "CONDITIONAL"): "decided (by conditions)",
}
"""Transformations of ColumnLineageDatasetFacet 1-2-0 in words, in the order in which they are told."""
_ORDER = {how: number for number, how in enumerate((*WAYS.values(), "derived", "influenced by", "without a source"))}
OF_COLUMNS = ("copied", "computed", "aggregated", "decided (by conditions)", "derived")
"""Ways in which single columns come about; the others concern whole rows."""


def flow(index: "Index", dataset: Dataset) -> Answer[Flow]:
    """The whole way to a dataset. Its own writers and all that they read, up to the sources; steps are left out.

    Raises:
        NotFound: the record does not know the dataset.
    """
    told = graph.lineage(index, dataset, upstream=DEPTH, downstream=0)
    edges = _onwards([(edge.origin, edge.target) for edge in told.value.edges if edge.current], dataset)
    order = _order({dataset, *(node for edge in edges for node in edge)}, edges)
    entries = {node: index.dataset(node) for node in order if isinstance(node, Dataset)}
    jobs = [index.job(node) for node in order if isinstance(node, Job)]
    written = {edge[1] for edge in edges}
    found = Flow(
        target=entries[dataset],
        sources=tuple(entry for node, entry in entries.items() if node not in written),
        datasets=tuple(entries.values()),
        hops=tuple(_hop(index, job, entries, edges) for job in jobs),
        doors=_doors(index, entries.values()),
        dags=tuple(index.job(dag) for dag in sorted({job.parent for job in jobs if job.parent})),
        edges=tuple(sorted(edges, key=lambda edge: (order.index(edge[0]), order.index(edge[1])))),
    )
    return Answer(value=found, completeness=told.completeness)


def _onwards(edges: list[tuple[Node, Node]], target: Dataset) -> list[tuple[Node, Node]]:
    """Without datasets that only their own writers read: that leads nowhere."""
    pairs = set(edges)
    led = {origin for origin, job in edges if (job, origin) not in pairs} | {target}
    return [edge for edge in edges if all(isinstance(node, Job) or node in led for node in edge)]


def _order(nodes: set[Node], edges: Iterable[tuple[Node, Node]]) -> list[Node]:
    """Sources first, each node after all that it is made from, as far as there is no circle; equals by name.

    That a job reads back what it writes does not count.
    """
    pairs = set(edges)
    before: dict[Node, set[Node]] = {node: set() for node in nodes}
    for origin, target in pairs:
        back = isinstance(target, Job) and (target, origin) in pairs
        if not back:
            before[target].add(origin)
    ordered: list[Node] = []
    while before:
        least = min(len(missing) for missing in before.values())  # more than 0 in a circle: cut it where it is thinnest
        ready = sorted((node for node, missing in before.items() if len(missing) == least), key=_name)
        for node in ready if least == 0 else ready[:1]:
            ordered.append(node)
            del before[node]
        for missing in before.values():
            missing.difference_update(ordered)
    return ordered


def _hop(
    index: "Index", job: JobEntry, entries: Mapping[Dataset, DatasetEntry], edges: Iterable[tuple[Node, Node]]
) -> Hop:
    pairs = set(edges)
    inputs = tuple(entry for node, entry in entries.items() if (node, job.job) in pairs)
    outputs = tuple(entry for node, entry in entries.items() if (job.job, node) in pairs)
    return Hop(job=job, inputs=inputs, results=tuple(_result(index, job.job, entry) for entry in outputs))


def _result(index: "Index", job: Job, entry: DatasetEntry) -> Result:
    edges = [
        edge
        for column in entry.columns
        for edge in graph.columns(index, entry.dataset, column.path, upstream=1, downstream=0).value
        if edge.job == job and edge.current and edge.target == entry.dataset != edge.origin
    ]
    return Result(dataset=entry, derivations=_derivations(edges, [column.path for column in entry.columns]))


def _derivations(edges: Sequence[ColumnEdge], columns: Sequence[str]) -> tuple[Derivation, ...]:
    """Columns by the way they come about (of several the one farthest from a copy), then influences on rows."""
    sources: dict[tuple[str, str], set[tuple[Dataset, str]]] = defaultdict(set)
    for edge in edges:
        how = WAYS.get((edge.type, edge.subtype), "derived" if edge.type == "DIRECT" else "influenced by")
        sources[how, edge.target_column if how in OF_COLUMNS else ""].add((edge.origin, edge.origin_column))
    way: dict[str, str] = {}
    for how, column in sorted(sources, key=lambda pair: (pair[0] != OF_COLUMNS[3], _ORDER[pair[0]])):
        if column:
            way[column] = how
    grouped: dict[str, list[tuple[str, tuple[tuple[Dataset, str], ...]]]] = defaultdict(list)
    for column in columns:
        if column in way:
            every = {source for (how, target), found in sources.items() if target == column for source in found}
            grouped[way[column]].append((column, tuple(sorted(every))))
        elif edges and "." not in column:
            grouped["without a source"].append((column, ()))
    for (how, column), found in sources.items():
        if not column:
            grouped[how].append(("", tuple(sorted(found))))
    return tuple(Derivation(how=how, columns=tuple(grouped[how])) for how in sorted(grouped, key=_ORDER.__getitem__))


def _doors(index: "Index", entries: Iterable[DatasetEntry]) -> tuple[Door, ...]:
    doors = []
    for entry in entries:
        by_job: dict[Job, list[CheckEntry]] = defaultdict(list)
        for check in index.checks(entry.dataset):
            by_job[check.job].append(check)
        for job, checks in sorted(by_job.items()):
            ordered = sorted(checks, key=lambda check: (check.success, check.column or "", check.name))
            doors.append(Door(dataset=entry, job=job, checks=tuple(ordered)))
    return tuple(doors)


def _name(node: Node) -> tuple[bool, str, str]:
    return isinstance(node, Job), short(node), str(node)
