"""A folder of lineage events: on disk before they are sent, and what became of them.

pending/   one file an event, ``<run>.<rank>.<nanoseconds>-<token>.json``: sorting the names gives the order of delivery
rejected/  what the backend refused, wrapped with the reason; kept until somebody decides (`lineage outbox retry`)
*.new      being written; the name is final only when the content is on disk
"""

import fcntl
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lineage.errors import EventNotFound, EventUnreadable, OutboxUnwritable
from lineage.redaction import redact, redact_text

logger = logging.getLogger(__name__)

Event = dict[str, Any]
Retell = Callable[[Event], Event]

_PENDING, _REJECTED, _NEW = "pending", "rejected", ".new"
_LOCK, _WAKE, _STARTED, _TROUBLE = "relay.lock", "relay.wake", "relay.started", "trouble"
_FIRST, _BETWEEN, _LAST = 0, 1, 2
_RANKS = {"START": _FIRST, "COMPLETE": _LAST, "FAIL": _LAST, "ABORT": _LAST}
_NAME = re.compile(r"[0-9A-Za-z-]+\.\d\.\d{20}-[0-9a-f-]+\.json")
_NO_RUN = "static"  # dataset and job events: delivered in the order they were written
_ABANDONED_AFTER_S = 60  # a file still being written then has lost its writer
_STARTING_S = 1.0
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """An event the backend refused: its name, why, and when (UTC); ``event`` is None when the file holds none."""

    name: str
    reason: str
    at: datetime
    event: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How an outbox is doing. ``oldest_s`` is 0 when nothing waits; ``trouble`` is "" while the backend answers."""

    pending: int
    oldest_s: float
    oldest: tuple[str, ...]
    """Names of the events that wait longest, five at most."""
    rejected: tuple[Rejection, ...]
    trouble: str
    relay: bool


class Outbox:
    """The outbox in one folder. Any number of processes may write; the one that holds ``drainer()`` removes.

    ``secrets`` are values (an API key, say) blanked out wherever they occur, besides what ``lineage.redaction`` finds.
    """

    def __init__(self, root: Path | str, *, secrets: Iterable[str] = ()) -> None:
        self.root = Path(root).expanduser().absolute()
        self._secrets = tuple(secrets)

    def put(self, event: Event) -> str:
        """Write one event so that it survives a crash of process and machine, credentials blanked out; return its name.

        Raises OutboxUnwritable.
        """
        token = f"{time.time_ns():020d}-{os.urandom(4).hex()}"
        return self._add(event, token)

    def runs(self) -> list[list[str]]:
        """Names of the pending events, one list a run in order of delivery, the run that waits longest first."""
        self._adopt_abandoned()
        groups: dict[str, list[str]] = {}
        for name in sorted(self._names(_PENDING)):
            groups.setdefault(name.split(".", 1)[0], []).append(name)
        return sorted(groups.values(), key=lambda names: min(map(_written_ns, names)))

    def pending(self) -> int:
        """Number of events that wait."""
        return len(self._names(_PENDING))

    def is_pending(self, name: str) -> bool:
        """Whether the event still waits."""
        return (self.root / _PENDING / name).exists()

    def read(self, name: str) -> bytes:
        """The event as it is sent: UTF-8 JSON."""
        return (self.root / _PENDING / name).read_bytes()

    def remove(self, name: str) -> None:
        """Forget an event: the backend has it. Raises OutboxUnwritable."""
        with self._changing():
            (self.root / _PENDING / name).unlink(missing_ok=True)

    def reject(self, name: str, reason: str) -> None:
        """Move a pending event to ``rejected/`` with the reason. Raises OutboxUnwritable."""
        self._write_rejection(name, reason, self.read(name).decode("utf-8", "replace"))
        self.remove(name)

    def rejections(self) -> Iterator[Rejection]:
        """Everything in ``rejected/``, oldest first."""
        for name in sorted(self._names(_REJECTED), key=lambda name: (_written_ns(name), name)):
            yield self._rejection(name)

    def retry(self, name: str) -> None:
        """Put a rejected event back among the pending ones. Raises EventUnreadable, OutboxUnwritable."""
        kept = self._rejection(name)
        if kept.event is None:
            raise EventUnreadable(name, kept.reason)
        self._write(_PENDING, name, _encode(kept.event))
        with self._changing():
            (self.root / _REJECTED / name).unlink(missing_ok=True)

    def find(self, prefix: str, *, rejected_only: bool = False) -> tuple[str, dict[str, Any]]:
        """The one event whose name begins with ``prefix``: (its full name, the content of its file).

        A damaged file's content is its ``text``. Raises EventNotFound when there is none or more than one.
        """
        rooms = (_REJECTED,) if rejected_only else (_PENDING, _REJECTED)
        found = [(room, name) for room in rooms for name in self._names(room) if name.startswith(prefix)]
        if len(found) != 1:
            raise EventNotFound(prefix, self.root)
        room, name = found[0]
        body = (self.root / room / name).read_bytes()
        try:
            return name, json.loads(body)
        except ValueError:
            return name, {"text": body.decode("utf-8", "replace")}

    def status(self) -> Status:
        """Counts, age and reasons; reads names only for what is pending, so it stays quick with many."""
        names = sorted(self._names(_PENDING), key=_written_ns)
        return Status(
            pending=len(names),
            oldest_s=max(0.0, (time.time_ns() - _written_ns(names[0])) / 1e9) if names else 0.0,
            oldest=tuple(names[:_NAMED]),
            rejected=tuple(self.rejections()),
            trouble=self.trouble(),
            relay=self.wake(),
        )

    # -- Spool files of other writers -----------------------------------------------------------------------------

    def import_lines(self, spool: Path, *, retell: Retell = dict) -> int:
        """Take the events of a finished writer's file, one JSON object a line; return how many were taken now.

        Meant for the OpenLineage listener in Spark with ``transport.type=file``; ``retell`` may say an event in other
        words (it must not fail). What was taken is noted beside the
        file (``<spool>.taken``), so calling again takes only what is new; after a kill half-way the same names are
        written again. A line that is no event, or torn because the driver died while writing, goes to ``rejected/``.
        Takes nothing when the file does not exist. Raises OutboxUnwritable.
        """
        note = spool.with_name(spool.name + ".taken")
        if not spool.exists():
            return 0
        done = int(note.read_text()) if note.exists() else 0
        size = spool.stat().st_size
        taken = 0
        with spool.open("rb") as lines:
            lines.seek(done if done <= size else 0)
            fallback = spool.stat().st_mtime_ns
            while line := lines.readline():
                position = lines.tell()
                taken += self._take(line, f"{position:012d}-{_digest(spool)[:8]}", fallback, retell)
        _write_whole(note, str(size).encode())
        return taken

    def _take(self, line: bytes, token: str, fallback_ns: int, retell: Retell) -> int:
        text = line.decode("utf-8", "replace").strip()
        if not text:
            return 0
        event, reason = None, "no JSON object"
        try:
            event = parsed(text)
        except json.JSONDecodeError as error:
            reason = f"no JSON: {error}" if line.endswith(b"\n") else "torn line: its writer ended in the middle"
        if not isinstance(event, dict):
            self._write_rejection(f"{_NO_RUN}.{_BETWEEN}.{fallback_ns:020d}-{token}.json", reason, text)
            return 0
        self._add(retell(event), f"{_event_ns(event, fallback_ns):020d}-{token}")
        return 1

    # -- The process that delivers ------------------------------------------------------------------------------------

    @contextmanager
    def drainer(self) -> Iterator[bool]:
        """Be the only one who removes events: True inside the block, or False when another process already is.

        The kernel gives the lock back when its holder dies, however it dies. Raises OutboxUnwritable.
        """
        with self._changing():
            self._make_folders()
            descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                (self.root / _STARTED).unlink(missing_ok=True)
                yield True
        finally:
            os.close(descriptor)

    @contextmanager
    def wake_ups(self) -> Iterator[int]:
        """A descriptor that becomes readable when a writer calls ``wake()``; for the drainer only."""
        path = self.root / _WAKE
        with self._changing():
            if not path.is_fifo():
                path.unlink(missing_ok=True)
                os.mkfifo(path, 0o600)
            descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def wake(self) -> bool:
        """Tell the drainer that there is something to do; False when no drainer is running."""
        try:
            descriptor = os.open(self.root / _WAKE, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO: nobody reads it; ENOENT: there never was one
            return False
        try:
            os.write(descriptor, b"!")
        except BlockingIOError:  # full of wake-ups already
            return True
        except BrokenPipeError:
            return False
        finally:
            os.close(descriptor)
        return True

    def may_start_drainer(self) -> bool:
        """Whether to start a drainer: not while one that another writer has just started is coming up."""
        note = self.root / _STARTED
        with suppress(OSError):
            if time.time() - note.stat().st_mtime < _STARTING_S:
                return False
        with suppress(OSError):
            note.touch(mode=0o600)
        return True

    def trouble(self) -> str:
        """Why the backend takes nothing at the moment; "" while it does."""
        with suppress(OSError):
            return (self.root / _TROUBLE).read_text("utf-8", "replace")
        return ""

    def note_trouble(self, reason: str) -> None:
        """Remember why the backend takes nothing, or with "" that it does again."""
        path, told = self.root / _TROUBLE, redact_text(reason, secrets=self._secrets)
        try:
            if not told:
                path.unlink(missing_ok=True)
            elif told != self.trouble():
                _write_whole(path, told.encode())
        except OSError as error:  # only a notice
            logger.warning("Cannot note in %s whether the backend takes events: %s", self.root, error)

    # -- Files ---------------------------------------------------------------------------------------------------

    def _names(self, room: str) -> list[str]:
        try:
            return [entry.name for entry in os.scandir(self.root / room) if _NAME.fullmatch(entry.name)]
        except FileNotFoundError:
            return []

    def _add(self, event: Event, token: str) -> str:
        name = f"{_run_of(event)}.{_rank_of(event)}.{token}.json"
        self._write(_PENDING, name, _encode(redact(event, secrets=self._secrets)))
        return name

    def _rejection(self, name: str) -> Rejection:
        path = self.root / _REJECTED / name
        try:
            kept = json.loads(path.read_bytes())
            reason, at, event = kept["reason"], datetime.fromisoformat(kept["at"]), kept.get("event")
        except (ValueError, LookupError, TypeError) as error:
            reason, at, event = f"damaged file: {error}", datetime.fromtimestamp(path.stat().st_mtime, UTC), None
        return Rejection(name=name, reason=reason, at=at, event=event)

    def _write_rejection(self, name: str, reason: str, text: str) -> None:
        kept: dict[str, Any] = {"reason": redact_text(reason, secrets=self._secrets), "at": _now()}
        try:
            kept["event"] = json.loads(text)
        except json.JSONDecodeError:
            kept["text"] = redact_text(text, secrets=self._secrets)
        self._write(_REJECTED, name, _encode(kept))

    def _write(self, room: str, name: str, body: bytes) -> None:
        with self._changing():
            self._make_folders()
            _write_whole(self.root / room / name, body)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutboxUnwritable(self.root, error) from error

    def _make_folders(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for room in (_PENDING, _REJECTED):
            (self.root / room).mkdir(mode=0o700, exist_ok=True)

    def _adopt_abandoned(self) -> None:
        """Take what a writer had on disk but was killed, or the machine stopped, before it gave it the final name."""
        for path in (self.root / _PENDING).glob(f"*{_NEW}"):
            with suppress(FileNotFoundError):  # its writer lives, after all
                if time.time() - path.stat().st_mtime < _ABANDONED_AFTER_S:
                    continue
                try:
                    json.loads(path.read_bytes())
                except ValueError:
                    path.unlink()  # never was wholly written, so nobody was told that it was
                else:
                    path.rename(path.with_suffix(""))


def parsed(text: str) -> Any:
    """JSON text as a value; NaN and the infinities, which Python writes and no backend reads, are null."""
    return json.loads(text, parse_constant=lambda _: None)


def _write_whole(target: Path, body: bytes) -> None:
    """Put ``body`` at ``target`` so that after a crash there is all of it or nothing, readable by its owner only.

    Content and entry are on disk, in one commit of the file system, before the rename that makes them visible; the
    rename itself need not be, see ``_adopt_abandoned``.
    """
    new = target.with_name(target.name + _NEW)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        new.rename(target)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _run_of(event: Event) -> str:
    """The run an event belongs to, fit for a file name. Marquez takes any text as run id; what is no word is hashed."""
    run = event.get("run")
    run_id = run.get("runId") if isinstance(run, dict) else None
    if run_id is None:
        return _NO_RUN
    return run_id if re.fullmatch(r"[0-9A-Za-z-]{1,64}", str(run_id)) else _digest(run_id)


def _rank_of(event: Event) -> int:
    return _RANKS.get(str(event.get("eventType")).upper(), _BETWEEN)


def _event_ns(event: Event, fallback: int) -> int:
    try:
        return int(datetime.fromisoformat(str(event.get("eventTime"))).timestamp() * 1e9)
    except (ValueError, OverflowError):
        return fallback


def _written_ns(name: str) -> int:
    return int(name.split(".")[2][:20])


def _digest(value: object) -> str:
    return hashlib.sha256(str(value).encode()).hexdigest()[:32]


def _encode(value: Event) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
