"""The command `shop`: parses, calls, prints. Exit codes: 0 fine, 2 usage or environment, 3 broker."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from stack.shop.catalogue import PRODUCT_COUNT, USER_COUNT, Catalogue
from stack.shop.clock import HOUR_MS, parse_time
from stack.shop.deploys import DEPLOYS, Rollout, find
from stack.shop.errors import ShopError
from stack.shop.generate import Scenario, Stream, uncollected
from stack.shop.incidents import INCIDENTS, Episode
from stack.shop.message import read, write
from stack.shop.publish import RAW_TOPIC, Delivery
from stack.shop.publish import publish as send

DEFAULT_START = "2026-11-20T00:00:00Z"
OUT_FILE = click.Path(dir_okay=False, path_type=Path)
LINES = click.File("wb")
IN_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
SIZES = (
    click.option("--seed", type=int, default=7, show_default=True, help="One integer decides everything."),
    click.option("--products", type=click.IntRange(min=1), default=PRODUCT_COUNT, show_default=True),
    click.option("--users", type=click.IntRange(min=20), default=USER_COUNT, show_default=True),
)
SCENARIO = (
    click.option("--events", type=click.IntRange(min=1), help="How many messages, duplicates included."),
    click.option("--start", default=DEFAULT_START, show_default=True, help="Simulated time of the first visits."),
    click.option("--hours", type=click.FloatRange(min=0.25), default=24.0, show_default=True),
    click.option(
        "--deploy",
        "deploys",
        multiple=True,
        metavar="NAME[@TIME]",
        help="A schema change (`shop deploys`); half-way if no TIME.",
    ),
    click.option(
        "--incident",
        "incidents",
        multiple=True,
        metavar="NAME[@FROM[..UNTIL]]",
        help="Something that goes wrong for a while (`shop incidents`); half-way if no FROM.",
    ),
    *SIZES,
)
OUTPUT = (
    click.option("--out", type=LINES, default="-", help="File of message lines; stdout by default."),
    click.option("--manifest", type=OUT_FILE, help="Also write, as JSON, what the stream holds."),
)
Command = Callable[..., Any]


def _options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.group()
def shop() -> None:
    """The shop that makes the events: streams from one seed, replays of real orders, and the catalogue behind them."""


@shop.command()
@_options(*SCENARIO, *OUTPUT)
def generate(out: BinaryIO, manifest: Path | None, **options: Any) -> None:
    """Make a stream of messages, one JSON line each; the same arguments give the same bytes."""
    stream = Stream(scenario=_scenario(**options))
    with uncollected():
        write(stream.messages(), out)
    _write_manifest(stream.manifest(), manifest)


@shop.command()
@click.option(
    "--orders", type=IN_FILE, required=True, help="Parquet or CSV with the columns of the UCI Online Retail data."
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day; the file's first by default.")
@click.option("--days", type=click.IntRange(min=1), help="How many days; all by default.")
@_options(*OUTPUT)
def replay(orders: Path, start: datetime | None, days: int | None, out: BinaryIO, manifest: Path | None) -> None:
    """Turn a real order log into purchase, cancellation and adjustment events."""
    from stack.shop.replay import Replay

    log = Replay(orders=orders, start=start.date() if start else None, days=days)
    write(log.messages(), out)
    _write_manifest(log.manifest(), manifest)


@shop.command()
@click.option("--bootstrap", required=True, metavar="HOST:PORT")
@click.option("--topic", default=RAW_TOPIC, show_default=True)
@click.option("--create-topic", is_flag=True, help="Create the topic, with 24 partitions, if it does not exist.")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="Messages per second; as fast as it goes by default."
)
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=10.0, show_default=True, help="Seconds to wait for a broker."
)
@click.option(
    "--file", "source", type=IN_FILE, help="Message lines of `generate` or `replay`, in place of the options below."
)
@click.option("--manifest", type=OUT_FILE, help="Also write, as JSON, what the generated stream holds.")
@_options(*SCENARIO)
def publish(
    bootstrap: str,
    topic: str,
    create_topic: bool,
    rate: float | None,
    timeout: float,
    source: Path | None,
    manifest: Path | None,
    **options: Any,
) -> None:
    """Send a file of messages, or a freshly generated stream, to a Kafka topic."""
    if (source is None) == (options["events"] is None):
        raise click.UsageError("give either --file, or --events to generate")
    if source is not None and manifest is not None:
        raise click.UsageError("--manifest goes with --events: a file was counted when it was made")
    stream: Stream | None = None
    if source is None:
        stream = Stream(scenario=_scenario(**options))
        messages = stream.messages()
    else:
        messages = read(source)
    with _progress(total=options["events"]) as progress:
        delivery = send(
            messages,
            bootstrap=bootstrap,
            topic=topic,
            rate_per_s=rate,
            timeout_s=timeout,
            create_topic=create_topic,
            progress=progress,
        )
    if stream is not None:
        _write_manifest(stream.manifest(), manifest)
    click.echo(_sentence(delivery, topic=topic))


@shop.command()
@click.option("--products", "kind", flag_value="products", default=True, help="The articles (default).")
@click.option("--users", "kind", flag_value="users", help="The user profiles.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option(
    "--count", type=click.IntRange(min=1), help=f"How many; {PRODUCT_COUNT} products, {USER_COUNT} users by default."
)
@click.option("--out", type=LINES, default="-", help="File of JSON lines; stdout by default.")
def catalog(kind: str, seed: int, count: int | None, out: BinaryIO) -> None:
    """Export the products or the users of one seed, one JSON object a line."""
    built = Catalogue.build(seed, **({kind: count} if count else {}))
    records = [entry.record() for entry in (built.products if kind == "products" else built.users)]
    out.writelines(json.dumps(record).encode() + b"\n" for record in records)


@shop.command()
def deploys() -> None:
    """List the schema changes that --deploy knows."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "producers", "what changes")
    for deploy in DEPLOYS.values():
        table.add_row(deploy.name, ", ".join(deploy.producers), deploy.description)
    Console().print(table)


