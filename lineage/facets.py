"""Our facets, for what the standard ones have no room for. JSON Schemas: lineage/schemas/."""

from typing import Any, ClassVar

import attr
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.generated.base import DatasetFacet, JobFacet, RunFacet

from catalog.contract import Contract
from catalog.schema import Field, Schema
from catalog.wire import SCHEMA_BASE
from lineage.outcome import Outcome, TopicOffsets
from lineage.profile import ColumnProfile, Profile

UNMASKED = ["namespace", "name", "facets"]
"""Airflow's masker walks the rest of a dataset only: what describes it comes from contracts and is most of an event;
that walk took longer than all else that lineage does in a task. Our transport redacts all of it anyway."""


class Input(InputDataset):
    """A dataset that was read."""

    _skip_redact: ClassVar[list[str]] = UNMASKED


class Output(OutputDataset):
    """A dataset that was written."""

    _skip_redact: ClassVar[list[str]] = UNMASKED


class Published:
    """A facet whose JSON Schema is in lineage/schemas, by its own name."""

    __slots__ = ()

    @classmethod
    def _get_schema(cls) -> str:
        return f"{SCHEMA_BASE}/{cls.__name__}.json#/$defs/{cls.__name__}"


@attr.define
class ColumnDetailsDatasetFacet(Published, DatasetFacet):
    """Nullability, keys, enums, length and precision, defaults and partitioning of each column."""

    columns: list[dict[str, Any]]
    contract: str | None = None
    observed: bool | None = None


@attr.define
class TaskCountsRunFacet(Published, RunFacet):
    """Rows in, out and rejected, the offsets read, the data interval, what it took; what is unknown is absent."""

    rowsIn: int | None = None
    rowsOut: int | None = None
    rowsRejected: int | None = None
    rowsDuplicate: int | None = None
    rejected: dict[str, int] | None = None
    offsets: list[dict[str, Any]] | None = None
    dataIntervalStart: str | None = None
    dataIntervalEnd: str | None = None
    seconds: float | None = None
    cpuSeconds: float | None = None
    peakMemoryBytes: int | None = None


@attr.define
class ProfileDatasetFacet(Published, DatasetFacet):
    """Of a sample's columns: the most frequent values, the kinds of values, mean and span. Counts are rows."""

    rows: int
    unreadable: int
    columns: list[dict[str, Any]]


@attr.define
class SchemaDriftDatasetFacet(Published, DatasetFacet):
    """What is open against a baseline: each finding with verdict, since when, consumers and a way on."""

    baseline: dict[str, Any]
    open: list[dict[str, Any]]
    complete: bool


@attr.define
class SchemaBaselineDatasetFacet(Published, DatasetFacet):
    """The columns that were accepted under a name: by whom, why, when."""

    name: str
    acceptedBy: str
    reason: str
    acceptedAt: str
    columns: list[dict[str, Any]]


@attr.define
class ReadingJobFacet(Published, JobFacet):
    """How a job reads those of its inputs that it does not read strictly."""

    inputs: list[dict[str, Any]]


def column_details(schema: Schema, contract: Contract | None, *, observed: bool = False) -> ColumnDetailsDatasetFacet:
    """One entry per column and nested member, parents first; only what is said is present.

    `observed`: the columns were seen in the data itself; otherwise they are what the contract promises.
    """
    return ColumnDetailsDatasetFacet(
        columns=[_detail(path, field) for path, field in schema.walk()],
        contract=f"{contract.id}@{contract.version}" if contract else None,
        observed=observed or None,
    )


def _detail(path: str, field: Field) -> dict[str, Any]:
    names = {"string": ("length",), "decimal": ("precision", "scale")}.get(field.base, ())
    said = {
        "primaryKey": field.primary_key,
        "unique": field.unique or None,
        "partition": field.partition,
        "enum": list(field.enum) or None,
        "default": field.default,
        "tags": list(field.tags) or None,
        **dict(zip(names, field.parameters, strict=False)),
    }
    return {"path": path, "nullable": field.nullable} | {key: value for key, value in said.items() if value is not None}


def task_counts(outcome: Outcome) -> TaskCountsRunFacet:
    """The counts of an outcome."""
    (start, end), took = outcome.interval or (None, None), outcome.usage
    return TaskCountsRunFacet(
        rowsIn=outcome.rows_in,
        rowsOut=outcome.rows_out,
        rowsRejected=outcome.rows_rejected,
        rowsDuplicate=outcome.rows_duplicate,
        rejected=dict(outcome.rejected) or None,
        offsets=[offset_range(at) for at in outcome.offsets] or None,
        dataIntervalStart=start.isoformat() if start else None,
        dataIntervalEnd=end.isoformat() if end else None,
        seconds=took.seconds if took else None,
        cpuSeconds=took.cpu_s if took else None,
        peakMemoryBytes=took.peak_bytes if took else None,
    )


def offset_range(at: TopicOffsets) -> dict[str, Any]:
    """One range of offsets, in JSON."""
    return {"topic": at.topic, "partition": at.partition, "start": at.start, "end": at.end}


def reading(outcome: Outcome) -> ReadingJobFacet | None:
    """How the inputs are read, where a task says so."""
    inputs = [
        {"namespace": one.dataset.namespace, "name": one.dataset.name, "way": one.reading.way, "says": one.reading.says}
        for one in outcome.inputs
        if one.reading
    ]
    return ReadingJobFacet(inputs=inputs) if inputs else None


def profile(found: Profile) -> ProfileDatasetFacet:
    """What the standard metrics of a sample have no room for; only what is known is present."""
    columns = [_profiled(column) for column in found.columns]
    return ProfileDatasetFacet(rows=found.rows, unreadable=found.unreadable, columns=columns)


def _profiled(column: ColumnProfile) -> dict[str, Any]:
    said = {
        "top": [{"value": value, "count": count} for value, count in column.top] or None,
        "mean": column.mean,
        "first": column.span[0] if column.span else None,
        "last": column.span[1] if column.span else None,
        "masked": column.masked or None,
        "listed": column.listed or None,
    }
    return {"path": column.path, "shapes": dict(column.shapes)} | {k: v for k, v in said.items() if v is not None}
