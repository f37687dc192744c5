"""Open drift as commands answer it: plain values for machines, tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console

from catalog.dataset import Dataset
from catalog.drift import Change, Finding
from catalog.entry import Column
from catalog.observe import Baseline, Observation
from catalog.observe.told import standing
from catalog.render import text
from catalog.render.wording import moment
from catalog.wire import Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Somebody who reads the dataset, and what the change means to them."""

    name: str
    owner: str
    word: Word
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDrift:
    """One change that nobody has accepted."""

    fingerprint: str
    dataset: str
    rule: str
    path: str
    before: str | None
    after: str | None
    verdict: Word
    since: datetime | None
    complete: bool
    """Whether everybody who reads the dataset is known."""
    consumers: tuple[Judged, ...]
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One dataset against its baseline, the worst change first."""

    dataset: Dataset
    baseline: Baseline | None
    compared: bool
    open: tuple[OpenDrift, ...]
    spared: tuple[str, ...]
    """What is missing and no drift, since it may be chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A baseline that was moved."""

    dataset: Dataset
    baseline: str
    accepted_by: str
    reason: str
    since: datetime
    accepted: tuple[OpenDrift, ...]
    columns: tuple[Column, ...]


def opened(found: Finding, known: Mapping[str, datetime | None] | None = None) -> OpenDrift:
    """A finding as an answer; `known`: since when it is open as told before, by fingerprint."""
    change = found.change
    return OpenDrift(
        fingerprint=found.fingerprint, dataset=found.dataset, rule=change.rule, path=change.path, before=change.before,
        after=change.after, verdict=found.word, since=(known or {}).get(found.fingerprint) or found.since,
        complete=found.complete, remedy=found.remedy,
        consumers=tuple(
            Judged(name=one.consumer.name, owner=one.consumer.owner, word=one.word, reason=one.reason)
            for one in found.verdicts
        ),
    )  # fmt: skip


def drift(found: Observation, told: Mapping[str, Any] | None) -> Drift:
    """An observation as an answer, with what its last facet told."""
    known = standing(found.dataset, told).known if told else {}
    return Drift(
        dataset=found.dataset, baseline=found.baseline, compared=found.compared, spared=found.spared,
        open=tuple(opened(one, known) for one in found.findings),
    )  # fmt: skip


def listed(out: Console, found: Sequence[OpenDrift]) -> None:
    """Every open change in a line: the verdict, since when, what, and who breaks."""
    rows = [
        (one.verdict, moment(one.since), one.dataset, change(one), concerned(one), one.fingerprint) for one in found
    ]
    text.table(out, ("what", "since", "dataset", "change", "who", "fingerprint"), rows)


def shown(out: Console, found: Drift) -> None:
    """One dataset: its baseline, each change with everybody's verdict, and what to do."""
    kept = found.baseline
    words = f"accepted by {kept.accepted_by} on {moment(kept.since)}: {kept.reason}" if kept else "no baseline yet"
    out.print(f"{found.dataset}: {words}")
    if kept and not found.compared:
        out.print("Not compared: nobody has looked at it since.")
    elif kept and not found.open:
        out.print("As accepted.")
    for one in found.open:
        out.print(f"\n{change(one)} [{one.verdict}] since {moment(one.since) or 'not known'}  {one.fingerprint}")
        text.table(out, ("who", "owner", "verdict", "why"),
                   [(each.name, each.owner, each.word, each.reason) for each in one.consumers])  # fmt: skip
        if not one.complete:
            out.print("Not everybody who reads it is known.")
        out.print(one.remedy)
    for line in found.spared:
        out.print(f"no drift: {line}", style="dim")


def moved(out: Console, found: Accepted) -> None:
    """What was accepted, and what to do to see it."""
    for one in found.accepted:
        out.print(f"accepted: {change(one)} of {one.dataset}")
    out.print(f"The baseline {found.baseline} of {found.dataset} has {len(found.columns)} columns now.")


def change(one: OpenDrift) -> str:
    """A change in words."""
    return str(Change(rule=one.rule, path=one.path, before=one.before, after=one.after))


def concerned(one: OpenDrift) -> str:
    """Whom the verdict is about."""
    names = ", ".join(each.name for each in one.consumers if each.word == one.verdict != "compatible")
    return names or ("nobody" if one.complete else "not known")
