"""The door of the index: open it, add events, ask it. Answers are the frozen values of catalog.entry."""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from catalog import event
from catalog.contract import Contract, load_all
from catalog.dataset import Dataset
from catalog.entry import (
    CheckEntry,
    Completeness,
    DatasetEntry,
    Job,
    JobEntry,
    Node,
    Origin,
    Point,
    RunEntry,
)
from catalog.errors import Ambiguous, NotFound
from catalog.index import facts, fold, standing, store, values

OFFERED = 12
"""So many names at most are offered when a word is ambiguous or unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of offered documents."""

    new: int
    repeated: int
    unusable: int


class Index:
    """One index file; a context manager. Several may read while one writes; readers see the state before."""

    def __init__(self, db: sqlite3.Connection, contracts: Mapping[str, Contract], path: Path | None = None) -> None:
        self.db = db
        self.contracts = contracts
        self.path = path

    @classmethod
    def open(cls, path: Path | str, contracts: Mapping[str, Contract] | None = None) -> "Index":
        """The index at `path`, made when there is none; `:memory:` for one that is not kept.

        Contracts that differ from those of the last time are taken over at once.
        """
        known = load_all() if contracts is None else contracts
        index = cls(store.connect(path), known, None if path == ":memory:" else Path(path))
        if fold.outdated(index.db, known):
            with store.writing(index.db):
                index.renew()
        return index

    def __enter__(self) -> "Index":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self.db.close()

    @property
    def generation(self) -> int:
        """A number that grows with every change: what was computed from the index holds while it stays."""
        return int(store.recall(self.db, "generation") or 0)

    def completeness(self, jobs: Iterable[Job] | None = None) -> Completeness:
        """How far answers can be trusted; with `jobs`, stale producers among those only."""
        return standing.completeness(self.db, None if jobs is None else {facts.job_id(job) for job in jobs})

    def add(self, documents: Iterable[Mapping[str, Any]]) -> Added:
        """Take in event documents in any order, repeats included; everything derived follows, in one transaction."""
        with store.writing(self.db):
            return self.take(event.read(document) for document in documents)

    def take(self, read: Iterable[event.Event | event.Unusable]) -> Added:
        """As `add`, of events that have been read, within a transaction of the caller."""
        told = list(read)
        events = [one for one in told if isinstance(one, event.Event)]
        unusable = [one for one in told if isinstance(one, event.Unusable)]
        new = facts.unknown(self.db, events)
        if new or unusable:
            fold.fold(self.db, new, unusable, self.contracts)
        return Added(new=len(new), repeated=len(events) - len(new), unusable=len(unusable))

    def renew(self) -> None:
        """Derive anew what depends on the contracts, within a transaction of the caller."""
        fold.renew(self.db, self.contracts)

    def find(self, text: str) -> Node:
        """The dataset or job of this name: contract id, `namespace/name`, full name, or short name.

        Raises:
            NotFound: nothing is called so.
            Ambiguous: several things are; the error names them.
        """
        for found in values.named(self.db, text.strip()):
            if len(found) == 1:
                return found[0]
            if found:
                raise Ambiguous(text, tuple(str(node) for node in found[:OFFERED]))
        raise NotFound(text, values.alike(self.db, text, OFFERED))

    def datasets(self) -> tuple[DatasetEntry, ...]:
        """Every dataset by name, without columns, readers, writers and differences' detail of columns."""
        rows = self.db.execute("SELECT * FROM dataset ORDER BY namespace, name")
        ends = values.ends(self.db)
        return tuple(values.dataset(one, ends=ends.get(one["id"], ((), ()))) for one in rows)

    def dataset(self, dataset: Dataset) -> DatasetEntry:
        """One dataset with its columns; an alias gives the dataset behind it.

        Raises:
            NotFound: no event and no contract tells of it.
        """
        at = self.id_of(dataset)
        found = self.db.execute("SELECT * FROM dataset WHERE id = ?", (at,)).fetchone()
        if found is None:
            raise NotFound(str(dataset), values.alike(self.db, dataset.name, OFFERED))
        ends = values.ends(self.db, at).get(at, ((), ()))
        return values.dataset(found, ends=ends, columns=values.columns(self.db, found, self.contracts))

    def facet(self, dataset: Dataset, key: str) -> tuple[Mapping[str, Any], Origin] | None:
        """The newest drift (`catalog.wire.SCHEMA_DRIFT`) or baseline (`SCHEMA_BASELINE:name`), and who told it.

        None when nobody has told one.
        """
        return values.compared(self.db, fold.names_of(self.db, self.id_of(dataset)), key)

    def drifts(self) -> dict[Dataset, Mapping[str, Any]]:
        """The newest drift of each dataset that was compared with a baseline, by name; `open` may be empty."""
        return values.drifts(self.db)

    def jobs(self) -> tuple[JobEntry, ...]:
        """Every job by name."""
        return values.jobs(self.db, None)

    def job(self, job: Job) -> JobEntry:
        """One job.

        Raises:
            NotFound: no event tells of it.
        """
        found = values.jobs(self.db, facts.job_id(job))
        if not found:
            raise NotFound(str(job), values.alike(self.db, job.name, OFFERED))
        return found[0]

    def runs(self, job: Job | None = None, *, limit: int = 50) -> tuple[RunEntry, ...]:
        """The last runs, of one job or of all, newest first."""
        where, at = ("WHERE r.job = ?", [facts.job_id(job)]) if job else ("", [])
        return values.runs(self.db, f"{where} ORDER BY r.first DESC, r.id DESC LIMIT ?", (*at, limit))

    def run(self, run_id: str) -> RunEntry:
        """One run.

        Raises:
            NotFound: no event tells of it.
        """
        found = values.runs(self.db, "WHERE r.id = ?", (facts.run_id(run_id),))
        if not found:
            raise NotFound(run_id, ())
        return found[0]

    def children(self, run_id: str) -> tuple[RunEntry, ...]:
        """The runs that a run caused, oldest first: a DAG run's tasks, a task's steps."""
        return values.runs(self.db, "WHERE r.parent = ? ORDER BY r.first, r.id", (facts.run_id(run_id),))

    def checks(self, dataset: Dataset | None = None) -> tuple[CheckEntry, ...]:
        """The checks of one dataset or of all, failing ones first; former ones last."""
        names = None if dataset is None else fold.names_of(self.db, self.id_of(dataset))
        return values.checks(self.db, names)

    def metrics(self, dataset: Dataset) -> tuple[tuple[str | None, str], ...]:
        """(column, metric) of every series of a dataset; column None for figures of the dataset."""
        return values.metrics(self.db, fold.names_of(self.db, self.id_of(dataset)))

    def series(self, dataset: Dataset, column: str | None, metric: str, *, job: Job | None = None) -> tuple[Point, ...]:
        """One point per run, oldest first; with `job`, as that job measured it.

        `row_count`, `bytes` and `file_count` are what was written (outputStatistics) where anyone told it, else what
        was counted (dataQualityMetrics). Steps are heard only where no task measured.
        """
        names = fold.names_of(self.db, self.id_of(dataset))
        return values.series(self.db, names, column, metric, None if job is None else facts.job_id(job))

    def id_of(self, dataset: Dataset) -> int:
        """The number of a dataset, through its aliases."""
        at = facts.dataset_id(dataset)
        found = self.db.execute("SELECT dataset FROM alias WHERE alias = ?", (at,)).fetchone()
        return int(found[0]) if found else at
