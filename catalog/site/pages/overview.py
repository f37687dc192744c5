"""Pages over everything: is all well, what changed, and how good the data is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from catalog import history
from catalog.dataset import Dataset
from catalog.entry import BLOCKING, Change, CheckEntry, DatasetEntry
from catalog.index import glance
from catalog.observe.told import word_of
from catalog.site import address, picture
from catalog.site.reading import LONG_AGO, Reading
from catalog.wire import VERDICTS

DRAWN = 60
"""Datasets in the picture on the first page; more are no picture."""
LISTED = 9
"""Checks, and changes, on the first page; the others are behind a link."""
A_DAY = 40
"""Changes of one day that are open at once."""
WEEK = timedelta(days=7)
SPANS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (0, "everything"))


def home(site: Reading) -> str:
    """Is all well? What fails, what is stale, what changed this week, what is used most."""
    marks = {dataset: mark for dataset, mark in site.datasets.items() if not mark.vanished}
    count, failing = glance.failing(site.index, most=LISTED)
    changes, newest = glance.changed(site.index, since=site.now - WEEK, most=5 * LISTED)
    jobs, broken = glance.broken(site.index)
    stale = [dataset for dataset, mark in marks.items() if mark.freshness == "stale"]
    drifted = sorted((one for one in marks if marks[one].drifted), key=lambda one: _breaking_first(marks[one].drift))
    return site.page(
        "home.html",
        path=address.HOME,
        marks=marks,
        failing=failing,
        failing_count=count,
        ill=sum(mark.health == "failing" for mark in marks.values()),
        stale=[
            site.index.dataset(one) for one in sorted(stale, key=lambda one: marks[one].last_written or LONG_AGO)[:5]
        ],
        stale_count=len(stale),
        drifted=[(site.index.dataset(one), site.standing(one)) for one in drifted[:5]],
        drifted_count=len(drifted),
        breaking=sum(mark.drift == "breaking" for mark in marks.values()),
        unowned=sum(not mark.owner for mark in marks.values()),
        broken=broken,
        jobs=jobs,
        changes=_telling(history.changes(site.index, since=newest).value)[:LISTED] if changes else (),
        changes_count=changes,
        used=sorted((one for one in marks if marks[one].reads_30d), key=lambda one: (-marks[one].reads_30d, one))[:8],
        picture=picture.pipeline(site) if 0 < len(marks) <= DRAWN else None,
    )


def _breaking_first(verdict: str | None) -> int:
    """What is only not as its contract promises, and no drift that anybody judged, comes last."""
    return VERDICTS.index(word_of(verdict)) if verdict else len(VERDICTS)


def _telling(changes: Iterable[Change]) -> list[Change]:
    """What became different before what is only new: on the first day of a record everything is."""
    return sorted(changes, key=lambda change: change.kind == "dataset_new")


def changed(site: Reading, *, days: int = 30) -> str:
    """What became different, by day, newest first; `days` count back from the newest reading, 0 is everything."""
    since = site.now - timedelta(days=days) if days else LONG_AGO
    found = history.changes(site.index, since=since).value
    return site.page(
        "changes.html", path=address.CHANGES, days=by_day(found), count=len(found), span=days, spans=SPANS, most=A_DAY
    )


def by_day(changes: Iterable[Change]) -> list[tuple[date, list[Change]]]:
    """Changes under the day they happened on, in the order given."""
    return [(day, list(these)) for day, these in groupby(changes, key=lambda change: change.time.date())]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the checks of one owner's datasets stand."""

    owner: str
    checks: int
    failed: int
    datasets: int
    unchecked: int


def quality(site: Reading) -> str:
    """All checks, failing ones first, and by owner; the datasets that nobody checks."""
    checks = sorted(site.checks, key=_worst_first)
    named = {entry.dataset: entry for entry in site.entries}
    of_dataset = [(named[dataset], these) for dataset, these in _grouped(checks) if dataset in named]
    return site.page(
        "quality.html",
        path=address.QUALITY,
        checks=checks,
        failing=[check for check in checks if not check.success],
        by_dataset=sorted(of_dataset, key=lambda pair: (all(c.success for c in pair[1]), pair[0].dataset)),
        standings=standings(site.entries, checks),
        unchecked=sorted((e for e in site.entries if e.health == "unchecked"), key=lambda e: (-e.reads_30d, e.dataset)),
        passes=passes(checks),
    )


def standings(entries: Iterable[DatasetEntry], checks: Iterable[CheckEntry]) -> list[Standing]:
    """One line per owner, those with most failing checks first; "" owns what nobody does."""
    by_dataset = dict(_grouped(checks))
    found = []
    for owner, owned in groupby(sorted(entries, key=lambda e: e.owner or ""), key=lambda e: e.owner or ""):
        mine = list(owned)
        theirs = [check for entry in mine for check in by_dataset.get(entry.dataset, ())]
        found.append(
            Standing(
                owner=owner, checks=len(theirs), failed=sum(not check.success for check in theirs), datasets=len(mine),
                unchecked=sum(entry.dataset not in by_dataset for entry in mine),
            )
        )  # fmt: skip
    return sorted(found, key=lambda standing: (-standing.failed, standing.owner))


def passes(checks: Iterable[CheckEntry]) -> list[tuple[date, int, int]]:
    """(day, passed, failed) over the last results of all checks, oldest first."""
    results = sorted((time.date(), good) for check in checks for time, good in check.history)
    days = [(day, [good for _, good in these]) for day, these in groupby(results, key=lambda result: result[0])]
    return [(day, sum(good), len(good) - sum(good)) for day, good in days]


def _grouped(checks: Iterable[CheckEntry]) -> list[tuple[Dataset, Sequence[CheckEntry]]]:
    ordered = sorted(checks, key=lambda check: check.dataset)
    return [(dataset, list(these)) for dataset, these in groupby(ordered, key=lambda check: check.dataset)]


def _worst_first(check: CheckEntry) -> tuple[object, ...]:
    return check.success, check.severity not in BLOCKING, check.dataset, check.column or "", check.name
