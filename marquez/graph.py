"""The lineage graph: jobs that share datasets with a job, up to a number of steps in any direction."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from sqlite3 import Connection, Row

from marquez import datasets, jobs, nodes, runs
from marquez.errors import PageNotFound, ResourceNotFound
from marquez.wire import Json


def lineage(db: Connection, node: nodes.NodeId, *, depth: int) -> list[Json]:
    """Nodes around a job or a dataset, by id.

    A dataset stands for one job: its latest writer, else its latest reader, deleted or not. When no job around it has
    anything to do with the dataset any more, the dataset stands alone (Marquez's rule). One step leads to all jobs that
    share a dataset.

    Raises:
        ResourceNotFound: no such job or dataset.
        PageNotFound: a column has no place in this graph.
    """
    dataset: Row | None = None
    if node.kind == "job":
        job = nodes.job_row(db, node)
        if job is None:
            raise ResourceNotFound("Job", node.name)
        start = job["id"]
    elif node.kind == "dataset":
        dataset = nodes.dataset_row(db, node)
        if dataset is None:
            raise ResourceNotFound("Dataset", node.name)
        start = _job_of(db, dataset["id"])
    else:
        raise PageNotFound(f"Node '{node.kind}:{node.rest}' must be of type dataset or job!")
    around = _jobs_around(db, start, depth) if start is not None else []
    edges = _current_edges(db, around)
    if dataset is not None and dataset["id"] not in {edge["dataset"] for edge in edges}:
        return [_node("DATASET", datasets.graph_node(db, dataset), [], [])]
    return _nodes(db, around, edges)


def _job_of(db: Connection, dataset_id: int) -> int | None:
    sql = (
        "SELECT io.job FROM job_io io JOIN job_version v ON v.id = io.version "
        "WHERE io.dataset = ? ORDER BY io.io DESC, v.created DESC, v.id DESC LIMIT 1"
    )
    row = db.execute(sql, (dataset_id,)).fetchone()
    return int(row["job"]) if row else None


def _jobs_around(db: Connection, start: int, depth: int) -> list[int]:
    sql = (
        "SELECT DISTINCT b.job FROM job_io a JOIN job_io b ON b.dataset = a.dataset "
        "WHERE a.current AND b.current AND a.job IN (SELECT value FROM json_each(?))"
    )
    seen, frontier = {start}, [start]
    for _ in range(depth):
        reached = {job for (job,) in db.execute(sql, (json.dumps(frontier),))} - seen
        if not reached:
            break
        seen |= reached
        frontier = sorted(reached)
    return sorted(seen)


def _current_edges(db: Connection, job_ids: Iterable[int]) -> list[Row]:
    sql = """SELECT io.job, io.dataset, io.io
        FROM job_io io JOIN dataset d ON d.id = io.dataset JOIN job j ON j.id = io.job
        WHERE io.current AND NOT d.hidden AND NOT j.hidden AND io.job IN (SELECT value FROM json_each(?))"""
    return db.execute(sql, (json.dumps(list(job_ids)),)).fetchall()


def _nodes(db: Connection, job_ids: Iterable[int], edges: list[Row]) -> list[Json]:
    job_rows = _rows(db, "job", job_ids)
    dataset_rows = _rows(db, "dataset", {edge["dataset"] for edge in edges})
    job_names = {row["id"]: f"job:{row['namespace']}:{row['name']}" for row in job_rows}
    dataset_names = {row["id"]: f"dataset:{row['namespace']}:{row['name']}" for row in dataset_rows}
    into: dict[str, list[Json]] = defaultdict(list)
    out_of: dict[str, list[Json]] = defaultdict(list)
    sides: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for edge in edges:
        ends = [dataset_names[edge["dataset"]], job_names[edge["job"]]]
        origin, destination = ends if edge["io"] == "INPUT" else ends[::-1]
        link = {"origin": origin, "destination": destination}
        out_of[origin].append(link)
        into[destination].append(link)
        sides[edge["job"], edge["io"]].append(edge)
    by_id = {row["id"]: {"namespace": row["namespace"], "name": row["name"]} for row in dataset_rows}
    made = [
        _node("DATASET", datasets.graph_node(db, row), into[dataset_names[row["id"]]], out_of[dataset_names[row["id"]]])
        for row in dataset_rows
    ]
    for row in job_rows:
        reads, writes = ([by_id[e["dataset"]] for e in sides[row["id"], io]] for io in ("INPUT", "OUTPUT"))
        name = job_names[row["id"]]
        made.append(_node("JOB", _job(db, row, reads, writes), into[name], out_of[name]))
    return sorted(made, key=lambda node: str(node["id"]))


def _rows(db: Connection, table: str, ids: Iterable[int]) -> list[Row]:
    sql = f"SELECT * FROM {table} WHERE NOT hidden AND id IN (SELECT value FROM json_each(?))"
    return db.execute(sql, (json.dumps(sorted(ids)),)).fetchall()


def _node(kind: str, content: Json, into: list[Json], out_of: list[Json]) -> Json:
    node_id = f"{kind.lower()}:{content['namespace']}:{content['name']}"
    return {"id": node_id, "type": kind, "data": content, "inEdges": into, "outEdges": out_of}


def _job(db: Connection, row: Row, reads: list[Json], writes: list[Json]) -> Json:
    """The latest run is that of `current_run`: a child's is the one its parent had, as in Marquez."""
    return {
        **jobs.present(db, row),
        "currentRunUuid": row["current_run"],
        "inputs": reads,
        "outputs": writes,
        "latestRun": runs.of_id(db, row["current_run"]),
    }
