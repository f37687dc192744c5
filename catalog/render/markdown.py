"""A flow as a Markdown document for a new colleague; the same flow, the same bytes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from catalog.concern import told
from catalog.dataset import Dataset
from catalog.entry import CheckEntry, Completeness, DatasetEntry, JobEntry, RunEntry, short
from catalog.flow import Derivation, Door, Flow, Hop, Result
from catalog.render import mermaid
from catalog.render.wording import count, length, moment, name_of, task

LEGEND = (
    "Slanted boxes are Kafka topics, cylinders tables, hexagons caches, round boxes APIs, plain boxes files, blue ones "
    "jobs. An arrow with two heads: the job reads back what it wrote. Red fails a check, yellow is late."
)
KINDS = {
    "kafka": "Kafka topic", "lake": "lake table", "warehouse": "warehouse table", "api": "HTTP API", "object": "files",
}  # fmt: skip
Names = Mapping[Dataset, str]
MANY = 12
"""Columns named in a sentence before the rest is only counted."""
SQL_LINES = 40


def flow(found: Flow, completeness: Completeness) -> str:
    """The document. Times are those of runs: reading the record again without news changes nothing."""
    target = found.target
    parts = [
        f"# How data gets to {_text(target.title or short(target.dataset))}",
        _text(target.description),
        _card(target),
        "## At a glance",
        _glance(found),
        drawing(found),
        LEGEND,
        _trouble(found),
        "## Where it begins",
        _sources(found),
        "## The way, step by step",
        *(_hop(number, hop, found) for number, hop in enumerate(found.hops, 1)),
        "## Datasets on the way",
        _datasets(found.datasets),
        "## Whom to ask",
        _owners(found),
        *_on_call(found.dags),
        _colophon(found, completeness),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def drawing(found: Flow) -> str:
    """The drawing, fenced."""
    return f"```mermaid\n{mermaid.drawing(found)}```"


def _card(target: DatasetEntry) -> str:
    facts = [
        ("Name", f"{_code(name_of(target))} ({_code(str(target.dataset))})"),
        ("Owner", _text(target.owner or "nobody")),
        ("Tier", _text(target.tier or "none")),
        ("Promise", _promise(target)),
        ("Last written", _written(target)),
        ("State", _state(target)),
        ("Read by", ", ".join(_code(task(job)) for job in target.readers) or "no job; people open it"),
    ]
    return _table(facts[0], facts[1:])


def _glance(found: Flow) -> str:
    sources, hops, dags = len(found.sources), len(found.hops), len(found.dags)
    runs = [hop.job.last_run for hop in found.hops if hop.job.last_run]
    checks = [check for door in found.doors for check in door.checks]
    holding = sum(check.success for check in checks)
    return (
        f"From {count(sources, 'source')} through {count(hops, 'job')} in {count(dags, 'DAG')} and "
        f"{count(len(found.datasets) - sources, 'dataset')} to the report. "
        f"{holding} of {len(checks)} checks on the way hold. Last run of the way: {_span(runs)}."
    )


def _trouble(found: Flow) -> str:
    lines = [
        f"- {_code(name_of(door.dataset))} fails {_check(check)} since {_when(check.since)}: "
        f"expected {_text(check.expected)}, found {_text(check.actual)}; tell {_text(door.dataset.owner or 'nobody')}"
        for door in found.doors
        for check in door.checks
        if not check.success
    ]
    lines += [
        f"- {_code(name_of(entry))} is late: {_written(entry)}, {_promise(entry)}"
        for entry in found.datasets
        if entry.freshness == "stale"
    ]
    lines += [
        f"- {_code(name_of(entry))} is not as its contract promises: "
        + ", ".join(f"{_code(d.path)} {_text(told(d))}"
                    for d in entry.differences)
        for entry in found.datasets
        if entry.differences
    ]  # fmt: skip
    lines += [
        f"- the last run of {_code(task(hop.job.job))} ended as {hop.job.last_run.state}"
        for hop in found.hops
        if hop.job.last_run and hop.job.last_run.failed
    ]
    return "**Not as it should be:**\n\n" + "\n".join(lines) if lines else ""


def _sources(found: Flow) -> str:
    rows = [
        (*_what(entry), _promise(entry))
        for entry in found.sources
    ]  # fmt: skip
    return _table(("source", "kind", "what it is", "owner", "promise"), rows)


def _hop(number: int, hop: Hop, found: Flow) -> str:
    job = hop.job
    home = f"in {_code(short(job.parent))}, " if job.parent else ""
    source = (
        f", [source]({job.source_url})" if job.source_url else f", {_code(job.source_path)}" if job.source_path else ""
    )
    names = {entry.dataset: name_of(entry) for entry in found.datasets}
    parts = [
        f"### {number}. {task(job.job)}",
        f"{home}owner {_text(job.owner or 'nobody')}{source}",
        _purpose(job, found),
        f"**Reads** {_list(hop.inputs)}. **Writes** {_written_to(hop)}.",
        *(_result(result, names) for result in hop.results),
        _run(job.last_run),
        _sql(job),
        *(_door(door) for door in found.doors if door.dataset.dataset in {r.dataset.dataset for r in hop.results}),
    ]
    return "\n\n".join(part for part in parts if part)


def _written_to(hop: Hop) -> str:
    """What it writes, with the rows of the last time."""
    words = []
    for entry in (result.dataset for result in hop.results):
        rows = "" if entry.last_rows is None else f" ({count(entry.last_rows, 'row')})"
        words.append(_code(name_of(entry)) + rows)
    return ", ".join(words)


def _purpose(job: JobEntry, found: Flow) -> str:
    """What the job says of itself; a task that only repeats its DAG's notes says nothing."""
    notes = {dag.description for dag in found.dags}
    return "" if job.description in notes else "\n".join(f"> {line}".rstrip() for line in _prose(job.description))


