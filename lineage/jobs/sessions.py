"""analyse_sessions: visits, funnel and alerts of every session that has new events.

A touched session (session_id, user_id) is computed anew from all its events, and all its rows are replaced, with one
new `analysed_timestamp`: two visits may have grown into one. Topics first, then the funnel (the same windows give the
same rows), then the sessions with the mark of what was read in the same commit. A job that dies earlier starts over.
"""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from catalog import contract as contracts
from lineage.jobs import drive, visits
from lineage.jobs.chaos import die_after
from lineage.jobs.columns import ALERTS, ENRICHED, FUNNEL, METRICS, SESSION_STREAM, SESSIONS
from lineage.jobs.enrich import TIME_MARK, later_than
from lineage.jobs.kafka import Broker
from lineage.jobs.lease import Lease
from lineage.jobs.report import Report
from lineage.jobs.session import LakeTable

JOB = "analyse_sessions"
READ_MARK, CLOSED_MARK, OWN_MARK = "enriched-mark", "closed-until", "analysed-timestamp"
KEYS = {
    SESSION_STREAM: "session_key",
    ALERTS: "alert_id",
    METRICS: "concat_ws('|', window_start, source, customer_segment)",
}
ISO = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The job's settings, and what it talks to."""

    spark: SparkSession
    broker: Broker

    def run(self, lease: Lease) -> Iterator[Report]:
        """One report, or none when the lake has no events newer than the mark."""
        events = LakeTable.of(self.spark, ENRICHED)
        sessions, funnel = LakeTable.of(self.spark, SESSIONS), LakeTable.of(self.spark, FUNNEL)
        newest, done = events.mark(TIME_MARK), sessions.mark(READ_MARK)
        if newest is not None and newest != done:
            yield Pass(
                job=self, events=events, sessions=sessions, funnel=funnel, lease=lease, done=done, newest=newest
            ).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Every event above the mark `done`, up to `newest` (both enriched_timestamps); such rows never change."""

    job: Analysis
    events: LakeTable
    sessions: LakeTable
    funnel: LakeTable
    lease: Lease
    done: str | None
    newest: str

    def run(self) -> Report:
        """Compute, write the topics, replace the funnel's windows, replace the sessions."""
        begun, stamp = time.monotonic(), later_than(self.sessions.mark(OWN_MARK))
        history = self.events.rows().where(f"enriched_timestamp <= timestamp'{self.newest}'")
        new = history.where(f"enriched_timestamp > timestamp'{self.done}'") if self.done else history
        new = new.select("session_id", "user_id", "event_time", "source", "customer_segment").persist()
        days = (F.to_date(F.min("event_time")).cast("string"), F.to_date(F.max("event_time")).cast("string"))
        total, first, last, latest = new.agg(F.count("*"), *days, F.date_format(F.max("event_time"), ISO)).first() or (
            0,
            "",
            "",
            "",
        )
        before = self.sessions.mark(CLOSED_MARK)
        marks = {READ_MARK: self.newest, OWN_MARK: stamp, CLOSED_MARK: before or stamp}
        written = Report(job=JOB)
        if total:
            marks[CLOSED_MARK] = max(before or "", min(latest, stamp))
            written = self._write(new, history, before=before, marks=marks, days=(first, last))
        if not written.outputs.get(SESSIONS):
            self.lease.check()
            self.sessions.stamp(marks)
        new.unpersist()
        seconds = round(time.monotonic() - begun, 3)
        return written.plus(Report(job=JOB, batches=1, inputs={ENRICHED: total}, stamps=(stamp,), seconds=seconds))

    def _write(
        self, new: DataFrame, history: DataFrame, *, before: str | None, marks: dict[str, str], days: tuple[str, str]
    ) -> Report:
        touched = new.where("session_id IS NOT NULL").select("session_id", "user_id").distinct().persist()
        stored = self.sessions.rows()
        old = _of_identities(stored, touched, "left_semi").persist()
        found = visits.visits(
            _of_identities(self._around(history, days, old), touched, "left_semi"), stamp=marks[OWN_MARK]
        )
        found = found.persist()
        gone = old.join(found.select("session_key"), "session_key", "left_anti").persist()
        closing = _of_identities(stored.where(_closes_after(before)), touched, "left_anti")
        windows = visits.funnel(_days(history, *days, margin=1), visits.windows_of(new)).persist()
        alerts = visits.alerts(found, closing, closed_until=marks[CLOSED_MARK], stamp=marks[OWN_MARK]).persist()
        counts = {SESSIONS: found.count(), FUNNEL: windows.count(), ALERTS: alerts.count()}
        counts |= {SESSION_STREAM: counts[SESSIONS], METRICS: counts[FUNNEL]}
        self._send_all({SESSION_STREAM: found, ALERTS: alerts, METRICS: windows}, counts, gone)
        added = self._commit(windows, found, gone, counts, marks)
        for frame in (alerts, windows, gone, found, old, touched):  # the last first, else what hangs on it is rebuilt
            frame.unpersist()
        sizes, files = ({table: figures[at] for table, figures in added.items()} for at in (0, 1))
        return Report(job=JOB, outputs=counts, sizes=sizes, files=files)

    def _around(self, history: DataFrame, days: tuple[str, str], old: DataFrame) -> DataFrame:
        """The days on which events of the touched sessions can lie: the new ones', and those of their visits so far."""
        start, end = F.min("session_date").cast("string"), F.max(F.to_date("session_end")).cast("string")
        first, last = old.agg(start, end).first() or (None, None)
        return _days(history, min(first or days[0], days[0]), max(last or days[1], days[1]), margin=0)

    def _send_all(self, frames: dict[str, DataFrame], counts: dict[str, int], gone: DataFrame) -> None:
        for contract_id, rows in frames.items():
            contract = contracts.load(contract_id)
            if counts[contract_id]:
                self.job.broker.write(rows, contract.name, contract.schema, key=KEYS[contract_id])
            if contract_id == SESSION_STREAM and gone.count():
                self.job.broker.forget(gone, contract.name, key=KEYS[contract_id])
            die_after(contract.name)

    def _commit(
        self, windows: DataFrame, found: DataFrame, gone: DataFrame, counts: dict[str, int], marks: dict[str, str]
    ) -> dict[str, tuple[int, int]]:
        """Bytes and files written, by table."""
        added: dict[str, tuple[int, int]] = {}
        self.lease.check()
        if counts[FUNNEL]:
            self.funnel.merge(windows.withColumn("gone", F.lit(False)), {})
            added[FUNNEL] = self.funnel.added()
        die_after("funnel")
        self.lease.check()
        if counts[SESSIONS]:
            kept = found.withColumn("gone", F.lit(False))
            self.sessions.merge(kept.unionByName(gone.withColumn("gone", F.lit(True))), marks)
            added[SESSIONS] = self.sessions.added()
        die_after("sessions")
        return added


