"""Search: a query in, hits with facets out. Candidates come from the index's words, their order from `ranking`."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import chain, filterfalse
from operator import attrgetter
from typing import Any, NamedTuple

import orjson

from catalog.dataset import Dataset
from catalog.entry import Answer, Facet, Freshness, Health, Hit, Job, Node, Results
from catalog.index import Index, store
from catalog.search import condition, ranking
from catalog.search.condition import Condition
from catalog.search.query import STATES, Filter, Query, Term, parse
from catalog.word import split, stem, words

CANDIDATES = 150
"""The best by name and the best by words that are ranked in full."""
NEAR = 2000
"""Of all that have any of the words, so many of the best by bm25 are looked at."""
LISTS = 256
"""So many lists that filters alone chose are held while the index stays as it is."""
STOP = frozenset(
    ("a", "an", "and", "are", "as", "at", "by", "for", "from", "how", "in", "is", "it", "of", "on", "or", "per", "that",
     "the", "this", "to", "what", "where", "which", "who", "with")
)  # fmt: skip
Alike = tuple[Any, ...]
LAST = "\U0010ffff"
FACETS = ("type", "namespace", "owner", "tier", "tag", "health", "drift", "freshness")
WORDED = "SELECT rowid FROM search WHERE search MATCH ?"
BEGUN = "SELECT entry FROM handle WHERE key >= ? AND key < ?"
OUTLINE = "entry e INDEXED BY entry_outline"
OUTLINED = f"""SELECT e.id, e.name, d.reads_30d, d.vanished, e.kind, e.tags, e.owner, e.health, d.namespace, d.owner,
  d.tier, d.health, d.freshness, d.drifted
  FROM {OUTLINE} LEFT JOIN dataset d ON d.id = e.dataset WHERE e.id IN ({{ids}})"""
VALUES = {
    "owner": "SELECT name FROM entry WHERE kind = 'owner'", "type": "SELECT DISTINCT kind FROM dataset",
    "tier": "SELECT tier FROM dataset WHERE tier IS NOT NULL", "tag": "SELECT tags FROM entry WHERE tags <> ''",
    "is": "SELECT '' WHERE 0",
}  # fmt: skip
"""What filters can ask for, of those that ask for one of few values; and what they can ask for in every record."""
OWN = {"is": STATES, "type": condition.KINDS}
FULL = """SELECT e.*, s.name AS name_words, s.title AS title_words, s.text AS text_words,
    d.title AS dataset_title, d.tier, d.freshness, d.owner AS dataset_owner, d.health AS dataset_health,
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


class Sketch(NamedTuple):
    """An entry as far as it matters before it is ranked: what it counts under, its worth, what its name promises."""

    id: int
    alike: Alike
    worth: float
    promise: float


Fits = dict[int, Sketch]


