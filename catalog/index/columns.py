"""Columns as the index keeps them: how two contents of a schema differ, and how one differs from its contract. Pure.

A column is a mapping with path, type, and, where told: description, nullable, tags, details (see catalog.facet.schema).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.contract import Contract
from catalog.schema import Field

Column = Mapping[str, Any]
SAID = {
    "primaryKey": "key {}", "unique": "unique", "partition": "partition {}", "enum": "one of {}",
    "default": "default {}",     "length": "length {}", "precision": "precision {}", "scale": "scale {}",
}  # fmt: skip
SAME = {"integer": "int", "long": "bigint", "float": "double", "varchar": "string", "text": "string", "bool": "boolean"}
"""Words of engines for our types (catalog.schema), where a witness tells no details."""
WITHIN_TYPE = frozenset({"length", "precision", "scale"})
"""Details that the type says as well."""
UNPROMISED = frozenset({"tags", "default", *WITHIN_TYPE})
"""What is no promise about the data."""


def differ(before: Sequence[Column], after: Sequence[Column]) -> Iterator[tuple[str, str, str | None, str | None]]:
    """(kind, path, before, after) of each difference, in the order of `after`, removed columns last.

    Members of a column that came or went as a whole are not told one by one. Columns that only stand in another order
    are one difference without a path.
    """
    old, new = {one["path"]: one for one in before}, {one["path"]: one for one in after}
    for path, column in new.items():
        if path not in old:
            if _parent(path) in old or not _parent(path):
                yield "column_added", path, None, describe(column)
            continue
        was, now = old[path], column
        if _words(was) != _words(now):
            yield "column_changed", path, _only(was, now), _only(now, was)
        if old[path].get("description", "") != column.get("description", ""):
            yield "described", path, old[path].get("description", ""), column.get("description", "")
    for path, column in old.items():
        if path not in new and (_parent(path) in new or not _parent(path)):
            yield "column_removed", path, describe(column), None
    common = [path for path in new if path in old]
    if common != [path for path in old if path in new]:
        yield "column_changed", "", f"order {', '.join(old)}", f"order {', '.join(new)}"


def describe(column: Column) -> str:
    """The column in words: `decimal(12,2), not null, key 1`."""
    return ", ".join(_words(column).values())


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _words(column: Column) -> dict[str, str]:
    """Each property in words, the type first."""
    words = {"type": str(column.get("type") or "no type")}
    if column.get("nullable") is not None:
        words["nullable"] = "nullable" if column["nullable"] else "not null"
    for key, value in (column.get("details") or {}).items():
        if key in WITHIN_TYPE and "(" in words["type"]:
            continue
        if value is not False:
            shown = ", ".join(sorted(map(str, value))) if isinstance(value, list) else value
            words[key] = SAID.get(key, f"{key} {{}}").format(shown)
    if column.get("tags"):
        words["tags"] = " ".join(f"#{tag}" for tag in column["tags"])
    return words


def _only(one: Column, other: Column, *, but: frozenset[str] = frozenset()) -> str:
    """What is said otherwise; the type always, as it tells the reader what this is about.

    Of two lists of values those that only this one has: `string, also klarna`.
    """
    words, others = _words(one), _words(other)
    if "enum" in words and "enum" in others:
        there = set(map(str, other["details"]["enum"]))
        more = [value for value in map(str, one["details"]["enum"]) if value not in there]
        words["enum"] = f"also {', '.join(more)}" if more else others["enum"]
    return ", ".join(
        word for key, word in words.items() if key == "type" or (key not in but and others.get(key) != word)
    )


def promised(contract: Contract) -> dict[str, Column]:
    """The contract's columns in the form in which observed ones are kept."""
    return {path: _promised(path, field) for path, field in contract.schema.walk()}


def _promised(path: str, field: Field) -> Column:
    details = {
        "primaryKey": field.primary_key, "unique": field.unique or None, "partition": field.partition,
        "enum": list(field.enum) or None, "default": field.default,
    }  # fmt: skip
    return {
        "path": path, "type": field.type, "description": field.description, "nullable": field.nullable,
        "tags": sorted(field.tags), "details": {key: value for key, value in details.items() if value is not None},
    }  # fmt: skip


def broken(observed: Sequence[Column], contract: Contract, *, detailed: bool) -> Iterator[tuple[str, str, str]]:
    """(path, promised, observed) wherever what was observed is not what the contract promises; "" for nothing.

    A witness is held to what it tells: one without details to names and to types without their parameters.
    """
    columns, found = promised(contract), {one["path"]: one for one in observed}
    for path, column in found.items():
        if path not in columns:
            if _parent(path) in columns or not _parent(path):
                yield path, "", describe(column)
        elif detailed:
            now = {key: word for key, word in _words(column).items() if key not in UNPROMISED}
            was = {key: word for key, word in _words(columns[path]).items() if key in now}
            if was != now:
                unheard = UNPROMISED | (_words(columns[path]).keys() - now.keys())
                yield path, _only(columns[path], column, but=unheard), _only(column, columns[path], but=UNPROMISED)
        elif base(column) != base(columns[path]):
            yield path, str(columns[path]["type"]), str(column.get("type") or "")
    for path, column in columns.items():
        if path not in found and (_parent(path) in found or not _parent(path)):
            yield path, describe(column), ""


def base(column: Column) -> str:
    """The type's first word in our spelling: `string` of `VARCHAR(40)`."""
    word = re.split(r"[(<\s]", str(column.get("type") or "").lower())[0]
    return SAME.get(word, word)
