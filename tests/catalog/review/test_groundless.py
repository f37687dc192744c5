"""A rule that a branch adds on a column that the dataset does not have breaks its suite: it can never be computed."""

import json

import pytest

from catalog.drift import Finding
from catalog.review.affected import Record
from tests.catalog.review.branch import EVENTS, SUITE, Work, one

RULE = "expect_column_values_to_not_be_null"
ASKS = f"{RULE}(curency) asks about curency, which is not there (nearest: currency)"


def ruled(work: Work, column: str, record: Record | None = None) -> Finding:
    """The finding of one more rule for the events of the warehouse."""
    suite = json.loads(work.read(SUITE))
    suite["expectations"].append({
        "type": RULE, "severity": "critical", "kwargs": {"column": column},
        "meta": {"aspect": "business", "contracts": ["warehouse.events"]},
    })  # fmt: skip
    work.write(SUITE, json.dumps(suite, indent=2))
    return one(work.review(record=record), "check.added", column, "warehouse.events").finding


def test_it_names_the_column_and_the_nearest_one_that_is_there(work: Work) -> None:
    found = ruled(work, "curency")
    worst = found.verdicts[0]
    assert (worst.consumer.name, worst.word, worst.reason) == ("data_warehouse_suite", "breaking", ASKS)
    assert found.remedy.startswith("Let the rule about `curency` name columns that the dataset has")


def test_with_a_record_it_breaks_the_task_that_runs_the_suite(work: Work, record: Record) -> None:
    found = ruled(work, "curency", record)
    told = {each.consumer.name: (each.word, each.reason) for each in found.verdicts}
    assert told["data_ingestion_dag.validate_warehouse_data"] == ("breaking", f"{ASKS}, as this branch has it")


def test_a_column_that_nobody_declared_and_that_comes_is_there(work: Work, record: Record) -> None:
    raw = {"type": RULE, "kwargs": {"column": "coupon_code"}, "meta": {"aspect": "business"}}
    path = "great_expectations/expectations/raw_events_suite.json"
    suite = json.loads(work.read(path))
    suite["expectations"].append(raw)
    work.write(path, json.dumps(suite, indent=2))
    found, without = (
        one(work.review(record=known), "check.added", "coupon_code").finding.word for known in (record, None)
    )
    assert (found, without) == ("compatible", "breaking")


@pytest.mark.parametrize("recorded", [False, True])
def test_a_rule_on_a_column_that_is_there_breaks_nobody(
    work: Work, recorded: bool, request: pytest.FixtureRequest
) -> None:
    found = ruled(work, "currency", request.getfixturevalue("record") if recorded else None)
    assert found.word == "compatible"


@pytest.mark.parametrize("recorded", [False, True])
def test_a_column_that_comes_in_the_same_branch_is_there(
    work: Work, recorded: bool, request: pytest.FixtureRequest
) -> None:
    work.edit(EVENTS, "- {name: user_id, ", "- {name: coupon, logicalType: string}\n      - {name: user_id, ")
    found = ruled(work, "coupon", request.getfixturevalue("record") if recorded else None)
    assert found.word == "compatible"
