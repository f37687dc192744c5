"""Visits have a purpose: rates near the OTTO sessions, and what is viewed is what is carted and bought."""

import json
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

OTTO = Path(__file__).parents[3] / "shared" / "data" / "retail" / "otto_sessions_ccby4.jsonl"
TARGET = {"clicks": 800, "carts": 52, "orders": 10}


def _lines(stream) -> int:
    return sum(event.properties["item_count"] for event in stream.events if event.type == "purchase")


def test_views_carts_and_orders_stand_in_the_proportion_of_the_otto_sessions(stream):
    types = Counter(event.type for event in stream.events)
    per_800_views = 800 / types["product_view"]
    assert types["add_to_cart"] * per_800_views == pytest.approx(TARGET["carts"], rel=0.15)
    assert _lines(stream) * per_800_views == pytest.approx(TARGET["orders"], rel=0.30)


@pytest.mark.skipif(not OTTO.exists(), reason="the OTTO sessions are not beside the repository")
def test_the_target_is_what_the_otto_sessions_hold():
    types = Counter(event["type"] for line in OTTO.read_text().splitlines() for event in json.loads(line)["events"])
    assert types == TARGET


def test_about_one_visit_in_thirty_buys_and_most_carts_are_left(stream):
    visits = [{event.type for event in visit} for visit in stream.visits().values()]
    bought = sum("purchase" in types for types in visits)
    carted = sum("add_to_cart" in types for types in visits)
    assert 0.025 < bought / len(visits) < 0.05
    assert 0.70 < 1 - bought / carted < 0.90


def test_popularity_is_zipf_like(stream):
    views = Counter(event.properties["product_id"] for event in stream.events if event.type == "product_view")
    ranked = [count for _, count in views.most_common()]
    assert sum(ranked[:20]) > 0.15 * sum(ranked)
    assert len(ranked) > 1_000
    assert 4 < ranked[0] / ranked[49] < 20


def test_producers_have_their_shares(stream):
    shares = {name: count / len(stream.events) for name, count in stream.manifest["by_producer"].items()}
    assert shares == pytest.approx({"web": 0.60, "android": 0.25, "ios": 0.15}, abs=0.02)


def test_users_come_back(stream):
    visits = Counter(user for user, _, _ in stream.visits() if user)
    assert sum(count > 1 for count in visits.values()) > 0.25 * len(visits)
    assert len(visits) > 1_000


def test_a_carted_product_was_viewed_just_before_unless_that_message_was_damaged(stream):
    carted = seen_before = 0
    for visit in stream.visits().values():
        viewed: set[str] = set()
        for event in visit:
            if event.type == "product_view":
                viewed.add(event.properties["product_id"])
            elif event.type == "add_to_cart":
                carted += 1
                seen_before += event.properties["product_id"] in viewed
    assert carted > 1_000
    assert seen_before / carted > 0.97


def test_the_cart_total_is_the_running_sum_and_a_purchase_is_the_cart(stream, products):
    purchases = 0
    for visit in stream.visits().values():
        cart: dict[str, int] = {}
        for event in visit:
            properties = event.properties
            if event.type == "add_to_cart":
                cart[properties["product_id"]] = properties["quantity"]
            elif event.type == "remove_from_cart":
                assert cart.pop(properties["product_id"]) == properties["quantity"]
            value = sum((Decimal(str(products[name]["price"])) * number for name, number in cart.items()), Decimal())
            if "cart_total" in properties:
                assert Decimal(str(properties["cart_total"])) == value
            if event.type == "purchase":
                purchases += 1
                assert properties["item_count"] == len(cart) > 0
                discount = Decimal(str(properties["discount_amount"]))
                assert 0 <= discount <= value / 5
                assert Decimal(str(properties["total_amount"])) == value - discount
                if event.producer == "web":
                    assert {item["product_id"]: item["quantity"] for item in properties["items"]} == cart
    assert purchases == stream.manifest["purchases"]


def test_pauses_inside_a_visit_stay_far_below_the_idle_gap(stream):
    pauses = [later.at_ms - earlier.at_ms for visit in stream.visits().values() for earlier, later in pairwise(visit)]
    assert max(pauses) < 20 * 60_000
    assert 20_000 < sorted(pauses)[len(pauses) // 2] < 60_000
