"""Who reads a dataset, as the record or the declarations tell, in the words that drift is judged in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from catalog import asked, graph
from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.drift import Check, Consumer
from catalog.drift.classify import Engine
from catalog.drift.made import Made
from catalog.drift.reading import Reading
from catalog.drift.shape import of_suite
from catalog.entry import Answer, ColumnEdge, DatasetEntry, Job, Node, short
from catalog.errors import Ambiguous, NotFound
from catalog.index import Index, facts, values
from catalog.index.adjacency import EVERY
from catalog.index.fold import names_of
from catalog.index.store import hold, rows_in
from catalog.output import Outputs, outputs

ENGINES: Mapping[str, Engine] = {"kafka": "json", "api": "json", "object": "json", "lake": "iceberg", "cache": "redis"}
"""How a dataset of a kind is read; a warehouse's engine is its namespace's scheme, of anything else nobody knows it."""
STORES = frozenset({"iceberg", "redis", "postgres", "redshift"})
"""Engines that keep rows under a schema of their own."""
QUERIED = frozenset({"warehouse", "dataset"})
"""Kinds that statements name: a lake's table may be called as the warehouse's that is loaded from it."""
DIALECTS: Mapping[str, str] = {
    "postgres": "postgres", "redshift": "redshift", "mysql": "mysql", "snowflake": "snowflake", "bigquery": "bigquery",
    "trino": "trino", "hive": "hive", "sqlserver": "tsql", "mssql": "tsql", "oracle": "oracle",
}  # fmt: skip
"""sqlglot's word for a namespace's scheme; of another one, what most dialects share."""
PASSING = frozenset({"kafka", "api"})
"""Kinds that keep nothing: whoever reads them is further down the stream."""
TIERS = ("gold", "silver", "bronze", "")
"""From the most important one."""
RECORD = "api.lineage_events"
"""Contract of the backend's record."""
NAMED = re.compile(
    r"""\b(?:from|join|into|using|update|table|copy|exists|only)\s+(?:["`\[]?\w+["`\]]?\.)*["`\[]?(\w+)""",
    re.IGNORECASE,
)
"""A table's last word, after the words that a table follows."""
SAID = """SELECT l.subject, l.facet, l.value FROM latest l JOIN job j ON j.id = l.subject WHERE l.subject IN ({ids})
  AND (l.facet IN ('owner', 'sql') OR (l.facet = 'reading' AND l.time >= j.begin))"""
"""What jobs say of themselves; how they read, only while they say it."""
MADE = """SELECT f.job, d.tier FROM flow f JOIN job j ON j.id = f.job AND f.last_seen >= j.begin
  LEFT JOIN alias a ON a.alias = f.dataset JOIN dataset d ON d.id = coalesce(a.dataset, f.dataset)
  WHERE f.side = 'out' AND f.job IN ({ids})"""


def consumers(index: Index, dataset: Dataset, *, derived: bool = True) -> Answer[tuple[Consumer, ...]]:
    """Everybody whom this dataset's shape affects at once, by name: itself as a table, who reads or checks it or writes
    it by statements that name it, the tables and reports that its columns go into, and who checks these columns there.
    Present edges only, steps as their tasks, one entry for each; who comes further down is in `graph.impact`.

    Complete as far as the record is about these jobs; a dataset that nobody reads has its own table only. Without
    `derived` the rules that follow from the contract are left out: where the contract itself changes, they follow.

    Raises:
        NotFound: no event and no contract tells of the dataset.
    """
    entry = index.dataset(dataset)
    edges = [
        edge for edge in graph.columns(index, entry.dataset, upstream=0, downstream=1).value
        if edge.origin == entry.dataset
    ]  # fmt: skip
    into = {edge.target for edge in edges if edge.target != entry.dataset}
    rows = rows_in(index.db, "SELECT * FROM dataset WHERE id IN ({ids})", map(facts.dataset_id, into))
    targets = {one.dataset: one for one in (values.dataset(row, ends=((), ())) for row in rows)}
    made = outputs(index, entry.dataset, edges, targets)
    known = _known(index, entry, made, edges, derived)
    found = (*_table(entry), *_jobs(entry, made, known), *_targets(entry, edges, targets, made, known))
    completeness = index.completeness({*entry.readers, *entry.writers})
    return Answer(value=tuple(sorted(found, key=lambda one: (one.name, one.engine))), completeness=completeness)


