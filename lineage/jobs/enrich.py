"""enrich_events: what is new in the raw topic → one envelope → products and profiles → enriched topic and lake.

A batch writes dead letters, enriched topic, quality issues and, last, the lake. Only that commit counts: it carries the
offsets it came from, so a job that dies earlier reads the same messages again. The topics are therefore written at
least once (event_id, and the original offset of a dead letter, tell repeats), the lake exactly once.
"""

import json
import logging
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, Observation, Row, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from catalog import contract as contracts
from lineage.jobs import drive, enriched, envelope, lookup
from lineage.jobs.chaos import die_after
from lineage.jobs.columns import DEAD, ENRICHED, ISSUES, PRODUCTS, RAW, REASONS, STREAM, USERS
from lineage.jobs.errors import TopicMissing
from lineage.jobs.kafka import Broker, limited
from lineage.jobs.lease import Lease
from lineage.jobs.report import Range, Report
from lineage.jobs.session import LakeTable

logger = logging.getLogger(__name__)
JOB = "enrich_events"
OFFSETS_MARK, TIME_MARK = "kafka-offsets", "enriched-timestamp"
PRODUCT_COLUMNS = ("product_name", "category", "brand", "price")
USER_COLUMNS = ("customer_segment", "age_group", "location", "total_orders", "total_spent")
KEYS = {
    DEAD: "concat_ws('-', original_topic, original_partition, original_offset)",
    STREAM: "event_type",
    ISSUES: "event_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """The job's settings, and what it talks to. `until_ms` is a Kafka message time, epoch milliseconds."""

    spark: SparkSession
    broker: Broker
    cache: Any
    max_messages: int
    future_hours: float
    until_ms: int | None = None

    def run(self, lease: Lease) -> Iterator[Report]:
        """Batch after batch until everything that was there at the start is in the lake; one report for each."""
        table, topic = LakeTable.of(self.spark, ENRICHED), contracts.load(RAW).name
        bounds = self.broker.bounds(self.spark, topic, until_ms=self.until_ms)
        if not bounds:
            raise TopicMissing(topic, self.broker.bootstrap)
        starts, skipped = starting(json.loads(table.mark(OFFSETS_MARK) or "{}").get(topic, {}), bounds)
        goal = {part: max(end, starts[part]) for part, (_, end) in bounds.items()}
        while goal != starts:
            ends = limited(starts, goal, budget=self.max_messages)
            yield Batch(job=self, table=table, lease=lease, starts=starts, ends=ends, skipped=skipped).run()
            starts, skipped = ends, 0


def starting(stored: Mapping[str, int], bounds: Mapping[int, tuple[int, int]]) -> tuple[dict[int, int], int]:
    """Where to go on in each partition, and how many messages the topic had deleted before they were read.

    A stored offset behind the end means that the topic was made anew: it is read from its beginning (event_ids that the
    lake knows are left out anyway).
    """
    starts, skipped = {}, 0
    for part, (first, end) in bounds.items():
        offset = int(stored.get(str(part), first))
        if first <= offset <= end:
            starts[part] = offset
        else:
            starts[part] = first
            skipped += max(first - offset, 0)
            logger.warning(
                "partition %s: stored offset %s is outside %s..%s, reading from %s", part, offset, first, end, first
            )
    return starts, skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One range of the raw topic on its way to the lake."""

    job: Enrichment
    table: LakeTable
    lease: Lease
    starts: Mapping[int, int]
    ends: Mapping[int, int]
    skipped: int

    def run(self) -> Report:
        """Read, write four times, commit last; raises LeaseLost instead of committing beside another writer."""
        begun = time.monotonic()
        messages = self.job.broker.read(self.job.spark, self.topic, starts=self.starts, ends=self.ends)
        # One task a core and not one a partition: each has its own parsers and buffers to make, for each step anew.
        messages = messages.coalesce(self.job.spark.sparkContext.defaultParallelism)
        seen = Observation("payload")
        parsed = envelope.parsed(messages).observe(
            seen, F.expr("schema_of_variant_agg(CASE WHEN top IS NOT NULL THEN sent END)").alias("schema")
        )
        rows = envelope.normalised(parsed, future_hours=self.job.future_hours)
        rows = rows.withColumn("value", F.when(F.col("error_type").isNotNull(), F.col("value"))).persist()
        try:
            found = self._write(rows)
        finally:
            rows.unpersist()
        seconds = round(time.monotonic() - begun, 3)
        return found.plus(Report(job=JOB, observed=(seen.get["schema"],), seconds=seconds))

    @property
    def topic(self) -> str:
        """The raw topic's name."""
        return contracts.load(RAW).name

    def _write(self, rows: DataFrame) -> Report:
        figures = _figures(rows)
        read, usable = sum(row["n"] for row in figures.values()), figures.get(None)
        rejected = {reason: int(figures[reason]["n"]) for reason in REASONS if reason in figures}
        stamp = later_than(self.table.mark(TIME_MARK))
        self._send(DEAD, enriched.dead_letters(rows, stamp=stamp, processor=JOB), rows=sum(rejected.values()))
        die_after("dlq")
        written = Report(job=JOB)
        if usable is not None:
            written = self._write_usable(rows.where("error_type IS NULL"), usable, stamp=stamp)
        new = written.outputs.get(ENRICHED, 0)
        if not new:
            self.lease.check()
            self.table.stamp(self._marks(stamp))
        die_after("lake")
        read_in = Report(
            job=JOB,
            batches=1,
            inputs={RAW: read},
            outputs={DEAD: sum(rejected.values())},
            rejected=rejected,
            duplicates=(usable["n"] if usable else 0) - new,
            skipped=self.skipped,
            offsets=tuple(
                Range(topic=self.topic, partition=part, start=self.starts[part], end=end)
                for part, end in sorted(self.ends.items())
            ),
            stamps=(stamp,),
        )
        return read_in.plus(written)

    def _write_usable(self, rows: DataFrame, figures: Row, *, stamp: str) -> Report:
        spark, cache = self.job.spark, self.job.cache
        fresh = self._unseen(rows, first_day=figures["first_day"], last_day=figures["last_day"])
        products, product_count = lookup.found(spark, cache, PRODUCTS, figures["products"], PRODUCT_COLUMNS)
        users, user_count = lookup.found(spark, cache, USERS, figures["users"], USER_COLUMNS)
        ready = enriched.enriched(fresh, products=products, users=users, stamp=stamp).persist()
        try:
            new, low = ready.agg(F.count("*"), F.count_if(~F.col("is_valid_event"))).first() or (0, 0)
            self._send(STREAM, ready, rows=new)
            die_after("enriched-topic")
            self._send(ISSUES, enriched.issues(ready, stamp=stamp), rows=low)
            die_after("issues")
            if new:
                self.lease.check()
                self.table.append(ready, self._marks(stamp))
        finally:
            ready.unpersist()
        size, files = self.table.added() if new else (0, 0)
        return Report(
            job=JOB,
            inputs={PRODUCTS: product_count, USERS: user_count},
            outputs={STREAM: new, ISSUES: low, ENRICHED: new},
            sizes={ENRICHED: size},
            files={ENRICHED: files},
        )

    def _send(self, contract_id: str, ready: DataFrame, *, rows: int) -> None:
        contract = contracts.load(contract_id)
        if rows:
            self.job.broker.write(ready, contract.name, contract.schema, key=KEYS[contract_id])

    def _marks(self, stamp: str) -> dict[str, str]:
        ends = {str(part): end for part, end in sorted(self.ends.items())}
        return {OFFSETS_MARK: json.dumps({self.topic: ends}), TIME_MARK: stamp}

    def _unseen(self, rows: DataFrame, *, first_day: str, last_day: str) -> DataFrame:
        """The first of each event_id that the lake does not have.

        Looked up on the days of this batch only: a repeated message repeats its event time too. The ids come to the
        driver and go back as values, else the lake would be an input of its own writing in the lineage.
        """
        ids = rows.groupBy("event_id").agg(
            F.count("*").alias("n"), F.min(F.struct("partition", "offset")).alias("kept")
        )
        repeated = ids.where("n > 1").select("event_id", "kept").collect()
        stored = self.table.rows().where(F.col("processing_date").between(first_day, last_day)).select("event_id")
        known = stored.join(F.broadcast(rows.select("event_id")), "event_id", "left_semi").distinct().collect()
        if repeated:
            kept = self.job.spark.createDataFrame(
                repeated, "event_id string, kept struct<partition: int, offset: bigint>"
            )
            here = F.struct("partition", "offset")
            rows = rows.join(F.broadcast(kept), "event_id", "left").where(
                F.col("kept").isNull() | (F.col("kept") == here)
            )
        if known:
            rows = rows.join(
                F.broadcast(self.job.spark.createDataFrame(known, "event_id string")), "event_id", "left_anti"
            )
        return rows


def _figures(rows: DataFrame) -> dict[str | None, Row]:
    """Count, days and what must be looked up, for each reason and (None) for what is usable."""
    found = rows.groupBy("error_type").agg(
        F.count("*").alias("n"),
        F.to_date(F.min("event_time")).cast("string").alias("first_day"),
        F.to_date(F.max("event_time")).cast("string").alias("last_day"),
        F.collect_set("user_id").alias("users"),
        F.collect_set("product_id").alias("products"),
    )
    return {row["error_type"]: row for row in found.collect()}


def later_than(mark: str | None) -> str:
    """Now, to the millisecond, as ISO text in UTC; a moment after the mark should the clock have gone back."""
    now = datetime.now(UTC)
    if mark is not None:
        now = max(now, datetime.fromisoformat(mark) + timedelta(milliseconds=1))
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def main(argv: list[str] | None = None) -> int:
    """The job's command line; see --help."""
    parser = ArgumentParser(prog=JOB, description=__doc__)
    drive.add_arguments(parser)
    parser.add_argument("--max-messages", type=int, default=200_000, help="At most so many messages in a batch.")
    parser.add_argument("--future-hours", type=float, default=24, help="How far ahead of its sending an event may be.")
    parser.add_argument("--until", type=datetime.fromisoformat, help="Only messages sent before this time (ISO).")
    options = parser.parse_args(argv)
    return drive.main(JOB, options, lambda spark: _job(spark, options))


def _job(spark: SparkSession, options: Namespace) -> Enrichment:
    return Enrichment(
        spark=spark,
        broker=Broker.of(options.bootstrap),
        cache=drive.cache(),
        max_messages=options.max_messages,
        future_hours=options.future_hours,
        until_ms=int(options.until.timestamp() * 1000) if options.until else None,
    )


if __name__ == "__main__":
    sys.exit(main())
