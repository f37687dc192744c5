"""The row of a dataset: who it is by its contract and by what was told, how fresh, how healthy, how much it is read.

Now is the time of the newest event: the record does not know the wall clock.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.entry import Health, health_of
from catalog.event import DAY, MICROSECOND, identify
from catalog.facet import worst
from catalog.index import columns, story
from catalog.index.store import gather, insert
from catalog.index.timeline import Word
from catalog.wire import SCHEMA_DRIFT

UNSEEN = "contract"
"""Namespace of a dataset that a contract promises and no event has told of: `contract/api.users`."""
KINDS = {
    "kafka": "kafka", "s3": "object", "s3a": "object", "gs": "object", "file": "object", "postgres": "warehouse",
    "redshift": "warehouse", "redis": "cache", "http": "api", "https": "api",
}  # fmt: skip
LAKE = re.compile(r"(?:.*/)?[^/]+\.db/([^/]+)")
WINDOW = 30
WORST: tuple[Health, ...] = ("failing", "warning", "healthy")
NAMES = "SELECT id, namespace, name FROM dataset_name WHERE id IN ({ids})"
SAID = "SELECT subject, time, event, value, facet FROM latest WHERE subject IN ({ids})"
FLOWS = "SELECT dataset, side, first_seen, last_seen, last_done FROM flow WHERE dataset IN ({ids})"
LAST = """SELECT t.dataset, t.time, t.event, t.rows, t.lifecycle FROM dataset_name d JOIN told t ON t.dataset = d.id
  AND (t.time, t.event, t.side) = (SELECT time, event, side FROM told WHERE dataset = d.id AND {which}
    ORDER BY time DESC, event DESC, side DESC LIMIT 1) WHERE d.id IN ({{ids}})"""
READS = """SELECT DISTINCT t.dataset, t.run, t.job, t.time / {day} AS day FROM told t
  WHERE t.dataset IN ({{ids}}) AND t.side = 'in' AND t.time > {since} AND t.observed >= 0"""
RESULTS = """SELECT x.dataset, x.name, x."column" AS path, r.*,
    (SELECT coalesce(min(time), r.time) FROM result WHERE expectation = x.id AND success = r.success AND time >
    (SELECT coalesce(max(time), -1) FROM result WHERE expectation = x.id AND success = NOT r.success)) AS since
  FROM expectation x JOIN result r ON r.expectation = x.id AND (r.time, r.event) =
    (SELECT time, event FROM result WHERE expectation = x.id ORDER BY time DESC, event DESC LIMIT 1)
  WHERE x.dataset IN ({ids})"""
"""The newest result of each check of a dataset, and since when it is as it is."""
Row = dict[str, Any]
COLUMNS = ("id", "namespace", "name", "short", "kind", "title", "description", "owner", "tier", "tags", "contract",
           "schema", "knows", "writer", "first_seen", "last_read", "last_written", "last_rows", "every", "vanished",
           "health", "freshness", "reads_30d", "differences", "drift")  # fmt: skip
Check = tuple[str, str | None, bool]
"""Name, column and success of a check that is current."""
Portrait = tuple[Row, list[Check]]
BLANK: Row = dict.fromkeys(COLUMNS) | {
    "knows": 0, "writer": False, "vanished": False, "health": "unchecked", "freshness": "unknown", "reads_30d": 0,
    "differences": "[]",
}  # fmt: skip
"""A dataset of which nothing was told."""


@dataclass(frozen=True, slots=True)
class Promises:
    """The contracts, to be found by id and by what they are about."""

    by_id: Mapping[str, Contract]

    def of(self, dataset: Dataset, told: str | None) -> Contract | None:
        """The contract that was told (`id@version`), else the one of this kind and physical name."""
        if told and told.partition("@")[0] in self.by_id:
            return self.by_id[told.partition("@")[0]]
        kind, name = kind_and_name(dataset)
        return next((one for one in self.by_id.values() if one.kind == kind and one.name == name), None)


def kind_and_name(dataset: Dataset) -> tuple[str, str]:
    """The kind of a dataset and its short name, by the naming rules (catalog.dataset)."""
    kind = KINDS.get(dataset.namespace.partition("://")[0], "dataset")
    lake = LAKE.fullmatch(dataset.name)
    if kind == "object" and lake:
        return "lake", lake[1]
    if kind == "warehouse":
        return kind, dataset.name.rpartition(".")[2]
    return kind, re.sub(r"^db\d+\.", "", dataset.name) if kind == "cache" else dataset.name


def newest(db: sqlite3.Connection) -> int:
    """The time of the newest event, 0 without any."""
    return int(db.execute("SELECT coalesce(max(time), 0) FROM event").fetchone()[0])


def derive(
    db: sqlite3.Connection, names: Mapping[int, Sequence[int]], promises: Promises, leads: Mapping[int, Word | None]
) -> dict[int, Portrait]:
    """Write the rows of datasets that are known by these names, each with the schema that its leader tells.

    Gives back each row with the dataset's present checks.
    """
    said, flows = gather(db, SAID, names), gather(db, FLOWS, names)
    wrote, was = (gather(db, LAST.format(which=which), names) for which in ("rows IS NOT NULL", "observed > 0"))
    results, reads = gather(db, RESULTS, names), _derive_usage(db, names)
    called = gather(db, NAMES, {dataset: (dataset,) for dataset in names})
    found: dict[int, Portrait] = {}
    verdicts: list[tuple[int, ...]] = []
    for dataset, leader in leads.items():
        told = {row["facet"]: row["value"] for row in sorted(said[dataset], key=tuple)}
        contract = promises.of(name := Dataset(*called[dataset][0][1:]), told.get("contract"))
        wrote_last, was_last = _last(wrote[dataset]), _last(was[dataset])
        checks = _current(results[dataset])
        verdicts += [(one["expectation"], one["time"], one["event"], one["since"], now) for one, now in checks]
        row = BLANK | _words(name, contract, told) | {
            "id": dataset, "schema": leader.content if leader else None, "knows": leader.knows if leader else 0,
            "writer": bool(leader and leader.side == "out"), **_times(flows[dataset]), "every": _every(contract),
            "last_rows": wrote_last["rows"] if wrote_last else None,
            "vanished": was_last is not None and was_last["lifecycle"] == story.GONE,
            "health": _health(checks), "reads_30d": reads[dataset],
            "drift": _drift(told.get(SCHEMA_DRIFT)),
        }  # fmt: skip
        row["differences"] = _differences(db, row, contract)
        found[dataset] = (row, _by_name(checks))
    insert(db, "verdict", verdicts, verb="INSERT OR REPLACE")
    _write(db, (row for row, _ in found.values()))
    return found


def _words(name: Dataset, contract: Contract | None, told: Mapping[str, str]) -> Row:
    """What a dataset is called, and what is said of it: as it was told, else as its contract says."""
    tags = sorted({*orjson.loads(told.get("tags", "[]")), *(contract.tags if contract else ())})
    kind, short = kind_and_name(name)
    return {
        "namespace": name.namespace, "name": name.name, "short": short,
        "kind": contract.kind if contract else kind, "title": contract.title if contract else short,
        "description": told.get("description") or (contract.description if contract else ""),
        "owner": told.get("owner") or (contract.owner if contract else None),
        "tier": _tier(tags, contract), "tags": _json([tag for tag in tags if not tag.startswith("tier:")]),
        "contract": told.get("contract") or (f"{contract.id}@{contract.version}" if contract else None),
    }  # fmt: skip


def derive_unseen(db: sqlite3.Connection, promises: Promises) -> dict[int, Portrait | None]:
    """Rows for contracts of which no event has told; gives back those that came, and None for those that went."""
    met = {
        row[0].partition("@")[0]
        for row in db.execute("SELECT contract FROM dataset WHERE contract IS NOT NULL AND namespace <> ?", (UNSEEN,))
    }
    wanted = {identify("dataset", UNSEEN, at): one for at, one in promises.by_id.items() if at not in met}
    there = {row[0] for row in db.execute("SELECT id FROM dataset WHERE namespace = ?", (UNSEEN,))}
    for gone in there - set(wanted):
        db.execute("DELETE FROM dataset WHERE id = ?", (gone,))
    rows = {
        at: BLANK | _words(Dataset(UNSEEN, one.id), one, {}) | {"id": at, "short": one.name, "every": _every(one)}
        for at, one in wanted.items()
    }
    _write(db, rows.values())
    return {at: (rows[at], []) if at in rows else None for at in there ^ set(wanted)}


def _write(db: sqlite3.Connection, rows: Iterable[Row]) -> None:
    insert(db, "dataset", [tuple(row[key] for key in COLUMNS) for row in rows], verb="INSERT OR REPLACE")


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _tier(tags: Iterable[str], contract: Contract | None) -> str | None:
    told = next((tag.partition(":")[2] for tag in tags if tag.startswith("tier:")), None)
    return told or (contract.tier if contract else None)


def _every(contract: Contract | None) -> int | None:
    return contract.freshness // MICROSECOND if contract and contract.freshness else None


def _times(flows: Sequence[sqlite3.Row]) -> Row:
    written = [row["last_done"] for row in flows if row["side"] == "out" and row["last_done"] is not None]
    return {
        "first_seen": min((row["first_seen"] for row in flows), default=None),
        "last_read": max((row["last_seen"] for row in flows if row["side"] == "in"), default=None),
        "last_written": max(written, default=None),
    }


def _last(told: Sequence[sqlite3.Row]) -> sqlite3.Row | None:
    return max(told, key=lambda row: (row["time"], row["event"]), default=None)


def _drift(told: str | None) -> str | None:
    """The worst verdict of what is open, "" when nothing is, None when nobody has looked."""
    return None if told is None else worst(one["verdict"] for one in orjson.loads(told)["open"])


def _differences(db: sqlite3.Connection, row: Row, contract: Contract | None) -> str:
    """Rows [path, promised, observed, since]."""
    if contract is None or row["schema"] is None:
        return "[]"
    found = db.execute("SELECT body FROM content WHERE id = ?", (row["schema"],)).fetchone()
    since = story.since(db, row["id"])
    removed = "SELECT max(time) FROM change WHERE dataset = ? AND path = ? AND kind = 'column_removed'"
    rows = []
    for path, promised, observed in columns.broken(orjson.loads(found[0]), contract, detailed=bool(row["knows"])):
        at = since[path][0] if path in since else db.execute(removed, (row["id"], path)).fetchone()[0]
        rows.append([path, promised, observed, at or row["first_seen"]])
    return orjson.dumps(rows).decode()


def _current(results: Sequence[sqlite3.Row]) -> list[tuple[sqlite3.Row, bool]]:
    """Each check with whether it is current: in the latest run of its job that checked this dataset.

    Former ones say nothing of how healthy a dataset is.
    """
    last_run: dict[int, tuple[int, int]] = {}
    for one in results:
        last_run[one["job"]] = max(last_run.get(one["job"], (0, 0)), (one["time"], one["run"]))
    return [(one, last_run[one["job"]][1] == one["run"]) for one in results]


def _by_name(checks: Iterable[tuple[sqlite3.Row, bool]]) -> list[Check]:
    found: dict[tuple[str, str | None], bool] = {}
    for one, current in checks:
        if current:
            at = (one["name"], one["path"])
            found[at] = found.get(at, True) and bool(one["success"])
    return sorted(((*at, success) for at, success in found.items()), key=lambda check: (check[0], check[1] or ""))


def _health(checks: Iterable[tuple[sqlite3.Row, bool]]) -> Health:
    found = (health_of(one["success"], one["severity"]) for one, current in checks if current)
    return min(found, key=WORST.index, default="unchecked")


def _derive_usage(db: sqlite3.Connection, names: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Write how many task runs read datasets on each of the last days, and give back how many these are together.

    A run counts on the day on which it first told so, and a step's run as that of its task.
    """
    last_day = newest(db) // DAY
    steps = {row[0] for row in db.execute("SELECT id FROM job WHERE role = 'step'")}
    sums: dict[int, int] = {}
    rows: list[tuple[int, int, int]] = []
    for dataset, told in gather(db, READS.format(day=DAY, since=(last_day - WINDOW) * DAY), names).items():
        days: dict[int, int] = {}
        for _, run, job, day in told:
            by = _task_run(db, run) if job in steps else run
            days[by] = min(day, days.get(by, day))
        used = Counter(day for day in days.values() if day > last_day - WINDOW)
        rows += [(dataset, day, reads) for day, reads in used.items()]
        sums[dataset] = used.total()
    db.executemany("DELETE FROM usage WHERE dataset = ?", [(dataset,) for dataset in names])
    insert(db, "usage", rows)
    return sums


