"""The DAG files: the tasks that the README names, in that order, light to import; every operator has lineage."""

import copy
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.openlineage.plugins.adapter import OpenLineageAdapter
from airflow.providers.openlineage.utils.utils import get_task_parent_run_facet
from airflow.sdk import DAG, BaseOperator
from openlineage.client import OpenLineageClient
from openlineage.client.serde import Serde
from openlineage.client.transport import Transport

import lineage.operators
from lineage.operators.base import LineageOperator
from lineage.operators.gx import GreatExpectationsOperator
from lineage.operators.spark import SparkKubernetesOperator
from lineage.operators.stream import SparkStreamOperator
from lineage.outcome import Check, Outcome
from tests.lineage.table import lacking

TASKS = {
    "reference_data_dag": [
        "fetch_product_catalog", "land_in_lake", "refresh_lookup_cache", "load_dimensions", "validate_lookup_cache",
    ],
    "data_ingestion_dag": [
        "validate_kafka_connectivity", "start_spark_enrichment_job", "validate_enriched_data_quality",
        "trigger_session_analytics", "validate_session_metrics", "update_data_warehouse", "validate_warehouse_data",
        "generate_business_reports", "send_completion_notification",
    ],
    "data_quality_dag": [
        "profile_raw_events", "validate_schema_compliance", "check_completeness_rates", "validate_business_rules",
        "detect_anomalies", "update_data_catalog", "generate_quality_report",
    ],
    "schema_evolution_dag": ["read_schema_history", "detect_schema_drift", "assess_impact", "document_flow"],
}  # fmt: skip
HEAVY = (
    "great_expectations", "pyspark", "pandas", "kubernetes", "confluent_kafka", "slack_sdk", "duckdb", "pyarrow",
    "pyiceberg", "matplotlib",
)  # fmt: skip


def dag(dag_id: str) -> DAG:
    found = importlib.import_module(f"dags.{dag_id}").dag
    assert isinstance(found, DAG)
    return found


@pytest.mark.parametrize("dag_id", TASKS)
def test_the_tasks_are_those_of_the_readme_one_after_the_other(dag_id: str) -> None:
    tasks = dag(dag_id).task_dict
    (first,) = [task for task in tasks.values() if not task.upstream_task_ids]
    order = [first.task_id]
    while tasks[order[-1]].downstream_task_ids:
        (following,) = tasks[order[-1]].downstream_task_ids
        order.append(following)
    assert order == TASKS[dag_id]


@pytest.mark.parametrize("dag_id", TASKS)
def test_every_task_has_lineage_alerts_retries_with_back_off_and_an_owner(dag_id: str) -> None:
    for task in dag(dag_id).tasks:
        assert isinstance(task, LineageOperator)
        assert task.on_failure_callback and task.on_success_callback
        assert task.retries == 2 and task.retry_exponential_backoff
        assert task.owner


def test_the_main_job_is_hourly_catches_up_runs_alone_and_ends_with_an_asset() -> None:
    main = dag("data_ingestion_dag")
    assert (main.catchup, main.max_active_runs) == (True, 1)
    assert [asset.name for asset in main.task_dict["send_completion_notification"].outlets] == ["ecompulse_ingested"]
    assert main.deadline


def test_the_quality_dag_follows_each_ingestion_and_none_of_its_checks_stops_the_report() -> None:
    quality = dag("data_quality_dag")
    assert [asset.name for asset in quality.timetable.asset_condition.objects] == ["ecompulse_ingested"]
    checks = [task for task in quality.tasks if isinstance(task, GreatExpectationsOperator)]
    assert [task.aspects for task in checks] == [("schema",), ("completeness",), ("business",)]
    assert {task.fail_on for task in checks} == {"never"}
    assert len({tuple(task.contract_ids) for task in checks}) == 1


def test_the_evolution_dag_follows_the_catalog_whatever_the_verdict_on_the_data() -> None:
    evolution, quality = dag("schema_evolution_dag"), dag("data_quality_dag")
    assert [asset.name for asset in evolution.timetable.asset_condition.objects] == ["ecompulse_catalogued"]
    told_by = [task.task_id for task in quality.tasks if "ecompulse_catalogued" in [one.name for one in task.outlets]]
    assert told_by == ["update_data_catalog"]


