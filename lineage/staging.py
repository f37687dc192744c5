"""How rows of a lake table become rows of a warehouse table: one rule for the values, the statements and the lineage.

A warehouse column is the lake column of its name; `properties` is the lake's `extra`; `updated_at` is when it came.
What is nested in the lake is JSON text in the warehouse.
"""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import contract, sql
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage.outcome import ColumnSource, Transformation

if TYPE_CHECKING:
    from pyarrow import RecordBatch

LOADED_AT = "updated_at"
RENAMED = {"properties": "extra"}
NESTED = ("struct", "array", "map")
DAILY_SUMMARY = (Path(__file__).parent / "reports" / "daily_summary.sql").read_text(encoding="utf-8")

AFFECTED_DATES = """SELECT report_date, MAX(updated_at) AS updated_at
FROM (
  SELECT staging_events.processing_date AS report_date, staging_events.updated_at
  FROM staging_events
  UNION ALL
  SELECT events.processing_date, staging_events.updated_at
  FROM events INNER JOIN staging_events ON events.event_id = staging_events.event_id
  UNION ALL
  SELECT staging_user_sessions.session_date, staging_user_sessions.updated_at
  FROM staging_user_sessions
  UNION ALL
  SELECT user_sessions.session_date, staging_user_sessions.updated_at
  FROM user_sessions INNER JOIN staging_user_sessions ON user_sessions.session_id = staging_user_sessions.session_id
) AS touched
GROUP BY report_date"""
"""Days whose figures a load changes: of the staged rows, and of the rows that they take the place of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One lake table and the warehouse table it is loaded into.

    `mark`: the lake column that grows with each batch, None to load the whole table every time.
    `replaces`: rows with the same values of these columns make way for the staged ones; empty merges by primary key.
    """

    source: Contract
    target: Contract
    mark: str | None = None
    replaces: tuple[str, ...] = ()

    def origin(self, column: str) -> str | None:
        """The lake column that a warehouse column is filled from, None for the time of loading."""
        return None if column == LOADED_AT else RENAMED.get(column, column)

    @property
    def reads(self) -> tuple[str, ...]:
        """The lake columns that are read, in the warehouse's order."""
        return tuple(origin for name in self.target.schema.names() if (origin := self.origin(name)))

    def lineage(self, source: Dataset) -> dict[str, tuple[ColumnSource, ...]]:
        """Column lineage of the copy."""
        return {name: (self._source(source, at),) for name in self.target.schema.names() if (at := self.origin(name))}

    def _source(self, source: Dataset, column: str) -> ColumnSource:
        as_text = self.source.schema[column].base in NESTED
        json_text = Transformation(subtype="TRANSFORMATION", description="as JSON text")
        return ColumnSource(dataset=source, column=column, transformation=json_text if as_text else Transformation())


def facts() -> tuple[Stage, Stage]:
    """What `update_data_warehouse` loads, in order."""
    return (
        Stage(
            source=contract.load("lake.enriched_events"),
            target=contract.load("warehouse.events"),
            mark="enriched_timestamp",
        ),
        Stage(
            source=contract.load("lake.user_sessions"),
            target=contract.load("warehouse.user_sessions"),
            mark="analysed_timestamp",
            replaces=("session_id", "user_id"),  # the whole that the sessions job recomputes
        ),
    )


def dimensions() -> tuple[Stage, Stage]:
    """What `load_dimensions` loads, in order."""
    return (
        Stage(source=contract.load("lake.products"), target=contract.load("warehouse.dim_products")),
        Stage(source=contract.load("lake.users"), target=contract.load("warehouse.dim_users")),
    )


def fact_statements() -> tuple[tuple[str, str | None], ...]:
    """(statement, table whose rows it writes) from the landed facts to the day's summary and the marks, in order."""
    stages, summary, log = facts(), contract.load("warehouse.daily_summary"), contract.load("warehouse.load_log")
    plan: list[tuple[str, str | None]] = [(sql.create_staging(at.target, newest_by=at.mark), None) for at in stages]
    plan.append((f"CREATE TEMPORARY TABLE affected_dates AS\n{AFFECTED_DATES}", None))
    for stage in stages:
        if stage.replaces:
            delete, insert = sql.replace(stage.target, by=stage.replaces)
            plan += [(delete, None), (insert, stage.target.name)]
        else:
            plan.append((sql.merge(stage.target), stage.target.name))
    plan.append((f"CREATE TEMPORARY TABLE {sql.staging(summary)} AS\n{DAILY_SUMMARY}", None))
    plan.append((sql.merge(summary), summary.name))
    plan.append((f"CREATE TEMPORARY TABLE {sql.staging(log)} AS\n{marks()}", None))
    plan.append((sql.merge(log), log.name))
    return tuple(plan)


def dimension_statements(stage: Stage) -> tuple[tuple[str, str | None], ...]:
    """(statement, table whose rows it writes) of one dimension: rows that changed are merged, the rest left alone."""
    return (
        (sql.create_staging(stage.target), None),
        (sql.drop_unchanged(stage.target, ignoring=LOADED_AT), None),
        (sql.merge(stage.target), stage.target.name),
    )


def marks() -> str:
    """The rows of load_log that a load leaves: how far it came, for each table of which it loaded something."""
    return "\nUNION ALL\n".join(
        f"SELECT CAST('{stage.target.name}' AS VARCHAR(80)) AS table_name, MAX({stage.mark}) AS loaded_until, "
        f"COUNT(*) AS row_count, MAX({LOADED_AT}) AS updated_at\nFROM {sql.staging(stage.target)}\nHAVING COUNT(*) > 0"
        for stage in facts()
    )


def derived() -> tuple[tuple[Contract, str], ...]:
    """The warehouse tables that are computed from the facts, each with the one query that says how."""
    summary = f"WITH affected_dates AS (\n{AFFECTED_DATES}\n)\n{DAILY_SUMMARY}"
    return ((contract.load("warehouse.daily_summary"), summary), (contract.load("warehouse.load_log"), marks()))


def staged(batch: "RecordBatch", stage: Stage, *, loaded_at: datetime) -> "RecordBatch":
    """A batch of the lake's rows as the warehouse wants them, in its contract's order."""
    import pyarrow as pa

    stamp = pa.repeat(pa.scalar(loaded_at, pa.timestamp("us", tz="UTC")), batch.num_rows)
    columns = [
        stamp if (origin := stage.origin(name)) is None else _storable(batch.column(origin))
        for name in stage.target.schema.names()
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(stage.target.schema.names()))


def as_csv(batches: Iterable["RecordBatch"]) -> Iterator[bytes]:
    """CSV without a header in PostgreSQL's reading: null is an empty field, the empty text is quoted."""
    from pyarrow import csv

    for batch in batches:
        text = io.BytesIO()
        csv.write_csv(batch, text, csv.WriteOptions(include_header=False, quoting_style="needed"))
        yield text.getvalue()


def as_parquet(batches: Iterable["RecordBatch"]) -> Iterator[bytes]:
    """One Parquet file for each batch."""
    import pyarrow as pa
    from pyarrow import parquet

    for batch in batches:
        file = io.BytesIO()
        parquet.write_table(pa.Table.from_batches([batch]), file)
        yield file.getvalue()


def _storable(values: Any) -> Any:
    """Nested values as JSON text; text without NUL, which no warehouse takes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_nested(values.type):
        return pa.array([None if value is None else _json(value) for value in values.to_pylist()], pa.string())
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return pc.replace_substring(values, "\x00", "\ufffd")
    return values


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=float)
