"""Rows of the index as the frozen values of catalog.entry."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

import orjson

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.entry import (
    CheckEntry,
    Column,
    DatasetEntry,
    Difference,
    Freshness,
    Health,
    Job,
    JobEntry,
    Node,
    Offsets,
    Origin,
    Point,
    Role,
    RunEntry,
)
from catalog.event import moment
from catalog.index import story
from catalog.index.columns import promised
from catalog.index.store import hold, recall, rows_in
from catalog.wire import SCHEMA_DRIFT

K = TypeVar("K")
Ends = tuple[tuple[Job, ...], tuple[Job, ...]]
Sides = Mapping[tuple[int, str], tuple[Dataset, ...]]
"""What a run or job reads (`in`) and writes (`out`), by its number."""
Rows = sqlite3.Row
RUNS = """SELECT r.*, rn.name, j.namespace, j.name AS job_name, pn.name AS parent_name,
  pj.namespace AS parent_namespace, pj.name AS parent_job_name
  FROM run r JOIN run_name rn ON rn.id = r.id JOIN job_name j ON j.id = r.job
  LEFT JOIN run_name pn ON pn.id = r.parent LEFT JOIN job_name pj ON pj.id = r.parent_job """
JOBS = """SELECT j.*, n.namespace, n.name, p.namespace AS parent_namespace, p.name AS parent_name FROM job j
  JOIN job_name n ON n.id = j.id LEFT JOIN job_name p ON p.id = j.parent """
TOUCHED = """SELECT DISTINCT e.run, t.side, d.namespace, d.name FROM event e JOIN told t ON t.event = e.id
  LEFT JOIN alias a ON a.alias = t.dataset JOIN dataset_name d ON d.id = coalesce(a.dataset, t.dataset)
  WHERE e.run IN ({ids})"""
MOVED = """SELECT f.job, f.side, d.namespace, d.name FROM flow f JOIN job j ON j.id = f.job AND f.last_seen >= j.begin
  LEFT JOIN alias a ON a.alias = f.dataset JOIN dataset_name d ON d.id = coalesce(a.dataset, f.dataset)
  WHERE f.job IN ({ids})"""
CHECKS = """SELECT x.id, x.name, x."column" AS path, x.params, v.since, v.current, r.time, r.success, r.severity,
  c.body, n.name AS run, j.namespace AS job_namespace, j.name AS job_name, d.namespace, d.name AS dataset_name
  FROM expectation x JOIN verdict v ON v.expectation = x.id
  JOIN result r ON r.expectation = x.id AND r.time = v.time AND r.event = v.event JOIN content c ON c.id = r.words
  JOIN run_name n ON n.id = r.run JOIN job_name j ON j.id = r.job
  LEFT JOIN alias a ON a.alias = x.dataset JOIN dataset_name d ON d.id = coalesce(a.dataset, x.dataset)"""
MEASURED = """SELECT p.*, e.run, e.job, n.name AS run_name, j.namespace, j.name, k.role
  FROM {table} p JOIN event e ON e.id = p.event JOIN run_name n ON n.id = e.run JOIN job_name j ON j.id = e.job
  JOIN job k ON k.id = e.job WHERE p.dataset IN ({{ids}}) ORDER BY p.time, p.event, p.side"""
DRIFTS = """SELECT d.namespace, d.name, l.value FROM latest l LEFT JOIN alias a ON a.alias = l.subject
  JOIN dataset d ON d.id = coalesce(a.dataset, l.subject) WHERE l.facet = ? ORDER BY l.time, l.event, l.value"""
HISTORY = 20
WRITTEN = {"row_count": "rows", "bytes": "size", "file_count": "files"}
"""What a run wrote, by what it would be called where it was counted."""
Series = dict[tuple[str | None, str], list[tuple[Rows, float]]]


def when(at: int | None) -> datetime | None:
    """The instant, None for none."""
    return None if at is None else moment(at)


def dataset(row: Rows, *, ends: Ends, columns: tuple[Column, ...] = ()) -> DatasetEntry:
    """A row of `dataset`."""
    return DatasetEntry(
        dataset=Dataset(row["namespace"], row["name"]), kind=row["kind"], title=row["title"],
        description=row["description"], owner=row["owner"], tier=row["tier"],
        tags=tuple(orjson.loads(row["tags"])), contract=row["contract"],
        columns=columns, readers=ends[0], writers=ends[1], reads_30d=row["reads_30d"],
        first_seen=when(row["first_seen"]), last_read=when(row["last_read"]),
        last_written=when(row["last_written"]), last_rows=row["last_rows"],
        promised_every=None if row["every"] is None else timedelta(microseconds=row["every"]),
        freshness=cast(Freshness, row["freshness"]), health=cast(Health, row["health"]),
        differences=tuple(
            Difference(path=path, promised=word, observed=seen, since=when(since))
            for path, word, seen, since in orjson.loads(row["differences"])
        ),
        vanished=bool(row["vanished"]), drift=row["drift"],
    )  # fmt: skip


def ends(db: sqlite3.Connection, only: int | None = None) -> dict[int, Ends]:
    """Readers and writers of each dataset (steps only where no task tells), by present edges."""
    sql = """SELECT coalesce(a.dataset, f.dataset) AS dataset, f.side, t.namespace, t.name FROM flow f
      JOIN job j ON j.id = f.job JOIN job_name t ON t.id = j.task LEFT JOIN alias a ON a.alias = f.dataset
      WHERE f.last_seen >= j.begin"""
    found: dict[int, tuple[set[Job], set[Job]]] = {}
    narrowed = (
        " AND (f.dataset = ?1 OR f.dataset IN (SELECT alias FROM alias WHERE dataset = ?1))" if only is not None else ""
    )
    for row in db.execute(sql + narrowed, (only,) if only is not None else ()):
        sides = found.setdefault(row["dataset"], (set(), set()))
        sides[row["side"] == "out"].add(Job(row["namespace"], row["name"]))
    return {at: (tuple(sorted(readers)), tuple(sorted(writers))) for at, (readers, writers) in found.items()}


def compared(db: sqlite3.Connection, names: Sequence[int], key: str) -> tuple[Mapping[str, Any], Origin] | None:
    """The newest telling of a drift or baseline under any of the names, and who told it."""
    sql = """SELECT l.time, l.event, l.value, e.run, e.job, l.facet FROM latest l JOIN event e ON e.id = l.event
      WHERE l.subject IN ({ids})"""
    found = max((tuple(row) for row in rows_in(db, sql, names) if row["facet"] == key), default=None)
    if found is None:
        return None
    return orjson.loads(found[2]), origins(db, {key: (*found[:2], *found[3:5])})[key]


def drifts(db: sqlite3.Connection) -> dict[Dataset, Mapping[str, Any]]:
    """The newest telling of drift about each dataset that anybody compared with a baseline, by name."""
    rows = db.execute(DRIFTS, (SCHEMA_DRIFT,))
    found = {Dataset(row["namespace"], row["name"]): row["value"] for row in rows}
    return {dataset: orjson.loads(found[dataset]) for dataset in sorted(found)}


def columns(db: sqlite3.Connection, row: Rows, contracts: Mapping[str, Contract]) -> tuple[Column, ...]:
    """The present columns of a dataset beside what its contract promises; the contract's own while none was seen."""
    contract = contracts.get((row["contract"] or "").partition("@")[0])
    words = promised(contract) if contract else {}
    found = db.execute("SELECT body FROM content WHERE id = ?", (row["schema"],)).fetchone()
    since = origins(db, story.since(db, row["id"]))
    told = orjson.loads(found[0]) if found else []
    return tuple(
        column(one, n, since=since.get(one["path"]), contract=words.get(one["path"], {}).get("type"))
        for n, one in enumerate(told, start=1)
    )