@pytest.mark.parametrize("dag_id", TASKS)
def test_a_dag_file_tells_the_person_on_call_what_to_do_and_imports_nothing_heavy(dag_id: str) -> None:
    code = (
        f"import sys; import dags.{dag_id} as d; print([m for m in {HEAVY!r} if m in sys.modules]); print(d.dag.doc_md)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, notes = done.stdout.split("\n", 1)
    assert heavy == "[]"
    assert all(words in notes for words in ("**Healthy when**", "**Look at**", "**Safe to rerun?**"))


def operators() -> list[type[BaseOperator]]:
    """Every operator class of ours that is no base of another, found by walking the package."""
    found = [
        one
        for module in pkgutil.walk_packages(lineage.operators.__path__, "lineage.operators.")
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if issubclass(one, BaseOperator) and one.__module__ == module.name
    ]
    bases = {base for one in found if not inspect.isabstract(one) for base in one.__mro__[1:]}
    return [one for one in found if not (inspect.isabstract(one) and one in bases)]


@pytest.mark.parametrize("operator", operators(), ids=lambda one: one.__name__)
def test_a_new_operator_without_lineage_fails_the_build(operator: type[BaseOperator]) -> None:
    assert issubclass(operator, LineageOperator)
    missing: frozenset[str] = getattr(operator, "__abstractmethods__", frozenset())
    assert not missing, f"{operator.__name__} has no {' and no '.join(sorted(missing))}"


def test_the_operators_of_the_readme_exist_by_name() -> None:
    names = {one.__name__ for one in operators()}
    assert {
        "SparkKubernetesOperator",
        "GreatExpectationsOperator",
        "KafkaTopicOperator",
        "SlackNotificationOperator",
    } <= names


def examples() -> dict[str, LineageOperator]:
    """One instance of each operator class: the one a DAG runs, else one made here."""
    made = {type(task).__name__: task for dag_id in TASKS for task in dag(dag_id).tasks}
    stream = SparkStreamOperator(
        task_id="watch", action="status", job="enrich_events", reads=["lake.products"], writes=["lake.users"]
    )
    return {"SparkStreamOperator": stream} | made


CONNECTIONS = {
    "kafka": {"conn_type": "kafka", "extra": {"bootstrap.servers": "kafka.local:9092"}},
    "lake": {"conn_type": "aws", "extra": {"bucket": "lake", "glue_account_id": "1", "region_name": "us-east-1"}},
    "warehouse": {"conn_type": "postgres", "host": "wh.local", "port": 5432, "schema": "warehouse"},
    "cache": {"conn_type": "redis", "host": "redis.local", "port": 6379},
    "shop": {"conn_type": "http", "host": "shop.local", "schema": "http", "port": 80},
}


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CONNECTIONS.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}_DEFAULT", json.dumps(value))


HOUR = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, 1, tzinfo=UTC))


def done(expected: Outcome) -> Outcome:
    """What the operator might have done: everything it expects, counted and checked."""
    check = Check(name="holds", success=False, severity="critical", column="id", expected="all", actual="3 rows do not")
    return replace(
        expected,
        inputs=tuple(replace(read, rows=10, checks=(check,)) for read in expected.inputs),
        outputs=tuple(replace(written, rows=7, size_bytes=700, files=1) for written in expected.outputs),
        rows_in=10, rows_out=7, rows_rejected=3, rejected={"not_json": 3}, interval=HOUR,
    )  # fmt: skip


@pytest.mark.usefixtures("connections")
@pytest.mark.parametrize("operator", operators(), ids=lambda one: one.__name__)
def test_start_complete_and_fail_of_every_operator_are_valid_and_say_what_is_known(
    operator: type[LineageOperator], problems: Callable[[dict[str, Any]], list[str]]
) -> None:
    assert operator.__name__ in examples(), f"{operator.__name__} is in no DAG: add an example of it here"
    task = copy.copy(examples()[operator.__name__])
    task.data_interval = HOUR
    started = task.get_openlineage_facets_on_start()
    task.outcome = done(task.expected())
    states = {
        "START": started,
        "COMPLETE": task.get_openlineage_facets_on_complete(None),
        "FAIL": task.get_openlineage_facets_on_failure(None),
    }
    for state, found in states.items():
        event = said(state, found, doc=task.doc_md)
        assert problems(event) == []
        assert lacking(event) == []
        assert event["job"]["facets"]["documentation"]["description"] == task.doc_md
        assert event["job"]["facets"]["sourceCodeLocation"]["path"].startswith("lineage/operators/")
        assert event["run"]["facets"]["nominalTime"]["nominalStartTime"] == HOUR[0].isoformat()
        if state != "START":
            assert event["run"]["facets"]["ecompulse_taskCounts"]["rowsIn"] == 10
            assert all(dataset["inputFacets"]["dataQualityAssertions"] for dataset in event["inputs"])
            assert all(one["outputFacets"]["outputStatistics"]["rowCount"] == 7 for one in event["outputs"])


class Kept(Transport):
    """Takes what Airflow sends."""

    kind = "kept"

    def __init__(self) -> None:
        self.event: Any = None

    def emit(self, event: Any) -> None:
        self.event = event


