"""The file: opening it, its transactions, and the few words kept beside what the events say.

The index is a cache: a file of another version is emptied and read anew from the backend.
"""

import gc
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4
from zlib import crc32

SCHEMA = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
RULES = 6
"""Grows when facts are derived otherwise than before: an index of older rules is read anew."""
VERSION = crc32(f"{RULES} {SCHEMA}".encode()) & 0x7FFFFFFF
CHUNK = 500
LOG_PAGES = 16_384
"""The log is written back when it is so long (64 MB): a page that several updates change is then written once."""
PATIENCE_S = 60.0
"""So long a writer waits for another."""
T = TypeVar("T")
_held: dict[tuple[Any, ...], Any] = {}


def connect(path: Path | str) -> sqlite3.Connection:
    """A connection to the index at `path` (`:memory:` for one that is not kept), made when there is none."""
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE_S, cached_statements=512)
    db.row_factory = sqlite3.Row
    _log_ahead(db)
    for pragma in (
        "synchronous=NORMAL",
        "temp_store=MEMORY",
        "cache_size=-131072",
        "mmap_size=1073741824",
        f"wal_autocheckpoint={LOG_PAGES}",
    ):
        db.execute(f"PRAGMA {pragma}")
    if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        with writing(db):
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                empty(db)
    return db


def _log_ahead(db: sqlite3.Connection) -> None:
    """Readers see the state before a write. SQLite itself does not wait for another who opens the same new file."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def empty(db: sqlite3.Connection) -> None:
    """Everything is forgotten; within a transaction."""
    rows = db.execute(
        "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search_%'"
    )
    for row in sorted((tuple(row) for row in rows), key=lambda row: row[0] != "view"):
        if row[0] in ("table", "view"):
            db.execute(f"DROP {row[0]} IF EXISTS {row[1]}")
    for statement in _statements(SCHEMA):
        db.execute(statement)
    keep(db, "identity", uuid4().hex)
    db.execute(f"PRAGMA user_version = {VERSION}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: `executescript` would end the transaction."""
    held = ""
    for line in script.splitlines(keepends=True):
        held += line
        if sqlite3.complete_statement(held):
            yield held
            held = ""


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction that writes; a second writer waits, a reader sees the state before it until it is done.

    No garbage is looked for meanwhile: many small values are made, none in circles, and each look goes over them all.
    """
    db.execute("BEGIN IMMEDIATE")
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    finally:
        if collects:
            gc.enable()
    db.execute("COMMIT")


def rows_in(db: sqlite3.Connection, sql: str, ids: Iterable[int]) -> Iterator[sqlite3.Row]:
    """The rows of a query with `{ids}` in place of a list of numbers, asked in pieces; of one, without a new plan."""
    asked = list(ids)
    return db.execute(sql.format(ids="?1"), asked) if len(asked) == 1 else _rows_in(db, sql, sorted(asked))


def _rows_in(db: sqlite3.Connection, sql: str, asked: Sequence[int]) -> Iterator[sqlite3.Row]:
    for start in range(0, len(asked), CHUNK):
        yield from db.execute(sql.format(ids=",".join(map(str, asked[start : start + CHUNK]))))


def gather(db: sqlite3.Connection, sql: str, names: Mapping[int, Iterable[int]]) -> dict[int, list[sqlite3.Row]]:
    """The rows of a query for each dataset, under whatever of its names; the query's first column is that name."""
    behind = {name: dataset for dataset, mine in names.items() for name in mine}
    found: dict[int, list[sqlite3.Row]] = {dataset: [] for dataset in names}
    for row in rows_in(db, sql, behind):
        found[behind[row[0]]].append(row)
    return found


def recall(db: sqlite3.Connection, key: str) -> str | None:
    """A word kept beside the events, None when it was never kept."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else None


def keep(db: sqlite3.Connection, key: str, value: str | None) -> None:
    """Keep a word beside the events; None forgets it."""
    if value is None:
        db.execute("DELETE FROM meta WHERE key = ?", (key,))
    else:
        db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))


def hold(db: sqlite3.Connection, what: tuple[Any, ...], make: Callable[[], T], state: object = None) -> T:
    """A value kept in memory for this state of this index (else its generation); those of older states are let go."""
    key, state = (recall(db, "identity"), *what), state or recall(db, "generation")
    held = _held.get(key)
    if held is None or held[0] != state:
        _held[key] = held = (state, make())
    found: T = held[1]
    return found


def insert(
    db: sqlite3.Connection, table: str, rows: Sequence[Sequence[Any]], *, verb: str = "INSERT OR IGNORE"
) -> None:
    """Rows into a table, all columns in order."""
    if rows:
        db.executemany(f"{verb} INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
