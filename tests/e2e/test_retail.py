"""Three days of a real order log through the whole DAG, compared with figures computed from the file itself."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.e2e.conftest import RETAIL_DAYS, RETAIL_START

pytestmark = pytest.mark.e2e
DAYS = f"BETWEEN DATE '{RETAIL_START}' AND DATE '{RETAIL_START + timedelta(days=RETAIL_DAYS - 1)}'"


@pytest.fixture(scope="module")
def log(orders):
    """Ask the order log's rows of the three days, as a table `log`, with SQL."""
    if orders is None:
        pytest.skip("needs ../shared/data/retail/online_retail_cc0.parquet")
    import duckdb

    with duckdb.connect() as database:
        database.execute(
            f"""CREATE TABLE log AS
            SELECT *, CAST(Quantity AS DECIMAL(18, 4)) * CAST(UnitPrice AS DECIMAL(18, 4)) AS amount
            FROM read_parquet('{orders}') WHERE CAST(InvoiceDate AS DATE) {DAYS}"""
        )
        yield lambda query: database.execute(query).fetchall()


def test_every_order_line_is_in_the_warehouse(log, outage, flow):
    ((lines, without_customer),) = log("SELECT count(*), count(*) FILTER (WHERE CustomerID IS NULL) FROM log")
    assert lines > 5_000
    assert flow.warehouse(
        f"""SELECT sum(json_array_length(items::json)),
        sum(json_array_length(items::json)) FILTER (WHERE user_id IS NULL) FROM events WHERE processing_date {DAYS}"""
    ) == [(lines, without_customer)]


def test_revenue_of_orders_and_cancellations_is_the_files(log, outage, flow):
    by_kind = dict(
        log(
            """SELECT CASE WHEN InvoiceNo LIKE 'C%' THEN 'order_cancelled' ELSE 'purchase' END, sum(amount) FROM log
            WHERE InvoiceNo LIKE 'C%' OR (regexp_full_match(InvoiceNo, '[0-9]+') AND Quantity >= 0) GROUP BY 1"""
        )
    )
    assert by_kind["order_cancelled"] < 0
    stored = dict(
        flow.warehouse(f"SELECT event_type, sum(event_revenue) FROM events WHERE processing_date {DAYS} GROUP BY 1")
    )
    assert {kind: stored[kind] for kind in by_kind} == by_kind
    assert stored.get("order_adjusted", Decimal(0)) == 0
    ((reported,),) = flow.warehouse(f"SELECT sum(total_revenue) FROM daily_summary WHERE report_date {DAYS}")
    assert reported == sum(by_kind.values())


def test_cancellations_are_counted_by_day(log, outage, flow):
    cancelled = log(
        """SELECT CAST(InvoiceDate AS DATE), count(DISTINCT InvoiceNo) FILTER (WHERE InvoiceNo LIKE 'C%')
        FROM log GROUP BY 1 ORDER BY 1"""
    )
    assert sum(count for _, count in cancelled) > 0
    stored = f"SELECT report_date, cancelled_orders FROM daily_summary WHERE report_date {DAYS} ORDER BY 1"
    assert flow.warehouse(stored) == cancelled


def test_known_customers_and_buyers_without_one_are_the_files(log, outage, flow):
    (known,) = log("SELECT count(DISTINCT CustomerID) FROM log")
    stored = f"SELECT count(DISTINCT user_id) FROM events WHERE processing_date {DAYS}"
    assert flow.warehouse(stored) == [known]


def test_each_day_has_its_report(log, outage, flow):
    objects = flow.objects("reports/business/")
    for at in range(RETAIL_DAYS):
        assert f"reports/business/{RETAIL_START + timedelta(days=at)}/report.html" in objects


def test_the_shops_day_is_as_it_was(log, outage, shop):
    assert {day: outage.chapter.figures.days[day] for day in shop.figures.days} == shop.figures.days
