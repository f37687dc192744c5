"""A topic that is not as promised, on a real broker: what is repaired, what is told, and what the broker refuses."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from catalog.contract import Contract, load
from lineage.errors import ConfigurationError
from lineage.hooks.kafka import KafkaHook, TopicState, in_sync
from lineage.operators.kafka import KafkaTopicOperator
from lineage.outcome import Outcome

SERVERS = ("kafka",)
METRICS = load("kafka.realtime-metrics")


@pytest.fixture(scope="module")
def hook(platform: object) -> KafkaHook:
    """One for all tests: an admin client must not end while librdkafka still hands over what it was asked for."""
    return KafkaHook()


def settled(hook: KafkaHook, contract_id: str, *, replication: int = 1) -> Outcome:
    operator = KafkaTopicOperator(
        task_id="topics", contract_ids=[contract_id], group="readers", replication=replication
    )
    operator.kafka = hook
    return operator.run({})  # type: ignore[arg-type]


def made(hook: KafkaHook, contract: Contract, *, partitions: int, **config: str) -> None:
    hook.admin.create_topics([NewTopic(contract.name, num_partitions=partitions, config=config)])[
        contract.name
    ].result()


def state(**settings: str) -> TopicState:
    kept = dict(METRICS.settings) | {"replication": "3", "min.insync.replicas": "2"} | settings
    return TopicState(name=METRICS.name, settings=kept)


@pytest.mark.parametrize(
    ("found", "replication", "wrong"),
    [
        (state(), 3, {}),
        (state(), 1, {}),
        (state(partitions="12"), 3, {"partitions": ("6", "12")}),
        (state(**{"retention.ms": "1"}), 3, {"retention.ms": ("259200000", "1")}),
        (state(**{"min.insync.replicas": "1"}), 3, {"min.insync.replicas": ("2", "1")}),
        (state(replication="1", **{"min.insync.replicas": "1"}), 3, {"replication": ("3", "1")}),
        (
            state(replication="2", **{"min.insync.replicas": "1"}),
            3,
            {"replication": ("3", "2")},
        ),
    ],
    ids=["as promised", "more copies than asked", "partitions", "retention", "in sync", "one copy", "two copies"],
)
def test_what_differs_from_the_promise(found: TopicState, replication: int, wrong: dict[str, tuple[str, str]]) -> None:
    """More copies than asked for are fine; no topic is asked for more copies in sync than it can lose one of."""
    assert found.differs_from(METRICS, replication=replication) == wrong


@pytest.mark.parametrize(("copies", "needed"), [(1, 1), (2, 1), (3, 2), (5, 4)])
def test_one_broker_may_always_be_away(copies: int, needed: int) -> None:
    assert in_sync(copies) == needed


@pytest.mark.integration
class TestOnABroker:
    """One broker: a second copy has no place."""

    def test_missing_partitions_are_added_and_settings_put_right(self, hook: KafkaHook) -> None:
        made(hook, METRICS, partitions=2, **{"retention.ms": "1000", "cleanup.policy": "compact"})
        (check, *_) = settled(hook, METRICS.id).checks
        assert (check.success, check.actual) == (True, "repaired")
        assert hook.topics([METRICS.name])[METRICS.name].settings["partitions"] == "6"
        assert settled(hook, METRICS.id).checks[0].actual == "as promised"

    def test_too_few_copies_are_a_warning_that_says_how_many_there_are(self, hook: KafkaHook) -> None:
        settled(hook, METRICS.id)
        (check, *_) = settled(hook, METRICS.id, replication=3).checks
        assert (check.success, check.severity, check.actual) == (False, "warning", "replication=1")
        assert check.expected.endswith("replication=3 or more")

    def test_more_copies_than_brokers_are_refused_once_and_for_all(self, hook: KafkaHook) -> None:
        with pytest.raises(ConfigurationError, match=r"topic system-alerts': the broker of connection kafka_default"):
            settled(hook, "kafka.system-alerts", replication=3)

    def test_a_setting_that_the_broker_does_not_know_is_named(self, hook: KafkaHook) -> None:
        wrong = replace(METRICS, name="metrics-2", settings=(("partitions", "1"), ("retention.sm", "1")))
        with pytest.raises(ConfigurationError, match=r"topic metrics-2'.*retention\.sm"):
            hook.create(wrong, replication=1)
        made(hook, wrong, partitions=1)
        found = hook.topics([wrong.name])[wrong.name]
        with pytest.raises(ConfigurationError, match=r"topic metrics-2'.*retention\.sm"):
            hook.repair(wrong, found)

    def test_messages_that_kafka_has_deleted_are_no_lag(self, hook: KafkaHook) -> None:
        from confluent_kafka import TopicPartition

        name = "metrics-3"
        made(hook, replace(METRICS, name=name), partitions=1)
        producer = Producer({"bootstrap.servers": hook.bootstrap})
        for number in range(10):
            producer.produce(name, value=json.dumps({"n": number}))
        producer.flush(10)
        assert hook.lag("nobody", name, 1) == 10
        hook.admin.delete_records([TopicPartition(name, 0, 4)])[TopicPartition(name, 0, 4)].result(10)
        assert hook.lag("nobody", name, 1) == 6
        newest = hook.newest(name, 1)
        assert newest is not None and datetime.now(UTC) - newest < timedelta(minutes=1)
