"""The row of a dataset: who it is by its contract and by what was told, how fresh, how healthy, how much it is read.

Now is the time of the newest event: the record does not know the wall clock.
"""

import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.entry import Health
from catalog.event import MICROSECOND, identify
from catalog.facet import worst
from catalog.index import columns, story
from catalog.index.store import insert, rows_in
from catalog.index.timeline import Word
from catalog.wire import SCHEMA_DRIFT

UNSEEN = "contract"
"""Namespace of a dataset that a contract promises and no event has told of: `contract/api.users`."""
KINDS = {
    "kafka": "kafka", "s3": "object", "s3a": "object", "gs": "object", "file": "object", "postgres": "warehouse",
    "redshift": "warehouse", "redis": "cache", "http": "api", "https": "api",
}  # fmt: skip
LAKE = re.compile(r"(?:.*/)?[^/]+\.db/([^/]+)")
DAY = 86_400_000_000
WINDOW = 30
NEWEST = "ORDER BY time DESC, event DESC LIMIT 1"
BLOCKING = ("error", "critical")
READS = """SELECT DISTINCT t.run, r.first / {day} AS day, r.parent, j.role FROM told t JOIN run r ON r.id = t.run
  JOIN job j ON j.id = r.job WHERE t.dataset IN ({{ids}}) AND t.side = 'in' AND t.time > {since}
  AND t.observed >= 0"""

RESULTS = """SELECT r.*, (SELECT coalesce(min(time), r.time) FROM result WHERE expectation = x.id
    AND success = r.success AND time >
    (SELECT coalesce(max(time), -1) FROM result WHERE expectation = x.id AND success = NOT r.success)) AS since
  FROM expectation x JOIN result r ON r.expectation = x.id AND (r.time, r.event) =
    (SELECT time, event FROM result WHERE expectation = x.id ORDER BY time DESC, event DESC LIMIT 1)
  WHERE x.dataset IN ({ids})"""
"""The newest result of each check of a dataset, and since when it is as it is."""


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
    db: sqlite3.Connection,
    dataset: int,
    names: Sequence[int],
    promises: Promises,
    since: str,
    leads: Word | None,
) -> None:
    """Write the row of a dataset that is known by these names, with the schema that `leads` tells.

    `since`: for each column, as JSON, which event made it what it is.
    """
    told = _latest(db, names)
    who = db.execute("SELECT namespace, name FROM dataset_name WHERE id = ?", (dataset,)).fetchone()
    name = Dataset(who["namespace"], who["name"])
    contract = promises.of(name, told.get("contract"))
    tags = sorted({*orjson.loads(told.get("tags", "[]")), *(contract.tags if contract else ())})
    kind, short = kind_and_name(name)
    times = _times(db, names)
    row = {
        "id": dataset, "namespace": name.namespace, "name": name.name, "short": short,
        "kind": contract.kind if contract else kind, "title": contract.title if contract else short,
        "description": told.get("description") or (contract.description if contract else ""),
        "owner": told.get("owner") or (contract.owner if contract else None),
        "tier": _tier(tags, contract), "tags": _json([tag for tag in tags if not tag.startswith("tier:")]),
        "contract": told.get("contract") or (f"{contract.id}@{contract.version}" if contract else None),
        "schema": leads.content if leads else None, "knows": leads.knows if leads else 0,
        "writer": bool(leads and leads.side == "out"), "since": since, **times, "every": _every(contract),
        "vanished": _vanished(db, names), "health": derive_checks(db, names), "freshness": "unknown",
        "reads_30d": derive_usage(db, dataset, names),
        "differences": "[]", "drift": _drift(told.get(SCHEMA_DRIFT)),
    }  # fmt: skip
    row["differences"] = _differences(db, row, contract)
    insert(db, "dataset", [tuple(row.values())], verb="INSERT OR REPLACE")


def derive_unseen(db: sqlite3.Connection, promises: Promises) -> set[int]:
    """Rows for contracts of which no event has told; gives back the datasets that came or went."""
    met = {
        row[0].partition("@")[0]
        for row in db.execute("SELECT contract FROM dataset WHERE contract IS NOT NULL AND namespace <> ?", (UNSEEN,))
    }
    wanted = {identify("dataset", UNSEEN, at): one for at, one in promises.by_id.items() if at not in met}
    there = {row[0] for row in db.execute("SELECT id FROM dataset WHERE namespace = ?", (UNSEEN,))}
    for gone in there - set(wanted):
        db.execute("DELETE FROM dataset WHERE id = ?", (gone,))
    insert(db, "dataset", [
        (at, UNSEEN, one.id, one.name, one.kind, one.title, one.description, one.owner, one.tier,
         orjson.dumps(sorted(one.tags)).decode(), f"{one.id}@{one.version}", None, False, False, "{}", None, None, None,
         None, _every(one), False, "unchecked", "unknown", 0, "[]", None)
        for at, one in wanted.items()
    ], verb="INSERT OR REPLACE")  # fmt: skip
    return there ^ set(wanted)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _latest(db: sqlite3.Connection, names: Sequence[int]) -> dict[str, str]:
    """The latest telling of each facet under any of the names."""
    rows = rows_in(db, "SELECT time, event, value, facet FROM latest WHERE subject IN ({ids})", names)
    return {row["facet"]: row["value"] for row in sorted(rows, key=tuple)}


