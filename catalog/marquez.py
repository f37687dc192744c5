"""The one client of the backend's REST API: Marquez 0.51.1, or the embedded server that answers like it."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import pydantic

from catalog.dataset import Dataset
from catalog.errors import AnswerInvalid, DatasetNotFound, MarquezNotFound
from catalog.settings import Settings
from catalog.stored import EventPage, Json, StoredDataset, StoredTag, TagPage
from catalog.transport import Transport

V = TypeVar("V")
BEGIN_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME = datetime(9999, 12, 31, tzinfo=UTC)
"""Both are sent always: without `before` Marquez ends its answers at 2030-01-01."""
DATASET = "/namespaces/{0}/datasets/{1}"
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

    def tell(self, event: Json) -> None:
        """Send one OpenLineage run event; told twice, it is told once: an event is known by what it says."""
        self._call("POST", self._url("/lineage"), payload=event)

    # events ---------------------------------------------------------------------------------------------------------

    def page(self, *, after: datetime | None = None, before: datetime | None = None, limit: int = 500) -> EventPage:
        """The first run events by their own time, `after` included and `before` not. Ties come in any order."""
        span = {"after": _moment(after or BEGIN_OF_TIME), "before": _moment(before or END_OF_TIME)}
        asked = {**span, "sortDirection": "asc", "limit": limit}
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

    def tags(self) -> Iterator[StoredTag]:
        """All known tags by name."""
        url = self._url("/tags")
        for offset in itertools.count(step=LISTED):
            listed = self._one(TagPage, url, {"limit": LISTED, "offset": offset}).tags
            yield from listed
            if len(listed) < LISTED:
                return

    def dataset(self, dataset: Dataset) -> StoredDataset:
        """One dataset with all its facets.

        Raises:
            DatasetNotFound: no event spoke of it, or it was deleted.
        """
        try:
            return self._one(StoredDataset, self._url(DATASET, dataset.namespace, dataset.name))
        except MarquezNotFound as refusal:
            raise DatasetNotFound(dataset, refusal) from refusal

    # tags -----------------------------------------------------------------------------------------------------------

    def put_tag(self, name: str, description: str) -> StoredTag:
        """Make a tag, or describe it anew."""
        return self._value(StoredTag, self._put(self._url("/tags/{0}", name), {"description": description}), name)

    def tag(self, dataset: Dataset, tag: str, *, column: str | None = None) -> None:
        """Put a tag on a dataset or a column; an unknown tag is made. On columns it becomes upper case."""
        self._call("POST", self._tagging(dataset, tag, column))

    def untag(self, dataset: Dataset, tag: str, *, column: str | None = None) -> None:
        """Take a tag off again; nothing happens when it is not there."""
        self._call("DELETE", self._tagging(dataset, tag, column))

    def _tagging(self, dataset: Dataset, tag: str, column: str | None) -> str:
        place, names = ("/fields/{2}/tags/{3}", (column, tag)) if column else ("/tags/{2}", (tag,))
        return str(self._url(DATASET + place, dataset.namespace, dataset.name, *names))

    # answers into values ---------------------------------------------------------------------------------------------

    def _one(self, kind: type[V], url: str, asked: Json | None = None) -> V:
        return self._value(kind, self._get(url, asked), url)

    def _value(self, kind: type[V], told: Any, url: str) -> V:
        try:
            return pydantic.TypeAdapter(kind).validate_python(told)
        except pydantic.ValidationError as problem:
            where = ".".join(str(part) for part in problem.errors()[0]["loc"])
            raise AnswerInvalid(
                self._called("GET", url), f"{where or kind.__name__}: {problem.errors()[0]['msg']}"
            ) from problem


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
