"""Datasets and their versions as the API shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from sqlite3 import Connection, Row

from marquez import columns, runs
from marquez.errors import ResourceNotFound
from marquez.rows import documents, existing, one
from marquez.wire import Json, instant

_LISTED_FACETS = 10


# A dataset under one of its names: its own, or one that a symlinks facet gave it (then `alias` is true).
_NAMED = """SELECT d.id, n.namespace, n.name, d.physical_name, d.source, d.description, d.created, d.updated,
    d.last_modified, d.deleted, d.current_version, (n.namespace, n.name) <> (d.namespace, d.name) AS alias
    FROM dataset_name n JOIN dataset d ON d.id = n.dataset WHERE NOT d.hidden AND n.namespace = ?"""


def row_of(db: Connection, namespace: str, name: str) -> Row:
    """The dataset's row under the name asked for, which Marquez shows like a dataset of its own.

    Raises:
        ResourceNotFound: no such dataset, or it was deleted.
    """
    return existing(db, "Dataset", name, _NAMED + " AND n.name = ?", namespace, name)


def get(db: Connection, dataset: Row) -> Json:
    """One dataset at its current version; one that nothing completed yet has no fields and no facets.

    `fields` are all columns that were ever mapped to that version, `facets` the last that each reader or writer sent.
    A symlink's name shows neither facets nor column lineage.
    """
    return {
        **bare(db, dataset),
        "fields": _mapped_fields(db, dataset["current_version"]),
        "columnLineage": None if dataset["alias"] else columns.of_dataset(db, dataset["id"]) or None,
    }


def bare(db: Connection, dataset: Row) -> Json:
    """The answer to a change of it: `fields` as frozen with the current version, no column lineage."""
    version = one(db, "SELECT * FROM version WHERE id = ?", dataset["current_version"])
    return {
        **_present(dataset, version),
        "fields": _frozen_fields(version),
        "tags": _tags(db, dataset["id"]),
        "currentVersion": version["uuid"] if version else None,
        "columnLineage": None,
        "facets": {} if dataset["alias"] else _facets(db, dataset["current_version"], "kind <> 'OUTPUT'"),
        "deleted": bool(dataset["deleted"]),
    }


def hide(db: Connection, dataset: Row) -> Json:
    """Hide the dataset until an event speaks of it again. The answer is what it was before.

    Raises:
        ResourceNotFound: the name is a symlink's.
    """
    if dataset["alias"]:
        raise ResourceNotFound("Dataset", dataset["name"])
    document = bare(db, dataset)
    db.execute("UPDATE dataset SET hidden = 1 WHERE id = ?", (dataset["id"],))
    return document


def page(db: Connection, namespace: str, *, limit: int, offset: int) -> Json:
    """A namespace's datasets by name.

    Only the first ten of a page show their facets, the last of each name to arrive, whatever its event's time. These
    are faults of the real 0.51.1, kept here so that nothing that works with this server breaks with that one: ask for
    one dataset to get its facets.
    """
    (total,) = db.execute(f"SELECT count(*) FROM ({_NAMED})", (namespace,)).fetchone()
    sql = _NAMED + " ORDER BY n.name COLLATE NOCASE, n.name LIMIT ? OFFSET ?"
    listed = db.execute(sql, (namespace, limit, offset)).fetchall()
    shown = [get(db, row) for row in listed]
    sql = """SELECT name, coalesce(late_value, value) FROM version_facet WHERE version = ? AND kind <> 'OUTPUT'
        ORDER BY coalesce(late_event, event)"""
    for number, (row, document) in enumerate(zip(listed, shown, strict=True)):
        document["facets"] = documents(db, sql, row["current_version"]) if number < _LISTED_FACETS else {}
    return {"totalCount": total, "datasets": shown}


def graph_node(db: Connection, dataset: Row) -> Json:
    """The shorter document that a lineage graph holds; its fields are those frozen with the current version."""
    version = one(db, "SELECT * FROM version WHERE id = ?", dataset["current_version"])
    return {**_present(dataset, version), "fields": _frozen_fields(version), "tags": []}


def versions(db: Connection, dataset: Row, *, limit: int, offset: int) -> Json:
    """The versions that events filed under this name, newest event time first, without output facets.

    None are listed, only counted, when a symlink of any dataset, in any namespace, has this dataset's own name: a fault
    of the real 0.51.1, kept here. Cost: the page, not the history.
    """
    where = "FROM version WHERE dataset = ? AND namespace = ? AND name = ?"
    values = (dataset["id"], dataset["namespace"], dataset["name"])
    (total,) = db.execute(f"SELECT count(*) {where}", values).fetchone()
    if one(db, _SYMLINKED, dataset["id"]):
        return {"versions": [], "totalCount": total}
    listed = db.execute(f"SELECT * {where} ORDER BY created DESC, id DESC LIMIT ? OFFSET ?", (*values, limit, offset))
    shown = [_version(db, row, _facets(db, row["id"], "kind <> 'OUTPUT'")) for row in listed.fetchall()]
    return {"versions": shown, "totalCount": total}


_SYMLINKED = """SELECT 1 FROM dataset own JOIN dataset_name n ON n.name = own.name JOIN dataset d ON d.id = n.dataset
    WHERE own.id = ? AND (n.namespace, n.name) <> (d.namespace, d.name)"""


def version(db: Connection, dataset: Row, uuid: str) -> Json:
    """One version with all facets of runs; those of static events show in the list only, as in Marquez.

    Of any dataset: like there, the one in the address need only exist.

    Raises:
        ResourceNotFound: no such version.
    """
    row = existing(db, "Dataset version", uuid, "SELECT * FROM version WHERE uuid = ?", uuid)
    return _version(db, row, _facets(db, row["id"], "NOT static"))


def _version(db: Connection, row: Row, facets: Json) -> Json:
    dataset = existing(db, "Dataset", row["name"], "SELECT * FROM dataset WHERE id = ?", row["dataset"])
    return {
        **_identity(dataset),
        "createdAt": instant(row["created"]),
        "version": row["uuid"],
        "fields": _frozen_fields(row),
        "tags": _tags(db, dataset["id"]),
        "lifecycleState": row["lifecycle"],
        "description": dataset["description"],
        "currentSchemaVersion": row["schema_version"],
        "createdByRun": runs.of_id(db, row["run"]),
        "facets": facets,
    }


def _present(dataset: Row, version: Row | None) -> Json:
    return {
        **_identity(dataset),
        "createdAt": instant(dataset["created"]),
        "updatedAt": instant(dataset["updated"]),
        "lastModifiedAt": instant(dataset["last_modified"]),
        "lastLifecycleState": version["lifecycle"] if version else None,
        "description": dataset["description"],
    }


def _identity(dataset: Row) -> Json:
    return {
        "id": {"namespace": dataset["namespace"], "name": dataset["name"]},
        "type": "DB_TABLE",
        "name": dataset["name"],
        "physicalName": dataset["physical_name"],
        "namespace": dataset["namespace"],
        "sourceName": dataset["source"],
    }


def _frozen_fields(version: Row | None) -> list[Json]:
    listed: list[Json] = json.loads(version["fields"]) if version and version["fields"] else []
    return listed


def _mapped_fields(db: Connection, version_id: int | None) -> list[Json]:
    sql = "SELECT f.* FROM version_field vf JOIN field f ON f.id = vf.field WHERE vf.version = ? ORDER BY f.id"
    return [
        {
            "name": row["name"],
            "type": row["type"],
            "tags": _words(db.execute("SELECT tag FROM field_tag WHERE field = ? ORDER BY tag", (row["id"],))),
            "description": row["description"],
        }
        for row in db.execute(sql, (version_id,)).fetchall()
    ]


def _facets(db: Connection, version_id: int | None, condition: str) -> Json:
    sql = f"SELECT name, value FROM version_facet WHERE version = ? AND {condition} ORDER BY at, event"
    return documents(db, sql, version_id)


def _tags(db: Connection, dataset_id: int) -> list[str]:
    return _words(db.execute("SELECT tag FROM dataset_tag WHERE dataset = ? ORDER BY tag", (dataset_id,)))


def _words(rows: Iterable[tuple[str]]) -> list[str]:
    return [word for (word,) in rows]
