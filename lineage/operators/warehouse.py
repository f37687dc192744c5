"""Loading the warehouse: facts above their marks with the day's summary, and dimensions. One transaction each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from catalog import sql
from lineage import staging
from lineage.errors import SourceEmpty
from lineage.hooks.warehouse import Session
from lineage.operators.base import ConnectedOperator
from lineage.outcome import Outcome, Read, Written
from lineage.sql_lineage import column_lineage
from lineage.staging import Stage

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context
    from pyarrow import RecordBatch

ONE_AT_A_TIME = 'UPDATE "load_log" SET "row_count" = "row_count"'
"""Holds the marks until commit, so that a second load waits and then finds nothing new (LOCK is spelt differently)."""
MARKS = 'SELECT "table_name", "loaded_until" FROM "load_log"'


@dataclass(slots=True, kw_only=True)
class Tally:
    """Rows that passed, counted while they pass."""

    rows: int = 0

    def count(self, batches: Iterable["RecordBatch"]) -> Iterator["RecordBatch"]:
        """The same batches."""
        for batch in batches:
            self.rows += batch.num_rows
            yield batch


class WarehouseOperator(ConnectedOperator):
    """What both loads share: how rows get from the lake into a landing table."""

    def land(self, session: Session, stage: Stage, *, after: datetime | None, loaded_at: datetime) -> int:
        """Copy the lake's rows above a mark into the landing table; how many."""
        tally = Tally()
        newer = (stage.mark, after) if stage.mark and after else None
        read = self.lake.scan(stage.source.name, columns=stage.reads, after=newer)
        rows = (staging.staged(batch, stage, loaded_at=loaded_at) for batch in tally.count(read))
        width = self.warehouse.bytes_per_character
        session.execute(sql.create_landing(stage.target, bytes_per_character=width))
        if self.warehouse.dialect == "redshift":
            self._copy_from_s3(session, stage, rows, prefix=f"exports/{stage.target.name}/{loaded_at:%Y%m%dT%H%M%S%f}/")
        else:
            session.copy(sql.copy_from_client(stage.target), staging.as_csv(rows))
        self.log.info("read %d rows of %s above %s", tally.rows, stage.source.id, after)
        return tally.rows

    def _copy_from_s3(self, session: Session, stage: Stage, rows: Iterable["RecordBatch"], *, prefix: str) -> None:
        files = 0
        for files, body in enumerate(staging.as_parquet(rows), start=1):
            self.lake.put(f"{prefix}{files:05}.parquet", body, content_type="application/vnd.apache.parquet")
        if files:
            url = f"s3://{self.lake.bucket}/{prefix}"
            session.execute(sql.copy_from_s3(stage.target, url=url, iam_role=self.warehouse.iam_role))

    def written(self, stage: Stage, rows: int | None = None) -> Written:
        """A warehouse table as an output, with the column lineage of the copy."""
        return Written(
            dataset=self.warehouse.dataset(stage.target.name),
            contract=stage.target,
            rows=rows,
            columns=stage.lineage(self.lake.dataset(stage.source.name)),
        )

    def read(self, stage: Stage, rows: int | None = None) -> Read:
        """A lake table as an input."""
        return Read(dataset=self.lake.dataset(stage.source.name), contract=stage.source, rows=rows)