@shop.command()
def incidents() -> None:
    """List what --incident can let go wrong."""
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "what goes wrong", "where it shows", "hours")
    for incident in INCIDENTS.values():
        table.add_row(incident.name, incident.description, incident.seen, f"{incident.hours:g}")
    Console().print(table)


def _scenario(
    *,
    events: int | None,
    start: str,
    hours: float,
    deploys: tuple[str, ...],
    incidents: tuple[str, ...],
    **sizes: int,
) -> Scenario:
    if events is None:
        raise click.UsageError("--events is needed: how many messages?")
    start_ms = parse_time(start)
    half_way_ms = start_ms + round(hours * HOUR_MS / 2)
    rollouts = []
    for text in deploys:
        name, _, at = text.partition("@")
        rollouts.append(Rollout(deploy=find(name), at_ms=parse_time(at) if at else half_way_ms))
    episodes = tuple(Episode.parse(text, default_ms=half_way_ms) for text in incidents)
    return Scenario(events=events, start_ms=start_ms, hours=hours, rollouts=tuple(rollouts), episodes=episodes, **sizes)


def _write_manifest(manifest: dict[str, object], target: Path | None) -> None:
    if target is not None:
        target.write_text(json.dumps(manifest, indent=2) + "\n")


def _sentence(delivery: Delivery, *, topic: str) -> str:
    speed = f"{delivery.seconds:.1f} s, {delivery.per_second:,.0f}/s"
    return f"{delivery.delivered} messages delivered to {topic}, 0 failed, in {speed}"


@contextmanager
def _progress(*, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("publishing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("publishing", total=total)
        yield lambda sent: bar.update(task, completed=sent)


def main() -> None:
    """Run the command and turn a ShopError into one sentence and its exit code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    try:
        shop()
    except ShopError as error:
        click.echo(f"shop: {error}", err=True)
        sys.exit(error.exit_code)
