"""Search: a query in, hits with facets out. Candidates come from the index's words, their order from `ranking`."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from catalog.dataset import Dataset
from catalog.entry import Answer, Facet, Freshness, Health, Hit, Job, Node, Results
from catalog.index import Index, store
from catalog.search import condition, ranking
from catalog.search.condition import Condition
from catalog.search.query import Query, Term, parse
from catalog.word import split, stem, words

CANDIDATES = 150
"""The best by name and the best by words (bm25) that are ranked in full."""
NEAR = 2000
"""Of all that have the words, so many of the best by bm25 are ordered by their use."""
STOP = frozenset(
    ("a", "an", "and", "are", "as", "at", "by", "for", "from", "how", "in", "is", "it", "of", "on", "or", "per", "that",
     "the", "this", "to", "what", "where", "which", "who", "with")
)  # fmt: skip
Alike = tuple[Any, ...]
LAST = "\U0010ffff"
FACETS = ("type", "namespace", "owner", "tier", "tag", "health", "drift", "freshness")
OUTLINE = "entry e INDEXED BY entry_outline"
COUNTED = f"""SELECT e.id, e.kind, e.tags, e.owner, e.health, d.namespace, d.owner, d.tier, d.health, d.freshness,
  d.differences <> '[]' FROM {OUTLINE} LEFT JOIN dataset d ON d.id = e.dataset WHERE e.id IN ({{ids}})"""
FULL = """SELECT e.*, s.name AS name_words, s.title AS title_words, s.text AS text_words,
    d.title AS dataset_title, d.tier, d.freshness, d.reads_30d, d.vanished,
    d.owner AS dataset_owner, d.health AS dataset_health,
    coalesce(d.namespace, j.namespace) AS namespace, coalesce(d.name, j.name) AS subject
  FROM entry e JOIN search s ON s.rowid = e.id
    LEFT JOIN dataset d ON d.id = e.dataset LEFT JOIN job_name j ON j.id = e.job
  WHERE e.id IN ({ids})"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A query ready to be asked: stems in order, the words that were mended, and all conditions."""

    written: str
    typed: tuple[str, ...]
    needed: tuple[str, ...]
    query: Query
    conditions: tuple[Condition, ...]
    corrections: tuple[tuple[str, str], ...] = ()


def search(index: Index, query: str, *, limit: int = 20) -> Answer[Results]:
    """The entries that fit, best first; any text is a query (`catalog.search.query`).

    All words must fit; when nothing has them all, entries with any of them are given. Filters alone list all they
    choose. Facets and total count every match, also those beyond `limit`.
    """
    wanted = _wanted(index.db, parse(query))
    matches = _matches(wanted, every=True)
    total, facets = _facets(index.db, matches)
    if not total and len(wanted.needed) > 1:
        matches = _matches(wanted, every=False)
        total, facets = _facets(index.db, matches)
    hits = _ranked(index.db, wanted, matches)[:limit] if total else []
    corrections = tuple((typed, _written(read, hits)) for typed, read in wanted.corrections)
    results = Results(query=query, hits=tuple(hits), total=total, facets=facets, corrections=corrections)
    return Answer(value=results, completeness=index.completeness())


