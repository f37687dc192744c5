"""Findings that say the same of several columns of a dataset: told once, with the columns' names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from catalog.review.report.wording import PROSE
from catalog.review.review import Reviewed

NAMED = 12
"""Columns named in one sentence, before the rest is counted."""
WORD = re.compile(r"`[^`]*`|\w+(?:\.\w+)*")


def siblings(findings: Iterable[Reviewed]) -> Iterator[tuple[Reviewed, ...]]:
    """Those that differ in their column and values only, at the place of the first."""
    found: dict[object, list[Reviewed]] = {}
    for one in findings:
        found.setdefault(_sense(one), []).append(one)
    yield from map(tuple, found.values())


def as_one(ones: tuple[Reviewed, ...]) -> Reviewed:
    """The first, with the columns of all in its reasons and its way on."""
    first, *others = ones
    if not others or not first.finding.change.path:
        return first
    paths = [one.finding.change.path for one in ones]
    more = f" and {len(paths) - NAMED:,} more" if len(paths) > NAMED else ""
    plain, quoted = (", ".join(f"{mark}{path}{mark}" for path in paths[:NAMED]) + more for mark in ("", "`"))
    path, finding = paths[0], first.finding
    told = tuple(replace(one, reason=_with(one.reason, path, plain, quoted)) for one in finding.verdicts)
    return replace(
        first, finding=replace(finding, verdicts=told, remedy=_with(finding.remedy, path, plain, quoted))
    )  # fmt: skip


def _sense(one: Reviewed) -> tuple[Any, ...]:
    """All that is said of a finding, but for the column's name."""
    finding, path = one.finding, one.finding.change.path
    who = tuple(
        (each.consumer.name, each.consumer.engine, each.consumer.direction, each.consumer.owner, each.consumer.tier,
         each.word, _with(each.reason, path, "\0", "\0"))
        for each in finding.verdicts
    )  # fmt: skip
    return (
        finding.dataset, finding.change.rule, finding.complete, finding.since, one.observed,
        one.waiver and replace(one.waiver, fingerprint="", basis="", place=None),
        _with(finding.remedy, path, "\0", "\0"), who,
    )  # fmt: skip


def _with(text: str, path: str, plain: str, quoted: str) -> str:
    """The text, as far as it is shown, with other words where it names the column."""
    shown, ways = text[: 2 * PROSE], {path: plain, f"`{path}`": quoted}
    return WORD.sub(lambda found: ways.get(found[0], found[0]), shown) if path in shown else shown
