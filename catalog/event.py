"""One OpenLineage event document as a frozen value: what it tells, in a form that does not depend on how it was sent.

Spec: openlineage.io/spec 2-0-2. The backend serialises events anew (absent properties become null, times go to UTC,
keys change order), so an event is identified by a hash of what it tells (`Event.id`), never by its bytes.
A facet that is not as its schema says is left out and named in `Event.problems`; the rest of the event counts.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from hashlib import blake2b, sha256
from typing import Any, Literal, TypeVar

import orjson

from catalog import facet
from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.wire import COLUMN_DETAILS, PROFILE, READING, SCHEMA_BASELINE, SCHEMA_DRIFT, TASK_COUNTS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
FINER = re.compile(r"[.,]\d{6}(\d)")
"""The digit behind the microseconds."""
WRONG = (TypeError, ValueError, AttributeError, LookupError, OverflowError)
Side = Literal["in", "out"]
Counts = tuple[int | None, int | None, int | None]
NO_COUNTS: Counts = (None, None, None)
NO_SCHEMA: tuple[facet.Content | None, int] = (None, facet.NAMES)
NO_RESULTS: tuple[facet.Result, ...] = ()
NO_MEASURES: tuple[facet.Measure, ...] = ()
NO_NAMES: tuple[Dataset, ...] = ()
METRICS = "dataQualityMetrics"
FIGURES = frozenset(("outputStatistics", "dataQualityAssertions", METRICS, PROFILE))
NO_PLACE: dict[str, Any] = {}
Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one event tells about one dataset that its run read (`in`) or wrote (`out`)."""

    dataset: Dataset
    side: Side
    schema: facet.Content | None = None
    knows: int = 0
    """How much the schema knows (catalog.facet.NAMES, PROMISED, SEEN)."""
    lineage: facet.Content | None = None
    said: facet.Content | None = None
    """Description, owners, tags, contract: what is told whoever touches it."""
    compared: facet.Content | None = None
    """Drift and baselines: who tells them has looked at the record, not at the data."""
    lifecycle: str = ""
    previous: Dataset | None = None
    """The name before a RENAME."""
    aliases: tuple[Dataset, ...] = ()
    rows: int | None = None
    size: int | None = None
    files: int | None = None
    results: tuple[facet.Result, ...] = ()
    measures: tuple[facet.Measure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One run event; times are microseconds since 1970 UTC."""

    id: int
    time: int
    type: str
    """START, RUNNING, COMPLETE, ABORT, FAIL or OTHER."""
    run: str
    job: Job
    parent: tuple[str, Job] | None = None
    root: tuple[str, Job] | None = None
    nominal: int | None = None
    error: str | None = None
    counts: Counts = NO_COUNTS
    """Rows in, out and rejected, from our task-counts facet."""
    said: facet.Content | None = None
    """What the job facets tell: kind, description, owner, sql, way of reading, source."""
    revision: str | None = None
    """Of the code that ran."""
    about: facet.Content | None = None
    """What the run facets tell of the run itself: what Airflow calls the DAG run, which offsets were read."""
    streaming: bool = False
    told: tuple[Told, ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """A document that tells nothing, and why."""

    id: int
    reason: str


class _Reader:
    """Reads facets one by one, keeping a sentence for each that cannot be read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def take(self, facets: object, name: str, read: Callable[[Any], T], otherwise: T) -> T:
        found = facets.get(name) if isinstance(facets, dict) else None
        if found is None:
            return otherwise
        try:
            return read(found)
        except WRONG as problem:
            self.problems.append(f"facet {name}: {type(problem).__name__}: {str(problem)[:120]}")
            return otherwise


def read(document: object) -> Event | Unusable:
    """The event in a document, or why there is none; never raises on any JSON value."""
    try:
        return _event(document)
    except WRONG as problem:
        reason = str(problem) if isinstance(problem, ValueError) else f"{type(problem).__name__}: {problem}"
        return Unusable(id=identify("unusable", _shown(document)), reason=reason[:200])


@lru_cache(maxsize=1 << 16)
def identify(*words: str) -> int:
    """A number for a name, the same everywhere: 63 bits of a hash, so that it is a key in SQLite."""
    text = "\0".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 1


def micros(text: str) -> int:
    """Microseconds since 1970 UTC of an ISO 8601 instant; without a zone it is UTC, rounded half up, as by Marquez.

    Raises:
        ValueError: the text is no instant.
    """
    at = datetime.fromisoformat(text.partition("[")[0])
    finer = FINER.search(text)
    whole = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND
    return whole + 1 if finer and finer[1] >= "5" else whole


def moment(at: int) -> datetime:
    """The instant of a number of microseconds."""
    return EPOCH + timedelta(microseconds=at)


def _event(document: Any) -> Event:
    if not isinstance(document, dict):
        raise ValueError("an event is a JSON object")
    run, job = document.get("run"), document.get("job")
    if not isinstance(run, dict) or not isinstance(job, dict):
        raise ValueError("no run event: it has no run or no job")
    reader = _Reader()
    run_facets = run.get("facets")
    at = micros(_text(document.get("eventTime"), "eventTime"))
    told = tuple(_datasets(reader, document, at))
    about = facet.content({
        "dag_run": reader.take(run_facets, "airflowDagRun", lambda found: str(found["dagRun"]["run_id"]), None),
        "offsets": reader.take(run_facets, TASK_COUNTS, _offsets, None),
    })  # fmt: skip
    said, streaming, revision = _remembered(reader, job.get("facets"), "job", _job)[0]
    facts: Json = {
        "time": at,
        "type": str(document.get("eventType") or "OTHER").upper(),
        "run": _text(run.get("runId"), "run.runId"),
        "job": Job(_text(job.get("namespace"), "job.namespace"), _text(job.get("name"), "job.name")),
        "parent": reader.take(run_facets, "parent", _ancestor, None),
        "root": reader.take(run_facets, "parent", lambda found: _ancestor(found.get("root")), None),
        "nominal": reader.take(run_facets, "nominalTime", lambda found: micros(found["nominalStartTime"]), None)
        or reader.take(run_facets, TASK_COUNTS, _interval, None),
        "error": reader.take(run_facets, "errorMessage", lambda found: str(found["message"])[:2000], None),
        "counts": reader.take(run_facets, TASK_COUNTS, _counts, NO_COUNTS),
        "revision": revision,
        "streaming": streaming,
    }
    digest = _hash([facts, said.id if said else None, about.id if about else None, [mark for _, mark in told]], size=8)
    return Event(
        id=(at // DAY & 0xFFFF) << 47 | int.from_bytes(digest, "big") >> 17,  # what is of one day lies together
        said=said,
        about=about,
        told=tuple(one for one, _ in told),
        problems=tuple(reader.problems),
        **facts,
    )


def _hash(value: object, *, size: int = 16) -> bytes:
    return blake2b(orjson.dumps(value), digest_size=size).digest()


def _datasets(reader: _Reader, document: Json, at: int) -> Iterator[tuple[Told, str]]:
    """One value per dataset and side with a hash of it, in the order of the document; one listed again adds nothing."""
    sides: tuple[tuple[str, Side], ...] = (("inputs", "in"), ("outputs", "out"))
    for key, side in sides:
        seen: set[Dataset] = set()
        listed = document.get(key) or ()
        if not isinstance(listed, list | tuple):
            reader.problems.append(f"{key} is no list")
            continue
        for part in listed:
            try:
                dataset = Dataset(_text(part["namespace"], "namespace"), _text(part["name"], "name"))
            except WRONG as problem:
                reader.problems.append(f"{key}: a dataset without a name ({problem})")
                continue
            if dataset not in seen:
                seen.add(dataset)
                told, mark = _remembered(reader, (dataset, part.get("facets")), side, partial(_told, side=side))
                yield _figured(reader, told, mark, part, at)


_memory: OrderedDict[tuple[str, bytes], tuple[Any, list[str], str]] = OrderedDict()
"""What was read from the same words before: day by day things are told of alike. The longest unused is let go."""
MEMORY = 1 << 15


def _remembered(reader: _Reader, part: Any, role: str, read: Callable[[_Reader, Any], T]) -> tuple[T, str]:
    """What is read from a part of a document in this role, and a hash of it."""
    key = role, sha256(orjson.dumps(part)).digest()
    known = _memory.pop(key, None)
    if known is None:
        own = _Reader()
        found = read(own, part)
        known = (found, own.problems, _hash(found).hex())
        if len(_memory) >= MEMORY:
            _memory.popitem(last=False)
    value, problems, mark = _memory[key] = known
    reader.problems += problems
    return value, mark


def _figured(reader: _Reader, told: Told, mark: str, part: Json, at: int) -> tuple[Told, str]:
    """With rows, checks and figures, which stand beside the facets and are others in each run."""
    where = (part.get("facets"), part.get("inputFacets"), part.get("outputFacets"))
    places = [place for place in where if isinstance(place, dict) and not FIGURES.isdisjoint(place)]
    if not places:
        return told, mark
    rows, size, files = reader.take(part.get("outputFacets"), "outputStatistics", facet.statistics, NO_COUNTS)
    results = _once(reader.take(place, "dataQualityAssertions", facet.results, NO_RESULTS) for place in places)
    kinds: tuple[tuple[str, Callable[[Any], tuple[facet.Measure, ...]]], ...]
    kinds = ((METRICS, facet.measures), (PROFILE, facet.profiled), (METRICS, partial(_age, at)))
    measures = _once(reader.take(place, key, read, NO_MEASURES) for key, read in kinds for place in places)
    figures = _hash([rows, size, files, results, measures]).hex()
    return replace(told, rows=rows, size=size, files=files, results=results, measures=measures), f"{mark} {figures}"


def _age(at: int, found: Json) -> tuple[facet.Measure, ...]:
    """How old the newest row was when this was told, in seconds."""
    newest = found.get("lastUpdated")
    return (facet.Measure(column=None, metric="freshness", value=(at - micros(newest)) / 1e6),) if newest else ()


def _told(reader: _Reader, part: tuple[Dataset, Any], *, side: Side) -> Told:
    dataset, told = part
    facets: Json = told if isinstance(told, dict) else {}
    schema, knows = reader.take(facets, "schema", lambda found: facet.schema(found, facets), NO_SCHEMA)
    state = reader.take(facets, "lifecycleStateChange", lambda found: str(found.get("lifecycleStateChange") or ""), "")
    return Told(
        dataset=dataset,
        side=side,
        schema=schema,
        knows=knows,
        lineage=reader.take(facets, "columnLineage", facet.lineage, None),
        said=_dataset_said(reader, facets),
        compared=_compared(reader, facets),
        lifecycle=state.upper(),
        previous=reader.take(facets, "lifecycleStateChange", _previous, None),
        aliases=tuple(alias for alias in reader.take(facets, "symlinks", _aliases, NO_NAMES) if alias != dataset),
    )


def _once(found: Iterator[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for part in found for item in part))


def _dataset_said(reader: _Reader, facets: Any) -> facet.Content | None:
    """Description, owners, tags and contract; the newest telling of each holds."""
    return facet.content({
        "description": reader.take(facets, "documentation", lambda found: str(found["description"] or ""), None),
        "owner": reader.take(facets, "ownership", facet.owner, None),
        "tags": reader.take(facets, "tags", facet.dataset_tags, None),
        "contract": reader.take(facets, COLUMN_DETAILS, lambda found: found.get("contract"), None),
    })  # fmt: skip


def _compared(reader: _Reader, facets: Any) -> facet.Content | None:
    """The drift from a baseline, and a baseline under its name; the newest telling of each holds."""
    drift: Json | None = reader.take(facets, SCHEMA_DRIFT, facet.drift, None)
    return facet.content({SCHEMA_DRIFT: drift} | reader.take(facets, SCHEMA_BASELINE, facet.baseline, NO_PLACE))


def _job(reader: _Reader, facets: Any) -> tuple[facet.Content | None, bool, str | None]:
    """What the job facets tell, whether it is a streaming job, and the revision of its code."""
    place = reader.take(facets, "sourceCodeLocation", dict, NO_PLACE)
    said = facet.content({
        "kind": reader.take(facets, "jobType", lambda found: str(found.get("jobType") or ""), None),
        "description": reader.take(facets, "documentation", lambda found: str(found["description"] or ""), None),
        "owner": reader.take(facets, "ownership", facet.owner, None),
        "sql": reader.take(facets, "sql", lambda found: found.get("query"), None),
        "reading": reader.take(facets, READING, facet.reading, None),
        "source_path": place.get("path"),
        "source_url": place.get("url"),
    })  # fmt: skip
    version = place.get("version")
    return said, reader.take(facets, "jobType", _streams, False), str(version) if version else None


def _ancestor(found: Any) -> tuple[str, Job] | None:
    if not found:
        return None
    return str(found["run"]["runId"]), Job(str(found["job"]["namespace"]), str(found["job"]["name"]))


def _offsets(found: Json) -> list[list[Any]] | None:
    """Rows [topic, partition, first, end], the end not included."""
    told = found.get("offsets") or ()
    return [[str(one["topic"]), int(one["partition"]), int(one["start"]), int(one["end"])] for one in told] or None


def _counts(found: Json) -> Counts:
    return facet.whole(found.get("rowsIn")), facet.whole(found.get("rowsOut")), facet.whole(found.get("rowsRejected"))


def _interval(found: Json) -> int | None:
    """The start of the data interval; of a run that another one's data triggered, that one's."""
    return micros(found["dataIntervalStart"]) if found.get("dataIntervalStart") else None


def _streams(found: Json) -> bool:
    return str(found.get("processingType")).upper() == "STREAMING"


def _previous(found: Json) -> Dataset | None:
    before = found.get("previousIdentifier")
    return Dataset(str(before["namespace"]), str(before["name"])) if before else None


def _aliases(found: Json) -> tuple[Dataset, ...]:
    return tuple(sorted({Dataset(str(one["namespace"]), str(one["name"])) for one in found.get("identifiers") or ()}))


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{what} is missing or no text")
    return value


def _shown(document: object) -> str:
    """The document without its nulls, keys sorted: the same for what was sent and what the backend gives back."""
    try:
        return orjson.dumps(facet.bare(document), option=orjson.OPT_NON_STR_KEYS).decode()
    except (TypeError, RecursionError):
        return repr(document)
