"""A snapshot: the index as one small file, for reviews that cannot or must not ask the backend. Read-only."""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from catalog.contract import Contract
from catalog.errors import SnapshotUnusable
from catalog.index import Index
from catalog.index.store import VERSION

EMPTIED = ("told", "figures", "usage", "entry", "handle", "drawn", "word", "search", "claim")
"""Tables that answer nothing that a review asks: single tellings, measurements, what search looks through."""
THINNED = (
    # The runs that `consumers` looks at, and those that brought what is known.
    """DELETE FROM run WHERE id NOT IN (SELECT id FROM (SELECT id, row_number() OVER
      (PARTITION BY job ORDER BY first DESC, id) AS n FROM run) WHERE n <= 10)""",
    "DELETE FROM result WHERE run NOT IN (SELECT id FROM run)",
    "DELETE FROM verdict",
    """DELETE FROM event WHERE time < (SELECT max(time) FROM event)
      AND id NOT IN (SELECT event FROM version UNION SELECT event FROM change UNION SELECT event FROM latest)""",
    """DELETE FROM content WHERE id NOT IN (SELECT schema FROM version UNION SELECT schema FROM dataset
      WHERE schema IS NOT NULL UNION SELECT schema FROM witness WHERE schema IS NOT NULL
      UNION SELECT said FROM witness WHERE said IS NOT NULL)""",
    """DELETE FROM run_name WHERE id NOT IN (SELECT id FROM run UNION SELECT run FROM version UNION SELECT run
      FROM change UNION SELECT run FROM event
      UNION SELECT json_extract(s.value, '$[2]') FROM since, json_each(since.columns) s)""",
)


def export(index: Index, file: Path) -> None:
    """Write a snapshot of the index; the same index gives the same bytes. The file is there whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        full, small = Path(folder) / "full", Path(folder) / "small"
        index.db.execute("VACUUM INTO ?", (str(full),))
        db = sqlite3.connect(full, isolation_level=None)
        try:
            db.execute("BEGIN")
            for statement in (*(f"DELETE FROM {name}" for name in EMPTIED), *THINNED):
                db.execute(statement)
            db.execute("COMMIT")
            db.execute("VACUUM INTO ?", (str(small),))
        finally:
            db.close()
        small.replace(file)


@contextmanager
def opened(file: Path, contracts: Mapping[str, Contract]) -> Iterator[Index]:
    """The index of a snapshot, as it was when it was exported; nothing is written.

    Raises:
        SnapshotUnusable: no such file, no snapshot, or one of another version of the catalog.
    """
    if not file.is_file():
        raise SnapshotUnusable(file, "there is no such file")
    db = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    db.row_factory = sqlite3.Row
    try:
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.DatabaseError as problem:
            raise SnapshotUnusable(file, f"is no snapshot ({problem})") from problem
        if version != VERSION:
            raise SnapshotUnusable(file, "was written by another version of the catalog")
        yield Index(db, contracts, file)
    finally:
        db.close()
