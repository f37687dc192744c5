"""The `catalog` command: parse, call, print."""

import functools
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from catalog.errors import CatalogError

if TYPE_CHECKING:
    from catalog.entry import Completeness
    from catalog.flow import Flow
    from catalog.index import Index
    from catalog.index.sync import Synced
    from catalog.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
logger = logging.getLogger(__name__)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How a command reads and answers: from which index, brought up to date first or not, for whom."""

    settings: "Settings"
    sync: bool
    as_json: bool

    @contextmanager
    def index(self) -> Iterator["Index"]:
        """The index, opened; read from the backend first when asked to, or when nothing has been read yet."""
        from catalog.index import Index

        with Index.open(self.settings.index) as index:
            if self.sync or not index.runs(limit=1):
                _sync(index, self.settings, rebuild=False)
            yield index

    def answer(
        self, command: str, value: object, completeness: "Completeness | None", text: Callable[[Any], None]
    ) -> None:
        """Print on stdout, and how complete it is on stderr (in JSON: inside)."""
        if self.as_json:
            from catalog.render import machine

            click.echo(machine.document(command, value, completeness))
            return
        from catalog.render.text import completeness as tell
        from catalog.render.text import console

        text(console(sys.stdout))
        if completeness is not None:
            tell(console(sys.stderr), completeness)


def _completed(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Names that begin so, for the shell; from the index as it is."""
    from catalog.index import Index
    from catalog.render.wording import name_of, task

    settings = _settings(context.params.get("index"))
    if not settings.index.exists():
        return []
    with Index.open(settings.index) as index:
        names = {name_of(entry) for entry in index.datasets()} | {task(entry.job) for entry in index.jobs()}
    return sorted(name for name in names if name.startswith(begun))


def _asking(command: F) -> F:
    """The options that every reading command has, given to it as one `ask`."""

    @functools.wraps(command)
    def wrapped(*, index: Path | None, sync: bool, as_json: bool, **arguments: Any) -> Any:
        return command(ask=Ask(settings=_settings(index), sync=sync, as_json=as_json), **arguments)

    json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (catalog/schemas/answers.json).")
    sync_option = click.option("--sync", is_flag=True, help="Read what is new in the backend first.")
    return _index_option(sync_option(json_option(wrapped)))  # type: ignore[return-value]


def _index_option(command: F) -> F:
    file = click.Path(dir_okay=False, path_type=Path)
    return click.option("--index", type=file, help="File of the index [ECOMPULSE_CATALOG].")(command)


@click.group()
@click.version_option(package_name="ecompulse-pipeline")
def cli() -> None:
    """Find and understand the data of this pipeline: what there is, where it comes from, who owns it, how well it is.

    \b
    Answers come from an index of what the backend recorded. Reading does not ask the backend: each answer says as of
    when it is (on stderr); `catalog sync` or --sync brings the index up to date, and an empty index is filled first.

    \b
    NAME is a dataset (enriched_events, lake.enriched_events, namespace/name) or a job (update_data_warehouse).
    Exit codes: 0 fine, 1 `check` found something, 2 usage or configuration, 3 the backend does not answer.
    Completion: eval "$(catalog completion bash)".
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr)


@cli.command()
@click.argument("query", nargs=-1)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Hits to show.")
@_asking
def search(ask: Ask, query: tuple[str, ...], limit: int) -> None:
    """Search datasets, columns, jobs, reports, checks and owners, the best first.

    \b
    Words       catalog search dead letters          spelling and plurals do not matter
    Phrases     catalog search '"abandoned cart"'
    Filters     kind: (dataset column job report check owner, or lake, kafka, ...)  owner:  tier:  tag:  ns:
                column: (columns of this name)  job: (what a job reads or writes)
                is: failing warning healthy unchecked stale fresh drifted undocumented unowned vanished
    Without     catalog search -- events -tag:pii    (the -- ends the options)
    """
    from catalog.render import text
    from catalog.search import search as find

    with ask.index() as index:
        found = find(index, " ".join(query), limit=limit)
    ask.answer("search", found.value, found.completeness, lambda out: text.results(out, found.value))


@cli.command()
@click.argument("name", shell_complete=_completed)
@_asking
def show(ask: Ask, name: str) -> None:
    """Show one dataset or job: owner, health, freshness, columns, checks, last runs."""
    from catalog.dataset import Dataset
    from catalog.render import text
    from catalog.render.answer import Shown

    with ask.index() as index:
        node, told = index.find(name), index.completeness()
        if isinstance(node, Dataset):
            entry, checks = index.dataset(node), index.checks(node)
            found = Shown(entry=entry, checks=checks)
            ask.answer("show", found, told, lambda out: text.dataset(out, entry, checks))
        else:
            job, runs = index.job(node), index.runs(node, limit=10)
            ask.answer("show", Shown(entry=job, runs=runs), told, lambda out: text.job(out, job, runs))


@cli.command()
@click.argument("name", shell_complete=_completed)
@click.option("--column", metavar="PATH", help="What became of this column only.")
@_asking
def history(ask: Ask, name: str, column: str | None) -> None:
    """Show the versions of a dataset's schema, newest first: since when, told by which task and code revision."""
    from catalog import history as past
    from catalog.render import text

    with ask.index() as index:
        dataset = _dataset(index, name)
        if column:
            changes = past.column(index, dataset, column)
            ask.answer("history", changes.value, changes.completeness, lambda out: text.changes(out, changes.value))
            return
        versions = past.versions(index, dataset)
        ask.answer("history", versions.value, versions.completeness, lambda out: text.history(out, versions.value))


