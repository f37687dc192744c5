"""Events into the index: facts first, then whatever follows from them for the runs, jobs and datasets that they touch.

Law (tests/catalog/test_index.py): the same set of events gives the same tables, in whatever order, batches and
repetitions they came.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from catalog.contract import Contract
from catalog.event import DAY, Event, Unusable
from catalog.index import ancestry, entries, facts, portrait, story
from catalog.index.portrait import Promises
from catalog.index.store import CHUNK, gather, insert, keep, recall, rows_in
from catalog.index.timeline import Word


@dataclass(slots=True)
class Touched:
    """What has to be derived anew: canonical datasets (True: something is told otherwise than before), jobs."""

    datasets: dict[int, bool] = field(default_factory=dict)
    jobs: set[int] = field(default_factory=set)

    def dataset(self, dataset: int, *, news: bool = False) -> None:
        """One more dataset."""
        self.datasets[dataset] = news or self.datasets.get(dataset, False)


def fold(
    db: sqlite3.Connection, events: list[Event], unusable: Iterable[Unusable], contracts: Mapping[str, Contract]
) -> None:
    """Everything that new events (`facts.unknown`) tell; within a transaction."""
    facts.file(db, events, unusable)
    touched = Touched()
    for dataset in _derive_aliases(db) if any(told.aliases for event in events for told in event.told) else ():
        touched.dataset(dataset, news=True)
    _derive_jobs(db, touched, {facts.run_id(event.run) for event in events})
    known = aliases(db)
    for dataset in story.news(db, [event.id for event in events]):
        touched.dataset(known.get(dataset, dataset), news=True)
    told = _told(events)
    sql = "SELECT id, first_seen FROM dataset WHERE id IN ({ids})"
    first = {row[0]: row[1] for row in rows_in(db, sql, {known.get(at, at) for at in told})}
    for at, time in told.items():
        begun = first.get(known.get(at, at))
        touched.dataset(known.get(at, at), news=begun is None or time <= begun)
    _derive_datasets(db, touched, Promises(contracts))


def outdated(db: sqlite3.Connection, contracts: Mapping[str, Contract]) -> bool:
    """Whether the index was derived with other contracts."""
    return recall(db, "contracts") != _digest(contracts)


def renew(db: sqlite3.Connection, contracts: Mapping[str, Contract]) -> None:
    """Derive all datasets anew with these contracts; within a transaction."""
    keep(db, "contracts", _digest(contracts))
    touched = Touched()
    for row in db.execute("SELECT id FROM dataset WHERE namespace <> ?", (portrait.UNSEEN,)).fetchall():
        touched.dataset(row[0])
    _derive_datasets(db, touched, Promises(contracts))


def _digest(contracts: Mapping[str, Contract]) -> str:
    return blake2b(repr(sorted(contracts.items())).encode(), digest_size=8).hexdigest()


def aliases(db: sqlite3.Connection) -> dict[int, int]:
    """The dataset behind each alias."""
    return {row[0]: row[1] for row in db.execute("SELECT alias, dataset FROM alias")}


def names_of(db: sqlite3.Connection, dataset: int) -> list[int]:
    """All names of a dataset, its own first."""
    return [
        dataset,
        *(row[0] for row in db.execute("SELECT alias FROM alias WHERE dataset = ? ORDER BY alias", (dataset,))),
    ]


def _told(events: Iterable[Event]) -> dict[int, int]:
    """The earliest time at which these events tell of each dataset."""
    found: dict[int, int] = {}
    for event in events:
        for told in event.told:
            at = facts.dataset_id(told.dataset)
            found[at] = min(event.time, found.get(at, event.time))
    return found


def _derive_aliases(db: sqlite3.Connection) -> set[int]:
    """An alias is the dataset that claimed it last (symlinks facet); gives back the datasets whose names changed."""
    claims: dict[int, int] = {}
    for row in db.execute("SELECT alias, dataset FROM claim ORDER BY time, event, dataset"):
        claims[row["alias"]] = row["dataset"]
    behind = {alias: _end(alias, claims) for alias in claims}
    wanted = {(alias, dataset) for alias, dataset in behind.items() if alias != dataset}
    there = {(row[0], row[1]) for row in db.execute("SELECT alias, dataset FROM alias")}
    db.executemany("DELETE FROM alias WHERE alias = ? AND dataset = ?", sorted(there - wanted))
    insert(db, "alias", sorted(wanted - there))
    return {dataset for pair in there ^ wanted for dataset in pair}


def _end(alias: int, claims: Mapping[int, int]) -> int:
    """Where a chain of aliases ends; the smallest number of a circle."""
    path = [alias]
    while path[-1] in claims:
        following = claims[path[-1]]
        if following in path:
            return min(path[path.index(following) :])
        path.append(following)
    return path[-1]


def _derive_jobs(db: sqlite3.Connection, touched: Touched, runs: set[int]) -> None:
    """Runs, jobs and roles; what was read through a run whose place or day changed is touched too."""
    sql = f"SELECT id, job, parent, first / {DAY} FROM run WHERE id IN ({{ids}})"
    before = {row["id"]: tuple(row) for row in rows_in(db, sql, runs)}
    ancestry.derive_runs(db, runs)
    moved = {row["id"] for row in rows_in(db, sql, runs) if tuple(row) != before.get(row["id"])}
    moved |= _below(db, moved)
    jobs = {row[0] for row in rows_in(db, "SELECT DISTINCT job FROM event WHERE run IN ({ids})", runs)}
    ancestry.derive_jobs(db, jobs)
    touched.jobs |= jobs
    changed = ancestry.derive_roles(db)
    touched.jobs |= changed
    known = aliases(db)
    for sql, ids in (
        ("SELECT DISTINCT t.dataset FROM event e JOIN told t ON t.event = e.id WHERE e.run IN ({ids})", moved),
        ("SELECT DISTINCT dataset FROM flow WHERE job IN ({ids})", changed),
    ):
        for row in rows_in(db, sql, ids):
            touched.dataset(known.get(row[0], row[0]))


def _below(db: sqlite3.Connection, runs: set[int]) -> set[int]:
    found: set[int] = set()
    layer = runs
    while layer:
        layer = {row[0] for row in rows_in(db, "SELECT id FROM run WHERE parent IN ({ids})", layer)} - found
        found |= layer
    return found


def _derive_datasets(db: sqlite3.Connection, touched: Touched, promises: Promises) -> None:
    known = aliases(db)
    names: dict[int, list[int]] = {}
    for alias in sorted(known):
        names.setdefault(known[alias], []).append(alias)
    wanted = [dataset for dataset in touched.datasets if dataset not in known]
    for dataset in touched.datasets.keys() & known.keys():
        _forget(db, dataset)
    for start in range(0, len(wanted), CHUNK):
        some = {dataset: [dataset, *names.get(dataset, ())] for dataset in wanted[start : start + CHUNK]}
        leads = _derive_stories(db, some, touched.datasets)
        entries.derive_datasets(db, portrait.derive(db, some, promises, leads))
    entries.derive_datasets(db, portrait.derive_unseen(db, promises))
    entries.derive_jobs(db, touched.jobs)
    portrait.refresh(db)
    entries.derive_owners(db)
    keep(db, "generation", str(int(recall(db, "generation") or 0) + 1))


def _derive_stories(
    db: sqlite3.Connection, names: Mapping[int, list[int]], news: Mapping[int, bool]
) -> dict[int, Word | None]:
    """The leading witness of each dataset, after what has news was told anew."""
    held = gather(db, "SELECT id, schema, knows, writer FROM dataset WHERE id IN ({ids})", {at: (at,) for at in names})
    leads = story.leaders(db, names)
    for dataset, lead in leads.items():
        told = (lead.content, lead.knows, lead.side == "out") if lead else (None, 0, False)
        if news[dataset] or not held[dataset] or tuple(held[dataset][0])[1:] != told:
            leads[dataset] = story.derive(db, dataset, names[dataset])
    return leads


def _forget(db: sqlite3.Connection, dataset: int) -> None:
    """A name that turned out to be an alias is no dataset of its own."""
    for table in ("since", "version", "change", "usage"):
        db.execute(f"DELETE FROM {table} WHERE dataset = ?", (dataset,))
    db.execute("DELETE FROM dataset WHERE id = ?", (dataset,))
    entries.derive_datasets(db, {dataset: None})
