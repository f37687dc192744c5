"""An outcome becomes OpenLineage that holds everything it says, and that the specification accepts."""

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.serde import Serde

from catalog.contract import load, load_all
from catalog.dataset import Dataset
from lineage.extraction import operator_lineage, summary
from lineage.operators.base import LineageOperator
from lineage.outcome import (
    Check,
    ColumnMetrics,
    ColumnSource,
    Outcome,
    Read,
    TopicOffsets,
    Transformation,
    Written,
)

TOPIC = Dataset("kafka://127.0.0.1:9092", "ecommerce-events-raw")
TABLE = Dataset("s3://lake", "warehouse/ecom.db/enriched_events")
MASKED = Transformation(subtype="TRANSFORMATION", masking=True)
CONDITION = Transformation(type="INDIRECT", subtype="CONDITIONAL")
FULL = Outcome(
    inputs=(
        Read(
            dataset=TOPIC,
            contract=load("kafka.ecommerce-events-raw"),
            rows=10,
            lifecycle="ALTER",
            checks=(
                Check(
                    name="not_null", column="user_id", success=False, severity="warning", expected="0 %", actual="7 %"
                ),
                Check(name="unique", column="event_id", success=True, severity="critical", params={"where": "all"}),
            ),
            metrics={"price": ColumnMetrics(null_count=1, distinct_count=5, minimum=1.5, maximum=9.0, total=20.5)},
        ),
    ),
    outputs=(
        Written(
            dataset=TABLE,
            contract=load("lake.enriched_events"),
            rows=9,
            size_bytes=1234,
            files=2,
            lifecycle="CREATE",
            columns={
                "event_id": (ColumnSource(dataset=TOPIC, column="event_id"),),
                "user_id": (
                    ColumnSource(dataset=TOPIC, column="user_id", transformation=MASKED),
                    ColumnSource(dataset=TOPIC, column="userId", transformation=CONDITION),
                ),
            },
        ),
    ),
    rows_in=10,
    rows_out=9,
    rows_rejected=1,
    offsets=(TopicOffsets(topic="ecommerce-events-raw", partition=0, start=5, end=15),),
    interval=(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, 1, tzinfo=UTC)),
    sql=("select 1 ", "select 2"),
)  # fmt: skip


def event(outcome: Outcome) -> dict[str, Any]:
    found = operator_lineage(outcome, source=Dataset)
    return json.loads(  # type: ignore[no-any-return]
        Serde.to_json(
            RunEvent(
                eventType=RunState.COMPLETE,
                eventTime="2026-11-01T01:00:00Z",
                run=Run(runId=str(uuid.uuid4()), facets=found.run_facets),
                job=Job(namespace="ecompulse", name="dag.task", facets=found.job_facets),
                inputs=found.inputs,
                outputs=found.outputs,
                producer="https://github.com/ecompulse/pipeline",
            )
        )
    )


def test_the_specification_accepts_everything_an_outcome_can_say(
    problems: Callable[[dict[str, Any]], list[str]],
) -> None:
    assert problems(event(FULL)) == []


def test_what_the_specification_does_not_accept_is_found(problems: Callable[[dict[str, Any]], list[str]]) -> None:
    said = event(FULL)
    run, read = said["run"]["facets"], said["inputs"][0]
    base = {key: run["test"][key] for key in ("_producer", "_schemaURL")}
    run["ecompulse_unpublished"], run["airflow"] = base, base
    run["test"]["tests"][0]["status"] = True
    run["ecompulse_taskCounts"]["rowsIn"] = -1
    read["facets"]["dataQualityAssertions"] = read["inputFacets"].pop("dataQualityAssertions")
    said["job"]["facets"]["sourceCodeLocation"]["url"] = "nowhere"
    found = sorted(line.split(": ")[0] for line in problems(said))
    assert found == [
        "inputs[0].dataQualityAssertions", "job.sourceCodeLocation.url", "run.ecompulse_taskCounts.rowsIn",
        "run.ecompulse_unpublished", "run.test.tests[0].status",
    ]  # fmt: skip


@pytest.mark.parametrize("contract_id", load_all())
def test_the_specification_accepts_the_facets_of_each_contract(
    contract_id: str, problems: Callable[[dict[str, Any]], list[str]]
) -> None:
    contract = load(contract_id)
    dataset = Dataset("s3://lake", contract.name)
    assert problems(event(Outcome(outputs=(Written(dataset=dataset, contract=contract),)))) == []


def test_the_schema_keeps_order_nesting_and_descriptions() -> None:
    fields = event(FULL)["outputs"][0]["facets"]["schema"]["fields"]
    assert [field["ordinal_position"] for field in fields] == list(range(1, len(fields) + 1))
    assert fields[0] == {
        "name": "event_id", "type": "string(36)", "ordinal_position": 1, "fields": [],
        "description": "The producer's id, else the UUIDv5 of the message's bytes",
    }  # fmt: skip
    (items,) = [field for field in fields if field["name"] == "items"]
    (element,) = items["fields"]
    assert (items["type"], element["name"], element["type"]) == ("array", "_element", "struct")
    assert [child["name"] for child in element["fields"]] == ["product_id", "product_name", "price", "quantity"]


