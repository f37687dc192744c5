"""What search looks through, kept in step with what was derived: one entry per dataset, column, job, check and owner.

Words are written as catalog.word compares them. Standing (owner, tier, health, freshness, drift, use) is not copied
here: search joins it, so that a run that changed nothing but time costs no words.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from catalog.event import identify
from catalog.index.facts import near
from catalog.index.store import insert, rows_in
from catalog.word import key, words

REPORT = "report"
"""Tag, by contract or told, of a dataset that is a report for people."""
Entry = tuple[Any, ...]
CHECKS = """SELECT x.name, x."column" AS path, min(r.success) AS success FROM expectation x
  JOIN verdict v ON v.expectation = x.id AND v.current
  JOIN result r ON r.expectation = x.id AND r.time = v.time AND r.event = v.event
  WHERE x.dataset IN ({ids}) GROUP BY x.name, x."column" ORDER BY 1, 2"""
SAID = "(SELECT value FROM latest WHERE subject = j.id AND facet = '{}')"
JOB = f"""SELECT n.name, j.role, {SAID.format("description")}, {SAID.format("sql")}, {SAID.format("owner")}
  FROM job j JOIN job_name n ON n.id = j.id WHERE j.id = ?"""
WORDED = ("namespace", "name", "short", "title", "description", "contract", "kind", "owner", "tags", "schema")
"""What of a dataset's row is words of its entries."""
COUNT = "INSERT INTO word VALUES (?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number"


def derive_dataset(db: sqlite3.Connection, dataset: int, names: Sequence[int]) -> None:
    """The entries of a dataset, its columns and its checks; nothing is done when all they are made of is as it was."""
    row = db.execute("SELECT * FROM dataset WHERE id = ?", (dataset,)).fetchone()
    checks = [tuple(one) for one in rows_in(db, CHECKS, names)] if row else []
    digest = identify("drawn", repr([[row[key] for key in WORDED], checks])) if row else None
    if _differs(db, dataset, digest):
        _bring(db, "dataset", dataset, [*_dataset(db, row), *_checks(row, checks)] if row else [])


def _differs(db: sqlite3.Connection, subject: int, digest: int | None) -> bool:
    """Whether entries are made of something else than before, which is noted; of None there are none."""
    drawn = db.execute("SELECT digest FROM drawn WHERE subject = ?", (subject,)).fetchone()
    if digest is not None and drawn is not None and drawn["digest"] == digest:
        return False
    db.execute("DELETE FROM drawn WHERE subject = ?", (subject,))
    if digest is not None:
        db.execute("INSERT INTO drawn VALUES (?, ?)", (subject, digest))
    return True


def _dataset(db: sqlite3.Connection, row: sqlite3.Row) -> Iterator[Entry]:
    tags, at = orjson.loads(row["tags"]), row["id"]
    kind = "report" if REPORT in tags else "dataset"
    text = " ".join((row["description"], row["name"], row["contract"] or "", row["kind"], row["owner"] or ""))
    forms = (row["name"], f"{row['namespace']}/{row['name']}", (row["contract"] or "").split("@")[0])
    yield _entry(kind, str(at), row["short"], row["title"], text, tags, dataset=at, forms=forms)
    body = db.execute("SELECT body FROM content WHERE id = ?", (row["schema"],)).fetchone()
    for column in orjson.loads(body[0]) if body else ():
        path, about = column["path"], f"{column.get('description', '')} {row['title']}"
        title = f"{path} of {row['short']}"
        yield _entry("column", str(at), path, title, about, column.get("tags", []), dataset=at, path=path)


def _checks(row: sqlite3.Row, checks: Iterable[tuple[str, str | None, int]]) -> Iterator[Entry]:
    short, at = row["short"], row["id"]
    for name, path, success in checks:
        title, health = f"{name} on {path or short}", "healthy" if success else "failing"
        yield _entry("check", str(at), name, title, f"{short} {path or ''}", [], dataset=at, path=path, health=health)


def derive_job(db: sqlite3.Connection, job: int) -> None:
    """The entry of a job; nothing is done when all it is made of is as it was."""
    row = db.execute(JOB, (job,)).fetchone()
    digest = identify("drawn", repr(tuple(row))) if row else None
    if _differs(db, job, digest):
        _bring(db, "job", job, list(_job(job, *row)) if row else [])


