"""The DAG files: the tasks that the README names, in that order, light to import; every operator has lineage."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator

import lineage.operators
from lineage.operators.base import LineageOperator

TASKS = {
    "reference_data_dag": [
        "fetch_product_catalog", "land_in_lake", "refresh_lookup_cache", "load_dimensions", "validate_lookup_cache",
    ],
    "data_ingestion_dag": [
        "validate_kafka_connectivity", "start_spark_enrichment_job", "validate_enriched_data_quality",
        "trigger_session_analytics", "validate_session_metrics", "update_data_warehouse", "validate_warehouse_data",
        "generate_business_reports", "send_completion_notification",
    ],
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


@pytest.mark.parametrize("dag_id", TASKS)
def test_a_dag_file_tells_the_person_on_call_what_to_do_and_imports_nothing_heavy(dag_id: str) -> None:
    code = (
        f"import sys; import dags.{dag_id} as d; print([m for m in {HEAVY!r} if m in sys.modules]); print(d.dag.doc_md)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, notes = done.stdout.split("\n", 1)
    assert heavy == "[]"
    assert all(words in notes for words in ("**Healthy when**", "**Look at**", "**Safe to rerun?**"))


def operators() -> list[type[LineageOperator]]:
    """Every concrete operator class of ours, found by walking the package."""
    found = []
    for module in pkgutil.walk_packages(lineage.operators.__path__, "lineage.operators."):
        for _, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(one, BaseOperator) and one.__module__ == module.name and not inspect.isabstract(one):
                found.append(one)
    return found


def test_the_operators_of_the_readme_exist_by_name() -> None:
    names = {one.__name__ for one in operators()}
    assert {
        "SparkKubernetesOperator",
        "GreatExpectationsOperator",
        "KafkaTopicOperator",
        "SlackNotificationOperator",
    } <= names


@pytest.mark.parametrize("operator", operators(), ids=lambda one: one.__name__)
def test_every_operator_has_lineage_of_its_own(operator: Any) -> None:
    assert issubclass(operator, LineageOperator), f"{operator.__name__} must subclass LineageOperator"
    used = {type(task).__name__ for dag_id in TASKS for task in dag(dag_id).tasks}
    assert operator.__name__ in used, f"{operator.__name__} runs in no DAG, so its three events are proved nowhere"
