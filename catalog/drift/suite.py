"""What a change means to a Great Expectations suite: which of its rules name what changed, and what they ask.

An expectation on a column that is not there raises, and a raised exception is a failed expectation
(docs.greatexpectations.io, Result format: exception_info).
"""

from collections.abc import Iterator
from difflib import get_close_matches

from catalog.drift.change import Change, Judged
from catalog.drift.shape import Check
from catalog.wire import VERDICTS, Word

ADDRESS = "https://greatexpectations.io/expectations/"
COLUMNS = frozenset({"column_list", "column_set", "column_A", "column_B", "column", "columns"})
UNKNOWN = "expect_no_unknown_columns"
"""Ours: no column beside those in `known`."""
LISTS = frozenset({"expect_table_columns_to_match_ordered_list", "expect_table_columns_to_match_set"})
COUNTS = frozenset({"expect_table_column_count_to_equal", "expect_table_column_count_to_be_between"})
WHOLE = LISTS | COUNTS
NULLS = "expect_column_values_to_not_be_null"
OF_CONTRACT = "expect_column_types_to_match_contract"
"""Ours: here one for each column, with the type that its contract promises."""
TYPES = frozenset({"expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list", OF_CONTRACT})
SETS = frozenset({"expect_column_values_to_be_in_set", "expect_column_distinct_values_to_be_in_set"})
UNIQUE = frozenset({"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"})
SPARING = (
    "expect_column_values_", "expect_column_value_lengths_", "expect_column_distinct_values_to_be_in_set",
    "expect_compound_columns_", "expect_table_", "expect_text_to_fit", OF_CONTRACT, UNKNOWN,
)  # fmt: skip
"""Rules that pass a column without any value: they leave nulls out, or ask about names, types, rows. NULLS does not."""
LIMITS = ("type.", "precision.", "scale.", "length.", "zone.", "enum.", "bound.")


def judge(change: Change, checks: tuple[Check, ...], columns: frozenset[str] | None = None) -> Judged:
    """For a suite as it is and the data as it becomes: the worst that happens to one of its rules.

    `columns` are those that the data has, None where nobody knows: a rule cannot ask about others.
    """
    if columns is not None and (told := _groundless(change, checks, columns)):
        return told
    found = sorted(_judged(change, checks), key=lambda one: VERDICTS.index(one[0]))
    if not found:
        return "compatible", "no rule of the suite asks about it", ADDRESS
    word, check = found[0]
    more = sum(one == word for one, _ in found[1:])
    asks = f"{check.name} and {more} more ask" if more else f"{check.name} asks"
    return word, f"{asks} about it{', and only warns' if _warns(check) and not more else ''}", ADDRESS


def _judged(change: Change, checks: tuple[Check, ...]) -> Iterator[tuple[Word, Check]]:
    """What does more than nothing to a rule; one that only warns stops nobody."""
    for check in checks:
        word = _word(change, check)
        if word != "compatible":
            yield ("may break" if word == "breaking" and _warns(check) else word), check


def _groundless(change: Change, checks: tuple[Check, ...], columns: frozenset[str]) -> Judged | None:
    """A rule of the suite that came, or became another, and asks about columns that are not there."""
    check = change.check
    if check is None or change.rule == "check.removed":
        return None
    own = any((one.type, one.column) == (check.type, check.column) for one in checks)
    lacking = sorted(named(check) - columns) if own else ()
    if not lacking:
        return None
    what = " and ".join(_nearest(one, columns) for one in lacking)
    word: Word = "may break" if _warns(check) else "breaking"
    return word, f"{check.name} asks about {what}{', and only warns' if _warns(check) else ''}", ADDRESS


def _nearest(name: str, columns: frozenset[str]) -> str:
    near = get_close_matches(name, sorted(columns), n=1, cutoff=0)
    return f"{name}, which is not there" + (f" (nearest: {near[0]})" if near else "")


def emptied(check: Check) -> Word:
    """What happens to a rule when the column that it asks about has nulls only."""
    if check.type != NULLS and check.type.startswith(SPARING):
        return "compatible"
    return "may break" if _warns(check) else "breaking"


def _warns(check: Check) -> bool:
    return check.severity in {"warning", "info"}


def _word(change: Change, check: Check) -> Word:
    gone = change.former
    columns, whole = named(check), check.type in WHOLE
    if change.rule == "dataset.dropped":
        return "breaking"
    if change.gone:
        return "breaking" if gone in columns or (whole and "." not in gone and not _loose(check)) else "compatible"
    if change.rule == "column.added" and check.type == UNKNOWN:
        return "breaking" if change.path not in _known(check) and "." not in change.path else "compatible"
    if change.rule == "column.added":
        return "breaking" if whole and "." not in change.path and not _loose(check) else "compatible"
    if change.rule == "column.moved":
        return "breaking" if check.type == "expect_table_columns_to_match_ordered_list" else "compatible"
    if change.path not in columns or whole:
        return "cannot tell" if change.rule == "column.perhaps_renamed" and gone in columns else "compatible"
    return _values(change, check)


def _values(change: Change, check: Check) -> Word:
    """A rule on the values of the column that changed."""
    if change.rule == "null.allowed" and check.type == NULLS:
        return "may break"
    if check.type in TYPES:
        exact = "(" in str(dict(check.kwargs).get("type_", ""))  # decimal(12,2)
        limits = ("type.", "zone.", "precision.", "scale.") if exact else ("type.", "zone.")
        return "breaking" if change.rule.startswith(limits) else "compatible"
    if check.type in SETS and change.rule == "enum.value_added":
        known = dict(check.kwargs).get("value_set")
        listed = isinstance(known, (list, tuple)) and change.after in {str(value) for value in known}
        return "compatible" if listed else "breaking"
    if change.rule in {"unique.removed", "key.changed", "key.removed"}:
        return "may break" if check.type in UNIQUE else "compatible"
    loosens = change.rule.endswith((".widened", ".raised", ".loosened", ".removed", ".replaced", ".changed"))
    asks = check.type not in {NULLS, *UNIQUE}
    return "may break" if asks and loosens and change.rule.startswith(LIMITS) else "compatible"


def named(check: Check) -> frozenset[str]:
    """Every column that a rule names."""
    found = {check.column} if check.column else set()
    for name, value in check.kwargs:
        if name in COLUMNS:
            found |= set(value) if isinstance(value, (list, tuple, frozenset)) else {str(value)}
    return frozenset(found)


def _known(check: Check) -> frozenset[str]:
    known = dict(check.kwargs).get("known")
    return frozenset(known) if isinstance(known, (list, tuple)) else frozenset()


def _loose(check: Check) -> bool:
    """A set that need not match exactly, or a count between two numbers, may still hold."""
    return dict(check.kwargs).get("exact_match") is False
