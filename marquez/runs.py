"""Runs as the API shows them."""

from __future__ import annotations

import json
from sqlite3 import Connection, Row

from marquez.errors import PageNotFound
from marquez.rows import documents, existing, one
from marquez.wire import Json, instant

STATES = ("NEW", "RUNNING", "COMPLETED", "ABORTED", "FAILED")
_SEEN = "SELECT run.* FROM run JOIN job ON job.id = run.job WHERE run.uuid = ? AND NOT job.hidden"


def row_of(db: Connection, run: str) -> Row:
    """The run's row.

    Raises:
        ResourceNotFound: no such run, or its job was deleted.
    """
    return existing(db, "Run", run, _SEEN, run)


def of_id(db: Connection, run: str | None) -> Json | None:
    """The run, None when there is none, or its job was deleted."""
    row = one(db, _SEEN, run)
    return shown(db, row) if row else None


def page_of_job(db: Connection, job: Row, *, limit: int, offset: int) -> Json:
    """A job's runs, latest start first, those that never started last, and how many it has had."""
    (total,) = db.execute("SELECT count(*) FROM run WHERE job = ?", (job["id"],)).fetchone()
    sql = "SELECT * FROM run WHERE job = ? ORDER BY started DESC, created DESC LIMIT ? OFFSET ?"
    listed = db.execute(sql, (job["id"], limit, offset)).fetchall()
    return {"runs": [shown(db, row) for row in listed], "totalCount": total}


def latest_of_job(db: Connection, job: Row, *, limit: int = 10) -> list[Json]:
    """A job's runs, those that never told a state before the others, latest change of state first."""
    sql = "SELECT * FROM run WHERE job = ? ORDER BY transitioned IS NULL DESC, transitioned DESC, created DESC LIMIT ?"
    return [shown(db, row) for row in db.execute(sql, (job["id"], limit)).fetchall()]


def shown(db: Connection, row: Row, *, of_version: bool = False) -> Json:
    """The run's document. Inside a job version (`of_version`) Marquez shows the job's facets and no dataset facets."""
    start, end = row["started"], row["ended"]
    return {
        "id": row["uuid"],
        "createdAt": instant(row["created"]),
        "updatedAt": instant(row["updated"]),
        "nominalStartTime": instant(row["nominal_start"]),
        "nominalEndTime": instant(row["nominal_end"]),
        "state": row["state"] or "NEW",
        "startedAt": instant(start),
        "endedAt": instant(end),
        "durationMs": None if start is None or end is None else int((end - start) / 1000),
        "args": json.loads(row["args"]),
        "jobVersion": _job_version(db, row),
        "inputDatasetVersions": _datasets(db, row, "INPUT", bare=of_version),
        "outputDatasetVersions": _datasets(db, row, "OUTPUT", bare=of_version),
        "facets": facets(db, row["uuid"], "JOB" if of_version else "RUN"),
    }


def facets_of_known(db: Connection, run: str, kind: str) -> Json:
    """What a run said, also when its job was deleted.

    Raises:
        ResourceNotFound: no such run.
    """
    existing(db, "Run", run, "SELECT 1 FROM run WHERE uuid = ?", run)
    return facets(db, run, kind)


def facets(db: Connection, run: str, kind: str) -> Json:
    """What the run said of itself (RUN) or of its job (JOB)."""
    sql = "SELECT name, value FROM run_facet WHERE run = ? AND kind = ? AND version = 0 ORDER BY at, event"
    return documents(db, sql, run, kind)


def _job_version(db: Connection, row: Row) -> Json | None:
    version = one(db, "SELECT hash FROM job_version WHERE id = ?", row["job_version"])
    if version is None:
        return None
    return {"namespace": row["job_namespace"], "name": row["job_name"], "version": version["hash"]}


_SIDES = {
    "INPUT": "SELECT v.* FROM run_input ri JOIN version v ON v.id = ri.version WHERE ri.run = ? ORDER BY ri.rowid",
    "OUTPUT": "SELECT * FROM version WHERE run = ? ORDER BY id",
}


def _datasets(db: Connection, row: Row, side: str, *, bare: bool) -> list[Json]:
    return [
        {
            "datasetVersionId": {
                "namespace": version["namespace"],
                "name": version["name"],
                "version": version["hash"],
            },
            "facets": {} if bare else _dataset_facets(db, row["uuid"], side, version["id"]),
        }
        for version in db.execute(_SIDES[side], (row["uuid"],)).fetchall()
    ]


def _dataset_facets(db: Connection, run: str, kind: str, version: int) -> Json:
    sql = "SELECT name, value FROM run_facet WHERE run = ? AND kind = ? AND version = ? ORDER BY event"
    return documents(db, sql, run, kind, version)


def upstream(db: Connection, run: str) -> list[Json]:
    """The run itself when it read nothing, which is all that the real 0.51.1 can answer.

    Raises:
        PageNotFound: the run read something. The real server fails then, so nobody may come to rely on an answer.
    """
    row = row_of(db, run)
    if one(db, "SELECT 1 FROM run_input WHERE run = ?", run):
        raise PageNotFound("Upstream runs are told for runs without inputs only: Marquez 0.51.1 fails on all others")
    version = one(db, "SELECT uuid FROM job_version WHERE id = ?", row["job_version"])
    job = {"namespace": row["job_namespace"], "name": row["job_name"], "version": version["uuid"] if version else None}
    times = {"start": instant(row["started"]), "end": instant(row["ended"])}
    return [{"job": job, "run": {"id": run, **times, "status": row["state"]}, "inputs": []}]
