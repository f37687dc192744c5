"""The rule on raw messages: what a price and a quantity may be, however they were sent."""

import json
from datetime import UTC, datetime

import pytest

from catalog import contract
from catalog.dataset import Dataset
from lineage.expectations.project import Project
from lineage.expectations.reader import of_texts

RAW = contract.load("kafka.ecommerce-events-raw")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("properties", "possible"),
    [
        ({"price": 9.5, "quantity": 2}, True),
        ({"price": "9.50"}, True),
        ({"price": None}, True),
        ({}, True),
        (None, True),
        ({"price": -1}, False),
        ({"quantity": "-2"}, False),
        ({"price": "free"}, False),
        ({"price": {"amount": 3}}, False),
        ({"price": "NaN"}, False),
        ({"price": "1e999"}, False),
        ({"quantity": "-Infinity"}, False),
    ],
)
def test_a_price_and_a_quantity_are_numbers_not_negative(properties: object, possible: bool) -> None:
    rows = [{"event_id": "1", "source": "web", "properties": properties}]
    batch = of_texts(rows, contract=RAW, dataset=Dataset("kafka://here:1", RAW.name))
    rules = [{"type": "expect_sent_price_to_be_possible", "severity": "warning", "kwargs": {}, "meta": {}}]
    (check,) = Project.from_environment().judge(batch, rules, as_of=NOW)
    assert (check.success, check.actual[:1]) == (possible, "0" if possible else "1")
    if not possible:
        assert json.loads(check.examples[0])["event_id"] == "1"
