"""What changed and since when, from what several witnesses told: the rule of docs/decisions/0008. Pure.

A witness is a job on one side of a dataset: what it reads, or what it writes. Witnesses know different things (a Spark
step says `string`, the task says `string(64)` and more; a reader may know fewer columns), so each has a timeline of its
own, and a change is only where one witness tells otherwise than it did before. A witness that has looked at the data
is heard only when it looked: what it repeats of a contract, in an hour without rows, is no news. Equal changes by
several witnesses are one, the first, until something else happens to the same column.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.facet import NAMES, PROMISED, SEEN

Content = int
Knowledge = tuple[bool, bool, bool]
"""Whether a witness tells column details, whether it looked at the data, whether it writes."""
DAY = 86_400_000_000
PATIENCE = 30 * DAY
"""A witness that is silent for so long while others tell of the dataset has gone; its history stays."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Telling:
    """One witness's word in one run."""

    time: int
    event: int
    job: int
    side: str
    run: int
    parent: int
    """The run at the root of it (a DAG run), itself when there is none."""
    content: Content
    final: bool = True
    """Told when the run ended; what was said while it went on counts only where nothing is said at its end."""
    knows: int = NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """An unbroken row of equal tellings by one witness."""

    first: Telling
    until: int | None
    """When the same witness told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One content while witnesses tell it."""

    content: Content
    first: Telling
    until: int | None
    witnesses: frozenset[int]
    seen: bool
    """Whether who told it first looked at the data; otherwise it is what a contract promises."""
    main: bool
    """Told by witnesses that know as much as the leading one; the others are kept beside."""


def witnesses(tellings: Iterable[Telling]) -> dict[tuple[int, str], list[Telling]]:
    """The tellings of each witness, oldest first, one content per run."""
    by_run: dict[tuple[int, str], dict[int, list[Telling]]] = {}
    for telling in sorted(tellings, key=_when):
        by_run.setdefault((telling.job, telling.side), {}).setdefault(telling.run, []).append(telling)
    found = {
        who: sorted((one for run in runs.values() for one in _of_run(run)), key=_when) for who, runs in by_run.items()
    }
    return {who: _heard(told) for who, told in found.items()}


def _when(telling: Telling) -> tuple[int, int]:
    return telling.time, telling.event


def _of_run(told: list[Telling]) -> list[Telling]:
    final = [telling for telling in told if telling.final]
    return final or told


def _heard(told: list[Telling]) -> list[Telling]:
    looked = any(telling.knows == SEEN for telling in told)
    return [telling for telling in told if telling.knows != PROMISED] if looked else told


def segments(told: Sequence[Telling]) -> list[Segment]:
    """A witness's timeline, oldest first."""
    starts = [n for n, telling in enumerate(told) if n == 0 or telling.content != told[n - 1].content]
    ends = [*starts[1:], len(told)]
    return [
        Segment(first=told[start], until=told[end].time if end < len(told) else None)
        for start, end in zip(starts, ends, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The last word of a witness."""

    job: str
    side: str
    time: int
    content: Content
    knows: int

    @property
    def knowledge(self) -> Knowledge:
        """How much it knows."""
        return _knowledge(self.knows, self.side)


def leader(words: Iterable[Word]) -> Word | None:
    """The witness whose word is the dataset's present schema, None when nobody tells any.

    Of those that are still there: who tells column details, before who looked, before who wrote, before the newest,
    before the name.
    """
    told = sorted(words, key=lambda word: (word.job, word.side, word.content))
    newest = max((word.time for word in told), default=0)
    there = [word for word in told if newest - word.time <= PATIENCE]
    return max(there, key=lambda word: (*word.knowledge, word.time), default=None)


def _knowledge(knows: int, side: str) -> Knowledge:
    return knows != NAMES, knows == SEEN, side == "out"


def versions(by_witness: Mapping[tuple[int, str], Sequence[Telling]], least: Knowledge) -> list[Version]:
    """The contents in the order in which they began, each with all who told it; `least`: the leader's knowledge."""
    found: list[Version] = []
    spans = (
        (who, _knowledge(told[-1].knows, who[1]) >= least, one)
        for who, told in by_witness.items()
        for one in segments(told)
    )
    for who, main, span in sorted(spans, key=lambda item: item[2].first):
        at = next((n for n in reversed(range(len(found))) if _continues(found, n, span, main)), None)
        if at is None:
            seen, told_by = span.first.knows != PROMISED, frozenset({who[0]})
            first = span.first
            found.append(
                Version(content=first.content, first=first, until=span.until, witnesses=told_by, seen=seen, main=main)
            )
        else:
            known = found[at]
            until = None if known.until is None or span.until is None else max(known.until, span.until)
            found[at] = replace(known, until=until, witnesses=known.witnesses | {who[0]})
    return found


def _continues(found: list[Version], n: int, span: Segment, main: bool) -> bool:
    """Whether a span goes on with a version: the same content, not yet over, or nothing else began since it was."""
    known = found[n]
    if known.content != span.first.content or known.main != main:
        return False
    return known.until is None or known.until >= span.first.time or not any(one.main == main for one in found[n + 1 :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing that a witness tells otherwise than before; `path` is empty for the dataset itself."""

    origin: Telling
    kind: str
    path: str = ""
    before: str | None = None
    after: str | None = None


def once(turns: Iterable[Turn]) -> list[Turn]:
    """The turns in order of time, each thing that happened once.

    Several witnesses within one run of the whole (a DAG run) see the same thing in their own words: who knows most is
    heard. In later runs, a turn that only repeats the last one at its path was seen late, and is left out.
    """
    heard: dict[tuple[int, str, str], Turn] = {}
    for turn in sorted(turns, key=lambda turn: (-turn.origin.knows, turn.origin.side != "out", turn.origin)):
        known = heard.setdefault((turn.origin.parent, turn.kind, turn.path), turn)
        if known is not turn and (known.origin.job, known.origin.side) == (turn.origin.job, turn.origin.side):
            heard[turn.origin.event, turn.kind, turn.path] = turn  # one witness, two turns in one run: both
    last: dict[tuple[str, str], tuple[str | None, ...]] = {}
    found: list[Turn] = []
    for turn in sorted(heard.values(), key=lambda turn: (turn.origin, turn.kind, turn.path)):
        added = turn.kind in ("column_added", "column_removed")
        said = (turn.kind,) if added else (turn.kind, turn.before, turn.after)
        subject = ("column" if turn.kind.startswith("column") else turn.kind, turn.path)
        if last.get(subject) != said:
            found.append(turn)
        last[subject] = said
    return found
