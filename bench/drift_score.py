"""Answers the questions of score_drift.py with catalog.drift: an adapter between its formats and our shapes.

    ../shared/tools/score_drift.py --impl bench.drift_score:answer

It knows the formats `fields`, `sql-columns` and `iceberg-type`; of others it says "cannot tell" (None).
"""

import json
import re
from typing import Any

from catalog.drift import Change, Consumer, Part, Shape, bound, classify, detect, kind, worst
from catalog.drift.rename import probable

Question = dict[str, Any]
BOUNDS = (
    "format", "maxLength", "minLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern",
    "multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "variants",
)  # fmt: skip
SIZED = ("VARCHAR", "CHAR", "TEXT", "STRING", "DECIMAL", "NUMERIC", "BINARY", "VARBINARY")
"""SQL words that may have numbers."""
SYNONYMS = {"STRING": "TEXT", "NUMERIC": "DECIMAL"}
ALTERED = ("type.", "length.", "precision.", "scale.", "zone.")
JSON_WORDS = {"integer": "bigint", "number": "double", "object": "struct", "null": "unknown"}
DEFINED = {("bigint", "double"), ("date", "timestamp")}
"""The retypings that the question's own definition of a safe table allows."""


def answer(question: Question) -> dict[str, Any]:
    """`{"breaking": true, false or None}`, or `{"rename_to": name or None}`."""
    if question["ask"] == "rename":
        found = probable([_column(question["removed"])], [_column(one) for one in question["added"]])
        return {"rename_to": next((one.path for one in found), None)}
    answers = {"fields": _fields, "sql-columns": _sql, "iceberg-type": _iceberg}
    return {"breaking": answers[question["format"]](question) if question["format"] in answers else None}


def _verdict(changes: tuple[Change, ...], consumer: Consumer) -> bool | None:
    """A probable rename is a question to a human beside the removal's own verdict; "may break" proves no break."""
    certain = (one for one in changes if one.rule != "column.perhaps_renamed")
    word = worst(classify(one, consumer) for one in certain)
    return None if word == "cannot tell" else word == "breaking"


def _fields(question: Question) -> bool | None:
    sides = [tuple(_field(*one) for one in question[side].items()) for side in ("before", "after")]
    between = _between({part.path for parts in sides for part in parts})
    before, after = (Shape(parts=between + parts) for parts in sides)
    direction, changes = question["direction"], detect(before, after)
    if direction == "table":
        changes = tuple(one for one in changes if tuple(map(kind.bare, _retyped(one))) not in DEFINED)
    engine = "table" if direction == "table" else "json"
    return _verdict(changes, Consumer(name="", engine=engine, direction=direction))


def _between(paths: set[str]) -> tuple[Part, ...]:
    """The members that paths pass and neither side tells: they are there, and nothing else is known of them."""
    passed = {path[:n] for path in paths for n, letter in enumerate(path) if letter == "."}
    return tuple(Part(path=path, type="unknown") for path in sorted(passed - paths))


def _field(path: str, field: dict[str, Any]) -> Part:
    told = set(field["type"].split("|"))
    words = told - {"null"} - ({"integer"} if "number" in told else set()) or told
    enum = [field["const"]] if "const" in field else field.get("enum") or []
    return Part(
        path=_path(path), type="|".join(sorted(JSON_WORDS.get(word, word) for word in words)),
        nullable=field["nullable"] or "null" in told, required=field["required"],
        open=field.get("open") is not False, enum=tuple(map(bound.text, enum)),
        bounds=tuple((name, _bound(field[name])) for name in BOUNDS if name in field),
    )  # fmt: skip


def _path(path: str) -> str:
    return "" if path == "$" else path.replace("[]", "._element").removeprefix(".").removeprefix("$.")


def _bound(value: Any) -> Any:
    return tuple(map(bound.text, value)) if isinstance(value, list) else value


def _iceberg(question: Question) -> bool | None:
    zones = {"timestamptz": "timestamp", "timestamp": "timestamp_ntz"}
    before, after = (
        Shape(parts=(Part(path="value", type=zones.get(question[side], question[side])),))
        for side in ("before", "after")
    )
    return _verdict(detect(before, after), Consumer(name="", engine="iceberg", direction=question["direction"]))


