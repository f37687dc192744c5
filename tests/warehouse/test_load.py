"""Loading the warehouse from the lake, on a real PostgreSQL and real Iceberg tables."""

import pytest

from lineage.operators.warehouse import LoadWarehouseOperator

SERVERS = ("postgres", "s3", "glue")
pytestmark = pytest.mark.integration
TABLES = ("events", "user_sessions", "daily_summary", "load_log")


def load():
    return LoadWarehouseOperator(task_id="update_data_warehouse").run({})


def contents(query):
    return {table: sorted(query(f"SELECT * FROM {table}"), key=str) for table in TABLES}


def test_everything_in_the_lake_arrives_once(lake, query, event, session):
    lake.append("enriched_events", [event(seed) for seed in range(300)])
    lake.append("user_sessions", [session(seed) for seed in range(80)])
    outcome = load()
    assert (outcome.rows_in, outcome.rows_out) == (380, 380)
    assert query("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM events") == [(300, 300)]
    assert query("SELECT COUNT(*) FROM user_sessions") == [(80,)]


def test_a_rerun_changes_nothing(lake, query, event, session):
    lake.append("enriched_events", [event(seed) for seed in range(50)])
    lake.append("user_sessions", [session(seed) for seed in range(20)])
    load()
    before = contents(query)
    outcome = load()
    assert outcome.rows_in == outcome.rows_out == 0
    assert contents(query) == before
