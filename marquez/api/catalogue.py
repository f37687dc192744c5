"""Addresses of namespaces, sources, tags and datasets."""

from __future__ import annotations

from functools import partial
from sqlite3 import Connection, Row
from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from marquez import datasets, namespaces, tags
from marquez.api.answers import TAGGING, Limit, Namespace, Offset, Opened, answer, changed, named, told
from marquez.errors import InvalidEvent
from marquez.wire import Json, clock

router = APIRouter(prefix="/api/v1")
_DATASET = "/namespaces/{namespace:name}/datasets/{dataset:name}"
_Document = Annotated[Json, Body()]
_dataset = partial(named, datasets.row_of)


@router.get("/namespaces")
def list_namespaces(store: Opened, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Namespaces by name."""
    return told(store, lambda db: {"namespaces": namespaces.page(db, limit=limit, offset=offset)})


@router.get("/namespaces/{namespace:name}")
def get_namespace(store: Opened, namespace: Namespace) -> Response:
    """One namespace."""
    return told(store, lambda db: namespaces.get(db, namespace))


@router.put("/namespaces/{namespace:name}")
def put_namespace(store: Opened, namespace: Namespace, document: _Document) -> Response:
    """Make or change a namespace."""
    owner, description = document.get("ownerName"), document.get("description")
    return changed(store, lambda db: namespaces.put(db, namespace, owner=owner, description=description, clock=clock()))


@router.delete("/namespaces/{namespace:name}")
def delete_namespace(store: Opened, namespace: Namespace) -> Response:
    """Hide a namespace with all that is in it."""
    return changed(store, lambda db: namespaces.delete(db, namespace))


@router.get("/sources")
def list_sources(store: Opened, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Sources by name."""
    return told(store, lambda db: {"sources": namespaces.sources(db, limit=limit, offset=offset)})


@router.get("/sources/{source:name}")
def get_source(store: Opened, source: str) -> Response:
    """One source."""
    return told(store, lambda db: namespaces.source(db, source))


@router.put("/sources/{source:name}")
def put_source(store: Opened, source: str, document: _Document) -> Response:
    """Make or change a source."""
    missing = [f"{key} must not be null" for key in ("type", "connectionUrl") if document.get(key) is None]
    if missing:
        raise InvalidEvent(missing)
    kind, url, description = document["type"], document["connectionUrl"], document.get("description")
    put = partial(namespaces.put_source, name=source, kind=kind, url=url, description=description)
    return changed(store, lambda db: put(db, clock=clock()))


@router.get("/tags")
def list_tags(store: Opened, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Tags by name."""
    return told(store, lambda db: {"tags": tags.page(db, limit=limit, offset=offset)})


@router.put("/tags/{tag:name}")
def put_tag(store: Opened, tag: str, document: _Document) -> Response:
    """Make or describe a tag."""
    return changed(store, lambda db: tags.put(db, tag, document.get("description")))


@router.get("/namespaces/{namespace:name}/datasets")
def list_datasets(store: Opened, namespace: Namespace, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A namespace's datasets."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(datasets.page(db, namespace, limit=limit, offset=offset))


@router.get(_DATASET)
def get_dataset(store: Opened, namespace: Namespace, dataset: str) -> Response:
    """One dataset."""
    return told(store, _dataset(namespace, dataset, datasets.get))


@router.delete(_DATASET)
def delete_dataset(store: Opened, namespace: Namespace, dataset: str) -> Response:
    """Hide a dataset until an event speaks of it again."""
    return changed(store, _dataset(namespace, dataset, datasets.hide))


@router.get(_DATASET + "/versions")
def list_versions(
    store: Opened, namespace: Namespace, dataset: str, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """A dataset's versions, newest first."""
    return told(store, _dataset(namespace, dataset, partial(datasets.versions, limit=limit, offset=offset)))


@router.get(_DATASET + "/versions/{version:name}")
def get_version(store: Opened, namespace: Namespace, dataset: str, version: str) -> Response:
    """One version of a dataset."""
    return told(store, _dataset(namespace, dataset, partial(datasets.version, uuid=version)))


@router.api_route(_DATASET + "/tags/{tag:name}", methods=TAGGING)
def tag_dataset(request: Request, store: Opened, namespace: Namespace, dataset: str, tag: str) -> Response:
    """Tag a dataset, or take the tag off it."""
    tagged = partial(_tagged, tag=tag, on=request.method == "POST")
    return changed(store, _dataset(namespace, dataset, tagged))


@router.api_route(_DATASET + "/fields/{field:name}/tags/{tag:name}", methods=TAGGING)
def tag_field(request: Request, store: Opened, namespace: Namespace, dataset: str, field: str, tag: str) -> Response:
    """Tag a column, or take the tag off it."""
    tagged = partial(_tagged, field=field, tag=tag, on=request.method == "POST")
    return changed(store, _dataset(namespace, dataset, tagged))


def _tagged(db: Connection, row: Row, *, tag: str, on: bool, field: str | None = None) -> Json:
    if field is None:
        tags.tag_thing(db, "dataset", row["id"], tag, on=on)
    else:
        tags.tag_field(db, row, field, tag, on=on)
    return datasets.bare(db, row)
