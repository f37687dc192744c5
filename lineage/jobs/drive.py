"""How a job is run: once over what is new, or on and on until it is told to stop; alone, and telling what it did.

Secrets come from the environment: $REDIS_URL, the AWS variables, $ECOMPULSE_KAFKA_OPTIONS.
"""

import json
import logging
import os
import signal
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from pyspark.sql import SparkSession

from lineage.jobs import control, lookup, session
from lineage.jobs.errors import JobError
from lineage.jobs.lease import Lease
from lineage.jobs.report import Report

logger = logging.getLogger(__name__)
BUSINESS, BACKEND = 0, 3


class Job(Protocol):
    """What can be driven: one pass over what is new."""

    def run(self, lease: Lease) -> Iterator[Report]:
        """One report for each batch; ends when nothing is left of what was there at the start."""


def add_arguments(parser: ArgumentParser) -> None:
    """The options that all jobs have."""
    parser.add_argument("--bootstrap", required=True, help="Kafka brokers, host:port[,host:port].")
    parser.add_argument("--outcome", help="Where to write what was done, as JSON: a path or s3://bucket/key.")
    parser.add_argument("--owner", default="by hand", help="Who runs this, for the one who finds the job locked.")
    parser.add_argument(
        "--forever", action="store_true", help="Go on until told to stop (`lineage stream stop`, SIGTERM)."
    )
    parser.add_argument("--interval", type=float, default=10, help="Seconds between two looks for something new.")


def cache() -> Any:
    """The client of the lookup cache at $REDIS_URL."""
    return lookup.connect(os.environ["REDIS_URL"])


def main(name: str, options: Namespace, build: Callable[[SparkSession], Job]) -> int:
    """Run the job as the options say; the exit code of its process."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    switch = Switch(name)
    try:
        spark = session.start(name)
        job = build(spark)
        with Lease(redis=switch.redis, name=name, owner=options.owner) as lease:
            total = run(name, job, lease, switch, forever=options.forever, interval_s=options.interval)
    except JobError as error:
        logger.error("%s: %s", name, error)
        return BACKEND
    if options.outcome:
        total.save(options.outcome)
    spark.stop()
    return BUSINESS


def run(name: str, job: Job, lease: Lease, switch: "Switch", *, forever: bool, interval_s: float) -> Report:
    """Pass after pass (one unless `forever`); a stop lets the batch in hand end. All batches added up."""
    total = Report(job=name)
    switch.reset()
    switch.say("running", total)
    while True:
        for report in job.run(lease):
            total = total.plus(report)
            logger.info("%s: %s in, %s rejected, %s, %.1f s", name, *_counts(report), report.seconds)
            switch.say("running", total)
            if switch.off():
                break
        if not forever or switch.wait(interval_s):
            switch.say("ended", total)
            return total


def _counts(report: Report) -> tuple[dict[str, int], int, dict[str, int]]:
    return dict(report.inputs), sum(report.rejected.values()), dict(report.outputs)


class Switch:
    """How a running job is told to stop, by signal or by a key in Redis, and where it says how it is doing."""

    def __init__(self, name: str) -> None:
        self.redis = cache()
        self._stop_key, self._status_key = control.stop_key(name), control.status_key(name)
        self._signalled = False
        signal.signal(signal.SIGTERM, self._signal)

    def reset(self) -> None:
        """Forget a wish to stop that was meant for a run before."""
        self.redis.delete(self._stop_key)

    def off(self) -> bool:
        """Whether somebody wants the job to end."""
        return self._signalled or bool(self.redis.exists(self._stop_key))

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than until somebody wants the job to end; whether that is so."""
        until = time.monotonic() + seconds
        while not self.off() and time.monotonic() < until:
            time.sleep(min(0.5, seconds))
        return self.off()

    def say(self, state: str, total: Report) -> None:
        """Leave word for `status`."""
        word = {
            "state": state,
            "pid": os.getpid(),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "batches": total.batches,
            "rows": dict(total.outputs),
            "rejected": sum(total.rejected.values()),
            "newest": total.stamps[-1] if total.stamps else None,
        }
        self.redis.set(self._status_key, json.dumps(word))

    def _signal(self, *_: object) -> None:
        self._signalled = True
