"""What a change means to the SQL of a downstream job: which columns it names, and where it counts on their places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from catalog.drift.change import Change, Judged

if TYPE_CHECKING:  # imported where it is used: it takes longer than the rest of this package
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

LABELS = ("description.", "owner.", "tag.", "pii.", "check.")
"""Changes of what is said about a dataset: no statement asks."""
ADDRESS = "https://sqlglot.com/sqlglot/optimizer/scope.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What statements take of one dataset: columns by name (lower case), perhaps all (`*`), perhaps by place.

    `doubtful` are names without a table in a query of several: they may be this dataset's or another's.
    """

    columns: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
    star: bool = False
    positional: bool = False


def reads(sql: str, dataset: str, dialect: str = "") -> Reads | None:
    """What `sql` takes of the dataset that it calls `dataset` (its last word counts); None when it cannot be parsed."""
    told = _told(sql, dialect)
    return told if told is None else told.get(dataset.rsplit(".", 1)[-1].lower(), Reads())


@lru_cache(maxsize=4096)
def _told(sql: str, dialect: str) -> Mapping[str, Reads] | None:
    """What `sql` takes of each table that it names: parsing takes long, and a statement is asked for several tables."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        statements = [one for one in sqlglot.parse(sql, dialect=dialect or None) if isinstance(one, exp.Expression)]
    except SqlglotError:
        return None
    scoped = [(statement, _scopes(statement)) for statement in statements]
    tables = {one.name.lower() for statement in statements for one in statement.find_all(exp.Table)}
    return {table: _reads([one for pair in scoped for one in _taken(*pair, table)]) for table in tables}


def _reads(found: Sequence[tuple[str, str]]) -> Reads:
    return Reads(
        columns=frozenset(name for name, how in found if how == "named"),
        doubtful=frozenset(name for name, how in found if how == "doubtful"),
        star=any(how == "star" for _, how in found),
        positional=any(how == "positional" for _, how in found),
    )


def _taken(statement: "exp.Expression", scopes: Sequence["Scope"], table: str) -> Iterator[tuple[str, str]]:
    """(column, how it is taken) of one statement; the target of INSERT and MERGE is taken too."""
    from sqlglot import exp

    for scope in scopes:
        ours = {
            alias for alias, one in scope.sources.items() if isinstance(one, exp.Table) and one.name.lower() == table
        }
        if not ours:
            continue
        alone = len(scope.sources) == 1
        for column in scope.columns:
            if column.table in ours or (alone and not column.table):
                yield column.name.lower(), "named"
            elif not column.table:
                yield column.name.lower(), "doubtful"
        for star in scope.expression.find_all(exp.Star):
            if not isinstance(star.parent, exp.Count) and _of(star, ours):
                yield "*", "star"
    if isinstance(statement, (exp.Insert, exp.Merge, exp.Update, exp.Delete)):
        yield from _written(statement, table)


def _scopes(statement: "exp.Expression") -> list["Scope"]:
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    if isinstance(statement, exp.Query):
        return traverse_scope(statement)
    outer = [one for one in statement.find_all(exp.Query) if not one.find_ancestor(exp.Query)]
    return [scope for query in outer for scope in traverse_scope(query)]


def _of(star: "exp.Expression", ours: set[str]) -> bool:
    from sqlglot import exp

    return not isinstance(star.parent, exp.Column) or star.parent.table in {"", *ours}


def _written(statement: "exp.Expression", table: str) -> Iterator[tuple[str, str]]:
    """Columns of the table that a statement writes: named ones, or all of them by place."""
    from sqlglot import exp

    target = statement.this
    found = target.find(exp.Table) if isinstance(target, exp.Expression) else None
    if found is None or found.name.lower() != table:
        return
    if isinstance(statement, exp.Insert):
        if not isinstance(target, exp.Schema):
            yield "*", "positional"
        for name in target.expressions if isinstance(target, exp.Schema) else ():
            yield name.name.lower(), "named"
        return
    for column in statement.find_all(exp.Column):
        yield column.name.lower(), "named" if column.table.lower() in {"", table} else "doubtful"


def judge(change: Change, sql: str, dataset: str, dialect: str) -> Judged:
    """For statements as they are and the dataset as it becomes: word, reason, source."""
    if change.rule.startswith(LABELS):
        return "compatible", "no statement asks about it", ADDRESS
    taken = reads(sql, dataset, dialect)
    if taken is None:
        return "cannot tell", "the statement cannot be parsed", ADDRESS
    if (change.gone or change.rule in {"column.added", "column.moved"}) and taken.positional:
        return "breaking", "inserts by place, without a list of columns", ADDRESS
    if change.rule == "dataset.dropped":
        return "breaking", "the dataset is gone", ADDRESS
    if change.rule in {"column.added", "column.moved"}:
        if not taken.star:
            return "compatible", "names its columns", ADDRESS
        more = ": one more comes" if change.rule == "column.added" else " in order"
        return "may break", f"takes every column{more}", ADDRESS
    return _named(change, change.former.split(".")[0].lower(), taken)


def _named(change: Change, name: str, taken: Reads) -> Judged:
    if name in taken.columns:
        if change.gone:
            return "breaking", f"names the column {name}", ADDRESS
        if change.rule == "column.perhaps_renamed":
            return "cannot tell", f"names {name}: is it the new column?", ADDRESS
        narrower = change.rule.endswith((".narrowed", ".lowered"))
        if (change.retyped and not narrower) or change.rule in {"null.allowed", "enum.value_added", "unique.removed"}:
            return "may break", f"computes with {name}", ADDRESS
        return "compatible", f"bears this change of {name}", ADDRESS
    if name in taken.doubtful and (change.gone or change.retyped):
        return "cannot tell", f"names {name}, perhaps of another table", ADDRESS
    if taken.star and (change.gone or change.retyped):
        return "may break", "takes every column", ADDRESS
    return "compatible", "does not name it", ADDRESS
