"""The profile of a sample: exact figures, what kinds of values, masks, and messages that are none."""

import json
import statistics
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import contract
from lineage import profile
from lineage.profile import ColumnProfile, Profile

RAW = contract.load("kafka.ecommerce-events-raw")


def of(*messages: Any) -> Profile:
    return profile.of_messages([json.dumps(each).encode() for each in messages], RAW)


def column(found: Profile, path: str) -> ColumnProfile:
    (one,) = [each for each in found.columns if each.path == path]
    return one


def test_members_of_all_three_producers_are_columns_in_the_contracts_order() -> None:
    found = of(
        {"event_type": "page_view", "properties": {"price": 1.5}, "metadata": {"sdk_version": "1"}},
        {"eventName": "page_view", "properties": {"price": "2.5", "screen_name": "/"}},
        {"event_name": "page_view", "properties": {"items": [{"price": 1}]}},
    )
    assert [each.path for each in found.columns] == [
        "event_type", "eventName", "event_name", "properties", "properties.screen_name", "properties.price",
        "properties.items", "metadata", "metadata.sdk_version",
    ]  # fmt: skip


def test_a_number_sent_as_text_counts_as_a_number_and_is_told() -> None:
    price = column(of(*({"properties": {"price": at}} for at in (1, 2.5, "4", "free", None)), {}), "properties.price")
    assert price.shapes == {
        "absent": 1, "integer": 1, "null": 1, "number": 1, "number as text": 1, "text": 1,
    }  # fmt: skip
    assert (price.metrics.row_count, price.metrics.null_count, price.metrics.distinct_count) == (4, 2, 4)
    assert (price.metrics.minimum, price.metrics.maximum, price.metrics.total) == (1.0, 4.0, 7.5)
    assert price.mean == 2.5
    assert price.metrics.quantiles["0.5"] == 2.5


def test_the_most_frequent_values_come_first_and_a_value_seen_once_is_not_among_them() -> None:
    found = column(of(*({"event_type": name} for name in "aaabbc")), "event_type")
    assert found.top == (("a", 3), ("b", 2))
    assert found.span == ("a", "c")


def test_of_a_column_whose_values_the_contract_lists_each_counts_however_rare_and_many_they_are() -> None:
    sent = [*["paypal"] * 3, "credit_card", "apple_pay", "google_pay", *(f"other {n:02}" for n in range(30))]
    found = column(of(*({"properties": {"payment_method": name}} for name in sent)), "properties.payment_method")
    assert found.top[:4] == (("paypal", 3), ("apple_pay", 1), ("credit_card", 1), ("google_pay", 1))
    assert [name for name, _ in found.top[4:]] == [f"other {n:02}" for n in range(profile.TOP)]


def test_values_are_not_shown_of_personal_columns_nor_of_columns_that_the_contract_does_not_name() -> None:
    found = of(*[{"user_id": "jane", "properties": {"ip_address": "10.1.2.3", "mail": "jane@example.org"}}] * 3)
    assert all(word not in repr(found) for word in ("jane", "10.1.2.3"))
    for path in ("user_id", "properties.ip_address", "properties.mail"):
        one = column(found, path)
        assert (one.masked, one.metrics.row_count, one.metrics.distinct_count) == (True, 3, 1)


def test_numbers_of_a_personal_column_are_not_shown_either() -> None:
    found = column(of({"user_id": 4711}, {"user_id": 4712}), "user_id")
    assert (found.metrics.minimum, found.metrics.total, dict(found.metrics.quantiles)) == (None, None, {})
    assert found.shapes == {"integer": 2}


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b'{"a": 1', b"[1]", b'"{}"', b"\xff\xfe", b'{"sou\xffrce": "web"}', b"null"]
)
def test_what_is_no_json_object_is_unreadable_and_the_rest_is_profiled(body: bytes) -> None:
    found = profile.of_messages([body, b'{"source": "web"}'], RAW)
    assert (found.rows, found.unreadable) == (2, 1)
    assert column(found, "source").metrics.row_count == 1


def test_no_message_at_all_has_no_column() -> None:
    assert profile.of_messages([], RAW) == Profile(rows=0, unreadable=0, columns=())


@pytest.mark.parametrize("key", ["a.b", 'a"b', "a/b", "a~1b", "a'b", "$", "é", " ", ""])
def test_a_members_name_may_be_anything(key: str) -> None:
    assert column(of({key: 1}, {key: None}), key).shapes == {"integer": 1, "null": 1}


def test_names_that_differ_in_case_only_are_two_columns() -> None:
    found = of({"userid": 1, "userId": 2, "USERID": 3})
    assert sorted(each.path for each in found.columns) == ["USERID", "userId", "userid"]


def test_time_as_text_a_uuid_and_blank_text_are_kinds_of_their_own() -> None:
    sent = ["2026-11-20T00:01:38.095Z", "1f9e1c9e-5d5c-4d2c-9f9e-0a0a0a0a0a0a", "", "page", True]
    assert column(of(*({"session_id": each} for each in sent)), "session_id").shapes == {
        "blank text": 1, "boolean": 1, "text": 1, "text with UUID": 1, "time as text": 1,
    }  # fmt: skip


VALUES = st.one_of(st.none(), st.integers(-1000, 1000), st.text(max_size=5), st.booleans())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.just({}), VALUES.map(lambda value: {"source": value})), min_size=1, max_size=40))
def test_figures_are_those_that_python_counts(messages: list[dict[str, Any]]) -> None:
    sent = [each["source"] for each in messages if each.get("source") is not None]
    found = of(*messages)
    if not any("source" in each for each in messages):
        assert found.columns == ()
        return
    one = column(found, "source")
    assert sum(one.shapes.values()) == len(messages)
    assert one.metrics.null_count == len(messages) - len(sent)
    assert one.metrics.distinct_count == len({json.dumps(each) for each in sent})
    counts = Counter(json.dumps(each) for each in sent)
    assert max((count for _, count in one.top), default=1) == max([*counts.values(), 1])
    if sent and all(isinstance(each, int) and not isinstance(each, bool) for each in sent):
        assert one.mean == pytest.approx(statistics.mean(sent))
        assert one.metrics.quantiles["0.5"] == statistics.median_low(sent)
