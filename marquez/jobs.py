"""Jobs and their versions as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection, Row

from marquez import runs
from marquez.rows import documents, existing, one
from marquez.wire import Json, instant


def row_of(db: Connection, namespace: str, name: str) -> Row:
    """The job's row by its full name.

    Raises:
        ResourceNotFound: no such job, or it was deleted.
    """
    sql = "SELECT * FROM job WHERE namespace = ? AND name = ? AND NOT hidden"
    return existing(db, "Job", name, sql, namespace, name)


def get(db: Connection, job: Row) -> Json:
    """One job with its last ten runs; its datasets are those of its current version, else of its latest run."""
    latest = runs.latest_of_job(db, job)
    current = {io: _datasets(db, job["current_version"], io) for io in ("INPUT", "OUTPUT")}
    facets = _version_facets(db, job["current_version"])
    return _shown(db, job, latest, facets, inputs=current["INPUT"], outputs=current["OUTPUT"])


def bare(db: Connection, job: Row) -> Json:
    """One job without runs and datasets: the answer to tagging it."""
    return _shown(db, job, [], _version_facets(db, job["current_version"]))


def hide(db: Connection, job: Row) -> Json:
    """Hide the job until an event speaks of it again. The answer is what it was before."""
    document = bare(db, job)
    db.execute("UPDATE job SET hidden = 1 WHERE id = ?", (job["id"],))
    return document


def page(db: Connection, *, namespace: str | None, states: Sequence[str], limit: int, offset: int) -> Json:
    """Jobs, last updated first. The state asked for is that of the job's current run; the total ignores it.

    Without `states` all are asked for; a job whose current run never told one is not listed even then.
    """
    where = "NOT j.hidden" + ("" if namespace is None else " AND j.namespace = ?")
    values: list[str] = [] if namespace is None else [namespace]
    (total,) = db.execute(f"SELECT count(*) FROM job j WHERE {where}", values).fetchone()
    states = states or runs.STATES
    where += f" AND (r.uuid IS NULL OR r.state IN ({','.join('?' * len(states))}))"
    values += states
    sql = (
        f"SELECT j.* FROM job j LEFT JOIN run r ON r.uuid = j.current_run WHERE {where} "
        "ORDER BY j.updated DESC, j.id LIMIT ? OFFSET ?"
    )
    listed = db.execute(sql, (*values, limit, offset)).fetchall()
    return {"totalCount": total, "jobs": [_listed(db, job) for job in listed]}


def _listed(db: Connection, job: Row) -> Json:
    version = one(db, "SELECT latest_run FROM job_version WHERE id = ?", job["current_version"])
    facets = runs.facets(db, version["latest_run"], "JOB") if version and version["latest_run"] else {}
    return _shown(db, job, runs.latest_of_job(db, job), facets)


def _shown(
    db: Connection,
    job: Row,
    latest: list[Json],
    facets: Json,
    *,
    inputs: list[Json] | None = None,
    outputs: list[Json] | None = None,
) -> Json:
    newest = latest[0] if latest else None
    version = one(db, "SELECT uuid FROM job_version WHERE id = ?", job["current_version"])
    kind = facets.get("jobType") or {}
    return {
        **present(db, job),
        "inputs": inputs or _run_datasets(newest, "inputDatasetVersions"),
        "outputs": outputs or _run_datasets(newest, "outputDatasetVersions"),
        "latestRun": newest,
        "latestRuns": latest or None,
        "facets": facets,
        "currentVersion": version["uuid"] if version else None,
        "labels": [kind[key] for key in ("jobType", "integration") if kind.get(key)],
        "tags": [tag for (tag,) in db.execute("SELECT tag FROM job_tag WHERE job = ? ORDER BY tag", (job["id"],))],
    }


def present(db: Connection, job: Row) -> Json:
    """The job without its runs and datasets: names, parent, times, location, description."""
    parent = one(db, "SELECT uuid, name FROM job WHERE id = ?", job["parent"])
    return {
        "id": {"namespace": job["namespace"], "name": job["name"]},
        "type": job["type"],
        "name": job["name"],
        "simpleName": job["simple_name"],
        "parentJobName": parent["name"] if parent else None,
        "parentJobUuid": parent["uuid"] if parent else None,
        "namespace": job["namespace"],
        "createdAt": instant(job["created"]),
        "updatedAt": instant(job["updated"]),
        "location": job["location"],
        "description": job["description"],
    }


def _run_datasets(run: Json | None, side: str) -> list[Json]:
    ids = [d["datasetVersionId"] for d in run[side]] if run else []
    return [{"namespace": ns, "name": name} for ns, name in dict.fromkeys((i["namespace"], i["name"]) for i in ids)]


def _version_facets(db: Connection, version: int | None) -> Json:
    sql = "SELECT name, value FROM job_version_facet WHERE version = ?"
    return documents(db, sql, version)


def _datasets(db: Connection, version: int | None, io: str) -> list[Json]:
    """What a job version reads or writes, under every name that a dataset has."""
    sql = """SELECT n.namespace, n.name FROM job_io io JOIN dataset d ON d.id = io.dataset
        JOIN dataset_name n ON n.dataset = d.id WHERE NOT d.hidden AND io.version = ? AND io.io = ? ORDER BY 1, 2"""
    return [dict(row) for row in db.execute(sql, (version, io))]


def versions(db: Connection, job: Row, *, limit: int, offset: int) -> Json:
    """A job's versions, newest first."""
    sql = "SELECT * FROM job_version WHERE job = ? ORDER BY created DESC, id DESC LIMIT ? OFFSET ?"
    listed = db.execute(sql, (job["id"], limit, offset)).fetchall()
    return {"versions": [_version(db, job, row) for row in listed]}


def version(db: Connection, job: Row, identity_hash: str) -> Json:
    """One version of a job.

    Raises:
        ResourceNotFound: the job has no such version.
    """
    sql = "SELECT * FROM job_version WHERE job = ? AND hash = ?"
    return _version(db, job, existing(db, "Job version", identity_hash, sql, job["id"], identity_hash))


def _version(db: Connection, job: Row, row: Row) -> Json:
    run = one(db, "SELECT * FROM run WHERE uuid = ?", row["latest_run"])
    return {
        "id": {"namespace": job["namespace"], "name": job["name"], "version": row["hash"]},
        "name": job["name"],
        "createdAt": instant(row["created"]),
        "version": row["hash"],
        "namespace": job["namespace"],
        "location": row["location"],
        "inputs": _datasets(db, row["id"], "INPUT"),
        "outputs": _datasets(db, row["id"], "OUTPUT"),
        "latestRun": runs.shown(db, run, of_version=True) if run else None,
    }