def declared(
    contract: Contract, rules: Mapping[str, Any] | None, statements: Mapping[str, str]
) -> tuple[Consumer, ...]:  # fmt: skip
    """Who is known without a record: the dataset's own table, anybody who reads it by the contract as it was, the suite
    that the contract names, and the statements that name a table of the warehouse.

    `rules` are the suite's document, `statements` (SQL, PostgreSQL's dialect) by what people call them. Who these are
    is not all: only a record knows the readers by name.
    """
    engine = ENGINES.get(contract.kind, "postgres")
    own = Consumer(name=contract.id, engine=engine, owner=contract.owner, tier=contract.tier)
    named = statements if contract.kind == "warehouse" else {}
    return (
        *([replace(own, direction="table")] if engine in STORES else ()),
        replace(own, name=f"readers of {contract.id}"),
        *(
            [replace(own, name=str(contract.suite), engine="gx", checks=of_suite(rules), columns=_paths(contract))]
            if rules
            else ()
        ),
        *(
            Consumer(name=name, engine="sql", sql=text, dataset=table, dialect="postgres")
            for name, text in sorted(named.items())
            if (table := called(text, contract.name))
        ),
    )


def _paths(contract: Contract) -> frozenset[str]:
    return frozenset(path for path, _ in contract.schema.walk())


def called(sql: str, table: str) -> str | None:
    """The name by which statements call a table: its own, or that of a temporary one that stands for it (catalog.sql);
    None when they name neither where a table is named. A list of tables with commas is not looked through.
    """
    named = {found[1].lower() for found in NAMED.finditer(sql)}
    return next((name for name in (table, f"staging_{table}", f"landing_{table}") if name.lower() in named), None)


def _engine(entry: DatasetEntry) -> Engine:
    """How it is read: by its kind, in a warehouse by its namespace."""
    scheme = entry.dataset.namespace.partition("://")[0]
    if entry.kind == "warehouse":
        return cast(Engine, scheme) if scheme in STORES else "table"
    return ENGINES.get(entry.kind, "table")


def _table(entry: DatasetEntry) -> Iterator[Consumer]:
    """The dataset as a table that has to follow a change; a topic has no table."""
    if _engine(entry) in STORES:
        yield replace(_stored(entry), engine=_engine(entry), direction="table")


