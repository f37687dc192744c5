"""The catalogue of a seed, exported and over HTTP, is the one whose products and users are in the events."""

import re

import pytest
from starlette.testclient import TestClient

from stack.shop.api import create_app
from stack.shop.catalogue import PRODUCERS, Catalogue

PRODUCT = {
    "product_id", "product_name", "category", "subcategory", "brand", "price", "cost", "margin", "inventory_level",
    "last_updated",
}  # fmt: skip
USER = {
    "user_id", "first_name", "last_name", "email", "age_group", "location", "customer_segment", "registration_date",
    "last_activity", "total_orders", "total_spent",
}  # fmt: skip


@pytest.fixture(scope="module")
def client():
    return TestClient(create_app(Catalogue.build(7)))


def _all(client, path, size=700):
    first = client.get(path, params={"size": size}).json()
    pages = [client.get(path, params={"size": size, "page": n + 1}).json()["items"] for n in range(first["pages"])]
    return [item for page in pages for item in page]


def test_the_api_gives_the_exported_products_and_users_page_by_page(client, products, users):
    assert _all(client, "/api/v1/products") == list(products.values())
    assert _all(client, "/api/v1/users") == list(users.values())


def test_health_says_how_much_there_is(client):
    assert client.get("/health").json() == {"status": "ok", "products": 2_000, "users": 5_000}


def test_records_have_the_documented_fields(products, users):
    assert all(product.keys() == PRODUCT for product in products.values())
    assert all(user.keys() == USER for user in users.values())


def test_margins_follow_from_price_and_cost(products):
    for product in products.values():
        assert 10 <= product["price"] <= 500
        assert product["margin"] == pytest.approx(product["price"] - product["cost"], abs=0.005)


def test_there_are_customers_of_every_segment_and_most_are_new(users):
    segments = [user["customer_segment"] for user in users.values()]
    assert set(segments) == {"New", "Regular", "Premium", "VIP"}
    assert segments.count("VIP") < segments.count("Regular") < segments.count("New")
    assert all(re.fullmatch(r"[a-z.0-9]+@example\.com", user["email"]) for user in users.values())


def test_a_page_past_the_end_is_empty_and_a_wrong_one_is_refused(client):
    assert client.get("/api/v1/products", params={"page": 999}).json()["items"] == []
    assert client.get("/api/v1/products", params={"page": 0}).status_code == 422
    assert client.get("/api/v1/products", params={"size": 5_000}).status_code == 422
    assert client.get("/api/v1/users", params={"updated_since": "soon"}).status_code == 422


def test_only_what_changed_since_is_given(client, products):
    answer = client.get("/api/v1/products", params={"updated_since": "2026-10-25", "size": 1_000}).json()
    expected = [product for product in products.values() if product["last_updated"] >= "2026-10-25"]
    assert 0 < len(expected) < 2_000
    assert answer["items"] == expected
    assert answer["total"] == len(expected)


def test_an_unchanged_page_is_answered_with_304(client):
    first = client.get("/api/v1/products")
    again = client.get("/api/v1/products", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/api/v1/products", params={"page": 2}).headers["etag"] != first.headers["etag"]


def test_every_user_has_one_device():
    catalogue = Catalogue.build(3, users=101)
    owned = [user for producer in PRODUCERS for user in catalogue.users_of(producer)]
    assert sorted(user.user_id for user in owned) == sorted(user.user_id for user in catalogue.users)


def test_a_larger_catalogue_begins_with_the_smaller_one():
    assert Catalogue.build(3, products=50, users=60).products == Catalogue.build(3, products=80, users=90).products[:50]