@cli.command()
@click.argument("name", shell_complete=_completed)
@click.option("--column", metavar="PATH", help="Where this column comes from and goes to, instead of the dataset.")
@click.option("--upstream", default=20, show_default=True, type=click.IntRange(0), help="Steps against the flow.")
@click.option("--downstream", default=20, show_default=True, type=click.IntRange(0), help="Steps with the flow.")
@click.option("--steps", is_flag=True, help="Also the queries inside Spark applications.")
@_asking
def lineage(ask: Ask, name: str, column: str | None, upstream: int, downstream: int, steps: bool) -> None:
    """Show where a dataset or a column comes from and where it goes."""
    from catalog import graph
    from catalog.render import text

    with ask.index() as index:
        if column:
            edges = graph.columns(index, _dataset(index, name), column, upstream=upstream, downstream=downstream)
            ask.answer("lineage", edges.value, edges.completeness, lambda out: text.column_edges(out, edges.value))
            return
        found = graph.lineage(index, index.find(name), upstream=upstream, downstream=downstream, steps=steps)
        ask.answer("lineage", found.value, found.completeness, lambda out: text.lineage(out, found.value))


@cli.command()
@click.argument("name", shell_complete=_completed)
@click.option("--column", metavar="PATH", help="A change of this column only.")
@_asking
def impact(ask: Ask, name: str, column: str | None) -> None:
    """Show everything that a change of a dataset or column can reach, and whom to tell."""
    from catalog import graph
    from catalog.render import text

    with ask.index() as index:
        found = graph.impact(index, _dataset(index, name), column=column)
    ask.answer("impact", found.value, found.completeness, lambda out: text.impact(out, found.value))


@cli.command()
@click.option("--since", default="7d", show_default=True, help="7d, 12h, or a time (ISO 8601, UTC).")
@click.option("--dataset", "name", metavar="NAME", help="Of this dataset only.")
@_asking
def changes(ask: Ask, since: str, name: str | None) -> None:
    """Show what changed, newest first. --since counts back from when the record was read last."""
    from catalog import history as past
    from catalog.render import text

    with ask.index() as index:
        told = index.completeness()
        begin = _since(since, told.as_of or datetime.now(UTC))
        found = past.changes(index, since=begin, dataset=_dataset(index, name) if name else None)
    ask.answer("changes", found.value, found.completeness, lambda out: text.changes(out, found.value))


@cli.command()
@click.option("--to", "name", metavar="REPORT", required=True, help="The dataset or report at the end of the flow.")
@click.option("--format", "form", default="md", show_default=True, type=click.Choice(["md", "svg", "html"]))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout.")
@_asking
def flow(ask: Ask, name: str, form: str, output: Path | None) -> None:
    """Write how data gets to a report: every hop, what it does to which columns, checks, owners, freshness.

    Drawn from what really ran. The same record gives the same bytes.
    """
    from catalog import flow as flows

    with ask.index() as index:
        told = flows.flow(index, _dataset(index, name))
    if ask.as_json:
        ask.answer("flow", told.value, told.completeness, lambda out: None)
        return
    document = _written(told.value, told.completeness, form)
    if output is None:
        click.echo(document, nl=False)
    else:
        output.write_text(document, encoding="utf-8")


