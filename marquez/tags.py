"""Tags on datasets, on their fields, and on jobs."""

from __future__ import annotations

import json
from sqlite3 import Connection, Row
from typing import Literal

from marquez.errors import ResourceNotFound
from marquez.rows import by_name
from marquez.wire import Json, dumps


def page(db: Connection, *, limit: int, offset: int) -> list[Json]:
    """All tags by name, upper and lower case together."""
    return [_shown(row) for row in by_name(db, "tag", limit=limit, offset=offset)]


def put(db: Connection, name: str, description: str | None) -> Json:
    """Make a tag, or describe it anew; without a description the known one stays."""
    sql = """INSERT INTO tag VALUES (?, ?) ON CONFLICT (name)
        DO UPDATE SET description = coalesce(excluded.description, description) RETURNING *"""
    return _shown(db.execute(sql, (name, description)).fetchone())


def _shown(row: Row) -> Json:
    return {"name": row["name"], "description": row["description"]}


def tag_field(db: Connection, dataset: Row, field: str, tag: str, *, on: bool) -> None:
    """Put the tag, in upper case, on a column or take it off, there and in the current version's frozen fields.

    Raises:
        ResourceNotFound: the dataset has no such column.
    """
    ids = [i for (i,) in db.execute("SELECT id FROM field WHERE dataset = ? AND name = ?", (dataset["id"], field))]
    if not ids:
        raise ResourceNotFound("Field", field)
    for field_id in ids:
        tag_thing(db, "field", field_id, tag.upper(), on=on)
    condition = "id = ?" if on else "dataset = ?"
    owner = dataset["current_version"] if on else dataset["id"]
    for row in db.execute(
        f"SELECT id, fields FROM version WHERE {condition} AND fields IS NOT NULL", (owner,)
    ).fetchall():
        listed = [_tagged(column, field, tag.upper(), on=on) for column in json.loads(row["fields"])]
        db.execute("UPDATE version SET fields = ? WHERE id = ?", (dumps(listed), row["id"]))


def _tagged(column: Json, field: str, tag: str, *, on: bool) -> Json:
    if column["name"] != field:
        return column
    others = [t for t in column["tags"] if t != tag]
    return {**column, "tags": [*others, tag] if on else others}


def tag_thing(db: Connection, thing: Literal["dataset", "job", "field"], thing_id: int, tag: str, *, on: bool) -> None:
    """Put the tag on a thing or take it off; an unknown tag is made."""
    if on:
        db.execute("INSERT INTO tag (name) VALUES (?) ON CONFLICT DO NOTHING", (tag,))
        db.execute(f"INSERT INTO {thing}_tag VALUES (?, ?) ON CONFLICT DO NOTHING", (thing_id, tag))
    else:
        db.execute(f"DELETE FROM {thing}_tag WHERE {thing} = ? AND tag = ?", (thing_id, tag))
