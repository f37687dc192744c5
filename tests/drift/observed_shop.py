"""The shop's messages on their way into the record, without servers: what the DAGs' own operators tell of each batch.

Messages come from the real generator. What Spark's `schema_of_variant_agg` says of them is said here in Python, and
`test_spark_says_the_same_of_these_messages` holds the two together; everything after that is the product's.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from openlineage.client import facet_v2 as ol
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.serde import Serde

from catalog.contract import load, load_all
from catalog.index import Index
from catalog.index.sync import sync
from catalog.observe import Baseline, Observation, acceptance, observe
from lineage import profile
from lineage.expectations.project import Project
from lineage.expectations.reader import as_object, of_texts
from lineage.jobs.columns import RAW
from lineage.jobs.report import Report
from lineage.operators.base import LineageOperator
from lineage.operators.gx import GreatExpectationsOperator
from lineage.operators.kafka import KafkaTopicOperator
from lineage.outcome import Check, Outcome, Read
from stack.shop.deploys import Rollout, find
from stack.shop.generate import Scenario, Stream
from stack.shop.incidents import Episode
from tests.catalog.conftest import Recorded
from tests.lineage.test_dags import dag

HOUR = timedelta(hours=1)
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
ENRICH, PROFILE = "start_spark_enrichment_job", "profile_raw_events"
Messages = Sequence[bytes]


@cache
def hours(
    *, events: int, length: int = 1, seed: int = 7, start: datetime = START, deploy: str = "", incident: str = "",
    at: int = 0,
) -> tuple[Messages, ...]:  # fmt: skip
    """The bodies that come in each hour; from hour `at` on with a deploy, or three hours long with an incident."""
    moment = start + at * HOUR
    begin, changed = (round(one.timestamp() * 1000) for one in (start, moment))
    span = f"{incident}@{moment.isoformat()}..{(moment + 3 * HOUR).isoformat()}"
    stream = Stream(scenario=Scenario(
        events=events, seed=seed, start_ms=begin, hours=length, users=max(2_000, events), products=500,
        rollouts=(Rollout(deploy=find(deploy), at_ms=changed),) if deploy else (),
        episodes=(Episode.parse(span, default_ms=begin),) if incident else (),
    ))  # fmt: skip
    found: list[list[bytes]] = [[] for _ in range(length)]
    reached = begin
    for one in stream.messages():
        reached = max(reached, one.timestamp_ms)  # a message that is sent again comes later than it was made
        found[(reached - begin) // 3_600_000].append(one.value or b"")
    return tuple(map(tuple, found))


# ------------------------------------------------------------------------------------------------ what Spark would say


def spoken(messages: Messages) -> str:
    """The type of all JSON objects among the messages together, as `schema_of_variant_agg` writes it."""
    return _text(_merged(map(_type, filter(None, map(as_object, messages)))))


def _type(value: object) -> Any:
    """A word, a mapping of members, or a list with the type of its elements."""
    if isinstance(value, dict):
        return {name: _type(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_merged(map(_type, value))]
    words = {str: "STRING", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", type(None): "VOID"}
    return words[type(value)]


def _merged(types: Iterable[Any]) -> Any:
    found: Any = "VOID"
    for one in types:
        found = _either(found, one)
    return found


def _either(one: Any, other: Any) -> Any:
    if one == other or other == "VOID":
        return one
    if one == "VOID":
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _either(one.get(name, "VOID"), other.get(name, "VOID")) for name in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [_either(one[0], other[0])]
    return "DOUBLE" if {str(one), str(other)} == {"BIGINT", "DOUBLE"} else "VARIANT"


def _text(found: Any) -> str:
    if isinstance(found, dict):
        members = (f"`{name.replace('`', '``')}`: {_text(found[name])}" for name in sorted(found))
        return f"OBJECT<{', '.join(members)}>"
    return f"ARRAY<{_text(found[0])}>" if isinstance(found, list) else str(found)


# -------------------------------------------------------------------------------------------------- what the DAGs tell


@dataclass
class Record:
    """The record of runs of all DAGs over batches of messages, and the drift in it."""

    events: list[dict[str, Any]] = field(default_factory=list)
    at: datetime = START
    index: Index = field(default_factory=lambda: Index.open(":memory:", load_all()))

    def run(self, messages: Messages) -> None:
        """One hour: the messages are enriched and profiled. In the first one all other tasks tell what they expect."""
        self.at += HOUR
        told = dict(_told(messages))
        for task in _tasks():
            if task.task_id in told or not self.events:
                self._tell(task, told.get(task.task_id) or _of_raw(task))
        self._read()

    def fork(self) -> "Record":
        """Another record with the same past."""
        other = Record(events=[*self.events], at=self.at)
        other._read()
        return other

    def accept(self) -> None:
        """Somebody accepts what is there now."""
        found = self.observation()
        entry = self.index.dataset(found.dataset)
        kept = Baseline(name="main", columns=found.columns, accepted_by="ada", reason="agreed",
                        since=self.at + timedelta(minutes=40))  # fmt: skip
        self.events.append(acceptance(entry, kept, namespace="ecompulse", at=kept.since))
        self._read()

    def observation(self) -> Observation:
        """The raw topic against its baseline."""
        return observe(self.index, self.index.find(RAW)).value

    def _tell(self, task: LineageOperator, outcome: Outcome | None) -> None:
        found, job = task.lineage(outcome), f"{task.dag_id}.{task.task_id}"
        self.events.append(json.loads(Serde.to_json(RunEvent(
            eventType=RunState.COMPLETE, eventTime=(self.at + timedelta(minutes=_tasks().index(task))).isoformat(),
            run=Run(runId=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job} {self.at}")), facets=found.run_facets),
            job=Job(namespace="ecompulse", name=job, facets={**found.job_facets, "ownership": _owned(task)}),
            inputs=found.inputs, outputs=found.outputs, producer="https://example.org/tests",
        ))))  # fmt: skip

    def _read(self) -> None:
        sync(self.index, Recorded(self.events), now=lambda: self.at + timedelta(minutes=50))


def _owned(task: LineageOperator) -> ol.ownership_job.OwnershipJobFacet:
    """As Airflow's listener tells a task's owner."""
    return ol.ownership_job.OwnershipJobFacet(owners=[ol.ownership_job.Owner(name=task.owner)])


@cache
def _tasks() -> tuple[Any, ...]:
    """The tasks of the DAGs through which the messages go, in the order in which they run."""
    return tuple(task for dag_id in ("data_ingestion_dag", "data_quality_dag") for task in dag(dag_id).tasks)


@cache
def _told(messages: Messages) -> tuple[tuple[str, Outcome], ...]:
    """What the two tasks that look at the messages found in them."""
    tasks = {task.task_id: task for task in _tasks()}
    report = Report(job="enrich_events", inputs={RAW: len(messages)}, observed=(spoken(messages),))
    return ((ENRICH, tasks[ENRICH]._outcome(report)), (PROFILE, _profiled(tasks[PROFILE], messages)))


def _of_raw(task: LineageOperator) -> Outcome | None:
    """What those that check the raw topic tell; None for others: what they expect."""
    if isinstance(task, KafkaTopicOperator):
        return _as_promised(task.expected())
    return _checked(task) if isinstance(task, GreatExpectationsOperator) and RAW in task.contract_ids else None


def _profiled(task: LineageOperator, messages: Messages) -> Outcome:
    seen = profile.of_messages(messages, load(RAW))
    (read,) = task.expected().inputs
    return Outcome(inputs=(replace(read, rows=seen.rows, metrics=seen.metrics, profile=seen),), rows_in=seen.rows)


def _as_promised(expected: Outcome) -> Outcome:
    check = Check(name="topic_settings", success=True, severity="warning", expected="24", actual="as promised")
    return replace(expected, inputs=tuple(replace(read, checks=(check,)) for read in expected.inputs))


@cache
def _rules(aspects: tuple[Any, ...]) -> tuple[Check, ...]:
    """What the raw topic's suite says of an hour of regular messages."""
    contract, project = load(RAW), Project.from_environment()
    batch = of_texts([as_object(one) for one in hours(events=200)[0]], contract=contract, dataset=_topic())
    rules = project.suite(str(contract.suite), contract, aspects=aspects)
    return project.judge(batch, rules, as_of=START) if rules else ()


def _topic() -> Any:
    return dag("data_quality_dag").get_task(PROFILE).expected().inputs[0].dataset


def _checked(task: GreatExpectationsOperator) -> Outcome:
    def read(one: Read) -> Read:
        return replace(one, checks=_rules(task.aspects)) if one.contract and one.contract.id == RAW else one

    return Outcome(inputs=tuple(map(read, task.expected().inputs)))
