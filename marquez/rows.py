"""Short ways to ask the store: for one row, for a page of them by name, for named JSON documents."""

from __future__ import annotations

import json
from sqlite3 import Connection, Row

from marquez.errors import ResourceNotFound
from marquez.wire import Json


def one(db: Connection, sql: str, *values: object) -> Row | None:
    """The first row, None when there is none."""
    row: Row | None = db.execute(sql, values).fetchone()
    return row


def existing(db: Connection, what: str, name: str, sql: str, *values: object) -> Row:
    """The first row.

    Raises:
        ResourceNotFound: there is none; `what` and `name` say of what.
    """
    row = one(db, sql, *values)
    if row is None:
        raise ResourceNotFound(what, name)
    return row


def by_name(db: Connection, table: str, *, limit: int, offset: int) -> list[Row]:
    """A page of a table's rows by name, upper and lower case together."""
    sql = f"SELECT * FROM {table} ORDER BY name COLLATE NOCASE, name LIMIT ? OFFSET ?"
    return db.execute(sql, (limit, offset)).fetchall()


def documents(db: Connection, sql: str, *values: object) -> Json:
    """What a query for (name, JSON text) finds, by name; the last of a name wins."""
    return {name: json.loads(text) for name, text in db.execute(sql, values)}