def _column(told: dict[str, Any]) -> Part:
    examples = told["examples"]
    values = examples if isinstance(examples, list) else [] if examples is None else [examples]
    return Part(
        path=told["name"], type=told["type"] or "unknown", description=told["description"] or "",
        values=tuple(json.dumps(value) for value in values),
    )  # fmt: skip


# ------------------------------------------------------------------ an engine that is described by its settings
def _sql(question: Question) -> bool | None:
    """A table whose settings say which types it changes in place and whether it can change members of a struct."""
    settings = question["settings"]
    nested = settings.get("nested_support", "none")
    before, after = (_table(question[side], settings) for side in ("before", "after"))
    changes = detect(before, after)
    inside = [one for one in changes if "." in one.path and one.rule != "column.perhaps_renamed"]
    if nested == "ignore":
        changes = tuple(one for one in changes if one not in inside)
    if nested == "none" and any(one.rule != "column.moved" for one in inside):
        return True  # it makes the whole column anew
    changes = tuple(one for one in changes if not _coerced(one, settings))
    if settings.get("treat_alter_data_type_as_destructive") and any(one.rule.startswith(ALTERED) for one in changes):
        return True
    changes = tuple(one for one in changes if not _altered(one, settings))
    return _verdict(changes, Consumer(name="", engine="table", direction="table"))


def _table(columns: dict[str, str], settings: dict[str, Any]) -> Shape:
    return Shape(parts=tuple(Part(path=_path(path), type=_sized(word, settings)) for path, word in columns.items()))


def _sized(word: str, settings: dict[str, Any]) -> str:
    """The type with the numbers that this engine gives it when it has none; without any it is a type of its own."""
    base, numbers = word.upper().strip(), list[str]()
    if found := re.fullmatch(r"(\w+)\s*\(([^()]*)\)", base):
        base, numbers = found[1], [part.strip() for part in found[2].split(",") if part.strip()]
    longest = settings.get("max_parameter_length", {}).get(base)
    numbers = [str(longest) if part == "MAX" and longest else part for part in numbers]
    defaults = settings.get("parameterized_type_defaults", {}).get(base, [])
    numbers += [str(number) for number in defaults[len(numbers)]] if len(defaults) > len(numbers) else []
    if numbers:
        return f"{base}({','.join(numbers)})"
    return f"unsized {SYNONYMS.get(base, base).lower()}" if base in SIZED else base


def _coerced(change: Change, settings: dict[str, Any]) -> bool:
    """Whether it takes values of the new type in a column that keeps the old one."""
    pairs = [(one, other) for one, others in settings.get("coerceable_types", {}).items() for other in others]
    if settings.get("support_coercing_compatible_types"):
        pairs += [(other, one) for one, other in _compatible(settings)]
    return _retyped(change) in {(_sized(one, settings), _sized(other, settings)) for one, other in pairs}


def _altered(change: Change, settings: dict[str, Any]) -> bool:
    """Whether it changes the type in place: a pair that it names, or any length into one without a limit."""
    old, new = _retyped(change)
    pairs = {(_sized(one, settings), _sized(other, settings)) for one, other in _compatible(settings)}
    unlimited = settings.get("types_with_unlimited_length", {}).items()
    pairs |= {(old, _sized(one, {})) for one, others in unlimited for other in others if _base(old) == _base(other)}
    return (old, new) in pairs


def _compatible(settings: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one, other) for one, others in settings.get("compatible_types", {}).items() for other in others]


def _retyped(change: Change) -> tuple[str, str]:
    """The types before and after, as `_sized` writes them; empty for another change."""
    typed = change.rule.startswith(ALTERED) and change.old and change.new
    return (change.old.type, change.new.type) if typed and change.old and change.new else ("", "")


def _base(word: str) -> str:
    base = word.upper().removeprefix("UNSIZED ").partition("(")[0]
    return SYNONYMS.get(base, base)
