"""Column lineage of SQL: a query, and what it must say."""

import pytest

from catalog.dataset import Dataset
from lineage.sql_lineage import column_lineage

TABLES = {name: Dataset("wh", f"public.{name}") for name in ("a", "b")}


def lineage(query):
    found = column_lineage(query, tables=TABLES)
    return {
        column: {(at.dataset.name.removeprefix("public."), at.column, at.transformation.subtype) for at in sources}
        for column, sources in found.items()
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT x FROM a", {"x": {("a", "x", "IDENTITY")}}),
        ("SELECT x AS y, LOWER(x) AS z FROM a", {"y": {("a", "x", "IDENTITY")}, "z": {("a", "x", "TRANSFORMATION")}}),
        ("INSERT INTO t (y) SELECT x FROM a", {"x": {("a", "x", "IDENTITY")}}),
        ("CREATE TABLE t AS SELECT SUM(x) + 1 AS n FROM a", {"n": {("a", "x", "AGGREGATION")}}),
        (
            "SELECT SUM(CASE WHEN a.k = 1 THEN a.v END) AS n FROM a",
            {"n": {("a", "k", "CONDITIONAL"), ("a", "v", "AGGREGATION")}},
        ),
        (
            "SELECT s.n / b.m AS r FROM (SELECT COUNT(x) AS n, k FROM a GROUP BY k) AS s JOIN b ON s.k = b.k",
            {"r": {("a", "x", "AGGREGATION"), ("b", "m", "TRANSFORMATION")}},
        ),
        (
            "WITH u AS (SELECT x AS y FROM a UNION ALL SELECT z FROM b) SELECT y FROM u",
            {"y": {("a", "x", "IDENTITY"), ("b", "z", "IDENTITY")}},
        ),
        ("SELECT c.x, 1 AS one FROM c", {"x": set(), "one": set()}),
    ],
)
def test_each_output_column_names_its_sources(query, expected):
    assert lineage(query) == expected
