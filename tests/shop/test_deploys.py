"""Each deploy changes what it documents, from its moment on, for its producers only."""

from datetime import datetime
from functools import cache

import pytest

from stack.shop.deploys import DEPLOYS

ARGUMENTS = ("--events", 6_000, "--seed", 7, "--products", 200, "--users", 1_500)
HALF_WAY = "2026-11-20T12:00:00.000Z"


def _holds(event, path):
    value = event.body
    for part in path.split("."):
        if part not in value:
            return False
        value = value[part]
    return True


#: deploy → (event types it touches, how such an event looked before, how it looks after)
CHANGES = {
    "add_field": (
        {"purchase"},
        lambda e: not _holds(e, "properties.coupon_code"),
        lambda e: e.properties["coupon_code"] == ("AUTUMN" if e.properties["discount_amount"] else None),
    ),
    "rename_field": (
        {"product_view", "add_to_cart"},
        lambda e: _holds(e, "properties.product_category"),
        lambda e: _holds(e, "properties.category") and not _holds(e, "properties.product_category"),
    ),
    "price_to_string": (
        {"product_view", "add_to_cart"},
        lambda e: isinstance(e.properties["price"], float),
        lambda e: isinstance(e.properties["price"], str) and "." in e.properties["price"],
    ),
    "enum_value": (
        {"purchase"},
        lambda e: e.properties["payment_method"] != "klarna",
        lambda e: e.properties["payment_method"] in ("klarna", "credit_card", "paypal", "google_pay", "apple_pay"),
    ),
    "move_nested": (
        {"page_view", "product_view", "purchase"},
        lambda e: e.body["metadata"]["sdk_version"] == "1.0.0",
        lambda e: e.body["metadata"]["sdk"] == {"version": "1.0.0"} and not _holds(e, "metadata.sdk_version"),
    ),
    "drop_field": (
        {"product_view", "add_to_cart", "purchase", "checkout_started"},
        lambda e: e.properties["currency"] == "USD",
        lambda e: not _holds(e, "properties.currency"),
    ),
    "drop_shipping": (
        {"purchase"},
        lambda e: e.properties["shipping_method"] in ("standard", "express", "overnight"),
        lambda e: not _holds(e, "properties.shipping_method"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def without(make):
    return make(*ARGUMENTS)


@pytest.fixture(scope="module")
def with_deploy(make):
    """The stream of a deploy, made once."""
    return cache(lambda name: make(*ARGUMENTS, "--deploy", name))


@pytest.mark.parametrize("name", DEPLOYS)
def test_a_deploy_changes_the_shape_of_its_producers_from_its_moment_on(with_deploy, without, name):
    types, as_before, as_after = CHANGES[name]
    half_way_ms = datetime.fromisoformat(HALF_WAY).timestamp() * 1000

    def is_new(event):
        return event.producer in DEPLOYS[name].producers and event.at_ms >= half_way_ms

    events = with_deploy(name).events
    touched = [event for event in events if event.type in types and event.producer in DEPLOYS[name].producers]
    assert any(is_new(event) for event in touched) and not all(is_new(event) for event in touched)
    assert all(as_after(event) if is_new(event) else as_before(event) for event in touched)
    assert [e.body for e in events if not is_new(e)] == [e.body for e in without.events if not is_new(e)]


@pytest.mark.parametrize("name", DEPLOYS)
def test_a_deploy_leaves_every_count_as_it_was(with_deploy, without, name):
    manifest = with_deploy(name).manifest
    assert manifest["deploys"] == [{"name": name, "at": HALF_WAY}]
    assert {**manifest, "deploys": []} == without.manifest


def test_klarna_pays_about_a_third_of_the_orders(with_deploy):
    noon_ms = datetime.fromisoformat(HALF_WAY).timestamp() * 1000
    orders = [e.properties for e in with_deploy("enum_value").events if e.type == "purchase" and e.at_ms >= noon_ms]
    assert 0.1 < sum(order["payment_method"] == "klarna" for order in orders) / len(orders) < 0.6


def test_prices_of_bought_items_become_text_too(with_deploy):
    kinds = {
        type(item["price"]) for e in with_deploy("price_to_string").events for item in e.properties.get("items", ())
    }
    assert kinds == {float, str}


def test_deploys_add_up(make):
    reading = make(
        "--events", 500, "--users", 100, *(part for name in DEPLOYS for part in ("--deploy", f"{name}@2026-11-20"))
    )
    views = [event for event in reading.events if event.producer == "web" and event.type == "product_view"]
    properties = views[0].properties
    assert {"category", "price"} <= properties.keys() and not {"product_category", "currency"} & properties.keys()
    assert isinstance(properties["price"], str)


def test_shop_deploys_and_the_documentation_list_every_deploy(run_shop, documentation):
    listed = run_shop("deploys").output
    for name in DEPLOYS:
        assert name in listed
        assert f"`{name}`" in documentation
