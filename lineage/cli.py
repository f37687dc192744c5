"""The `lineage` command: parse, call, print."""

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from lineage.errors import BackendUnavailable, LineageError
from lineage.outbox import Outbox, Rejection, Status
from lineage.redaction import RedactingFilter, redact_text
from lineage.relay import Address, Backend, Relay, stopping_on_signals

F = TypeVar("F", bound=Callable[..., Any])


def _outbox_option(*, exists: bool) -> Callable[[F], F]:
    folder = click.Path(file_okay=False, exists=exists, path_type=Path)
    text = "Folder of the outbox [LINEAGE_OUTBOX]."
    return click.option("--outbox", "folder", envvar="LINEAGE_OUTBOX", required=True, type=folder, help=text)


@click.group()
def cli() -> None:
    """Lineage of the pipeline's tasks: look after the events on their way to the backend.

    Exit codes: 0 fine, 2 usage or environment, 3 the backend does not take events.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stderr)
    for handler in logging.getLogger().handlers:
        handler.addFilter(RedactingFilter())


@cli.group()
def outbox() -> None:
    """Look at events that wait or were refused (docs/outbox.md)."""


@outbox.command()
@_outbox_option(exists=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--max-age", default=300.0, show_default=True, help="Seconds an event may wait before it is a problem.")
def status(folder: Path, as_json: bool, max_age: float) -> None:
    """Say what waits, since when, and what was refused and why.

    Exits with 3 when something was refused, or waits longer than --max-age.
    """
    found = Outbox(folder).status()
    click.echo(json.dumps(_as_json(found), indent=2) if as_json else _as_text(found))
    if found.rejected or found.oldest_s > max_age:
        sys.exit(3)


@outbox.command()
@_outbox_option(exists=True)
@click.argument("name")
def show(folder: Path, name: str) -> None:
    """Print one event, pending or rejected, as JSON. NAME may be the beginning of its name."""
    click.echo(json.dumps(Outbox(folder).find(name)[1], indent=2))


@outbox.command()
@_outbox_option(exists=True)
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every rejected event that can be sent again.")
def retry(folder: Path, names: tuple[str, ...], everything: bool) -> None:
    """Put rejected events back among the pending ones. A NAME may be the beginning of a name."""
    if everything == bool(names):
        raise click.UsageError("Give either names or --all.")
    box = Outbox(folder)
    chosen = (
        [rejection.name for rejection in box.rejections() if rejection.event is not None]
        if everything
        else [box.find(name, rejected_only=True)[0] for name in names]
    )
    for name in chosen:
        box.retry(name)
    box.wake()
    click.echo(f"{len(chosen)} event(s) wait again")


@cli.command()
@_outbox_option(exists=False)
@click.option("--url", envvar="MARQUEZ_URL", required=True, help="Address of the backend [MARQUEZ_URL].")
@click.option("--endpoint", default="api/v1/lineage", show_default=True, help="Path that takes events.")
@click.option("--api-key-env", default="", help="Environment variable that holds the API key.")
@click.option("--timeout", "timeout_s", default=10.0, show_default=True, help="Seconds to wait for an answer.")
@click.option("--interval", "interval_s", default=1.0, show_default=True, help="Seconds between two looks.")
@click.option("--once", is_flag=True, help="Deliver what waits, then end; exit code 3 when something still waits.")
def relay(
    folder: Path, url: str, endpoint: str, api_key_env: str, timeout_s: float, interval_s: float, once: bool
) -> None:
    """Deliver events from the outbox until SIGTERM. One relay an outbox works, any other waits for its turn."""
    address = Address(url=url, endpoint=endpoint, timeout_s=timeout_s, api_key_env=api_key_env)
    key = address.api_key(os.environ)
    box = Outbox(folder, secrets=(key,))
    deliverer = Relay(box, Backend(address, api_key=key))
    with stopping_on_signals(deliverer):
        patience = time.monotonic() + timeout_s
        while not deliverer.serve(linger_s=0.0 if once else None, interval_s=interval_s):
            # Another relay is at work: wake it, and wait until it is done or had time to try in vain.
            if not box.pending() or (box.trouble() and time.monotonic() > patience):
                break
            box.wake()
            time.sleep(0.1)
    if once and (left := box.pending()):
        raise BackendUnavailable(left, box.trouble() or "the backend did not take them")


@cli.command()
@click.argument("action", type=click.Choice(["start", "status", "stop"]))
@click.argument("job", type=click.Choice(["enrich_events", "analyse_sessions"]))
@click.option("--interval", "interval_s", default=10.0, show_default=True, help="Seconds between two looks for news.")
@click.option("--patience", "patience_s", default=300.0, show_default=True, help="Seconds to wait for start or stop.")
def stream(action: str, job: str, interval_s: float, patience_s: float) -> None:
    """Start, look at or stop a Spark job that goes on and on. `stop` lets the batch in hand end.

    Needs the connections spark_default, kafka_default, lake_default and cache_default (AIRFLOW_CONN_...).
    """
    from lineage.operators.stream import SparkStreamOperator

    wait, rest = timedelta(seconds=patience_s), timedelta(seconds=interval_s)
    SparkStreamOperator(
        task_id="stream", action=cast("Any", action), job=job, interval=rest, patience=wait, reads=(), writes=()
    ).act()


def _as_json(found: Status) -> dict[str, Any]:
    rejected = [{"name": r.name, "reason": r.reason, "at": r.at.isoformat(), "of": _of(r)} for r in found.rejected]
    return {**asdict(found), "rejected": rejected}


def _as_text(found: Status) -> str:
    age = f", the oldest for {timedelta(seconds=round(found.oldest_s))}" if found.pending else ""
    lines = [f"pending   {found.pending}{age}", *(f"  {name}" for name in found.oldest)]
    lines.append(f"relay     {'running' if found.relay else 'not running'}")
    if found.trouble:
        lines.append(f"backend   {found.trouble}")
    lines.append(f"rejected  {len(found.rejected)}")
    lines += [f"  {r.name}  {r.at:%Y-%m-%d %H:%M} UTC\n    {_of(r)}: {r.reason}" for r in found.rejected]
    return "\n".join(lines)


def _of(rejection: Rejection) -> str:
    """Whose event it is, in the words of the lineage UI."""
    event = rejection.event or {}
    job = event.get("job")
    name = job.get("name") if isinstance(job, dict) else None
    return f"{name or 'no job'} {event.get('eventType') or ''}".strip()


def main() -> None:
    """Entry point: one sentence and an exit code instead of a traceback."""
    try:
        cli()
    except LineageError as error:
        click.echo(f"lineage: {redact_text(str(error))}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        click.echo(f"lineage: {error.filename or 'system'}: {error.strerror or error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
