"""Answers as tables for people: in colour on a terminal, plain in a pipe or with NO_COLOR."""

from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.concern import Concern
from catalog.entry import (
    Change,
    CheckEntry,
    ColumnEdge,
    Completeness,
    DatasetEntry,
    Hit,
    Impact,
    JobEntry,
    LineageGraph,
    Node,
    Results,
    RunEntry,
    SchemaVersion,
    short,
)
from catalog.render.wording import length, moment

WHOLE = frozenset(("kind", "owner", "tier", "state", "type", "when", "since", "until", "started", "what"))
"""Columns that are not broken into lines as long as another one can be."""
ROOMY = 110
"""Letters a line, from which on search shows titles too."""
MOODS = {"failing": "red", "warning": "yellow", "stale": "yellow", "healthy": "green", "fresh": "green", "FAIL": "red"}


def console(file: TextIO) -> Console:
    """Where text goes; what comes out of the record is never read as markup."""
    return Console(file=file, markup=False, highlight=False, emoji=False, soft_wrap=not file.isatty())


def results(out: Console, found: Results) -> None:
    """Hits, best first, then how all matches divide."""
    for typed, read in found.corrections:
        out.print(f"Nothing is called {typed!r}; read as {read!r}.")
    rows = [
        (hit.kind, hit.name, hit.owner or "", hit.tier or "", _mood(_state(hit)), hit.title) for hit in found.hits
    ]  # fmt: skip
    titles = ("kind", "name", "owner", "tier", "state", "title")
    shown = len(titles) if not out.is_terminal or out.width >= ROOMY else -1
    table(out, titles[:shown], [row[:shown] for row in rows])
    out.print(f"{found.total} found, {len(found.hits)} shown")
    for facet in found.facets:
        if len(facet.values) > 1:
            out.print(f"  {facet.name}: " + ", ".join(f"{value} {count}" for value, count in facet.values[:8]))


def dataset(out: Console, entry: DatasetEntry, checks: Sequence[CheckEntry]) -> None:
    """One dataset: what it is, whose, how well it is, its columns and checks."""
    out.print(Text(short(entry.dataset), style="bold"), Text(entry.title))
    if entry.description:
        out.print(entry.description)
    facts: list[tuple[str, str | Text]] = [
        ("name", str(entry.dataset)),
        ("kind", entry.kind),
        ("owner", entry.owner or "nobody"),
        ("tier", entry.tier or ""),
        ("tags", ", ".join(entry.tags)),
        ("contract", entry.contract or "none"),
        ("health", _mood(entry.health)),
        ("fresh", _mood(_freshness(entry))),
        ("rows", "" if entry.last_rows is None else f"{entry.last_rows:,}"),
        ("written by", ", ".join(short(job) for job in entry.writers)),
        ("read by", ", ".join(short(job) for job in entry.readers)),
        ("reads", f"{entry.reads_30d} in 30 days"),
        ("first seen", moment(entry.first_seen)),
    ]
    _facts(out, facts)
    if entry.differences:
        out.print("\nNot as the contract promises:")
        table(out, ("column", "promised", "observed", "since"),
               [(d.path, d.promised, d.observed, moment(d.since)) for d in entry.differences])  # fmt: skip
    columns = [
        (c.path, c.type, "" if c.nullable is None else "yes" if c.nullable else "no", ", ".join(c.tags),
         moment(c.since.time if c.since else None), c.description)
        for c in entry.columns
    ]  # fmt: skip
    out.print()
    table(out, ("column", "type", "null", "tags", "since", "description"), columns)
    if checks:
        out.print()
        check_table(out, checks)


def check_table(out: Console, checks: Sequence[CheckEntry]) -> None:
    """Checks, failing ones first."""
    rows = [
        (_mood("holds" if c.success else c.health), c.name, c.column or "",
         c.expected, c.actual, moment(c.since))
        for c in sorted(checks, key=lambda c: (c.success, str(c.dataset), c.name))
    ]  # fmt: skip
    table(out, ("result", "check", "column", "expected", "found", "since"), rows)


def job(out: Console, entry: JobEntry, runs: Sequence[RunEntry]) -> None:
    """One job: what it does, whose, what it reads and writes, its last runs."""
    out.print(Text(short(entry.job), style="bold"), Text(entry.role))
    if entry.description:
        out.print(entry.description.strip())
    facts = [
        ("name", str(entry.job)),
        ("kind", entry.kind),
        ("owner", entry.owner or "nobody"),
        ("part of", short(entry.parent) if entry.parent else ""),
        ("source", entry.source_url or entry.source_path or ""),
        ("reads", ", ".join(short(one) for one in entry.inputs)),
        ("writes", ", ".join(short(one) for one in entry.outputs)),
    ]
    _facts(out, facts)
    rows = [
        (moment(run.started), _mood(run.state), length(run.duration), _number(run.rows_in), _number(run.rows_out),
         _number(run.rows_rejected), f"{run.checks_passed}/{run.checks_passed + run.checks_failed}", run.error or "")
        for run in runs
    ]  # fmt: skip
    out.print()
    table(out, ("started", "state", "took", "in", "out", "rejected", "checks", "error"), rows)


