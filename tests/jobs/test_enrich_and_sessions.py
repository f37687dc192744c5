"""20,000 shop events through both jobs on real servers, compared with the shop's manifest and with plain Python."""

import json
import os
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import pytest

from lineage.jobs import control
from lineage.jobs.columns import IDS

pytestmark = pytest.mark.integration
SERVERS = ("kafka", "redis", "s3", "glue")
RAW = "ecommerce-events-raw"
OTHERS = (
    "ecommerce-events-enriched",
    "ecommerce-events-dlq",
    "data-quality-issues",
    "user-sessions",
    "realtime-metrics",
    "system-alerts",
)
GAP = timedelta(minutes=30)


def send(*, events, seed, start="2026-11-20T00:00:00Z"):
    """Generated messages to the raw topic; their manifest."""
    from stack.shop.clock import parse_time
    from stack.shop.generate import Scenario, Stream
    from stack.shop.publish import publish

    stream = Stream(scenario=Scenario(events=events, seed=seed, start_ms=parse_time(start)))
    publish(stream.messages(), bootstrap=os.environ["KAFKA_BOOTSTRAP_SERVERS"])
    return stream.manifest()


@pytest.fixture(scope="module")
def shop(platform):
    """Topics and lookup cache, as the reference DAG and the connectivity task leave them; the first 20,000 events."""
    import redis
    from confluent_kafka.admin import AdminClient, NewTopic

    from stack.shop.catalogue import Catalogue

    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]})
    for made in admin.create_topics([NewTopic(RAW, 6), *(NewTopic(name, 2) for name in OTHERS)]).values():
        made.result()
    catalogue, cache = Catalogue.build(7), redis.Redis.from_url(os.environ["REDIS_URL"])
    for kind, key, things in (("product", "product_id", catalogue.products), ("user", "user_id", catalogue.users)):
        for record in (thing.record() for thing in things):
            cache.hset(f"lookup:{kind}:{record[key]}", mapping={name: str(value) for name, value in record.items()})
    return send(events=20_000, seed=7)


@pytest.fixture(scope="module")
def enriched(shop, run_job, look):
    """The first run of the enrichment, and the lake's rows after it."""
    run = run_job("enrich")
    assert run.code == 0, run.output[-3000:]
    return run, look.table("enriched_events")


@pytest.fixture(scope="module")
def analysed(enriched, run_job, look):
    """The first run of the session job, and its rows after it."""
    run = run_job("sessions")
    assert run.code == 0, run.output[-3000:]
    return run, look.table("user_sessions")


def test_the_lake_holds_each_usable_event_once(shop, enriched):
    _, rows = enriched
    assert len(rows) == len({row["event_id"] for row in rows}) == shop["expected_unique_events"]
    assert Counter(row["event_type"] for row in rows) == shop["by_event_type"]
    assert Counter(row["platform"] for row in rows) == shop["by_producer"]
    assert Counter(f"{row['event_time']:%Y-%m-%dT%H}" for row in rows) == shop["by_hour"]
    assert sum(row["user_id"] is None for row in rows) == shop["null_user"]
    assert sum(row["event_revenue"] for row in rows) == Decimal(shop["revenue"])


def test_every_unusable_message_is_a_dead_letter_with_its_reason(shop, enriched, look):
    letters = [body for _, body in look.messages("ecommerce-events-dlq")]
    assert Counter(letter["error_type"] for letter in letters) == {k: n for k, n in shop["unusable"].items() if n}
    assert len({(letter["original_partition"], letter["original_offset"]) for letter in letters}) == len(letters)


def test_the_joins_match(enriched):
    _, rows = enriched
    assert all(row["catalog_price"] is not None and row["brand"] for row in rows if row["product_id"])
    assert all(row["customer_segment"] and row["location"] for row in rows if row["user_id"])
    assert not any(row["customer_segment"] for row in rows if row["user_id"] is None)


def test_the_report_says_what_came_and_what_became_of_it(shop, enriched):
    report = enriched[0].report
    assert report.inputs["kafka.ecommerce-events-raw"] == shop["total"]
    assert report.outputs["lake.enriched_events"] == shop["expected_unique_events"]
    assert report.duplicates == shop["duplicates"]
    assert sum(report.rejected.values()) == shop["unusable_total"]
    assert sum(part.end - part.start for part in report.offsets) == shop["total"]
    assert "screen_name: STRING" in report.observed[0]


