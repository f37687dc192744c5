"""Who reads a dataset, as the record or the declarations tell, in the words that drift is judged in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from catalog import graph
from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.drift import Check, Consumer, suite
from catalog.drift.classify import Engine
from catalog.drift.shape import of_suite
from catalog.entry import Answer, ColumnEdge, DatasetEntry, Job, Node, short
from catalog.errors import Ambiguous, NotFound
from catalog.index import Index, facts, values
from catalog.index.adjacency import EVERY
from catalog.index.fold import names_of
from catalog.index.store import hold, rows_in

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
SEVERITY = {"error": "critical", "warn": "warning"}
"""Words of a suite for those of the assertions facet (1-1-0)."""
TIERS = ("gold", "silver", "bronze", "")
"""From the most important one."""
RECORD = "api.lineage_events"
"""Contract of the backend's record."""
CUT = "…"
"""The end of a parameter that was too long for the facet."""
SET, FIT = "expect_table_columns_to_match_set", "expect_text_to_fit"
NAMED = re.compile(
    r"""\b(?:from|join|into|using|update|table|copy|exists|only)\s+(?:["`\[]?\w+["`\]]?\.)*["`\[]?(\w+)""",
    re.IGNORECASE,
)
"""A table's last word, after the words that a table follows."""
SAID = "SELECT subject, facet, value FROM latest WHERE facet IN ('owner', 'sql') AND subject IN ({ids})"
MADE = """SELECT f.job, d.tier FROM flow f JOIN job j ON j.id = f.job AND f.last_seen >= j.begin
  LEFT JOIN alias a ON a.alias = f.dataset JOIN dataset d ON d.id = coalesce(a.dataset, f.dataset)
  WHERE f.side = 'out' AND f.job IN ({ids})"""
ASKED = """SELECT u.job, u.id AS run, x.name, x."column" AS path, x.params, r.severity FROM run u
  JOIN result r ON r.run = u.id JOIN expectation x ON x.id = r.expectation WHERE u.job IN ({ids}) AND u.id IN
  (SELECT v.id FROM run v WHERE v.job = u.job ORDER BY v.first DESC LIMIT 10) AND x.dataset IN (%s)
  ORDER BY u.first DESC"""
"""Checks of a dataset in the last runs of jobs, newest run first; several jobs may share a check."""


