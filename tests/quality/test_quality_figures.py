"""A report's subjects: this run's results as its tasks told them, with what the record knows of each check."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import contract
from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.index import Index
from lineage.reports import quality

AT = Dataset("s3://lake", "warehouse/ecom.db/enriched_events")
REPORT = Dataset("s3://lake", "reports/business")
EVENTS = contract.load("lake.enriched_events")
TASK = "validate_business_rules"
JOB = Job("ecompulse", f"data_quality_dag.{TASK}")
START = datetime(2026, 11, 20, tzinfo=UTC)


def event(run: int, *, success: bool, rows: int = 10, job: Job = JOB) -> dict[str, Any]:
    assertion = {"assertion": "rule", "success": success, "severity": "error", "expected": "x", "actual": "y",
                 "params": {"mostly": "0.9"}}  # fmt: skip
    facets = {
        "dataQualityAssertions": {"assertions": [assertion]},
        "dataQualityMetrics": {"rowCount": rows, "columnMetrics": {"user_id": {"nullCount": run}}},
    }
    return {
        "eventType": "COMPLETE", "eventTime": (START + timedelta(hours=run)).isoformat(), "producer": "https://a.org",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job} {run}"))},
        "job": {"namespace": job.namespace, "name": job.name},
        "inputs": [{"namespace": AT.namespace, "name": AT.name, "inputFacets": facets}],
        "outputs": [{"namespace": REPORT.namespace, "name": REPORT.name}] if job != JOB else [],
    }  # fmt: skip


def told(*, success: bool, name: str = "rule") -> dict[str, Any]:
    check = {
        "dataset": str(AT), "name": name, "column": None, "title": name, "success": success, "severity": "critical",
        "expected": "x", "actual": "y", "params": {"mostly": "0.9"}, "examples": [],
    }  # fmt: skip
    return {TASK: {"checks": [check]}}


def subject(results: list[bool], summary: dict[str, Any], *, others: tuple[dict[str, Any], ...] = ()) -> Any:
    with Index.open(":memory:") as index:
        index.add([*(event(run, success=held) for run, held in enumerate(results)), *others])
        (found,) = quality.subjects(index, summary, {AT: EVENTS}, measured_by=[JOB])
    return found


@pytest.mark.parametrize(
    ("record", "now", "history"),
    [
        ([], True, (True,)),
        ([True, True], True, (True, True)),
        ([True, True], False, (True, True, False)),
        ([True, False], False, (True, False)),
    ],
)
def test_a_checks_history_ends_with_this_run(record: list[bool], now: bool, history: tuple[bool, ...]) -> None:
    (finding,) = subject(record, told(success=now)).findings
    assert (finding.success, finding.history) == (now, history)


def test_a_failure_says_since_when_unless_it_is_new() -> None:
    (old,) = subject([True, False, False], told(success=False)).findings
    assert old.since == START + timedelta(hours=1)
    (new,) = subject([True, True], told(success=False)).findings
    assert new.since is None


def test_a_check_that_the_record_does_not_know_is_told_all_the_same() -> None:
    (finding,) = subject([True], told(success=False, name="new_rule")).findings
    assert (finding.name, finding.history, finding.since) == ("new_rule", (False,), None)


def test_figures_are_those_of_the_jobs_that_measure_alike() -> None:
    other = event(9, success=True, rows=7_000, job=Job("ecompulse", "another"))
    trends = {
        (one.column, one.metric): one for one in subject([True, True], told(success=True), others=(other,)).trends
    }
    assert [value for _, value in trends[None, "row_count"].points] == [10, 10]
    assert [value for _, value in trends["user_id", "null_count"].points] == [0, 1]


def test_downstream_is_what_the_record_has_seen_the_rows_reach() -> None:
    reads = event(9, success=True, job=Job("ecompulse", "report"))
    assert subject([True], told(success=True), others=(reads,)).downstream.datasets == ("reports/business",)
    assert subject([], told(success=True)).downstream.datasets == ()


def test_a_dataset_that_no_task_checked_is_no_subject() -> None:
    with Index.open(":memory:") as index:
        assert list(quality.subjects(index, {TASK: {}}, {AT: EVENTS}, measured_by=[JOB])) == []