def column(one: Mapping[str, Any], ordinal: int, *, since: Origin | None = None, contract: str | None = None) -> Column:
    """A column as it is kept."""
    return Column(
        path=one["path"], ordinal=ordinal, type=one.get("type", ""), description=one.get("description", ""),
        nullable=one.get("nullable"), tags=tuple(one.get("tags", ())), details=one.get("details", {}), since=since,
        promised=contract,
    )  # fmt: skip


def origins(db: sqlite3.Connection, told: Mapping[K, Sequence[int]]) -> dict[K, Origin]:
    """Origins by any key, from [time, event, run, job]."""
    runs = {at[2] for at in told.values()}
    sql = """SELECT n.id, n.name, r.revision FROM run_name n LEFT JOIN run r ON r.id = n.id WHERE n.id IN ({ids})"""
    named = {row["id"]: row for row in rows_in(db, sql, runs)}
    jobs = job_names(db, {at[3] for at in told.values()})
    return {
        key: Origin(time=moment(at[0]), run_id=named[at[2]]["name"], job=jobs[at[3]], revision=named[at[2]]["revision"])
        for key, at in told.items()
    }


def job_names(db: sqlite3.Connection, ids: Iterable[int] | None = None) -> dict[int, Job]:
    """The jobs behind numbers; without any, all in the order of their names."""
    return {at: Job(*name) for at, *name in _names(db, "job_name", ids)}


