"""Addresses of namespaces, sources, tags and datasets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from marquez import datasets, namespaces, tags
from marquez.api.answers import Limit, Offset, Opened, answer
from marquez.errors import InvalidEvent
from marquez.wire import Json, clock

router = APIRouter(prefix="/api/v1")
_DATASET = "/namespaces/{namespace:name}/datasets/{dataset:name}"
_Document = Annotated[Json, Body()]


@router.get("/namespaces")
def list_namespaces(store: Opened, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Namespaces by name."""
    with store.read() as db:
        return answer({"namespaces": namespaces.page(db, limit=limit, offset=offset)})


@router.get("/namespaces/{namespace:name}")
def get_namespace(store: Opened, namespace: str) -> Response:
    """One namespace."""
    with store.read() as db:
        return answer(namespaces.get(db, namespace))


@router.put("/namespaces/{namespace:name}")
def put_namespace(store: Opened, namespace: str, document: _Document) -> Response:
    """Make or change a namespace."""
    with store.write() as db:
        owner, description = document.get("ownerName"), document.get("description")
        return answer(namespaces.put(db, namespace, owner=owner, description=description, clock=clock()))


@router.delete("/namespaces/{namespace:name}")
def delete_namespace(store: Opened, namespace: str) -> Response:
    """Hide a namespace with all that is in it."""
    with store.write() as db:
        return answer(namespaces.delete(db, namespace))


@router.get("/sources")
def list_sources(store: Opened, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Sources by name."""
    with store.read() as db:
        return answer({"sources": namespaces.sources(db, limit=limit, offset=offset)})


@router.get("/sources/{source:name}")
def get_source(store: Opened, source: str) -> Response:
    """One source."""
    with store.read() as db:
        return answer(namespaces.source(db, source))


@router.put("/sources/{source:name}")
def put_source(store: Opened, source: str, document: _Document) -> Response:
    """Make or change a source."""
    missing = [f"{key} must not be null" for key in ("type", "connectionUrl") if document.get(key) is None]
    if missing:
        raise InvalidEvent(missing)
    kind, url, description = document["type"], document["connectionUrl"], document.get("description")
    with store.write() as db:
        return answer(namespaces.put_source(db, source, kind=kind, url=url, description=description, clock=clock()))


@router.get("/tags")
def list_tags(store: Opened, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Tags by name."""
    with store.read() as db:
        return answer({"tags": tags.page(db, limit=limit, offset=offset)})


@router.put("/tags/{tag:name}")
def put_tag(store: Opened, tag: str, document: _Document) -> Response:
    """Make or describe a tag."""
    with store.write() as db:
        return answer(tags.put(db, tag, document.get("description")))


@router.get("/namespaces/{namespace:name}/datasets")
def list_datasets(store: Opened, namespace: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A namespace's datasets."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(datasets.page(db, namespace, limit=limit, offset=offset))


@router.get(_DATASET)
def get_dataset(store: Opened, namespace: str, dataset: str) -> Response:
    """One dataset."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(datasets.get(db, datasets.row_of(db, namespace, dataset)))


@router.delete(_DATASET)
def delete_dataset(store: Opened, namespace: str, dataset: str) -> Response:
    """Hide a dataset until an event speaks of it again."""
    with store.write() as db:
        row = datasets.row_of(db, namespace, dataset)
        document = datasets.get(db, row)
        db.execute("UPDATE dataset SET hidden = 1 WHERE id = ?", (row["id"],))
        return answer(document)


@router.get(_DATASET + "/versions")
def list_versions(store: Opened, namespace: str, dataset: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A dataset's versions, newest first."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(datasets.versions(db, datasets.row_of(db, namespace, dataset), limit=limit, offset=offset))


@router.get(_DATASET + "/versions/{version:name}")
def get_version(store: Opened, namespace: str, dataset: str, version: str) -> Response:
    """One version of a dataset."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(datasets.version(db, datasets.row_of(db, namespace, dataset), version))


@router.post(_DATASET + "/tags/{tag:name}")
def tag_dataset(store: Opened, namespace: str, dataset: str, tag: str) -> Response:
    """Tag a dataset."""
    return _tag_dataset(store, namespace, dataset, tag, on=True)


@router.delete(_DATASET + "/tags/{tag:name}")
def untag_dataset(store: Opened, namespace: str, dataset: str, tag: str) -> Response:
    """Take a tag off a dataset."""
    return _tag_dataset(store, namespace, dataset, tag, on=False)


def _tag_dataset(store: Opened, namespace: str, dataset: str, tag: str, *, on: bool) -> Response:
    with store.write() as db:
        row = datasets.row_of(db, namespace, dataset)
        tags.tag_dataset(db, row, tag, on=on)
        return answer(datasets.get(db, row, with_columns=False))


@router.post(_DATASET + "/fields/{field:name}/tags/{tag:name}")
def tag_field(store: Opened, namespace: str, dataset: str, field: str, tag: str) -> Response:
    """Tag a column."""
    return _tag_field(store, namespace, dataset, field, tag, on=True)


@router.delete(_DATASET + "/fields/{field:name}/tags/{tag:name}")
def untag_field(store: Opened, namespace: str, dataset: str, field: str, tag: str) -> Response:
    """Take a tag off a column."""
    return _tag_field(store, namespace, dataset, field, tag, on=False)


def _tag_field(store: Opened, namespace: str, dataset: str, field: str, tag: str, *, on: bool) -> Response:
    with store.write() as db:
        row = datasets.row_of(db, namespace, dataset)
        tags.tag_field(db, row, field, tag, on=on)
        return answer(datasets.get(db, row, with_columns=False))
