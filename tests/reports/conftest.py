"""The figures of a day that has a day before it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.contract import load
from lineage.reports.figures import Figures, Hour, Ranked


def a_summary(day: date, **given: Any) -> dict[str, Any]:
    names = load("warehouse.daily_summary").schema.names()
    known = dict.fromkeys(names, 10) | {"report_date": day, "updated_at": datetime(2026, 3, 3, tzinfo=UTC)}
    known |= {
        "conversion_event_rate": None,
        "conversion_orders_per_session_pct": 2.5,
        "total_revenue": Decimal("90.10"),
    }
    return known | given


@pytest.fixture
def figures() -> Figures:
    some = (Ranked(name='<b>"A" & co</b>', amount=Decimal("30.5")), Ranked(name="B", amount=Decimal(0)))
    return Figures(
        day=date(2026, 3, 2),
        days=(
            a_summary(date(2026, 3, 1), total_revenue=Decimal(100), cart_abandonment_rate=0.5),
            a_summary(date(2026, 3, 2), cart_abandonment_rate=0.4),
        ),
        hours=tuple(Hour(hour=hour, revenue=Decimal(hour - 3), users=hour, sessions=hour) for hour in range(24)),
        funnel=some,
        carts=some,
        channels=some,
        categories=some,
        products=(),
        currencies=("USD",),
    )