def dataset_names(db: sqlite3.Connection, ids: Iterable[int] | None = None) -> dict[int, Dataset]:
    """The datasets behind numbers; without any, all in the order of their names."""
    return {at: Dataset(*name) for at, *name in _names(db, "dataset_name", ids)}


def _names(db: sqlite3.Connection, table: str, ids: Iterable[int] | None) -> Iterable[Rows]:
    sql = f"SELECT id, namespace, name FROM {table}"
    every = f"{sql} ORDER BY namespace, name"
    return db.execute(every) if ids is None else rows_in(db, f"{sql} WHERE id IN ({{ids}})", ids)


def runs(db: sqlite3.Connection, where: str, values: Sequence[Any]) -> tuple[RunEntry, ...]:
    """The runs of a query's tail."""
    return tuple(_runs(db, db.execute(RUNS + where, values).fetchall()).values())


def _runs(db: sqlite3.Connection, rows: Iterable[Rows]) -> dict[int, RunEntry]:
    found = {row["id"]: row for row in rows}
    sides, about = _sides(db, TOUCHED, found), _about(db, found)
    sql = """SELECT run, sum(success) AS passed, count(*) AS told FROM (SELECT run, expectation, success FROM result
      WHERE run IN ({ids}) GROUP BY run, expectation HAVING max(time)) GROUP BY run"""
    checked = {one["run"]: (one["passed"], one["told"] - one["passed"]) for one in rows_in(db, sql, found)}
    return {at: _run(row, sides, checked.get(at, (0, 0)), about.get(at, {})) for at, row in found.items()}


def _sides(db: sqlite3.Connection, sql: str, ids: Iterable[int]) -> Sides:
    """What each of these read and wrote, by a query for its number, side and datasets."""
    found: dict[tuple[int, str], set[Dataset]] = {}
    for at, side, *name in rows_in(db, sql, ids):
        found.setdefault((at, side), set()).add(Dataset(*name))
    return {key: tuple(sorted(datasets)) for key, datasets in found.items()}


