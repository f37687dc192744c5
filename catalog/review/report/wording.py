"""What a review says in words, once for all forms; a form only brings how it writes names and prose."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from catalog.drift import Finding
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
    return f"{what(one)}{values(one, dialect)}"


def what(one: Reviewed) -> str:
    """The change in words."""
    change = one.finding.change
    if change.rule == "column.added" and change.new is None:  # a statement expects it (review.statement)
        return "is named and not there"
    return RULES[change.rule].words


def values(one: Reviewed, dialect: Dialect) -> str:
    """Before and after, as far as there is one."""
    before, after = one.finding.change.before, one.finding.change.after
    if before is not None and after is not None and before != after:
        return f", {dialect.name(before)} → {dialect.name(after)}"
    if after:
        return f": {dialect.name(after)}"
    return f" (was {dialect.name(before)})" if before else ""


def lines(one: Reviewed, dialect: Dialect) -> Iterator[str]:
    """Who breaks and why, what the record says, and the way on: a sentence each."""
    yield from judged(one, dialect)
    yield from further(one, dialect)


def judged(one: Reviewed, dialect: Dialect) -> Iterator[str]:
    """Who breaks and why."""
    finding = one.finding
    groups = _together(finding.verdicts)
    yield from (_judged(group, finding, dialect) for group in groups[:MANY])
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


def further(one: Reviewed, dialect: Dialect) -> Iterator[str]:
    """What the record says, the way on, and who waived it."""
    finding = one.finding
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


def _judged(group: list[Verdict], finding: Finding, dialect: Dialect) -> str:
    """Who, and why where it says more than the change itself."""
    answering: dict[tuple[str, str], list[Consumer]] = {}
    for one in group[:MANY]:
        answering.setdefault((one.consumer.owner, one.consumer.tier), []).append(one.consumer)
    named = "; ".join(_answered(ones, finding.dataset, dialect) for ones in answering.values())
    more = f" and {len(group) - MANY:,} more" if len(group) > MANY else ""
    reason = group[0].reason
    why = "" if reason == RULES[finding.change.rule].words else f": {dialect.prose(reason)}"
    return f"{dialect.strong(HOW[group[0].word].capitalize())} {named}{more}{why}"


def _answered(consumers: list[Consumer], dataset: str, dialect: Dialect) -> str:
    """Consumers by name, with who answers for them all and how important they are."""
    told = ", ".join(dialect.prose(word) for word in (consumers[0].owner, consumers[0].tier) if word)
    named = ", ".join(reader(one, dataset, dialect) for one in consumers)
    return f"{named} ({told})" if told else named


def reader(consumer: Consumer, dataset: str, dialect: Dialect) -> str:
    """A consumer by name; who has none (catalog.consumer) is called by what it is to the dataset."""
    if consumer.name == f"readers of {dataset}":
        return "whoever reads it"
    itself = consumer.direction == "table" and consumer.name == dataset
    return "the table itself" if itself else dialect.name(consumer.name)


def at(place: Place | None) -> str:
    """`path:line` of a place; what the branch removes is marked."""
    if place is None:
        return ""
    return f"{clipped(place.path, 2 * NAME)}:{place.line}{' before' * place.removed}"


def source(review: Review) -> str:
    """What was compared, and what the judgement rests on."""
    when = f", as of {review.as_of:%Y-%m-%d %H:%M} UTC" if review.as_of else ""
    head = review.head[:10] if review.head != review.base else "the working tree"
    return f"{review.base[:10]}..{head}, judged by {BASIS[review.basis]}{when}"