def test_the_enriched_topic_has_the_rows_of_the_lake(enriched, look):
    _, rows = enriched
    sent = {body["event_id"]: (key, body["event_type"]) for key, body in look.messages("ecommerce-events-enriched")}
    assert sent == {row["event_id"]: (row["event_type"], row["event_type"]) for row in rows}


def test_sparks_events_name_the_datasets_as_we_do_and_hold_no_secret(enriched, platform):
    from catalog import dataset

    events = enriched[0].events
    kinds = Counter(event["eventType"] for event in events)
    assert kinds["START"] == kinds["COMPLETE"] and not kinds["FAIL"]
    lake = [out for event in events for out in event["outputs"] if out["namespace"].startswith("s3")]
    assert {dataset.Dataset(out["namespace"], out["name"]) for out in lake} == {
        dataset.lake_table("lake", "enriched_events")
    }
    counts = [out["outputFacets"].get("outputStatistics", {}).get("rowCount") for out in lake]
    assert enriched[0].report.outputs["lake.enriched_events"] in counts
    read = {dataset.Dataset(each["namespace"], each["name"]) for event in events for each in event["inputs"]}
    assert read == {dataset.topic(os.environ["KAFKA_BOOTSTRAP_SERVERS"], RAW)}
    secret = (os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["REDIS_URL"].split(":")[2].split("@")[0])
    assert not any(word in json.dumps(events) for word in secret)


def test_spark_tells_of_each_write_from_its_start_to_its_end(enriched, analysed):
    from catalog import dataset

    written = (
        (enriched[0], ("enriched_events", "ecommerce-events-enriched", "ecommerce-events-dlq", "data-quality-issues")),
        (analysed[0], ("user_sessions", "session_funnel", "user-sessions", "realtime-metrics", "system-alerts")),
    )
    for run, names in written:
        expected = {
            dataset.topic(os.environ["KAFKA_BOOTSTRAP_SERVERS"], name)
            if name in OTHERS
            else dataset.lake_table("lake", name)
            for name in names
        }
        for kind in ("START", "COMPLETE"):
            told = [out for event in run.events if event["eventType"] == kind for out in event["outputs"]]
            assert {dataset.Dataset(out["namespace"], out["name"]) for out in told} >= expected, kind


def expected_visits(rows):
    """(session_id, user, start, end, events, revenue, kinds in order) of every visit, computed without Spark."""
    groups = defaultdict(list)
    for row in rows:
        if row["session_id"] is not None:
            groups[row["session_id"], row["user_id"]].append(row)
    visits = {}
    for (session, user), events in groups.items():
        events.sort(key=lambda row: (row["event_time"], row["source_partition"], row["source_offset"]))
        visit = [events[0]]
        for event in events[1:]:
            if event["event_time"] - visit[-1]["event_time"] >= GAP:
                visits |= summary(session, user, visit)
                visit = []
            visit.append(event)
        visits |= summary(session, user, visit)
    return visits


def summary(session, user, events):
    start, end = events[0]["event_time"], events[-1]["event_time"]
    micros = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    key = str(uuid5(IDS, f"{session}|{user or ''}|{micros}"))
    kinds = [event["event_type"] for event in events]
    return {key: (session, user, start, end, kinds, sum(event["event_revenue"] for event in events))}


def stored_visits(rows):
    names = ("session_id", "user_id", "session_start", "session_end", "event_sequence", "session_revenue")
    return {row["session_key"]: tuple(row[name] for name in names) for row in rows}


def test_visits_are_those_of_an_independent_computation(shop, enriched, analysed):
    _, rows = analysed
    assert stored_visits(rows) == expected_visits(enriched[1])
    assert len(rows) == shop["sessions"]
    carts = [row for row in rows if row["cart_adds"]]
    assert sum(row["abandoned_cart"] for row in carts) == sum(row["purchases"] == 0 for row in carts) > 0
    assert all((row["conversion_rate"] is None) == (row["cart_adds"] == 0) for row in rows)


