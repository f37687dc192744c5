"""Addresses of jobs and runs."""

from __future__ import annotations

from functools import partial
from sqlite3 import Connection, Row
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from marquez import jobs, runs, tags
from marquez.api.answers import TAGGING, Limit, Namespace, Offset, Opened, answer, changed, named, one_of, run_id, told
from marquez.wire import Json

router = APIRouter(prefix="/api/v1")
_JOB = "/namespaces/{namespace:name}/jobs/{job:name}"
_job = partial(named, jobs.row_of)
_States = Annotated[list[str] | None, Query(alias="lastRunStates")]


def _states(asked: list[str] | None) -> list[str]:
    return [one_of("lastRunStates", state, runs.STATES) for state in asked or ()]


@router.get("/jobs")
def list_all_jobs(store: Opened, asked: _States = None, limit: Limit = 100, offset: Offset = 0) -> Response:
    """Jobs of all namespaces, last updated first."""
    page = partial(jobs.page, namespace=None, states=_states(asked), limit=limit, offset=offset)
    return told(store, page)


@router.get("/namespaces/{namespace:name}/jobs")
def list_jobs(
    store: Opened, namespace: Namespace, asked: _States = None, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """A namespace's jobs, last updated first."""
    page = partial(jobs.page, namespace=namespace, states=_states(asked), limit=limit, offset=offset)
    return told(store, page)


@router.get(_JOB)
def get_job(store: Opened, namespace: Namespace, job: str) -> Response:
    """One job."""
    return told(store, _job(namespace, job, jobs.get))


@router.delete(_JOB)
def delete_job(store: Opened, namespace: Namespace, job: str) -> Response:
    """Hide a job until an event speaks of it again."""
    return changed(store, _job(namespace, job, jobs.hide))


@router.get(_JOB + "/versions")
def list_job_versions(
    store: Opened, namespace: Namespace, job: str, limit: Limit = 100, offset: Offset = 0
) -> Response:
    """A job's versions, newest first."""
    return told(store, _job(namespace, job, partial(jobs.versions, limit=limit, offset=offset)))


@router.get(_JOB + "/versions/{version:name}")
def get_job_version(store: Opened, namespace: Namespace, job: str, version: str) -> Response:
    """One version of a job."""
    return told(store, _job(namespace, job, partial(jobs.version, identity_hash=version)))


@router.get(_JOB + "/runs")
def list_runs(store: Opened, namespace: Namespace, job: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """A job's runs, latest start first."""
    return told(store, _job(namespace, job, partial(runs.page_of_job, limit=limit, offset=offset)))


@router.api_route(_JOB + "/tags/{tag:name}", methods=TAGGING)
def tag_job(request: Request, store: Opened, namespace: Namespace, job: str, tag: str) -> Response:
    """Tag a job, or take the tag off it."""
    return changed(store, _job(namespace, job, partial(_tagged, tag=tag, on=request.method == "POST")))


def _tagged(db: Connection, row: Row, *, tag: str, on: bool) -> Json:
    tags.tag_thing(db, "job", row["id"], tag, on=on)
    return jobs.bare(db, row)


@router.get("/jobs/runs/{run:name}")
def get_run(store: Opened, run: str) -> Response:
    """One run."""
    return told(store, lambda db: runs.shown(db, runs.row_of(db, run_id(run))))


@router.get("/jobs/runs/{run:name}/facets")
def get_run_facets(store: Opened, run: str, kind: Annotated[str, Query(alias="type")]) -> Response:
    """What a run said of itself or of its job; an empty body when it said nothing."""
    kind, run = one_of("type", kind, ("RUN", "JOB", "DATASET")), run_id(run)
    with store.read() as db:
        found = runs.facets_of_known(db, run, kind)
    return answer({"runId": run, "facets": found} if found else None)
