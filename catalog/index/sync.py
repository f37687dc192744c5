"""The index brought up to date with the backend, or read anew; interrupted anywhere, the next one goes on.

The backend lists events by their own time, so late ones come in behind what was read, and it gives them no number. But
it counts: for each span of time that was read, its count then is kept. Spans whose count is another now are halved
until they are small, and read again. Static dataset and job events are counted and never listed: a span whose count
stays above what is listed keeps both numbers, and is read again only when the count moves.
"""

import fcntl
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from catalog import event
from catalog.entry import Completeness
from catalog.errors import MarquezError
from catalog.event import EPOCH, MICROSECOND, moment
from catalog.index import standing, store
from catalog.index.read import Added, Index

BATCH = 2000
"""Events of one transaction."""
SPAN = 500
"""A span with at most so many events is read again as a whole; neighbours are joined up to so many."""
ATTEMPTS = 3
"""So often a span is read while the backend's count of it keeps moving."""
UNKNOWN = -(10**12)
"""The count of a span that must be read again."""
Say = Callable[[str], None]


class Backend(Protocol):
    """What is needed of catalog.marquez.Marquez."""

    def total(self, after: datetime | None = None, before: datetime | None = None) -> int:
        """How many events of that time are stored, repeats and static ones included."""

    def events(self, after: datetime | None = None, before: datetime | None = None) -> Iterator[dict[str, Any]]:
        """The run events of that time, oldest first, `after` included, `before` not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a reading of the backend brought."""

    read: int
    """Event documents that came over the wire."""
    new: int
    repeated: int
    unusable: int
    spans: int
    """Spans behind the newest event that were read again because the backend's count had moved."""
    completeness: Completeness


@dataclass(slots=True)
class _Tally:
    say: Say
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("new", "repeated", "unusable", "spans"), 0))

    def add(self, added: Added, until: int) -> None:
        for name in ("new", "repeated", "unusable"):
            self.counts[name] += getattr(added, name)
        if added.new:
            self.say(f"read {self.counts['new']:,} new events, up to {moment(until):%Y-%m-%d %H:%M}")


