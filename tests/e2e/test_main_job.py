"""The main job on 20,000 shop events: every figure against the shop's manifest, from the topic to the messages."""

from decimal import Decimal

import pytest

pytestmark = pytest.mark.e2e
ORDER = (
    "validate_kafka_connectivity",
    "start_spark_enrichment_job",
    "validate_enriched_data_quality",
    "trigger_session_analytics",
    "validate_session_metrics",
    "update_data_warehouse",
    "validate_warehouse_data",
    "generate_business_reports",
    "send_completion_notification",
)


def test_every_task_of_both_dags_succeeds(reference, shop, flow):
    assert set(reference[0].tasks.values()) == {"success"}, reference[0].tasks
    assert shop.run.tasks == dict.fromkeys(ORDER, "success")
    assert flow.airflow.order("data_ingestion_dag") == list(ORDER)


def test_reference_data_is_in_lake_cache_and_warehouse(reference, manifest, flow):
    import redis

    run, _ = reference
    wanted = manifest["catalogue"]
    everything = wanted["products"] + wanted["users"]
    for task_id in ("fetch_product_catalog", "land_in_lake", "refresh_lookup_cache", "load_dimensions"):
        assert (run.summaries[task_id]["rows_in"], run.summaries[task_id]["rows_out"]) == (everything, everything)
    for table, rows in (("products", wanted["products"]), ("users", wanted["users"])):
        key = f"{table.removesuffix('s')}_id"
        assert len({row[key] for row in flow.lake(table, [key])}) == rows
        assert flow.warehouse(f"SELECT count(*) FROM dim_{table}") == [(rows,)]
        with redis.Redis.from_url(flow.environment["REDIS_URL"]) as cache:
            assert sum(1 for _ in cache.scan_iter(f"lookup:{table.removesuffix('s')}:*", count=5_000)) == rows


def test_every_task_counts_what_the_manifest_says(shop, manifest):
    def counted(task_id, *keys):
        return tuple(shop.run.summaries[task_id][key] for key in keys)

    usable, visits = manifest["expected_unique_events"], manifest["sessions"]
    assert counted("validate_kafka_connectivity", "rows_in") == (manifest["total"],)
    flow_of_rows = ("rows_in", "rows_out", "rows_rejected", "rows_duplicate")
    assert counted("start_spark_enrichment_job", *flow_of_rows) == (
        manifest["total"],
        usable,
        manifest["unusable_total"],
        manifest["duplicates"],
    )
    assert counted("start_spark_enrichment_job", "rejected") == (manifest["unusable"],)
    assert counted("validate_enriched_data_quality", "rows_in", "rows_rejected") == (usable, 0)
    assert counted("trigger_session_analytics", "rows_in", "rows_out") == (usable, visits)
    assert counted("update_data_warehouse", "rows_in", "rows_out") == (usable + visits, usable + visits)
    assert counted("validate_warehouse_data", "rows_in") == (usable + visits + len(shop.figures.days),)
    assert counted("generate_business_reports", "rows_out") == (len(shop.figures.days),)


def test_lake_and_warehouse_hold_each_usable_event_once(shop, manifest, flow):
    usable = manifest["expected_unique_events"]
    assert shop.figures.lake_events == shop.figures.events == shop.figures.event_ids == usable
    day = manifest["start"][:10]
    kinds = f"SELECT event_type, count(*) FROM events WHERE processing_date = '{day}' GROUP BY 1"
    assert dict(flow.warehouse(kinds)) == manifest["by_event_type"]
    assert {row["event_id"] for row in flow.lake("enriched_events", ["event_id"])} == {
        event_id for (event_id,) in flow.warehouse("SELECT event_id FROM events")
    }


def test_sessions_and_revenue_are_the_manifests_to_the_cent(shop, manifest):
    assert shop.figures.sessions == manifest["sessions"]
    assert shop.figures.revenue == Decimal(manifest["revenue_cents"]) / 100
    ((events, orders, revenue),) = shop.figures.days.values()
    assert (events, orders) == (manifest["expected_unique_events"], manifest["purchases"])
    assert revenue == Decimal(manifest["revenue_cents"]) / 100


def test_the_joins_match(shop, manifest, flow):
    found = flow.warehouse(
        f"""SELECT count(*), count(e.product_name), count(*) FILTER (WHERE e.product_name = p.product_name)
        FROM events e JOIN dim_products p ON p.product_id = e.product_id
        WHERE e.processing_date = '{manifest["start"][:10]}'"""
    )
    ((concerned, named, as_in_the_catalogue),) = found
    assert concerned == named == as_in_the_catalogue
    assert concerned > manifest["by_event_type"]["product_view"]
    ((users, segments),) = flow.warehouse(
        f"""SELECT count(*), count(*) FILTER (WHERE e.customer_segment = u.customer_segment)
        FROM events e JOIN dim_users u ON u.user_id = e.user_id
        WHERE e.processing_date = '{manifest["start"][:10]}'"""
    )
    assert users == segments == manifest["expected_unique_events"] - manifest["null_user"]


def test_the_report_is_in_the_lake_as_page_and_as_csv(shop, manifest, flow):
    day = manifest["start"][:10]
    objects = flow.objects("reports/business/")
    page = objects[f"reports/business/{day}/report.html"].decode()
    assert "<svg" in page
    assert f"{Decimal(manifest['revenue_cents']) / 100:,.2f}" in page
    names, values = objects[f"reports/business/{day}/report.csv"].decode().splitlines()[:2]
    row = dict(zip(names.split(","), values.split(","), strict=True))
    assert row["report_date"] == day
    assert Decimal(row["total_revenue"]) == Decimal(manifest["revenue_cents"]) / 100
    assert int(row["total_orders"]) == manifest["purchases"]
    assert "reports/business/latest.html" in objects


def test_chat_and_mail_tell_what_each_task_did(shop, manifest):
    texts = [message["text"] for message in shop.slack if shop.run.run_id in message["text"]]
    mails = [body for subject, body in shop.mail if shop.run.run_id in body and "data_ingestion_dag is done" in subject]
    assert any("data_ingestion_dag is done" in text for text in texts)
    (told,) = [text for text in texts if "data_ingestion_dag is done" in text]
    (mail,) = mails
    figures = [f"{manifest[key]:,}" for key in ("total", "expected_unique_events", "unusable_total")]
    for message in (told, mail):
        table = {words[0]: words[1:] for line in message.splitlines() if (words := line.split())}
        assert table["start_spark_enrichment_job"][:3] == figures
        assert all(task_id in table for task_id in ORDER[:-1])
        assert "s3://lake/reports/business/latest.html" in message


def test_a_run_with_nothing_new_succeeds_and_changes_nothing(again, shop):
    assert again.run.state == "success", again.run.tasks
    assert again.figures == shop.figures
    assert again.run.summaries["start_spark_enrichment_job"]["rows_out"] == 0
    assert again.run.summaries["update_data_warehouse"]["rows_out"] == 0
    assert again.run.summaries["generate_business_reports"]["rows_out"] == 0
