"""Pages for people: what is in the backend, drawn and listed. The real server has a web UI of its own instead."""

from __future__ import annotations

import json
import re
from pathlib import Path
from sqlite3 import Connection
from typing import Literal
from urllib.parse import quote, unquote

from fastapi import APIRouter
from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from starlette.responses import HTMLResponse, RedirectResponse, Response

from marquez import datasets, graph, jobs, nodes, runs
from marquez.api.answers import Opened, run_id
from marquez.drawing import Drawing, draw
from marquez.errors import RequestRefused
from marquez.nodes import NodeId
from marquez.wire import Json, instant

router = APIRouter()
_DRAWN = 300  # edges, those of the last updated jobs; more make no readable picture
_STEPS = 2  # from a job or a dataset, on its own page


def _address(node_id: str) -> str:
    kind, _, rest = node_id.partition(":")
    return f"/{kind}?id={quote(rest, safe='')}"


_TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=ChainableUndefined)
_TEMPLATES.filters |= {
    "pretty": lambda document: json.dumps(document, indent=1, ensure_ascii=False),
    "day_time": lambda text: (text or "").replace("T", " ").removesuffix("Z")[:19],
    "address": _address,
    "short": lambda name: _short(name),
}


def _page(title: str, status: int = 200, /, **parts: object) -> Response:
    return HTMLResponse(_TEMPLATES.get_template("page.html").render(title=title, **parts), status)


def refusal_page(refusal: RequestRefused) -> Response:
    """What a person reads who follows a link to something that is not there."""
    return _page(str(refusal), refusal.status)


@router.get("/")
def overview(store: Opened) -> Response:
    """Everything at a glance: the whole lineage, the latest runs, all datasets and jobs."""
    with store.read() as db:
        sql = """SELECT run.* FROM run JOIN job ON job.id = run.job WHERE NOT job.hidden
            ORDER BY run.transitioned DESC LIMIT 25"""
        rows = db.execute(sql).fetchall()
        latest = [_run_line(runs.shown(db, row), row["job_namespace"], row["job_name"]) for row in rows]
        listed = {kind: _listed(db, kind) for kind in ("dataset", "job")}
        return _page("Lineage", drawing=_whole(db), focus="", latest=latest, **listed)


def _listed(db: Connection, kind: str) -> list[Json]:
    rows = db.execute(f"SELECT * FROM {kind} WHERE NOT hidden ORDER BY updated DESC, name LIMIT 200")
    return [
        {
            "id": f"{kind}:{row['namespace']}:{row['name']}",
            "name": row["name"],
            "namespace": row["namespace"],
            "about": row["description"],
            "updated": instant(row["updated"]),
        }
        for row in rows
    ]


def _short(name: str, most: int = 30) -> str:
    """A name that fits a box: whole, else what follows the last slash or dot, else its beginning."""
    last = re.split(r"[/.]", name)[-1]
    return name if len(name) <= most else last if len(last) <= most else last[: most - 1] + "…"


def _whole(db: Connection) -> Drawing:
    sql = """SELECT j.namespace AS job_space, j.name AS job, d.namespace AS space, d.name AS dataset, io.io
        FROM job_io io JOIN job j ON j.id = io.job JOIN dataset d ON d.id = io.dataset
        WHERE io.current AND NOT j.hidden AND NOT d.hidden ORDER BY j.updated DESC LIMIT ?"""
    names: dict[str, str] = {}
    edges = []
    for row in db.execute(sql, (_DRAWN,)):
        ends = [f"dataset:{row['space']}:{row['dataset']}", f"job:{row['job_space']}:{row['job']}"]
        names |= dict(zip(ends, (row["dataset"], row["job"]), strict=True))
        edges.append((ends[0], ends[1]) if row["io"] == "INPUT" else (ends[1], ends[0]))
    return draw(names, edges)


def _around(db: Connection, node: NodeId) -> Drawing:
    shown = graph.lineage(db, node, depth=_STEPS)
    edges = [(edge["origin"], edge["destination"]) for node in shown for edge in node["outEdges"]]
    return draw({node["id"]: node["data"]["name"] for node in shown}, edges)


def _part(facets: Json, name: str, key: str) -> object:
    """One property of a facet that may have any form."""
    facet = facets.get(name)
    return facet.get(key) if isinstance(facet, dict) else None


def _run_line(run: Json, namespace: str, name: str) -> Json:
    written = [_part(d["facets"], "outputStatistics", "rowCount") for d in run["outputDatasetVersions"]]
    counted = [rows for rows in written if isinstance(rows, int)]
    return {**run, "job": f"job:{namespace}:{name}", "jobName": name, "rows": sum(counted) if counted else None}


@router.get("/lineage/{kind}/{namespace}/{name}")
def lineage_page(kind: Literal["dataset", "job"], namespace: str, name: str) -> Response:
    """The address of the real web UI's lineage page (0.51.1), so that links to it lead somewhere here too."""
    return RedirectResponse(_address(f"{kind}:{unquote(namespace)}:{unquote(name)}"))


@router.get("/dataset")
def dataset_page(store: Opened, id: str) -> Response:  # the address's own name
    """One dataset: schema, checks, versions, neighbours, facets."""
    with store.read() as db:
        node = NodeId(kind="dataset", rest=id, lenient=True)
        row = nodes.dataset_row(db, node)
        row = datasets.row_of(db, row["namespace"] if row else "", row["name"] if row else id)
        shown = datasets.get(db, row)
        checks = _part(shown["facets"], "dataQualityAssertions", "assertions")
        versions = datasets.versions(db, row, limit=20, offset=0)["versions"]
        node_id = f"dataset:{row['namespace']}:{row['name']}"
        drawing = _around(db, node)
        return _page(row["name"], drawing=drawing, focus=node_id, thing=shown, checks=checks, versions=versions)


@router.get("/job")
def job_page(store: Opened, id: str) -> Response:  # the address's own name
    """One job: its latest runs, neighbours, facets."""
    with store.read() as db:
        node = NodeId(kind="job", rest=id, lenient=True)
        row = nodes.job_row(db, node)
        if row is None:
            row = jobs.row_of(db, "", id)
        shown = jobs.get(db, row)
        latest = [_run_line(run, row["namespace"], row["name"]) for run in shown["latestRuns"] or ()]
        node_id = f"job:{row['namespace']}:{row['name']}"
        return _page(row["name"], drawing=_around(db, node), focus=node_id, thing=shown, latest=latest)


@router.get("/run")
def run_page(store: Opened, id: str) -> Response:  # the address's own name
    """One run: times, what it said of itself, and of each dataset that it touched."""
    with store.read() as db:
        row = runs.row_of(db, run_id(id))
        shown = runs.shown(db, row)
        touched = [
            {"side": side, "id": f"dataset:{d['datasetVersionId']['namespace']}:{d['datasetVersionId']['name']}", **d}
            for side, key in (("reads", "inputDatasetVersions"), ("writes", "outputDatasetVersions"))
            for d in shown[key]
        ]
        line = _run_line(shown, row["job_namespace"], row["job_name"])
        return _page(f"Run of {row['job_name']}", thing=shown, latest=[line], touched=touched)
