"""The tasks of schema_evolution_dag on a real backend and lake: one message per drift, the report, the documents."""

import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import requests
from airflow.sdk import DAG
from click.testing import CliRunner, Result
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_new_uuid

from catalog.cli import cli
from catalog.render import answer
from lineage.hooks.lake import LakeHook
from lineage.operators.base import LineageOperator
from lineage.operators.drift import (
    AssessImpactOperator,
    DetectSchemaDriftOperator,
    DocumentFlowOperator,
    ReadSchemaHistoryOperator,
)
from lineage.outcome import Outcome
from tests.catalog.events import START, Json, columns_from, dataset, event, facet

SERVERS = ("marquez", "s3", "slack", "mail")
pytestmark = pytest.mark.integration
KAFKA, DB = "kafka://h:9092", "db://h"
OPERATORS: dict[str, type[LineageOperator]] = {
    "read_schema_history": ReadSchemaHistoryOperator,
    "detect_schema_drift": DetectSchemaDriftOperator,
    "assess_impact": AssessImpactOperator,
    "document_flow": DocumentFlowOperator,
}


@dataclass
class Task:
    """What Airflow gives a task to talk to others: XComs of one run."""

    held: dict[tuple[str, str], Any] = field(default_factory=dict)
    task_id: str = ""
    dag_id: str = "schema_evolution_dag"
    log_url: str = "http://airflow/log"

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.held[self.task_id, key] = json.loads(json.dumps(value))

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        return self.held.get((task_ids, key))


