"""The `marquez` command."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from pathlib import Path

import click

from marquez.errors import StartRefused

logger = logging.getLogger(__name__)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The lineage backend without Docker: answers the REST API of Marquez 0.51.1 from one SQLite file.

    For one machine. In production run the real server: docker-compose.yaml and marquez/marquez.yml.
    """


@main.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5000,
    show_default=True,
    help="Port of the API; 0 takes a free one.",
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on. The API has no authentication."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".stack/marquez"),
    show_default=True,
    help="Folder of the store (marquez.db in it), or the file itself when it ends in .db.",
)
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def serve(port: int, host: str, data: Path, log_level: str) -> None:
    """Serve the API until SIGTERM or Ctrl-C. Health: /ping and /healthcheck. A page for people: /."""
    import uvicorn

    from marquez.app import create_app
    from marquez.store import Store, store_path

    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    if host not in _LOOPBACK:
        logger.warning("listening on %s: everyone who reaches it can read and write, there is no authentication", host)
    try:
        listener = _listen(host, port)
        store = Store(store_path(data))
    except (StartRefused, OSError) as problem:
        raise _Refused(str(problem)) from problem
    logger.info("store %s", store.path)
    logger.info("serving http://%s:%s", host, listener.getsockname()[1])
    config = uvicorn.Config(
        create_app(store), log_level=log_level, access_log=log_level == "debug", timeout_graceful_shutdown=10
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn finishes what it has begun, then hands the signal on
        signal.signal(number, _leave)
    uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket: who connects from now on waits until the application answers; port 0 is a real one now."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as problem:
        listener.close()
        raise OSError(f"cannot listen on {host}:{port} ({problem.strerror}): choose another --port") from problem
    return listener


class _Refused(click.ClickException):
    """The environment does not let the server start."""

    exit_code = 2


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)
