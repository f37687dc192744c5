"""Namespaces and sources."""

from __future__ import annotations

from sqlite3 import Connection, Row

from marquez.records import DEFAULT_OWNER
from marquez.rows import by_name, existing
from marquez.wire import Json, instant


def page(db: Connection, *, limit: int, offset: int) -> list[Json]:
    """Namespaces by name, hidden ones too."""
    return [_shown(row) for row in by_name(db, "namespace", limit=limit, offset=offset)]


def get(db: Connection, name: str) -> Json:
    """One namespace.

    Raises:
        ResourceNotFound: no such namespace.
    """
    return _shown(existing(db, "Namespace", name, "SELECT * FROM namespace WHERE name = ?", name))


def put(db: Connection, name: str, *, owner: str | None, description: str | None, clock: int) -> Json:
    """Make a namespace, or give it another owner; a deleted one comes back.

    Its first description stays, as in Marquez.
    """
    sql = """INSERT INTO namespace (name, created, updated, owner, description) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET hidden = 0,
        owner = iif(owner = excluded.owner COLLATE NOCASE, owner, excluded.owner),
        updated = iif(owner = excluded.owner COLLATE NOCASE AND excluded.description IS NULL, updated, excluded.updated)
        """
    db.execute(sql, (name, clock, clock, owner or DEFAULT_OWNER, description))
    return get(db, name)


def delete(db: Connection, name: str) -> Json:
    """Hide a namespace with its datasets and jobs; nothing is lost. The answer is what it was before."""
    document = get(db, name)
    db.execute("UPDATE namespace SET hidden = 1 WHERE name = ?", (name,))
    for table in ("dataset", "job"):
        db.execute(f"UPDATE {table} SET hidden = 1 WHERE namespace = ?", (name,))
    return document


def _shown(row: Row) -> Json:
    return {
        "name": row["name"],
        "createdAt": instant(row["created"]),
        "updatedAt": instant(row["updated"]),
        "ownerName": row["owner"],
        "description": row["description"],
        "isHidden": bool(row["hidden"]),
    }


def sources(db: Connection, *, limit: int, offset: int) -> list[Json]:
    """Sources by name. Marquez fails when one of them has no URL; here that URL is empty."""
    return [_source(row) for row in by_name(db, "source", limit=limit, offset=offset)]


def source(db: Connection, name: str) -> Json:
    """One source.

    Raises:
        ResourceNotFound: no such source.
    """
    return _source(existing(db, "Source", name, "SELECT * FROM source WHERE name = ?", name))


def put_source(db: Connection, name: str, *, kind: str, url: str, description: str | None, clock: int) -> Json:
    """Make a source, or change it."""
    sql = (
        "INSERT INTO source VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET type = excluded.type, "
        "updated = excluded.updated, connection_url = excluded.connection_url, description = excluded.description"
    )
    db.execute(sql, (name, kind, clock, clock, url, description))
    return source(db, name)


def _source(row: Row) -> Json:
    return {
        "type": row["type"],
        "name": row["name"],
        "createdAt": instant(row["created"]),
        "updatedAt": instant(row["updated"]),
        "connectionUrl": row["connection_url"],
        "description": row["description"],
    }
