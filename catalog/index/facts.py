"""Events into the tables of facts, and into the sums of facts that need no second look.

Every statement gives the same whatever the order and however often an event comes: rows are keyed by what they say,
sums keep the later (or earlier) of two.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from catalog.dataset import Dataset
from catalog.entry import FAILED, Job
from catalog.event import Event, Told, Unusable, identify
from catalog.facet import Content, Result
from catalog.index.store import insert, rows_in

FLOW = """INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
  first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen),
  last_done = nullif(max(coalesce(last_done, -1), coalesce(excluded.last_done, -1)), -1)"""
MAPPING = (
    "INSERT INTO mapping VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)"
)
LATEST = """INSERT INTO latest VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
  time = excluded.time, event = excluded.event, value = excluded.value
  WHERE (excluded.time, excluded.event, excluded.value) > (time, event, value)"""
CLAIM = """INSERT INTO claim VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET time = excluded.time, event = excluded.event
  WHERE (excluded.time, excluded.event) > (time, event)"""


def dataset_id(dataset: Dataset) -> int:
    """The number of a dataset's name."""
    return identify("dataset", dataset.namespace, dataset.name)


def job_id(job: Job) -> int:
    """The number of a job's name."""
    return identify("job", job.namespace, job.name)


def run_id(run: str) -> int:
    """The number of a run's id."""
    return identify("run", run)


@dataclass(slots=True)
class Batch:
    """Rows to be written, gathered over many events so that each table is written once."""

    rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    flows: dict[tuple[int, int, str], tuple[int, int, int | None]] = field(default_factory=dict)
    mappings: dict[tuple[int, int, int], int] = field(default_factory=dict)
    said: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    claims: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    contents: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    names: dict[str, dict[int, tuple[Any, ...]]] = field(default_factory=dict)
    lineages: dict[int, str] = field(default_factory=dict)

    def add(self, table: str, *row: Any) -> None:
        """One row for a table."""
        self.rows.setdefault(table, []).append(row)

    def content(self, found: Content | None) -> int | None:
        """The number of a content, which will be kept."""
        if found is None:
            return None
        self.contents[found.id] = found.body
        return found.id

    def name(self, table: str, at: int, *words: Any) -> int:
        """What is behind a number, which it gives back."""
        self.names.setdefault(table, {})[at] = words
        return at

    def note(self, subject: int, event: Event, told: Content | None) -> None:
        """What the event says of a subject: of each facet the latest telling holds."""
        if told is not None:
            self.notes[told.id] = told.body
            key, now = (subject, told.id), (event.time, event.id)
            if now > self.said.get(key, (-1, -1)):
                self.said[key] = now


def unknown(db: sqlite3.Connection, events: Iterable[Event]) -> list[Event]:
    """The events that the index does not hold yet, each once, oldest first."""
    offered = {event.id: event for event in events}
    known = {row[0] for row in rows_in(db, "SELECT id FROM event WHERE id IN ({ids})", offered)}
    return sorted((event for at, event in offered.items() if at not in known), key=lambda event: (event.time, event.id))


def file(db: sqlite3.Connection, events: Iterable[Event], unusable: Iterable[Unusable]) -> None:
    """Write what the events tell; within a transaction."""
    batch = Batch()
    for event in events:
        _event(batch, event)
    for one in unusable:
        batch.add("unusable", one.id, one.reason)
    _write(db, batch)


def _event(batch: Batch, event: Event) -> None:
    job = batch.name("job_name", job_id(event.job), event.job.namespace, event.job.name)
    run = batch.name("run_name", run_id(event.run), event.run)
    above: dict[str, int] = {}
    for what, ancestor in (("parent", event.parent), ("root", event.root)):
        if ancestor:
            above[what] = batch.name("run_name", run_id(ancestor[0]), ancestor[0])
            task = ancestor[1]
            above[f"{what}_job"] = batch.name("job_name", job_id(task), task.namespace, task.name)
    batch.add(
        "event", event.id, event.time, event.type, run, job, above.get("parent"), above.get("parent_job"),
        above.get("root"), event.nominal, event.error, *event.counts, event.revision,
        bool(event.told),
    )  # fmt: skip
    batch.note(job, event, event.said)
    batch.note(run, event, event.about)
    for told in event.told:
        _told(batch, event, told, job, run)
    for problem in event.problems:
        batch.add("unusable", event.id, problem)


