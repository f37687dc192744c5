"""How a task reads what it does not read strictly: told with its code's own words, kept by the catalog, per input."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog import event as events
from catalog.dataset import Dataset
from catalog.wire import READING
from lineage.extraction import operator_lineage
from lineage.operators.kafka import KafkaTopicOperator
from lineage.outcome import Outcome, Read, Reading
from tests.lineage.test_dags import connections, dag, said  # noqa: F401  (a fixture)

RAW = "ecommerce-events-raw"
CAST = Read(dataset=Dataset("kafka://h:9092", RAW), reading=Reading(way="cast", says="else null"))
PLAIN = Read(dataset=Dataset("kafka://h:9092", "other"))
TOLD = [["kafka://h:9092", RAW, "cast", "else null"]]


def told(*reads: Read) -> dict[str, Any]:
    return said("COMPLETE", operator_lineage(Outcome(inputs=reads), source=KafkaTopicOperator))


def kept(document: dict[str, Any]) -> Any:
    """What the catalog keeps of it."""
    found = events.read(document)
    assert isinstance(found, events.Event)
    return json.loads(found.said.body).get("reading") if found.said else None


def test_the_way_and_the_words_come_through_for_the_inputs_that_have_one(
    problems: Callable[[dict[str, Any]], list[str]],
) -> None:
    document = told(PLAIN, CAST)
    assert problems(document) == []
    assert kept(document) == TOLD


def test_who_says_nothing_reads_strictly(problems: Callable[[dict[str, Any]], list[str]]) -> None:
    document = told(PLAIN)
    assert READING not in document["job"]["facets"]
    assert kept(document) is None


def test_a_way_that_nobody_knows_is_no_way(problems: Callable[[dict[str, Any]], list[str]]) -> None:
    document = told(CAST)
    document["job"]["facets"][READING]["inputs"][0]["way"] = "loosely"
    assert problems(document)
    assert kept(document) is None
    assert any("no ways of reading: loosely" in one for one in events.read(document).problems)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("dag_id", "task", "ways"),
    [("data_ingestion_dag", "start_spark_enrichment_job", [(RAW, "cast")]),
     ("data_quality_dag", "profile_raw_events", [(RAW, "any")]),
     ("data_ingestion_dag", "validate_enriched_data_quality", [("warehouse/ecom.db/enriched_events", "any")]),
     ("data_ingestion_dag", "trigger_session_analytics", [])],
)  # fmt: skip
@pytest.mark.usefixtures("connections")
def test_the_tasks_say_it_from_their_start_on(dag_id: str, task: str, ways: list[tuple[str, str]]) -> None:
    document = said("START", dag(dag_id).get_task(task).get_openlineage_facets_on_start())
    assert [(one[1], one[2]) for one in kept(document) or ()] == ways
