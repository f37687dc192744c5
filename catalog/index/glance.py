"""The whole record in one look: what first pages and drawings need of everything, by a few queries, without entries."""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from catalog.dataset import Dataset
from catalog.entry import BLOCKING, FAILED, CheckEntry, Freshness, Health, Job, Role
from catalog.event import EPOCH, MICROSECOND, moment
from catalog.index.values import when

if TYPE_CHECKING:
    from catalog.index.read import Index

_DATASETS = """SELECT namespace, name, kind, contract, title, description, owner, health, freshness, reads_30d,
  last_written, vanished, drifted, drift FROM dataset ORDER BY namespace, name"""
_JOBS = """SELECT n.namespace, n.name, j.role, p.namespace AS parent_namespace, p.name AS parent_name, r.state,
  r.started, r.ended FROM job j JOIN job_name n ON n.id = j.id LEFT JOIN job_name p ON p.id = j.parent
  LEFT JOIN run r ON r.id = j.last_run {} ORDER BY n.namespace, n.name"""
_FLOWS = """SELECT j.task, coalesce(a.dataset, f.dataset), f.side FROM flow f JOIN job j ON j.id = f.job
  LEFT JOIN alias a ON a.alias = f.dataset WHERE f.last_seen >= j.begin"""
_FAILING = f"""SELECT d.namespace, d.name, count(*) AS checks, max(r.severity IN {BLOCKING}) AS worst FROM verdict v
  JOIN expectation x ON x.id = v.expectation
  JOIN result r ON r.expectation = x.id AND r.time = v.time AND r.event = v.event
  LEFT JOIN alias a ON a.alias = x.dataset JOIN dataset_name d ON d.id = coalesce(a.dataset, x.dataset)
  WHERE v.current AND NOT r.success GROUP BY 1, 2 ORDER BY worst DESC, 1, 2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetMark:
    """How one dataset stands."""

    kind: str
    contract: str | None
    title: str
    description: str
    owner: str | None
    health: Health
    freshness: Freshness
    reads_30d: int
    last_written: datetime | None
    drifted: bool
    """Not as its contract promises, or not as somebody accepted it."""
    drift: str | None
    """The worst verdict of open drift; "" when none is open, None when nobody looked."""
    vanished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMark:
    """How one job stands: the end of its last run."""

    role: Role
    parent: Job | None
    state: str
    """Of the last run; "" when it never ran."""
    started: datetime | None
    ended: datetime | None

    @property
    def failed(self) -> bool:
        """Whether the last run did."""
        return self.state in FAILED


def datasets(index: "Index") -> Mapping[Dataset, DatasetMark]:
    """Every dataset by name."""
    return {
        Dataset(row["namespace"], row["name"]): DatasetMark(
            kind=row["kind"], contract=row["contract"], title=row["title"], description=row["description"],
            owner=row["owner"], health=cast(Health, row["health"]), freshness=cast(Freshness, row["freshness"]),
            reads_30d=row["reads_30d"], last_written=when(row["last_written"]),
            drifted=bool(row["drifted"]), drift=row["drift"], vanished=bool(row["vanished"]),
        )
        for row in index.db.execute(_DATASETS)
    }  # fmt: skip


def jobs(index: "Index") -> Mapping[Job, JobMark]:
    """Every job by name."""
    return {Job(row["namespace"], row["name"]): _job(row) for row in index.db.execute(_JOBS.format(""))}


def broken(index: "Index") -> tuple[int, tuple[tuple[Job, JobMark], ...]]:
    """How many jobs there are, and those whose last run failed."""
    rows = index.db.execute(_JOBS.format(f"WHERE r.state IN {FAILED}"))
    count = index.db.execute("SELECT count(*) FROM job").fetchone()[0]
    return count, tuple((Job(row["namespace"], row["name"]), _job(row)) for row in rows)


def _job(row: sqlite3.Row) -> JobMark:
    return JobMark(
        role=cast(Role, row["role"]), state=row["state"] or "",
        started=when(row["started"]), ended=when(row["ended"]),
        parent=Job(row["parent_namespace"], row["parent_name"]) if row["parent_name"] else None,
    )  # fmt: skip


def ends(index: "Index") -> frozenset[Dataset]:
    """Datasets that somebody writes and of which no job makes another: where the ways of the data end."""
    read: dict[int, set[int]] = defaultdict(set)
    written: dict[int, set[int]] = defaultdict(set)
    for job, dataset, side in index.db.execute(_FLOWS):
        (written if side == "out" else read)[job].add(dataset)
    passed = {one for job, inputs in read.items() for one in inputs if written.get(job, set()) - {one}}
    last = {one for outputs in written.values() for one in outputs} - passed
    rows = index.db.execute("SELECT id, namespace, name FROM dataset WHERE NOT vanished")
    return frozenset(Dataset(row["namespace"], row["name"]) for row in rows if row["id"] in last)


def failing(index: "Index", *, most: int) -> tuple[int, tuple[CheckEntry, ...]]:
    """How many checks fail now, and so many of them, those of the worst datasets first."""
    rows = index.db.execute(_FAILING).fetchall()
    found: list[CheckEntry] = []
    for row in rows:
        if len(found) >= most:
            break
        checks = index.checks(Dataset(row["namespace"], row["name"]))
        found += [check for check in checks if check.current and not check.success]
    return sum(row["checks"] for row in rows), tuple(found[:most])


def changed(index: "Index", *, since: datetime, most: int) -> tuple[int, datetime]:
    """How much changed since a time, and since when the newest so many did: what to ask the history for."""
    begin = (since - EPOCH) // MICROSECOND
    count = index.db.execute("SELECT count(*) FROM change WHERE time >= ?", (begin,)).fetchone()[0]
    nth = index.db.execute(
        "SELECT time FROM change WHERE time >= ? ORDER BY time DESC LIMIT 1 OFFSET ?", (begin, most - 1)
    )
    row = nth.fetchone()
    return count, moment(row["time"]) if row else since
