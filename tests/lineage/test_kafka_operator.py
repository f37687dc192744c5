"""Topics on a real broker: created, repaired, and watched for lag and freshness."""

import uuid
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from catalog.contract import load
from lineage.errors import ServiceUnavailable
from lineage.hooks.kafka import KafkaHook
from lineage.operators.kafka import KafkaTopicOperator
from lineage.outcome import Outcome, TopicOffsets

SERVERS = ("kafka",)
pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("platform")]
RAW = "ecommerce-events-raw"


def run(contract_ids: list[str], **options: Any) -> Outcome:
    operator = KafkaTopicOperator(
        task_id="topics", contract_ids=contract_ids, group=options.pop("group", "readers"), **options
    )
    return operator.run({})  # type: ignore[arg-type]


def check(outcome: Outcome, name: str) -> Any:
    return next(check for check in outcome.checks if check.name == name)


def test_missing_topics_are_created_as_their_contracts_say() -> None:
    names = ["kafka.ecommerce-events-raw", "kafka.user-sessions", "kafka.realtime-metrics"]
    first, again = run(names), run(names)
    assert [each.actual for each in first.checks if each.name == "topic_settings"] == ["created"] * 3
    assert [each.lifecycle for each in first.inputs] == ["CREATE"] * 3
    assert [each.lifecycle for each in again.inputs] == [None] * 3
    assert [each.actual for each in again.checks if each.name == "topic_settings"] == ["as promised"] * 3
    states = KafkaHook().topics((RAW, "user-sessions", "realtime-metrics"))
    assert states[RAW].settings["partitions"] == "24"
    assert states[RAW].settings["retention.ms"] == str(7 * 24 * 3600 * 1000)
    assert states["user-sessions"].settings["cleanup.policy"] == "compact"


def test_a_topic_with_other_settings_is_repaired() -> None:
    contract = load("kafka.ecommerce-events-dlq")
    admin = AdminClient({"bootstrap.servers": KafkaHook().bootstrap})
    admin.create_topics([NewTopic(contract.name, num_partitions=1, config={"retention.ms": "1000"})])[
        contract.name
    ].result()
    outcome = run(["kafka.ecommerce-events-dlq"])
    assert check(outcome, "topic_settings").actual == "repaired"
    assert [each.lifecycle for each in outcome.inputs] == ["ALTER"]
    assert KafkaHook().topics((contract.name,))[contract.name].differs_from(contract) == {}


def test_more_partitions_than_promised_cannot_be_repaired_and_are_a_warning() -> None:
    admin = AdminClient({"bootstrap.servers": KafkaHook().bootstrap})
    admin.create_topics([NewTopic("data-quality-issues", num_partitions=3)])["data-quality-issues"].result()
    outcome = run(["kafka.data-quality-issues"])
    found = check(outcome, "topic_settings")
    assert (found.success, found.severity, found.actual) == (False, "warning", "partitions=3")


def test_lag_and_freshness_warn_and_never_stop() -> None:
    run(["kafka.ecommerce-events-raw"])
    group = uuid.uuid4().hex
    producer = Producer({"bootstrap.servers": KafkaHook().bootstrap})
    for number in range(12):
        producer.produce(RAW, value=b"{}", partition=number % 3)
    producer.flush(10)
    behind = run(["kafka.ecommerce-events-raw"], group=group, max_lag=10)
    assert behind.rows_in == 12
    assert (check(behind, "consumer_lag").success, check(behind, "consumer_lag").severity) == (False, "warning")
    assert check(behind, "topic_freshness").success
    KafkaHook().commit(group, tuple(TopicOffsets(topic=RAW, partition=at, start=0, end=4) for at in range(3)))
    level = run(["kafka.ecommerce-events-raw"], group=group, max_lag=10)
    assert (level.rows_in, check(level, "consumer_lag").actual) == (0, "0 messages")


def test_an_empty_topic_is_not_fresh() -> None:
    found = check(run(["kafka.config-changes"]), "topic_freshness")
    assert (found.success, found.actual) == (False, "no message at all")


def test_a_broker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_KAFKA_DEFAULT", '{"conn_type":"kafka","extra":{"bootstrap.servers":"127.0.0.1:1"}}'
    )
    monkeypatch.setattr("lineage.hooks.kafka.TIMEOUT_S", 2)
    with pytest.raises(ServiceUnavailable, match=r"Kafka at 127.0.0.1:1 does not answer .*stack up"):
        run(["kafka.ecommerce-events-raw"])
