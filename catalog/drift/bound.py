"""Limits of values as JSON Schema words them (2020-12 Validation §6, §7), and which of two admits more.

`variants` are marks of the branches of a oneOf or anyOf: equal marks are equal branches, and nothing else is known.
A keyword limits values of its own type only and lets all others pass (§4.2, §6).
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from catalog.drift import kind
from catalog.drift.shape import Bounds, Part

Order = Literal["loosened", "tightened", "changed"]
LOWER = {"minLength": 0, "minItems": 0, "minProperties": 0}
UPPER = ("maxLength", "maxItems", "maxProperties")
NUMBERS = frozenset({"smallint", "int", "bigint", "float", "double", "decimal"})
TEXTS = frozenset({"string", "date", "time", "timestamp", "timestamp_ntz", "uuid", "binary"})
APPLY: dict[str, frozenset[str]] = {
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), NUMBERS),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), TEXTS),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems"), frozenset({"array"})),
    **dict.fromkeys(("minProperties", "maxProperties"), frozenset({"struct", "map"})),
}
"""The types that a limit limits; one that is not here limits all."""
ALL_TEXTS = frozenset({"", "^", "$", ".*", "^.*"})
"""Patterns that every text keeps: a pattern is not anchored (§6.3.3)."""
FORMATS: dict[str, frozenset[str]] = {
    "uri": frozenset({"uri-reference", "iri", "iri-reference"}), "uri-reference": frozenset({"iri-reference"}),
    "iri": frozenset({"iri-reference"}), "iri-reference": frozenset(),
    "email": frozenset({"idn-email"}), "idn-email": frozenset(), "hostname": frozenset({"idn-hostname"}),
    "idn-hostname": frozenset(), "ipv4": frozenset(), "ipv6": frozenset(), "uuid": frozenset(), "date": frozenset(),
    "date-time": frozenset(), "time": frozenset(), "duration": frozenset(), "regex": frozenset(),
}  # fmt: skip
"""Formats with a grammar, and those that admit every text of theirs; validators ignore others (§7.2.3)."""


def compare(before: Part, after: Part) -> Iterator[tuple[str, str | None, str | None, Order]]:
    """Every limit that is another: name, before, after (None: no such limit), and what became of it.

    Of values that only one of the two types has, the change of the type speaks.
    """
    if before.bounds == after.bounds:
        return
    old, new = _limits(before.bounds), _limits(after.bounds)
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one != other and _limited(name, before.type) and _limited(name, after.type):
            order: Order = "tightened" if one is None else "loosened" if other is None else _order(name, one, other)
            yield name, _word(one), _word(other), order


def certain(name: str, before: str, after: str) -> bool:
    """Whether a limit that changed into one that is neither wider nor narrower surely refuses values."""
    return name == "format" and before in FORMATS and after in FORMATS


def _limited(name: str, type: str) -> bool:
    """Whether a limit can refuse a value of the type; of a type that is not known here, perhaps."""
    bases = {one.base for one in kind.parse(type)}
    known = NUMBERS | TEXTS | {"array", "struct", "map", "boolean"}
    return name not in APPLY or not bases <= known or bool(bases & APPLY[name])


def admits(bounds: Bounds, value: str) -> bool | None:
    """Whether a text keeps every limit; None where a limit cannot be evaluated here."""
    limits = _limits(bounds)
    if limits.keys() - {"minLength", "maxLength"}:
        return None
    return float(str(limits.get("minLength", 0))) <= len(value) <= float(str(limits.get("maxLength", math.inf)))


def _limits(bounds: Bounds) -> dict[str, object]:
    """The limits that limit: exclusive ones as a pair with the inclusive, those that everything keeps left out."""
    told = dict(bounds)
    limits = {
        name: value for name, value in told.items()
        if value is not None and value is not False and LOWER.get(name) != value
        and name not in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
        and not (name == "pattern" and value in ALL_TEXTS)
    }  # fmt: skip
    for word, sign in (("minimum", 1.0), ("maximum", -1.0)):
        plain, strict = told.get(word), told.get(f"exclusive{word.title()}")
        ends = [(sign * float(str(plain)), strict is True)] if plain is not None else []  # a flag in draft 4
        if strict is not None and not isinstance(strict, bool):
            ends.append((sign * float(str(strict)), True))
        if ends:
            limits[word] = max(ends)
    return limits


def _order(name: str, before: object, after: object) -> Order:
    if isinstance(before, tuple) and isinstance(after, tuple) and name in {"minimum", "maximum"}:
        return "tightened" if after > before else "loosened"
    if name in LOWER or name in UPPER:
        smaller = float(str(after)) < float(str(before))
        return "loosened" if smaller is (name in LOWER) else "tightened"
    if name == "format":
        return (
            "loosened"
            if after in FORMATS.get(str(before), ())
            else ("tightened" if before in FORMATS.get(str(after), ()) else "changed")
        )
    if name == "multipleOf":
        ratio = Fraction(str(before)) / Fraction(str(after))
        return "loosened" if ratio.denominator == 1 else "tightened" if ratio.numerator == 1 else "changed"
    if name == "variants" and isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return "loosened" if set(before) < set(after) else "tightened" if set(after) < set(before) else "changed"
    return "changed"


def _word(limit: object) -> str | None:
    if isinstance(limit, tuple) and len(limit) == 2 and isinstance(limit[1], bool):
        return f"{abs(limit[0]):g}{' excluded' if limit[1] else ''}" if limit[0] else "0"
    if isinstance(limit, (list, tuple)):
        return f"{len(limit)} branches"
    return None if limit is None else str(limit)
