"""Pages of one thing: a dataset, a column, a job, a run, and the lineage of a node."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median_low

from catalog import graph, history
from catalog.dataset import Dataset
from catalog.entry import Column, ColumnEdge, Job, JobEntry, RunEntry
from catalog.errors import CatalogError
from catalog.site import address, picture
from catalog.site.reading import LONG_AGO, NoSuchPage, Reading

WEEK = timedelta(days=7)
NEAR = 2
"""Steps around a thing on its own page; the graph page has all."""
DRAWN, LARGEST = 200, 600
"""Nodes in a picture unless more are asked for, and the most that a layout takes in about a second."""
FAR = 1000
"""Steps that are as good as all."""
RUNS = 12
TRENDS = ("row_count", "bytes")
COLUMN_TRENDS = ("null_count", "distinct_count", "mean", "min", "max")


def dataset(site: Reading, which: Dataset) -> str:
    """What it is, whose, whether fresh and healthy; columns with origins and readers, checks, runs, what changed."""
    path = address.of(which)
    entry = site.index.dataset(which)
    near = graph.lineage(site.index, which, upstream=NEAR, downstream=NEAR, limit=DRAWN).value
    edges = graph.columns(site.index, which, None, upstream=1, downstream=1).value
    versions = history.versions(site.index, which).value
    checks = site.index.checks(which)
    return site.page(
        "dataset.html",
        path=path,
        entry=entry,
        standing=site.standing(which),
        graph=near,
        picture=picture.lineage(site, near),
        origins=_by_column(edges, which, target=True),
        readers=_by_column(edges, which, target=False),
        versions=versions,
        differences={difference.path: difference for difference in entry.differences},
        checks=sorted(
            (check for check in checks if check.current),
            key=lambda check: (check.success, check.column or "", check.name),
        ),
        former=[check for check in checks if not check.current],
        runs=_runs_of(site, (*entry.writers, *entry.readers)),
        changes=history.changes(site.index, since=site.now - WEEK, dataset=which).value,
        trends=[(metric, found) for metric in TRENDS if len(found := site.index.series(which, None, metric)) > 1],
    )


def column(site: Reading, which: Dataset, column_slug: str, *, path: str) -> str:
    """One column: what it is and was, where it comes from, who reads it, how its values developed.

    Raises:
        NoSuchPage: the dataset has and had no such column.
    """
    entry = site.index.dataset(which)
    versions = history.versions(site.index, which).value
    told = {c.path: c for version in reversed(versions) for c in version.columns} | {c.path: c for c in entry.columns}
    name = next((at for at in told if address.column_slug(at) == column_slug), None)
    known = told if name else _only_in_lineage(site, which)
    name = name or next((at for at in known if address.column_slug(at) == column_slug), None)
    if name is None:
        raise NoSuchPage(path)
    edges = graph.columns(site.index, which, name).value
    impact, standing = graph.impact(site.index, which, column=name).value, site.standing(which)
    return site.page(
        "column.html",
        path=path,
        entry=entry,
        column=known[name],
        gone=name in told and all(c.path != name for c in entry.columns),
        edges=edges,
        picture=picture.columns(site, edges, (which, name)) if edges else None,
        sources=sorted({(e.origin, e.origin_column) for e in edges} - {(e.target, e.target_column) for e in edges}),
        impact=impact,
        drifts=[one for one in standing.open if one.path == name] if standing else [],
        history=history.column(site.index, which, name).value,
        checks=[check for check in site.index.checks(which) if check.column == name and check.current],
        trends=[
            (metric, found) for metric in COLUMN_TRENDS if len(found := site.index.series(which, name, metric)) > 1
        ],
    )


def _only_in_lineage(site: Reading, which: Dataset) -> dict[str, Column]:
    """Columns that no schema names but a column lineage does, such as a file's own name in a lake."""
    edges = graph.columns(site.index, which, upstream=1, downstream=1).value
    return {
        path: Column(path=path, ordinal=-1, type="")
        for target in (True, False)
        for path in _by_column(edges, which, target=target)
    }


