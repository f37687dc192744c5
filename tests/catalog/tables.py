"""What an index holds, to be compared with what another one holds."""

import sqlite3
from typing import Any

BOOKKEEPING = frozenset({"meta", "window"})


def dump(db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that follows from the events, sorted: equal for equal sets of events."""
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = sorted(name for name in names if name not in BOOKKEEPING and not name.startswith(("search", "sqlite_")))
    found = {name: sorted((tuple(row) for row in db.execute(f"SELECT * FROM {name}")), key=repr) for name in kept}
    found["search"] = sorted(tuple(row) for row in db.execute("SELECT rowid, name, title, text, tags FROM search"))
    return found
