"""The Spark session of a job, and a lake table with the marks in its snapshots."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError  # type: ignore[import-not-found]  # is where Spark is
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from catalog import contract as contracts
from catalog import ddl
from catalog.contract import Contract
from lineage.jobs.conf import CATALOG, DATABASE

LAG_MS = 60_000


def start(app: str) -> SparkSession:
    """The session of this process; everything but the name was given to `spark-submit` (lineage.jobs.conf)."""
    spark = SparkSession.builder.appName(app).getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark


def heard(spark: SparkSession) -> None:
    """Wait until the lineage listener has seen what was done: of a query that is over by then it can tell nothing."""
    jsc: Any = spark._jsc
    with suppress(Py4JJavaError):  # it lags by more than that: what is written next may lack its first event
        jsc.sc().listenerBus().waitUntilEmpty(LAG_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeTable:
    """An Iceberg table of a contract, with the properties that each commit leaves in its snapshot.

    Snapshots are read through Iceberg's own API and not by SQL: such queries would be lineage events of their own.
    """

    spark: SparkSession
    contract: Contract

    @classmethod
    def of(cls, spark: SparkSession, contract_id: str) -> "LakeTable":
        """The table of a contract, created when it is not there, with columns added that the contract has gained."""
        table = cls(spark=spark, contract=contracts.load(contract_id))
        if not spark.catalog.tableExists(table.name):
            spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {CATALOG}.{DATABASE}")
            spark.sql(ddl.iceberg_table(table.contract, table=table.name))
        present = set(spark.table(table.name).columns)
        for field in table.contract.schema.fields:
            if field.name not in present:
                spark.sql(ddl.add_column(field, table=table.name))
        return table

    @property
    def name(self) -> str:
        """`lake.ecom.<table>`."""
        return f"{CATALOG}.{DATABASE}.{self.contract.name}"

    def rows(self, *, snapshot_id: int | None = None) -> DataFrame:
        """The table as of now, or as of a snapshot."""
        reader = self.spark.read.format("iceberg")
        return (reader.option("snapshot-id", snapshot_id) if snapshot_id else reader).load(self.name)

    def snapshot_id(self) -> int | None:
        """The snapshot that `main` points to; None while the table is empty."""
        snapshot = self._iceberg().currentSnapshot()
        return None if snapshot is None else int(snapshot.snapshotId())

    def mark(self, key: str) -> str | None:
        """The newest value of a snapshot property, looking from `main` back through its ancestors.

        By ancestry and not by time: after a rollback the newest commit is not an ancestor, and its mark must not count.
        A later commit without the property (maintenance, schema evolution) is stepped over.
        """
        table = self._iceberg()
        snapshot = table.currentSnapshot()
        while snapshot is not None:
            value = snapshot.summary().get(key)
            if value is not None:
                return str(value)
            parent = snapshot.parentId()
            snapshot = None if parent is None else table.snapshot(parent)
        return None

    def added(self) -> tuple[int, int]:
        """(bytes, files) that the newest commit wrote, by its snapshot's summary."""
        summary = self._iceberg().currentSnapshot().summary()
        size, files = (int(summary.get(key) or 0) for key in ("added-files-size", "added-data-files"))
        return size, files

    def append(self, rows: DataFrame, marks: Mapping[str, str]) -> None:
        """Add rows and marks in one commit."""
        writer = rows.writeTo(self.name)
        for key, value in marks.items():
            writer = writer.option(f"snapshot-property.{key}", value)
        heard(self.spark)
        writer.append()

    def merge(self, changes: DataFrame, marks: Mapping[str, str]) -> None:
        """Replace or insert rows by the contract's key, delete those whose `gone` is true, set marks: one commit."""
        conf = {f"spark.sql.iceberg.snapshot-property.{key}": value for key, value in marks.items()}
        columns = (*self.contract.schema.key(), *self.contract.schema.partitions())
        same = F.expr(" AND ".join(f"{self.name}.{column} = new.{column}" for column in columns))
        for name, value in conf.items():
            self.spark.conf.set(name, value)
        heard(self.spark)
        try:
            merge = changes.alias("new").mergeInto(self.name, same)
            merge = merge.whenMatched(F.col("new.gone")).delete().whenMatched().updateAll()
            merge.whenNotMatched(~F.col("new.gone")).insertAll().merge()
        finally:
            for name in conf:
                self.spark.conf.unset(name)

    def stamp(self, marks: Mapping[str, str]) -> None:
        """Commit marks without rows: what was read held nothing to write."""
        commit = self._iceberg().newAppend()
        for key, value in marks.items():
            commit = commit.set(key, value)
        commit.commit()

    def _iceberg(self) -> Any:
        jvm: Any = self.spark._jvm
        return jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(self.spark._jsparkSession, self.name)
