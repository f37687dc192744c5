"""Likeness of names, by evidence: what is guessed, and what is left to somebody who knows."""

from itertools import permutations

import pytest

from catalog.drift import Part
from catalog.drift.rename import probable


def column(path: str, type: str = "string", description: str = "", values: tuple[str, ...] = ()) -> Part:
    return Part(path=path, type=type, description=description, values=values)


def found(old: Part, *new: Part) -> str | None:
    """Which of the new columns it is asked about."""
    return next((one.path for one in probable([old], new)), None)


def likeness(old: Part, new: Part) -> float:
    (asked,) = probable([old], [new])
    return asked.score or 0.0


ADDED = [column("customer_identifier"), column("order_total", "decimal(12,2)"), column("shipped_at", "timestamp")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (column("customerIdentifier"), "customer_identifier"),
        (column("cust_identifier"), "customer_identifier"),
        (column("total", "decimal(12,2)"), "order_total"),
        (column("total", "decimal(10,2)"), "order_total"),
        (column("sent", "timestamp", description="unlike anything"), None),
        (column("colour"), None),
    ],
)
def test_a_name_that_says_the_same(old, new):
    assert found(old, *ADDED) == new


def test_the_description_tells_what_the_name_does_not():
    told = "what the customer has to pay"
    asked = found(column("total", description=told), column("amount_due", description=told), column("note"))
    assert asked == "amount_due"


def test_shared_values_make_a_likely_name_likelier():
    old, new = column("state", values=("open", "paid")), column("order_state")
    assert likeness(old, column("order_state", values=("paid", "open", "sent"))) > likeness(old, new)


def test_known_values_that_share_none_speak_against_it():
    old, new = column("state", values=("open", "paid")), column("order_state")
    assert likeness(old, column("order_state", values=("NY", "TX"))) < likeness(old, new)


def test_of_two_like_names_the_one_in_the_same_group_is_likelier():
    old = column("shop.order.price")
    assert likeness(old, column("shop.order.mall.sum")) > likeness(old, column("mall.shop.order.sum"))


def test_a_type_that_holds_none_of_the_values_speaks_against_it():
    old = column("amount", "decimal(12,2)")
    assert likeness(old, column("amount_due", "boolean")) < likeness(old, column("amount_due", "decimal(14,2)"))


def test_two_candidates_near_each_other_are_no_answer():
    assert found(column("amount"), column("amount_gross"), column("amount_total")) is None


def test_a_new_column_that_two_former_ones_look_like_is_no_answer():
    assert not list(probable([column("order_total_a"), column("order_total_b")], [column("order_total_c")]))


def test_among_many_the_one_with_the_same_rare_words_is_found():
    many = [column(f"field_{number}") for number in range(500)] + [column("session_duration_minutes")]
    found = list(probable([column("session_duration")], many))
    assert [one.after for one in found] == ["session_duration_minutes"]


def test_where_every_word_is_common_a_name_is_found_by_all_of_them():
    names = ["_".join(several) for several in permutations(("order", "price", "sum", "day", "tax"), 4)]
    found = probable([column(name) for name in names], [column(f"{name}_v2") for name in names])
    assert {(one.before, one.after) for one in found} == {(name, f"{name}_v2") for name in names}


def test_short_forms_of_words_are_the_words():
    assert likeness(column("net_addr"), column("network_address")) > 0.7