def _result(result: Result, names: Names) -> str:
    entry = result.dataset
    head = f"What {_code(name_of(entry))} is made of"
    lines = [f"- {line}" for derivation in result.derivations for line in _derivation(derivation, names)]
    if not lines:
        return f"{head}: the job does not tell columns."
    return f"{head}:\n\n" + "\n".join(lines)


def _derivation(derivation: Derivation, names: Names) -> list[str]:
    if derivation.how == "without a source":
        return [f"set by the job itself, from no column: {_few(_code(column) for column, _ in derivation.columns)}"]
    if derivation.columns[0][0] == "":
        influences = [source for _, sources in derivation.columns for source in sources]
        return [f"{derivation.how} {_few(_code(_plain(source, names)) for source in influences)}"]
    made: dict[tuple[Dataset, ...], list[str]] = defaultdict(list)
    for column, sources in derivation.columns:
        origins = tuple(sorted({dataset for dataset, _ in sources}))
        made[origins].append(_made(column, sources, names, copied=derivation.how == "copied"))
    return [
        f"{derivation.how} from {' and '.join(_code(names.get(one, short(one))) for one in origins)} "
        f"({len(columns)}): {_few(columns, ', ' if derivation.how == 'copied' else '; ')}"
        for origins, columns in made.items()
    ]


def _made(column: str, sources: Sequence[tuple[Dataset, str]], names: Names, *, copied: bool) -> str:
    """The column with what it comes from, as far as that is not plain from its name and the line it stands in."""
    alone = len({dataset for dataset, _ in sources}) == 1
    paths = [path if alone else _plain(source, names) for source in sources for path in source[1:]]
    if copied and all(path.split(".")[-1] == column.split(".")[-1] for _, path in sources):
        return _code(column)
    return f"{_code(column)} from {_few(map(_code, paths))}"


def _run(run: RunEntry | None) -> str:
    if run is None:
        return ""
    counts = [
        f"{count(rows, 'row')} {word}"
        for rows, word in ((run.rows_in, "in"), (run.rows_out, "out"), (run.rows_rejected, "rejected"))
        if rows is not None
    ]
    said = [run.state, *([f"took {length(run.duration)}"] if run.duration else []), *counts]
    if run.revision:
        said.append(f"code revision {_code(run.revision[:12])}")
    error = f" Error: {_text(run.error)}" if run.error else ""
    return f"**Last run** {_when(run.started)}: {', '.join(said)}.{error}"


def _sql(job: JobEntry) -> str:
    if not job.sql:
        return ""
    lines = job.sql.strip().splitlines()
    shown = [*lines[:SQL_LINES], *([f"-- and {len(lines) - SQL_LINES} more lines"] if len(lines) > SQL_LINES else [])]
    fence = "````" if "```" in job.sql else "```"
    text = "\n".join(shown)
    return f"<details><summary>SQL</summary>\n\n{fence}sql\n{text}\n{fence}\n\n</details>"


def _check(check: CheckEntry) -> str:
    return _code(f"{check.name}({check.column})" if check.column and "(" not in check.name else check.name)


