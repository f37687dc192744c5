"""Where the rows really are: an Iceberg table, a PostgreSQL table checked by SQL, Redis hashes, a Kafka topic."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog import contract
from lineage.errors import ChecksFailed, DatasetMissing
from lineage.hooks.cache import CacheHook
from lineage.hooks.kafka import KafkaHook
from lineage.hooks.lake import LakeHook, arrow_schema
from lineage.hooks.warehouse import WarehouseHook
from lineage.operators.gx import GreatExpectationsOperator
from lineage.outcome import Outcome

SERVERS = ("postgres", "s3", "glue", "redis", "kafka")
pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("platform")]
EVENTS = contract.load("lake.enriched_events")


@pytest.fixture(autouse=True)
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ECOMPULSE_DATA_DOCS", str(tmp_path))
    yield


def check(*contract_ids: str, now: datetime, **arguments: Any) -> Outcome:
    operator = GreatExpectationsOperator(
        task_id="validate", contract_ids=contract_ids, as_of=now.isoformat(), **arguments
    )
    return operator.run({})  # type: ignore[typeddict-item]


def actual(outcome: Outcome, name: str, column: str | None = None) -> str:
    return next(one.actual for one in outcome.checks if (one.name, one.column) == (name, column))


def test_of_a_lake_table_the_newest_batch_is_checked_or_what_is_above_a_mark(frame_of: Any, now: datetime) -> None:
    hook = LakeHook()
    with pytest.raises(DatasetMissing):
        check("lake.enriched_events", now=now)
    table = hook.create(EVENTS)
    marks = [now - timedelta(minutes=30), now - timedelta(minutes=20), now - timedelta(minutes=10)]
    for rows, mark in zip((4, 5, 6), marks, strict=True):
        frame = frame_of(EVENTS, rows=rows, enriched_timestamp=[mark] * rows)
        table.append(frame.cast(arrow_schema(EVENTS.schema)))
    newest = check("lake.enriched_events", now=now, fail_on="never")
    assert newest.rows_in == 6
    assert actual(newest, "expect_table_to_have_rows") == "15 rows"
    assert actual(newest, "expect_column_types_to_match_contract") == "as expected"
    assert check("lake.enriched_events", now=now, above=marks[0].isoformat(), fail_on="never").rows_in == 11
    assert check("lake.enriched_events", now=now, above=marks[2].isoformat(), fail_on="never").rows_in == 6
    assert check("lake.enriched_events", now=now, max_rows=2, fail_on="never").rows_in == 2
    waiting = {"loads_into": {"lake.enriched_events": "events"}, "fail_on": "never"}
    assert check("lake.enriched_events", now=now, **waiting).rows_in == 15
    with WarehouseHook().transaction() as session:
        WarehouseHook().prepare(session, [contract.load("warehouse.load_log")])
    insert("load_log", {"table_name": "events", "loaded_until": marks[0], "row_count": 4, "updated_at": now})
    assert check("lake.enriched_events", now=now, **waiting).rows_in == 11


def test_an_empty_lake_table_is_a_warning_until_it_has_held_rows(frame_of: Any, now: datetime) -> None:
    promised = contract.load("lake.session_funnel")
    table = LakeHook().create(promised)
    (warned,) = check(promised.id, now=now).failed
    assert (warned.name, warned.severity) == ("expect_table_to_have_rows", "warning")
    table.append(frame_of(promised).cast(arrow_schema(promised.schema)))
    table.delete()
    with pytest.raises(ChecksFailed, match="expect_table_not_to_have_lost_its_rows"):
        check(promised.id, now=now)


def test_empty_warehouse_tables_are_warnings_until_something_was_loaded(now: datetime) -> None:
    names = ("warehouse.events", "warehouse.user_sessions", "warehouse.daily_summary")
    with WarehouseHook().transaction() as session:
        WarehouseHook().prepare(session, [contract.load(name) for name in (*names, "warehouse.load_log")])
        for name in (*names, "warehouse.load_log"):
            session.execute(f"DELETE FROM {name.removeprefix('warehouse.')}")
    failed = check(*names, now=now).failed
    assert [one.severity for one in failed if one.name == "expect_table_to_have_rows"] == ["warning"] * 3
    insert("load_log", {"table_name": "events", "loaded_until": now, "row_count": 4, "updated_at": now})
    with pytest.raises(ChecksFailed, match="expect_table_not_to_have_lost_its_rows"):
        check("warehouse.events", now=now)
    with WarehouseHook().transaction() as session:
        session.execute("DELETE FROM load_log")


def test_a_warehouse_table_is_checked_by_sql_where_it_is(now: datetime) -> None:
    hook = WarehouseHook()
    contracts = [
        contract.load(one) for one in ("warehouse.events", "warehouse.user_sessions", "warehouse.daily_summary")
    ]
    with hook.transaction() as session:
        hook.prepare(session, contracts)
    day = now.date()
    event = {
        "event_id": "e1", "event_type": "purchase", "event_time": now - timedelta(hours=1), "source": "web",
        "user_id": "u",
        "total_amount": Decimal("19.00"), "currency": "USD", "event_revenue": Decimal("19.00"), "expected_revenue": 0,
        "data_quality_score": 1.0, "is_valid_event": True, "processing_date": day,
        "enriched_timestamp": now - timedelta(minutes=5), "updated_at": now,
    }  # fmt: skip
    summary = {
        "report_date": day, "total_events": 1, "unique_users": 1, "unique_sessions": 0, "total_orders": 1,
        "cancelled_orders": 0, "total_revenue": Decimal("19.00"), "expected_revenue": 0, "updated_at": now,
    }  # fmt: skip
    insert("events", event)
    insert("daily_summary", summary)
    fine = check("warehouse.events", "warehouse.daily_summary", now=now)
    assert [one.name for one in fine.failed] == ["expect_column_unique_value_count_to_be_between"]
    assert fine.inputs[0].metrics["event_revenue"].total == 19.0
    assert actual(fine, "expect_column_types_to_match_contract") == "as expected"
    insert("events", event | {"event_id": "e2", "event_revenue": Decimal("-1.00")})
    with pytest.raises(ChecksFailed) as stopped:
        check("warehouse.events", "warehouse.daily_summary", now=now)
    assert "expect_revenue_to_follow_event_type: expected" in str(stopped.value)
    assert "expect_daily_total_to_equal_events" in str(stopped.value)
    where = {"warehouse.events": "event_id = 'e1'"}
    assert check("warehouse.events", now=now, where=where).rows_in == 1


def insert(table: str, row: dict[str, Any]) -> None:
    names, holes = ", ".join(row), ", ".join(["%s"] * len(row))
    with WarehouseHook().transaction() as session:
        session.execute(f"INSERT INTO {table} ({names}) VALUES ({holes})", tuple(row.values()))


def test_redis_hashes_are_checked_with_the_types_their_text_can_be_read_as(now: datetime) -> None:
    product = {"product_id": "a", "product_name": "A", "category": "x", "last_updated": "2026-03-04T10:00:00+00:00"}
    product |= {"price": "9.99", "cost": "5.00", "margin": "4.99"}
    CacheHook().replace("lookup:product:*", {"a": product, "b": product | {"product_id": "b"}})
    fine = check("cache.product", now=now)
    assert (fine.rows_in, fine.failed) == (2, ())
    CacheHook().replace("lookup:product:*", {"a": product, "b": product | {"product_id": "b", "price": "cheap"}})
    with pytest.raises(ChecksFailed, match=r"price is string, not decimal\(12,2\)"):
        check("cache.product", now=now)


def test_of_a_topic_the_newest_messages_are_checked_whatever_they_are(now: datetime) -> None:
    from confluent_kafka import Producer

    promised = contract.load("kafka.ecommerce-events-raw")
    hook = KafkaHook()
    hook.create(promised, replication=1)
    producer = Producer(hook.config)
    web = {"event_id": "1", "event_type": "page_view", "timestamp": "2026-03-04T10:00:00Z", "session_id": "s"}
    web |= {"properties": {}}
    android = {"eventName": "page_view", "timestamp": 1772618400000, "sessionId": "s", "properties": {"page_url": "/"}}
    for message in [web, android] * 10:
        producer.produce(promised.name, json.dumps(message).encode())
    producer.flush(15)
    fine = check("kafka.ecommerce-events-raw", now=now)
    assert fine.rows_in == 20
    assert [one.name for one in fine.failed] == []
    for _ in range(5):
        producer.produce(promised.name, b"not json")
    producer.flush(15)
    with pytest.raises(ChecksFailed, match="expect_message_to_name_its_event"):
        check("kafka.ecommerce-events-raw", now=now)
