"""Column lineage of SQL: from which columns each output column of a SELECT is made, and how (parsed by sqlglot).

Kinds follow ColumnLineageDatasetFacet 1-2-0: DIRECT IDENTITY, TRANSFORMATION or AGGREGATION, and INDIRECT CONDITIONAL
for a column that only decides (CASE WHEN). Row filters, joins and groupings of the whole statement are not listed.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from catalog.dataset import Dataset
from lineage.outcome import ColumnSource, Transformation

if TYPE_CHECKING:
    from sqlglot.optimizer.scope import Scope

DIRECT = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")  # from the weakest to the strongest: a path takes its strongest


def column_lineage(sql: str, *, tables: Mapping[str, Dataset]) -> dict[str, tuple[ColumnSource, ...]]:
    """Output column → its sources, for a SELECT or for what an INSERT or CREATE TABLE AS selects, in the query's order.

    `tables` has the dataset of each table by its name in the SQL; columns of other tables are left out. A query of
    several tables must say of each column which one it is from.
    """
    return {
        name: tuple(
            ColumnSource(dataset=tables[table], column=column, transformation=_transformation(subtype))
            for table, column, subtype in origins
            if table in tables
        )
        for name, origins in _parsed(sql)
    }


@lru_cache(maxsize=16)
def _parsed(sql: str) -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """Output columns with (table, column, subtype) of their sources; kept, for a task says it at its start and end."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    statement = sqlglot.parse_one(sql, dialect="postgres")
    query = statement if isinstance(statement, exp.Query) else statement.expression
    qualified = qualify(query.copy(), dialect="postgres", validate_qualify_columns=False)
    scope = build_scope(qualified)
    assert scope is not None, "only queries have columns"
    return tuple(
        (name, tuple(dict.fromkeys(_origins(scope, position)))) for position, name in enumerate(qualified.named_selects)
    )


def _transformation(subtype: str) -> Transformation:
    return Transformation(type="DIRECT" if subtype in DIRECT else "INDIRECT", subtype=subtype)


def _origins(scope: "Scope", position: int) -> Iterator[tuple[str, str, str]]:
    """(table, column, subtype) of every base column that reaches the output column at a position."""
    from sqlglot import exp

    if scope.set_operation_scopes:
        for branch in scope.set_operation_scopes:
            yield from _origins(branch, position)
        return
    query: Any = scope.expression
    projection = query.selects[position].unalias()
    for column in projection.find_all(exp.Column):
        only = next(iter(scope.sources.values())) if len(scope.sources) == 1 else None
        source = scope.sources.get(column.table) or only
        step = _subtype(column, projection)
        if isinstance(source, exp.Table):
            yield source.name, column.name, step
        elif source is not None:
            inner = source.expression.named_selects.index(column.name)  # type: ignore[attr-defined]
            yield from ((table, name, _combine(step, before)) for table, name, before in _origins(source, inner))


def _subtype(column: Any, projection: Any) -> str:
    """How one column takes part in one expression."""
    from sqlglot import exp

    if column is projection:
        return "IDENTITY"
    aggregated = False
    child, parent = column, column.parent
    while child is not projection:
        if isinstance(parent, exp.If) and child is parent.this:
            return "CONDITIONAL"
        aggregated = aggregated or isinstance(parent, exp.AggFunc)
        child, parent = parent, parent.parent
    return "AGGREGATION" if aggregated or isinstance(projection, exp.AggFunc) else "TRANSFORMATION"


def _combine(outer: str, inner: str) -> str:
    if "CONDITIONAL" in (outer, inner):
        return "CONDITIONAL"
    return max(outer, inner, key=DIRECT.index)
