"""What the record's graphs look like: boxes and lines for lineage, for columns, and for the whole pipeline."""

from collections.abc import Iterable, Sequence

from catalog.dataset import Dataset
from catalog.entry import ColumnEdge, Job, JobEntry, LineageGraph, Node, RunEntry, short
from catalog.site import address, wording
from catalog.site.drawing import Box, Drawing, Line, draw
from catalog.site.reading import Reading


def lineage(site: Reading, graph: LineageGraph) -> Drawing:
    """Datasets and jobs, the start marked; lines that the newest runs no longer tell are dashed."""
    return draw(
        (node(site, at, focus=at == graph.start) for at in graph.nodes),
        (Line(origin=key(e.origin), target=key(e.target), kind="" if e.current else "old") for e in graph.edges),
    )


def columns(site: Reading, edges: Iterable[ColumnEdge], start: tuple[Dataset, str]) -> Drawing:
    """Columns with how each becomes the next; influences that carry no value (filters, joins, sorting) are dotted."""
    edges = tuple(edges)
    ends = {start} | {(e.origin, e.origin_column) for e in edges} | {(e.target, e.target_column) for e in edges}
    boxes = (
        Box(
            key=f"{dataset}#{path}",
            label="whole rows" if path == "*" else path,
            note=short(dataset),
            kind=site.kind(dataset),
            title=f"{path} of {dataset}",
            link=address.column(dataset, path),
            focus=(dataset, path) == start,
        )
        for dataset, path in sorted(ends)
    )
    return draw(boxes, (_step(edge) for edge in edges))


def _step(edge: ColumnEdge) -> Line:
    how = " · ".join(filter(None, (wording.how(edge), edge.description)))
    return Line(
        origin=f"{edge.origin}#{edge.origin_column}",
        target=f"{edge.target}#{edge.target_column}",
        title=f"{address.label(edge.job)}: {how}{' (masked)' if edge.masking else ''}",
        kind="old" if not edge.current else "indirect" if edge.type == "INDIRECT" else "",
    )


def pipeline(site: Reading) -> Drawing:
    """Every dataset that something reads or writes, joined where one job reads the one and writes the other."""
    lines = {
        (origin, target): Line(origin=key(origin), target=key(target), title=short(entry.job))
        for entry in site.work.values()
        if entry.role != "dag"
        for origin in entry.inputs
        for target in entry.outputs
    }
    linked = {dataset for pair in lines for dataset in pair} & set(site.datasets)
    return draw((node(site, dataset) for dataset in linked), lines.values())


def work(site: Reading, entries: Sequence[JobEntry | RunEntry], *, focus: Job | None = None) -> Drawing:
    """Jobs, or runs of them, with everything that they read and write."""
    lines = [(key(at), key(entry.job)) for entry in entries for at in entry.inputs]
    lines += [(key(entry.job), key(at)) for entry in entries for at in entry.outputs]
    ends: set[Node] = {entry.job for entry in entries}
    ends.update(dataset for entry in entries for dataset in (*entry.inputs, *entry.outputs))
    boxes = (node(site, it, focus=it == focus) for it in ends)
    return draw(boxes, (Line(origin=origin, target=target) for origin, target in lines))


def node(site: Reading, it: Node, *, focus: bool = False) -> Box:
    """A dataset or a job as a box."""
    if isinstance(it, Job):
        dag, dot, _ = it.name.rpartition(".")
        failed = it in site.jobs and site.jobs[it].failed
        note, mood = (dag if dot else it.namespace), "failing" if failed else ""
    else:
        entry = site.datasets.get(it)
        note = f"{entry.kind} · {it.namespace.partition('://')[2]}" if entry else it.namespace
        mood = "" if entry is None else entry.health if entry.health != "healthy" else entry.freshness
    return Box(
        key=key(it),
        label=address.label(it),
        note=note,
        kind=site.kind(it),
        title=str(it),
        link=address.of(it),
        mood=mood,
        focus=focus,
    )


def key(it: Node) -> str:
    """A node's identity in a drawing."""
    return f"{'job' if isinstance(it, Job) else 'dataset'}:{it}"
