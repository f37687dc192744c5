"""A query as conditions on the index's tables. Words become quoted FTS5 strings: no syntax of it is ever passed on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.search.query import FRESHNESS, HEALTH, Filter, Term
from catalog.word import words

KINDS = ("dataset", "report", "column", "job", "check", "owner")
SHORT = 3
"""Words with fewer letters must be whole, unless one is the last typed: `a` begins too much."""
NEVER = "0"
IS = {
    "drifted": "d.drift",
    "vanished": "d.vanished",
    "undocumented": "d.description = '' AND d.kind IN ('dataset', 'report')",
    "unowned": "d.owner IS NULL AND d.kind IN ('dataset', 'report', 'job')",
}
TAGGED = "instr(' ' || lower(d.tags) || ' ', ?) > 0"
HOLDS_TAGGED = """(d.kind IN ('dataset', 'report') AND d.dataset IN
  (SELECT e.dataset FROM entry e WHERE e.kind = 'column' AND instr(' ' || lower(e.tags) || ' ', ?) > 0))"""
OF_JOB = """(d.job IN (SELECT entry.job FROM handle JOIN entry ON entry.id = handle.entry WHERE handle.key = ?)
  OR d.dataset IN (SELECT f.dataset FROM flow f WHERE f.job IN
    (SELECT entry.job FROM handle JOIN entry ON entry.id = handle.entry WHERE handle.key = ?)))"""


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL about a row `d` of the view `document`, with its parameters."""

    sql: str
    parameters: tuple[str, ...] = ()


def among(needed: Sequence[str], phrases: Iterable[Term], *, every: bool) -> str:
    """The FTS5 expression for words of which all (or any) must begin a word of the entry, and for whole phrases."""
    begun = [f'"{word}"*' if len(word) >= SHORT or word is needed[-1] else f'"{word}"' for word in needed]
    parts = [f"({(' AND ' if every else ' OR ').join(begun)})"] if begun else []
    parts += [_phrase(term.words) for term in phrases]
    return " AND ".join(parts)


def without(terms: Iterable[Term]) -> list[Condition]:
    """Entries in which these words or phrases are not."""
    sql = "d.id NOT IN (SELECT rowid FROM search WHERE search MATCH ?)"
    return [Condition(sql, (_phrase(term.words),)) for term in terms]


def chosen(filters: Sequence[Filter]) -> list[Condition]:
    """What filters let through.

    Of several `tier:`, `owner:`, ... any may hold, of several `is:` and `tag:` all must, and different keys all must.
    A state is asked of datasets, jobs and checks; of columns only when the query speaks of columns.
    """
    groups: dict[object, list[Filter]] = {}
    for one in filters:
        alone = one.negative or one.key in ("is", "tag")
        groups.setdefault(one if alone else one.key, []).append(one)
    found = [_any([_condition(one) for one in same], negative=same[0].negative) for same in groups.values()]
    keys = {one.key for one in filters if not one.negative}
    if "is" in keys and not keys & {"column", "type"}:
        found.append(Condition("d.kind <> 'column'"))
    return found


def _any(conditions: Sequence[Condition], *, negative: bool) -> Condition:
    either = " OR ".join(f"({one.sql})" for one in conditions)
    sql = f"NOT coalesce({either}, 0)" if negative else f"({either})"
    return Condition(sql, tuple(parameter for one in conditions for parameter in one.parameters))


def _condition(one: Filter) -> Condition:
    value = one.value
    match one.key:
        case "is":
            return _is(value)
        case "type":
            return Condition("d.kind = ?" if value in KINDS else "d.type = ?", (value,))
        case "column":
            parts = words(value)
            sql = "d.kind = 'column' AND d.id IN (SELECT rowid FROM search WHERE search MATCH ?)"
            return Condition(sql, (f"name : {_phrase(parts)}*",)) if parts else Condition(NEVER)
        case "owner":
            return Condition("instr(', ' || lower(d.owner) || ', ', ?) > 0", (f", {value.removeprefix('team:')}, ",))
        case "namespace":
            return Condition("instr(lower(d.namespace), ?) > 0", (value,))
        case "tag":
            return Condition(f"{TAGGED} OR {HOLDS_TAGGED}", (f" {value} ", f" {value} "))
        case "job":
            key = "".join(words(value))
            return Condition(OF_JOB, (key, key))
        case _:
            return Condition(f"d.{one.key} = ?", (value,))


def _is(state: str) -> Condition:
    if state in HEALTH:
        return Condition("d.health = ?", (state,))
    if state in FRESHNESS:
        return Condition("d.freshness = ?", (state,))
    return Condition(IS[state])


def _phrase(parts: Sequence[str]) -> str:
    return '"' + " ".join(parts) + '"'
