"""Every kind of change that drift knows, as data: an id, what it says, and the rule that undoes it.

A rule carries no severity: what a change means depends on who reads (catalog.drift.classify).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`mirror` is the rule of the change back; None only with a reason in `alone`."""

    id: str
    words: str
    mirror: str | None = None
    alone: str = ""


def _pairs(*rows: tuple[str, str, str, str]) -> tuple[Rule, ...]:
    """Rules that come in twos: id and words of one, id and words of the other."""
    return tuple(
        Rule(id=id, words=words, mirror=mirror)
        for one, says, other, says_back in rows
        for id, words, mirror in ((one, says, other), (other, says_back, one))
    )


def _selves(*rows: tuple[str, str]) -> tuple[Rule, ...]:
    """Rules whose change back is found by the same rule."""
    return tuple(Rule(id=one, words=words, mirror=one) for one, words in rows)


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        *_pairs(
            ("dataset.added", "the dataset is new", "dataset.dropped", "the dataset is gone"),
            ("column.added", "a column or member is new", "column.dropped", "a column or member is gone"),
            ("type.widened", "the type holds more values", "type.narrowed", "the type holds fewer values"),
            ("precision.raised", "more digits", "precision.lowered", "fewer digits"),
            ("scale.raised", "more digits after the point", "scale.lowered", "fewer digits after the point"),
            ("length.raised", "longer text fits", "length.lowered", "shorter text fits"),
            ("zone.added", "a local time became an instant", "zone.removed", "an instant lost its time zone"),
            ("null.allowed", "may be null now", "null.forbidden", "may no longer be null"),
            ("required.removed", "may be left out now", "required.added", "must be there now"),
            ("default.added", "has a default now", "default.removed", "has no default any more"),
            ("enum.value_added", "one more value is allowed", "enum.value_removed", "a value is no longer allowed"),
            ("enum.removed", "any value is allowed now", "enum.added", "only listed values are allowed now"),
            ("bound.loosened", "a limit of values is wider", "bound.tightened", "a limit of values is narrower"),
            ("open.allowed", "undeclared members are admitted", "open.refused", "undeclared members are refused"),
            ("key.added", "rows have a key now", "key.removed", "rows have no key any more"),
            ("unique.added", "values are unique now", "unique.removed", "values may repeat now"),
            ("partition.added", "rows are partitioned now", "partition.removed", "rows are no longer partitioned"),
            ("sort.added", "rows are ordered now", "sort.removed", "rows are no longer ordered"),
            ("description.added", "is described now", "description.removed", "is no longer described"),
            ("owner.added", "somebody answers for it now", "owner.removed", "nobody answers for it any more"),
            ("pii.added", "marked as personal data", "pii.removed", "no longer marked as personal data"),
            ("tag.added", "has one more tag", "tag.removed", "has one tag less"),
            ("check.added", "one more quality rule", "check.removed", "a quality rule is gone"),
            ("check.weakened", "a quality rule asks for less", "check.strengthened", "a quality rule asks for more"),
        ),
        *_selves(
            ("column.renamed", "the same column by another name: the id or an alias says so"),
            ("column.moved", "stands at another place among its neighbours"),
            ("type.replaced", "the type is another one: neither holds the other's values"),
            ("default.changed", "another default"),
            ("bound.changed", "a limit of values that cannot be compared with the former one"),
            ("key.changed", "another key"),
            ("partition.changed", "partitioned otherwise"),
            ("sort.changed", "ordered otherwise"),
            ("description.changed", "described otherwise"),
            ("owner.changed", "somebody else answers for it"),
            ("check.changed", "a quality rule asks for something else"),
        ),
        Rule(
            id="column.perhaps_renamed",
            words="a column is gone and a new one looks like it: somebody has to say",
            alone="a guess by evidence, and evidence (order, ids, aliases) may differ on the way back",
        ),
    )
}
