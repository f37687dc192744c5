"""What search looks through, kept in step with what was derived: one entry per dataset, column, job, check and owner.

Words are written as catalog.word compares them. Standing (owner, tier, health, freshness, drift, use) is not copied
here: search joins it, so that a run that changed nothing but time costs no words.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from catalog.event import identify
from catalog.index.portrait import Check, Portrait, Row
from catalog.index.store import insert, rows_in
from catalog.word import key, words

REPORT = "report"
"""Tag, by contract or told, of a dataset that is a report for people."""
Entry = tuple[Any, ...]
SAID = "(SELECT value FROM latest WHERE subject = j.id AND facet = '{}')"
JOB = f"""SELECT j.id, n.name, j.role, {SAID.format("description")}, {SAID.format("sql")}, {SAID.format("owner")}
  FROM job j JOIN job_name n ON n.id = j.id WHERE j.id IN ({{ids}})"""
WORDED = ("namespace", "name", "short", "title", "description", "contract", "kind", "owner", "tags", "schema")
"""What of a dataset's row is words of its entries."""
COUNT = "INSERT INTO word VALUES (?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number"


def derive_datasets(db: sqlite3.Connection, found: Mapping[int, Portrait | None]) -> None:
    """The entries of datasets, their columns and checks; of None there are none any more.

    Nothing is done where all that they are made of is as it was.
    """
    made = {at: one and identify("drawn", repr([[one[0][key] for key in WORDED], one[1]])) for at, one in found.items()}
    for dataset in _differing(db, made):
        one = found[dataset]
        _bring(db, "dataset", dataset, [*_dataset(db, one[0]), *_checks(*one)] if one else [])


def _differing(db: sqlite3.Connection, made: Mapping[int, int | None]) -> list[int]:
    """Whose entries are made of something else than before, which is noted."""
    drawn = {row[0]: row[1] for row in rows_in(db, "SELECT subject, digest FROM drawn WHERE subject IN ({ids})", made)}
    found = [subject for subject, digest in made.items() if digest is None or drawn.get(subject) != digest]
    db.executemany("DELETE FROM drawn WHERE subject = ?", [(subject,) for subject in found])
    insert(db, "drawn", [(subject, made[subject]) for subject in found if made[subject] is not None])
    return found


def _dataset(db: sqlite3.Connection, row: Row) -> Iterator[Entry]:
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


def _checks(row: Row, checks: Iterable[Check]) -> Iterator[Entry]:
    short, at = row["short"], row["id"]
    for name, path, success in checks:
        title, health = f"{name} on {path or short}", "healthy" if success else "failing"
        yield _entry("check", str(at), name, title, f"{short} {path or ''}", [], dataset=at, path=path, health=health)


def derive_jobs(db: sqlite3.Connection, jobs: Iterable[int]) -> None:
    """The entries of jobs; nothing is done where all that they are made of is as it was."""
    rows = {row["id"]: tuple(row) for row in rows_in(db, JOB, jobs)}
    for job in _differing(db, {job: identify("drawn", repr(rows[job])) if job in rows else None for job in jobs}):
        _bring(db, "job", job, list(_job(*rows[job])) if job in rows else [])


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
    at = _near(dataset or job or 0, kind, subject, name, path or "")
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


def _near(subject: int, *words: str) -> int:
    """A number that begins as the subject's does: what is of one dataset lies together."""
    return subject >> 47 << 47 | identify("entry", *words) >> 16


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
