"""The edges of the record in memory, as numbers, for walks: read once per state of the index.

Reading 100,000 edges takes a tenth of a second, walking them less; so they are kept for as long as nothing changes.
"""

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from catalog.index.store import recall

EVERY = "*"
"""As a column: the whole dataset."""
Cell = tuple[int, str]
T = TypeVar("T")
FLOWS = """SELECT f.job, j.task, f.side, coalesce(a.dataset, f.dataset) AS dataset, f.last_seen,
  f.last_seen >= j.begin AS current FROM flow f JOIN job j ON j.id = f.job LEFT JOIN alias a ON a.alias = f.dataset"""
PRESENT = """(f.last_seen >= j.begin AND (m.last_seen >= j.begin OR m.last_seen =
  (SELECT max(o.last_seen) FROM mapping o WHERE o.job = m.job AND o.dataset = m.dataset)))"""
"""Whether a mapping holds: its edge is current, and nothing else was told of its target since."""
CELLS = f"""SELECT DISTINCT coalesce(b.dataset, s.origin), s.origin_column, coalesce(a.dataset, m.dataset),
  s.target_column FROM mapping m JOIN job j ON j.id = m.job
  JOIN flow f ON f.job = m.job AND f.dataset = m.dataset AND f.side = 'out'
  JOIN column_source s ON s.lineage = m.lineage LEFT JOIN alias a ON a.alias = m.dataset
  LEFT JOIN alias b ON b.alias = s.origin WHERE {PRESENT}"""
_held: dict[tuple[Any, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class Flows:
    """Edges between datasets and jobs; `seen`: when each was told last, and whether it is current."""

    after: dict[int, list[int]]
    before: dict[int, list[int]]
    seen: dict[tuple[int, int], tuple[int, bool]]
    jobs: frozenset[int]


@dataclass(frozen=True, slots=True)
class Cells:
    """Present edges between columns; `of`: the columns of each dataset that have any."""

    after: dict[Cell, list[Cell]]
    before: dict[Cell, list[Cell]]
    of: dict[int, set[str]]

    def onwards(self, cell: Cell) -> Iterable[Cell]:
        """What a column feeds; the whole dataset feeds what any of its columns does."""
        if cell[1] != EVERY:
            return self.after.get(cell, ())
        return [to for column in self.of.get(cell[0], ()) for to in self.after.get((cell[0], column), ())]

    def out_of(self, cell: Cell) -> Iterable[tuple[Cell, Cell]]:
        """The edges by which a column, or any column of the whole dataset, feeds others."""
        starts = [cell] if cell[1] != EVERY else [(cell[0], column) for column in self.of.get(cell[0], ())]
        return ((start, to) for start in starts for to in self.after.get(start, ()))

    def into(self, cell: Cell) -> Iterable[tuple[Cell, Cell]]:
        """The edges that feed a column, or its whole dataset."""
        ends = [cell] if cell[1] == EVERY else [cell, (cell[0], EVERY)]
        return ((origin, end) for end in ends for origin in self.before.get(end, ()))


def flows(db: sqlite3.Connection, *, steps: bool) -> Flows:
    """All edges; steps drawn as the tasks that caused them unless `steps`."""
    return _keep(db, ("flows", steps), lambda: _flows(db, "job" if steps else "task"))


def cells(db: sqlite3.Connection) -> Cells:
    """All present edges between columns."""
    return _keep(db, ("cells",), lambda: _cells(db))


def _keep(db: sqlite3.Connection, what: tuple[Any, ...], make: Callable[[], T]) -> T:
    """The value of this state of this index; those of older states are let go."""
    state = (recall(db, "identity"), recall(db, "generation"))
    key = (state[0], *what)
    held = _held.get(key)
    if held is None or held[0] != state:
        _held[key] = held = (state, make())
    found: T = held[1]
    return found


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


def _cells(db: sqlite3.Connection) -> Cells:
    after: dict[Cell, list[Cell]] = {}
    before: dict[Cell, list[Cell]] = {}
    of: dict[int, set[str]] = {}
    for origin, column, target, fed in db.execute(CELLS):
        after.setdefault((origin, column), []).append((target, fed))
        before.setdefault((target, fed), []).append((origin, column))
        of.setdefault(origin, set()).add(column)
        of.setdefault(target, set()).add(fed)
    return Cells(after, before, of)