def _of_identities(rows: DataFrame, identities: DataFrame, how: str) -> DataFrame:
    """Semi or anti join on (session_id, user_id); an unknown user equals an unknown user."""
    same = (F.col("here.session_id") == F.col("there.session_id")) & F.col("here.user_id").eqNullSafe(
        F.col("there.user_id")
    )
    return rows.alias("here").join(identities.alias("there"), same, how).select("here.*")


def _days(history: DataFrame, first: str, last: str, *, margin: int) -> DataFrame:
    """The events of these days, and of `margin` days on both sides."""
    start, end = F.date_sub(F.to_date(F.lit(first)), margin), F.date_add(F.to_date(F.lit(last)), margin)
    return history.where(F.col("processing_date").between(start, end))


def _closes_after(before: str | None) -> str:
    """The visits that could still have grown at that time."""
    return f"session_end + interval '{visits.GAP_MINUTES} minutes' > timestamp'{before}'" if before else "false"


def main(argv: list[str] | None = None) -> int:
    """The job's command line; see --help."""
    parser = ArgumentParser(prog=JOB, description=__doc__)
    drive.add_arguments(parser)
    options = parser.parse_args(argv)
    return drive.main(JOB, options, lambda spark: Analysis(spark=spark, broker=Broker.of(options.bootstrap)))


if __name__ == "__main__":
    sys.exit(main())