def history(out: Console, versions: Sequence[SchemaVersion]) -> None:
    """Schema versions, newest first."""
    rows = [
        (moment(v.since.time), moment(v.until) or "now", str(len(v.columns)), short(v.since.job),
         v.since.revision or "", f"{v.checks_passed}/{v.checks_passed + v.checks_failed}", v.content[:12])
        for v in versions
    ]  # fmt: skip
    table(out, ("since", "until", "columns", "told by", "revision", "checks", "content"), rows)


def changes(out: Console, found: Sequence[Change]) -> None:
    """What became different, newest first."""
    rows = [
        (moment(c.time), short(c.subject), c.kind.replace("_", " "), c.path or "", c.before or "", c.after or "",
         short(c.origin.job) if c.origin else "")
        for c in found
    ]  # fmt: skip
    table(out, ("when", "dataset", "change", "column", "before", "after", "told by"), rows)


def lineage(out: Console, graph: LineageGraph) -> None:
    """The graph as a list of steps: every job with what it reads and writes, the start marked."""
    rows = [(_marked(edge.origin, graph.start), "→", _marked(edge.target, graph.start),
             moment(edge.last_seen), "" if edge.current else "no longer") for edge in graph.edges]  # fmt: skip
    table(out, ("from", "", "to", "last seen", ""), rows)
    beyond = f"; {graph.hidden} more beyond" if graph.hidden else ""
    out.print(f"{len(graph.nodes)} datasets and jobs{beyond}")


def column_edges(out: Console, edges: Sequence[ColumnEdge]) -> None:
    """Which column became which, by whom and how."""
    rows = [
        (f"{short(e.origin)}.{e.origin_column}", "→", f"{short(e.target)}.{e.target_column}",
         f"{e.type.lower()} {e.subtype.lower()}".strip(), short(e.job), "" if e.current else "no longer")
        for e in edges
    ]  # fmt: skip
    table(out, ("from", "", "to", "how", "job", ""), rows)


def impact(out: Console, found: Impact) -> None:
    """Everything that a change can reach."""
    where = f"{short(found.start)}.{found.column}" if found.column else short(found.start)
    out.print(f"A change of {where} can reach:")
    facts = [
        ("datasets", ", ".join(short(one) for one in found.datasets)),
        ("columns", ", ".join(f"{short(one)}.{path}" for one, path in found.columns)),
        ("jobs", ", ".join(short(one) for one in found.jobs)),
        ("checks", ", ".join(f"{number} on {name}" for name, number in _by_dataset(found.checks).items())),
        ("tell", ", ".join(found.owners)),
        ("runs", f"{found.runs_24h} in the last 24 hours"),
    ]
    _facts(out, facts)


def _by_dataset(checks: Sequence[CheckEntry]) -> Counter[str]:
    return Counter(short(check.dataset) for check in checks)


def _state(hit: Hit) -> str:
    """What is not as it should be."""
    return ", ".join(word for word in (hit.health, hit.freshness) if word in ("failing", "warning", "stale"))


def completeness(out: Console, told: Completeness) -> None:
    """How far the answer can be trusted, as one line a reason."""
    if told.as_of is None:
        out.print("The record may be incomplete:", style="yellow")
    else:
        out.print(
            f"Record as of {moment(told.as_of)} UTC{'' if told.complete else '; it may be incomplete:'}", style="dim"
        )
    for reason in told.reasons:
        out.print(f"  {reason}", style="yellow")


def concerns(out: Console, found: Sequence[Concern]) -> None:
    """What somebody should look at, and whose it is."""
    rows = [(_mood(c.kind), c.owner or "nobody", moment(c.since), short(c.dataset), c.words) for c in found]
    table(out, ("what", "owner", "since", "dataset", "how"), rows)


def table(out: Console, titles: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
    """Rows under titles; `nothing` without rows."""
    if not rows:
        out.print("nothing")
        return
    if not out.is_terminal:
        _plain(out, [titles, *rows])
        return
    lines = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for title in titles:
        lines.add_column(title, overflow="fold", no_wrap=title in WHOLE)
    for row in rows:
        lines.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    out.print(lines)


def _facts(out: Console, facts: Sequence[tuple[str, str | Text]]) -> None:
    told = [(name, value) for name, value in facts if value]
    if not out.is_terminal:
        _plain(out, told)
        return
    lines = Table(box=None, show_header=False, pad_edge=False)
    for name, value in told:
        lines.add_row(Text(name, style="dim"), value if isinstance(value, Text) else Text(value))
    out.print(lines)


def _plain(out: Console, rows: Sequence[Sequence[str | Text]]) -> None:
    """Rows in columns two spaces apart, one line a row, whatever its length."""
    cells = [[" ".join(str(cell).split()) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(cells[0]))] if cells else []
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        out.print(line.rstrip(), soft_wrap=True)


def _freshness(entry: DatasetEntry) -> str:
    written = f", written {moment(entry.last_written)}" if entry.last_written else ""
    promised = f", promised every {length(entry.promised_every)}" if entry.promised_every else ""
    return f"{entry.freshness}{written}{promised}"


def _marked(node: Node, start: Node) -> Text:
    return Text(short(node), style="bold" if node == start else "")


def _mood(word: str) -> Text:
    return Text(word, style=MOODS.get(word.split(",")[0], ""))


def _number(count: int | None) -> str:
    return "" if count is None else f"{count:,}"
