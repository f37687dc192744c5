"""A column of a contract by a name that is nothing like its former one: the rules that move with it tell."""

import json

import pytest

from tests.catalog.review.branch import EVENTS, SUITE, Work

RULE = {"type": "expect_column_values_to_match_regex", "kwargs": {"regex": "^[A-Z]{2}-"},
        "meta": {"contracts": ["warehouse.events"]}, "severity": "critical"}  # fmt: skip
BRAND = '{name: brand, logicalType: string, physicalType: string(80), description: "From the catalogue, else as sent"}'
MAKER = "{name: maker, logicalType: string, physicalType: string(80), description: Who made it}"


def ruled(work: Work, column: str) -> None:
    """The suite with one rule more, about this column."""
    suite = json.loads(work.read(SUITE))
    others = [one for one in suite["expectations"] if one["type"] != RULE["type"]]
    kwargs = {"column": column, **RULE["kwargs"]}
    work.write(SUITE, json.dumps({**suite, "expectations": [*others, {**RULE, "kwargs": kwargs}]}))


@pytest.mark.parametrize(("moved", "questions"), [(True, ["brand → maker"]), (False, [])])
def test_a_rule_that_moves_to_the_new_column_asks_whether_it_is_the_former_one(work: Work, moved, questions) -> None:
    ruled(work, "brand")
    work.commit("a rule about the brand")
    work.edit(EVENTS, BRAND, MAKER)
    if moved:
        ruled(work, "maker")
    changes = [one.finding.change for one in work.review().findings]
    assert {"column.dropped brand: string(80)", "column.added maker: string(80)"} <= set(map(str, changes))
    asked = [one for one in changes if one.rule == "column.perhaps_renamed"]
    assert [f"{one.before} → {one.after}" for one in asked] == questions
