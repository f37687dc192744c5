"""What is made of the warehouse's rows."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lineage.reports.figures import TOP_PRODUCTS, hourly, sold

KNOWN = {"p1": ("Lamp", "home"), "p2": ("Shirt", "clothing"), "p3": ("Sofa", "home")}


def basket(*items):
    return json.dumps([{"product_id": product, "price": price, "quantity": units} for product, price, units in items])


def test_products_and_categories_are_ranked_by_price_times_quantity():
    categories, products = sold([basket(("p1", 10.5, 2), ("p2", 30, 1)), None, basket(("p3", 15.25, 1))], KNOWN)
    assert [(one.name, one.amount) for one in products] == [("Shirt", 30), ("Lamp", 21), ("Sofa", Decimal("15.25"))]
    assert [(one.name, one.amount) for one in categories] == [("home", Decimal("36.25")), ("clothing", 30)]


def test_a_product_that_the_catalogue_lacks_keeps_the_name_it_was_sold_under():
    items = [{"product_id": "x", "product_name": "Mug", "price": 2, "quantity": 1}]
    categories, products = sold([json.dumps(items), basket(("y", 1, 1))], KNOWN)
    assert [one.name for one in products] == ["Mug", "y"]
    assert [one.name for one in categories] == ["not in the catalogue"]


def test_an_item_that_says_no_price_or_no_product_adds_nothing_and_breaks_nothing():
    items = [{"product_id": None, "product_name": None, "price": 2, "quantity": None},
             {"product_id": "p1", "product_name": None, "price": None, "quantity": 1}]  # fmt: skip
    categories, products = sold([json.dumps(items)], KNOWN)
    assert {(one.name, one.amount) for one in products} == {("Lamp", 0), ("unknown", 0)}
    assert sum(one.amount for one in categories) == 0


def test_two_weeks_are_told_day_by_day_whatever_the_warehouse_has(figures):
    days = [day for day, _ in figures.trend]
    assert (days[0], days[-1], len(days)) == (date(2026, 2, 17), date(2026, 3, 2), 14)
    assert [bool(row) for _, row in figures.trend] == [False] * 12 + [True, True]
    gap = replace(figures, days=(figures.days[0] | {"report_date": date(2026, 2, 20)}, figures.days[1]))
    assert [row.get("report_date") for _, row in gap.trend if row] == [date(2026, 2, 20), date(2026, 3, 2)]
    assert gap.before == {}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 99), st.integers(1, 9)), max_size=60))
def test_the_best_are_at_most_ten_in_falling_order_and_no_other_sold_more(lines):
    baskets = [basket((f"p{number}", price, units)) for number, price, units in lines]
    _, products = sold(baskets, {})
    worth: dict[str, int] = {}
    for number, price, units in lines:
        worth[f"p{number}"] = worth.get(f"p{number}", 0) + price * units
    assert [one.amount for one in products] == sorted(worth.values(), reverse=True)[:TOP_PRODUCTS]
    assert all(worth[one.name] == one.amount for one in products)


def test_an_hour_without_events_is_zero():
    hours = hourly([(3, Decimal("9.5"), 2, 1)])
    assert [hour.hour for hour in hours] == list(range(24))
    assert (hours[3].revenue, hours[3].users, hours[4].sessions) == (Decimal("9.5"), 2, 0)
