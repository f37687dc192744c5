"""Addresses of jobs and runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from marquez import jobs, namespaces, runs, tags
from marquez.api.answers import Limit, Offset, Opened, answer, run_id
from marquez.errors import PageNotFound

router = APIRouter(prefix="/api/v1")
_JOB = "/namespaces/{namespace:name}/jobs/{job:name}"
_States = Annotated[list[str] | None, Query(alias="lastRunStates")]


def _states(named: list[str] | None) -> list[str]:
    states = [state.upper() for state in named or ()]
    if not set(states) <= set(runs.STATES):
        raise PageNotFound
    return states


@router.get("/jobs")
def list_all_jobs(store: Opened, named: _States = None, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Jobs of all namespaces, last updated first."""
    states = _states(named)
    with store.read() as db:
        return answer(jobs.page(db, namespace=None, states=states, limit=limit, offset=offset))


@router.get("/namespaces/{namespace:name}/jobs")
def list_jobs(store: Opened, namespace: str, named: _States = None, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A namespace's jobs, last updated first."""
    states = _states(named)
    with store.read() as db:
        return answer(jobs.page(db, namespace=namespace, states=states, limit=limit, offset=offset))


@router.get(_JOB)
def get_job(store: Opened, namespace: str, job: str) -> Response:
    """One job."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(jobs.get(db, jobs.row_of(db, namespace, job)))


@router.delete(_JOB)
def delete_job(store: Opened, namespace: str, job: str) -> Response:
    """Hide a job until an event speaks of it again."""
    with store.write() as db:
        row = jobs.row_of(db, namespace, job)
        document = jobs.bare(db, row)
        db.execute("UPDATE job SET hidden = 1 WHERE id = ?", (row["id"],))
        return answer(document)


@router.get(_JOB + "/versions")
def list_job_versions(store: Opened, namespace: str, job: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A job's versions, newest first."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer({"versions": jobs.versions(db, jobs.row_of(db, namespace, job), limit=limit, offset=offset)})


@router.get(_JOB + "/versions/{version:name}")
def get_job_version(store: Opened, namespace: str, job: str, version: str) -> Response:
    """One version of a job."""
    with store.read() as db:
        namespaces.get(db, namespace)
        return answer(jobs.version(db, jobs.row_of(db, namespace, job), version))


@router.get(_JOB + "/runs")
def list_runs(store: Opened, namespace: str, job: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A job's runs, latest start first."""
    with store.read() as db:
        namespaces.get(db, namespace)
        row = jobs.row_of(db, namespace, job)
        listed = runs.of_job(db, row, limit=limit, offset=offset)
        return answer({"runs": listed, "totalCount": runs.count_of_job(db, row)})


@router.post(_JOB + "/tags/{tag:name}")
def tag_job(store: Opened, namespace: str, job: str, tag: str) -> Response:
    """Tag a job."""
    return _tag_job(store, namespace, job, tag, on=True)


@router.delete(_JOB + "/tags/{tag:name}")
def untag_job(store: Opened, namespace: str, job: str, tag: str) -> Response:
    """Take a tag off a job."""
    return _tag_job(store, namespace, job, tag, on=False)


def _tag_job(store: Opened, namespace: str, job: str, tag: str, *, on: bool) -> Response:
    with store.write() as db:
        row = jobs.row_of(db, namespace, job)
        tags.tag_job(db, row, tag, on=on)
        return answer(jobs.bare(db, row))


@router.get("/jobs/runs/{run:name}")
def get_run(store: Opened, run: str) -> Response:
    """One run."""
    with store.read() as db:
        return answer(runs.shown(db, runs.row_of(db, run_id(run))))


@router.get("/jobs/runs/{run:name}/facets")
def get_run_facets(store: Opened, run: str, kind: Annotated[str, Query(alias="type")]) -> Response:
    """What a run said of itself or of its job; an empty body when it said nothing."""
    if kind.upper() not in ("RUN", "JOB", "DATASET"):
        raise PageNotFound
    with store.read() as db:
        row = runs.row_of(db, run_id(run))
        found = runs.facets(db, row["uuid"], kind.upper())
        return answer({"runId": row["uuid"], "facets": found} if found else None)
