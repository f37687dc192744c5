"""Kafka as a batch: which offsets there are, read a range of them, write rows as JSON messages."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from catalog.schema import Schema
from lineage.jobs.session import heard

Offsets = Mapping[int, int]
JSON_TIME = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"}
PRODUCER = {
    "kafka.acks": "all",
    "kafka.enable.idempotence": "true",
    "kafka.compression.type": "snappy",
    "kafka.linger.ms": "5",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """A cluster; `options` are further client settings (security and the like) from $ECOMPULSE_KAFKA_OPTIONS."""

    bootstrap: str
    options: Mapping[str, str]

    @classmethod
    def of(cls, bootstrap: str) -> "Broker":
        """The cluster at these addresses with the options of the environment."""
        return cls(bootstrap=bootstrap, options=json.loads(os.environ.get("ECOMPULSE_KAFKA_OPTIONS") or "{}"))

    def spark_options(self) -> dict[str, str]:
        """The cluster as options of Spark's Kafka source and sink."""
        return {f"kafka.{key}": value for key, value in self.options.items()} | {
            "kafka.bootstrap.servers": self.bootstrap
        }

    def bounds(self, spark: SparkSession, topic: str, *, until_ms: int | None = None) -> dict[int, tuple[int, int]]:
        """(first, end) offset of each partition; with `until_ms` the end is the first message at or after that time.

        Committed messages only. Empty when the topic does not exist.
        """
        jvm: Any = spark._jvm
        settings = jvm.java.util.HashMap()
        deserializer = "org.apache.kafka.common.serialization.ByteArrayDeserializer"
        own = {"bootstrap.servers": self.bootstrap, "isolation.level": "read_committed", "enable.auto.commit": "false"}
        for key, value in {
            **self.options,
            **own,
            "key.deserializer": deserializer,
            "value.deserializer": deserializer,
        }.items():
            settings.put(key, value)
        consumer = jvm.org.apache.kafka.clients.consumer.KafkaConsumer(settings)
        try:
            known = consumer.listTopics().get(topic)
            parts = [jvm.org.apache.kafka.common.TopicPartition(topic, info.partition()) for info in known or ()]
            return _bounds(jvm, consumer, parts, until_ms)
        finally:
            consumer.close()

    def read(self, spark: SparkSession, topic: str, *, starts: Offsets, ends: Offsets) -> DataFrame:
        """The messages of the half-open ranges, with headers."""
        options = self.spark_options() | {
            "subscribe": topic,
            "startingOffsets": json.dumps({topic: {str(part): offset for part, offset in starts.items()}}),
            "endingOffsets": json.dumps({topic: {str(part): offset for part, offset in ends.items()}}),
            "includeHeaders": "true",
            "kafka.isolation.level": "read_committed",
            "failOnDataLoss": "true",
        }
        return spark.read.format("kafka").options(**options).load()

    def write(self, rows: DataFrame, topic: str, schema: Schema, *, key: str) -> None:
        """Each row as one JSON message of the schema's columns, keyed by the SQL expression `key`. At least once."""
        body = F.to_json(F.struct(*schema.names()), JSON_TIME)
        messages = rows.select(F.expr(key).cast("string").alias("key"), body.alias("value"))
        heard(rows.sparkSession)
        messages.write.format("kafka").options(**self.spark_options(), **PRODUCER, topic=topic).save()

    def forget(self, rows: DataFrame, topic: str, *, key: str) -> None:
        """A tombstone for each row's key, so that a compacted topic drops what it said."""
        messages = rows.select(F.expr(key).cast("string").alias("key"), F.lit(None).cast("string").alias("value"))
        heard(rows.sparkSession)
        messages.write.format("kafka").options(**self.spark_options(), **PRODUCER, topic=topic).save()


def _bounds(jvm: Any, consumer: Any, parts: list[Any], until_ms: int | None) -> dict[int, tuple[int, int]]:
    wanted = jvm.java.util.ArrayList()
    for part in parts:
        wanted.add(part)
    first, end = consumer.beginningOffsets(wanted), consumer.endOffsets(wanted)
    if until_ms is None:
        return {part.partition(): (first.get(part), end.get(part)) for part in parts}
    times = jvm.java.util.HashMap()
    for part in parts:
        times.put(part, until_ms)
    at = consumer.offsetsForTimes(times)
    found = {part: at.get(part) for part in parts}
    return {p.partition(): (first.get(p), end.get(p) if o is None else o.offset()) for p, o in found.items()}


def limited(starts: Offsets, ends: Offsets, *, budget: int) -> dict[int, int]:
    """New ends so that about `budget` messages are read, each partition giving its share (at least one message).

    Offsets are counted, so a compacted or transactional topic gives fewer.
    """
    waiting = {part: end - starts[part] for part, end in ends.items()}
    total = sum(waiting.values())
    if total <= budget:
        return dict(ends)
    return {
        part: starts[part] + min(count, -(-count * budget // total)) if count else ends[part]
        for part, count in waiting.items()
    }