@dataclass
class Story:
    """A backend, and the runs of the DAG on it."""

    url: str
    slack: Path
    runs: int = 0
    xcoms: dict[tuple[str, str], Any] = field(default_factory=dict)
    """Of the last run."""
    sent: list[Json] = field(default_factory=list)
    """Every event."""

    def tell(self, *events: Json) -> None:
        self.sent += events
        for one in events:
            requests.post(f"{self.url}/api/v1/lineage", json=one, timeout=30).raise_for_status()

    def run(self) -> dict[str, Outcome]:
        """All four tasks, each with its events in the backend."""
        self.runs += 1
        task, found = Task(), {}
        run = SimpleNamespace(run_id=f"manual__{self.runs}", start_date=datetime.now(UTC))
        with DAG(task.dag_id, schedule=None):
            operators = [kind(task_id=task_id) for task_id, kind in OPERATORS.items()]
        for operator in operators:
            task.task_id, run_id = operator.task_id, str(generate_new_uuid())
            self.said(operator, None, run_id, RunState.START)
            found[task.task_id] = operator.run({"ti": task, "dag_run": run})
            self.said(operator, found[task.task_id], run_id, RunState.COMPLETE)
        self.xcoms = task.held
        return found

    def said(self, operator: Any, outcome: Outcome | None, run_id: str, state: RunState) -> None:
        told, job = operator.lineage(outcome), operator.hook.job(f"{operator.dag_id}.{operator.task_id}")
        self.tell(json.loads(Serde.to_json(RunEvent(
            eventType=state, eventTime=datetime.now(UTC).isoformat(), run=Run(runId=run_id, facets=told.run_facets),
            job=Job(namespace=job.namespace, name=job.name, facets=told.job_facets), inputs=told.inputs,
            outputs=told.outputs, producer="https://example.org/tests",
        ))))  # fmt: skip

    def messages(self) -> list[str]:
        return [json.loads(path.read_text(encoding="utf-8"))["text"] for path in sorted(self.slack.rglob("*.json"))]

    def ask(self, *arguments: str, code: int = 0) -> Result:
        """`catalog drift ...` on the same index."""
        done = CliRunner().invoke(cli, ["drift", *arguments], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done


def now() -> float:
    """Hours since the beginning of what tests tell."""
    return (datetime.now(UTC) - START).total_seconds() / 3600


def hour(at: float | None, **columns: str) -> tuple[Json, Json]:
    """One hour: messages are read into a table, and the table into a report."""
    time = now() if at is None else at
    told = {path: {"nullable": True} for path in columns}
    named = [f"{path}:{kind}" for path, kind in columns.items()]
    rows = {"dataQualityMetrics": facet(rowCount=500, columnMetrics={})}
    topic = dataset("ecommerce-events-raw", named, namespace=KAFKA, details=told, observed=True, input_facets=rows,
                    contract="kafka.ecommerce-events-raw@1.0.0",
                    documentation=facet(description="What the producers send."))  # fmt: skip
    table = dataset("orders", ["order_id", "total:double"], namespace=DB, details={"total": {"nullable": True}},
                    columnLineage=facet(fields={"total": {"inputFields": [
                        {"namespace": KAFKA, "name": "ecommerce-events-raw", "field": "price"}]}}))  # fmt: skip
    report = dataset("daily", ["total:double"], namespace=DB, columnLineage=columns_from(total="orders.total"),
                     tags=facet(tags=[{"key": "report", "value": "true", "source": "TEST"}]))  # fmt: skip
    return (event("etl.load", time, inputs=[topic], outputs=[table]),
            event("etl.report", time, inputs=[dataset("orders", namespace=DB)], outputs=[report]))  # fmt: skip


@pytest.fixture(scope="module")
def story(platform):
    environment = platform.environment
    return Story(url=environment["MARQUEZ_URL"], slack=Path(environment["STACK_SLACK_FOLDER"]))


@dataclass
class Chapter:
    """One run of the DAG, with what was said in it."""

    outcomes: dict[str, Outcome]
    xcoms: dict[tuple[str, str], Any]
    messages: list[str]
    report: Json


def chapter(story: Story) -> Chapter:
    before = len(story.messages())
    outcomes = story.run()
    report = json.loads(LakeHook().get("reports/drift/latest.json"))
    return Chapter(outcomes=outcomes, xcoms=story.xcoms, messages=story.messages()[before:], report=report)


@pytest.fixture(scope="module")
def first(story):
    """Nobody has accepted anything yet."""
    story.tell(*hour(1, event_id="string", price="double", currency="string"))
    return chapter(story)


@pytest.fixture(scope="module")
def changed(story, first):
    """The price is a text now, and a key is new."""
    story.tell(*hour(None, event_id="string", price="string", currency="string", campaign="string"))
    return chapter(story)


@pytest.fixture(scope="module")
def again(story, changed):
    """Nothing happened since."""
    return chapter(story)


@pytest.fixture(scope="module")
def listed(story, again):
    """What the commands say while it is open."""
    return story.ask("list", code=1).stdout, json.loads(story.ask("list", "--json", code=1).stdout)


@pytest.fixture(scope="module")
def one_accepted(story, listed):
    """Somebody accepts the new key."""
    (campaign,) = [one["fingerprint"] for one in listed[1]["answer"] if one["path"] == "campaign"]
    told = story.ask("accept", "kafka.ecommerce-events-raw", "--by", "ada", "--reason", "agreed", "--only", campaign)
    return told.stdout, chapter(story)


@pytest.fixture(scope="module")
def all_accepted(story, one_accepted):
    """Somebody accepts the rest."""
    story.ask("accept", "kafka.ecommerce-events-raw", "--by", "bob", "--reason", "readers have moved")
    return chapter(story)


def detected(found: Chapter) -> Outcome:
    return found.outcomes["detect_schema_drift"]


def test_the_first_run_tells_a_baseline_for_each_dataset_and_says_nothing_to_anybody(first):
    assert dict(detected(first).counts) == {"open": 0, "new": 0, "over": 0, "first baselines": detected(first).rows_in}
    assert detected(first).rows_in >= 3
    assert first.messages == []
    assert first.report["findings"] == []


def test_a_change_is_told_once_with_verdict_owner_and_a_way_on(changed, again):
    (message,) = changed.messages
    assert "type.replaced price: double → string" in message and "column.added campaign" in message
    assert "catalog drift accept kafka.ecommerce-events-raw" in message
    assert f"Drift: {os.environ['CATALOG_URL']}/drift/ecommerce-events-raw-" in message
    assert again.messages == []
    assert dict(detected(again).counts) == {"open": 2, "new": 0, "over": 0, "first baselines": 0}


def test_a_finding_keeps_the_moment_when_it_was_first_seen(changed, again):
    def since(found: Chapter) -> dict[str, str]:
        return {one["fingerprint"]: one["since"] for one in found.report["findings"]}

    assert since(changed) == since(again)


def test_drift_stands_at_the_dataset_in_the_backend_as_facet_and_as_failed_check_beside_its_description(story, again):
    url = f"{story.url}/api/v1/namespaces/kafka%3A%2F%2Fh%3A9092/datasets/ecommerce-events-raw"
    told = requests.get(url, timeout=30).json()
    assert {one["path"] for one in told["facets"]["ecompulse_schemaDrift"]["open"]} == {"price", "campaign"}
    (check,) = told["facets"]["dataQualityAssertions"]["assertions"]
    assert (check["assertion"], check["success"], check["severity"]) == ("schema_matches_baseline", False, "warn")
    assert told["description"]


def test_the_report_follows_a_change_to_everything_behind_it(changed):
    (price,) = [one for one in changed.report["findings"] if one["path"] == "price"]
    assert price["reach"]["by"] == "column"
    assert sorted(price["reach"]["columns"]) == ["daily.total", "orders.total"]
    assert (price["reach"]["tables"], price["reach"]["reports"]) == (["orders"], ["daily"])
    assert price["reach"]["tasks"] == ["etl.load", "etl.report"]
    assert price["reach"]["runs_24h"] >= 2


def test_where_no_edges_of_columns_lead_the_whole_dataset_is_followed(changed):
    (campaign,) = [one for one in changed.report["findings"] if one["path"] == "campaign"]
    assert campaign["reach"]["by"] == "dataset"
    assert campaign["reach"]["reports"] == ["daily"]


def test_every_report_has_a_flow_document(changed):
    document = LakeHook().get("docs/flows/db_h_daily.md").decode()
    assert "orders" in document and "ecommerce-events-raw" in document
    assert changed.outcomes["document_flow"].rows_out >= 1


def test_the_list_says_who_breaks_and_ends_with_one(listed):
    text, told = listed
    assert "type.replaced price: double → string" in text
    assert told["command"] == "drift list" and told["answer"][0]["verdict"] == "breaking"


def test_json_of_each_command_is_as_the_published_schema_says(story, listed, all_accepted):
    schema = json.loads(answer.FILE.read_text(encoding="utf-8"))
    words = ("kafka.ecommerce-events-raw", "--by", "cy", "--reason", "as it is")
    shown = json.loads(story.ask("show", words[0], "--json").stdout)
    accepted = json.loads(story.ask("accept", *words, "--json").stdout)
    for told in (listed[1], shown, accepted):
        jsonschema.validate(told, schema, format_checker=jsonschema.FormatChecker())
    assert shown["answer"]["baseline"]["accepted_by"] == "bob"


def test_what_is_not_open_cannot_be_accepted(story, all_accepted):
    said = story.ask("accept", "orders", "--by", "ada", "--reason", "?", "--only", "ffff", code=2).output
    assert "'ffff' is not the fingerprint of one open change; open: none" in said


def test_accepting_one_change_closes_it_and_says_who_and_why(one_accepted):
    told, after = one_accepted
    assert "accepted: column.added campaign" in told
    (message,) = after.messages
    assert "is over" in message and "accepted by ada: agreed" in message and "campaign" in message
    assert [one["path"] for one in after.report["findings"]] == ["price"]


def test_accepting_all_closes_the_rest_and_the_list_is_empty(story, all_accepted):
    (message,) = all_accepted.messages
    assert "price" in message and "accepted by bob: readers have moved" in message
    assert json.loads(story.ask("list", "--json").stdout)["answer"] == []


def test_every_event_is_valid_by_the_schemas(story, all_accepted, problems):
    ours = [one for one in story.sent if one["job"]["name"].startswith("schema_evolution_dag.")]
    assert len(ours) == 2 * len(OPERATORS) * story.runs
    assert {f"{one['job']['name']} {one['eventType']}": wrong for one in ours if (wrong := problems(one))} == {}
