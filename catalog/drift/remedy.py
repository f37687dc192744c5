"""A way on: for each kind of change, what to do so that nobody breaks. One sentence, by rule; pure."""

import re
from collections.abc import Mapping

from catalog.drift import kind
from catalog.drift.change import Change
from catalog.drift.rule import RULES
from catalog.wire import Word

BESIDE = (
    "Add `{beside}` as {after} beside `{at}` ({before}) and fill both until every reader has moved, then drop `{at}`."
)
WIDER = "Let every reader and table of `{at}` hold {after} first (now {before}), then change who writes it."
NARROWER = "Check that every value of `{at}` fits {after} and convert those that do not, or stay with {before}."
ADMIT = "Let the readers of `{at}` and the suites that limit its values bear {what} first, then let it be written."
FORBID = "Correct what breaks {what} in `{at}` first, let the writers keep to it for a release, then declare it."
LABEL = "Say why in the contract, and ask whoever relied on the former words about {place}."
REBUILD = (
    "Build a new table with {what} beside it, fill it from the old one, and let readers move before you swap them."
)
CHECK = "Ask the owner of the rule about {place} whether that is meant, and change rule and data in one step."
BOTH = "Send both `{before}` and `{after}` until every reader has moved, then drop `{before}`."
WAYS: Mapping[str, str] = {
    "dataset.added": "Give it a contract with an owner before anybody reads it.",
    "dataset.dropped": "Keep it, frozen, until every reader named here has moved, then drop it.",
    "column.added": "Add `{at}` as optional or with a default, after all other columns, and tell the suites and "
    "statements that list every column first.",
    "column.dropped": "Keep filling `{at}` until every reader named here has moved, then drop it.",
    "column.renamed": BOTH,
    "column.perhaps_renamed": BOTH,
    "column.moved": "Put `{at}` back where it stood, or name the columns wherever they are taken by place.",
    "type.widened": WIDER, "precision.raised": WIDER, "length.raised": WIDER, "scale.raised": WIDER,
    "type.narrowed": NARROWER, "precision.lowered": NARROWER, "length.lowered": NARROWER, "scale.lowered": NARROWER,
    "type.replaced": BESIDE, "zone.added": BESIDE, "zone.removed": BESIDE,
    "null.allowed": "Keep `{at}` filled, with a value that means unknown, until every reader bears a null.",
    "required.removed": "Keep sending `{at}`, null where there is none, until every reader bears its absence.",
    "null.forbidden": "Fill the nulls that `{at}` has, let writers send a value for a release, then forbid null.",
    "required.added": "Let every writer send `{at}` for a release and fill it in what is stored, then require it.",
    "default.added": "Fill `{at}` with {after} where it is missing in what is stored, so that old and new rows agree.",
    "default.removed": "Let every writer send `{at}` itself before its default {before} goes.",
    "default.changed": "Write {before} into the rows of `{at}` that counted on it before {after} becomes the default.",
    "enum.value_added": ADMIT, "bound.loosened": ADMIT,
    "enum.removed": "Let the readers of `{at}` and its suites bear values beyond {before} before any is written.",
    "open.allowed": "Let the readers of {place} pass over members that they do not know before any is sent.",
    "enum.added": FORBID, "bound.tightened": FORBID,
    "enum.value_removed": "Change the rows of `{at}` that say {before}, stop writing it, then take it off the list.",
    "open.refused": "Declare the members of {place} that come undeclared, or stop sending them, then refuse others.",
    "unique.added": "Merge the rows that share a value of `{at}` before each may be there once only.",
    "bound.changed": "Keep both limits of `{at}`, {before} and {after}, until no reader relies on the former one.",
    "unique.removed": "Let readers join on another key, or take one row for each `{at}`, before values repeat.",
    "key.added": "Find rows that share {after} and merge them before it becomes the key.",
    "key.removed": "Give merges and lookups another key than {before} before it goes.",
    "key.changed": "Load into a table with the key {after} beside the one with {before}, then let readers move.",
    "partition.added": REBUILD, "partition.removed": REBUILD, "partition.changed": REBUILD,
    "sort.added": "Let no reader count on the order before all files are written with it.",
    "sort.removed": "Let readers that need the order {before} sort for themselves before it goes.",
    "sort.changed": "Let readers that need the order {before} sort for themselves before it becomes {after}.",
    "description.added": LABEL, "description.removed": LABEL, "description.changed": LABEL,
    "owner.added": LABEL, "owner.removed": LABEL, "owner.changed": LABEL,
    "pii.added": "Mask {place} for readers that may not see personal data, and say so to them.",
    "pii.removed": "Let whoever answers for privacy say that {place} holds no personal data.",
    "tag.added": LABEL, "tag.removed": LABEL,
    "check.added": "Let the rule about {place} name columns that the dataset has, or declare and fill what it lacks.",
    "check.removed": CHECK, "check.weakened": CHECK, "check.strengthened": CHECK,
    "check.changed": CHECK,
}  # fmt: skip
"""By rule; `tests/catalog/drift/test_remedy.py` demands one for each."""
ASK = "Nobody can judge it from here ({words}): let the owners of {place} and of its readers say first who needs it."
ASKED: Mapping[str, str] = {
    "column.perhaps_renamed": "Let whoever changed it say whether `{after}` is `{before}` by another name: if so, send "
    "both until every reader has moved, if not, keep `{before}` until then.",
    "bound.changed": "Let whoever changed the limit of `{at}` say whether values that keep {after} also keep {before}.",
}
"""What has to be said, and by whom, where nothing can be judged; else ASK."""


def remedy(change: Change, word: Word) -> str:
    """How to make a change safe that is judged `word`: one sentence that names the column, "" for a compatible one."""
    if word == "compatible":
        return ""
    sentence = ASKED.get(change.rule, ASK) if word == "cannot tell" else WAYS[change.rule]
    at = change.former or change.path
    return sentence.format(
        at=at or "the dataset",
        place=f"`{at}`" if at else "the dataset",
        before=change.before or "nothing",
        after=change.after or "nothing",
        beside=f"{at}_{re.sub(r'[^a-z0-9]+', '_', kind.bare(change.after or 'new')).strip('_')}",
        what=_what(change),
        words=RULES[change.rule].words,
    )


def _what(change: Change) -> str:
    """The change as a thing: the new words, else the former ones that go."""
    return change.after or (f"the end of {change.before}" if change.before else "the change")
