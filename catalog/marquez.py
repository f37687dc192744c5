"""The one client of the backend's REST API: Marquez 0.51.1, or the embedded server that answers like it."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeVar

import pydantic

from catalog.dataset import Dataset
from catalog.entry import Job, Node
from catalog.errors import AnswerInvalid, DatasetNotFound, MarquezNotFound
from catalog.settings import Settings
from catalog.stored import (
    EventPage,
    Found,
    GraphNode,
    Json,
    StoredDataset,
    StoredJob,
    StoredNamespace,
    StoredRun,
    StoredTag,
    StoredVersion,
)
from catalog.transport import Transport

V = TypeVar("V")
BEGIN_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
"""Both are sent always: without `before` Marquez ends its answers at 2030-01-01."""
LISTED = 100
"""Rows of one page of a list."""


class Marquez(Transport):
    """Reads the record, tags what is in it, and tells it what a person decided; runs and schemas are told by tasks.

    Built on `marquez-python`, whose own methods (`get_dataset`, `list_jobs`, ...) go over the same transport.

    Raises (each method):
        MarquezUnavailable: no answer in time, after all attempts.
        MarquezRefused: it answered no; MarquezNotFound when there is no such thing.
        AnswerInvalid: what answered is not Marquez.
    """

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The client of the backend that the settings name."""
        return cls(settings.marquez_url, api_key=settings.marquez_api_key)

    def ping(self) -> None:
        """Nothing, if the backend answers; one attempt only."""
        url = self._url("/namespaces")
        self._listed(StoredNamespace, "namespaces", self._attempt("GET", url), url)

    def tell(self, event: Json) -> None:
        """Send one OpenLineage run event; told twice, it is told once: an event is known by what it says."""
        self._call("POST", self._url("/lineage"), payload=event)

    # events ---------------------------------------------------------------------------------------------------------

    def page(
        self,
        *,
        after: datetime | None = None,
        before: datetime | None = None,
        newest_first: bool = False,
        limit: int = 500,
        offset: int = 0,
    ) -> EventPage:
        """One page of run events by their own time, `after` included and `before` not. Ties come in any order."""
        asked = {
            "after": _moment(after or BEGIN_OF_TIME),
            "before": _moment(before or END_OF_TIME),
            "sortDirection": "desc" if newest_first else "asc",
            "limit": limit,
            "offset": offset,
        }
        return self._one(EventPage, self._url("/events/lineage"), asked)

    def total(self, after: datetime | None = None, before: datetime | None = None) -> int:
        """How many events of that time are stored, with repeated ones and the static ones that are never listed."""
        return self.page(after=after, before=before, limit=0).total_count

    def events(
        self, after: datetime | None = None, before: datetime | None = None, *, page: int = 500
    ) -> Iterator[Json]:
        """Run event documents of that time, oldest first, `after` included.

        Pages go by time, not by offset: what comes in or is deleted meanwhile shifts nothing, and the hundredth page
        costs as much as the first. Marquez gives ties no order, so each page starts at the last moment of the one
        before, and grows while that moment fills it. A document may come twice, when it is stored twice.
        """
        reached, seen, limit = after or BEGIN_OF_TIME, frozenset[bytes](), page
        while True:
            told = self.page(after=reached, before=before, limit=limit).events
            timed = [(_time_of(event), event) for event in told]
            yield from (event for at, event in timed if at > reached or _fingerprint(event) not in seen)
            if len(told) < limit:
                return
            last = timed[-1][0]
            edge = frozenset(_fingerprint(event) for at, event in timed if at >= last)
            if last > reached:
                reached, seen, limit = last, edge, page
            else:
                seen, limit = seen | edge, limit * 2

    # what is stored -------------------------------------------------------------------------------------------------

    def namespaces(self) -> Iterator[StoredNamespace]:
        """All namespaces by name, hidden ones too."""
        return self._all(StoredNamespace, "namespaces", self._url("/namespaces"))

    def tags(self) -> Iterator[StoredTag]:
        """All known tags by name."""
        return self._all(StoredTag, "tags", self._url("/tags"))

    def datasets(self, namespace: str) -> Iterator[StoredDataset]:
        """A namespace's datasets by name; slow on the real server (20 rows in 9 s), prefer the index."""
        return self._all(StoredDataset, "datasets", self._url("/namespaces/{0}/datasets", namespace))

    def dataset(self, dataset: Dataset) -> StoredDataset:
        """One dataset with all its facets.

        Raises:
            DatasetNotFound: no event spoke of it, or it was deleted.
        """
        try:
            return self._one(StoredDataset, self._path(dataset))
        except MarquezNotFound as refusal:
            raise DatasetNotFound(dataset, refusal) from refusal

    def versions(self, dataset: Dataset) -> Iterator[StoredVersion]:
        """A dataset's versions, newest first: one for each run that wrote it, one in all if it is only read.

        Raises:
            DatasetNotFound: no event spoke of it, or it was deleted.
        """
        try:
            yield from self._all(StoredVersion, "versions", self._path(dataset, "/versions"))
        except MarquezNotFound as refusal:
            raise DatasetNotFound(dataset, refusal) from refusal

    def jobs(self, namespace: str | None = None) -> Iterator[StoredJob]:
        """Jobs of a namespace, or of all, last updated first."""
        url = self._url("/jobs") if namespace is None else self._url("/namespaces/{0}/jobs", namespace)
        return self._all(StoredJob, "jobs", url)

    def job(self, job: Job) -> StoredJob:
        """One job with the datasets of its current version."""
        return self._one(StoredJob, self._path(job))

    def runs(self, job: Job) -> Iterator[StoredRun]:
        """A job's runs, latest start first."""
        return self._all(StoredRun, "runs", self._path(job, "/runs"))

    def run(self, run_id: str) -> StoredRun:
        """One run with its facets and those of what it read and wrote."""
        return self._one(StoredRun, self._url("/jobs/runs/{0}", run_id))

    def run_facets(self, run_id: str, *, of: Literal["run", "job"] = "run") -> Json:
        """Facets that a run sent of itself, or of its job in that run; empty when it sent none."""
        told = self._get(self._url("/jobs/runs/{0}/facets", run_id), {"type": of})
        return dict(told["facets"]) if told else {}

    def search(
        self, part: str, *, kind: Literal["DATASET", "JOB"] | None = None, namespace: str | None = None, limit: int = 10
    ) -> tuple[Found, ...]:
        """Datasets and jobs whose name contains the part; `%` and `_` are wildcards. In no order."""
        asked = {"q": part, "filter": kind, "namespace": namespace, "limit": limit}
        url = self._url("/search")
        return self._listed(Found, "results", self._get(url, asked), url)

    # graphs ---------------------------------------------------------------------------------------------------------

    def lineage(self, node: Node, *, depth: int = 20) -> tuple[GraphNode, ...]:
        """The graph around a dataset or job in both directions, of current job versions only.

        Marquez cannot look up a dataset whose name begins with a digit under a namespace with "://" (issue 2921), and
        reads what follows a `#` in a name as a version.
        """
        return self._graph("/lineage", _node_id(node), depth=depth)

    def column_lineage(
        self, node: Node, column: str | None = None, *, depth: int = 20, downstream: bool = False
    ) -> tuple[GraphNode, ...]:
        """The graph of columns that a column, or those of a dataset or job, come from; with `downstream` go to."""
        node_id = _node_id(node) if column is None else f"datasetField:{node.namespace}:{node.name}:{column}"
        return self._graph("/column-lineage", node_id, depth=depth, withDownstream=str(downstream).lower())

    def _graph(self, path: str, node_id: str, **asked: Any) -> tuple[GraphNode, ...]:
        url = self._url(path)
        return self._listed(GraphNode, "graph", self._get(url, {"nodeId": node_id, **asked}), url)

    # tags -----------------------------------------------------------------------------------------------------------

    def put_tag(self, name: str, description: str) -> StoredTag:
        """Make a tag, or describe it anew."""
        return self._value(StoredTag, self._put(self._url("/tags/{0}", name), {"description": description}), name)

    def tag(self, node: Node, tag: str, *, column: str | None = None) -> None:
        """Put a tag on a dataset, a job or a column; an unknown tag is made. On columns it becomes upper case."""
        self._call("POST", self._tagging(node, tag, column))

    def untag(self, node: Node, tag: str, *, column: str | None = None) -> None:
        """Take a tag off again; nothing happens when it is not there."""
        self._call("DELETE", self._tagging(node, tag, column))

    def _tagging(self, node: Node, tag: str, column: str | None) -> str:
        field = self._url("/fields/{0}", column).removeprefix(self._api_base) if column else ""
        return self._path(node, field + self._url("/tags/{0}", tag).removeprefix(self._api_base))

    # answers into values ---------------------------------------------------------------------------------------------

    def _path(self, node: Node, tail: str = "") -> str:
        kind = "datasets" if isinstance(node, Dataset) else "jobs"
        return str(self._url(f"/namespaces/{{0}}/{kind}/{{1}}", node.namespace, node.name)) + tail

    def _all(self, kind: type[V], key: str, url: str) -> Iterator[V]:
        for offset in itertools.count(step=LISTED):
            listed = self._listed(kind, key, self._get(url, {"limit": LISTED, "offset": offset}), url)
            yield from listed
            if len(listed) < LISTED:
                return

    def _one(self, kind: type[V], url: str, asked: Json | None = None) -> V:
        return self._value(kind, self._get(url, asked), url)

    def _listed(self, kind: type[V], key: str, told: Any, url: str) -> tuple[V, ...]:
        listed = told.get(key) if isinstance(told, dict) else None
        if not isinstance(listed, list):
            raise AnswerInvalid(self._called("GET", url), f"no list of {key}")
        return tuple(self._value(kind, one, url) for one in listed)

    def _value(self, kind: type[V], told: Any, url: str) -> V:
        try:
            return pydantic.TypeAdapter(kind).validate_python(told)
        except pydantic.ValidationError as problem:
            where = ".".join(str(part) for part in problem.errors()[0]["loc"])
            raise AnswerInvalid(
                self._called("GET", url), f"{where or kind.__name__}: {problem.errors()[0]['msg']}"
            ) from problem


def _node_id(node: Node) -> str:
    return f"{'dataset' if isinstance(node, Dataset) else 'job'}:{node.namespace}:{node.name}"


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _time_of(event: Json) -> datetime:
    """In whole microseconds, cut off: never later than the moment that Marquez keeps, which it rounds."""
    try:
        return datetime.fromisoformat(event["eventTime"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError) as problem:
        raise AnswerInvalid("GET /events/lineage", "an event without a time") from problem


def _fingerprint(event: Json) -> bytes:
    return hashlib.blake2b(json.dumps(event, sort_keys=True).encode(), digest_size=16).digest()
