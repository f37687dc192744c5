"""A bounded sample of a topic, named by its offsets: the same offsets give the same messages while Kafka has them."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from lineage.errors import ConfigurationError, SampleGone, ServiceUnavailable
from lineage.hooks.kafka import TIMEOUT_S
from lineage.outcome import TopicOffsets

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

    from lineage.hooks.kafka import KafkaHook

SETTINGS = {"group.id": "ecompulse-checks", "enable.auto.commit": False, "enable.partition.eof": True}
AT_ONCE = 10_000


def newest(hook: "KafkaHook", topic: str, *, max_rows: int) -> tuple[TopicOffsets, ...]:
    """The newest offsets of each partition, at most `max_rows` of all; partitions without messages are left out.

    Raises:
        ServiceUnavailable: no broker answers. ConfigurationError: there is no such topic.
    """
    with closing(_consumer(hook)) as consumer:
        ranges = {at: _held(hook, consumer, topic, at) for at in _partitions(hook, consumer, topic)}
    filled = {at: (low, high) for at, (low, high) in ranges.items() if high > low}
    share = max(1, max_rows // max(1, len(filled)))
    return tuple(
        TopicOffsets(topic=topic, partition=at, start=max(low, high - share), end=high)
        for at, (low, high) in sorted(filled.items())
    )


def messages(hook: "KafkaHook", offsets: Sequence[TopicOffsets]) -> Iterator[bytes]:
    """Values of exactly these offsets, in order within a partition. Commits nothing: no group sees this.

    Raises:
        SampleGone: Kafka has deleted some of them. ServiceUnavailable: it stops answering before their end.
    """
    from confluent_kafka import TopicPartition

    with closing(_consumer(hook)) as consumer:
        for one in offsets:
            if one.start < (low := _held(hook, consumer, one.topic, one.partition)[0]):
                raise SampleGone(one, low)
        left = {(one.topic, one.partition): one.end for one in offsets if one.end > one.start}
        consumer.assign([TopicPartition(one.topic, one.partition, one.start) for one in offsets])
        while left:
            if not (found := consumer.consume(num_messages=AT_ONCE, timeout=TIMEOUT_S)):
                raise ServiceUnavailable("Kafka", hook.bootstrap, f"{len(left)} partitions not read to their end")
            yield from _wanted(found, left)


def _wanted(found: Sequence["Message"], left: dict[tuple[str, int], int]) -> Iterator[bytes]:
    """Values before the end of their range; a range that is read to its end leaves `left`.

    The end may be no message (a mark of a transaction): then a later one, or the partition's end, tells.
    """
    for message in found:
        at = (message.topic(), message.partition())
        if message.error() is None and message.offset() < left.get(at, 0):
            yield message.value() or b""
        if message.error() is not None or message.offset() + 1 >= left.get(at, 0):
            left.pop(at, None)


def from_text(text: str) -> tuple[TopicOffsets, ...]:
    """Offsets as a task's outcome or its run facet tells them: `[{"topic", "partition", "start", "end"}, ...]`.

    Raises:
        ConfigurationError: it is nothing of that kind.
    """
    try:
        return tuple(TopicOffsets(**one) for one in json.loads(text or "[]") or ())
    except (TypeError, ValueError) as problem:
        raise ConfigurationError("offsets", f"not a list of topic, partition, start and end ({problem})") from problem


def _consumer(hook: "KafkaHook") -> "Consumer":
    from confluent_kafka import Consumer

    return Consumer({**hook.config, **SETTINGS})


def _partitions(hook: "KafkaHook", consumer: "Consumer", topic: str) -> list[int]:
    with _reaching(hook):
        found = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic]
    if found.error:
        raise ConfigurationError("contract_id", f"there is no topic {topic} ({found.error})")
    return list(found.partitions)


def _held(hook: "KafkaHook", consumer: "Consumer", topic: str, partition: int) -> tuple[int, int]:
    """The first offset that a partition still has, and one past its last."""
    from confluent_kafka import TopicPartition

    with _reaching(hook):
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=TIMEOUT_S)
    return int(low), int(high)


@contextmanager
def _reaching(hook: "KafkaHook") -> Iterator[None]:
    from confluent_kafka import KafkaException

    try:
        yield
    except KafkaException as error:
        raise ServiceUnavailable("Kafka", hook.bootstrap, str(error)) from error
