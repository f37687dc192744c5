"""The quality DAG after the main job: every task green, its report and pages in the lake, tags in the backend."""

import json

import pytest

from catalog import contract, writeback

pytestmark = pytest.mark.e2e
ORDER = (
    "profile_raw_events",
    "validate_schema_compliance",
    "check_completeness_rates",
    "validate_business_rules",
    "detect_anomalies",
    "update_data_catalog",
    "generate_quality_report",
)


def test_the_asset_of_the_main_job_starts_it_and_every_task_succeeds(quality):
    run, _ = quality
    assert run.run_id.startswith("asset_triggered__")
    assert run.tasks == dict.fromkeys(ORDER, "success")


def test_what_the_main_job_read_is_what_is_profiled_and_checked(quality, shop, manifest):
    run, _ = quality
    profiled = run.summaries["profile_raw_events"]
    assert profiled["rows_in"] >= manifest["total"]
    read = {at["partition"]: at for at in shop.run.summaries["start_spark_enrichment_job"]["offsets"]}
    assert {at["partition"] for at in profiled["offsets"]} >= set(read)
    for task_id in ("validate_schema_compliance", "check_completeness_rates", "validate_business_rules"):
        assert run.summaries[task_id]["offsets"] == profiled["offsets"], task_id


def test_the_run_is_about_the_main_jobs_interval(quality, shop):
    run, events = quality
    assert (
        run.summaries["profile_raw_events"]["interval"][0]
        <= shop.run.summaries["validate_warehouse_data"]["interval"][0]
    )
    for event in events:
        if event["eventType"] == "COMPLETE" and event["job"]["name"].startswith("data_quality_dag."):
            assert event["run"]["facets"]["ecompulse_taskCounts"]["dataIntervalStart"], event["job"]["name"]


def test_every_expectation_is_checked_once_by_one_task_and_all_four_sources_are(quality):
    run, _ = quality
    checked = [
        (check["dataset"], check["name"], check["column"], json.dumps(check["params"], sort_keys=True))
        for task_id in ORDER[1:4]
        for check in run.summaries[task_id]["checks"]
    ]
    assert len(checked) == len(set(checked))
    assert {dataset.split("://")[0] for dataset, *_ in checked} == {"kafka", "s3", "postgres", "redis"}


def test_figures_are_judged_from_the_record_and_nothing_is_anomalous_while_little_is_known(quality):
    run, _ = quality
    judged = run.summaries["detect_anomalies"]["checks"]
    assert {check["name"] for check in judged} >= {"anomaly_row_count", "anomaly_null_count", "anomaly_category_mix"}
    assert all(check["success"] and check["expected"].startswith("not known yet") for check in judged)


def test_the_report_is_in_the_lake_as_a_page_and_as_json(quality, flow):
    run, _ = quality
    objects = flow.objects("reports/quality/")
    told = next(json.loads(body) for key, body in objects.items()
                if key.endswith("report.json") and run.run_id.encode() in body)  # fmt: skip
    assert told["passed"] == run.summaries["generate_quality_report"]["rows_out"]
    assert told["critical"] == 0
    page = objects["reports/quality/latest.html"].decode()
    assert "Profile of the raw messages" in page and "<script" not in page
    downstream = {one["dataset"]: one["downstream"]["datasets"] for one in told["subjects"]}
    (events,) = [reached for dataset, reached in downstream.items() if dataset.endswith("enriched_events")]
    assert "reports/business" in events


def test_the_catalogs_pages_are_in_the_lake(quality, flow):
    run, _ = quality
    pages = flow.objects("catalog/site/")
    assert len(pages) == run.summaries["update_data_catalog"]["rows_out"]
    assert "catalog/site/index.html" in pages


def test_the_contracts_tags_are_in_the_backend_personal_columns_included(quality, flow):
    promised = contract.load("lake.enriched_events")
    bucket = f"s3://{flow.environment['ECOMPULSE_LAKE_BUCKET']}".replace("/", "%2F")
    found = flow.ask(f"namespaces/{bucket}/datasets/warehouse%2Fecom.db%2Fenriched_events")
    assert set(found["tags"]) >= {promised.tier, *promised.tags, writeback.PII}
    tagged = {field["name"] for field in found["fields"] if writeback.PII in field["tags"]}
    assert tagged == {path.split(".")[0] for path in promised.pii}


def test_no_personal_value_is_in_an_event_or_in_the_report(quality, flow, manifest):
    _, events = quality
    ((user,),) = flow.warehouse("SELECT user_id FROM events WHERE user_id IS NOT NULL ORDER BY user_id LIMIT 1")
    told = [json.dumps(events), *(body.decode() for body in flow.objects("reports/quality/").values())]
    assert not [text for text in told if user in text]
