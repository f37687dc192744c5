"""Orders of magnitude only: a table of 2,000 columns, a catalog of 10,000; the figures are in docs/drift.md.

`python -m bench.drift` holds the limits themselves, in processor time.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from bench.drift import numbered, renamed
from catalog.dataset import Dataset
from catalog.drift import Consumer, Part, Shape, classify, detect
from catalog.drift.evidence import evidence
from catalog.entry import ColumnEdge, Job


def changed(shape: Shape) -> Shape:
    """Of every hundred columns one is gone, one is renamed, one is retyped and one may no longer be null."""
    parts = list(shape.parts)
    for n in range(0, len(parts), 100):
        parts[n + 1] = replace(parts[n + 1], path=f"{parts[n + 1].path}_new")
        parts[n + 2] = replace(parts[n + 2], type="boolean")
        parts[n + 3] = replace(parts[n + 3], nullable=False)
    return Shape(parts=tuple(part for n, part in enumerate(parts) if n % 100))


def seconds(columns: int, change: Callable[[Shape], Shape]) -> float:
    """Of the processor, the quickest of three."""
    before = numbered(columns)
    after = change(before)
    times = []
    for _ in range(3):
        start = time.process_time()
        assert len(detect(before, after)) >= columns // 25
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize("change", [changed, partial(renamed, every=2)], ids=["changed", "renamed"])
def test_a_wide_table_takes_milliseconds(change):
    assert seconds(2_000, change) < 0.15


def test_a_filter_that_feeds_every_column_makes_no_pair_of_each_two():
    here, there = Dataset("db", "wide"), Dataset("lake", "wide")
    before = Shape(parts=tuple(Part(path=f"old_{n}", type="int") for n in range(1_000)))
    after = Shape(parts=tuple(Part(path=f"new_{n}", type="int") for n in range(1_000)))
    edges = [
        [ColumnEdge(origin=there, origin_column="day", target=here, target_column=part.path, job=Job("shop", "load"))
         for part in shape.parts]
        for shape in (before, after)
    ]  # fmt: skip
    start = time.process_time()
    detect(before, after, evidence(here, lineage=(edges[0], edges[1])))
    assert time.process_time() - start < 1


def test_ten_thousand_columns_take_less_than_a_second():
    assert seconds(10_000, changed) < 1


def test_a_statement_is_parsed_once_for_all_tables_that_it_names(monkeypatch):
    import sqlglot

    parsed, parse = [], sqlglot.parse
    monkeypatch.setattr(sqlglot, "parse", lambda sql, **more: parsed.append(sql) or parse(sql, **more))
    sql = "INSERT INTO totals (day) SELECT o.day FROM orders AS o JOIN customers AS c ON c.key = o.customer_key"
    readers = [Consumer(name="load", engine="sql", sql=sql, dataset=name) for name in ("orders", "customers", "totals")]
    gone = [detect(Shape(parts=(Part(path=path, type="int"),)), Shape(parts=()))[0] for path in ("day", "key")]
    words = [[classify(change, reader).word for change in gone] for reader in readers]
    assert words == [["breaking", "compatible"], ["compatible", "breaking"], ["breaking", "compatible"]]
    assert parsed == [sql]
