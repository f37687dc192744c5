"""A way on for each kind of change: every rule has one, and it says what it is about."""

import pytest

from catalog.drift import Change
from catalog.drift.remedy import WAYS, remedy
from catalog.drift.rule import RULES

JUDGED = ("breaking", "may break", "cannot tell")
OF_DATASET = ("dataset.", "key.", "partition.", "sort.")


def change(rule: str, **more) -> Change:
    values = {"path": "price", "before": "decimal(12,2)", "after": "string(20)"} | more
    return Change(rule=rule, **values)


def test_every_rule_has_a_way_on_and_no_way_is_left_without_a_rule():
    assert set(WAYS) == set(RULES)


@pytest.mark.parametrize("word", JUDGED)
@pytest.mark.parametrize("rule", RULES)
def test_it_is_one_sentence_that_names_the_column(rule, word):
    told = remedy(change(rule), word)
    assert told.endswith(".") and ". " not in told and "{" not in told and "None" not in told
    assert len(told) < 230
    if word == "cannot tell" or not rule.startswith(OF_DATASET):
        assert "`price`" in told or "`decimal(12,2)`" in told  # of a rename, `before` is the former column


@pytest.mark.parametrize("rule", RULES)
def test_what_is_compatible_needs_none(rule):
    assert remedy(change(rule), "compatible") == ""


@pytest.mark.parametrize("word", JUDGED)
@pytest.mark.parametrize("rule", RULES)
def test_the_dataset_itself_is_called_so(rule, word):
    told = remedy(Change(rule=rule, path=""), word)
    assert "``" not in told and "{" not in told and "None" not in told


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.startswith(("type.", "precision.", "length.", "zone."))]
)
def test_a_change_of_type_names_both_types(rule):
    told = remedy(change(rule), "breaking")
    assert "decimal(12,2)" in told and "string(20)" in told


@pytest.mark.parametrize(
    "given, told",
    [
        (change("type.replaced"), "Add `price_string` as string(20) beside `price` (decimal(12,2)) and fill both "
         "until every reader has moved, then drop `price`."),
        (change("type.replaced", path="tags", before="int", after="array<string>"),
         "Add `tags_array_string` as array<string> beside `tags` (int) and fill "
         "both until every reader has moved, then drop `tags`."),
        (change("column.renamed", path="amount", before="price", after="amount"),
         "Send both `price` and `amount` until every reader has moved, then drop `price`."),
        (change("column.dropped", after=None),
         "Keep filling `price` until every reader named here has moved, then drop it."),
        (change("enum.value_added", path="payment_method", before=None, after="klarna"),
         "Let the readers of `payment_method` and the suites that limit its values bear klarna first, "
         "then let it be written."),
    ],
)  # fmt: skip
def test_what_it_says(given, told):
    assert remedy(given, "breaking") == told


def test_a_perhaps_renamed_column_asks_whoever_changed_it():
    told = remedy(change("column.perhaps_renamed", path="amount", before="price", after="amount"), "cannot tell")
    assert told.startswith("Let whoever changed it say whether `amount` is `price` by another name")