def sync(
    index: Index,
    client: Backend,
    *,
    say: Say = lambda text: None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Synced:
    """Read what is new in the backend, and what came late behind it. One reader at a time; a second one waits.

    Raises:
        MarquezError: the backend cannot be read; the index keeps what it had, and says so in every answer.
    """
    tally = _Tally(say)
    with _alone(index, say):
        begun = now()
        try:
            _again(index, client, tally)
            _onwards(index, client, tally, (begun - EPOCH) // MICROSECOND)
        except MarquezError as problem:
            with store.writing(index.db):
                told = f"the backend could not be read at {begun:%Y-%m-%d %H:%M} UTC: {problem}"
                store.keep(index.db, standing.FAILED, told)
            raise
        with store.writing(index.db):
            _join(index.db)
            store.keep(index.db, standing.AS_OF, str((begun - EPOCH) // MICROSECOND))
            store.keep(index.db, standing.FAILED, None)
    counts = tally.counts
    read = counts["new"] + counts["repeated"] + counts["unusable"]
    return Synced(read=read, completeness=index.completeness(), **counts)


def rebuild(index: Index, client: Backend, *, say: Say = lambda text: None) -> Synced:
    """Forget everything and read the backend anew; while it runs, answers say that it was never read in full.

    Raises:
        MarquezError: the backend cannot be read; it is asked for its count before anything is forgotten.
    """
    client.total()
    with store.writing(index.db):
        store.empty(index.db)
    with store.writing(index.db):
        index.renew()
    return sync(index, client, say=say)


def _again(index: Index, client: Backend, tally: _Tally) -> None:
    """Read the spans again whose count is another now than when they were read."""
    spans = [tuple(row) for row in index.db.execute("SELECT after, before, total FROM window ORDER BY after")]
    for after, before in _moved(client, spans):
        for small in _small(index, client, after, before):
            tally.counts["spans"] += 1
            _span(index, client, tally, *small)


def _moved(client: Backend, spans: list[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Which of these neighbouring spans have another count now, found by halving."""
    if not spans or client.total(moment(spans[0][0]), moment(spans[-1][1])) == sum(span[2] for span in spans):
        return
    if len(spans) == 1:
        yield spans[0][:2]
        return
    half = len(spans) // 2
    yield from _moved(client, spans[:half])
    yield from _moved(client, spans[half:])


def _small(index: Index, client: Backend, after: int, before: int) -> Iterator[tuple[int, int]]:
    """The pieces of a span of which the backend counts another number than is known here, with few events each."""
    total = client.total(moment(after), moment(before))
    known = index.db.execute("SELECT count(*) FROM event WHERE time >= ? AND time < ?", (after, before)).fetchone()[0]
    if total == known:
        with store.writing(index.db):
            _note(index.db, after, before, total, total, 0)
    elif before - after < 2 or total <= SPAN:
        yield after, before
    else:
        half = (after + before) // 2
        yield from _small(index, client, after, half)
        yield from _small(index, client, half, before)


def _span(index: Index, client: Backend, tally: _Tally, after: int, before: int) -> None:
    """Read one span in full, until its count stands still."""
    total = client.total(moment(after), moment(before))
    for _ in range(ATTEMPTS):
        read = [event.read(document) for document in client.events(moment(after), moment(before))]
        with store.writing(index.db):
            tally.add(index.take(read), before)
            _mark(index.db, after, before, total, read)
        if len(read) == total or (latest := client.total(moment(after), moment(before))) == total:
            return
        total = latest


def _onwards(index: Index, client: Backend, tally: _Tally, begun: int) -> None:
    """Read on from the end of the last span, a batch and a span at a time.

    No span ends after the reading began: an event from a clock that is ahead must not hide those that are on time.
    """
    begin = after = index.db.execute("SELECT coalesce(max(before), 0) FROM window").fetchone()[0]
    listed = 0
    for batch in _batches(client.events(moment(begin))):
        before = min(batch[-1][0] + 1, begun)
        read = [(at, event.read(document)) for at, document in batch]
        past = [one for at, one in read if at < before]
        with store.writing(index.db):
            tally.add(index.take(one for _, one in read), batch[-1][0])
            if past:
                _mark(index.db, after, before, len(past), past)
        listed += len(past)
        after = before if past else after
    if after > begin and client.total(moment(begin), moment(after)) != listed:
        spans = index.db.execute("SELECT after, before, total FROM window WHERE after >= ? ORDER BY after", (begin,))
        for span in _moved(client, [(row["after"], row["before"], row["total"]) for row in spans]):
            for small in _small(index, client, *span):
                _span(index, client, tally, *small)


def _batches(documents: Iterable[dict[str, Any]]) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Documents with their times, so many at once; those of one moment stay together."""
    held: list[tuple[int, dict[str, Any]]] = []
    for document in documents:
        at = max(_time(document), held[-1][0] if held else 0)
        if len(held) >= BATCH and at > held[-1][0]:
            yield held
            held = []
        held.append((at, document))
    if held:
        yield held


def _time(document: dict[str, Any]) -> int:
    try:
        return event.micros(str(document.get("eventTime")))
    except ValueError:
        return 0


def _mark(
    db: sqlite3.Connection, after: int, before: int, total: int, read: Sequence[event.Event | event.Unusable]
) -> None:
    """Note a span as read, in place of whatever was noted of that time."""
    listed = {one.id for one in read if isinstance(one, event.Event)}
    known = {row[0] for row in db.execute("SELECT id FROM event WHERE time >= ? AND time < ?", (after, before))}
    _note(db, after, before, total, len(read), len(known - listed))


def _note(db: sqlite3.Connection, after: int, before: int, total: int, listed: int, kept: int) -> None:
    _split(db, after)
    _split(db, before)
    db.execute("DELETE FROM window WHERE after >= ? AND before <= ?", (after, before))
    store.insert(db, "window", [(after, before, total, listed, kept)], verb="INSERT OR REPLACE")


def _split(db: sqlite3.Connection, at: int) -> None:
    """A span that goes across a moment becomes two, each to be read again: their counts are not known."""
    found = db.execute("SELECT * FROM window WHERE after < ? AND before > ?", (at, at)).fetchone()
    if found:
        db.execute("DELETE FROM window WHERE after = ?", (found["after"],))
        store.insert(db, "window", [(found["after"], at, UNKNOWN, 0, 0), (at, found["before"], UNKNOWN, 0, 0)])


def _join(db: sqlite3.Connection) -> None:
    """Neighbouring small spans become one."""
    joined: list[list[int]] = []
    for row in db.execute("SELECT * FROM window ORDER BY after").fetchall():
        last = joined[-1] if joined else None
        if last and last[1] == row["after"] and last[2] >= 0 and row["total"] >= 0 and last[2] + row["total"] <= SPAN:
            joined[-1] = [last[0], row["before"], *(last[n] + row[n] for n in (2, 3, 4))]
        else:
            joined.append(list(row))
    db.execute("DELETE FROM window")
    store.insert(db, "window", joined)


@contextmanager
def _alone(index: Index, say: Say) -> Iterator[None]:
    """Hold the file's lock, so that two readings do not do the same work; it goes with the process."""
    if index.path is None:
        yield
        return
    with index.path.with_name(f"{index.path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is reading the backend; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
