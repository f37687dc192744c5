"""Records from outside against a contract's columns."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.contract import load
from catalog.schema import Field, Schema
from lineage.operators.reference import sort_out
from lineage.record import Malformed, conform, parse, text

GOOD = {
    "product_id": "p1", "product_name": "Lamp", "category": "home", "price": 19.99, "inventory_level": 3,
    "last_updated": "2026-03-01T12:00:00Z", "colour": "not in the contract",
}  # fmt: skip


def test_a_good_record_gets_the_types_of_its_contract():
    row = conform(GOOD, load("api.products").schema)
    assert list(row) == list(load("api.products").schema.names())
    assert (row["price"], row["inventory_level"], row["brand"]) == (Decimal("19.99"), 3, None)
    assert row["last_updated"] == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"product_id": None}, "product_id is missing"),
        ({"product_id": 7}, "product_id is no string(64)"),
        ({"product_id": "p" * 65}, "product_id is no string(64)"),
        ({"price": "cheap"}, "price is no decimal(12,2)"),
        ({"price": True}, "price is no decimal(12,2)"),
        ({"price": float("nan")}, "price is no decimal(12,2)"),
        ({"price": 1e11}, "price is no decimal(12,2)"),
        ({"inventory_level": 2.5}, "inventory_level is no int"),
        ({"inventory_level": "3"}, "inventory_level is no int"),
        ({"last_updated": "yesterday"}, "last_updated is no timestamp"),
    ],
)
def test_a_malformed_record_is_refused_with_its_reason(change, reason):
    with pytest.raises(Malformed) as refused:
        conform(GOOD | change, load("api.products").schema)
    assert str(refused.value) == reason


@pytest.mark.parametrize(("line", "reason"), [(b"{", "not JSON"), (b"[]", "not an object"), (b"3", "not an object")])
def test_what_is_no_record_is_refused(line, reason):
    with pytest.raises(Malformed, match=reason):
        parse(line, load("api.products").schema)


@given(
    number=st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    moment=st.datetimes(timezones=st.just(UTC)),
    day=st.dates(),
    word=st.text(max_size=20),
    flag=st.booleans(),
)
def test_a_value_written_as_text_is_read_back_as_the_same_value(number, moment, day, word, flag):
    kinds = {"number": "decimal(12,2)", "moment": "timestamp", "day": "date", "word": "string(20)"}
    schema = Schema(fields=tuple(Field(name=name, type=kind) for name, kind in kinds.items()))
    row: dict[str, Decimal | datetime | date | str] = {"number": number, "moment": moment, "day": day, "word": word}
    assert conform({name: text(value) for name, value in row.items()}, schema) == row
    assert json.loads(text(flag)) is flag


def test_the_good_are_kept_as_they_came_and_a_key_counts_once():
    good, bad = sort_out([GOOD, "x", GOOD | {"price": None}, GOOD], load("api.products"))
    assert good == [GOOD]
    assert [line["reason"] for line in bad] == ["not an object", "price is missing", "product_id came before"]
    assert bad[1]["record"]["product_name"] == "Lamp"
