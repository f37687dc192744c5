"""What somebody should look at: where data fails, is late, differs from what is promised, or belongs to nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from catalog.dataset import Dataset
from catalog.entry import Answer, CheckEntry, DatasetEntry, Difference, short

if TYPE_CHECKING:
    from catalog.index import Index

Kind = Literal["failing", "warning", "stale", "drifted", "unseen", "undocumented", "unowned"]
ORDER: tuple[Kind, ...] = ("failing", "stale", "drifted", "warning", "unseen", "unowned", "undocumented")
"""The most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing about one dataset, whom it concerns, and since when it is so (None: not told)."""

    kind: Kind
    dataset: Dataset
    words: str
    owner: str | None
    since: datetime | None


def concerns(index: "Index", datasets: tuple[Dataset, ...] | None = None) -> Answer[tuple[Concern, ...]]:
    """Everything to look at about some datasets, or about all; the most urgent first, then by name.

    A dataset that vanished concerns nobody any more.
    """
    found = [
        concern
        for listed in index.datasets()
        if not listed.vanished and (datasets is None or listed.dataset in datasets)
        for concern in _about(listed, index.checks(listed.dataset))
    ]
    found.sort(key=lambda one: (ORDER.index(one.kind), short(one.dataset), str(one.dataset), one.words))
    return Answer(value=tuple(found), completeness=index.completeness())


def told(one: Difference) -> str:
    """A difference in words."""
    promised = f"promised {one.promised}" if one.promised else "not promised"
    return f"{promised}, {f'observed {one.observed}' if one.observed else 'not there'}"


def _named(check: CheckEntry) -> str:
    return f"{check.name} of {check.column}" if check.column else check.name


def _about(entry: DatasetEntry, checks: tuple[CheckEntry, ...]) -> Iterator[Concern]:
    def concern(kind: Kind, words: str, since: datetime | None = None) -> Concern:
        return Concern(kind=kind, dataset=entry.dataset, words=words, owner=entry.owner, since=since)

    for check in checks:
        if not check.success:
            kind: Kind = "failing" if check.health == "failing" else "warning"
            yield concern(kind, f"{_named(check)}: expected {check.expected}, found {check.actual}", check.since)
    if entry.freshness == "stale":
        yield concern("stale", f"promised every {entry.promised_every}, written last", entry.last_written)
    for one in entry.differences:
        yield concern("drifted", f"{one.path}: {told(one)}", one.since)
    if entry.first_seen is None:
        yield concern("unseen", f"promised by {entry.contract}, never seen")
    if not entry.owner:
        yield concern("unowned", "nobody answers for it", entry.first_seen)
    if not entry.description:
        yield concern("undocumented", "no description", entry.first_seen)