def _task_run(db: sqlite3.Connection, run: int) -> int:
    """The run of the task that caused a step; the outermost run that is known of when that is none."""
    seen = {run}
    sql = "SELECT r.parent, j.role FROM run r JOIN job j ON j.id = r.job WHERE r.id = ?"
    at = db.execute(sql, (run,)).fetchone()
    while at is not None and at["role"] == "step" and at["parent"] is not None and at["parent"] not in seen:
        seen.add(run := at["parent"])
        at = db.execute(sql, (run,)).fetchone()
    return run


def refresh(db: sqlite3.Connection) -> None:
    """Bring what depends on the time of the newest event up to date, for all datasets."""
    now = newest(db)
    db.execute("DELETE FROM usage WHERE day <= ?", (now // DAY - WINDOW,))
    reads = "(SELECT coalesce(sum(reads), 0) FROM usage WHERE usage.dataset = dataset.id)"
    db.execute(f"UPDATE dataset SET reads_30d = {reads} WHERE reads_30d <> {reads}")
    fresh = """CASE WHEN every IS NULL OR first_seen IS NULL THEN 'unknown'
      WHEN last_written IS NULL THEN 'unknown' WHEN :now - last_written > every THEN 'stale' ELSE 'fresh' END"""
    db.execute(f"UPDATE dataset SET freshness = {fresh} WHERE freshness <> {fresh}", {"now": now})
