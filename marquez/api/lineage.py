"""Addresses about events, graphs and search."""

from __future__ import annotations

import gzip
import zlib
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from marquez import columns, graph, nodes, runs, search
from marquez.api.answers import Depth, Limit, Offset, Opened, answer, moment, one_of, run_id, told
from marquez.errors import InvalidParameter, MalformedRequest, WrongMediaType
from marquez.events import parse
from marquez.ingest import ingest
from marquez.store import Store

router = APIRouter(prefix="/api/v1")
NodeText = Annotated[str, Query(alias="nodeId")]


@router.post("/lineage")
async def receive_event(request: Request, store: Opened) -> Response:
    """Take one OpenLineage event; 201 once it is on disk."""
    media_type = request.headers.get("content-type", "")
    if media_type.partition(";")[0].strip().lower() != "application/json":
        raise WrongMediaType(media_type)
    body = await request.body()
    compressed = request.headers.get("content-encoding", "").lower() == "gzip"
    await run_in_threadpool(_take, store, body, compressed=compressed)
    return answer(None, 201)


def _take(store: Store, body: bytes, *, compressed: bool) -> None:
    try:
        ingest(store, parse(gzip.decompress(body) if compressed else body))
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        raise MalformedRequest(str(problem)) from problem
    except UnicodeEncodeError as problem:  # half a surrogate pair: JSON can spell it, no database can keep it
        raise MalformedRequest(str(problem)) from problem


@router.get("/lineage")
def get_lineage(store: Opened, node_id: NodeText, depth: Depth = 20) -> Response:
    """The graph around a job or a dataset."""
    node = nodes.parse(node_id)
    return told(store, lambda db: {"graph": graph.lineage(db, node, depth=depth)})


@router.get("/column-lineage")
def get_column_lineage(
    store: Opened,
    node_id: NodeText,
    depth: Depth = 20,
    downstream_too: Annotated[str, Query(alias="withDownstream")] = "false",
) -> Response:
    """The graph of columns upstream, or also downstream, of a column, of a dataset's or a job's columns."""
    node = nodes.parse(node_id)
    downstream = downstream_too.lower() == "true"
    if node.version and downstream:
        raise InvalidParameter("withDownstream", "cannot be used with a node of a version")
    with store.read() as db:
        until = nodes.version_time(db, node.version)
        fields = nodes.field_ids(db, node)
        return answer({"graph": columns.graph(db, fields, depth=depth, downstream=downstream, until=until)})


@router.get("/runlineage/upstream")
def get_upstream_runs(store: Opened, of_run: Annotated[str, Query(alias="runId")]) -> Response:
    """The runs that a run's inputs came from."""
    return told(store, lambda db: {"runs": runs.upstream(db, run_id(of_run))})


@router.get("/events/lineage")
def list_events(
    store: Opened,
    before: str = "2030-01-01T00:00:00Z",
    after: str = "1970-01-01T00:00:00Z",
    direction: Annotated[str, Query(alias="sortDirection")] = "DESC",
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Run events in the order of their own time."""
    span = {"before": moment("before", before), "after": moment("after", after)}
    newest_first = one_of("sortDirection", direction, ("DESC", "ASC")) == "DESC"
    with store.read() as db:
        document = search.events(db, **span, newest_first=newest_first, limit=limit, offset=offset)
    return Response(document, media_type="application/json")


@router.get("/search")
def find(
    store: Opened,
    q: str = "",
    only: Annotated[str | None, Query(alias="filter")] = None,
    sort: str = "NAME",
    limit: Limit = 10,
    namespace: str | None = None,
    before: str | None = None,
    after: str | None = None,
) -> Response:
    """Datasets and jobs by part of their name."""
    if not q.strip():
        raise InvalidParameter("q", "must not be blank")
    kind = one_of("filter", only, ("DATASET", "JOB")) if only else None
    order = one_of("sort", sort, ("NAME", "UPDATE_AT"))
    days = {"before": before, "after": after}
    span = {name: moment(name, f"{day}T00:00:00Z") if day else None for name, day in days.items()}
    return told(store, lambda db: search.find(db, q, kind=kind, namespace=namespace, **span, sort=order, limit=limit))