def _stored(entry: DatasetEntry) -> Consumer:
    name = entry.contract_id or short(entry.dataset)
    return Consumer(name=name, engine="table", node=entry.dataset, owner=entry.owner or "", tier=entry.tier or "")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the jobs around a dataset."""

    jobs: tuple[Job, ...]
    said: Mapping[tuple[Job, str], str]
    tier: Mapping[Job, str]
    checks: Mapping[Job, tuple[Check, ...]]
    reads: Mapping[Job, frozenset[str] | None]
    readings: Mapping[Job, Reading]


def _jobs(entry: DatasetEntry, made: Outputs, known: Known) -> Iterator[Consumer]:
    """Readers, writers whose statements name it, and who checks what is made of it."""
    for job in known.jobs:
        who = Consumer(
            name=short(job), engine=_engine(entry), node=job, owner=known.said.get((job, "owner"), ""),
            tier=known.tier.get(job, ""),
        )  # fmt: skip
        checks, behind = known.checks.get(job), made.suites.get(job, ())
        if checks is not None or behind:
            columns = frozenset(column.path for column in entry.columns) or None
            yield replace(who, engine="gx", checks=checks or (), columns=columns, made=behind)
        at_it = job in entry.readers or job in entry.writers
        if at_it and (job in known.tier or not (checks is not None or behind)):  # who makes nothing checks it only
            yield from _as_it_reads(who, entry, known, made.by.get(job, ()))


def _observers(index: Index, entry: DatasetEntry) -> frozenset[Job]:
    """Jobs that read the record, and name other datasets because of what it tells of them: none of their data."""
    record, readers = hold(index.db, ("observers",), lambda: _of_record(index))
    return readers if record != entry.dataset else frozenset()


def _of_record(index: Index) -> tuple[Node | None, frozenset[Job]]:
    try:
        record = index.find(RECORD)
    except (Ambiguous, NotFound):
        return None, frozenset()
    return record, frozenset(index.dataset(record).readers if isinstance(record, Dataset) else ())


def _as_it_reads(who: Consumer, entry: DatasetEntry, known: Known, made: tuple[Made, ...]) -> Iterator[Consumer]:
    """A job by what it does with the dataset: it names it in SQL, or reads it as its kind is read, or as it says."""
    job = cast(Job, who.node)
    sql = known.said.get((job, "sql"), "")
    if entry.kind in QUERIED and (table := called(sql, short(entry.dataset).rpartition(".")[2])):
        scheme = entry.dataset.namespace.partition("://")[0]
        yield replace(who, engine="sql", sql=sql, dataset=table, dialect=DIALECTS.get(scheme, ""), made=made)
    elif job in entry.readers:
        yield replace(who, reads=known.reads.get(job), reading=known.readings.get(job), made=made)


def _known(index: Index, entry: DatasetEntry, made: Outputs, edges: list[ColumnEdge], derived: bool) -> Known:
    jobs = sorted({*entry.readers, *entry.writers, *made.suites} - _observers(index, entry))
    ids = {facts.job_id(job): job for job in jobs}
    tier: dict[Job, str] = {}
    for at, kept in rows_in(index.db, MADE, ids):
        tier[ids[at]] = min(tier.get(ids[at], ""), kept or "", key=_rank)
    reads: dict[Job, set[str]] = {}
    for edge in edges:
        reads.setdefault(edge.job, set()).add(edge.origin_column)
    own = index.id_of(entry.dataset)
    checks = asked.checks(index, {own: index.contracts.get(entry.contract_id)}, ids, derived=derived)
    said = {(ids[row["subject"]], row["facet"]): row["value"] for row in rows_in(index.db, SAID, ids)}
    names = {(one.namespace, one.name) for one in values.dataset_names(index.db, names_of(index.db, own)).values()}
    return Known(
        jobs=tuple(jobs), said=said, tier=tier, checks={ids[job]: rules for (_, job), rules in checks.items()},
        reads={job: _leaves(paths) for job, paths in reads.items()},
        readings={
            job: Reading(way=way, says=says) for (job, facet), told in said.items() if facet == "reading"
            for namespace, name, way, says in json.loads(told) if (namespace, name) in names
        },
    )  # fmt: skip


def _leaves(paths: set[str]) -> frozenset[str] | None:
    """What is read by name; who names members of an object takes the others as they come. None for everything."""
    above = {path.rsplit(".", n)[0] for path in paths for n in range(1, path.count(".") + 1)}
    return None if EVERY in paths else frozenset(paths - above)


def _rank(tier: str) -> int:
    return TIERS.index(tier) if tier in TIERS else len(TIERS)


def _targets(
    source: DatasetEntry, edges: list[ColumnEdge], targets: Mapping[Dataset, DatasetEntry], made: Outputs, known: Known
) -> Iterator[Consumer]:
    """The tables and reports that its columns are copied or computed into: as they are, they meet new values.

    What reaches them through jobs that say how they read, reaches them so.
    """
    into: dict[Dataset, set[str]] = {}
    for edge in edges:
        if edge.type == "DIRECT" and edge.target != source.dataset:
            into.setdefault(edge.target, set()).add(edge.origin_column)
    for at, entry in targets.items():
        if at in into and entry.kind not in PASSING:
            reading = _through(made.makers.get(at, frozenset()), known)
            yield replace(_stored(entry), reads=_leaves(into[at]), reading=reading, made=made.kept.get(at, ()))


def _through(jobs: frozenset[Job], known: Known) -> Reading | None:
    """How values come through jobs; None when one of them says nothing, or several say different things."""
    ways = {known.readings.get(job) for job in jobs}
    found = ways.pop() if len(ways) == 1 else None
    return replace(found, by=" and ".join(sorted(map(short, jobs)))) if found else None