def _job(job: int, name: str, role: str, about: str | None, sql: str | None, owner: str | None) -> Iterator[Entry]:
    text = " ".join((about or "", sql or "", owner or "", role))
    yield _entry("job", str(job), name, _first_line(about or ""), text, [], job=job, owner=owner)


def derive_owners(db: sqlite3.Connection) -> None:
    """One entry per owner of a dataset or a job."""
    sql = """SELECT owner FROM dataset WHERE owner IS NOT NULL UNION
      SELECT value FROM latest WHERE facet = 'owner' AND subject IN (SELECT id FROM job)"""
    names = sorted({name for row in db.execute(sql) for name in row[0].split(", ")})
    held = {row[0]: tuple(row) for row in db.execute("SELECT * FROM entry WHERE kind = 'owner'")}
    _replace(db, held, [_entry("owner", name, name, name, "", [], owner=name) for name in names])


def _entry(
    kind: str, subject: str, name: str, title: str, text: str, tags: Sequence[str], *, dataset: int | None = None,
    job: int | None = None, path: str | None = None, owner: str | None = None, health: str | None = None,
    forms: Sequence[str] = (),
) -> Entry:  # fmt: skip
    at = near(dataset or job or 0, "entry", kind, subject, name, path or "")
    found = " ".join(sorted(_keys(kind, name, forms)))
    return (
        at,
        kind,
        name,
        title,
        " ".join(text.split())[:2000],
        dataset,
        job,
        path,
        owner,
        " ".join(tags),
        health,
        found,
    )


def _keys(kind: str, name: str, forms: Sequence[str]) -> set[str]:
    """Every way to write the name, as keys: also without the path before a column, or the DAG before a task."""
    last = name.rsplit(".", 1)[-1] if kind in ("column", "job") else name
    return {key(form) for form in (name, last, *forms)} - {""}


def _first_line(text: str) -> str:
    lines = [line.strip("# ").strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return lines[0][:200] if lines else ""


def _bring(db: sqlite3.Connection, key: str, subject: int, wanted: Sequence[Entry]) -> None:
    held = {row[0]: tuple(row) for row in db.execute(f"SELECT * FROM entry WHERE {key} = ?", (subject,))}
    _replace(db, held, wanted)


def _replace(db: sqlite3.Connection, held: dict[int, Entry], wanted: Sequence[Entry]) -> None:
    """Write only what is not there yet: words are costly to index."""
    new = {entry[0]: entry for entry in wanted}
    gone = [entry for at, entry in held.items() if new.get(at) != entry]
    fresh = [entry for at, entry in new.items() if held.get(at) != entry]
    counts: Counter[str] = Counter()
    for entry in gone:
        counts.subtract(word for text in _worded(entry) for word in text)
    rows = [(entry[0], _worded(entry)) for entry in fresh]
    for _, texts in rows:
        counts.update(word for text in texts for word in text)
    db.executemany("DELETE FROM search WHERE rowid = ?", [(entry[0],) for entry in gone])
    db.executemany("DELETE FROM handle WHERE key = ? AND entry = ?", _handles(gone))
    db.executemany("DELETE FROM entry WHERE id = ?", [(entry[0],) for entry in gone])
    insert(db, "entry", fresh)
    insert(db, "handle", _handles(fresh))
    sql = "INSERT INTO search (rowid, name, title, text, tags) VALUES (?, ?, ?, ?, ?)"
    db.executemany(sql, [(at, *(" ".join(text) for text in texts)) for at, texts in rows])
    db.executemany(COUNT, [(word, number) for word, number in sorted(counts.items()) if number])
    if gone:
        db.execute("DELETE FROM word WHERE number = 0")


def _worded(entry: Entry) -> tuple[tuple[str, ...], ...]:
    """The stems of name, title, text and tags."""
    return tuple(words(text) for text in (entry[2], entry[3], entry[4], entry[9]))


def _handles(found: Iterable[Entry]) -> list[tuple[str, int]]:
    return [(one, entry[0]) for entry in found for one in entry[11].split()]