def _about(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """The newest telling of each facet of each of these."""
    found: dict[int, dict[str, str]] = {}
    for one in rows_in(db, "SELECT subject, facet, value FROM latest WHERE subject IN ({ids})", ids):
        found.setdefault(one["subject"], {})[one["facet"]] = one["value"]
    return found


def _run(row: Rows, sides: Sides, checked: tuple[int, int], about: Mapping[str, str]) -> RunEntry:
    read = (Offsets(topic=topic, partition=at, start=start, end=end)
            for topic, at, start, end in orjson.loads(about.get("offsets", "[]")))  # fmt: skip
    return RunEntry(
        run_id=row["name"], job=Job(row["namespace"], row["job_name"]), state=row["state"],
        started=when(row["started"]), ended=when(row["ended"]), nominal=when(row["nominal"]),
        parent_run=row["parent_name"],
        parent_job=Job(row["parent_namespace"], row["parent_job_name"]) if row["parent_job_name"] else None,
        revision=row["revision"], error=row["error"], rows_in=row["rows_in"], rows_out=row["rows_out"],
        rows_rejected=row["rows_rejected"], offsets=tuple(sorted(read)), dag_run=about.get("dag_run"),
        inputs=sides.get((row["id"], "in"), ()), outputs=sides.get((row["id"], "out"), ()),
        checks_passed=checked[0], checks_failed=checked[1],
    )  # fmt: skip


def jobs(db: sqlite3.Connection, only: int | None) -> tuple[JobEntry, ...]:
    """All jobs by name, or one."""
    where, asked = ("WHERE j.id = ? ", (only,)) if only is not None else ("", ())
    rows = db.execute(f"{JOBS}{where}ORDER BY n.namespace, n.name", asked).fetchall()
    ids = [row["id"] for row in rows]
    said, sides = _about(db, ids), _sides(db, MOVED, ids)
    last = _runs(db, rows_in(db, f"{RUNS}WHERE r.id IN ({{ids}})", {row["last_run"] for row in rows}))
    return tuple(_job(row, said.get(row["id"], {}), sides, last.get(row["last_run"])) for row in rows)


def _job(row: Rows, said: Mapping[str, str], sides: Sides, last: RunEntry | None) -> JobEntry:
    return JobEntry(
        job=Job(row["namespace"], row["name"]), role=cast(Role, row["role"]), kind=row["kind"],
        parent=Job(row["parent_namespace"], row["parent_name"]) if row["parent_name"] else None,
        description=said.get("description", ""), owner=said.get("owner"), sql=said.get("sql"),
        source_path=said.get("source_path"), source_url=said.get("source_url"),
        inputs=sides.get((row["id"], "in"), ()), outputs=sides.get((row["id"], "out"), ()), last_run=last,
    )  # fmt: skip


def checks(db: sqlite3.Connection, names: Sequence[int] | None, *, history: int = HISTORY) -> tuple[CheckEntry, ...]:
    """Checks of a dataset's names, or all: current before former, failing before passing, then by name.

    `history`: so many last results with each.
    """
    if names is None:
        rows = db.execute(CHECKS).fetchall()
    else:
        rows = list(rows_in(db, CHECKS + " WHERE x.dataset IN ({ids})", names))
    found = [_check(row, _history(db, row["id"], history)) for row in rows]
    return tuple(sorted(found, key=lambda one: (not one.current, one.success, one.dataset, one.name, one.column or "")))


def _history(db: sqlite3.Connection, check: int, limit: int) -> tuple[tuple[datetime, bool], ...]:
    """The results of so many last runs, oldest first, one per run."""
    if not limit:
        return ()
    sql = "SELECT time, success, run FROM result WHERE expectation = ? ORDER BY time DESC, event DESC LIMIT ?"
    by_run: dict[int, tuple[datetime, bool]] = {}
    for one in db.execute(sql, (check, 2 * limit)):
        by_run.setdefault(one["run"], (moment(one["time"]), bool(one["success"])))
    return tuple(reversed(list(by_run.values())[:limit]))


def _check(row: Rows, history: tuple[tuple[datetime, bool], ...]) -> CheckEntry:
    expected, actual = orjson.loads(row["body"])
    return CheckEntry(
        dataset=Dataset(row["namespace"], row["dataset_name"]), name=row["name"], column=row["path"],
        severity=row["severity"], success=bool(row["success"]), expected=expected, actual=actual,
        time=moment(row["time"]), run_id=row["run"], job=Job(row["job_namespace"], row["job_name"]),
        since=moment(row["since"]), history=history, params=orjson.loads(row["params"]), current=bool(row["current"]),
    )  # fmt: skip


def metrics(db: sqlite3.Connection, names: Sequence[int]) -> tuple[tuple[str | None, str], ...]:
    """(column, metric) of every series, those of the dataset itself first."""
    return tuple(sorted(_measured(db, names), key=lambda one: (one[0] is not None, one[0] or "", one[1])))


def series(
    db: sqlite3.Connection, names: Sequence[int], path: str | None, metric: str, job: int | None
) -> tuple[Point, ...]:
    """One point per run, oldest first."""
    rows = [row for row in _measured(db, names).get((path, metric), ()) if job is None or row[0]["job"] == job]
    tasks = [row for row in rows if row[0]["role"] != "step"]
    by_run = {row["run"]: (row, value) for row, value in tasks or rows}
    return tuple(
        Point(time=moment(row["time"]), value=value, run_id=row["run_name"], job=Job(row["namespace"], row["name"]))
        for row, value in sorted(by_run.values(), key=lambda told: (told[0]["time"], told[0]["event"]))
    )


def _measured(db: sqlite3.Connection, names: Sequence[int]) -> Series:
    """Every series of a dataset, by column and metric; held for the dataset that was asked for last."""
    return hold(db, ("measured",), lambda: _read_measured(db, names), (recall(db, "generation"), *names))


def _read_measured(db: sqlite3.Connection, names: Sequence[int]) -> Series:
    written: Series = {}
    for row in rows_in(db, MEASURED.format(table="told"), names):
        for metric, key in WRITTEN.items():
            if row[key] is not None:
                written.setdefault((None, metric), []).append((row, float(row[key])))
    found: Series = {}
    for row in rows_in(db, MEASURED.format(table="figures"), names):
        for column, metric, value in orjson.loads(row["body"]):
            found.setdefault((column, metric), []).append((row, value))
    return found | written


def named(db: sqlite3.Connection, text: str) -> Iterator[tuple[Node, ...]]:
    """What has this name, the narrowest meaning first."""
    datasets = "SELECT namespace, name FROM dataset WHERE "
    jobs_of = "SELECT n.namespace, n.name FROM job_name n JOIN job j ON j.id = n.id WHERE "
    contract = datasets + "substr(contract, 1, length(?1) + 1) = ?1 || '@' OR contract = ?1 ORDER BY namespace, name"
    yield _nodes(db, Dataset, contract, text)
    yield _nodes(db, Dataset, datasets + "namespace || '/' || name = ?1", text) + _nodes(
        db, Job, jobs_of + "n.namespace || '/' || n.name = ?1", text
    )
    alias = """SELECT d.namespace, d.name FROM dataset_name n JOIN alias a ON a.alias = n.id
      JOIN dataset d ON d.id = a.dataset WHERE n.namespace || '/' || n.name = ?1 OR n.name = ?1"""
    yield _nodes(db, Dataset, datasets + "name = ?1 ORDER BY namespace", text) + _nodes(
        db, Job, jobs_of + "n.name = ?1", text
    )
    yield _nodes(db, Dataset, alias, text)
    yield _nodes(db, Dataset, datasets + "short = ?1 ORDER BY namespace, name", text)
    yield _nodes(db, Job, jobs_of + "n.name LIKE '%.' || ?1 AND substr(n.name, -length(?1)) = ?1 ORDER BY n.name", text)


def _nodes(db: sqlite3.Connection, kind: type[Dataset] | type[Job], sql: str, text: str) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(kind(row[0], row[1]) for row in db.execute(sql, (text,))))


def alike(db: sqlite3.Connection, text: str, limit: int) -> tuple[str, ...]:
    """Names that contain the text's longest word."""
    word = max(text.replace("/", " ").replace(".", " ").replace("_", " ").split(), key=len, default="")
    if not word:
        return ()
    sql = """SELECT namespace || '/' || name FROM dataset WHERE instr(lower(name), ?1) UNION
      SELECT n.namespace || '/' || n.name FROM job_name n JOIN job j ON j.id = n.id
      WHERE instr(lower(n.name), ?1) LIMIT ?2"""
    return tuple(row[0] for row in db.execute(sql, (word.lower(), limit)))
