"""A query as conditions on the index's tables. Words become quoted FTS5 strings: no syntax of it is ever passed on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.search.query import FRESHNESS, HEALTH, Filter, Term
from catalog.word import words

KINDS = ("dataset", "report", "column", "job", "check", "owner")
SHORT = 3
"""Words with fewer letters must be whole (`a` begins too much); the last may still be typed and needs two."""
NOTHING = '""'
"""The FTS5 expression that nothing fits."""
IS = {
    "drifted": "+e.dataset IN (SELECT id FROM dataset WHERE drifted)",
    "vanished": "+e.dataset IN (SELECT id FROM dataset WHERE vanished)",
    "undocumented": "+e.dataset IN (SELECT id FROM dataset WHERE description = '') AND e.kind IN ('dataset', 'report')",
    "unowned": "e.kind IN ('dataset', 'report') AND +e.dataset IN (SELECT id FROM dataset WHERE owner IS NULL)"
    " OR e.kind = 'job' AND e.owner IS NULL",
}
OF_DATASET = "+e.dataset IN (SELECT id FROM dataset WHERE {})"
"""The plus keeps SQLite from trying each such dataset with each entry."""
TAGGED = "SELECT {} FROM entry t WHERE t.tags <> '' AND instr(' ' || lower(t.tags) || ' ', ?) > 0"
HOLDS_TAGGED = f"e.kind IN ('dataset', 'report') AND +e.dataset IN ({TAGGED.format('t.dataset')} AND t.kind = 'column')"
OWNED = "instr(', ' || lower(owner) || ', ', ?) > 0"
NAMED_JOB = "SELECT n.job FROM handle h JOIN entry n ON n.id = h.entry WHERE h.key = ?"
OF_JOB = f"(e.job IN ({NAMED_JOB}) OR +e.dataset IN (SELECT f.dataset FROM flow f WHERE f.job IN ({NAMED_JOB})))"


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL about a row `e` of the table `entry`, with its parameters."""

    sql: str
    parameters: tuple[str, ...] = ()


def among(needed: Sequence[str], phrases: Iterable[Term], columns: Sequence[str], *, every: bool) -> str:
    """The FTS5 expression: all (or any) words must begin a word of the entry, phrases and a column's name be in it."""
    begun = [f'"{word}"*' if len(word) >= (2 if word is needed[-1] else SHORT) else f'"{word}"' for word in needed]
    parts = [f"({(' AND ' if every else ' OR ').join(begun)})"] if begun else []
    parts += [_phrase(term.words) for term in phrases]
    names = [f"name : {_phrase(words(column))}*" for column in columns if words(column)]
    parts += [f"({' OR '.join(names)})"] if names else []
    return " AND ".join(parts)


def without(terms: Iterable[Term]) -> list[Condition]:
    """Entries in which these words or phrases are not."""
    sql = "e.id NOT IN (SELECT rowid FROM search WHERE search MATCH ?)"
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
        found.append(Condition("e.kind <> 'column'"))
    return found


def _any(conditions: Sequence[Condition], *, negative: bool) -> Condition:
    either = " OR ".join(f"({one.sql})" for one in conditions)
    sql = f"NOT coalesce({either}, 0)" if negative else f"({either})"
    return Condition(sql, tuple(parameter for one in conditions for parameter in one.parameters))


def _condition(one: Filter) -> Condition:
    value = one.value
    match one.key:
        case "is" if value not in (*HEALTH, *FRESHNESS):
            return Condition(IS[value])
        case "is":
            return _state("health" if value in HEALTH else "freshness", value)
        case "health" | "freshness":
            return _state(one.key, value)
        case "type" if value in KINDS:
            return Condition("e.kind = ?", (value,))
        case "type":
            return Condition(OF_DATASET.format("kind = ?"), (value,))
        case "tier":
            return Condition(OF_DATASET.format("lower(tier) = ?"), (value,))
        case "column" if not one.negative:
            return Condition("e.kind = 'column'")  # of which name, `among` says
        case "column":
            named = "SELECT rowid FROM search WHERE search MATCH ?"
            return Condition(
                f"e.kind = 'column' AND e.id IN ({named})", (among((), (), [value], every=True) or NOTHING,)
            )
        case "owner":
            name = f", {value.removeprefix('team:')}, "
            return Condition(f"{OWNED.replace('owner', 'e.owner')} OR {OF_DATASET.format(OWNED)}", (name, name))
        case "namespace":
            of_job = "e.job IN (SELECT id FROM job_name WHERE instr(lower(namespace), ?) > 0)"
            return Condition(f"{OF_DATASET.format('instr(lower(namespace), ?) > 0')} OR {of_job}", (value, value))
        case "tag":
            return Condition(f"e.id IN ({TAGGED.format('t.id')}) OR {HOLDS_TAGGED}", (f" {value} ", f" {value} "))
        case _:
            key = "".join(words(value))
            return Condition(OF_JOB, (key, key))


def _state(name: str, value: str) -> Condition:
    """Of a check its own; of everything else its dataset's."""
    own = "e.health = ? OR e.health IS NULL AND " if name == "health" else ""
    return Condition(own + OF_DATASET.format(f"{name} = ?"), (value, value) if own else (value,))


def _phrase(parts: Sequence[str]) -> str:
    return '"' + " ".join(parts) + '"'
