"""Send messages to a Kafka topic: idempotent, acknowledged by all replicas, in the order they are given per key.

The broker stamps each message with the time of sending: retention would delete a stream of simulated old times at once.
The simulated time travels in the header `timestamp`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stack.shop.clock import iso
from stack.shop.errors import BrokerUnreachable, DeliveryFailed, TopicMissing
from stack.shop.message import Message

if TYPE_CHECKING:
    from confluent_kafka import Producer as KafkaProducer

logger = logging.getLogger(__name__)

RAW_TOPIC = "ecommerce-events-raw"
RAW_PARTITIONS = 24
PAYLOAD_VERSION = b"1.0.0"
#: How long a message may wait in the local queue for its acknowledgement, retries included.
DELIVERY_TIMEOUT_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What was acknowledged, and how fast."""

    delivered: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Messages per second, 0 for an empty stream."""
        return self.delivered / self.seconds if self.seconds else 0.0


def publish(
    messages: Iterable[Message],
    *,
    bootstrap: str,
    topic: str = RAW_TOPIC,
    rate_per_s: float | None = None,
    timeout_s: float = 10.0,
    create_topic: bool = False,
    progress: Callable[[int], None] = lambda sent: None,
) -> Delivery:
    """Send every message and wait until the last one is acknowledged; `progress` hears how many were handed over.

    `create_topic` makes a missing topic with 24 partitions and the broker's own settings.

    Raises:
        BrokerUnreachable: no broker answered within `timeout_s`.
        TopicMissing: the topic does not exist and may not be created.
        DeliveryFailed: the broker refused messages, or was away for longer than a minute.
    """
    producer = _connect(bootstrap, timeout_s=timeout_s)
    _require_topic(producer, bootstrap=bootstrap, topic=topic, timeout_s=timeout_s, create=create_topic)
    receipts = _Receipts()
    started = time.monotonic()
    sent = 0
    for sent, message in enumerate(messages, start=1):
        _send(producer, message, topic=topic, receipts=receipts)
        if sent % 500 == 0:
            progress(sent)
            _keep_to_rate(sent, started=started, rate_per_s=rate_per_s)
    producer.flush()
    progress(sent)
    if receipts.failed:
        raise DeliveryFailed(failed=receipts.failed, first=receipts.first_failure)
    delivery = Delivery(delivered=receipts.delivered, seconds=time.monotonic() - started)
    logger.info("published %d messages to %s in %.1f s", delivery.delivered, topic, delivery.seconds)
    return delivery


@dataclass(slots=True, kw_only=True)
class _Receipts:
    """Counts the broker's answers."""

    delivered: int = 0
    failed: int = 0
    first_failure: str = field(default="")

    def __call__(self, error: object, message: object) -> None:
        if error is None:
            self.delivered += 1
            return
        self.failed += 1
        self.first_failure = self.first_failure or str(error)


def _connect(bootstrap: str, *, timeout_s: float) -> KafkaProducer:
    from confluent_kafka import Producer as KafkaProducer

    driver = logging.getLogger(f"{__name__}.librdkafka")
    driver.setLevel(logging.ERROR)  # what it tries again is no news; what it gives up is an error of ours
    return KafkaProducer(
        {
            "bootstrap.servers": bootstrap,
            "client.id": "shop",
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": "snappy",
            "linger.ms": 5,
            "socket.connection.setup.timeout.ms": max(int(timeout_s * 1000), 1_000),
            "message.timeout.ms": DELIVERY_TIMEOUT_MS,
            "logger": driver,
        }
    )


def _require_topic(producer: KafkaProducer, *, bootstrap: str, topic: str, timeout_s: float, create: bool) -> None:
    """The list of all topics is asked for: asking for one by name would create it on brokers that allow that."""
    from confluent_kafka import KafkaException

    try:
        topics = producer.list_topics(timeout=timeout_s).topics
    except KafkaException as error:
        raise BrokerUnreachable(bootstrap=bootstrap, timeout_s=timeout_s) from error
    if topic in topics:
        return
    if not create:
        raise TopicMissing(topic=topic)
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": bootstrap})  # must outlive its futures
    try:
        admin.create_topics([NewTopic(topic, num_partitions=RAW_PARTITIONS)])[topic].result(timeout_s)
    except KafkaException as error:
        raise TopicMissing(topic=topic, problem=str(error)) from error


def _send(producer: KafkaProducer, message: Message, *, topic: str, receipts: _Receipts) -> None:
    from confluent_kafka import KafkaException

    arguments: dict[str, Any] = {
        "key": message.key,
        "value": message.value,
        "headers": [
            ("producer_id", message.producer.encode()),
            ("timestamp", iso(message.timestamp_ms).encode()),
            ("version", PAYLOAD_VERSION),
        ],
        "on_delivery": receipts,
    }
    while True:
        try:
            producer.produce(topic, **arguments)
        except BufferError:  # the local queue is full: serve acknowledgements until there is room
            producer.poll(0.1)
        except KafkaException as error:  # refused before it left, as above 1 MB
            receipts(error, None)
            return
        else:
            producer.poll(0)
            return


def _keep_to_rate(sent: int, *, started: float, rate_per_s: float | None) -> None:
    if rate_per_s:
        time.sleep(max(started + sent / rate_per_s - time.monotonic(), 0))
