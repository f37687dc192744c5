"""The edges of the record in memory, as numbers, for walks: read once per state of the index.

Reading 100,000 edges takes a second, walking them a hundredth; so they are kept for as long as nothing changes.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.dataset import Dataset
from catalog.entry import CheckEntry, Job
from catalog.event import DAY
from catalog.index import values
from catalog.index.store import hold

EVERY = "*"
"""As a column: the whole dataset."""
Cell = tuple[int, str]
FLOWS = """SELECT f.job, j.task, f.side, coalesce(a.dataset, f.dataset) AS dataset, f.last_seen,
  f.last_seen >= j.begin AS current FROM flow f JOIN job j ON j.id = f.job LEFT JOIN alias a ON a.alias = f.dataset"""
PRESENT = """(f.last_seen >= j.begin AND (m.last_seen >= j.begin OR m.last_seen =
  (SELECT max(o.last_seen) FROM mapping o WHERE o.job = m.job AND o.dataset = m.dataset)))"""
"""Whether a mapping holds: its edge is current, and nothing else was told of its target since."""
MAPPED = f"""SELECT DISTINCT m.lineage, coalesce(a.dataset, m.dataset) FROM mapping m JOIN job j ON j.id = m.job
  JOIN flow f ON f.job = m.job AND f.dataset = m.dataset AND f.side = 'out'
  LEFT JOIN alias a ON a.alias = m.dataset WHERE {PRESENT}"""
ALIASES = "SELECT alias, dataset FROM alias"
SOURCES = "SELECT lineage, target_column, origin, origin_column FROM column_source"
OWNERS = """SELECT id, owner FROM dataset WHERE owner IS NOT NULL UNION ALL
  SELECT subject, value FROM latest WHERE facet = 'owner' AND subject IN (SELECT id FROM job)"""
RUNS = f"SELECT job, count(*) FROM run WHERE first > (SELECT max(time) FROM event) - {DAY} GROUP BY job"


@dataclass(frozen=True, slots=True)
class Flows:
    """Edges between datasets and jobs; `seen`: when each was told last, and whether it is current."""

    after: dict[int, list[int]]
    before: dict[int, list[int]]
    seen: dict[tuple[int, int], tuple[int, bool]]
    jobs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Cells:
    """Present edges between columns, which are numbered in the order of their names; `of`: those of each dataset."""

    cells: list[Cell]
    number: dict[Cell, int]
    after: list[list[int]]
    before: list[list[int]]
    of: dict[int, list[int]]

    def exactly(self, dataset: int, column: str) -> list[int]:
        """A column, or `*` itself; nothing when no edge names it."""
        return [self.number[dataset, column]] if (dataset, column) in self.number else []

    def starts(self, dataset: int, column: str) -> list[int]:
        """A column, or every one of the whole dataset."""
        return self.of.get(dataset, []) if column == EVERY else self.exactly(dataset, column)

    def onwards(self, at: int) -> Iterable[int]:
        """What a column feeds; the whole dataset feeds what any of its columns does."""
        if self.cells[at][1] != EVERY:
            return self.after[at]
        return [to for start in self.starts(*self.cells[at]) for to in self.after[start]]

    def out_of(self, at: int) -> Iterable[tuple[int, int]]:
        """The edges by which a column, or any column of the whole dataset, feeds others."""
        return ((start, to) for start in self.starts(*self.cells[at]) for to in self.after[start])

    def into(self, at: int) -> Iterable[tuple[int, int]]:
        """The edges that feed a column, or its whole dataset."""
        every = self.number.get((self.cells[at][0], EVERY), at)
        return ((origin, end) for end in dict.fromkeys((at, every)) for origin in self.before[end])


@dataclass(frozen=True, slots=True)
class Book:
    """What is told of where walks lead: names in order, owners, runs of the record's last day, current checks."""

    datasets: dict[int, Dataset]
    jobs: dict[int, Job]
    rank: dict[int, int]
    owners: dict[int, str]
    runs: dict[int, int]
    checks: list[tuple[int, CheckEntry]]


def flows(db: sqlite3.Connection, *, steps: bool) -> Flows:
    """All edges; steps drawn as the tasks that caused them unless `steps`."""
    return hold(db, ("flows", steps), lambda: _flows(db, "job" if steps else "task"))


def cells(db: sqlite3.Connection) -> Cells:
    """All present edges between columns; what a lineage says never changes, so they hold while the same ones do."""
    told = hold(db, ("told",), lambda: tuple(frozenset(map(tuple, db.execute(sql))) for sql in (MAPPED, ALIASES)))
    return hold(db, ("cells",), lambda: _cells(db, *told), told)


def book(db: sqlite3.Connection) -> Book:
    """The names and standings of everything."""
    return hold(db, ("book",), lambda: _book(db))


def _flows(db: sqlite3.Connection, job: str) -> Flows:
    seen: dict[tuple[int, int], tuple[int, bool]] = {}
    jobs = set()
    for row in db.execute(FLOWS):
        jobs.add(row[job])
        key = (row["dataset"], row[job]) if row["side"] == "in" else (row[job], row["dataset"])
        at, current = seen.get(key, (0, False))
        seen[key] = (max(at, row["last_seen"]), current or bool(row["current"]))
    after: dict[int, list[int]] = {}
    before: dict[int, list[int]] = {}
    for origin, target in seen:
        after.setdefault(origin, []).append(target)
        before.setdefault(target, []).append(origin)
    return Flows(after, before, seen, frozenset(jobs))


def _cells(db: sqlite3.Connection, mapped: Iterable[tuple[int, int]], aliases: Iterable[tuple[int, int]]) -> Cells:
    targets: dict[int, list[int]] = {}
    behind = dict(aliases)
    for lineage, target in mapped:
        targets.setdefault(lineage, []).append(target)
    edges = {
        ((behind.get(origin, origin), column), (target, fed))
        for lineage, fed, origin, column in db.execute(SOURCES)
        for target in targets.get(lineage, ())
    }
    rank = {at: n for n, at in enumerate(values.dataset_names(db))}
    cells = sorted({cell for edge in edges for cell in edge}, key=lambda cell: (rank[cell[0]], cell[1]))
    number = {cell: n for n, cell in enumerate(cells)}
    after: list[list[int]] = [[] for _ in cells]
    before: list[list[int]] = [[] for _ in cells]
    for origin, to in edges:
        after[number[origin]].append(number[to])
        before[number[to]].append(number[origin])
    of: dict[int, list[int]] = {}
    for n, (dataset, _) in enumerate(cells):
        of.setdefault(dataset, []).append(n)
    return Cells(cells, number, after, before, of)


def _book(db: sqlite3.Connection) -> Book:
    datasets, jobs = values.dataset_names(db), values.job_names(db)
    ids = {name: at for at, name in datasets.items()}
    return Book(
        datasets, jobs, {at: n for named in (datasets, jobs) for n, at in enumerate(named)},
        dict(map(tuple, db.execute(OWNERS))), dict(map(tuple, db.execute(RUNS))),
        [(ids[one.dataset], one) for one in values.checks(db, None, history=0) if one.current],
    )  # fmt: skip
