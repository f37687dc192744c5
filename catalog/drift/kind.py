"""The words for a column's type, in one spelling for every engine, and which of them holds all values of another.

Words are those of `catalog.schema` with what other systems add: smallint, float, time, timestamp_ntz (no zone), binary,
fixed(n), uuid, any, unknown. `a|b` is a union, as JSON Schema has it. A word that is not known stands for itself.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

SAME = {
    "tinyint": "smallint", "int2": "smallint", "int4": "int", "integer": "int", "int8": "bigint", "long": "bigint",
    "real": "float", "float4": "float", "float8": "double", "double precision": "double", "number": "double",
    "numeric": "decimal", "bool": "boolean", "text": "string", "varchar": "string", "character varying": "string",
    "char": "string", "bpchar": "string", "timestamptz": "timestamp", "timestamp with time zone": "timestamp",
    "timestamp without time zone": "timestamp_ntz", "datetime": "timestamp_ntz", "bytes": "binary", "bytea": "binary",
    "object": "struct", "record": "struct", "list": "array", "null": "unknown", "void": "unknown",
}  # fmt: skip
VALUES: Mapping[str, frozenset[str]] = {
    "smallint": frozenset({"int", "bigint", "float", "double"}), "int": frozenset({"bigint", "double"}),
    "bigint": frozenset({"double"}), "float": frozenset({"double"}), "date": frozenset({"timestamp", "timestamp_ntz"}),
}  # fmt: skip
"""Which words hold the values of a word, in SQL's order of precedence; a bigint loses digits in a double."""
TEXT: Mapping[str, frozenset[str]] = {
    **VALUES, "date": frozenset({"string"}), "timestamp": frozenset({"string"}), "time": frozenset({"string"}),
    "timestamp_ntz": frozenset({"string"}), "uuid": frozenset({"string"}), "decimal": frozenset({"double"}),
}  # fmt: skip
"""The same in JSON, where a date is a text of another form than a moment (RFC 3339 §5.6), and both are strings."""
PLAIN = frozenset({
    "smallint", "int", "bigint", "float", "double", "decimal", "boolean", "string", "date", "time", "timestamp",
    "timestamp_ntz", "binary", "fixed", "uuid",
})  # fmt: skip
"""Words for values without members."""
UNBOUNDED = (1000, 500)
"""Precision and scale of a decimal without any: more than an engine holds."""
DIGITS = {"smallint": 5, "int": 10, "bigint": 19}
WORD = re.compile(r"\s*([a-z_][\w ]*?)\s*(?:[(\[]\s*(\d+)\s*(?:,\s*(\d+)\s*)?[)\]])?\s*( with(?:out)? time zone)?\s*")
Order = Literal["same", "wider", "narrower", "other"]


class Kind(NamedTuple):
    """One word with its numbers: (length) of a string or fixed, (precision, scale) of a decimal, else ()."""

    base: str
    numbers: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Kind, ...]:
    """The kinds of a type, several when it is a union; in the one spelling."""
    parts = text.lower().split("|") if "<" not in text else [text.lower()]
    return tuple(sorted({_one(part) for part in parts}))


def _one(word: str) -> Kind:
    found = WORD.fullmatch(word)
    if not found:
        return Kind(word.strip())
    base = found[1] + (found[4] or "")
    base = SAME.get(base, base)
    numbers = tuple(int(number) for number in found.groups()[1:3] if number)
    if base == "decimal" and len(numbers) == 1:
        numbers = (*numbers, 0)
    return Kind(base, numbers if base in {"string", "decimal", "fixed", "array"} else ())


def bare(text: str) -> str:
    """The one spelling without numbers: `decimal` of `NUMERIC(12, 2)`."""
    return "|".join(kind.base for kind in parse(text))


def numbers(text: str) -> tuple[int, ...]:
    """Length, or precision and scale; empty when the type has none, or is a union."""
    kinds = parse(text)
    return kinds[0].numbers if len(kinds) == 1 else ()


def has(text: str, member: str) -> bool:
    """Whether a value of the type may have a member of this name; of a word that is not known here, perhaps."""
    others = {"struct", "map"} if member == "_element" else {"array"}
    return not {one.base for one in parse(text)} <= PLAIN | others


def holds(wide: str, narrow: str, *, order: Mapping[str, frozenset[str]] = VALUES) -> bool:
    """Whether every value of `narrow` is one of `wide`."""
    return all(any(_within(one, other, order) for other in parse(wide)) for one in parse(narrow))


@lru_cache(maxsize=4096)
def compare(before: str, after: str) -> Order:
    """How two types stand to each other by the values that they hold."""
    if parse(before) == parse(after):
        return "same"
    if holds(after, before):
        return "wider"
    return "narrower" if holds(before, after) else "other"


def _within(one: Kind, other: Kind, order: Mapping[str, frozenset[str]]) -> bool:
    if one == other or other.base == "any" or one.base == "unknown":
        return True
    if other.base == "decimal":
        precision, scale = other.numbers or UNBOUNDED
        if one.base in DIGITS:
            return precision - scale >= DIGITS[one.base]
        if one.base == "decimal":
            one = one if one.numbers else Kind("decimal", UNBOUNDED)
            return scale >= one.numbers[1] and precision - scale >= one.numbers[0] - one.numbers[1]
        return False
    if one.base == other.base:
        return not other.numbers or (bool(one.numbers) and one.base == "string" and one.numbers <= other.numbers)
    return other.base in order.get(one.base, ()) and not other.numbers
