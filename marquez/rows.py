"""Two short ways to ask the store: for one row, and for named JSON documents."""

from __future__ import annotations

import json
from sqlite3 import Connection, Row

from marquez.wire import Json


def one(db: Connection, sql: str, *values: object) -> Row | None:
    """The first row, None when there is none."""
    row: Row | None = db.execute(sql, values).fetchone()
    return row


def documents(db: Connection, sql: str, *values: object) -> Json:
    """What a query for (name, JSON text) finds, by name; the last of a name wins."""
    return {name: json.loads(text) for name, text in db.execute(sql, values)}
