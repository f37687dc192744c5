"""How far the record can be trusted, from what the last readings of the backend said and from what the events lack."""

import sqlite3

from catalog.entry import Completeness
from catalog.event import DAY, moment
from catalog.index.store import hold, recall
from catalog.wire import ACCEPT_JOB

NAMED = 3
"""So many silent jobs are named; of more, how many."""
RETIRED = 30 * DAY
"""A job that is silent for so long is taken to be gone, not late."""
AS_OF, FAILED = "as_of", "failed"
"""What readings of the backend leave behind: the time of the last full one, and why a later one failed."""


def completeness(db: sqlite3.Connection, jobs: set[int] | None) -> Completeness:
    """When the backend was read last in full, and every known reason why answers may lack something."""
    as_of = recall(db, AS_OF)
    reasons = [
        None if as_of else "the backend has never been read in full; run `catalog sync`",
        recall(db, FAILED),
        _truncated(db),
        _forgotten(db),
        _unusable(db),
        _silent(db, jobs),
    ]
    return Completeness(
        as_of=moment(int(as_of)) if as_of else None, reasons=tuple(reason for reason in reasons if reason)
    )


def _truncated(db: sqlite3.Connection) -> str | None:
    missing = db.execute("SELECT coalesce(sum(max(0, total - listed)), 0) FROM window").fetchone()[0]
    if not missing:
        return None
    why = "static dataset or job events, which its API never gives"
    return f"the backend counts {missing} events more than it lists: {why}"


def _forgotten(db: sqlite3.Connection) -> str | None:
    found = db.execute("SELECT coalesce(sum(kept), 0), max(before) FROM window WHERE kept > 0").fetchone()
    if not found[0]:
        return None
    return (
        f"{found[0]} events before {moment(found[1]):%Y-%m-%d %H:%M} are known here only: the backend has deleted them"
    )


def _unusable(db: sqlite3.Connection) -> str | None:
    found = db.execute("SELECT count(DISTINCT id), min(reason) FROM unusable").fetchone()
    return f"{found[0]} events could not be read in full, such as: {found[1]}" if found[0] else None


def _silent(db: sqlite3.Connection, jobs: set[int] | None) -> str | None:
    """Jobs that used to run regularly and have not for more than three of their usual gaps before the newest event.

    People have no intervals: accepting drift is not among them.
    """
    sql = """SELECT j.id, n.name, j.last, j.parent FROM job j JOIN job_name n ON n.id = j.id,
      (SELECT coalesce(max(time), 0) AS now FROM event)
      WHERE j.role <> 'step' AND j.gap > 0 AND now - j.last > 3 * j.gap AND now - j.last < ?
      AND n.name <> ?
      ORDER BY n.name"""
    silent = hold(db, ("silent",), lambda: db.execute(sql, (RETIRED, ACCEPT_JOB)).fetchall())
    rows = [row for row in silent if jobs is None or row["id"] in jobs]
    late = {row["id"] for row in rows}
    first = [row for row in rows if row["parent"] not in late]
    if not first:
        return None
    told = [f"{row['name']} (last {moment(row['last']):%Y-%m-%d %H:%M})" for row in first[:NAMED]]
    more = f" and {len(first) - NAMED} more" if len(first) > NAMED else ""
    return f"silent for more than three of their usual intervals: {', '.join(told)}{more}"