def _door(door: Door) -> str:
    failing = [check for check in door.checks if not check.success]
    holds = "all hold" if not failing else f"{len(failing)} not: {_few(map(_check, failing))}"
    rows = [
        ("holds" if check.success else "**fails**", _check(check), _text(check.expected), check.severity)
        for check in door.checks
    ]
    table = _table(("", "check", "expected", "severity"), rows)
    return (
        f"**At the door of {_code(name_of(door.dataset))}** {_code(task(door.job))} makes "
        f"{count(len(door.checks), 'check')}; {holds}.\n\n"
        f"<details><summary>the checks</summary>\n\n{table}\n\n</details>"
    )


def _datasets(entries: Sequence[DatasetEntry]) -> str:
    rows = [
        (*_what(entry), _text(entry.tier or ""), _promise(entry), _written(entry), _state(entry),
         _few(_code(column.path) for column in entry.columns if "pii" in column.tags))
        for entry in entries
    ]  # fmt: skip
    titles = ("dataset", "kind", "what it is", "owner", "tier", "promise", "last written", "state", "personal data")
    return _table(titles, rows)


def _what(entry: DatasetEntry) -> tuple[str, str, str, str]:
    """Name, kind, what it is, owner."""
    words = _text(entry.description or entry.title)
    return _code(name_of(entry)), KINDS.get(entry.kind, entry.kind), words, _text(entry.owner or "nobody")


def _owners(found: Flow) -> str:
    datasets, jobs = defaultdict(list), defaultdict(list)
    for entry in found.datasets:
        datasets[entry.owner or "nobody"].append(_code(name_of(entry)))
    for hop in found.hops:
        jobs[hop.job.owner or "nobody"].append(_code(task(hop.job.job)))
    rows = [(_text(owner), ", ".join(datasets[owner]), ", ".join(jobs[owner])) for owner in sorted({*datasets, *jobs})]
    return _table(("team", "for these datasets", "for these jobs"), rows)


def _on_call(dags: Sequence[JobEntry]) -> list[str]:
    told = [dag for dag in dags if dag.description]
    if not told:
        return []
    notes = []
    for dag in told:
        lines = _prose(dag.description)
        body = "\n".join(lines[1:] if lines[0].startswith("# ") else lines).strip()
        notes.append(f"### {_text(short(dag.job))}\n\n{body}")
    return ["## Notes for whoever is on call", *notes]


def _colophon(found: Flow, completeness: Completeness) -> str:
    missing = "".join(f"\n\n> This may be incomplete: {_text(reason)}" for reason in completeness.reasons)
    command = f"catalog flow --to {name_of(found.target)}"
    written = f"Written by `{command}` from what the runs recorded; run it again instead of editing."
    return f"---\n\n{written}{missing}"


def _promise(entry: DatasetEntry) -> str:
    return f"new at least every {length(entry.promised_every)}" if entry.promised_every else "none"


def _written(entry: DatasetEntry) -> str:
    if entry.last_written is None:
        return "not by a recorded job"
    rows = "" if entry.last_rows is None else f", {count(entry.last_rows, 'row')}"
    return f"{_when(entry.last_written)}{rows}"


def _state(entry: DatasetEntry) -> str:
    words: list[str] = [entry.health, *([entry.freshness] if entry.freshness != "unknown" else [])]
    words += ["differs from its contract"] * entry.drifted
    return ", ".join(
        f"**{word}**" if word in ("failing", "stale", "differs from its contract") else word for word in words
    )


def _plain(source: tuple[Dataset, str], names: Names) -> str:
    return f"{names.get(source[0], short(source[0]))}.{source[1]}"


def _list(entries: Sequence[DatasetEntry]) -> str:
    return ", ".join(_code(name_of(entry)) for entry in entries) or "nothing"


def _few(words: Iterable[str], joint: str = ", ") -> str:
    every = list(words)
    more = f"{joint}and {len(every) - MANY} more" if len(every) > MANY else ""
    return joint.join(every[:MANY]) + more


def _span(runs: Sequence[RunEntry]) -> str:
    times = sorted(time for run in runs for time in (run.started, run.ended) if time)
    return f"{_when(times[0])} to {_when(times[-1])}" if times else "none recorded"


def _when(time: datetime | None) -> str:
    return f"{moment(time)} UTC" if time else "never"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _text(words: str) -> str:
    """Prose from the record on one line: nothing in it is read as Markdown, HTML or a table's edge."""
    flat = " ".join(words.split())
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>|#~" else letter for letter in flat)


def _prose(told: str) -> list[str]:
    """Lines of a description that is Markdown itself; HTML in it is shown, not followed."""
    return told.strip().replace("<", "&lt;").splitlines()


def _code(name: str) -> str:
    """A name as code; a bar would end a table's cell, a backtick the code."""
    return f"`{' '.join(name.split()).replace('|', chr(92) + '|').replace('`', chr(39))}`"
