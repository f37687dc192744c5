"""Loading the warehouse from the lake, on a real PostgreSQL and real Iceberg tables."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from catalog.contract import load as contract
from lineage.errors import StatementRefused, TableMismatch
from lineage.operators.warehouse import LoadWarehouseOperator

SERVERS = ("postgres", "s3", "glue")
pytestmark = pytest.mark.integration
TABLES = ("events", "user_sessions", "daily_summary", "load_log")
DAY = datetime(2026, 3, 1, tzinfo=UTC)

INDEPENDENT = """
WITH happened AS (
  SELECT processing_date AS day, count(*) AS n, count(DISTINCT user_id) AS users, sum(event_revenue) AS revenue,
    count(*) FILTER (event_type = 'purchase') AS orders, count(*) FILTER (event_type = 'order_cancelled') AS cancelled,
    count(*) FILTER (event_type = 'add_to_cart') AS adds, sum(expected_revenue) AS hoped,
    avg(total_amount) FILTER (event_type = 'purchase') AS value
  FROM events GROUP BY ALL
), visits AS (
  SELECT session_date AS day, count(*) AS n, avg(session_duration_minutes) AS length,
    count(*) FILTER (has_purchase) AS bought, count(*) FILTER (has_cart_activity) AS carts,
    count(*) FILTER (page_views > 0) AS viewed, avg(has_purchase::INT) FILTER (has_cart_activity) AS mean,
    count(*) FILTER (has_cart_activity AND NOT has_purchase) AS left_behind
  FROM user_sessions GROUP BY ALL
)
SELECT day, happened.n, users, visits.n, orders, cancelled, revenue, hoped, value, orders / adds, mean, bought / carts,
  bought / viewed, 100 * orders / visits.n, left_behind / carts, length
