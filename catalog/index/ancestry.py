"""Runs and jobs from their events: state and times, who caused whom, which jobs are steps of which task.

Rules. A run's state is its latest ending event, else RUNNING; its job is that of its latest event; every other fact is
the latest that was told. A job's parent is told by its latest run. An edge of a job is current when it was told since
the beginning of the job's latest completed run with lineage, where all runs of one parent run count as one run: a Spark
application saves three datasets in three runs of one job name.
A job is a step when a job above it tells lineage itself; its task is the nearest job above that is no step.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from itertools import pairwise
from statistics import median
from typing import Any

from catalog.entry import FAILED, Role
from catalog.index.store import insert, rows_in

ENDINGS = ("COMPLETE", *FAILED)
LATEST_RUNS = 24
"""So many runs tell how regularly a job runs."""
LATEST = """SELECT id, parent_job, first, (SELECT min(first) FROM run WHERE job = ?1) AS begun,
  coalesce((SELECT value FROM latest WHERE subject = ?1 AND facet = 'kind'), '') AS kind
  FROM run WHERE job = ?1 ORDER BY first DESC, id DESC LIMIT 1"""
EVENTS = "SELECT * FROM event WHERE run IN ({ids}) ORDER BY time, id"


def derive_runs(db: sqlite3.Connection, runs: Iterable[int]) -> None:
    """The rows of `run` for these runs."""
    found: dict[int, list[sqlite3.Row]] = {}
    for row in rows_in(db, EVENTS, runs):
        found.setdefault(row["run"], []).append(row)
    insert(db, "run", [_run(run, rows) for run, rows in found.items()], verb="INSERT OR REPLACE")


def _run(run: int, rows: list[sqlite3.Row]) -> tuple[Any, ...]:
    def last(key: str) -> Any:
        return next((row[key] for row in reversed(rows) if row[key] is not None), None)

    ending = next((row for row in reversed(rows) if row["type"] in ENDINGS), None)
    started = next((row["time"] for row in rows if row["type"] == "START"), None)
    return (
        run, rows[-1]["job"], last("parent"), last("parent_job"), ending["type"] if ending else "RUNNING",
        rows[0]["time"], rows[-1]["time"], started, ending["time"] if ending else None, last("nominal"),
        last("revision"), last("error"), last("rows_in"), last("rows_out"),
        last("rows_rejected"), any(row["io"] for row in rows),
    )  # fmt: skip


def derive_jobs(db: sqlite3.Connection, jobs: Iterable[int]) -> None:
    """The rows of `job` for these jobs; role and task follow in `derive_roles`."""
    rows = []
    for job in jobs:
        latest = db.execute(LATEST, (job,)).fetchone()
        if latest is None:
            db.execute("DELETE FROM job WHERE id = ?", (job,))
        else:
            rows.append((job, latest["parent_job"], latest["kind"], job, _begin(db, job), latest["id"], latest["begun"],
                         latest["first"], _gap(db, job)))  # fmt: skip
    db.executemany(
        """INSERT INTO job VALUES (?, ?, ?, 'task', ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        parent = excluded.parent, kind = excluded.kind, begin = excluded.begin, last_run = excluded.last_run,
        first = excluded.first, last = excluded.last, gap = excluded.gap""",
        rows,
    )


def _begin(db: sqlite3.Connection, job: int) -> int:
    """Since when an edge must have been told to be current."""
    newest = "SELECT id, parent, first FROM run WHERE job = ? AND io AND {} ORDER BY last DESC, id DESC LIMIT 1"
    found = db.execute(newest.format("state = 'COMPLETE'"), (job,)).fetchone()
    found = found or db.execute(newest.format("1"), (job,)).fetchone()
    if found is None:
        return 0
    if found["parent"] is None:
        return int(found["first"])
    among = "SELECT min(first) FROM run WHERE parent = ? AND job = ? AND io"
    return int(db.execute(among, (found["parent"], job)).fetchone()[0])


def _gap(db: sqlite3.Connection, job: int) -> int | None:
    """The usual time between two runs, None with fewer than four: nothing is usual yet."""
    sql = "SELECT min(first) AS at FROM run WHERE job = ? GROUP BY coalesce(parent, id) ORDER BY at DESC LIMIT ?"
    times = [row[0] for row in db.execute(sql, (job, LATEST_RUNS))]
    return int(median(later - earlier for later, earlier in pairwise(times))) if len(times) > 3 else None


def derive_roles(db: sqlite3.Connection) -> set[int]:
    """Roles and tasks of all jobs; gives back those that changed."""
    jobs = {row["id"]: row for row in db.execute("SELECT id, parent, kind, role, task FROM job")}
    with_io = {row[0] for row in db.execute("SELECT DISTINCT job FROM flow")}
    parents = {job: row["parent"] for job, row in jobs.items()}
    caused = set(parents.values())
    above = {job: _above(job, parents) for job in jobs}
    steps = {job for job, chain in above.items() if not with_io.isdisjoint(chain)}
    changed = set()
    for job, row in jobs.items():
        task = next((one for one in above[job] if one not in steps), job) if job in steps else job
        role: Role = "step" if job in steps else "task"
        if job not in with_io and (row["kind"].upper() == "DAG" or (row["parent"] is None and job in caused)):
            role = "dag"
        if (role, task) != (row["role"], row["task"]):
            changed.add(job)
            db.execute("UPDATE job SET role = ?, task = ? WHERE id = ?", (role, task, job))
    return changed


def _above(job: int, parents: Mapping[int, int | None]) -> list[int]:
    """The jobs above a job, nearest first; a circle ends where it closes."""
    found: list[int] = []
    at = parents.get(job)
    while at is not None and at not in found and at != job:
        found.append(at)
        at = parents.get(at)
    return found
