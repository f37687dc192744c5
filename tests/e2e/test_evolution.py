"""The schema DAG after the quality DAG: drift found in the record, told once, accepted by a person, over."""

import json

import pytest

pytestmark = pytest.mark.e2e
ORDER = ("read_schema_history", "detect_schema_drift", "assess_impact", "document_flow")


def test_the_asset_of_the_quality_dag_starts_it_and_every_task_succeeds(evolution):
    assert evolution.found.run_id.startswith("asset_triggered__")
    assert evolution.found.tasks == dict.fromkeys(ORDER, "success")


def test_every_dataset_of_the_record_is_compared_and_only_the_lacking_key_is_drift(evolution):
    counts = evolution.found.summaries["detect_schema_drift"]["counts"]
    assert (counts["open"], counts["new"]) == (1, 1)
    assert counts["first baselines"] == evolution.found.summaries["detect_schema_drift"]["rows_in"] - 1 > 20


def test_the_drift_is_a_facet_of_the_topic_in_the_backend(evolution):
    (one,) = evolution.open["open"]
    assert (one["rule"], one["path"]) == ("column.added", evolution.lacked)
    assert evolution.open["baseline"]["acceptedBy"] == "the former release"
    assert {each["name"] for each in one["consumers"]} >= {"data_ingestion_dag.start_spark_enrichment_job"}


def test_one_message_tells_it_and_the_failed_check_sends_no_other(evolution):
    (message,) = evolution.told
    assert evolution.lacked in message["text"]
    assert "catalog drift accept kafka.ecommerce-events-raw" in message["text"]


def test_the_report_in_the_lake_says_what_it_reaches(evolution, flow):
    objects = flow.objects("reports/drift/")
    (report,) = [json.loads(body) for key, body in objects.items() if "asset_triggered" in key]
    (one,) = report["findings"]
    assert report["complete"] is True
    assert one["reach"]["complete"] is True
    assert "data_ingestion_dag.start_spark_enrichment_job" in one["reach"]["tasks"]
    assert one["reach"]["owners"] and one["reach"]["expectations"] and one["reach"]["runs_24h"]
    assert json.loads(objects["reports/drift/latest.json"])["findings"] == []


def test_the_flow_to_the_business_report_is_documented_in_the_lake(evolution, flow):
    document = flow.objects("docs/flows/")["docs/flows/object.business_report.md"].decode()
    assert "start_spark_enrichment_job" in document


def test_the_list_has_it_in_json(evolution):
    told = json.loads(evolution.listed.stdout)
    assert [one["path"] for one in told["answer"]] == [evolution.lacked]
    assert evolution.listed.returncode == int(told["answer"][0]["verdict"] == "breaking")


def test_accepting_moves_the_baseline_and_the_next_run_says_that_it_is_over(evolution):
    assert evolution.accepted.returncode == 0, evolution.accepted.stderr
    assert evolution.shut["open"] == []
    assert evolution.shut["baseline"]["acceptedBy"] == "ada"
    (message,) = evolution.closing
    assert "is over" in message["text"] and "the shop logs how people sign in" in message["text"]
    assert evolution.closed.summaries["detect_schema_drift"]["counts"]["over"] == 1