def test_what_the_schema_facet_lacks_is_in_ours() -> None:
    columns = {
        column["path"]: column for column in event(FULL)["outputs"][0]["facets"]["ecompulse_columnDetails"]["columns"]
    }
    assert columns["event_id"] == {"path": "event_id", "nullable": False, "primaryKey": 1, "length": 36}
    assert columns["currency"] == {"path": "currency", "nullable": True, "length": 3}
    assert columns["processing_date"] == {"path": "processing_date", "nullable": False, "partition": 1}
    assert (columns["price"]["precision"], columns["price"]["scale"]) == (12, 2)
    assert columns["source"]["enum"] == ["web", "mobile", "synthetic"]
    assert columns["user_id"]["tags"] == ["pii"]
    assert not columns["items._element.price"]["nullable"]


def test_owner_description_tier_and_pii_are_on_the_dataset() -> None:
    facets = event(FULL)["outputs"][0]["facets"]
    assert facets["ownership"]["owners"] == [{"name": "team:data-engineering", "type": "MAINTAINER"}]
    assert facets["documentation"]["description"].startswith("Shop events in one shape")
    assert facets["dataSource"]["name"] == facets["dataSource"]["uri"] == "s3://lake"
    tags = {(tag["key"], tag["value"], tag.get("field")) for tag in facets["tags"]["tags"]}
    assert {("tier", "gold", None), ("lake", "true", None), ("pii", "true", "user_id")} <= tags


def test_checks_are_on_the_input_and_once_more_on_the_run() -> None:
    said = event(FULL)
    first = said["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"][0]
    assert (first["assertion"], first["column"], first["success"]) == ("not_null", "user_id", False)
    assert (first["severity"], first["expected"], first["actual"]) == ("warn", "0 %", "7 %")
    tests = said["run"]["facets"]["test"]["tests"]
    assert [(test["name"], test["status"], test["severity"]) for test in tests] == [
        ("not_null(user_id)", "fail", "warn"), ("unique(event_id)", "pass", "error"),
    ]  # fmt: skip
    metrics = said["inputs"][0]["inputFacets"]["dataQualityMetrics"]
    assert (metrics["rowCount"], metrics["columnMetrics"]["price"]["distinctCount"]) == (10, 5)


def test_the_counts_are_on_the_run() -> None:
    counts = event(FULL)["run"]["facets"]["ecompulse_taskCounts"]
    assert (counts["rowsIn"], counts["rowsOut"], counts["rowsRejected"]) == (10, 9, 1)
    assert counts["offsets"] == [{"topic": "ecommerce-events-raw", "partition": 0, "start": 5, "end": 15}]
    assert (counts["dataIntervalStart"], counts["dataIntervalEnd"]) == (
        "2026-11-01T00:00:00+00:00",
        "2026-11-01T01:00:00+00:00",
    )


def test_a_task_tells_what_it_and_the_processes_it_waited_for_took() -> None:
    class Busy(LineageOperator):
        """Starts another process that is busy for a while and holds 200 MB."""

        def run(self, context: object) -> Outcome:
            work = "import time\nheld = b'x' * 200_000_000\nwhile time.process_time() < 0.4: pass"
            subprocess.run([sys.executable, "-c", work], check=True)
            return Outcome()

        def expected(self) -> Outcome:
            return Outcome()

    task = Busy(task_id="busy")
    told = task.execute({})
    assert told["cpu_seconds"] >= 0.4 and told["seconds"] >= 0.4
    assert told["peak_memory_bytes"] >= 200_000_000
    assert task.outcome is not None
    counts = event(task.outcome)["run"]["facets"]["ecompulse_taskCounts"]
    assert (counts["seconds"], counts["cpuSeconds"]) == (told["seconds"], told["cpu_seconds"])
    assert counts["peakMemoryBytes"] == told["peak_memory_bytes"]


def test_the_output_says_how_much_and_from_which_columns() -> None:
    output = event(FULL)["outputs"][0]
    assert output["outputFacets"]["outputStatistics"] | {"_producer": "", "_schemaURL": ""} == {
        "rowCount": 9, "size": 1234, "fileCount": 2, "_producer": "", "_schemaURL": "",
    }  # fmt: skip
    assert output["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "CREATE"
    assert event(FULL)["inputs"][0]["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "ALTER"
    lineage = output["facets"]["columnLineage"]["fields"]["user_id"]
    kinds = [
        (source["field"], source["transformations"][0]["type"], source["transformations"][0]["masking"])
        for source in lineage["inputFields"]
    ]
    assert kinds == [("user_id", "DIRECT", True), ("userId", "INDIRECT", False)]
    assert lineage["transformationType"] == "CONDITIONAL,TRANSFORMATION"


def test_the_job_says_where_its_code_is_and_which_sql_ran() -> None:
    from lineage.operators.kafka import KafkaTopicOperator

    job = operator_lineage(FULL, source=KafkaTopicOperator).job_facets
    assert job["sourceCodeLocation"].path == "lineage/operators/kafka.py"
    assert job["sql"].query == "select 1;\nselect 2"


def test_an_empty_outcome_says_nothing_it_does_not_know(problems: Callable[[dict[str, Any]], list[str]]) -> None:
    said = event(Outcome())
    assert (said["inputs"], said["outputs"]) == ([], [])
    assert "test" not in said["run"]["facets"]
    assert set(said["run"]["facets"]["ecompulse_taskCounts"]) == {"_producer", "_schemaURL"}
    assert problems(said) == []


def test_the_summary_is_json_and_counts_the_checks() -> None:
    short = json.loads(json.dumps(summary(FULL)))
    assert (short["rows_in"], short["rows_out"], short["rows_rejected"]) == (10, 9, 1)
    assert [check["success"] for check in short["checks"]] == [False, True]
    assert short["outputs"] == {"s3://lake/warehouse/ecom.db/enriched_events": 9}
