"""What a change means to a reader that checks JSON documents: whether it accepts every document that may come.

JSON Schema 2020-12: a reader accepts what its schema admits; a default is an annotation and fills nothing (§9.2);
undeclared members are admitted unless refused (Core §10.3.2.3); formats are taken as assertions.
"""

from catalog.drift import bound, kind
from catalog.drift.change import Change
from catalog.drift.effect import effect
from catalog.drift.promotion import SOURCE
from catalog.drift.shape import Part
from catalog.wire import Word

ALL = frozenset({"_element", "*"})
"""Names of the members that stand for all elements of an array, or all other members of an object."""
ACCEPTED = frozenset({
    "null.forbidden", "required.added", "enum.added", "enum.value_removed", "bound.tightened", "open.refused",
    "default.added", "default.removed", "default.changed", "column.moved",
})  # fmt: skip
"""After these every new document is one that was possible before."""
REFUSED = frozenset(
    {"null.allowed", "required.removed", "enum.removed", "enum.value_added", "bound.loosened", "open.allowed"}
)
"""After these there is a new document that the old schema refuses."""
ADDRESS = "https://json-schema.org/draft/2020-12/json-schema-core"


def judge(change: Change) -> tuple[Word, str, str]:
    """For an old reader of new documents: word, reason, source. The other direction is this one of the change back."""
    at = change.new if change.rule == "column.added" else change.old
    if at and at.name in ALL and change.rule in {"column.added", "column.dropped"}:
        return _all_members(change)
    if change.rule == "column.added":
        if change.old:
            return _wild(change.old, change.new)
        if change.open_before:
            return "compatible", "undeclared members are admitted", ADDRESS
        return "breaking", "undeclared members are refused", ADDRESS
    if change.rule == "column.dropped":
        return _dropped(change)
    if change.rule == "column.renamed":
        return _renamed(change)
    if change.old and change.new and kind.compare(change.old.type, change.new.type) != "same" and _is_type(change.rule):
        return _type(change.old.type, change.new.type)
    if change.rule in ACCEPTED:
        return "compatible", "every new document was possible before", SOURCE["json"]
    if change.rule in REFUSED:
        return _refused(change)
    if change.rule == "bound.changed":
        name, _, before = (change.before or "").partition(" ")
        after = (change.after or "").partition(" ")[2]
        if bound.certain(name, before, after):
            return "breaking", f"a text of {name} {after} is none of {before}", SOURCE["json"]
        return "cannot tell", f"which values {name} admits cannot be compared", SOURCE["json"]
    row, source = effect("", change.rule)
    return row[1], "holds for every reader", source


def _is_type(rule: str) -> bool:
    return rule.partition(".")[0] in {"type", "precision", "scale", "length", "zone"}


def _all_members(change: Change) -> tuple[Word, str, str]:
    """A schema of all elements or of all other members came or went: they were there before, and of any type."""
    if change.rule == "column.added" or not change.open_after:
        return "compatible", "only some of what was admitted comes now", ADDRESS
    return "breaking", "members of any type may come now", ADDRESS


def _wild(reader: Part, writer: Part | None) -> tuple[Word, str, str]:
    """A new member where the reader has one schema for all that it does not name."""
    if writer and (reader.nullable or not writer.nullable) and reader.type == writer.type and not reader.bounds:
        return "compatible", "the schema of other members admits it", ADDRESS
    return _type(reader.type, writer.type if writer else "any")


def _dropped(change: Change) -> tuple[Word, str, str]:
    if change.old and change.old.required:
        return "breaking", "a required member is missing", ADDRESS
    if change.old and change.new and _wild(change.old, change.new)[0] == "compatible":
        return "compatible", "under its former name it comes as it came", ADDRESS
    if change.open_after:
        return "may break", "undeclared now: it may come back as anything", ADDRESS
    return "compatible", "an optional member no longer comes", ADDRESS


def _renamed(change: Change) -> tuple[Word, str, str]:
    old, new = change.old, change.new
    if old and new and new.name in old.aliases:
        return "compatible", "the reader knows the other name as an alias", ADDRESS
    if (old and old.required) or not change.open_before:
        return "breaking", "read by name: the former one is missing or the other is refused", ADDRESS
    return "may break", "read by name: the former one no longer comes", ADDRESS


def _type(reader: str, writer: str) -> tuple[Word, str, str]:
    if kind.holds(reader, writer, order=kind.TEXT):
        return "compatible", f"every {writer} is a {reader}", SOURCE["json"]
    return "breaking", f"not every {writer} is a {reader}", SOURCE["json"]


def _refused(change: Change) -> tuple[Word, str, str]:
    """A schema admits more now; nothing is lost when the values are listed and the reader accepts each of them."""
    old, new = change.old, change.new
    listed = new.enum if new and change.rule == "bound.loosened" else ()
    if old and listed and old.type == "string" and all(bound.admits(old.bounds, value) for value in listed):
        return "compatible", "every listed value keeps the former limit", SOURCE["json"]
    return "breaking", "a new document may be one that the reader refuses", SOURCE["json"]
