"""What a review says in words, once for all forms; a form only brings how it writes names and prose."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from catalog.drift.classify import Consumer, Verdict
from catalog.drift.rule import RULES
from catalog.review.review import Place, Review, Reviewed
from catalog.wire import VERDICTS, Word

TITLE: dict[Word, str] = {
    "breaking": "Breaking", "cannot tell": "Questions", "may break": "May break", "compatible": "Compatible"
}  # fmt: skip
HOW: dict[Word, str] = {
    "breaking": "breaks", "cannot tell": "cannot tell for", "may break": "may break", "compatible": "harmless to"
}  # fmt: skip
OBSERVED = {
    "already so": "the data is so already", "not yet": "the data is still as before",
    "otherwise": "the data is neither as before nor as it becomes",
}  # fmt: skip
BASIS = {
    "snapshot": "a snapshot of the record", "backend": "the backend's record",
    "declared": "contracts, suites and SQL only: readers that only the record knows are missing",
}  # fmt: skip
NAME, PROSE = 90, 300
"""The longest name and the longest sentence; what is longer is cut."""
MANY = 6
"""Readers named with one reason, and reasons given, before the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a form writes a name from the outside, and a sentence from the outside."""

    name: Callable[[str], str]
    prose: Callable[[str], str]
    strong: Callable[[str], str]


def clipped(text: str, size: int = PROSE) -> str:
    """On one line, not longer than `size` letters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= size else f"{flat[: size - 1]}…"


PLAIN = Dialect(name=lambda text: clipped(text, NAME), prose=clipped, strong=str)


def open_ones(review: Review, word: Word) -> tuple[Reviewed, ...]:
    """The findings of this verdict that nobody waived, in the review's order."""
    return tuple(one for one in review.findings if one.waiver is None and one.finding.word == word)


def counts(review: Review) -> str:
    """How many of each verdict, the worst first: "2 breaking, 1 question, 3 compatible, 1 waived"."""
    found = Counter("waived" if one.waiver else one.finding.word for one in review.findings)
    questions = "questions" if found["cannot tell"] > 1 else "question"
    words = [(word, questions if word == "cannot tell" else word) for word in (*VERDICTS, "waived")]
    told = [f"{found[word]:,} {says}" for word, says in words if found[word]]
    if review.problems:
        told.append(f"{len(review.problems):,} problem{'s' * (len(review.problems) > 1)} of the review")
    return ", ".join(told) or "nothing changes"


def verdict(review: Review) -> str:
    """The counts, and "unknown" before them when the record lacks what would prove it fine."""
    return f"unknown, {counts(review)}" if review.outcome == "unknown" and review.reasons else counts(review)


def headline(one: Reviewed, dialect: Dialect) -> str:
    """What changes: dataset, column, in words, before and after."""
    return f"{subject(one, dialect)}: {change(one, dialect)}"


def subject(one: Reviewed, dialect: Dialect) -> str:
    """Dataset and column."""
    return " ".join(dialect.name(word) for word in (one.finding.dataset, one.finding.change.path) if word)


def change(one: Reviewed, dialect: Dialect) -> str:
    """The change in words, with before and after."""
    rule = one.finding.change.rule
    if rule == "column.added" and one.finding.change.new is None:  # a statement expects it (review.statement)
        return "is named and not there"
    return f"{RULES[rule].words if rule in RULES else dialect.prose(rule)}{_values(one, dialect)}"


def _values(one: Reviewed, dialect: Dialect) -> str:
    """Before and after, as far as there is one."""
    before, after = one.finding.change.before, one.finding.change.after
    if before is not None and after is not None and before != after:
        return f", {dialect.name(before)} → {dialect.name(after)}"
    if after:
        return f": {dialect.name(after)}"
    return f" (was {dialect.name(before)})" if before else ""


def lines(one: Reviewed, dialect: Dialect) -> Iterator[str]:
    """Who breaks and why, what the record says, and the way on: a sentence each."""
    finding = one.finding
    groups = _together(finding.verdicts)
    yield from (_judged(group, dialect) for group in groups[:MANY])
    if len(groups) > MANY:
        yield f"And {sum(map(len, groups[MANY:])):,} more, for other reasons."
    harmless = sum(verdict.word == "compatible" for verdict in finding.verdicts)
    if harmless == len(finding.verdicts):
        yield (
            "Who reads it is not fully known."
            if not finding.complete
            else f"{harmless} known reader{'s' * (harmless > 1)} bear{'s' * (harmless == 1)} it."
            if harmless
            else "Nobody is known to read it."
        )
    elif not finding.complete:
        yield "There may be readers that the record does not know."
    if one.observed:
        since = f", since {finding.since:%Y-%m-%d %H:%M} UTC" if finding.since and one.observed != "not yet" else ""
        yield f"Record: {OBSERVED[one.observed]}{since}."
    if finding.remedy and finding.word != "compatible":
        yield f"{dialect.strong('Way on:')} {dialect.prose(finding.remedy)}"
    if one.waiver:
        yield (
            f"Waived by {dialect.name(one.waiver.owner)} until {one.waiver.expires}: {dialect.prose(one.waiver.reason)}"
        )


def _together(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """Those that are harmed, with those of the same word and reason."""
    found: dict[tuple[str, str], list[Verdict]] = {}
    for one in verdicts:
        if one.word != "compatible":
            found.setdefault((one.word, one.reason), []).append(one)
    return list(found.values())


def _judged(group: list[Verdict], dialect: Dialect) -> str:
    named = ", ".join(reader(one.consumer, dialect) for one in group[:MANY])
    more = f" and {len(group) - MANY:,} more" if len(group) > MANY else ""
    return f"{dialect.strong(HOW[group[0].word].capitalize())} {named}{more}: {dialect.prose(group[0].reason)}"


def reader(consumer: Consumer, dialect: Dialect) -> str:
    """A consumer by name, with who answers for it and how important it is."""
    told = [dialect.name(word) for word in (consumer.owner, consumer.tier) if word]
    return dialect.name(consumer.name) + (f" ({', '.join(told)})" if told else "")


def at(place: Place | None) -> str:
    """`path:line` of a place; what the branch removes is marked."""
    if place is None:
        return ""
    return f"{clipped(place.path, 2 * NAME)}:{place.line}{' before' * place.removed}"


def source(review: Review) -> str:
    """What was compared, and what the judgement rests on."""
    when = f", as of {review.as_of:%Y-%m-%d %H:%M} UTC" if review.as_of else ""
    return f"{review.base[:10]}..{review.head[:10]}, judged by {BASIS[review.basis]}{when}"