def _wanted(db: sqlite3.Connection, query: Query) -> Wanted:
    named = query.name or " ".join(one.value for one in query.filters if one.key == "column" and not one.negative)
    fixed = {word: mended for word in split(query.name) if (mended := _mended(db, word)) is not None}
    typed = tuple(fixed.get(word, stem(word)) for word in split(named))
    loose = [word for term in query.terms if not (term.phrase or term.negative) for word in term.words]
    told = [word for word in loose if word not in STOP] or loose
    conditions = condition.chosen(query.filters) + condition.without(_stems(t) for t in query.terms if t.negative)
    return Wanted(
        written=named,
        typed=tuple(word for word in typed if word not in STOP) or typed,
        needed=tuple(fixed.get(word, stem(word)) for word in told),
        query=replace(query, terms=tuple(_stems(term) for term in query.terms)),
        conditions=tuple(conditions),
        corrections=tuple(fixed.items()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """All that fit: `words` an FTS5 expression, `key` the beginning of a name; both None when filters choose alone."""

    words: str | None
    key: str | None
    conditions: tuple[Condition, ...]

    @property
    def where(self) -> str:
        """The conditions, to be put behind others."""
        return "".join(f" AND {one.sql}" for one in self.conditions)

    @property
    def ids(self) -> str:
        """The entries that fit the words or begin with the key, as a query; empty when filters choose alone."""
        named = " UNION SELECT entry FROM handle WHERE key >= ? AND key < ?" if self.key else ""
        return "" if self.words is None else f"SELECT rowid FROM search WHERE search MATCH ?{named}"

    @property
    def id_parameters(self) -> tuple[str, ...]:
        """Of `ids`."""
        named = (self.key, self.key + LAST) if self.key else ()
        return () if self.words is None else (self.words, *named)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Of the conditions."""
        return tuple(parameter for one in self.conditions for parameter in one.parameters)


def _matches(wanted: Wanted, *, every: bool) -> Matches:
    phrases = [term for term in wanted.query.terms if term.phrase and not term.negative]
    columns = [one.value for one in wanted.query.filters if one.key == "column" and not one.negative]
    expression = condition.among(wanted.needed, phrases, columns, every=every)
    key = "".join(wanted.typed) if wanted.needed and not phrases else None
    return Matches(words=expression or None, key=key, conditions=wanted.conditions)


def _facets(db: sqlite3.Connection, matches: Matches) -> tuple[int, tuple[Facet, ...]]:
    """How many match, and how they divide; what an entry counts under is read once while the index stays as it is."""
    source = f"SELECT e.id FROM {OUTLINE} WHERE {f'e.id IN ({matches.ids})' if matches.ids else 1}{matches.where}"
    sql = source if matches.where else matches.ids or source
    listed = f"WITH found (id) AS ({sql}) SELECT json_group_array(id) FROM found"
    ids = orjson.loads(db.execute(listed, (*matches.id_parameters, *matches.parameters)).fetchone()[0])
    known, alike = store.hold(db, ("counted",), lambda: (dict[int, Alike](), dict[Alike, Alike]()))
    for at, *row in store.rows_in(db, COUNTED, [at for at in ids if at not in known]):
        known[at] = alike.setdefault(tuple(row), tuple(row))
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for group, number in Counter(map(known.__getitem__, ids)).items():
        for name, value in _properties(*group):
            counts[name][value] += number
    order = {name: sorted(found.items(), key=lambda one: (-one[1], one[0])) for name, found in counts.items() if found}
    return len(ids), tuple(Facet(name=name, values=tuple(values)) for name, values in order.items())


def _properties(
    kind: str, tags: str, owner: str | None, health: str | None, namespace: str | None, *standing: Any
) -> Iterator[tuple[str, str]]:
    """What entries that are alike count under: their own property, else their dataset's."""
    dataset_owner, tier, dataset_health, freshness, drift = standing
    yield "type", kind
    yield from (("tag", tag) for tag in tags.split())
    told = (("owner", owner or dataset_owner), ("health", health or dataset_health), ("namespace", namespace))
    yield from ((name, value) for name, value in (*told, ("tier", tier), ("freshness", freshness)) if value)
    if namespace is not None:
        yield "drift", "drifted" if drift else "as promised"


def _ranked(db: sqlite3.Connection, wanted: Wanted, matches: Matches) -> list[Hit]:
    most = db.execute("SELECT max(reads_30d) FROM dataset").fetchone()[0] or 0
    rows = db.execute(FULL.format(ids=", ".join(map(str, sorted(_candidates(db, matches))))))
    hits = [_hit(row, wanted, most) for row in rows]
    return sorted(hits, key=lambda hit: (-hit.score, hit.name, hit.kind, str(hit.subject), hit.path or ""))


def _candidates(db: sqlite3.Connection, matches: Matches) -> set[int]:
    """Entries to rank in full: the best by name, the best by words; by use alone when nothing was typed."""
    used = f"LEFT JOIN dataset d INDEXED BY dataset_use ON d.id = e.dataset WHERE 1{matches.where}"
    best = f"d.reads_30d DESC, d.tier = 'gold' DESC, e.id LIMIT {CANDIDATES}"
    found: list[sqlite3.Row] = []
    if matches.key:
        named = f"""SELECT DISTINCT e.id FROM handle h JOIN {OUTLINE} ON e.id = h.entry {used}
          AND h.key >= ? AND h.key < ? ORDER BY h.key <> ?, {best}"""
        found += db.execute(named, (*matches.parameters, matches.key, matches.key + LAST, matches.key))
    if matches.words is not None:
        near = f"ORDER BY score LIMIT {-1 if matches.where else NEAR}"
        worded = f"""SELECT e.id FROM (SELECT rowid, bm25(search, 10, 5, 1, 1) AS score FROM search
          WHERE search MATCH ? {near}) s CROSS JOIN {OUTLINE} ON e.id = s.rowid {used}
          ORDER BY round(s.score, 1), {best}"""
        found += db.execute(worded, (matches.words, *matches.parameters))
    return {row[0] for row in found} if matches.words is not None else set(_listed(db, matches))


def _listed(db: sqlite3.Connection, matches: Matches) -> Iterator[int]:
    """Without words: the most used datasets; jobs and owners; columns and checks of the most used datasets."""
    end = f"{matches.where} ORDER BY d.reads_30d DESC LIMIT {CANDIDATES}"
    by_use = "SELECT e.id FROM dataset d INDEXED BY dataset_by_use CROSS JOIN entry e ON e.dataset = d.id"
    others = (
        f"SELECT e.id FROM entry e WHERE e.kind IN ('job', 'owner'){matches.where} ORDER BY e.id LIMIT {CANDIDATES}"
    )
    for sql in (
        f"{by_use} WHERE e.kind IN ('dataset', 'report'){end}",
        others,
        f"{by_use} WHERE e.kind IN ('column', 'check'){end}",
    ):
        yield from (row[0] for row in db.execute(sql, matches.parameters))


def _hit(row: sqlite3.Row, wanted: Wanted, most_reads: int) -> Hit:
    health: Health = row["health"] or row["dataset_health"] or "unchecked"
    freshness: Freshness = row["freshness"] or "unknown"
    text = ranking.Text(
        written=row["name"], keys=tuple(row["forms"].split()), name=tuple(row["name_words"].split()),
        title=tuple(row["title_words"].split()), description=tuple(row["text_words"].split()),
    )  # fmt: skip
    score, why = ranking.match(wanted.typed, text, written=wanted.written)
    standing = ranking.Standing(
        kind=row["kind"], reads=row["reads_30d"] or 0, tier=row["tier"], health=health, freshness=freshness,
        vanished=bool(row["vanished"]),
    )  # fmt: skip
    return Hit(
        kind=row["kind"], name=row["title"] if row["kind"] == "column" else row["name"], subject=_subject(row),
        path=row["path"], title=_title(row),
        owner=row["owner"] or row["dataset_owner"], tier=row["tier"], health=health, freshness=freshness,
        score=round(score * ranking.worth(standing, most_reads=most_reads), 3), why=why,
    )  # fmt: skip


def _title(row: sqlite3.Row) -> str:
    """A column's description, for the text that is searched ends with its dataset's title; else the title."""
    if row["kind"] != "column":
        return str(row["title"])
    return str(row["text"]).removesuffix(row["dataset_title"] or "").strip()


def _subject(row: sqlite3.Row) -> Node | None:
    if row["dataset"] is not None:
        return Dataset(row["namespace"], row["subject"])
    return Job(row["namespace"], row["subject"]) if row["job"] is not None else None


def _mended(db: sqlite3.Connection, word: str) -> str | None:
    """The stem to read for a word that nothing begins with; None when something does, or nothing is near."""
    stemmed = stem(word)
    sql = "SELECT 1 FROM word WHERE stem >= ? AND stem < ? LIMIT 1"
    if db.execute(sql, (stemmed, stemmed + LAST)).fetchone() or word in STOP:
        return None
    vocabulary = {row[0]: row[1] for row in db.execute("SELECT stem, number FROM word")}
    return ranking.mend(stemmed, list(vocabulary), weight=vocabulary.__getitem__)


def _written(read: str, hits: Iterable[Hit]) -> str:
    """A stem as somebody wrote it, for the reader: `analyse`, not `analyze`."""
    for hit in hits:
        for word in split(f"{hit.name} {hit.title}"):
            if stem(word) == read:
                return word
    return read


def _stems(term: Term) -> Term:
    return replace(term, words=tuple(words(" ".join(term.words))))
