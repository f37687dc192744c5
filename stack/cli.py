"""The command `stack`: parses, calls, prints. Exit codes: 0 fine, 2 usage or environment."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from stack import jars, platform
from stack.environment import AIRFLOW_LOGIN, as_shell
from stack.errors import NeverStarted, StackError
from stack.home import Home, compose_variables
from stack.launch import tail
from stack.shop.errors import ShopError

_home_option = click.option(
    "--home",
    "home",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the servers' data, logs and addresses.  [default: $STACK_HOME, else .stack]",
    callback=lambda _context, _option, value: Home.locate(value, os.environ),
)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Turn an error of ours into its sentence and its exit code."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except (StackError, ShopError) as error:
            click.echo(f"stack: {error}", err=True)
            sys.exit(error.exit_code)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Start, watch and stop the servers of the platform on this machine.

    Kafka, PostgreSQL, Redis, an S3 store, a Glue catalog, the lineage backend, the data catalog, sinks for chat and
    mail, the shop, and Airflow. All listen on 127.0.0.1 only; data is kept in the home folder until `stack reset`.
    """


@main.command()
@click.argument("names", nargs=-1)
@click.option("--without", multiple=True, help="Leave this one out (again for more); `airflow` is all its parts.")
@_home_option
@_command
def up(names: tuple[str, ...], without: tuple[str, ...], home: Home) -> None:
    """Start the servers NAMES (default: all) and wait until they are ready. Safe to repeat."""
    begun = time.monotonic()
    running = platform.start(home, names, without=without, report=_say)
    _say(f"{len(running.names)} servers are ready after {time.monotonic() - begun:.1f} s")
    _say(f"Clients:  . {home.root}/env")
    if "airflow-api" in running.names:
        user, password = AIRFLOW_LOGIN
        _say(f"Airflow:  {running.environment['AIRFLOW_URL']}  (user {user}, password {password}; this machine only)")
    if "marquez" in running.names:
        _say(f"Lineage:  {running.environment['MARQUEZ_URL']}")
    if "catalog" in running.names:
        _say(f"Catalog:  {running.environment['CATALOG_URL']}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@_home_option
@_command
def status(as_json: bool, home: Home) -> None:
    """Show how each server is. Exit code 0 also when some are down."""
    conditions = platform.status(home)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in conditions], indent=1))
        return
    for one in conditions:
        numbers = f"{one.port or '-':>6} {one.pid or '-':>8} {one.memory_mb or '-':>6} MB {one.uptime_s or '-':>7} s"
        click.echo(f"{one.name:<22} {one.state:<9} {numbers}  {one.problem or 'ready'}")


@main.command()
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what comes, until Ctrl-C.")
@click.option("-n", "--lines", default=100, show_default=True, help="How many of the last lines.")
@_home_option
@_command
def logs(name: str, follow: bool, lines: int, home: Home) -> None:
    """Print the log of the server NAME."""
    platform.expand([name])
    path = home.log(name)
    if not path.exists():
        raise NeverStarted(home.root)
    click.echo(tail(path, lines))
    if follow:
        os.execvp("tail", ["tail", "-n", "0", "-F", str(path)])


@main.command()
@_home_option
@_command
def down(home: Home) -> None:
    """Stop all servers. Their data stays."""
    platform.stop(home, report=_say)
    _say("all servers are down")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_home_option
@_command
def reset(names: tuple[str, ...], yes: bool, home: Home) -> None:
    """Stop all servers and delete their data: of the servers NAMES, or everything in the home folder."""
    chosen = platform.expand(names) if names else ()
    what = f"the data of {', '.join(chosen)}" if chosen else "all data, logs and passwords"
    if not yes:
        click.confirm(f"Delete {what} in {home.root}?", abort=True)
    platform.stop(home, report=_say)
    if chosen:
        platform.forget(home, chosen)
    else:
        home.delete()
    _say(f"deleted {what} in {home.root}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@_home_option
@_command
def env(as_json: bool, home: Home) -> None:
    """Print what clients must know, as shell lines: `eval "$(stack env)"`. It contains passwords."""
    known = platform.environment(home)
    click.echo(json.dumps(known, indent=1) if as_json else as_shell(known), nl=as_json)


@main.command()
@_command
def prepare() -> None:
    """Download the jars (once per machine), check each against stack/jars.lock, and print their folder."""
    begun = time.monotonic()
    folder = jars.prepare(os.environ, _say)
    count, megabytes = len(files := list(folder.glob("*/*.jar"))), sum(file.stat().st_size for file in files) // 10**6
    _say(f"{count} jars, {megabytes} MB, are there ({time.monotonic() - begun:.1f} s)")
    click.echo(folder)


@main.command()
@click.option("--events", type=click.IntRange(min=1_000), default=60_000, show_default=True, help="Shop events.")
@click.option("--days", type=click.IntRange(1, 14), default=3, show_default=True, help="Days they are spread over.")
@_home_option
@_command
def demo(events: int, days: int, home: Home) -> None:
    """The main job: start all servers, send shop events, run both DAGs, and show what each task did."""
    from stack.demo import main_job

    main_job(home, events=events, days=days, report=_say)


@main.command()
@_command
def secrets() -> None:
    """Print new passwords for docker-compose.yaml: `stack secrets > .env`. The servers of `stack up` make their own."""
    click.echo(compose_variables(datetime.now(UTC)), nl=False)


if __name__ == "__main__":
    main()
