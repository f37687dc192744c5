"""Limits of values as JSON Schema words them (2020-12 Validation §6, §7), and which of two admits more.

`variants` are marks of the branches of a oneOf or anyOf: equal marks are equal branches, and nothing else is known.
A keyword limits values of its own type only and lets all others pass (§4.2, §6). What a type or a format limits by
itself counts as if it were told: integers are multiples of 1, a uuid has 36 characters.
"""

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil
from typing import Literal

from catalog.drift import kind
from catalog.drift.shape import Part

Order = Literal["loosened", "tightened", "changed"]
NOTHING = {"minLength": 0, "minItems": 0, "minProperties": 0, "multipleOf": 0}
"""The values with which a limit limits nothing."""
UPPER = ("maxLength", "maxItems", "maxProperties")
WHOLE = frozenset({"smallint", "int", "bigint"})
NUMBERS = WHOLE | {"float", "double", "decimal"}
NAMED = {"date": "date", "timestamp": "date-time", "time": "time", "uuid": "uuid"}
"""Types that are texts of a format in JSON."""
TEXTS = frozenset({"string", "timestamp_ntz", "binary", *NAMED})
KNOWN = NUMBERS | TEXTS | {"array", "struct", "map", "boolean"}
ENDS = {"minimum": 1, "maximum": -1}
APPLY: dict[str, frozenset[str]] = {
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), NUMBERS),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), TEXTS),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems"), frozenset({"array"})),
    **dict.fromkeys(("minProperties", "maxProperties"), frozenset({"struct", "map"})),
}
"""The types that a limit limits; one that is not here limits all."""
ALL_TEXTS = frozenset({"", "^", "$", ".*", "^.*"})
"""Patterns that every text keeps: a pattern is not anchored (§6.3.3)."""
REFERENCES = frozenset({"uri-reference", "iri-reference"})
FORMATS: dict[str, frozenset[str]] = {
    "uri": REFERENCES | {"iri"}, "uri-reference": frozenset({"iri-reference"}),
    "iri": frozenset({"iri-reference"}), "iri-reference": frozenset(),
    "email": frozenset({"idn-email"}), "idn-email": frozenset(), "hostname": REFERENCES | {"idn-hostname"},
    "idn-hostname": frozenset({"iri-reference"}), "ipv4": REFERENCES, "ipv6": frozenset(), "uuid": REFERENCES,
    "date": REFERENCES, "date-time": frozenset(), "time": frozenset(), "duration": REFERENCES, "regex": frozenset(),
    "json-pointer": frozenset(), "relative-json-pointer": frozenset(), "uri-template": frozenset(),
}  # fmt: skip
"""Formats with a grammar, and those that admit every text of theirs; validators ignore others (§7.2.3)."""
SIZES: dict[str, tuple[int, int | None]] = {
    "date": (10, 10), "date-time": (20, None), "time": (9, None), "duration": (3, None), "uuid": (36, 36),
    "ipv4": (7, 15), "ipv6": (2, 45), "hostname": (1, 253), "email": (3, None), "uri": (2, None), "iri": (2, None),
}  # fmt: skip
"""Characters of the shortest and of the longest text of a format (RFC 3339, 9562, 2673, 4291, 1034, 5321, 3986)."""


def compare(before: Part, after: Part) -> Iterator[tuple[str, str | None, str | None]]:
    """Every limit that is another: the rule, and the limit with its name before and after (None: no such limit).

    Of values that only one of the two types has, the change of the type speaks.
    """
    if before.bounds == after.bounds:
        return
    old, new = _limits(before), _limits(after)
    for name in sorted(_told(before) | _told(after)):
        one, other = old.get(name), new.get(name)
        if one != other and limited(name, before.type) and limited(name, after.type):
            order: Order = "tightened" if one is None else "loosened" if other is None else _order(name, one, other)
            yield f"bound.{order}", _word(name, one), _word(name, other)


def certain(name: str, before: str, after: str) -> bool:
    """Whether a limit that changed into one that is neither wider nor narrower surely refuses values."""
    return name == "multipleOf" or (name == "format" and before in FORMATS and after in FORMATS)


def held(part: Part) -> str:
    """The type of the values that a part holds: a number that is a multiple of a whole one is an integer."""
    bases = _bases(part.type)
    step = _limits(part).get("multipleOf") if bases & {"double", "decimal"} else None
    if not isinstance(step, Fraction) or step.denominator != 1:
        return part.type
    return "|".join(sorted({"bigint" if one in {"double", "decimal"} else one for one in bases}))


