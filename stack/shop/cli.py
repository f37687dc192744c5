"""The command `shop`: parses, calls, prints. Exit codes: 0 fine, 2 usage or environment, 3 broker."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from stack.shop.catalogue import PRODUCT_COUNT, USER_COUNT
from stack.shop.clock import HOUR_MS, parse_time
from stack.shop.deploys import DEPLOYS, Rollout, find
from stack.shop.errors import ShopError
from stack.shop.generate import Scenario, Stream
from stack.shop.message import write

DEFAULT_START = "2026-11-20T00:00:00Z"


@click.group()
def shop() -> None:
    """The shop that makes the events."""


def scenario_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that decide a stream, for every command that makes one."""
    for option in reversed(
        (
            click.option("--events", type=click.IntRange(min=1), help="How many messages, duplicates included."),
            click.option("--seed", type=int, default=7, show_default=True),
            click.option(
                "--start", default=DEFAULT_START, show_default=True, help="Simulated time of the first visits."
            ),
            click.option("--hours", type=click.FloatRange(min=0.25), default=24.0, show_default=True),
            click.option("--products", type=click.IntRange(min=1), default=PRODUCT_COUNT, show_default=True),
            click.option("--users", type=click.IntRange(min=20), default=USER_COUNT, show_default=True),
            click.option(
                "--deploy",
                "deploys",
                multiple=True,
                metavar="NAME[@TIME]",
                help="A schema change; half-way if no time.",
            ),
        )
    ):
        command = option(command)
    return command


def _scenario(
    *, events: int, seed: int, start: str, hours: float, products: int, users: int, deploys: tuple[str, ...]
) -> Scenario:
    start_ms = parse_time(start)
    half_way_ms = start_ms + round(hours * HOUR_MS / 2)
    rollouts = []
    for text in deploys:
        name, _, at = text.partition("@")
        rollouts.append(Rollout(deploy=find(name), at_ms=parse_time(at) if at else half_way_ms))
    return Scenario(
        events=events,
        seed=seed,
        start_ms=start_ms,
        hours=hours,
        products=products,
        users=users,
        rollouts=tuple(rollouts),
    )


@shop.command()
@scenario_options
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File of message lines; `-` or nothing: stdout."
)
@click.option(
    "--manifest", type=click.Path(dir_okay=False, path_type=Path), help="Write what the stream holds as JSON."
)
def generate(out: Path | None, manifest: Path | None, **options: Any) -> None:
    """Make a stream of messages, one JSON line each; the same arguments give the same bytes."""
    stream = Stream(scenario=_scenario(**options))
    write(stream.messages(), None if out == Path("-") else out)
    if manifest is not None:
        manifest.write_text(json.dumps(stream.manifest(), indent=2) + "\n")


def main() -> None:
    """Run the command and turn a ShopError into one sentence and its exit code."""
    try:
        shop()
    except ShopError as error:
        click.echo(f"shop: {error}", err=True)
        sys.exit(error.exit_code)
