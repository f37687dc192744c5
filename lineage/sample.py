"""A bounded sample of a topic, named by its offsets: the same offsets give the same messages while Kafka has them."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lineage.errors import ConfigurationError, SampleGone, ServiceUnavailable
from lineage.hooks.kafka import TIMEOUT_S, settling
from lineage.outcome import TopicOffsets

if TYPE_CHECKING:
    from confluent_kafka import Consumer, Message

    from lineage.hooks.kafka import KafkaHook

SETTINGS = {"group.id": "ecompulse-checks", "enable.auto.commit": False, "enable.partition.eof": True}
AT_ONCE, WAIT_S = 10_000, 0.3


def newest(hook: "KafkaHook", topic: str, *, max_rows: int) -> tuple[TopicOffsets, ...]:
    """The newest offsets of each partition, at most `max_rows` of all; partitions without messages are left out.

    Raises:
        ServiceUnavailable: no broker answers. ConfigurationError: there is no such topic.
    """
    with closing(_consumer(hook)) as consumer:
        ranges = {at: _held(hook, consumer, topic, at) for at in _partitions(hook, consumer, topic)}
    held = (TopicOffsets(topic=topic, partition=at, start=low, end=high) for at, (low, high) in ranges.items())
    return bounded(held, max_rows=max_rows)


def bounded(offsets: Iterable[TopicOffsets], *, max_rows: int) -> tuple[TopicOffsets, ...]:
    """The newest part of each partition's range, at most `max_rows` of all; ranges of one partition are joined.

    Short ranges are kept whole, and what they leave goes to the longer ones.
    """
    joined: dict[tuple[str, int], TopicOffsets] = {}
    for one in offsets:
        other = joined.get((one.topic, one.partition), one)
        start, end = min(one.start, other.start), max(one.end, other.end)
        joined[one.topic, one.partition] = replace(one, start=start, end=end)
    kept: list[TopicOffsets] = []
    left = sorted((one for one in joined.values() if one.end > one.start), key=lambda one: one.end - one.start)
    for at, one in enumerate(left):
        share = max_rows // (len(left) - at)
        kept.append(replace(one, start=max(one.start, one.end - share)))
        max_rows -= kept[-1].end - kept[-1].start
    return tuple(sorted((one for one in kept if one.end > one.start), key=lambda one: (one.topic, one.partition)))


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
        heard = time.monotonic()
        while left:
            if found := consumer.consume(num_messages=AT_ONCE, timeout=WAIT_S):  # waits that long for a full batch
                heard = time.monotonic()
            elif time.monotonic() - heard > TIMEOUT_S:
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
        return from_list(json.loads(text or "[]") or ())
    except (TypeError, ValueError) as problem:
        raise ConfigurationError("offsets", f"not a list of topic, partition, start and end ({problem})") from problem


def from_list(told: Iterable[Mapping[str, Any]]) -> tuple[TopicOffsets, ...]:
    """The same from plain values; TypeError when they are others."""
    return tuple(TopicOffsets(**one) for one in told)


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

    at = TopicPartition(topic, partition)
    with _reaching(hook):
        low, high = settling(lambda: consumer.get_watermark_offsets(at, timeout=TIMEOUT_S))
    return int(low), int(high)


@contextmanager
def _reaching(hook: "KafkaHook") -> Iterator[None]:
    from confluent_kafka import KafkaException

    try:
        yield
    except KafkaException as error:
        raise ServiceUnavailable("Kafka", hook.bootstrap, str(error)) from error
