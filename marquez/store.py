"""The one SQLite file: opened by one server, written by one thread at a time, read by many."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from marquez.errors import StoreBusy, StoreUnreadable

LAYOUT = 2
_SCHEMA = Path(__file__).with_name("schema.sql")
_FROM_1 = """
CREATE INDEX dataset_by_name ON dataset_name (name);
ALTER TABLE field RENAME TO field_1;
CREATE TABLE field (
  id INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, name TEXT NOT NULL, type TEXT, description TEXT,
  UNIQUE (dataset, name, type));
INSERT INTO field SELECT id, dataset, name, nullif(type, ''), description FROM field_1;
DROP TABLE field_1;
ALTER TABLE version_facet ADD COLUMN late_event INTEGER;
ALTER TABLE version_facet ADD COLUMN late_value TEXT;
DROP INDEX run_by_transition;
CREATE INDEX run_by_transition ON run (job, transitioned IS NULL DESC, transitioned DESC, created DESC);
"""


def store_path(data: Path) -> Path:
    """The file that `--data` means: itself when it names a file, else `marquez.db` in that folder."""
    return data if data.suffix in {".db", ".sqlite", ".sqlite3"} or data.is_file() else data / "marquez.db"


class Store:
    """Transactions on the file. An event is acknowledged after its commit reached the disk (synchronous=FULL).

    Readers see the last commit (write-ahead log) and never wait for the writer.

    Raises:
        StoreBusy: another server holds the file.
        StoreUnreadable: the file has another layout, or is no database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock_file = self._hold()
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        try:
            self._writer = self._open()
            self._prepare()
        except sqlite3.DatabaseError as problem:
            self._lock_file.close()
            raise StoreUnreadable(self.path, str(problem)) from problem

    def _hold(self) -> IO[str]:
        handle = self.path.with_name(self.path.name + ".lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            raise StoreBusy(self.path) from None
        return handle

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=512)
        db.row_factory = sqlite3.Row
        db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000; PRAGMA cache_size=-32000;"
        )
        return db

    def _prepare(self) -> None:
        (layout,) = self._writer.execute("PRAGMA user_version").fetchone()
        tables = self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (layout, tables) == (0, 0) or layout == 1:
            change = _FROM_1 if layout else _SCHEMA.read_text()
            self._writer.executescript(f"BEGIN; {change} PRAGMA user_version={LAYOUT}; COMMIT;")
        elif layout != LAYOUT:
            self.close()
            raise StoreUnreadable(self.path, f"it has layout {layout}, not {LAYOUT}")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on disk when the block ends, or none of it when it raises."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # some failures of the disk have rolled it back already
                    self._writer.execute("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent view of the last commit, on a connection that nobody else uses meanwhile."""
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._open()
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("ROLLBACK")
            self._idle.append(db)

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        for db in (*self._idle, self._writer):
            db.close()
        self._lock_file.close()
