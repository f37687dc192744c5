"""Versions and changes of a dataset, from everything that was told about it.

Only for datasets about which something new was told: `news` says so from the last word of each witness. A day on
which nothing changed costs nothing here.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import orjson

from catalog.facet import NAMES, PROMISED, SEEN
from catalog.index import timeline
from catalog.index.columns import differ
from catalog.index.store import gather, insert, rows_in
from catalog.index.timeline import Telling, Turn, Word

TELLINGS = """SELECT t.dataset, t.time, t.event, t.job, t.side, t.run,
  coalesce(e.root, e.parent, t.run) AS parent, t.observed,
  t.schema, t.knows, t.said, t.lifecycle, t.previous
  FROM told t JOIN event e ON e.id = t.event WHERE t.dataset IN ({ids}) AND t.observed > 0 ORDER BY t.time, t.event"""
GONE = "DROP"
NOTHING = (False, False, False)
RENAMED = "RENAME"


def news(db: sqlite3.Connection, events: Iterable[int]) -> set[int]:
    """The datasets, as named in these events, of which a witness tells otherwise than in its last word, or tells late.

    Of the others the time of the last word moves on; nothing else that this room derives depends on them.
    """
    sql = """SELECT t.dataset, t.job, t.side, t.time, t.schema, t.said, t.lifecycle, t.knows,
      w.time AS last, w.schema AS last_schema, w.said AS last_said, w.knows AS last_knows, a.dataset AS behind
      FROM event e JOIN told t ON t.event = e.id
      LEFT JOIN witness w ON w.dataset = t.dataset AND w.job = t.job AND w.side = t.side
      LEFT JOIN alias a ON a.alias = t.dataset
      WHERE e.id IN ({ids}) AND t.observed > 0"""
    dropped = _dropped(db)
    found: set[int] = set()
    last: dict[tuple[int, int, str], int] = {}
    for row in sorted(rows_in(db, sql, events), key=lambda row: int(row["time"])):
        who = (row["dataset"], row["job"], row["side"])
        known = last.get(who, row["last"])
        late = known is None or row["time"] <= known
        if late or (row["behind"] or row["dataset"]) in dropped or _is_news(row):
            found.add(row["dataset"])
        last[who] = max(known or 0, row["time"])
    sql = "UPDATE witness SET time = ? WHERE dataset = ? AND job = ? AND side = ?"
    db.executemany(sql, [(time, *who) for who, time in last.items() if who[0] not in found])
    return found


def _dropped(db: sqlite3.Connection) -> set[int]:
    """The datasets that were ever dropped: whatever is told of them next decides whether they lived on."""
    sql = """SELECT DISTINCT coalesce(a.dataset, t.dataset) FROM told t INDEXED BY dropped
      LEFT JOIN alias a ON a.alias = t.dataset WHERE t.lifecycle = 'DROP'"""
    return {row[0] for row in db.execute(sql)}


def _is_news(row: sqlite3.Row) -> bool:
    if row["lifecycle"] == RENAMED:
        return True
    if row["said"] is not None and row["said"] != row["last_said"]:
        return True
    repeats = row["knows"] == PROMISED and row["last_knows"] == SEEN
    told, last = (row["schema"], row["knows"]), (row["last_schema"], row["last_knows"])
    return row["schema"] is not None and not repeats and told != last


def leaders(db: sqlite3.Connection, names: Mapping[int, Iterable[int]]) -> dict[int, Word | None]:
    """The witness that tells the present schema of each dataset that is known by these names."""
    sql = """SELECT w.dataset, w.side, w.time, w.schema, w.knows, j.namespace || '/' || j.name AS job_name
      FROM witness w JOIN job_name j ON j.id = w.job WHERE w.dataset IN ({ids}) AND w.schema IS NOT NULL"""
    return {
        dataset: timeline.leader(
            Word(job=row["job_name"], side=row["side"], time=row["time"], content=row["schema"], knows=row["knows"])
            for row in rows
        )
        for dataset, rows in gather(db, sql, names).items()
    }


def derive(db: sqlite3.Connection, dataset: int, names: Sequence[int]) -> Word | None:
    """Write the last words, versions and changes of a dataset, and since which event each column is as it is.

    Gives back the witness that tells the present schema.
    """
    rows = list(rows_in(db, TELLINGS, names))
    schemas = timeline.witnesses(_tellings(rows, "schema"))
    _write_words(db, names, rows)
    columns = _contents(db, {row["schema"] for row in rows} - {None})
    leads = leaders(db, {dataset: names})[dataset]
    versions = timeline.versions(schemas, leads.knowledge if leads else NOTHING)
    turns = timeline.once([*_schema_turns(schemas, columns), *_word_turns(db, rows), *_life(db, dataset, names, rows)])
    _write(db, dataset, versions, turns)
    since = _since(turns, [one["path"] for one in columns[leads.content]] if leads else [], versions, columns)
    insert(db, "since", [(dataset, orjson.dumps(since).decode())], verb="INSERT OR REPLACE")
    return leads


def since(db: sqlite3.Connection, dataset: int) -> dict[str, list[int]]:
    """For each present column of a dataset the event since which it is as it is: [time, event, run, job]."""
    row = db.execute("SELECT columns FROM since WHERE dataset = ?", (dataset,)).fetchone()
    return dict(orjson.loads(row[0])) if row else {}


def _write_words(db: sqlite3.Connection, names: Sequence[int], rows: list[sqlite3.Row]) -> None:
    """The last word of each witness of these names: of its last run, the latest told."""
    words: dict[tuple[int, int, str], list[Any]] = {}
    for row in rows:
        words.setdefault((row["dataset"], row["job"], row["side"]), [0, None, None, 0])[0] = row["time"]
    for at, key in ((1, "schema"), (2, "said")):
        for name in names:
            mine = [row for row in rows if row["dataset"] == name]
            for (job, side), told in timeline.witnesses(_tellings(mine, key)).items():
                words[name, job, side][at] = told[-1].content
                if key == "schema":
                    words[name, job, side][3] = told[-1].knows
    for name in names:
        db.execute("DELETE FROM witness WHERE dataset = ?", (name,))
    insert(db, "witness", [(*who, *word) for who, word in words.items()])


def _tellings(rows: Iterable[sqlite3.Row], key: str) -> Iterator[Telling]:
    for row in rows:
        if row[key] is not None:
            yield Telling(
                time=row["time"], event=row["event"], job=row["job"], side=row["side"], run=row["run"],
                parent=row["parent"], content=row[key], final=row["observed"] == 2,
                knows=row["knows"] if key == "schema" else NAMES,
            )  # fmt: skip


def _contents(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Any]:
    return {
        row[0]: orjson.loads(row[1]) for row in rows_in(db, "SELECT id, body FROM content WHERE id IN ({ids})", ids)
    }


def _schema_turns(schemas: dict[tuple[int, str], list[Telling]], columns: dict[int, Any]) -> Iterator[Turn]:
    for told in schemas.values():
        spans = timeline.segments(told)
        for before, after in pairwise(spans):
            for kind, path, was, now in differ(columns[before.first.content], columns[after.first.content]):
                yield Turn(origin=after.first, kind=kind, path=path, before=was, after=now)


def _word_turns(db: sqlite3.Connection, rows: list[sqlite3.Row]) -> Iterator[Turn]:
    """Owners and descriptions, each by its own witnesses; who tells none is none."""
    said = _contents(db, {row["said"] for row in rows} - {None})
    for key, kind in (("owner", "owner_changed"), ("description", "described")):
        words: dict[int, str] = {}
        told = []
        for telling in _tellings(rows, "said"):
            word = said[telling.content].get(key)
            if word:
                words[telling.content] = word
                told.append(telling)
        for mine in timeline.witnesses(told).values():
            for before, after in pairwise(mine):
                was, now = words[before.content], words[after.content]
                if was != now:
                    yield Turn(origin=after, kind=kind, before=was, after=now)


def _life(db: sqlite3.Connection, dataset: int, names: Sequence[int], rows: list[sqlite3.Row]) -> Iterator[Turn]:
    """Birth, renaming, and death; a table that is dropped and made again within one run of the whole lives on."""
    first = "SELECT min(time) FROM told WHERE dataset IN ({ids})"
    begin = next(rows_in(db, first, names))[0]
    birth = (
        """SELECT t.time, t.event, t.job, t.side, t.run,
  coalesce(e.root, e.parent, t.run) AS parent, t.observed,
      t.knows, 0 AS life FROM told t JOIN event e ON e.id = t.event WHERE t.dataset IN ({ids})"""
        + f" AND t.time = {begin}"
    )
    born = min(_tellings(rows_in(db, birth, names), "life"), default=None)
    if born:
        yield Turn(origin=born, kind="dataset_new")
    previous: sqlite3.Row | None = None
    for row in rows:
        if previous is not None and previous["lifecycle"] == GONE and row["parent"] != previous["parent"]:
            yield Turn(origin=_moment(previous), kind="dataset_vanished")
            if row["lifecycle"] != GONE:
                yield Turn(origin=_moment(row), kind="dataset_new", before="vanished")
        if row["lifecycle"] == RENAMED and row["previous"] is not None and row["previous"] != dataset:
            name = db.execute("SELECT namespace, name FROM dataset_name WHERE id = ?", (row["previous"],)).fetchone()
            yield Turn(origin=_moment(row), kind="moved", before=f"{name['namespace']}/{name['name']}")
        previous = row
    if previous is not None and previous["lifecycle"] == GONE:
        yield Turn(origin=_moment(previous), kind="dataset_vanished")


def _moment(row: sqlite3.Row) -> Telling:
    return Telling(content=0, **{key: row[key] for key in ("time", "event", "job", "side", "run", "parent")})


def _write(db: sqlite3.Connection, dataset: int, versions: Iterable[timeline.Version], turns: Iterable[Turn]) -> None:
    db.execute("DELETE FROM version WHERE dataset = ?", (dataset,))
    db.execute("DELETE FROM change WHERE dataset = ?", (dataset,))
    insert(db, "version", [
        (dataset, one.first.time, one.content, one.until, one.main, one.seen, one.first.event, one.first.run,
         one.first.job, orjson.dumps(sorted(one.witnesses)).decode())
        for one in versions
    ])  # fmt: skip
    insert(db, "change", [
        (dataset, turn.origin.time, turn.kind, turn.path, turn.before, turn.after, turn.origin.event, turn.origin.run,
         turn.origin.job)
        for turn in turns
    ])  # fmt: skip


def _since(
    turns: Iterable[Turn], paths: Iterable[str], versions: Sequence[timeline.Version], columns: dict[int, Any]
) -> dict[str, list[int]]:
    """Per column [time, event, run, job]: its last turn, else the first time that it was told at all."""
    found: dict[str, Telling] = {}
    for version in versions:
        for one in columns[version.content]:
            found.setdefault(one["path"], version.first)
    for turn in turns:
        if turn.kind in ("column_added", "column_changed"):
            found[turn.path] = turn.origin
    return {path: [at.time, at.event, at.run, at.job] for path in paths if (at := found.get(path))}