class LoadWarehouseOperator(WarehouseOperator):
    """Load what is new in the lake into `events` and `user_sessions`, and recompute `daily_summary` where it matters.

    New are the rows above the marks in `load_log`, which are committed with the rows: a rerun changes nothing, and a
    process that dies at any point leaves the state before.
    """

    def run(self, context: "Context") -> Outcome:
        """Rows in are those read from the lake, rows out those merged or inserted, the summary's days not counted."""
        loaded_at, stages = datetime.now(UTC), staging.facts()
        targets = [*(stage.target for stage in stages), *(target for target, _ in staging.derived())]
        written = dict.fromkeys((target.name for target in targets), 0)
        with self.warehouse.transaction() as session:
            self.warehouse.prepare(session, targets)
            session.execute(ONE_AT_A_TIME)
            marks: dict[str, datetime] = dict(session.fetch(MARKS))
            landed = [
                self.land(session, stage, after=marks.get(stage.target.name), loaded_at=loaded_at) for stage in stages
            ]
            for statement, table in staging.fact_statements() if any(landed) else ():
                written[table or ""] = session.execute(statement)
        self.log.info("loaded %s", ", ".join(f"{rows} rows into {table}" for table, rows in written.items() if table))
        return Outcome(
            inputs=(*(self.read(at, rows) for at, rows in zip(stages, landed, strict=True)), *self._summed()),
            outputs=(*(self.written(at, written[at.target.name]) for at in stages), *self._summaries(written)),
            rows_in=sum(landed),
            rows_out=sum(written[stage.target.name] for stage in stages),
            sql=tuple(session.statements),
        )

    def expected(self) -> Outcome:
        """Both lake tables and what is summed; all four warehouse tables."""
        stages = staging.facts()
        return Outcome(
            inputs=(*(self.read(stage) for stage in stages), *self._summed()),
            outputs=(*(self.written(stage) for stage in stages), *self._summaries({})),
            sql=tuple(statement for statement, _ in staging.fact_statements()),
        )

    def _summed(self) -> tuple[Read, ...]:
        """The facts that the summary is computed from: inputs too, else Marquez drops the columns' way through them."""
        targets = [stage.target for stage in staging.facts()]
        return tuple(Read(dataset=self.warehouse.dataset(target.name), contract=target) for target in targets)

    def _summaries(self, rows: dict[str, int]) -> tuple[Written, ...]:
        """What is computed in the warehouse, with the column lineage of its SQL; staged rows count as their table's."""
        tables = {stage.target.name: self.warehouse.dataset(stage.target.name) for stage in staging.facts()}
        tables |= {f"staging_{name}": dataset for name, dataset in tables.items()}
        return tuple(
            Written(
                dataset=self.warehouse.dataset(target.name),
                contract=target,
                rows=rows.get(target.name),
                columns=column_lineage(query, tables=tables),
            )
            for target, query in staging.derived()
        )


class LoadDimensionsOperator(WarehouseOperator):
    """Merge the lake's products and users into the warehouse's dimensions; rows that are the same are left alone."""

    def run(self, context: "Context") -> Outcome:
        """Rows in are those read from the lake, rows out those that were new or had changed.

        Raises:
            SourceEmpty: a lake table has no rows: something before this went wrong.
        """
        loaded_at, stages = datetime.now(UTC), staging.dimensions()
        landed, written = [], []
        with self.warehouse.transaction() as session:
            self.warehouse.prepare(session, [stage.target for stage in stages])
            for stage in stages:
                landed.append(self.land(session, stage, after=None, loaded_at=loaded_at))
                if not landed[-1]:
                    raise SourceEmpty(self.lake.dataset(stage.source.name), "Run land_in_lake, then clear this task.")
                written.append([session.execute(statement) for statement, _ in staging.dimension_statements(stage)][-1])
        return Outcome(
            inputs=tuple(self.read(stage, rows) for stage, rows in zip(stages, landed, strict=True)),
            outputs=tuple(self.written(stage, rows) for stage, rows in zip(stages, written, strict=True)),
            rows_in=sum(landed),
            rows_out=sum(written),
            sql=tuple(session.statements),
        )

    def expected(self) -> Outcome:
        """Both lake tables, both dimensions."""
        stages = staging.dimensions()
        return Outcome(
            inputs=tuple(self.read(stage) for stage in stages),
            outputs=tuple(self.written(stage) for stage in stages),
            sql=tuple(statement for stage in stages for statement, _ in staging.dimension_statements(stage)),
        )
