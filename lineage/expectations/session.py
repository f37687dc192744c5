"""Rules on visits and daily figures: length, flags, and sums that must agree across tables."""

from __future__ import annotations

from typing import ClassVar

from great_expectations.compatibility import pydantic

from lineage.expectations.rule import RowRule


class ExpectSessionLengthToBePossible(RowRule):
    """It ends after it starts, lasts no longer than a device keeps an id, and the minutes are those between both."""

    violation: ClassVar[str] = (
        "session_end < session_start"
        " or extract(epoch from session_end) - extract(epoch from session_start) > {max_hours} * 3600"
        " or abs((extract(epoch from session_end) - extract(epoch from session_start)) / 60.0"
        " - session_duration_minutes) > 0.02"
    )
    shown: ClassVar[tuple[str, ...]] = ("session_key", "session_start", "session_end", "session_duration_minutes")
    sentence: ClassVar[str] = (
        "a session ends after it starts, within {max_hours} h, and its duration is the minutes between both"
    )
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "max_hours")

    max_hours: int = pydantic.Field(default=24, ge=1)


class ExpectSessionFlagsToAgree(RowRule):
    """Flags are functions of the counts beside them."""

    violation: ClassVar[str] = (
        "has_purchase <> (purchases > 0) or has_cart_activity <> (cart_adds > 0)"
        " or abandoned_cart <> (has_cart_activity and not has_purchase)"
        " or total_events < cast(page_views as bigint) + product_views + cart_adds + purchases"
        " or (has_cart_activity and conversion_rate is null)"
    )
    shown: ClassVar[tuple[str, ...]] = (
        "session_key", "total_events", "cart_adds", "purchases", "has_cart_activity", "has_purchase", "abandoned_cart",
    )  # fmt: skip
    sentence: ClassVar[str] = "a session's flags and totals agree with its counts of events"


class ExpectDailyTotalToEqualEvents(RowRule):
    """The day's revenue is the sum of its events' revenue (warehouse only: it reads `events` beside the batch)."""

    violation: ClassVar[str] = (
        "report_date in (select summary.report_date from daily_summary as summary left join"
        " (select processing_date, sum(event_revenue) as revenue from events group by processing_date) as day"
        " on day.processing_date = summary.report_date where summary.total_revenue <> coalesce(day.revenue, 0))"
    )
    shown: ClassVar[tuple[str, ...]] = ("report_date", "total_revenue", "total_events")
    sentence: ClassVar[str] = "a day's total revenue equals the sum of its events' revenue"


class ExpectSessionRevenueToEqualEvents(RowRule):
    """Visits' revenue adds up to their events' revenue, by session id (warehouse only, as above)."""

    violation: ClassVar[str] = (
        "session_id in (select visits.session_id from"
        " (select session_id, sum(session_revenue) as revenue from user_sessions group by session_id) as visits join"
        " (select session_id, sum(event_revenue) as revenue from events group by session_id) as happened"
        " on happened.session_id = visits.session_id where happened.revenue <> visits.revenue)"
    )
    shown: ClassVar[tuple[str, ...]] = ("session_key", "session_id", "session_revenue")
    sentence: ClassVar[str] = "the revenue of a visit's sessions equals the sum of its events' revenue"


class ExpectMarginToBePriceLessCost(RowRule):
    """Reference data as the shop defines it."""

    applies: ClassVar[str] = "margin is not null and cost is not null"
    violation: ClassVar[str] = "abs(price - cost - margin) > 0.005"
    shown: ClassVar[tuple[str, ...]] = ("product_id", "price", "cost", "margin")
    sentence: ClassVar[str] = "a product's margin is its price less its cost"
