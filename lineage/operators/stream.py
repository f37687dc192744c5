"""The long-running form of the Spark jobs: started, looked at and stopped by a task or by `lineage stream`."""

import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from catalog import contract as contracts
from lineage.errors import SparkFailed, StreamNotRunning, StreamStillRunning
from lineage.jobs import control
from lineage.operators.spark import SparkKubernetesOperator, reading
from lineage.outbox import Outbox
from lineage.outcome import Outcome, Read, Written

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

APPLICATIONS = {"enrich_events": "lineage/jobs/enrich.py", "analyse_sessions": "lineage/jobs/sessions.py"}
LOG_TAIL = 3000


class SparkStreamOperator(SparkKubernetesOperator):
    """Starts, looks at or stops a job that goes on and on (`--forever`) on the machine of `spark_conn_id`.

    `start` returns once the job works; it runs on without this task. `status` fails when nobody runs it. `stop` waits
    until the batch in hand is finished. Both take what Spark's listener wrote so far into the outbox.

    :param action: start, status or stop.
    :param interval: how long the job rests when nothing is new.
    :param patience: how long to wait for the start, or for the batch in hand.
    """

    def __init__(
        self,
        *,
        action: Literal["start", "status", "stop"],
        job: str,
        interval: timedelta = timedelta(seconds=10),
        patience: timedelta = timedelta(minutes=5),
        **kwargs: Any,
    ) -> None:
        super().__init__(application=APPLICATIONS[job], job=job, **kwargs)
        self.action, self.interval, self.patience = action, interval, patience

    def run(self, context: "Context") -> Outcome:
        """What the job has done since it was started; for `start` nothing yet."""
        return self.act(context)

    def act(self, context: "Context | None" = None) -> Outcome:
        """The action, inside a task or outside."""
        try:
            found = {"start": self._start, "status": self._status, "stop": self._stop}[self.action](context)
        finally:
            self._take_stream()
        self.log.info("%s: %s, last word: %s", self.job, found.holder or "nobody runs it", found.last)
        return self._done(found.last.get("rows", {}))

    def on_kill(self) -> None:
        """Nothing: the job is not this task's child."""

    def _start(self, context: "Context | None") -> control.Status:
        before = control.status(self.cache.client, self.job)
        if before.running:
            return before
        log = self._folder / f"{self.job}.stream.log"
        arguments = {**self.arguments, "interval": str(self.interval.total_seconds())}
        transport = {"type": "file", "location": str(self._stream_spool)}
        application = self.arranged(context, outcome="", transport=transport, arguments=arguments, flags=("--forever",))
        pid = self.spark.start(application, log=log)
        until = time.monotonic() + self.patience.total_seconds()
        while not (found := control.status(self.cache.client, self.job)).running:
            if _ended(pid) or time.monotonic() > until:
                raise SparkFailed(self.job, 3, log.read_text(errors="replace")[-LOG_TAIL:])
            time.sleep(1)
        return found

    def _status(self, _: "Context | None") -> control.Status:
        found = control.status(self.cache.client, self.job)
        if not found.running:
            raise StreamNotRunning(self.job, found.last.get("at", "ever"))
        return found

    def _stop(self, _: "Context | None") -> control.Status:
        found = control.stop(self.cache.client, self.job, wait_s=self.patience.total_seconds())
        if found.running:
            raise StreamStillRunning(self.job, found.holder, self.patience)
        return found

    def _done(self, rows: Mapping[str, int]) -> Outcome:
        reads = tuple(
            Read(dataset=self.dataset(each), contract=contracts.load(each), reading=reading(each))
            for each in self.reads
        )
        writes = tuple(
            Written(dataset=self.dataset(each), contract=contracts.load(each), rows=rows.get(each))
            for each in self.writes
        )
        return Outcome(inputs=reads, outputs=writes)

    @property
    def _folder(self) -> Path:
        outbox = os.environ.get("LINEAGE_OUTBOX")
        return Path(outbox).with_name("spark-spool") if outbox else Path.cwd()

    @property
    def _stream_spool(self) -> Path:
        return self._folder / f"{self.job}.stream.jsonl"

    def _take_stream(self) -> None:
        if outbox := os.environ.get("LINEAGE_OUTBOX"):
            box = Outbox(Path(outbox))
            taken = box.import_lines(self._stream_spool, retell=self.retell)
            self.log.info("took %d events of Spark into the outbox", taken)
            box.wake()


def _ended(pid: int) -> bool:
    """Whether our child has ended."""
    return os.waitpid(pid, os.WNOHANG)[0] != 0