FROM happened JOIN visits USING (day) ORDER BY day
"""


def load():
    return LoadWarehouseOperator(task_id="update_data_warehouse").run({})


def contents(query):
    return {table: sorted(query(f"SELECT * FROM {table}"), key=str) for table in TABLES}


def summary(query, columns):
    return query(f"SELECT report_date, {columns} FROM daily_summary ORDER BY report_date")


def test_everything_in_the_lake_arrives_once(lake, query, event, session):
    lake.append("enriched_events", [event(seed) for seed in range(300)])
    lake.append("user_sessions", [session(seed) for seed in range(80)])
    outcome = load()
    assert (outcome.rows_in, outcome.rows_out) == (380, 380)
    assert query("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM events") == [(300, 300)]
    assert query("SELECT COUNT(*) FROM user_sessions") == [(80,)]


def test_values_come_through_unchanged_nested_ones_as_json(lake, query, event, session):
    sent = event(
        1, event_type="purchase", extra='{"note":"a, \\"b\\"\\n"}', user_id='u"3,é', product_name="\x00NUL", brand=""
    )
    lake.append("enriched_events", [sent])
    lake.append("user_sessions", [session(1)])
    load()
    columns = (
        "event_time, user_id, properties, total_amount, brand, product_name, items::jsonb->0->>'quantity', currency"
    )
    assert query(f"SELECT {columns} FROM events") == [
        (sent["event_time"], 'u"3,é', sent["extra"], sent["total_amount"], "", "\ufffdNUL", "1", None)
    ]
    assert query("SELECT event_sequence FROM user_sessions") == [('["page_view","add_to_cart"]',)]


def test_a_rerun_changes_nothing(lake, query, event, session):
    lake.append("enriched_events", [event(seed) for seed in range(50)])
    lake.append("user_sessions", [session(seed) for seed in range(20)])
    load()
    before = contents(query)
    outcome = load()
    assert outcome.rows_in == outcome.rows_out == 0
    assert contents(query) == before


def test_only_rows_above_the_mark_are_read(lake, query, event):
    lake.append("enriched_events", [event(seed) for seed in range(30)])
    load()
    lake.append("enriched_events", [event(seed, batch=2) for seed in range(25, 40)])
    assert load().rows_in == 15
    assert query("SELECT COUNT(*) FROM events") == [(40,)]
    assert query("SELECT loaded_until, row_count FROM load_log WHERE table_name = 'events'") == [
        (DAY + timedelta(days=9, hours=2), 15)
    ]


def test_of_several_versions_the_newest_counts(lake, query, event):
    lake.append("enriched_events", [event(1, batch=batch, brand=f"brand {batch}") for batch in (1, 3, 2)])
    load()
    assert query("SELECT brand FROM events") == [("brand 3",)]


def test_a_session_that_was_cut_anew_takes_the_place_of_its_old_rows_and_both_days_are_recomputed(lake, query, session):
    late = DAY + timedelta(hours=23)
    lake.append("user_sessions", [session(7, session_start=late), session(8, session_start=late)])
    load()
    assert summary(query, "unique_sessions") == [(late.date(), 2)]
    lake.remove("user_sessions", "session_id == 's7'")
    lake.append("user_sessions", [session(7, batch=2, session_start=late + timedelta(hours=2))])
    load()
    assert query("SELECT COUNT(*) FROM user_sessions WHERE session_id = 's7'") == [(1,)]
    assert summary(query, "unique_sessions") == [(late.date(), 1), (late.date() + timedelta(days=1), 1)]


def test_visits_of_another_user_under_the_same_session_id_stay(lake, query, session):
    lake.append("user_sessions", [session(7, user_id="u1"), session(8, session_id="s7", user_id=None)])
    load()
    lake.append("user_sessions", [session(9, batch=2, session_id="s7", user_id=None)])
    load()
    assert query("SELECT count(user_id), count(*) FROM user_sessions WHERE session_id = 's7'") == [(1, 2)]


def test_a_day_that_a_load_does_not_touch_keeps_its_row(lake, query, event):
    lake.append("enriched_events", [event(1, event_time=DAY), event(2, event_time=DAY + timedelta(days=1))])
    load()
    ((_, untouched), (_, before)) = summary(query, "updated_at")
    lake.append("enriched_events", [event(3, batch=2, event_time=DAY + timedelta(days=1))])
    load()
    ((_, after), (_, recomputed)) = summary(query, "updated_at")
    assert after == untouched
    assert recomputed > before


def test_the_daily_summary_equals_an_independent_computation(lake, query, event, session):
    import duckdb

    lake.append("enriched_events", [event(seed) for seed in range(400)])
    lake.append("user_sessions", [session(seed) for seed in range(150)])
    load()
    database = duckdb.connect()
    for table, name in (("events", "enriched_events"), ("user_sessions", "user_sessions")):
        database.register(table, lake.hook.table(name).scan().to_arrow())
    expected = database.sql(INDEPENDENT).fetchall()
    columns = ", ".join(contract("warehouse.daily_summary").schema.names()[1:-1])
    found = summary(query, columns)
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected, strict=True):
        assert one[0] == other[0]
        assert [float(value) for value in one[1:]] == pytest.approx([float(value) for value in other[1:]], abs=0.005)


def test_a_ratio_with_nothing_to_divide_by_is_null(lake, query, event):
    lake.append("enriched_events", [event(1, event_type="page_view")])
    load()
    ratios = "average_order_value, conversion_event_rate, conversion_session_rate, conversion_orders_per_session_pct"
    assert summary(query, ratios)[0][1:] == (None, None, None, None)
    assert summary(query, "total_events, unique_sessions, total_revenue")[0][1:] == (1, 0, 0)


def test_two_loads_at_once_load_each_row_once(lake, query, event):
    lake.append("enriched_events", [event(seed) for seed in range(10)])
    load()
    lake.append("enriched_events", [event(seed, batch=2) for seed in range(10, 60)])
    outcomes = []
    threads = [Thread(target=lambda: outcomes.append(load().rows_out)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [0, 50]


@pytest.mark.parametrize(
    ("change", "column", "problem"),
    [
        ("DROP COLUMN brand", "brand", "is missing"),
        ("ALTER COLUMN quantity TYPE BIGINT", "quantity", "is bigint; the contract wants integer"),
        ("ADD COLUMN store_id INTEGER NOT NULL", "store_id", "must not be null"),
    ],
)
def test_a_table_that_is_not_as_its_contract_says_is_named_with_its_column(lake, query, change, column, problem):
    load()
    with LoadWarehouseOperator(task_id="x").warehouse.transaction() as session:
        session.execute(f"ALTER TABLE events {change}")
    with pytest.raises(TableMismatch, match=problem) as error:
        load()
    assert (error.value.table, error.value.column, error.value.retryable) == ("events", column, False)
    assert "catalog/contracts/warehouse.events.yaml" in str(error.value)


def test_a_row_that_the_warehouse_refuses_leaves_everything_as_it_was(lake, query, event):
    lake.append("enriched_events", [event(1)])
    load()
    before = contents(query)
    lake.append("enriched_events", [event(2, batch=2), event(3, batch=2, currency="far too long")])
    with pytest.raises(StatementRefused, match=r"too long.*line 2, column currency\.") as error:
        load()
    assert not error.value.retryable
    assert "far too" not in str(error.value), "values may be personal"
    assert contents(query) == before


def test_the_outcome_names_every_dataset_with_its_columns(lake, query, event, session):
    lake.append("enriched_events", [event(seed) for seed in range(5)])
    outcome = load()
    assert [read.dataset.name for read in outcome.inputs] == [
        "warehouse/ecom.db/enriched_events",
        "warehouse/ecom.db/user_sessions",
        "warehouse.public.events",  # summed into daily_summary
        "warehouse.public.user_sessions",
    ]
    rows = {written.dataset.name: written.rows for written in outcome.outputs}
    days = len(query("SELECT 1 FROM daily_summary"))
    assert rows == {
        "warehouse.public.events": 5,
        "warehouse.public.user_sessions": 0,
        "warehouse.public.daily_summary": days,
        "warehouse.public.load_log": 1,
    }
    columns = {written.dataset.name.split(".")[-1]: written.columns for written in outcome.outputs}
    (items,) = columns["events"]["items"]
    assert (items.column, items.transformation.subtype) == ("items", "TRANSFORMATION")
    assert {at.dataset.name for at in columns["daily_summary"]["report_date"]} == {
        "warehouse.public.events",
        "warehouse.public.user_sessions",
    }
    assert any(statement.startswith("MERGE INTO") for statement in outcome.sql)
