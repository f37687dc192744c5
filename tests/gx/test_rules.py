"""Each business rule on rows that keep it and on rows that break it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from catalog import contract
from catalog.dataset import Dataset
from lineage.expectations.batch import of_frame
from lineage.expectations.project import Project
from lineage.expectations.reader import of_texts
from lineage.outcome import Check

Judge = Callable[..., Check]
EVENTS = "lake.enriched_events"
SESSIONS = "lake.user_sessions"
T = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def money(*words: str | None) -> list[Decimal | None]:
    return [Decimal(word) if word is not None else None for word in words]


@pytest.fixture
def judge(frame_of: Any, now: datetime, project: Project) -> Judge:
    """judge(rule, contract id, column=[…]): what the suite of that contract says of these rows."""

    def of(rule: str, contract_id: str, **columns: list[Any]) -> Check:
        promised = contract.load(contract_id)
        rows = frame_of(promised, rows=len(next(iter(columns.values()))), **columns)
        batch = of_frame(rows, contract=promised, dataset=Dataset("s3://lake", "here"))
        rules = [one for one in project.suite(str(promised.suite), promised) if one["type"] == rule]
        return project.judge(batch, rules, as_of=now)[0]

    return of


ITEM = {"product_id": "p", "product_name": None, "price": Decimal("9.50"), "quantity": 2}
RULES: list[tuple[str, str, dict[str, list[Any]], dict[str, list[Any]]]] = [
    (
        "expect_revenue_to_follow_event_type",
        EVENTS,
        {
            "event_type": ["purchase", "order_cancelled", "add_to_cart"],
            "total_amount": money("19.00", "-19.00", None),
            "event_revenue": money("19.00", "-19.00", "0.00"),
        },
        {
            "event_type": ["purchase", "order_cancelled", "add_to_cart"],
            "total_amount": money("-1.00", "5.00", None),
            "event_revenue": money("-1.00", "5.00", "1.90"),
        },
    ),
    (
        "expect_order_total_to_equal_items",
        EVENTS,
        {
            "event_type": ["purchase", "purchase"],
            "items": [[ITEM], None],
            "total_amount": money("17.00", "5.00"),
            "discount_amount": money("2.00", None),
        },
        {
            "event_type": ["purchase", "purchase"],
            "items": [[ITEM], [ITEM, ITEM]],
            "total_amount": money("19.00", "37.99"),
            "discount_amount": money("2.00", None),
        },
    ),
    (
        "expect_cart_total_to_cover_item",
        EVENTS,
        {
            "event_type": ["add_to_cart", "remove_from_cart"],
            "price": money("5.00", None),
            "quantity": [2, 1],
            "cart_total": money("10.00", "0.00"),
        },
        {
            "event_type": ["add_to_cart", "remove_from_cart"],
            "price": money("5.00", None),
            "quantity": [2, 1],
            "cart_total": money("5.00", "-1.00"),
        },
    ),
    (
        "expect_cart_total_to_equal_sum",
        EVENTS,
        {
            "event_type": ["add_to_cart", "add_to_cart", "remove_from_cart", "add_to_cart"],
            "event_time": [T, T + timedelta(minutes=1), T + timedelta(minutes=2), T + timedelta(minutes=3)],
            "session_id": ["s"] * 4,
            "source": ["web"] * 4,
            "price": money("5.00", "3.00", None, "1.00"),
            "quantity": [2, 1, 1, 1],
            "cart_total": money("10.00", "13.00", "3.00", "4.00"),
        },
        {
            "event_type": ["add_to_cart", "add_to_cart"],
            "event_time": [T, T + timedelta(minutes=1)],
            "session_id": ["s"] * 2,
            "source": ["web"] * 2,
            "price": money("5.00", "3.00"),
            "quantity": [2, 1],
            "cart_total": money("10.01", "12.00"),
        },
    ),
    (
        "expect_purchase_to_have_items",
        EVENTS,
        {"event_type": ["purchase", "purchase"], "source": ["web", "mobile"], "items": [[ITEM], None]},
        {"event_type": ["purchase", "purchase"], "source": ["web", "synthetic"], "items": [None, []]},
    ),
    (
        "expect_event_time_not_in_future",
        EVENTS,
        {"event_time": [datetime(2026, 3, 4, 12, 4, tzinfo=UTC)]},
        {"event_time": [datetime(2026, 3, 4, 12, 6, tzinfo=UTC)]},
    ),
    (
        "expect_currency_to_be_known",
        EVENTS,
        {"currency": ["GBP", None], "total_amount": money("1.00", None)},
        {"currency": ["DEM", None], "total_amount": money("1.00", "1.00")},
    ),
    (
        "expect_reference_to_match",
        EVENTS,
        {"product_id": ["p", None], "catalog_price": money("1.00", None)},
        {"product_id": ["p", "q"], "catalog_price": money(None, None)},
    ),
    (
        "expect_session_length_to_be_possible",
        SESSIONS,
        {"session_start": [T], "session_end": [T + timedelta(minutes=3)], "session_duration_minutes": [3.0]},
        {
            "session_start": [T, T, T],
            "session_end": [T - timedelta(minutes=1), T + timedelta(hours=25), T + timedelta(minutes=3)],
            "session_duration_minutes": [-1.0, 1500.0, 4.0],
        },
    ),
    (
        "expect_session_flags_to_agree",
        SESSIONS,
        {
            "purchases": [1, 0],
            "cart_adds": [1, 1],
            "total_events": [9, 9],
            "has_purchase": [True, False],
            "has_cart_activity": [True, True],
            "abandoned_cart": [False, True],
        },
        {
            "purchases": [0, 1],
            "cart_adds": [1, 1],
            "total_events": [9, 1],
            "has_purchase": [True, True],
            "has_cart_activity": [True, True],
            "abandoned_cart": [False, False],
        },
    ),
]


@pytest.mark.parametrize(("rule", "contract_id", "fine", "broken"), RULES, ids=[row[0] for row in RULES])
def test_a_rule_holds_on_rows_that_keep_it_and_counts_those_that_break_it(
    judge: Judge, rule: str, contract_id: str, fine: dict[str, list[Any]], broken: dict[str, list[Any]]
) -> None:
    kept, failed = judge(rule, contract_id, **fine), judge(rule, contract_id, **broken)
    rows = len(next(iter(broken.values())))
    assert kept.success, kept.actual
    assert not failed.success
    assert failed.actual.startswith(f"{rows} of {rows} rows")


def test_a_null_operand_breaks_no_rule(judge: Judge) -> None:
    assert judge(
        "expect_cart_total_to_cover_item", EVENTS, event_type=["add_to_cart"], price=[None], cart_total=money("1.00")
    ).success


@pytest.mark.parametrize("rule", ["expect_order_total_to_equal_items", "expect_cart_total_to_cover_item",
                                  "expect_cart_total_to_equal_sum"])  # fmt: skip
def test_one_absurd_event_is_found_and_does_not_keep_a_rule_from_the_others(judge: Judge, rule: str) -> None:
    """The largest price times the largest quantity that the lake takes is computed, not an overflow."""
    price, quantity = Decimal("9999999999.99"), 2**31 - 1
    found = judge(
        rule, EVENTS, event_type=["purchase" if "order" in rule else "add_to_cart"] * 2, source=["web"] * 2,
        session_id=["s", "t"], event_time=[T, T], price=[price, Decimal(2)], quantity=[quantity, 1],
        cart_total=money("2.00", "2.00"), total_amount=money("2.00", "2.00"), discount_amount=[None, None],
        items=[[ITEM | {"price": price, "quantity": quantity}] * 3, [ITEM | {"price": Decimal(2), "quantity": 1}]],
    )  # fmt: skip
    assert found.actual == "1 of 2 rows (50 %)"


@pytest.mark.parametrize("contract_id", [EVENTS, SESSIONS, "lake.session_funnel"])
@pytest.mark.parametrize("filled", ["no rows", "nothing in them", "no numbers"])
def test_every_rule_says_something_of_rows_with_nothing_in_them(
    frame_of: Any, project: Project, now: datetime, contract_id: str, filled: str
) -> None:
    promised, rows = contract.load(contract_id), 0 if filled == "no rows" else 3
    blank = {"nothing in them": promised.schema.fields, "no rows": ()}.get(
        filled, [field for field in promised.schema.fields if field.base == "double"]
    )
    value = None if filled == "nothing in them" else float("nan")
    frame = frame_of(promised, rows=rows, **{field.name: [value] * rows for field in blank})
    batch = of_frame(frame, contract=promised, dataset=Dataset("s3://lake", "here"))
    checks = project.judge(batch, project.suite(str(promised.suite), promised), as_of=now)
    assert len(checks) > 20
    assert not [check for check in checks if check.actual.startswith("could not be computed")]


def test_a_share_of_wrong_rows_is_tolerated_up_to_mostly(judge: Judge) -> None:
    def found(share: int) -> Check:
        prices = money(*["1"] * share, *[None] * (100 - share))
        return judge("expect_reference_to_match", EVENTS, product_id=["p"] * 100, catalog_price=prices)

    assert found(90).success
    assert not found(89).success


def test_a_margin_must_be_the_price_less_the_cost(project: Project, now: datetime) -> None:
    promised = contract.load("cache.product")
    rows = [
        {"product_id": "a", "product_name": "A", "category": "x", "price": "10.00", "cost": "7.00", "margin": margin,
         "last_updated": "2026-03-04T10:00:00Z"}
        for margin in ("3.00", "4.00")
    ]  # fmt: skip
    batch = of_texts(rows, contract=promised, dataset=Dataset("redis://here:1", "db0.x"))
    checks = project.judge(batch, project.suite("lookup_cache_suite", promised), as_of=now)
    (margin,) = (check for check in checks if check.name == "expect_margin_to_be_price_less_cost")
    assert (margin.success, margin.actual) == (False, "1 of 2 rows (50 %)")


def test_rows_without_a_column_that_a_rule_needs_fail_it_and_name_it(
    frame_of: Any, project: Project, now: datetime
) -> None:
    promised = contract.load(EVENTS)
    rows: pa.Table = frame_of(promised).drop_columns(["total_amount"])
    batch = of_frame(rows, contract=promised, dataset=Dataset("s3://lake", "here"))
    checks = project.judge(batch, project.suite("enriched_events_suite", promised), as_of=now)
    (rule,) = (check for check in checks if check.name == "expect_revenue_to_follow_event_type")
    assert not rule.success
    assert "total_amount" in rule.actual