def job(site: Reading, which: Job) -> str:
    """What it does, from what to what, its statement and source, its runs; a DAG does what its tasks do."""
    entry = site.index.job(which)
    inside = [job_ for job_, mark in site.jobs.items() if mark.parent == which]
    parts = sorted(map(site.index.job, inside), key=_by_start)
    if entry.role == "dag":
        entry = _whole(entry, parts)
        drawn, near = picture.work(site, parts), None
    else:
        near = graph.lineage(site.index, which, upstream=NEAR, downstream=NEAR, limit=DRAWN).value
        drawn = picture.lineage(site, near)
    effects = [
        edge
        for target in entry.outputs
        for edge in graph.columns(site.index, target, None, upstream=1, downstream=0).value
        if edge.job == which
    ]
    runs = site.index.runs(which, limit=RUNS)
    ended = [run for run in runs if run.state != "RUNNING"]
    above = site.index.job(entry.parent) if entry.parent and entry.parent in site.jobs else None
    return site.page(
        "job.html",
        path=address.of(which),
        entry=entry,
        graph=near,
        picture=drawn,
        parts_of=parts,
        effects=effects,
        runs=runs,
        ended=ended,
        typical=median_low(spans) if (spans := [run.duration for run in ended if run.duration is not None]) else None,
        shared=above is not None and above.description == entry.description,
    )


def _by_start(entry: JobEntry) -> tuple[datetime, str]:
    return (entry.last_run and entry.last_run.started) or LONG_AGO, entry.job.name


def _whole(dag: JobEntry, tasks: Iterable[JobEntry]) -> JobEntry:
    """A DAG that reads what its tasks read and do not write themselves, and writes what they write."""
    written = {dataset for task in tasks for dataset in task.outputs}
    read = {dataset for task in tasks for dataset in task.inputs} - written
    return replace(dag, inputs=tuple(sorted(read)), outputs=tuple(sorted(written)))


def run(site: Reading, run_id: str, *, path: str) -> str:
    """One run: how it ended, what it read and wrote, what it checked.

    Raises:
        NoSuchPage: the record has no such run.
    """
    try:
        entry = site.index.run(run_id)
    except CatalogError:
        raise NoSuchPage(path) from None
    touched = {*entry.inputs, *entry.outputs}
    checks = [check for at in sorted(touched) for check in site.index.checks(at) if check.run_id == run_id]
    return site.page(
        "run.html",
        path=path,
        run=entry,
        dag_run=_dag_run(site, entry),
        job=site.jobs.get(entry.job),
        checks=sorted(checks, key=lambda check: (check.success, check.dataset, check.name)),
        caused=site.index.children(run_id),
        picture=picture.work(site, [entry], focus=entry.job),
    )


def _dag_run(site: Reading, entry: RunEntry) -> str | None:
    """What Airflow calls the run of the DAG that this run is, or is part of."""
    if entry.dag_run or not entry.parent_run:
        return entry.dag_run
    try:
        return site.index.run(entry.parent_run).dag_run
    except CatalogError:
        return None


def lineage(site: Reading, which: Dataset | Job, *, limit: int = DRAWN, depth: int | None = None) -> str:
    """All that leads to a node and from it, drawn up to `limit` nodes, and as a list."""
    far = FAR if depth is None else depth
    found = graph.lineage(site.index, which, upstream=far, downstream=far, limit=min(limit, LARGEST)).value
    return site.page(
        "graph.html",
        path=address.graph(which),
        node=which,
        graph=found,
        picture=picture.lineage(site, found),
        limit=limit,
        largest=LARGEST,
        depth=depth,
    )


def _by_column(edges: Iterable[ColumnEdge], which: Dataset, *, target: bool) -> dict[str, list[ColumnEdge]]:
    """The edges that end (`target`) or begin at each column of a dataset."""
    found: dict[str, list[ColumnEdge]] = defaultdict(list)
    for edge in edges:
        end, path = (edge.target, edge.target_column) if target else (edge.origin, edge.origin_column)
        if end == which:
            found[path].append(edge)
    return found


def _runs_of(site: Reading, jobs: Sequence[Job]) -> list[RunEntry]:
    """The newest runs of several jobs."""
    found = [run for job_ in dict.fromkeys(jobs) for run in site.index.runs(job_, limit=RUNS)]
    return sorted(found, key=lambda run: (run.started or LONG_AGO, run.run_id), reverse=True)[:RUNS]
