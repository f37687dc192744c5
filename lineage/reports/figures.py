"""The figures of one day's report: the queries they come from, and what is made of their rows. Pure."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from catalog import contract, sql

Rows = list[tuple[Any, ...]]
Fetch = Callable[[str, tuple[Any, ...]], Rows]
TREND_DAYS = 14
TOP_CATEGORIES, TOP_PRODUCTS = 5, 10

QUERIES = {
    "summaries": f"""SELECT {sql.columns(contract.load("warehouse.daily_summary").schema.names())}
FROM daily_summary WHERE report_date > %s AND report_date <= %s ORDER BY report_date""",
    "hours": """SELECT CAST(EXTRACT(HOUR FROM event_time AT TIME ZONE 'UTC') AS INTEGER) AS hour_of_day,
  SUM(event_revenue) AS revenue, COUNT(DISTINCT user_id) AS users, COUNT(DISTINCT session_id) AS sessions
FROM events WHERE processing_date = %s GROUP BY 1 ORDER BY 1""",
    "funnel": """SELECT COUNT(session_key) AS sessions,
  SUM(CASE WHEN page_views > 0 THEN 1 ELSE 0 END) AS saw_a_page,
  SUM(CASE WHEN product_views > 0 THEN 1 ELSE 0 END) AS saw_a_product,
  SUM(CASE WHEN has_cart_activity THEN 1 ELSE 0 END) AS filled_a_cart,
  SUM(CASE WHEN has_purchase THEN 1 ELSE 0 END) AS bought,
  SUM(CASE WHEN abandoned_cart THEN 1 ELSE 0 END) AS abandoned
FROM user_sessions WHERE session_date = %s""",
    "channels": """SELECT COALESCE(told.platform, user_sessions.source) AS channel,
  COUNT(user_sessions.session_key) AS sessions
FROM user_sessions LEFT JOIN (
  SELECT session_id, processing_date, MAX(platform) AS platform FROM events GROUP BY session_id, processing_date
) AS told ON told.session_id = user_sessions.session_id AND told.processing_date = user_sessions.session_date
WHERE user_sessions.session_date = %s GROUP BY 1 ORDER BY 2 DESC, 1""",
    "purchases": """SELECT currency, items FROM events
WHERE processing_date = %s AND event_type = 'purchase' ORDER BY event_id""",
    "products": "SELECT product_id, product_name, category FROM dim_products ORDER BY product_id",
    "changes": "SELECT report_date, updated_at FROM daily_summary ORDER BY report_date",
}
"""Each takes the day, but `summaries` (the day before the first, the last), `products` and `changes` (nothing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One thing and how much of it."""

    name: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What happened between `hour`:00 and the next full hour, UTC."""

    hour: int
    revenue: Decimal
    users: int
    sessions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that one day's report shows. Money is in the events' currencies, not converted."""

    day: date
    days: tuple[Mapping[str, Any], ...]
    """Rows of daily_summary of the last two weeks, oldest first; the last one is the day's."""
    hours: tuple[Hour, ...]
    """24, in order; hours without an event are zero."""
    funnel: tuple[Ranked, ...]
    carts: tuple[Ranked, ...]
    channels: tuple[Ranked, ...]
    categories: tuple[Ranked, ...]
    products: tuple[Ranked, ...]
    currencies: tuple[str, ...]

    @property
    def until(self) -> int:
        """The hour up to which there are events: 24 for a whole day."""
        return max((hour.hour + 1 for hour in self.hours if hour.sessions or hour.users), default=0)

    @property
    def summary(self) -> Mapping[str, Any]:
        """The day's row of daily_summary."""
        return self.days[-1]

    @property
    def before(self) -> Mapping[str, Any]:
        """The row of the day before; empty when the warehouse has none."""
        return self.trend[-2][1]

    @property
    def trend(self) -> tuple[tuple[date, Mapping[str, Any]], ...]:
        """Two weeks day by day, this one last, each with its row; empty for a day that the warehouse has not."""
        known = {row["report_date"]: row for row in self.days}
        days = (self.day - timedelta(days=ago) for ago in reversed(range(TREND_DAYS)))
        return tuple((day, known.get(day, {})) for day in days)


def gather(fetch: Fetch, day: date) -> Figures:
    """Ask the warehouse for one day's figures."""
    named = contract.load("warehouse.daily_summary").schema.names()
    rows = {name: fetch(QUERIES[name], (day,)) for name in ("hours", "funnel", "channels", "purchases")}
    days = fetch(QUERIES["summaries"], (day - timedelta(days=TREND_DAYS), day))
    known = {product: (name, category) for product, name, category in fetch(QUERIES["products"], ())}
    categories, products = sold((items for _, items in rows["purchases"]), known)
    (sessions, page, product, cart, bought, abandoned), *_ = rows["funnel"]
    return Figures(
        day=day,
        days=tuple(dict(zip(named, row, strict=True)) for row in days),
        hours=hourly(rows["hours"]),
        funnel=_ranked(
            ("All sessions", sessions), ("Saw a page", page), ("Saw a product", product), ("Filled a cart", cart),
            ("Bought", bought),
        ),
        carts=_ranked(("Bought", (cart or 0) - (abandoned or 0)), ("Abandoned", abandoned)),
        channels=_ranked(*rows["channels"]),
        categories=categories,
        products=products,
        currencies=tuple(sorted({currency for currency, _ in rows["purchases"] if currency})),
    )  # fmt: skip


def hourly(rows: Rows) -> tuple[Hour, ...]:
    """All 24 hours, from those in which something happened."""
    found = {row[0]: row[1:] for row in rows}
    return tuple(
        Hour(hour=hour, revenue=revenue, users=users, sessions=sessions)
        for hour in range(24)
        for revenue, users, sessions in [found.get(hour, (Decimal(0), 0, 0))]
    )


def sold(
    baskets: Iterable[str | None], known: Mapping[str, tuple[str, str]]
) -> tuple[tuple[Ranked, ...], tuple[Ranked, ...]]:
    """The categories and the products that sold for most (price × quantity, before discounts), from items as JSON.

    `known` gives name and category by product; a product that the catalogue lacks keeps the name it was sold under.
    What a producer did not say, or said in no number, adds nothing.
    """
    categories: Counter[str] = Counter()
    products: Counter[str] = Counter()
    names: dict[str, str] = {}
    for basket in baskets:
        for item in json.loads(basket or "[]", parse_float=Decimal):
            product = item["product_id"] or "unknown"
            fallback = (item.get("product_name") or product, "not in the catalogue")
            names[product], category = known.get(product, fallback)
            worth = (item["price"] or 0) * (item["quantity"] or 0)
            products[product] += worth
            categories[category] += worth
    best = sorted(products.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_PRODUCTS]
    top = sorted(categories.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP_CATEGORIES]
    return _ranked(*top), _ranked(*((names[product], worth) for product, worth in best))


def _ranked(*pairs: tuple[Any, ...]) -> tuple[Ranked, ...]:
    return tuple(Ranked(name=str(name), amount=Decimal(amount or 0)) for name, amount in pairs)
