"""Drift pages: everything that is no longer as accepted, and of one dataset the history, who breaks, what to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog import graph, history
from catalog.dataset import Dataset
from catalog.drift import Finding
from catalog.drift.classify import Verdict
from catalog.entry import Answer, Change, Impact, Origin, short
from catalog.observe import Observation, called, observe
from catalog.observe.told import Drift, urgency
from catalog.site import address, wording
from catalog.site.reading import Reading
from catalog.wire import SCHEMA_DRIFT

LISTED = 200
"""Findings on the page of all, and datasets in a list."""


def listed(site: Reading) -> str:
    """All open drift, the worst first; and what nobody has looked at, which is not the same as no drift."""
    found = sorted((one for standing in site.drifts.values() for one in standing.open), key=urgency)
    looked = [one for one in site.drifts if one in site.datasets]
    unseen = [one for one, mark in site.datasets.items() if mark.drift is None and not mark.vanished]
    return site.page(
        "drifts.html",
        path=address.DRIFT,
        found=found[:LISTED],
        hidden=len(found[LISTED:]),
        counts={word: sum(one.word == word for one in found) for word in wording.VERDICTS},
        looked=looked,
        tasks={job.name for job in site.jobs},
        clean=sorted((one for one in looked if site.drifts[one].clean), key=short),
        unsure=sorted((one for one in looked if not site.drifts[one].complete), key=short),
        unmeasured=sorted((one for one in looked if not site.drifts[one].baseline), key=short),
        unseen=sorted(unseen, key=lambda one: (not site.datasets[one].drifted, short(one), one)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One open change with everything that helps to decide about it."""

    drift: Drift
    history: tuple[Change, ...]
    impact: Impact
    verdicts: Mapping[str, Verdict]
    """By the consumer's name, as judged now: who that is, and where the rule is written."""


def dataset(site: Reading, which: Dataset) -> str:
    """Where a dataset is no longer as accepted: since when, who breaks, what it reaches, what to do.

    What the record tells comes first; what the same judgement says now, of the record as it is, completes it.
    """
    entry, standing = site.index.dataset(which), site.standing(which)
    told = standing.open if standing else ()
    versions = history.versions(site.index, which).value
    now = observe(site.index, which, **({"baseline": standing.baseline} if standing and standing.baseline else {}))
    found, known = {one.fingerprint: one for one in now.value.findings}, {one.fingerprint for one in told}
    return site.page(
        "drift.html",
        path=address.drift(which),
        entry=entry,
        standing=standing,
        looked=_looked(site, which),
        cases=[_case(site, one, found.get(one.fingerprint)) for one in told],
        since_then=[one for one in found.values() if one.fingerprint not in known],
        gone=[one for one in told if one.fingerprint not in found] if _sure(now) else (),
        paged={column.path for columns in (entry.columns, *(one.columns for one in versions)) for column in columns},
        spared=now.value.spared,
        name=called(entry),
    )


def _sure(now: Answer[Observation]) -> bool:
    """Whether what is not found is not there; without a baseline, or a look, nothing is found."""
    return now.value.baseline is not None and now.completeness.complete


def _case(site: Reading, one: Drift, found: Finding | None) -> Case:
    return Case(
        drift=one,
        history=history.column(site.index, one.dataset, one.path).value if one.path else (),
        impact=graph.impact(site.index, one.dataset, column=one.path or None).value,
        verdicts={each.consumer.name: each for each in found.verdicts} if found else {},
    )


def _looked(site: Reading, which: Dataset) -> Origin | None:
    """Who told the drift that is shown, and when."""
    found = site.index.facet(which, SCHEMA_DRIFT)
    return found[1] if found else None
