"""Events a second from the raw topic to the lake, to visits and to the warehouse, each job in a process of its own.

    python bench/pipeline.py [--events 200000] [--batch 100000]

Starts its own servers in a temporary folder. A batch is a part of one Spark process: the first one pays for starting
and compiling, the later ones show the steady speed. Prints the machine, so that figures can be compared.
"""

import os
import platform as machine
import tempfile
import time
from pathlib import Path
from typing import Any

import click

SERVERS = ("kafka", "redis", "s3", "glue", "postgres")
JOBS = {"enrich_events": "lineage/jobs/enrich.py", "analyse_sessions": "lineage/jobs/sessions.py"}


def prepare(events: int) -> None:
    """Topics, the lookup cache and the messages."""
    import redis
    from confluent_kafka.admin import AdminClient, NewTopic

    from catalog.contract import load_all
    from stack.shop.clock import parse_time
    from stack.shop.generate import Scenario, Stream
    from stack.shop.publish import publish

    topics = [contract.name for contract in load_all().values() if contract.kind == "kafka"]
    admin = AdminClient({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"]})
    for made in admin.create_topics([NewTopic(name, 24 if name.endswith("raw") else 4) for name in topics]).values():
        made.result()
    stream = Stream(scenario=Scenario(events=events, seed=7, start_ms=parse_time("2026-11-20T00:00:00Z")))
    fill(redis.Redis.from_url(os.environ["REDIS_URL"]))
    sent = publish(stream.messages(), bootstrap=os.environ["KAFKA_BOOTSTRAP_SERVERS"])
    click.echo(f"published   {sent.delivered:>9,} messages   {sent.per_second:>9,.0f}/s")


def fill(cache: Any) -> None:
    """Products and profiles of the same seed, as the reference DAG leaves them."""
    from stack.shop.catalogue import Catalogue

    catalogue, pipe = Catalogue.build(7), cache.pipeline(transaction=False)
    for kind, things in (("product", catalogue.products), ("user", catalogue.users)):
        for record in (thing.record() for thing in things):
            key = f"lookup:{kind}:{record[f'{kind}_id']}"
            pipe.hset(key, mapping={name: str(value) for name, value in record.items()})
    pipe.execute()


def spark(job: str, folder: Path, **arguments: str) -> None:
    """One job as the operator runs it, with the lineage listener on."""
    from lineage.jobs.report import Report
    from lineage.operators.spark import SparkKubernetesOperator

    operator = SparkKubernetesOperator(
        task_id=job, application=JOBS[job], job=job, reads=(), writes=(), arguments=arguments
    )
    outcome, begun = folder / f"{job}.json", time.monotonic()
    transport = {"type": "file", "location": str(folder / "spool.jsonl")}
    operator.spark.submit(operator.arranged(None, outcome=str(outcome), transport=transport))
    seconds, report = time.monotonic() - begun, Report.read(outcome.read_text())
    say(job, next(iter(report.inputs.values())), seconds, f"with start, {report.seconds:.1f} s without")


def say(what: str, rows: int, seconds: float, more: str = "") -> None:
    """One line of the result."""
    click.echo(f"{what:<18} {rows:>9,} rows {rows / seconds:>9,.0f}/s {seconds:7.1f} s {more}")


def warehouse() -> None:
    """What is new in the lake into PostgreSQL."""
    from lineage.operators.warehouse import LoadWarehouseOperator

    begun = time.monotonic()
    outcome = LoadWarehouseOperator(task_id="load").run({})  # type: ignore[typeddict-item]
    say("warehouse", outcome.rows_in or 0, time.monotonic() - begun)


@click.command()
@click.option("--events", default=200_000, show_default=True)
@click.option("--batch", default=100_000, show_default=True, help="Messages in one batch of the enrichment.")
def main(events: int, batch: int) -> None:
    """Measure; nothing is asserted."""
    from stack import platform

    click.echo(f"{machine.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        running = platform.start(Path(name) / "home", SERVERS)
        os.environ.update(running.environment)
        try:
            prepare(events)
            spark("enrich_events", Path(name), **{"max-messages": str(batch)})
            spark("analyse_sessions", Path(name))
            warehouse()
        finally:
            running.stop()


if __name__ == "__main__":
    main()