def observed(event: Event, told: Told) -> int:
    """How much the event knows of the dataset's schema: 0 nothing, 1 it goes on, 2 it ended; -1 of drift, see below.

    A start tells what is planned. A failure tells it too, unless it brings figures or checks of this dataset: then it
    was there and looked. Who tells drift or a baseline has looked at the record, not at the data.
    """
    evidence = bool(told.results or told.measures) or (told.rows, told.size, told.files) != (None, None, None)
    if told.compared:
        return -1
    if event.type == "START" or (event.type in FAILED and not evidence):
        return 0
    return 2 if event.type in ("COMPLETE", *FAILED) or event.streaming else 1


def _told(batch: Batch, event: Event, told: Told, job: int, run: int) -> None:
    dataset = _named(batch, told.dataset)
    previous = _named(batch, told.previous) if told.previous else None
    batch.add(
        "told", dataset, event.time, event.id, told.side, job, run, observed(event, told),
        batch.content(told.schema), told.knows, told.lineage.id if told.lineage else None, batch.content(told.said),
        told.lifecycle, previous, told.rows, told.size, told.files,
    )  # fmt: skip
    batch.note(dataset, event, told.said)
    batch.note(dataset, event, told.compared)
    if not told.compared:
        _sums(batch, event, told, job, dataset)
    for result in told.results:
        _result(batch, event, result, dataset, job, run)
    if told.measures:
        figures = orjson.dumps([(one.column, one.metric, one.value) for one in told.measures]).decode()
        batch.add("figures", event.id, dataset, told.side, event.time, figures)


def _named(batch: Batch, dataset: Dataset) -> int:
    return batch.name("dataset_name", dataset_id(dataset), dataset.namespace, dataset.name)


def _sums(batch: Batch, event: Event, told: Told, job: int, dataset: int) -> None:
    done = event.time if event.type == "COMPLETE" or (event.streaming and event.type == "RUNNING") else None
    first, last, last_done = batch.flows.get((job, dataset, told.side), (event.time, event.time, None))
    later = done if last_done is None or (done is not None and done > last_done) else last_done
    batch.flows[job, dataset, told.side] = (min(first, event.time), max(last, event.time), later)
    if told.lineage:
        key = (job, dataset, told.lineage.id)
        batch.mappings[key] = max(event.time, batch.mappings.get(key, 0))
        batch.lineages[told.lineage.id] = told.lineage.body
    for alias in told.aliases:
        other = _named(batch, alias)
        batch.claims[other, dataset] = max((event.time, event.id), batch.claims.get((other, dataset), (0, 0)))


def _result(batch: Batch, event: Event, result: Result, dataset: int, job: int, run: int) -> None:
    params = orjson.dumps(dict(result.params)).decode()
    check = identify("check", str(dataset), result.name, result.column or "", params)
    batch.name("expectation", check, dataset, result.name, result.column, params)
    body = orjson.dumps([result.expected, result.actual]).decode()
    words = identify("words", body)
    batch.contents[words] = body
    batch.add("result", check, event.time, event.id, run, job, result.success, result.severity, words)


def _write(db: sqlite3.Connection, batch: Batch) -> None:
    insert(db, "content", list(batch.contents.items()))
    for table, names in batch.names.items():
        insert(db, table, [(at, *words) for at, words in names.items()])
    for table, rows in batch.rows.items():
        insert(db, table, rows)
    db.executemany(FLOW, [(*key, *seen) for key, seen in batch.flows.items()])
    db.executemany(MAPPING, [(*key, seen) for key, seen in batch.mappings.items()])
    db.executemany(LATEST, list(_latest(batch)))
    db.executemany(CLAIM, [(*key, *told) for key, told in batch.claims.items()])
    _sources(db, batch.lineages)


def _latest(batch: Batch) -> Iterator[tuple[Any, ...]]:
    for (subject, said), now in batch.said.items():
        for facet, value in orjson.loads(batch.notes[said]).items():
            yield subject, facet, *now, value if isinstance(value, str) else orjson.dumps(value).decode()


def _sources(db: sqlite3.Connection, lineages: dict[int, str]) -> None:
    known = {row[0] for row in rows_in(db, "SELECT lineage FROM column_source WHERE lineage IN ({ids})", lineages)}
    names: dict[int, tuple[str, str]] = {}
    rows = []
    for lineage, body in lineages.items():
        if lineage not in known:
            for namespace, name, column, target, kind, subtype, description, masking in orjson.loads(body):
                origin = dataset_id(Dataset(namespace, name))
                names[origin] = (namespace, name)
                rows.append((lineage, target, origin, column, kind, subtype, description, masking))
    insert(db, "dataset_name", [(at, *words) for at, words in names.items()])
    insert(db, "column_source", rows)
