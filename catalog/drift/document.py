"""What a change means to a reader that checks JSON documents: whether it accepts every document that may come.

JSON Schema 2020-12: a reader accepts what its schema admits; a default is an annotation and fills nothing (§9.2);
undeclared members are admitted unless refused (Core §10.3.2.3); formats are taken as assertions.
"""

from dataclasses import replace

from catalog.drift import bound, kind
from catalog.drift.change import TYPES, Change, Judged
from catalog.drift.detect import detect
from catalog.drift.effect import effect
from catalog.drift.promotion import SOURCE
from catalog.drift.shape import Part, Shape
from catalog.wire import VERDICTS

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
VALUES = TYPES | {"null", "enum", "bound", "open"}
"""The nouns of rules that are about a value which is there."""
ADDRESS = "https://json-schema.org/draft/2020-12/json-schema-core"
ADMITTED: Judged = ("compatible", "the schema of other members admits it", ADDRESS)


def judge(change: Change) -> Judged:
    """For an old reader of new documents: word, reason, source. The other direction is this one of the change back."""
    at = change.new if change.rule == "column.added" else change.old
    if at and at.name in ALL and change.rule in {"column.added", "column.dropped"}:
        return _all_members(change, at)
    if change.rule == "column.added":
        if change.old and change.new:
            return _wild(change.old, change.new)
        if change.open_before:
            return "compatible", "undeclared members are admitted", ADDRESS
        return "breaking", "undeclared members are refused", ADDRESS
    if change.rule == "column.dropped":
        return _dropped(change)
    if change.rule == "column.renamed":
        return _renamed(change)
    if change.old and change.new and change.noun in VALUES:
        return _value(change, change.old, change.new)
    return _kept(change)


def _value(change: Change, reader: Part, writer: Part) -> Judged:
    """A change of what a part's values may be: of listed ones each can be tried, of others only the change is known."""
    if change.rule == "null.allowed" and reader.required and not writer.required:
        return "breaking", "a required member may be missing", ADDRESS
    listed = bound.listed(writer)
    if listed is not None and all(bound.admits(reader, one, known=writer) for one in listed):
        return "compatible", "every value that may come is admitted", SOURCE["json"]
    if change.retyped:
        return _type(bound.held(reader), bound.held(writer))
    if change.rule == "null.allowed" and bound.admits(reader, None):
        return "compatible", "a value of any type may be null", SOURCE["json"]
    if change.rule.startswith("open.") and not all(kind.has(one.type, "*") for one in (reader, writer)):
        return "compatible", "only the type says whether objects may come", ADDRESS
    return _kept(change)


def _kept(change: Change) -> Judged:
    """A change whose rule alone says whether there is a new document that the old schema refuses."""
    if change.rule == "bound.tightened" and (change.before or "").startswith("variants "):
        return "may break", "what fits one branch only may fit another one, too, that the reader has (oneOf)", ADDRESS
    if change.rule in ACCEPTED:
        return "compatible", "every new document was possible before", SOURCE["json"]
    if change.rule in REFUSED:
        return "breaking", "a new document may be one that the reader refuses", SOURCE["json"]
    if change.rule == "bound.changed":
        name, _, before = (change.before or "").partition(" ")
        after = (change.after or "").partition(" ")[2]
        if bound.certain(name, before, after):
            return "breaking", f"what is of {name} {after} need not be of {before}", SOURCE["json"]
        return "cannot tell", f"which values {name} admits cannot be compared", SOURCE["json"]
    row, source = effect("", change.rule)
    return row[1], "holds for every reader", source


def _all_members(change: Change, at: Part) -> Judged:
    """A schema of all elements or of all other members came or went: they were there before, and of any type."""
    refused = at.name == "*" and not change.open_after
    if change.rule == "column.added" or refused or (at.type == "any" and not at.bounds and not at.enum):
        return "compatible", "only some of what was admitted comes now", ADDRESS
    return "breaking", "members of any type may come now", ADDRESS


def _wild(reader: Part, writer: Part) -> Judged:
    """A member against one schema for all members that are not named: as if it had changed from that one."""
    before, after = (Shape(parts=(replace(part, path=writer.path),)) for part in (reader, writer))
    word, reason, source = min(map(judge, detect(before, after)), key=_severity, default=ADMITTED)
    if word == "compatible" and all(
        kind.has(part.type, "_element") or kind.has(part.type, "*") for part in (reader, writer)
    ):
        return "cannot tell", "members of the one and of the other are not compared", ADDRESS
    return word, reason, source


def _severity(judged: Judged) -> int:
    return VERDICTS.index(judged[0])


def _dropped(change: Change) -> Judged:
    if change.old and change.old.required:
        return "breaking", "a required member is missing", ADDRESS
    if change.old and change.new and _wild(change.old, change.new)[0] == "compatible":
        return "compatible", "under its former name it comes as it came", ADDRESS
    if change.open_after:
        return "may break", "undeclared now: it may come back as anything", ADDRESS
    return "compatible", "an optional member no longer comes", ADDRESS


def _renamed(change: Change) -> Judged:
    old, new = change.old, change.new
    if old and new and new.name in old.aliases:
        return "compatible", "the reader knows the other name as an alias", ADDRESS
    if (old and old.required) or not change.open_before:
        return "breaking", "read by name: the former one is missing or the other is refused", ADDRESS
    return "may break", "read by name: the former one no longer comes", ADDRESS


def _type(reader: str, writer: str) -> Judged:
    if kind.holds(reader, writer, order=kind.TEXT):
        return "compatible", f"every {writer} is a {reader}", SOURCE["json"]
    return "breaking", f"not every {writer} is a {reader}", SOURCE["json"]
