"""Commands that answer from the index: search, show, history, lineage, impact, changes, flow, check."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog.cli.ask import Ask, asking, completed, dataset_of, moment

if TYPE_CHECKING:
    from catalog.entry import Completeness
    from catalog.flow import Flow


@click.command()
@click.argument("query", nargs=-1)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Hits to show.")
@asking
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


@click.command()
@click.argument("name", shell_complete=completed)
@asking
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


@click.command()
@click.argument("name", shell_complete=completed)
@click.option("--column", metavar="PATH", help="What became of this column only.")
@asking
def history(ask: Ask, name: str, column: str | None) -> None:
    """Show the versions of a dataset's schema, newest first: since when, told by which task and code revision."""
    from catalog import history as past
    from catalog.render import text

    with ask.index() as index:
        dataset = dataset_of(index, name)
        if column:
            changes = past.column(index, dataset, column)
            ask.answer("history", changes.value, changes.completeness, lambda out: text.changes(out, changes.value))
            return
        versions = past.versions(index, dataset)
        ask.answer("history", versions.value, versions.completeness, lambda out: text.history(out, versions.value))


@click.command()
@click.argument("name", shell_complete=completed)
@click.option("--column", metavar="PATH", help="Where this column comes from and goes to, instead of the dataset.")
@click.option("--upstream", default=20, show_default=True, type=click.IntRange(0), help="Steps against the flow.")
@click.option("--downstream", default=20, show_default=True, type=click.IntRange(0), help="Steps with the flow.")
@click.option("--steps", is_flag=True, help="Also the queries inside Spark applications.")
@asking
def lineage(ask: Ask, name: str, column: str | None, upstream: int, downstream: int, steps: bool) -> None:
    """Show where a dataset or a column comes from and where it goes."""
    from catalog import graph
    from catalog.render import text

    with ask.index() as index:
        if column:
            edges = graph.columns(index, dataset_of(index, name), column, upstream=upstream, downstream=downstream)
            ask.answer("lineage", edges.value, edges.completeness, lambda out: text.column_edges(out, edges.value))
            return
        found = graph.lineage(index, index.find(name), upstream=upstream, downstream=downstream, steps=steps)
        ask.answer("lineage", found.value, found.completeness, lambda out: text.lineage(out, found.value))


@click.command()
@click.argument("name", shell_complete=completed)
@click.option("--column", metavar="PATH", help="A change of this column only.")
@asking
def impact(ask: Ask, name: str, column: str | None) -> None:
    """Show everything that a change of a dataset or column can reach, and whom to tell."""
    from catalog import graph
    from catalog.render import text

    with ask.index() as index:
        found = graph.impact(index, dataset_of(index, name), column=column)
    ask.answer("impact", found.value, found.completeness, lambda out: text.impact(out, found.value))


@click.command()
@click.option("--since", default="7d", show_default=True, help="7d, 12h, or a time (ISO 8601, UTC).")
@click.option("--dataset", "name", metavar="NAME", help="Of this dataset only.")
@asking
def changes(ask: Ask, since: str, name: str | None) -> None:
    """Show what changed, newest first. --since counts back from when the record was read last."""
    from catalog import history as past
    from catalog.render import text

    with ask.index() as index:
        told = index.completeness()
        begin = moment(since, told.as_of or datetime.now(UTC))
        found = past.changes(index, since=begin, dataset=dataset_of(index, name) if name else None)
    ask.answer("changes", found.value, found.completeness, lambda out: text.changes(out, found.value))


@click.command()
@click.option("--to", "name", metavar="REPORT", required=True, help="The dataset or report at the end of the flow.")
@click.option("--format", "form", default="md", show_default=True, type=click.Choice(["md", "svg", "html"]))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of stdout.")
@asking
def flow(ask: Ask, name: str, form: str, output: Path | None) -> None:
    """Write how data gets to a report: every hop, what it does to which columns, checks, owners, freshness.

    Drawn from what really ran. The same record gives the same bytes.
    """
    from catalog import flow as flows

    with ask.index() as index:
        told = flows.flow(index, dataset_of(index, name))
    if ask.as_json:
        ask.answer("flow", told.value, told.completeness, lambda out: None)
        return
    document = _written(told.value, told.completeness, form)
    if output is None:
        click.echo(document, nl=False)
    else:
        output.write_text(document, encoding="utf-8")


@click.command()
@click.argument("names", nargs=-1)
@asking
def check(ask: Ask, names: tuple[str, ...]) -> None:
    """List what somebody should look at; exits with 1 when there is something.

    Failing checks, stale data, columns that differ from the contract, promised datasets that no event has told of,
    datasets without owner or description. Of the datasets NAMES, or of all.
    """
    from catalog import concern
    from catalog.render import text

    with ask.index() as index:
        chosen = tuple(dataset_of(index, name) for name in names) or None
        found = concern.concerns(index, chosen)
    ask.answer("check", found.value, found.completeness, lambda out: text.concerns(out, found.value))
    if found.value:
        sys.exit(1)


def _written(flow: "Flow", completeness: "Completeness", form: str) -> str:
    from catalog.render import markdown, picture

    if form == "svg":
        return picture.svg(flow)
    document = markdown.flow(flow, completeness)
    return document if form == "md" else picture.html(flow, document, markdown.drawing(flow), markdown.LEGEND)


COMMANDS = (search, show, history, lineage, impact, changes, flow, check)
