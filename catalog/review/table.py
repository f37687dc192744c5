"""What statements of a branch declare and read: tables that they create, columns that they give."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from catalog.drift import Part, Shape
from catalog.review.declared import Unread

if TYPE_CHECKING:
    from sqlglot import exp

CREATES = re.compile(r"\bcreate\s+table\b", re.IGNORECASE)
DIALECTS = ("postgres", "sqlite", "")
"""Tried in this order: files of SQL do not say whose they are."""
UNPARSED = "no dialect that we know can parse it"


def creates(text: str) -> bool:
    """Whether a file declares tables; then it is no reader of any."""
    return bool(CREATES.search(text))


def tables(text: str) -> dict[str, Shape] | None:
    """The shape of every table that a file creates, by its name; None when it cannot be parsed."""
    from sqlglot import exp

    told = parsed(text)
    if told is None:
        return None
    found = [one for one in told if isinstance(one, exp.Create) and isinstance(one.this, exp.Schema)]
    return {one.this.this.name: _shape(one.this) for one in found}


def outputs(text: str) -> tuple[str, ...]:
    """The columns that a file's last statement gives when it is a query or inserts one; () when nobody can say."""
    from sqlglot import exp

    told = parsed(text) or ()
    last = told[-1] if told else None
    query = last.expression if isinstance(last, (exp.Insert, exp.Create)) else last
    names = tuple(query.named_selects) if isinstance(query, exp.Query) else ()
    return () if "*" in names else tuple(name.lower() for name in names)


@lru_cache(maxsize=128)
def parsed(text: str) -> "tuple[exp.Expression, ...] | None":
    """Its statements, in the first dialect that can read them; None when none can."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    for dialect in DIALECTS:
        try:
            return tuple(one for one in sqlglot.parse(text, dialect=dialect or None) if isinstance(one, exp.Expression))
        except SqlglotError:
            continue
    return None


def unread(text: str) -> Unread:
    """Why `parsed` gives nothing, in the dialect that is tried first."""
    import sqlglot
    from sqlglot.errors import ParseError, SqlglotError

    try:
        sqlglot.parse(text, dialect=DIALECTS[0])
    except ParseError as problem:
        return Unread(UNPARSED, next((one["line"] for one in problem.errors if one.get("line")), 1))
    except SqlglotError:
        pass
    return Unread(UNPARSED)


def _shape(schema: "exp.Schema") -> Shape:
    from sqlglot import exp

    columns = [one for one in schema.expressions if isinstance(one, exp.ColumnDef)]
    keys = [one for one in schema.expressions if isinstance(one, exp.PrimaryKey)]
    named = tuple(one.name for key in keys for one in key.expressions)
    own = tuple(one.name for one in columns if one.find(exp.PrimaryKeyColumnConstraint))
    return Shape(parts=tuple(_part(one) for one in columns), key=named or own)


def _part(column: "exp.ColumnDef") -> Part:
    from sqlglot import exp

    required = any(
        isinstance(one.kind, (exp.PrimaryKeyColumnConstraint, exp.NotNullColumnConstraint))
        and not one.kind.args.get("allow_null")
        for one in column.constraints
    )
    default = next((one.kind for one in column.constraints if isinstance(one.kind, exp.DefaultColumnConstraint)), None)
    kind = column.args.get("kind")
    return Part(
        path=column.name, type=kind.sql().lower() if kind else "any", nullable=not required, required=required,
        default=default.this.sql() if default else None,
    )  # fmt: skip
