"""A sample of a real topic: named by offsets, read again message by message, and refused once some are deleted."""

import json
from typing import Any

import pytest

from catalog import contract
from lineage import sample
from lineage.errors import ConfigurationError, SampleGone
from lineage.hooks.kafka import KafkaHook
from lineage.operators.profile import ProfileTopicOperator
from lineage.outcome import Outcome

SERVERS = ("kafka",)
pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("platform")]
RAW = contract.load("kafka.ecommerce-events-raw")


class Instance:
    """A task instance that keeps what a task leaves."""

    def __init__(self) -> None:
        self.left: dict[str, Any] = {}

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.left[key] = json.loads(json.dumps(value))


def profiled(**arguments: Any) -> tuple[Outcome, dict[str, Any]]:
    operator, instance = ProfileTopicOperator(task_id="profile", contract_id=RAW.id, **arguments), Instance()
    outcome = operator.run({"ti": instance})  # type: ignore[typeddict-item, arg-type]
    return outcome, instance.left["profile"]


def send(first: int, last: int) -> None:
    from confluent_kafka import Producer

    producer = Producer(KafkaHook().config)
    for at in range(first, last):
        body = json.dumps({"event_id": str(at), "event_type": "page_view", "user_id": "jane"}).encode()
        producer.produce(RAW.name, b"broken" if at % 10 == 0 else body, key=str(at % 7).encode())
    producer.flush(15)


def test_a_topic_that_is_not_there_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="there is no topic"):
        sample.newest(KafkaHook(), "nowhere", max_rows=5)


def test_the_same_offsets_give_the_same_profile_whatever_came_since() -> None:
    hook = KafkaHook()
    hook.create(RAW, replication=1)
    assert sample.newest(hook, RAW.name, max_rows=5) == ()
    assert profiled()[0].rows_in == 0
    send(0, 200)
    outcome, told = profiled()
    assert (outcome.rows_in, outcome.rows_rejected) == (200, 20)
    assert sum(at.end - at.start for at in outcome.offsets) == 200
    send(200, 300)
    offsets = json.dumps([{"topic": at.topic, "partition": at.partition, "start": at.start, "end": at.end}
                          for at in outcome.offsets])  # fmt: skip
    again, told_again = profiled(offsets=offsets)
    assert (again.offsets, told_again) == (outcome.offsets, told)
    assert profiled()[0].rows_in == 300
    assert profiled(max_rows=50)[0].rows_in == 50
    assert "jane" not in json.dumps(told) + repr(outcome)


def test_a_sample_of_which_some_messages_are_deleted_is_refused_and_named() -> None:
    from confluent_kafka import TopicPartition

    hook = KafkaHook()
    (first, *_) = sample.newest(hook, RAW.name, max_rows=10_000)
    asked = {TopicPartition(RAW.name, first.partition): None}
    hook.admin.delete_records([TopicPartition(RAW.name, first.partition, first.start + 2)])[next(iter(asked))].result(
        15
    )
    with pytest.raises(SampleGone, match=f"{RAW.name}, partition {first.partition}"):
        list(sample.messages(hook, [first]))


@pytest.mark.parametrize("text", ["{", "{}1", '[{"topic": "t"}]', '[{"topic": "t", "offset": 3}]', "[1]"])
def test_what_is_no_list_of_offsets_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="offsets"):
        sample.from_text(text)


@pytest.mark.parametrize("text", ["", "[]", "null"])
def test_no_offsets_are_none(text: str) -> None:
    assert sample.from_text(text) == ()