def consumers(index: Index, dataset: Dataset, *, derived: bool = True) -> Answer[tuple[Consumer, ...]]:
    """Everybody whom this dataset's shape affects at once, by name: itself as a table, who reads or checks it or writes
    it by statements that name it, and the tables and reports that its columns go into. Present edges only, steps as
    their tasks, one entry for each; who comes further down the stream is in `graph.impact`.

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
    found = (*_table(entry), *_jobs(index, entry, edges, derived), *_targets(index, entry, edges))
    completeness = index.completeness({*entry.readers, *entry.writers})
    return Answer(value=tuple(sorted(found, key=lambda one: (one.name, one.engine))), completeness=completeness)


def declared(
    contracts: Mapping[str, Contract],
    suites: Mapping[str, Mapping[str, Any]],
    statements: Mapping[str, str],
    contract_id: str,
) -> tuple[Consumer, ...]:
    """Who is known without a record: the dataset's own table, anybody who reads it by the contract as it was, the suite
    that the contract names, and the statements that name a table of the warehouse.

    `contracts` by id, `suites` (documents) by their name, `statements` (SQL, PostgreSQL's dialect) by what people call
    them. Who these are is not all: only a record knows the readers by name.
    """
    contract = contracts[contract_id]
    engine = ENGINES.get(contract.kind, "postgres")
    own = Consumer(name=contract.id, engine=engine, owner=contract.owner, tier=contract.tier)
    rules = suites.get(contract.suite or "")
    named = statements if contract.kind == "warehouse" else {}
    return (
        *([replace(own, direction="table")] if engine in STORES else ()),
        replace(own, name=f"readers of {contract.id}"),
        *([replace(own, name=str(contract.suite), engine="gx", checks=of_suite(rules))] if rules else ()),
        *(
            Consumer(name=name, engine="sql", sql=text, dataset=table, dialect="postgres")
            for name, text in sorted(named.items())
            if (table := called(text, contract.name))
        ),
    )


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
    """What is known of the jobs around a dataset, by their numbers."""

    said: Mapping[tuple[int, str], str]
    tier: Mapping[int, str]
    checks: Mapping[int, tuple[Check, ...]]
    reads: Mapping[Job, frozenset[str] | None]


def _jobs(index: Index, entry: DatasetEntry, edges: list[ColumnEdge], derived: bool) -> Iterator[Consumer]:
    """Readers, and writers whose statements name it."""
    jobs = sorted({*entry.readers, *entry.writers} - _observers(index, entry))
    known = _known(index, entry, jobs, edges, derived)
    for job in jobs:
        at = facts.job_id(job)
        who = Consumer(
            name=short(job), engine=_engine(entry), node=job, owner=known.said.get((at, "owner"), ""),
            tier=known.tier.get(at, ""), reads=known.reads.get(job),
        )  # fmt: skip
        sql, checks = known.said.get((at, "sql"), ""), known.checks.get(at)
        yield from _as_it_reads(who, entry, sql, checks, makes=at in known.tier)


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


def _as_it_reads(
    who: Consumer, entry: DatasetEntry, sql: str, checks: tuple[Check, ...] | None, *, makes: bool
) -> Iterator[Consumer]:
    """A job by what it does with the dataset: it names it in SQL, or reads it as its kind is read, or checks it.

    Who checks it and makes nothing reads it for that only.
    """
    if checks is not None:
        yield replace(who, engine="gx", checks=checks, reads=None)
    if checks is not None and not makes:
        return
    if entry.kind in QUERIED and (table := called(sql, short(entry.dataset).rpartition(".")[2])):
        scheme = entry.dataset.namespace.partition("://")[0]
        yield replace(who, engine="sql", sql=sql, dataset=table, dialect=DIALECTS.get(scheme, ""), reads=None)
    elif who.node in entry.readers:
        yield who


def _known(index: Index, entry: DatasetEntry, jobs: list[Job], edges: list[ColumnEdge], derived: bool) -> Known:
    ids = [facts.job_id(job) for job in jobs]
    tier: dict[int, str] = {}
    for job, made in rows_in(index.db, MADE, ids):
        tier[job] = min(tier.get(job, ""), made or "", key=_rank)
    reads: dict[Job, set[str]] = {}
    for edge in edges:
        reads.setdefault(edge.job, set()).add(edge.origin_column)
    return Known(
        said={(row["subject"], row["facet"]): row["value"] for row in rows_in(index.db, SAID, ids)},
        tier=tier, checks=_checks(index, entry, ids, derived),
        reads={job: _leaves(paths) for job, paths in reads.items()},
    )  # fmt: skip


def _checks(index: Index, entry: DatasetEntry, jobs: list[int], derived: bool) -> dict[int, tuple[Check, ...]]:
    """The rules by which each job checked the dataset in its newest run that did."""
    contract = index.contracts.get(entry.contract_id)
    names = names_of(index.db, index.id_of(entry.dataset))
    found: dict[int, tuple[int, list[Check]]] = {}
    for row in rows_in(index.db, ASKED.replace("%s", ",".join(map(str, names))), jobs):
        run, rules = found.setdefault(row["job"], (row["run"], []))
        params = json.loads(row["params"])
        if row["run"] == run and (derived or contract is None or "owner" in params):  # nobody owns what follows
            rules += _rules(row["name"], row["path"], row["severity"], params, contract)
    return {job: tuple(rules) for job, (_, rules) in found.items()}


def _leaves(paths: set[str]) -> frozenset[str] | None:
    """What is read by name; who names members of an object takes the others as they come. None for everything."""
    above = {path.rsplit(".", n)[0] for path in paths for n in range(1, path.count(".") + 1)}
    return None if EVERY in paths else frozenset(paths - above)


def _rank(tier: str) -> int:
    return TIERS.index(tier) if tier in TIERS else len(TIERS)


def _targets(index: Index, source: DatasetEntry, edges: list[ColumnEdge]) -> Iterator[Consumer]:
    """The tables and reports that its columns are copied or computed into: as they are, they meet new values."""
    into: dict[Dataset, set[str]] = {}
    for edge in edges:
        if edge.type == "DIRECT" and edge.target != source.dataset:
            into.setdefault(edge.target, set()).add(edge.origin_column)
    rows = rows_in(index.db, "SELECT * FROM dataset WHERE id IN ({ids})", map(facts.dataset_id, into))
    for entry in (values.dataset(row, ends=((), ())) for row in rows):
        if entry.kind not in PASSING:
            yield replace(_stored(entry), reads=_leaves(into[entry.dataset]))


def _rules(
    name: str, column: str | None, severity: str, params: Mapping[str, str], contract: Contract | None
) -> Iterator[Check]:
    """A check of the record as the rules it is made of.

    The record cuts long parameters; what such a rule asks is what the contract says, from which it was derived
    (lineage.expectations.schema).
    """
    kind, severity = name.partition("(")[0], SEVERITY.get(severity, severity)
    if contract and (derived := _derived(contract).get(kind)):
        yield from (replace(one, severity=severity) for one in derived)
        return
    told = {name: _value(text) for name, text in sorted(params.items()) if not text.endswith(CUT)}
    if contract and params.get("value_set", "").endswith(CUT):
        told["value_set"] = next((one.enum for path, one in contract.schema.walk() if path == column), ())
    yield Check(type=kind, column=column, kwargs=tuple(told.items()), severity=severity)


def _derived(contract: Contract) -> Mapping[str, tuple[Check, ...]]:
    """The rules on all columns at once that follow from a contract, by type; those on types and lengths as one each."""
    fields, names = contract.schema.fields, contract.schema.names()
    lengths = ((one.name, one.parameters[0]) for one in fields if one.base == "string" and one.parameters)
    return {
        SET: (Check(type=SET, kwargs=(("column_set", names), ("exact_match", False))),),
        suite.UNKNOWN: (Check(type=suite.UNKNOWN, kwargs=(("known", names),)),),
        suite.OF_CONTRACT: tuple(
            Check(type=suite.OF_CONTRACT, column=one.name, kwargs=(("type_", one.type),)) for one in fields
        ),
        FIT: tuple(Check(type=FIT, column=name, kwargs=(("max_value", most),)) for name, most in lengths),
    }


def _value(text: str) -> object:
    """A parameter as it was before it was written into the facet as text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return tuple(value) if isinstance(value, list) else value
