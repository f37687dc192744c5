"""Commands that keep the index and the pages up to date: sync, serve, site."""

import logging
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.ask import Ask, bring, index_option, settings_of

if TYPE_CHECKING:
    from catalog.settings import Settings

logger = logging.getLogger(__name__)


@click.command()
@click.option("--rebuild", is_flag=True, help="Read everything again from nothing.")
@click.option("--watch", "watch_s", type=float, metavar="SECONDS", help="Go on, looking every so many seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (catalog/schemas/answers.json).")
@index_option
def sync(index: Path | None, rebuild: bool, watch_s: float | None, as_json: bool) -> None:
    """Read what is new in the backend (MARQUEZ_URL) into the index."""
    from catalog.index import Index

    ask = Ask(settings=settings_of(index), sync=False, as_json=as_json)
    with Index.open(ask.settings.index) as opened:
        while True:
            found = bring(opened, ask.settings, rebuild=rebuild)
            line = f"{found.new:,} new events, {found.repeated:,} known, {found.unusable:,} unusable"
            ask.answer("sync", found, found.completeness, partial(_line, line))
            if not watch_s:
                return
            rebuild = False
            time.sleep(watch_s)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5080, show_default=True)
@click.option("--sync-every", "every_s", type=float, metavar="SECONDS", help="Meanwhile, read what is new so often.")
@index_option
def serve(host: str, port: int, every_s: float | None, index: Path | None) -> None:
    """Serve the catalog's pages until stopped."""
    from catalog.site import serve as run

    settings = settings_of(index)
    if every_s:
        threading.Thread(target=_keep_up, args=(settings, every_s), name="sync", daemon=True).start()
    run(settings, host=host, port=port)


@click.group()
def site() -> None:
    """The catalog as files, to be published anywhere."""


@site.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@index_option
def build(folder: Path, index: Path | None) -> None:
    """Write all pages into FOLDER."""
    from catalog.index import Index
    from catalog.site import build as write

    settings = settings_of(index)
    with Index.open(settings.index) as opened:
        written = write(opened, folder, settings=settings)
    click.echo(f"{written.pages} pages in {folder}")


def _keep_up(settings: "Settings", every_s: float) -> None:
    """Read what is new again and again; a backend that does not answer is told once, and by every page."""
    from catalog.errors import MarquezError
    from catalog.index import Index

    told = ""
    with Index.open(settings.index) as index:
        while True:
            try:
                bring(index, settings, rebuild=False)
                told = ""
            except MarquezError as problem:
                if str(problem) != told:
                    told = str(problem)
                    logger.warning("the pages stay as of the last reading: %s", told)
            time.sleep(every_s)


def _line(words: str, out: Any) -> None:
    out.print(words)


COMMANDS = (sync, serve, site)
