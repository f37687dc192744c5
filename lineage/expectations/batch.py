"""Rows to check, what was learned while reading them, and their figures in one pass."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.schema import Field
from lineage.expectations.schema import mark, word
from lineage.outcome import ColumnMetrics, TopicOffsets

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from sqlalchemy.engine import URL

NUMBERS = ("int", "bigint", "double", "decimal")
NESTED = ("array", "struct", "map")
INFORMATION_SCHEMA = {
    "character varying": "string", "character": "string", "text": "string", "integer": "int",
    "double precision": "double", "timestamp with time zone": "timestamp", "timestamp without time zone": "timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one dataset. Either `frame` holds them, or `url` (with a password) and `select` say where they stay."""

    contract: Contract
    dataset: Dataset
    types: Mapping[str, str]
    """Column → type word, as seen."""
    rows_in_table: int
    scope: str
    """Which rows these are, for people."""
    held_rows: bool = False
    """Whether the dataset is known to have held rows at some time: a lake by its snapshots, a warehouse by its log."""
    newest: datetime | None = None
    frame: "pa.Table | None" = None
    url: "URL | None" = field(default=None, repr=False)
    select: str = ""
    offsets: tuple[TopicOffsets, ...] = ()
    """Where the rows are in a topic."""


def of_frame(
    frame: "pa.Table",
    *,
    contract: Contract,
    dataset: Dataset,
    rows_in_table: int | None = None,
    scope: str = "all rows",
) -> Batch:
    """A batch of rows in memory; `rows_in_table` when they are only some of the dataset's."""
    import pyarrow.compute as pc

    frame = (
        frame.combine_chunks()
    )  # pandas takes rows many times over; many small chunks make that a hundred times slower
    column = mark(contract)
    newest = pc.max(frame[column]).as_py() if column in frame.column_names else None
    return Batch(
        contract=contract,
        dataset=dataset,
        types={name: arrow_word(kind) for name, kind in zip(frame.schema.names, frame.schema.types, strict=True)},
        rows_in_table=frame.num_rows if rows_in_table is None else rows_in_table,
        scope=scope,
        newest=newest,
        frame=frame,
    )


def measure(batch: Batch, query: Callable[[str], list[tuple[Any, ...]]]) -> tuple[int, dict[str, ColumnMetrics]]:
    """Rows, and figures per column, in one statement over a relation named `batch`.

    Nulls of every column that is not nested; distinct values of keys and enums; least, greatest and sum of numbers.
    """
    fields = [item for item in batch.contract.schema.fields if item.name in batch.types and item.base not in NESTED]
    asked = [(item, figure) for item in fields for figure in _figures(item, batch.types)]
    ((rows, *values),) = query(", ".join(["select count(*)", *(sql for _, (_, sql) in asked)]) + " from batch")
    found: dict[str, dict[str, Any]] = {}
    for (item, (name, _)), value in zip(asked, values, strict=True):
        found.setdefault(item.name, {})[name] = value
    return int(rows), {name: _metrics(int(rows), figures) for name, figures in found.items()}


def _figures(item: Field, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    name = f'"{item.name}"'
    yield "filled", f"count({name})"
    if item.enum or item.primary_key is not None:
        yield "distinct_count", f"count(distinct {name})"
    if item.base in NUMBERS and types[item.name].split("(")[0] in NUMBERS:
        yield "minimum", f"min({name})"
        yield "maximum", f"max({name})"
        yield "total", f"sum({name})"


def _metrics(rows: int, figures: dict[str, Any]) -> ColumnMetrics:
    numbers = {name: float(figures[name]) for name in ("minimum", "maximum", "total") if figures.get(name) is not None}
    return ColumnMetrics(
        row_count=int(figures["filled"]),
        null_count=rows - int(figures["filled"]),
        distinct_count=figures.get("distinct_count"),
        minimum=numbers.get("minimum"),
        maximum=numbers.get("maximum"),
        total=numbers.get("total"),
    )


def arrow_word(kind: Any) -> str:
    """An Arrow type as a type word of `catalog.schema`, text without length, nested types without members."""
    import pyarrow as pa

    simple = {
        pa.int32(): "int", pa.int64(): "bigint", pa.float64(): "double", pa.bool_(): "boolean", pa.date32(): "date",
        pa.string(): "string", pa.large_string(): "string",
    }  # fmt: skip
    if kind in simple:
        return simple[kind]
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    for is_kind, name in (
        (pa.types.is_timestamp, "timestamp"), (pa.types.is_struct, "struct"), (pa.types.is_map, "map"),
        (pa.types.is_list, "array"), (pa.types.is_large_list, "array"),
    ):  # fmt: skip
        if is_kind(kind):
            return name
    return str(kind)


def warehouse_word(data_type: str, precision: int | None, scale: int | None) -> str:
    """A type of information_schema as a type word."""
    if data_type == "numeric":
        return f"decimal({precision},{scale})"
    return INFORMATION_SCHEMA.get(data_type, data_type)


def in_memory() -> "DuckDBPyConnection":
    """DuckDB for one question: UTC, and what does not fit in memory goes to the system's temporary folder, not here."""
    import duckdb

    engine = duckdb.connect(config={"temp_directory": str(Path(tempfile.gettempdir()) / f"duckdb-{os.getpid()}")})
    engine.execute("set timezone = 'UTC'")
    return engine


def duckdb_type(item: Field) -> str:
    """A column's type in DuckDB's words."""
    return {"timestamp": "timestamptz", "string": "varchar"}.get(item.base, word(item))