def test_the_funnel_is_that_of_an_independent_computation(enriched, analysed, look):
    steps = {
        "page_view": "pageview",
        "product_view": "product_view",
        "add_to_cart": "add_to_cart",
        "purchase": "purchase",
    }
    seen, revenue = defaultdict(set), defaultdict(Decimal)
    for row in enriched[1]:
        minute = row["event_time"].replace(second=0, microsecond=0)
        for back in range(5):
            window = (minute - timedelta(minutes=back), row["source"], row["customer_segment"] or "unknown")
            revenue[window] += row["event_revenue"]
            seen[window, steps.get(row["event_type"])].add(row["session_id"])
    found = {(row["window_start"], row["source"], row["customer_segment"]): row for row in look.table("session_funnel")}
    assert found.keys() == revenue.keys()
    for window, row in found.items():
        assert row["total_revenue"] == revenue[window]
        counts = {step: row[f"sessions_with_{step}"] for step in steps.values()}
        assert counts == {step: len(seen[window, step]) for step in steps.values()}
        views = counts["pageview"]
        assert row["overall_conversion_rate"] == (pytest.approx(counts["purchase"] / views) if views else None)


def test_alerts_tell_of_valuable_long_and_finished_abandoned_visits(enriched, analysed, look):
    rows = analysed[1]
    newest = max(row["event_time"] for row in enriched[1])
    expected = {("HIGH_VALUE_SESSION", row["session_key"]) for row in rows if row["session_revenue"] > 500}
    expected |= {("LONG_SESSION", row["session_key"]) for row in rows if row["session_duration_minutes"] > 60}
    over = [row for row in rows if row["abandoned_cart"] and row["session_end"] + GAP <= newest]
    expected |= {("CART_ABANDONMENT", row["session_key"]) for row in over}
    sent = {(body["alert_type"], body["session_key"]): body for _, body in look.messages("system-alerts")}
    assert sent.keys() == expected
    assert all(UUID(body["alert_id"]) == uuid5(IDS, "|".join(pair)) for pair, body in sent.items())


def test_running_again_changes_nothing(enriched, analysed, run_job, look):
    again = run_job("enrich"), run_job("sessions")
    assert [run.code for run in again] == [0, 0]
    assert [run.report.batches for run in again] == [0, 0]
    assert look.table("enriched_events") == enriched[1] and look.table("user_sessions") == analysed[1]


def test_the_stream_refuses_a_second_writer_and_finishes_its_batch_when_told_to_stop(enriched, run_job):
    import redis

    cache, seen = redis.Redis.from_url(os.environ["REDIS_URL"]), {}

    def meanwhile(process):
        while not control.status(cache, "enrich_events").running:
            assert process.poll() is None, process.stdout.read()[-3000:]
            time.sleep(0.5)
        seen["second"] = run_job("enrich")
        seen["after"] = control.stop(cache, "enrich_events", wait_s=120)

    stream = run_job("enrich", "--forever", "--interval", "1", wait_for=meanwhile)
    assert seen["second"].code == 3
    assert "enrich_events is being written by the stream (process " in seen["second"].output
    assert not seen["after"].running and seen["after"].last["state"] == "ended"
    assert stream.code == 0 and stream.report is not None


def test_whatever_is_killed_half_way_each_event_and_visit_is_there_once(enriched, analysed, run_job, look):
    """Runs after the others: it adds events, some of them late ones of days and sessions that are known already."""
    before, more = len(enriched[1]), 0
    for number, step in enumerate(("dlq", "enriched-topic", "issues", "lake")):
        more += send(events=400, seed=100 + number, start="2026-11-20T06:00:00Z")["expected_unique_events"]
        assert run_job("enrich", die_after=step).code != 0
    assert run_job("enrich", "--max-messages", "500").code == 0
    rows = look.table("enriched_events")
    assert len(rows) == len({row["event_id"] for row in rows}) == before + more
    for step in ("realtime-metrics", "funnel", "sessions"):
        assert run_job("sessions", die_after=step).code != 0
    assert run_job("sessions").code == 0
    assert stored_visits(look.table("user_sessions")) == expected_visits(rows)
