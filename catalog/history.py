"""What a dataset's columns were, since when, and what became different: read from the index, newest first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from catalog.dataset import Dataset
from catalog.entry import Answer, Change, Column, SchemaVersion
from catalog.event import EPOCH, MICROSECOND, moment
from catalog.index import Index, values
from catalog.index.fold import names_of
from catalog.index.store import rows_in

CHANGES = """SELECT c.*, d.namespace, d.name FROM change c JOIN dataset_name d ON d.id = c.dataset
  WHERE c.time >= ? {} ORDER BY c.time DESC, d.namespace, d.name, c.kind, c.path"""
CHECKED = """SELECT e.root, e.parent, r.run, r.expectation, r.success FROM result r JOIN event e ON e.id = r.event
  JOIN expectation x ON x.id = r.expectation WHERE x.dataset IN ({ids})"""


def versions(index: Index, dataset: Dataset, *, every: bool = False) -> Answer[tuple[SchemaVersion, ...]]:
    """The schemas that a dataset had, newest first; several hold at once where witnesses know different things.

    Only what witnesses told that know as much as the leading one; with `every`, also what others told (a Spark step
    knows no lengths). Checks are those on this dataset in the run of the whole (the DAG run) that brought the version.
    """
    at = index.id_of(dataset)
    sql = f"SELECT * FROM version WHERE dataset = ? {'' if every else 'AND main'} ORDER BY since DESC, event DESC"
    rows = index.db.execute(sql, (at,)).fetchall()
    kept = rows_in(index.db, "SELECT id, body FROM content WHERE id IN ({ids})", {row["schema"] for row in rows})
    contents = {row["id"]: orjson.loads(row["body"]) for row in kept}
    told = {n: (row["since"], row["event"], row["run"], row["job"]) for n, row in enumerate(rows)}
    origins = values.origins(index.db, told)
    jobs = values.job_names(index.db, {who for row in rows for who in orjson.loads(row["witnesses"])})
    checked = _checked(index, names_of(index.db, at), [row["run"] for row in rows])
    found = tuple(
        SchemaVersion(
            content=f"{row['schema']:016x}",
            columns=_columns(contents[row["schema"]]),
            since=origins[n],
            until=values.when(row["until"]),
            witnesses=tuple(sorted(jobs[who] for who in orjson.loads(row["witnesses"]))),
            seen=bool(row["seen"]),
            checks_passed=checked.get(row["run"], (0, 0))[0],
            checks_failed=checked.get(row["run"], (0, 0))[1],
        )
        for n, row in enumerate(rows)
    )
    return Answer(value=found, completeness=index.completeness())


def column(index: Index, dataset: Dataset, path: str) -> Answer[tuple[Change, ...]]:
    """What happened to one column, with its members and the column that it is a member of, newest first."""
    above = {path.rsplit(".", n)[0] for n in range(path.count(".") + 1)}
    found = changes(index, since=EPOCH, dataset=dataset)
    mine = tuple(one for one in found.value if one.path and (one.path in above or one.path.startswith(f"{path}.")))
    return Answer(value=mine, completeness=found.completeness)


def changes(index: Index, *, since: datetime, dataset: Dataset | None = None) -> Answer[tuple[Change, ...]]:
    """Everything that became different from `since` on, newest first."""
    only, asked = ("", ()) if dataset is None else ("AND c.dataset = ?", (index.id_of(dataset),))
    rows = index.db.execute(CHANGES.format(only), ((since - EPOCH) // MICROSECOND, *asked)).fetchall()
    told = {n: (row["time"], row["event"], row["run"], row["job"]) for n, row in enumerate(rows)}
    origins = values.origins(index.db, told)
    found = tuple(
        Change(
            time=moment(row["time"]), subject=Dataset(row["namespace"], row["name"]), kind=row["kind"],
            path=row["path"] or None, before=row["before"], after=row["after"], origin=origins[n],
        )
        for n, row in enumerate(rows)
    )  # fmt: skip
    return Answer(value=found, completeness=index.completeness())


def _columns(told: Iterable[Mapping[str, Any]]) -> tuple[Column, ...]:
    return tuple(values.column(one, n) for n, one in enumerate(told, start=1))


def _checked(index: Index, names: Sequence[int], runs: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Checks passed and failed in the whole run that each of these runs belongs to."""
    sql = "SELECT run, coalesce(root, parent, run) AS whole FROM event WHERE run IN ({ids})"
    wholes = {row["run"]: row["whole"] for row in rows_in(index.db, sql, set(runs))}
    results: dict[int, dict[int, bool]] = {}
    for row in rows_in(index.db, CHECKED, names):
        whole = next(one for one in (row["root"], row["parent"], row["run"]) if one is not None)
        results.setdefault(whole, {})[row["expectation"]] = bool(row["success"])
    told = {run: results.get(whole, {}) for run, whole in wholes.items()}
    return {run: (sum(found.values()), len(found) - sum(found.values())) for run, found in told.items()}
