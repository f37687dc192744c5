"""The manifest says what a stranger counts in the stream."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stack.shop.unusable import UNUSABLE


def _recount(reading):
    unusable = Counter(kind for kind, _ in reading.unusable)
    by_producer = Counter(event.producer for event in reading.events)
    sent = by_producer + Counter(producer for _, producer in reading.unusable) + Counter(reading.duplicates)
    hours = Counter(datetime.fromtimestamp(event.at_ms / 1000, UTC).strftime("%Y-%m-%dT%H") for event in reading.events)
    purchases = [event.properties for event in reading.events if event.type == "purchase"]
    revenue = sum((Decimal(str(purchase["total_amount"])) for purchase in purchases), Decimal())
    return {
        "total": len(reading.lines),
        "expected_unique_events": len(reading.events),
        "duplicates": len(reading.duplicates),
        "unusable_total": len(reading.unusable),
        "unusable": {name: unusable[name] for name in UNUSABLE},
        "messages_by_producer": dict(sent),
        "by_producer": dict(by_producer),
        "by_event_type": dict(Counter(event.type for event in reading.events)),
        "by_hour": dict(hours),
        "null_user": sum(event.user is None for event in reading.events),
        "users": len({event.user for event in reading.events} - {None}),
        "sessions": len(reading.visits()),
        "purchases": len(purchases),
        "revenue_cents": int(revenue * 100),
        "revenue": f"{revenue:.2f}",
    }


def test_every_count_of_the_manifest_is_found_again_in_the_stream(stream):
    counted = _recount(stream)
    assert {name: stream.manifest[name] for name in counted} == counted
    assert stream.manifest["purchases"] > 50
    assert stream.manifest["null_user"] > 1_000


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**63), events=st.integers(1, 1_500), hours=st.sampled_from([0.25, 1, 7.5, 48]))
def test_the_manifest_is_right_for_every_seed_size_and_length(make, seed, events, hours):
    reading = make("--events", events, "--seed", seed, "--hours", hours, "--products", 30, "--users", 1_000)
    counted = _recount(reading)
    assert {name: reading.manifest[name] for name in counted} == counted


def test_one_message_in_a_hundred_is_unusable_and_every_kind_occurs_equally_often(stream):
    assert stream.manifest["unusable_total"] == pytest.approx(400, abs=5)
    counts = stream.manifest["unusable"].values()
    assert max(counts) - min(counts) <= 1


def test_the_documentation_names_every_kind_and_every_count(stream, documentation):
    for name in (*UNUSABLE, *stream.manifest):
        assert f"`{name}`" in documentation
