"""Search: a query in, hits with facets out. Candidates come from the index's words, their order from `ranking`."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from catalog.dataset import Dataset
from catalog.entry import Answer, Facet, Hit, Job, Node, Results
from catalog.index import Index
from catalog.search import condition, ranking
from catalog.search.condition import Condition
from catalog.search.query import Query, Term, parse
from catalog.word import split, stem, words

CANDIDATES = 300
"""The best by name and the best by words (bm25) that are ranked in full."""
STOP = frozenset(
    ("a", "an", "and", "are", "as", "at", "by", "for", "from", "how", "in", "is", "it", "of", "on", "or", "per", "that",
     "the", "this", "to", "what", "where", "which", "who", "with")
)  # fmt: skip
LAST = "\U0010ffff"
FACETS = ("type", "namespace", "owner", "tier", "health", "freshness")
COLUMNS = """d.id, d.kind, d.name, d.title, d.text, d.path, d.namespace, d.subject, d.of_dataset, d.type, d.owner,
  d.tier, d.tags, d.health, d.freshness, d.reads_30d, d.vanished, d.forms, d.job"""


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
    def parameters(self) -> tuple[str, ...]:
        """Of the conditions."""
        return tuple(parameter for one in self.conditions for parameter in one.parameters)


def _matches(wanted: Wanted, *, every: bool) -> Matches:
    phrases = [term for term in wanted.query.terms if term.phrase and not term.negative]
    expression = condition.among(wanted.needed, phrases, every=every)
    key = "".join(wanted.typed) if wanted.needed and not phrases else None
    return Matches(words=expression or None, key=key, conditions=wanted.conditions)


def _facets(db: sqlite3.Connection, matches: Matches) -> tuple[int, tuple[Facet, ...]]:
    ids, parameters = "SELECT id FROM entry", []
    if matches.words is not None:
        ids, parameters = "SELECT rowid FROM search WHERE search MATCH ?", [matches.words]
    if matches.key:
        ids += " UNION SELECT entry FROM handle WHERE key >= ? AND key < ?"
        parameters += [matches.key, matches.key + LAST]
    sql = f"""SELECT count(*) AS number, d.kind AS type, d.namespace, d.owner, d.tier, d.health, d.freshness, d.drift,
        d.tags
      FROM document d WHERE d.id IN ({ids}){matches.where} GROUP BY 2, 3, 4, 5, 6, 7, 8, 9"""
    counts: dict[str, Counter[str]] = {name: Counter() for name in (*FACETS, "drift", "tag")}
    total = 0
    for row in db.execute(sql, (*parameters, *matches.parameters)):
        total += row["number"]
        for name in FACETS:
            if row[name]:
                counts[name][row[name]] += row["number"]
        counts["drift"]["drifted" if row["drift"] else "as promised"] += row["number"]
        for tag in row["tags"].split():
            counts["tag"][tag] += row["number"]
    order = {name: sorted(found.items(), key=lambda one: (-one[1], one[0])) for name, found in counts.items() if found}
    return total, tuple(Facet(name=name, values=tuple(values)) for name, values in order.items())


def _ranked(db: sqlite3.Connection, wanted: Wanted, matches: Matches) -> list[Hit]:
    most = db.execute("SELECT max(reads_30d) FROM dataset").fetchone()[0] or 0
    hits = [_hit(row, wanted, most) for row in _candidates(db, matches).values()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.name, hit.kind, str(hit.subject), hit.path or ""))


def _candidates(db: sqlite3.Connection, matches: Matches) -> dict[int, sqlite3.Row]:
    """Rows to rank in full: the best by name, the best by words; by use alone when nothing was typed."""
    best = f"d.reads_30d DESC, d.tier = 'gold' DESC, d.id LIMIT {CANDIDATES}"
    found: list[sqlite3.Row] = []
    if matches.key:
        named = f"""SELECT {COLUMNS} FROM document d WHERE d.id IN
          (SELECT entry FROM handle WHERE key >= ? AND key < ?){matches.where}
          ORDER BY d.id NOT IN (SELECT entry FROM handle WHERE key = ?), {best}"""
        found += db.execute(named, (matches.key, matches.key + LAST, *matches.parameters, matches.key))
    if matches.words is not None:
        worded = f"""SELECT {COLUMNS} FROM search JOIN document d ON d.id = search.rowid
          WHERE search MATCH ?{matches.where} ORDER BY round(bm25(search, 10, 5, 1, 1), 1), {best}"""
        found += db.execute(worded, (matches.words, *matches.parameters))
    else:
        listed = f"""SELECT {COLUMNS} FROM document d WHERE 1{matches.where}
          ORDER BY d.kind NOT IN ('dataset', 'report'), d.kind = 'column', {best}"""
        found += db.execute(listed, matches.parameters)
    return {row["id"]: row for row in found}


def _hit(row: sqlite3.Row, wanted: Wanted, most_reads: int) -> Hit:
    forms = row["forms"].split()
    text = ranking.Text.of(keys=forms, name=row["name"], title=row["title"], description=row["text"])
    score, why = ranking.match(wanted.typed, text, written=wanted.written)
    standing = ranking.Standing(
        kind=row["kind"], reads=row["reads_30d"], tier=row["tier"], health=row["health"], freshness=row["freshness"],
        vanished=bool(row["vanished"]),
    )  # fmt: skip
    return Hit(
        kind=row["kind"], name=row["title"] if row["kind"] == "column" else row["name"], subject=_subject(row),
        path=row["path"], title=row["text"] if row["kind"] == "column" else row["title"], owner=row["owner"],
        tier=row["tier"], health=row["health"], freshness=row["freshness"],
        score=round(score * ranking.worth(standing, most_reads=most_reads), 3), why=why,
    )  # fmt: skip


def _subject(row: sqlite3.Row) -> Node | None:
    if row["of_dataset"]:
        return Dataset(row["namespace"], row["subject"])
    return Job(row["namespace"], row["subject"]) if row["job"] is not None else None


def _mended(db: sqlite3.Connection, word: str) -> str | None:
    """The stem to read for a word that nothing begins with; None when something does, or nothing is near."""
    stemmed = stem(word)
    sql = "SELECT 1 FROM search_word WHERE term >= ? AND term < ? LIMIT 1"
    if db.execute(sql, (stemmed, stemmed + LAST)).fetchone() or word in STOP:
        return None
    vocabulary = {row[0]: row[1] for row in db.execute("SELECT term, doc FROM search_word")}
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