@dataclass(frozen=True, slots=True)
class Outline:
    """Sketches of entries, each read once while the index stays as it is; what is alike in them is shared."""

    most_reads: int
    sketches: dict[int, Sketch] = field(default_factory=dict)
    shared: dict[Alike, tuple[Alike, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """All that fits a query: how many, how they divide, and what the best of them, to be ranked in full, are worth."""

    total: int
    facets: tuple[Facet, ...]
    best: Mapping[int, float]


def search(index: Index, query: str, *, limit: int = 20) -> Answer[Results]:
    """The entries that fit, best first; any text is a query (`catalog.search.query`).

    All words must fit; when nothing has them all, entries with any of them are given. Filters alone list all they
    choose. Facets and total count every match, also those beyond `limit`.
    """
    wanted = _wanted(index.db, parse(query))
    found = _found(index.db, _matches(wanted, every=True))
    if not found.total and len(wanted.needed) > 1:
        found = _found(index.db, _matches(wanted, every=False))
    hits = _ranked(index.db, wanted, found.best)[:limit]
    corrections = tuple((typed, _written(read, hits)) for typed, read in wanted.corrections)
    results = Results(query=query, hits=tuple(hits), total=found.total, facets=found.facets, corrections=corrections)
    return Answer(value=results, completeness=index.completeness())


def _wanted(db: sqlite3.Connection, asked: Query) -> Wanted:
    filters = tuple(replace(one, value=_known(db, one)) for one in asked.filters)
    chosen = [(one.value, read.value) for one, read in zip(asked.filters, filters, strict=True) if one != read]
    query = replace(asked, filters=filters)
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
        corrections=(*fixed.items(), *chosen),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """All that fit: `words` an FTS5 expression, `key` the beginning of a name; both None when filters choose alone."""

    words: str | None
    key: str | None
    conditions: tuple[Condition, ...]
    every: bool
    """Whether all words must fit."""

    @property
    def where(self) -> str:
        """The conditions, to be put behind others."""
        return "".join(f" AND {one.sql}" for one in self.conditions)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Of the conditions."""
        return tuple(parameter for one in self.conditions for parameter in one.parameters)


def _matches(wanted: Wanted, *, every: bool) -> Matches:
    phrases = [term for term in wanted.query.terms if term.phrase and not term.negative]
    columns = [one.value for one in wanted.query.filters if one.key == "column" and not one.negative]
    expression = condition.among(wanted.needed, phrases, columns, every=every)
    key = "".join(wanted.typed) if wanted.needed and not phrases else None
    return Matches(words=expression or None, key=key, conditions=wanted.conditions, every=every)


def _found(db: sqlite3.Connection, matches: Matches) -> Found:
    """What fits; lists that filters alone chose are held while the index stays as it is, the start page among them."""
    if matches.words is not None:
        return _looked_up(db, matches)
    lists = store.hold(db, ("lists",), dict[Matches, Found])
    if matches not in lists:
        if len(lists) >= LISTS:
            lists.clear()
        lists[matches] = _looked_up(db, matches)
    return lists[matches]


def _looked_up(db: sqlite3.Connection, matches: Matches) -> Found:
    fits = _sketched(db, _fitting(db, matches))
    return Found(len(fits), _facets(fits.values()), {at: fits[at].worth for at in _best(db, matches, fits)})


def _fitting(db: sqlite3.Connection, matches: Matches) -> list[int]:
    """All that fit; what only words choose is put together here, for SQLite's UNION sorts it."""
    span = (matches.key, matches.key + LAST) if matches.key else ()
    if matches.words is None:
        return _listed(db, f"SELECT e.id FROM {OUTLINE} WHERE 1{matches.where}", matches.parameters)
    if not matches.where:
        worded, begun = _listed(db, WORDED, (matches.words,)), _listed(db, BEGUN, span) if span else []
        return list(dict.fromkeys(chain(worded, begun)))
    either = f"{WORDED} UNION {BEGUN}" if span else WORDED
    sql = f"SELECT e.id FROM {OUTLINE} WHERE e.id IN ({either}){matches.where}"
    return _listed(db, sql, (matches.words, *span, *matches.parameters))


def _listed(db: sqlite3.Connection, sql: str, parameters: Sequence[str]) -> list[int]:
    """The numbers that a query gives, as one piece of JSON: rows one by one take five times as long."""
    found: list[int] = orjson.loads(
        db.execute(f"WITH found (id) AS ({sql}) SELECT json_group_array(id) FROM found", parameters).fetchone()[0]
    )
    return found


def _sketched(db: sqlite3.Connection, ids: list[int]) -> Fits:
    most = "SELECT coalesce(max(reads_30d), 0) FROM dataset"
    outline = store.hold(db, ("outline",), lambda: Outline(db.execute(most).fetchone()[0]))
    known = outline.sketches
    for at, name, *standing in store.rows_in(db, OUTLINED, filterfalse(known.__contains__, ids)):
        alike, worth = outline.shared.get(tuple(standing)) or _share(outline, *standing)
        known[at] = Sketch(at, alike, worth, worth * ranking.promise(name))
    return dict(zip(ids, map(known.__getitem__, ids), strict=True))


def _share(outline: Outline, reads: int | None, vanished: int | None, *alike: Any) -> tuple[Alike, float]:
    kind, _, _, health, _, _, tier, of_dataset, freshness, _ = alike
    standing = ranking.Standing(
        kind=kind, reads=reads or 0, tier=tier, health=health or of_dataset or "unchecked",
        freshness=freshness or "unknown", vanished=bool(vanished),
    )  # fmt: skip
    one, _ = outline.shared.setdefault(alike, (alike, 0.0))
    outline.shared[reads, vanished, *alike] = found = (one, ranking.worth(standing, most_reads=outline.most_reads))
    return found


def _facets(fits: Iterable[Sketch]) -> tuple[Facet, ...]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for group, number in Counter(map(attrgetter("alike"), fits)).items():
        for name, value in _properties(*group):
            counts[name][value] += number
    order = {name: sorted(found.items(), key=lambda one: (-one[1], one[0])) for name, found in counts.items() if found}
    return tuple(Facet(name=name, values=tuple(values)) for name, values in order.items())


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


def _ranked(db: sqlite3.Connection, wanted: Wanted, best: Mapping[int, float]) -> list[Hit]:
    hits = [_hit(row, wanted, best[row["id"]]) for row in store.rows_in(db, FULL, best)]
    return sorted(hits, key=lambda hit: (-hit.score, hit.name, hit.kind, str(hit.subject), hit.path or ""))


def _best(db: sqlite3.Connection, matches: Matches, fits: Fits) -> set[int]:
    """Entries to rank in full: the best by name, and by words those that promise most; by worth alone without words."""
    if matches.words is None or len(fits) <= CANDIDATES:
        return {one.id for one in nlargest(CANDIDATES, fits.values(), key=attrgetter("worth"))}
    worded = _by_field(db, matches.words, fits) if matches.every else _by_rarity(db, matches.words, fits)
    return {*_by_name(db, matches.key, fits), *worded}


def _by_name(db: sqlite3.Connection, key: str | None, fits: Fits) -> Iterator[int]:
    """Entries whose name is this, and then those whose name begins so."""
    if not key:
        return
    left = CANDIDATES
    whole = _listed(db, "SELECT entry FROM handle WHERE key = ?", (key,))
    begun = set(_listed(db, BEGUN, (key, key + LAST)))
    for part in (whole, sorted(begun.difference(whole))):
        best = nlargest(left, (fits[at] for at in part if at in fits), key=attrgetter("worth"))
        left -= len(best)
        yield from (one.id for one in best)


def _by_field(db: sqlite3.Connection, words: str, fits: Fits) -> Iterator[int]:
    """First those with all words in the name, then in name and title, then anywhere."""
    missing, left = CANDIDATES, fits
    for fields in ("name", "name title", None):
        told = _listed(db, WORDED, (f"{{{fields}}} : ({words})",)) if fields else left
        here = [at for at in told if at in left]
        best = nlargest(missing, map(left.__getitem__, here), key=attrgetter("promise"))
        yield from (one.id for one in best)
        missing -= len(best)
        if not missing:
            return
        gone = set(here)
        left = {at: one for at, one in left.items() if at not in gone}


def _by_rarity(db: sqlite3.Connection, words: str, fits: Fits) -> list[int]:
    """Of those that have any of the words, the best by number and rarity of these."""
    sql = f"{WORDED} ORDER BY bm25(search, 10, 5, 1, 1) LIMIT {NEAR}"
    return [at for at in _listed(db, sql, (words,)) if at in fits][:CANDIDATES]


def _hit(row: sqlite3.Row, wanted: Wanted, worth: float) -> Hit:
    health: Health = row["health"] or row["dataset_health"] or "unchecked"
    freshness: Freshness = row["freshness"] or "unknown"
    text = ranking.Text(
        written=row["name"], keys=tuple(row["forms"].split()), name=tuple(row["name_words"].split()),
        title=tuple(row["title_words"].split()), description=tuple(row["text_words"].split()),
    )  # fmt: skip
    score, why = ranking.match(wanted.typed, text, written=wanted.written)
    return Hit(
        kind=row["kind"], name=row["title"] if row["kind"] == "column" else row["name"], subject=_subject(row),
        path=row["path"], title=_title(row),
        owner=row["owner"] or row["dataset_owner"], tier=row["tier"], health=health, freshness=freshness,
        score=round(score * worth, 3), why=why,
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


def _known(db: sqlite3.Connection, one: Filter) -> str:
    """The value to read for a filter's: itself, unless nothing has it and something has nearly the same."""
    if one.key == "column":
        return " ".join(_mended(db, word) or word for word in split(one.value)) or one.value
    if one.key not in VALUES:
        return one.value
    rows = store.hold(db, ("values", one.key), lambda: db.execute(VALUES[one.key]).fetchall())
    found = Counter(word for (told,) in rows for word in told.lower().split(" " if one.key == "tag" else ", "))
    found.update(dict.fromkeys(OWN.get(one.key, ()), 0))
    value = one.value.removeprefix("team:")
    return one.value if value in found else ranking.mend(value, list(found), weight=found.__getitem__) or one.value


def _written(read: str, hits: Iterable[Hit]) -> str:
    """A stem as somebody wrote it, for the reader: `analyse`, not `analyze`."""
    for hit in hits:
        for word in split(f"{hit.name} {hit.title}"):
            if stem(word) == read:
                return word
    return read


def _stems(term: Term) -> Term:
    return replace(term, words=tuple(words(" ".join(term.words))))