@cli.command()
@click.argument("names", nargs=-1)
@_asking
def check(ask: Ask, names: tuple[str, ...]) -> None:
    """List what somebody should look at; exits with 1 when there is something.

    Failing checks, stale data, columns that differ from the contract, datasets without owner or description. Of the
    datasets NAMES, or of all.
    """
    from catalog import concern
    from catalog.render import text

    with ask.index() as index:
        chosen = tuple(_dataset(index, name) for name in names) or None
        found = concern.concerns(index, chosen)
    ask.answer("check", found.value, found.completeness, lambda out: text.concerns(out, found.value))
    if found.value:
        sys.exit(1)


@cli.command()
@click.option("--rebuild", is_flag=True, help="Read everything again from nothing.")
@click.option("--watch", "watch_s", type=float, metavar="SECONDS", help="Go on, looking every so many seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (catalog/schemas/answers.json).")
@_index_option
def sync(index: Path | None, rebuild: bool, watch_s: float | None, as_json: bool) -> None:
    """Read what is new in the backend (MARQUEZ_URL) into the index."""
    from catalog.index import Index

    ask = Ask(settings=_settings(index), sync=False, as_json=as_json)
    with Index.open(ask.settings.index) as opened:
        while True:
            found = _sync(opened, ask.settings, rebuild=rebuild)
            line = f"{found.new:,} new events, {found.repeated:,} known, {found.unusable:,} unusable"
            ask.answer("sync", found, found.completeness, partial(_line, line))
            if not watch_s:
                return
            rebuild = False
            time.sleep(watch_s)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=5080, show_default=True)
@click.option("--sync-every", "every_s", type=float, metavar="SECONDS", help="Meanwhile, read what is new so often.")
@_index_option
def serve(host: str, port: int, every_s: float | None, index: Path | None) -> None:
    """Serve the catalog's pages until stopped."""
    from catalog.site import serve as run

    settings = _settings(index)
    if every_s:
        threading.Thread(target=_keep_up, args=(settings, every_s), name="sync", daemon=True).start()
    run(settings, host=host, port=port)


@cli.group()
def site() -> None:
    """The catalog as files, to be published anywhere."""


@site.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@_index_option
def build(folder: Path, index: Path | None) -> None:
    """Write all pages into FOLDER."""
    from catalog.index import Index
    from catalog.site import build as write

    settings = _settings(index)
    with Index.open(settings.index) as opened:
        written = write(opened, folder, settings=settings)
    click.echo(f"{written.pages} pages in {folder}")


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a shell needs to complete commands and options: eval "$(catalog completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "catalog", "_CATALOG_COMPLETE").source())


def _written(flow: "Flow", completeness: "Completeness", form: str) -> str:
    from catalog.render import markdown, picture

    if form == "svg":
        return picture.svg(flow)
    document = markdown.flow(flow, completeness)
    return document if form == "md" else picture.html(flow, document, markdown.drawing(flow), markdown.LEGEND)


def _settings(index: Path | None) -> "Settings":
    from dataclasses import replace

    from catalog.settings import Settings

    settings = Settings.from_environment()
    return replace(settings, index=index) if index else settings


def _sync(index: "Index", settings: "Settings", *, rebuild: bool) -> "Synced":
    from catalog.index import sync as bring
    from catalog.marquez import Marquez

    say: Callable[[str], None] = lambda text: click.echo(text, err=True)  # noqa: E731
    with Marquez.open(settings) as client:
        return (bring.rebuild if rebuild else bring.sync)(index, client, say=say)


def _keep_up(settings: "Settings", every_s: float) -> None:
    """Read what is new again and again; a backend that does not answer is told once, and by every page."""
    from catalog.errors import MarquezError
    from catalog.index import Index

    told = ""
    with Index.open(settings.index) as index:
        while True:
            try:
                _sync(index, settings, rebuild=False)
                told = ""
            except MarquezError as problem:
                if str(problem) != told:
                    told = str(problem)
                    logger.warning("the pages stay as of the last reading: %s", told)
            time.sleep(every_s)


def _line(words: str, out: Any) -> None:
    out.print(words)


def _dataset(index: "Index", name: str) -> Any:
    from catalog.dataset import Dataset

    node = index.find(name)
    if not isinstance(node, Dataset):
        raise click.UsageError(f"{name!r} is a job; this command wants a dataset.")
    return node


def _since(text: str, now: datetime) -> datetime:
    if match := re.fullmatch(r"(\d+)([mhdw])", text):
        return now - timedelta(**{UNITS[match[2]]: int(match[1])})
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--since {text!r} is neither like 7d, 12h nor a time like 2026-11-24T12:00.") from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def main() -> None:
    """Entry point: one sentence and an exit code instead of a traceback."""
    try:
        cli(prog_name="catalog")
    except CatalogError as error:
        click.echo(f"catalog: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