def _tier(tags: Iterable[str], contract: Contract | None) -> str | None:
    told = next((tag.partition(":")[2] for tag in tags if tag.startswith("tier:")), None)
    return told or (contract.tier if contract else None)


def _every(contract: Contract | None) -> int | None:
    return contract.freshness // MICROSECOND if contract and contract.freshness else None


def _times(db: sqlite3.Connection, names: Sequence[int]) -> dict[str, int | None]:
    flows = list(rows_in(db, "SELECT side, first_seen, last_seen, last_done FROM flow WHERE dataset IN ({ids})", names))
    rows = "SELECT rows, time, event FROM told WHERE dataset IN ({ids}) AND rows IS NOT NULL " + NEWEST
    last = max(rows_in(db, rows, names), key=lambda row: (row["time"], row["event"]), default=None)
    written = [row["last_done"] for row in flows if row["side"] == "out" and row["last_done"] is not None]
    return {
        "first_seen": min((row["first_seen"] for row in flows), default=None),
        "last_read": max((row["last_seen"] for row in flows if row["side"] == "in"), default=None),
        "last_written": max(written, default=None),
        "last_rows": last["rows"] if last else None,
    }


def _drift(told: str | None) -> str | None:
    """The worst verdict of what is open, "" when nothing is, None when nobody has looked."""
    return None if told is None else worst(one["verdict"] for one in orjson.loads(told)["open"])


def _vanished(db: sqlite3.Connection, names: Sequence[int]) -> bool:
    sql = "SELECT time, event, lifecycle FROM told WHERE dataset IN ({ids}) AND observed > 0 " + NEWEST
    last = max(rows_in(db, sql, names), key=lambda row: (row["time"], row["event"]), default=None)
    return last is not None and last["lifecycle"] == story.GONE


def _differences(db: sqlite3.Connection, row: Mapping[str, Any], contract: Contract | None) -> str:
    """Rows [path, promised, observed, since]."""
    if contract is None or row["schema"] is None:
        return "[]"
    found = db.execute("SELECT body FROM content WHERE id = ?", (row["schema"],)).fetchone()
    since, removed = (
        orjson.loads(row["since"]),
        "SELECT max(time) FROM change WHERE dataset = ? AND path = ? AND kind = 'column_removed'",
    )
    rows = []
    for path, promised, observed in columns.broken(orjson.loads(found[0]), contract, detailed=bool(row["knows"])):
        at = since[path][0] if path in since else db.execute(removed, (row["id"], path)).fetchone()[0]
        rows.append([path, promised, observed, at or row["first_seen"]])
    return orjson.dumps(rows).decode()


def derive_checks(db: sqlite3.Connection, names: Sequence[int]) -> Health:
    """Write the verdict of each check of a dataset, and say how healthy it is.

    A check is current when it was in the latest run of its job that checked this dataset; former ones say nothing.
    """
    newest_of = list(rows_in(db, RESULTS, names))
    last_run: dict[int, tuple[int, int]] = {}
    for one in newest_of:
        last_run[one["job"]] = max(last_run.get(one["job"], (0, 0)), (one["time"], one["run"]))
    health: Health = "unchecked"
    verdicts = []
    for one in newest_of:
        current = last_run[one["job"]][1] == one["run"]
        verdicts.append((one["expectation"], one["time"], one["event"], one["since"], current))
        if current:
            health = _worse(health, one)
    insert(db, "verdict", verdicts, verb="INSERT OR REPLACE")
    return health


def _worse(health: Health, one: sqlite3.Row) -> Health:
    if one["success"]:
        return "healthy" if health == "unchecked" else health
    return "failing" if health == "failing" or one["severity"] in BLOCKING else "warning"


def derive_usage(db: sqlite3.Connection, dataset: int, names: Sequence[int]) -> int:
    """Write how many task runs read a dataset on each of the last days, and give back how many these are together.

    A step's run counts as that of its task.
    """
    last_day = newest(db) // DAY
    sql = READS.format(day=DAY, since=(last_day - WINDOW) * DAY)
    days: dict[int, int] = {}
    for row in rows_in(db, sql, names):
        run = row["run"] if row["role"] != "step" else _task_run(db, row["run"], row["parent"])
        begun = db.execute("SELECT first FROM run WHERE id = ?", (run,)).fetchone() if run != row["run"] else None
        days[run] = begun[0] // DAY if begun else max(row["day"], days.get(run, 0))
    counts: dict[int, int] = {}
    for day in days.values():
        if day > last_day - WINDOW:
            counts[day] = counts.get(day, 0) + 1
    db.execute("DELETE FROM usage WHERE dataset = ?", (dataset,))
    insert(db, "usage", [(dataset, day, reads) for day, reads in counts.items()])
    return sum(counts.values())


def _task_run(db: sqlite3.Connection, run: int, parent: int | None) -> int:
    """The run of the task that caused a step; the outermost run that is known of when that is none."""
    seen = {run}
    while parent is not None and parent not in seen:
        seen.add(run := parent)
        sql = "SELECT r.parent, j.role FROM run r JOIN job j ON j.id = r.job WHERE r.id = ?"
        above = db.execute(sql, (run,)).fetchone()
        if above is None or above["role"] != "step":
            return run
        parent = above["parent"]
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
