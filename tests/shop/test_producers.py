"""The three producers disagree as the table in docs/shop.md says."""

import json
import re
from uuid import UUID

import pytest

UUID_TEXT = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
WEB = {"event_id", "event_type", "timestamp", "user_id", "session_id", "source", "properties", "metadata"}
COMMERCE = {
    "product_view": {"product_id", "product_name", "product_category", "price", "currency", "brand"},
    "add_to_cart": {"product_id", "product_name", "product_category", "price", "quantity", "currency", "cart_total"},
    "remove_from_cart": {"product_id", "quantity", "cart_total"},
    "checkout_started": {"cart_total", "item_count"},
    "purchase": {
        "order_id", "total_amount", "currency", "item_count", "payment_method", "shipping_method", "discount_amount"
    },
}  # fmt: skip


def _of(stream, producer, type=None):
    found = [event for event in stream.events if event.producer == producer and type in (None, event.type)]
    assert found
    return found


def test_web_sends_the_documented_envelope(stream):
    for event in _of(stream, "web"):
        body = event.body
        assert body.keys() == WEB
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
        assert re.fullmatch(f"user_{UUID_TEXT}", body["user_id"])
        assert re.fullmatch(f"session_{UUID_TEXT}", body["session_id"])
        assert body["source"] == "web"
        assert body["properties"]["ip_address"] is None
        assert body["metadata"].keys() == {"sdk_version", "platform", "environment", "session_start_time"}
        assert body["metadata"]["environment"] == "prod"
        assert body["metadata"]["session_start_time"] <= body["timestamp"]


def test_web_event_ids_are_uuids_and_never_repeat(stream):
    ids = [UUID(event.body["event_id"]) for event in _of(stream, "web")]
    assert len(set(ids)) == len(ids)
    assert {found.version for found in ids} == {4}


def test_android_sends_camel_case_whole_milliseconds_and_a_null_for_nobody(stream):
    for event in _of(stream, "android"):
        assert event.body.keys() == {"eventName", "timestamp", "userId", "sessionId", "properties"}
        assert type(event.body["timestamp"]) is int
        assert re.fullmatch(r"session_\d{13}_\d+", event.body["sessionId"])
    assert any(event.body["userId"] is None for event in _of(stream, "android"))


def test_ios_sends_snake_case_fractions_of_milliseconds_and_leaves_nobody_out(stream):
    for event in _of(stream, "ios"):
        keys = {"event_name", "timestamp", "session_id", "properties"}
        assert event.body.keys() == (keys | {"user_id"} if event.user else keys)
        assert type(event.body["timestamp"]) is float
        assert re.fullmatch(r"session_\d{13}_\d+", event.body["session_id"])
    assert any(event.user is None for event in _of(stream, "ios"))


@pytest.mark.parametrize(("producer", "name"), [("android", "eventName"), ("ios", "event_name")])
def test_mobile_has_its_own_names_for_the_same_events(stream, producer, name):
    assert {event.body[name] for event in _of(stream, producer)} == {
        "screen_viewed",
        "product_viewed",
        "product_added",
        "product_removed",
        "checkout_started",
        "purchase_completed",
        "user_login",
    }


@pytest.mark.parametrize("producer", ["android", "ios"])
def test_mobile_flattens_metadata_into_properties_and_drops_nested_values(stream, producer):
    for event in _of(stream, producer):
        properties = event.properties
        flattened = {
            "timestamp",
            "sdk_version",
            "platform",
            "app_version",
            "device_model",
            "os_version",
            "event_category",
        }
        assert flattened <= properties.keys()
        assert properties["environment"] == "production"
        assert properties["platform"] == producer
        assert properties["timestamp"] > event.body["timestamp"]
        assert all(isinstance(value, str | int | float | bool) for value in properties.values())
        assert ("customer_segment" in properties) == (event.user is not None)
    assert "items" not in _of(stream, producer, "purchase")[0].properties


@pytest.mark.parametrize("producer", ["web", "android", "ios"])
@pytest.mark.parametrize("type", COMMERCE)
def test_commerce_events_carry_the_documented_properties(stream, producer, type):
    for event in _of(stream, producer, type):
        assert COMMERCE[type] <= event.properties.keys()


def test_web_items_name_product_price_and_quantity(stream):
    for event in _of(stream, "web", "purchase"):
        for item in event.properties["items"]:
            assert item.keys() == {"product_id", "product_name", "price", "quantity"}


def test_ios_writes_whole_prices_without_a_fraction(make):
    events = make("--events", 4_000, "--seed", 8).events
    types = {
        type(event.properties["price"]) for event in events if event.producer == "ios" and "price" in event.properties
    }
    assert types == {int, float}


def test_mobile_session_ids_live_a_day_and_belong_to_one_user(make):
    events = [
        event for event in make("--events", 6_000, "--hours", 72, "--users", 60).events if event.producer != "web"
    ]
    spans: dict[str, list[float]] = {}
    owners: dict[str, set[str]] = {}
    for event in events:
        spans.setdefault(event.session, []).append(event.at_ms)
        if event.user:
            owners.setdefault(event.session, set()).add(event.user)
    lengths = [max(times) - min(times) for times in spans.values()]
    assert 12 * 3_600_000 < max(lengths) < 26 * 3_600_000
    assert all(len(found) == 1 for found in owners.values())


def test_every_product_and_user_of_the_events_is_in_the_catalogue(stream, products, users):
    for event in stream.events:
        assert event.user is None or event.user in users
        if "product_id" in event.properties:
            product = products[event.properties["product_id"]]
            if "price" in event.properties:
                assert event.properties["price"] == product["price"]
                assert event.properties["product_category"] == product["category"]
        for item in event.properties.get("items", ()):
            assert products[item["product_id"]]["price"] == item["price"]


def test_a_message_is_keyed_by_the_user_as_sent_or_by_the_session(stream):
    for line in stream.lines[:5_000]:
        message = json.loads(line)
        if message["producer"] == "web":
            assert re.fullmatch(f"user_{UUID_TEXT}", message["key"])
        else:
            assert re.fullmatch(rf"{UUID_TEXT}|session_\d+_\d+", message["key"])