def said(state: str, found: Any, *, doc: str | None = None) -> dict[str, Any]:
    """The event that Airflow makes of what an operator says, for a task of a run without an interval of its own."""
    kept = Kept()
    airflow = OpenLineageAdapter(client=OpenLineageClient(transport=kept))
    now, parent = "2026-11-01T01:00:00Z", str(uuid.uuid4())
    about: Any = {
        "run_id": str(uuid.uuid4()), "job_name": "dag.task", "job_description": doc, "nominal_start_time": None,
        "nominal_end_time": None, "owners": ["data-engineering"], "tags": [], "task": found,
        "run_facets": get_task_parent_run_facet(parent_run_id=parent, parent_job_name="dag", dr_conf={}),
    }  # fmt: skip
    if state == "START":
        airflow.start_task(event_time=now, **about)
    elif state == "FAIL":
        airflow.fail_task(end_time=now, error="3 rows do not hold", **about)
    else:
        airflow.complete_task(end_time=now, **about)
    return json.loads(Serde.to_json(kept.event))  # type: ignore[no-any-return]


@pytest.mark.usefixtures("connections")
def test_a_spark_application_for_kubernetes_has_the_job_its_lineage_settings_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extra = {"mode": "kubernetes", "image": "registry/ecompulse:1", "namespace": "spark", "secret": "spark-keys"}
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps({"conn_type": "generic", "extra": extra}))
    monkeypatch.setenv("AIRFLOW_CONN_CACHE_DEFAULT", json.dumps({**CONNECTIONS["cache"], "password": "planted-secret"}))
    task = examples()["SparkKubernetesOperator"]
    assert isinstance(task, SparkKubernetesOperator)
    transport = {"type": "http", "url": "http://marquez:5000"}
    application = task.arranged(None, outcome="s3://lake/outcomes/1.json", transport=transport)
    manifest = task.spark.manifest(application, driver=task.driver_pod, executor=task.executor_pods)
    spec = manifest["spec"]
    assert (manifest["kind"], manifest["metadata"]["namespace"]) == ("SparkApplication", "spark")
    assert spec["mainApplicationFile"] == f"local:///opt/ecompulse/{task.application}"
    assert spec["arguments"][:2] == ["--bootstrap", "kafka.local:9092"]
    assert spec["sparkConf"]["spark.openlineage.transport.url"] == "http://marquez:5000"
    assert spec["sparkConf"]["spark.openlineage.namespace"] == "ecompulse"
    assert "spark.sql.catalog.lake.s3.endpoint" not in spec["sparkConf"], "Amazon's own endpoint unless told otherwise"
    assert spec["driver"]["envFrom"] == spec["executor"]["envFrom"] == [{"secretRef": {"name": "spark-keys"}}]
    assert (spec["driver"]["memory"], spec["executor"]["instances"]) == ("2g", 3)
    assert "planted-secret" not in json.dumps(manifest)


class Loaded(LineageOperator):
    """An operator without effects, to see what the base adds."""

    def run(self, context: Any) -> Outcome:
        return Outcome(rows_in=1)

    def expected(self) -> Outcome:
        return Outcome()


@pytest.mark.parametrize("interval", [HOUR, None])
def test_a_run_with_a_data_interval_says_so_from_its_start_on(interval: tuple[datetime, datetime] | None) -> None:
    start, end = interval or (None, None)
    task = Loaded(task_id="load")
    context: Any = {"data_interval_start": start, "data_interval_end": end}
    task.render_template_fields(context)
    states = {"START": task.get_openlineage_facets_on_start()}
    task.execute(context)
    states["COMPLETE"] = task.get_openlineage_facets_on_complete(None)
    task.outcome = None
    states["FAIL"] = task.get_openlineage_facets_on_failure(None)
    for state, found in states.items():
        facets = said(state, found)["run"]["facets"]
        assert facets["ecompulse_taskCounts"].get("rowsIn") == (1 if state == "COMPLETE" else None)
        assert facets["ecompulse_taskCounts"].get("dataIntervalEnd") == (
            "2026-11-01T01:00:00+00:00" if interval else None
        )
        assert ("nominalTime" in facets) == bool(interval)


def test_every_task_says_what_it_does_in_its_own_words():
    for dag_id, tasks in TASKS.items():
        for task in tasks:
            said = dag(dag_id).get_task(task).doc_md
            assert said, task
            assert ":param" not in said
            assert said != dag(dag_id).doc_md
    spark = [
        dag("data_ingestion_dag").get_task(name).doc_md
        for name in TASKS["data_ingestion_dag"]
        if "spark" in name or "trigger" in name
    ]
    assert [said.split(":")[0] for said in spark] == ["enrich_events", "analyse_sessions"]
