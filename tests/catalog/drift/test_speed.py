"""Orders of magnitude only: a table of 2,000 columns, a catalog of 10,000; the figures are in docs/drift.md."""

import time
from dataclasses import replace

from catalog.drift import Part, Shape, detect

TYPES = ("string", "bigint", "decimal(12,2)", "timestamp", "string(20)")


def wide(columns: int) -> Shape:
    return Shape(parts=tuple(Part(path=f"group{n % 37}_field_{n}", type=TYPES[n % 5]) for n in range(columns)))


def changed(shape: Shape) -> Shape:
    """Of every hundred columns one is gone, one is renamed, one is retyped and one may no longer be null."""
    parts = list(shape.parts)
    for n in range(0, len(parts), 100):
        parts[n + 1] = replace(parts[n + 1], path=f"{parts[n + 1].path}_new")
        parts[n + 2] = replace(parts[n + 2], type="boolean")
        parts[n + 3] = replace(parts[n + 3], nullable=False)
    return Shape(parts=tuple(part for n, part in enumerate(parts) if n % 100))


def seconds(columns: int) -> float:
    before = wide(columns)
    after = changed(before)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        assert len(detect(before, after)) >= columns // 25
        times.append(time.perf_counter() - start)
    return min(times)


def test_a_wide_table_takes_milliseconds():
    assert seconds(2_000) < 0.25


def test_ten_thousand_columns_take_less_than_a_second():
    assert seconds(10_000) < 1
