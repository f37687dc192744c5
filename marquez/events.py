"""OpenLineage events as they come in: read, checked as Marquez checks them, turned into frozen values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marquez import facets
from marquez.errors import InvalidEvent, MalformedRequest
from marquez.hashes import Field
from marquez.wire import Json, offset_time, parse_instant, to_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRef:
    """The job an event is about; facets in the form in which they are given back."""

    namespace: str
    name: str
    facets: Json

    @property
    def streaming(self) -> bool:
        """Whether the jobType facet says so: such jobs get their versions while they run."""
        return str((self.facets.get("jobType") or {}).get("processingType")).upper() == "STREAMING"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRef:
    """A dataset an event is about; facets in the form in which they are given back, columns in the event's order."""

    namespace: str
    name: str
    fields: tuple[Field, ...] | None  # top-level columns; None without a schema facet, which is not the same as none
    facets: Json
    input_facets: Json
    output_facets: Json

    def said(self, facet: str, key: str) -> Any:
        """One property of one facet, None when either is missing."""
        value = self.facets.get(facet)
        return value.get(key) if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """A run started, went on, or ended. `document` is the event as the event log shows it."""

    kind = "RUN_EVENT"
    at: int
    event_type: str | None
    run_id: str
    run_facets: Json
    job: JobRef
    inputs: tuple[DatasetRef, ...]
    outputs: tuple[DatasetRef, ...]
    document: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Static lineage of a job, without a run."""

    kind = "JOB_EVENT"
    at: int
    job: JobRef
    inputs: tuple[DatasetRef, ...]
    outputs: tuple[DatasetRef, ...]
    document: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEvent:
    """Static metadata of a dataset, without a run."""

    kind = "DATASET_EVENT"
    at: int
    dataset: DatasetRef
    document: Json


Event = RunEvent | JobEvent | DatasetEvent
ENDS = {"COMPLETE": "COMPLETED", "ABORT": "ABORTED", "FAIL": "FAILED"}  # event type to the state of the run
NAMESPACE = r"[a-zA-Z:;=/0-9_\-.@+]{1,1024}"  # those that can be asked for


def parse(body: bytes) -> Event:
    """The event in a request body; its kind is the tail of `schemaURL`, a run event when that is missing.

    Raises:
        MalformedRequest: no JSON object, a date-time that is none, or a value of the wrong type.
        InvalidEvent: something is missing that Marquez insists on.
    """
    document = _with_todays_names(_load(body))
    kind = str(document.get("schemaURL") or "").rpartition("/")[2]
    try:
        problems = list(_problems(document, kind))
        if problems:
            raise InvalidEvent(problems)
        event = _event(document, kind)
        _check_names(event)
        return event
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as problem:
        raise MalformedRequest(str(problem)) from problem


def _load(body: bytes) -> Json:
    if body.strip() in (b"", b"null"):
        raise InvalidEvent(["The request body must not be null"])
    try:
        document = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise MalformedRequest(str(problem)) from problem
    if not isinstance(document, dict):
        raise MalformedRequest("an event is a JSON object")
    return document


def _with_todays_names(document: Json) -> Json:
    """Airflow once called the parent facet `parentRun`; Marquez reads both."""
    run = document.get("run")
    given = run.get("facets") if isinstance(run, dict) else None
    if not isinstance(run, dict) or not isinstance(given, dict) or "parentRun" not in given:
        return document
    renamed = {"parent" if name == "parentRun" else name: facet for name, facet in given.items()}
    return {**document, "run": {**run, "facets": renamed}}


def _no_number(token: str) -> None:
    """Python reads NaN and Infinity; JSON has neither, Jackson refuses them, and no reader should meet them."""
    raise ValueError(f"Non-standard token '{token}'")


def _problems(document: Json, kind: str) -> Iterator[str]:
    wanted = {"DatasetEvent": ("dataset",), "JobEvent": ("job",)}.get(kind, ("run", "job"))
    for name in ("eventTime", *wanted, "producer"):
        if document.get(name) is None:
            yield f"{name} must not be null"
    run, job = document.get("run"), document.get("job")
    if isinstance(run, dict) and "run" in wanted:
        yield from _missing(run, ("runId",), "run")
        yield from facets.problems(run.get("facets"), facets.RUN, "run.facets")
    if isinstance(job, dict) and "job" in wanted:
        yield from _missing(job, ("namespace", "name"), "job")
        yield from facets.problems(job.get("facets"), facets.JOB, "job.facets")
    for path, dataset in _datasets(document):
        yield from _missing(dataset, ("namespace", "name"), path)
        yield from facets.problems(dataset.get("facets"), facets.DATASET, f"{path}.facets")


def _check_names(event: Event) -> None:
    """Marquez refuses names that nobody could ask for when it makes identifiers of them.

    Of what a run reads it does so at once, of what it writes when a version of the job is made.
    """
    if isinstance(event, DatasetEvent):
        return
    if not event.job.name.strip():
        raise MalformedRequest("job.name must not be blank")
    versioned = isinstance(event, JobEvent) or event.job.streaming or (event.event_type or "").upper() in ENDS
    for ref in (*event.inputs, *(event.outputs if versioned else ())):
        if not ref.name.strip() or not re.fullmatch(NAMESPACE, ref.namespace):
            raise MalformedRequest(f"no dataset can be asked for by namespace '{ref.namespace}' and name '{ref.name}'")


def _missing(part: Json, names: tuple[str, ...], path: str) -> Iterator[str]:
    return (f"{path}.{name} must not be null" for name in names if part.get(name) is None)


def _datasets(document: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(document.get("dataset"), dict):
        yield "dataset", document["dataset"]
    for side in ("inputs", "outputs"):
        for n, dataset in enumerate(document.get(side) or ()):
            if not isinstance(dataset, dict):
                raise MalformedRequest(f"{side}[{n}] is a JSON object")
            yield f"{side}[{n}]", dataset


def _event(document: Json, kind: str) -> Event:
    nanos = parse_instant(document["eventTime"])
    shown = {**document, "eventTime": offset_time(nanos), "schemaURL": document.get("schemaURL")}
    at = to_micros(nanos)
    if kind == "DatasetEvent":
        return DatasetEvent(at=at, dataset=_dataset(document["dataset"]), document=shown)
    sides = {side: tuple(_dataset(d) for d in document.get(side) or ()) for side in ("inputs", "outputs")}
    if kind == "JobEvent":
        return JobEvent(at=at, job=_job(document["job"]), document=shown, **sides)
    return RunEvent(
        at=at,
        event_type=None if document.get("eventType") is None else _text(document["eventType"]),
        run_id=_text(document["run"]["runId"]),
        run_facets=facets.stored(document["run"].get("facets"), facets.RUN) or {},
        job=_job(document["job"]),
        document=_logged_run_event(shown),
        **sides,
    )


def _job(part: Json) -> JobRef:
    said = facets.stored(part.get("facets"), facets.JOB) or {}
    return JobRef(namespace=_text(part["namespace"]), name=_text(part["name"]), facets=said)


def _dataset(part: Json) -> DatasetRef:
    said = facets.stored(part.get("facets"), facets.DATASET) or {}
    listed = (said.get("schema") or {}).get("fields")
    return DatasetRef(
        namespace=_text(part["namespace"]),
        name=_text(part["name"]),
        fields=None if listed is None else tuple(_field(column) for column in listed),
        facets=said,
        input_facets=dict((part.get("inputFacets") or {}).items()),
        output_facets=dict((part.get("outputFacets") or {}).items()),
    )


def _field(column: Json) -> Field:
    name = _text(column["name"])
    if not name.strip():
        raise ValueError("the name of a column must not be blank")
    return Field(name=name, type=column.get("type"), description=column.get("description"))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _logged_run_event(document: Json) -> Json:
    return {
        **document,
        "eventType": document.get("eventType"),
        "run": _with_facets(document["run"], facets.RUN),
        "job": _with_facets(document["job"], facets.JOB),
        "inputs": _logged_datasets(document.get("inputs")),
        "outputs": _logged_datasets(document.get("outputs")),
    }


def _logged_datasets(listed: list[Json] | None) -> list[Json] | None:
    if listed is None:
        return None
    return [{"inputFacets": None, "outputFacets": None, **_with_facets(dataset, facets.DATASET)} for dataset in listed]


def _with_facets(part: Json, shape: facets.Shape) -> Json:
    return {**part, "facets": facets.logged(part.get("facets"), shape)}