def text(value: object) -> str:
    """A JSON value as a listed text: equal values are equal texts, and a text that reads as another value is quoted."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) and _loaded(value) == value else json.dumps(value, sort_keys=True)


def listed(part: Part) -> list[object] | None:
    """All values that a part admits, where they are listed (a boolean has two); None where they are not."""
    found = list(_meant(part.enum, part.type))
    if not part.enum and _bases(part.type) == {"boolean"}:
        found = [True, False]
    if not found or any(_typed(one, part.type) is False for one in found if one is not None):
        return None
    if part.nullable:
        found.append(None)
    return [one for one in found if admits(part, one) is not False]


def admits(part: Part, value: object, *, known: Part | None = None) -> bool | None:
    """Whether a value is of the type, among the listed ones and within all limits; None: not to be evaluated here.

    It is if `known`, which admits it, asks the same.
    """
    if value is None:
        return part.nullable or ("any" in _bases(part.type) and (not part.enum or "null" in part.enum))
    if part.enum and text(value) not in _texts(part.enum, part.type):
        return False
    applied = next(types for type, types in VALUES.items() if isinstance(value, type))
    same = known is not None and bool(_bases(part.type) & applied) and _form(part, applied) == _form(known, applied)
    kept = _limits(known).items() if known else ()
    found = [same or _typed(value, part.type)]
    found += [
        _keeps(*one, value) for one in _limits(part).items() if APPLY.get(one[0], applied) & applied and one not in kept
    ]
    return False if False in found else None if None in found else True


def _form(part: Part, types: frozenset[str]) -> set[kind.Kind]:
    return {one for one in kind.parse(part.type) if one.base in types}


VALUES: Mapping[type, frozenset[str]] = {
    bool: frozenset({"boolean"}), int: NUMBERS, float: NUMBERS, str: TEXTS, list: frozenset({"array"}),
    dict: frozenset({"struct", "map"}),
}  # fmt: skip
"""The types that a JSON value may have, by its type in Python."""


def _typed(value: object, type: str) -> bool | None:
    """Whether a value is of a type; None for one whose values have a form or a range of their own."""
    bases = _bases(type)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    surely = {"boolean"} if isinstance(value, bool) else {"double", "bigint"} if whole else {"double"}
    if isinstance(value, str):
        surely = {"string"} if kind.Kind("string") in kind.parse(type) else set()
    perhaps = next(types for one, types in VALUES.items() if isinstance(value, one))
    if "any" in bases or (not isinstance(value, (list, dict)) and bases & surely):
        return True
    if isinstance(value, float) and not whole:
        perhaps = perhaps - WHOLE
    return None if bases & perhaps or not bases <= KNOWN else False


def _keeps(name: str, limit: object, value: object) -> bool | None:
    """Whether a value is within a limit that applies to it."""
    if name in ENDS and isinstance(limit, tuple):
        number = ENDS[name] * Fraction(str(value))
        return bool(number > limit[0] or (number == limit[0] and not limit[1]))
    if name == "multipleOf" and isinstance(limit, Fraction):
        return (Fraction(str(value)) / limit).denominator == 1
    if name in {"minLength", "maxLength"} and isinstance(value, str):
        return len(value) >= _size(limit) if name == "minLength" else len(value) <= _size(limit)
    if name == "pattern" and isinstance(value, str):
        try:
            return re.search(str(limit), value, re.ASCII) is not None
        except re.error:
            return None  # a pattern of ECMA 262 that Python does not read
    return None


@lru_cache(maxsize=256)
def _meant(words: tuple[str, ...], type: str) -> tuple[object, ...]:
    """The JSON values that listed texts stand for in a part of this type."""
    return tuple(_meaning(word, type) for word in words)


@lru_cache(maxsize=256)
def _texts(words: tuple[str, ...], type: str) -> frozenset[str]:
    return frozenset(map(text, _meant(words, type)))


def _meaning(word: str, type: str) -> object:
    once = _loaded(word)
    values = (once, word, _loaded(once) if isinstance(once, str) else once)
    return next((one for one in values if one is None or _typed(one, type) is not False), word)


def _loaded(word: str) -> object:
    try:
        return JSON.decode(word)
    except ValueError:
        return word


def _no_number(word: str) -> object:
    raise ValueError(word)


JSON = json.JSONDecoder(parse_constant=_no_number)
"""JSON has no NaN and no Infinity: they are words."""


def _bases(type: str) -> frozenset[str]:
    return frozenset(one.base for one in kind.parse(type))


def limited(name: str, type: str) -> bool:
    """Whether a limit can refuse a value of the type; of a type that is not known here, perhaps."""
    bases = _bases(type)
    return name not in APPLY or not bases <= KNOWN or bool(bases & APPLY[name])


def _told(part: Part) -> set[str]:
    return {name.replace("exclusiveM", "m") for name, _ in part.bounds}


def _limits(part: Part) -> dict[str, object]:
    """The limits that limit: exclusive ones as a pair with the inclusive, those that everything keeps left out."""
    told, bases = dict(part.bounds), _bases(part.type)
    limits = {
        name: value for name, value in told.items()
        if value is not None and value is not False and NOTHING.get(name) != value
        and not (name == "pattern" and value in ALL_TEXTS) and not (name == "format" and value not in FORMATS)
    }  # fmt: skip
    whole = bool(bases & WHOLE) and not bases & (NUMBERS - WHOLE) and bases <= KNOWN
    step = Fraction(str(limits["multipleOf"])) if "multipleOf" in limits else Fraction(1) if whole else None
    if step:
        limits["multipleOf"] = step = Fraction(step.numerator) if whole else step
    for name in ENDS:
        limits.pop(f"exclusive{name.title()}", None)
        if end := _end(name, told, step):
            limits[name] = end
    return limits | _sizes(limits, bases)


def _end(name: str, told: Mapping[str, object], step: Fraction | None) -> tuple[Fraction, bool] | None:
    """Where numbers end, greater is stricter, and whether the end itself is refused; multiples end at a multiple."""
    plain, strict = told.get(name), told.get(f"exclusive{name.title()}")
    ends = [(ENDS[name] * Fraction(str(plain)), strict is True)] if plain is not None else []  # a flag in draft 4
    if strict is not None and not isinstance(strict, bool):
        ends.append((ENDS[name] * Fraction(str(strict)), True))
    if step:
        steps = [(end / step, refused) for end, refused in ends]
        ends = [(step * (ceil(n) + (refused and n.denominator == 1)), False) for n, refused in steps]
    return max(ends, default=None)


def _sizes(limits: Mapping[str, object], bases: frozenset[str]) -> dict[str, object]:
    """Lengths with those that a format has by itself."""
    texts = bases & TEXTS
    format = limits.get("format") or (NAMED.get(*texts) if len(texts) == 1 else None)
    shortest, longest = SIZES.get(str(format), (0, None))
    sizes: dict[str, object] = {"minLength": max(_size(limits.get("minLength", 0)), shortest)}
    upper = [_size(one) for one in (limits.get("maxLength"), longest) if one is not None]
    sizes |= {"maxLength": min(upper)} if upper else {}
    return {name: size for name, size in sizes.items() if NOTHING.get(name) != size}


def _size(limit: object) -> int:
    return int(float(str(limit)))


def _order(name: str, before: object, after: object) -> Order:
    if isinstance(before, tuple) and isinstance(after, tuple) and name in ENDS:
        return "tightened" if after > before else "loosened"
    if (name in NOTHING and name.startswith("min")) or name in UPPER:
        smaller = _size(after) < _size(before)
        return "loosened" if smaller is (name in NOTHING) else "tightened"
    if name == "format":
        wider, narrower = after in FORMATS.get(str(before), ()), before in FORMATS.get(str(after), ())
        return "loosened" if wider else "tightened" if narrower else "changed"
    if isinstance(before, Fraction) and isinstance(after, Fraction):
        ratio = before / after
        return "loosened" if ratio.denominator == 1 else "tightened" if ratio.numerator == 1 else "changed"
    if name == "variants" and isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return "loosened" if set(before) < set(after) else "tightened" if set(after) < set(before) else "changed"
    return "changed"


def _word(name: str, limit: object) -> str | None:
    if limit is None:
        return None
    if name in ENDS and isinstance(limit, tuple):
        return f"{name} {_number(limit[0] * ENDS[name])}{' excluded' if limit[1] else ''}"
    if isinstance(limit, Fraction):
        return f"{name} {_number(limit)}"
    return f"{name} {len(limit)} branches" if isinstance(limit, (list, tuple)) else f"{name} {limit}"


def _number(one: Fraction) -> str:
    return str(one.numerator) if one.denominator == 1 else str(float(one))
