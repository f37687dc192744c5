"""What a change means to a reader that says itself how it reads: it casts what comes, or takes whatever comes.

The job declares it where it reads (the job facet of catalog.wire.READING). Who declares nothing checks every value.
"""

from dataclasses import dataclass

from catalog.drift import kind
from catalog.drift.change import Change, Judged
from catalog.wire import Way

NESTED = frozenset({"struct", "array", "map"})
UNTYPED = frozenset({"any", "unknown"})
PASSED = ("column.added", "enum.", "open.")
"""Values and members that a reader which casts does not know: it passes them on."""
ASKED = "column.perhaps_renamed"
"""A question about the data: who casts reads by name, as any other reader does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How somebody reads, in one word and in its own words."""

    way: Way
    says: str
    by: str = ""
    """Who reads so, where it is not the consumer: the jobs that make it."""


def judge(change: Change, reading: Reading, strict: Judged) -> Judged:
    """For an old reader of new data; `strict` is what one that checks every value has to expect."""
    if strict[0] == "compatible" or change.rule == "dataset.dropped":
        return strict
    who = f"{reading.by} " if reading.by else ""
    if reading.way == "any":
        return "compatible", f"{who}bears it: {reading.says}", ""
    if change.rule == ASKED:
        return strict
    if change.rule.startswith(PASSED):
        return "compatible", f"{who}passes it on: {reading.says}", ""
    if change.old and change.new and _forms(change.old.type).isdisjoint(_forms(change.new.type)):
        return "breaking", f"{who}casts it: no {change.new.type} is a {change.old.type}", ""
    return "may break", f"{who}casts it: {reading.says}", ""


def _forms(text: str) -> frozenset[bool]:
    """Whether values of a type are nested; some are and some are not of a union of both, and where nobody knows."""
    words = {one.base.partition("<")[0] for one in kind.parse(text)}
    return frozenset({True, False}) if words & UNTYPED else frozenset(word in NESTED for word in words)
