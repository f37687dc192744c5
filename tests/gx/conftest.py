"""Data frames made from contracts: what a dataset looks like when every promise is kept."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from catalog.contract import Contract
from catalog.schema import Field
from lineage.expectations.project import FOLDER, Project
from lineage.hooks.lake import arrow_schema

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
Frames = Callable[..., pa.Table]


def value(field: Field, row: int) -> Any:
    """A value that the contract allows; different in each row for keys."""
    if field.enum:
        return field.enum[row % len(field.enum)]
    if field.name in ("enriched_timestamp", "analysed_timestamp", "updated_at"):
        return NOW - timedelta(minutes=1)
    return {
        "string": str(row),
        "boolean": False,
        "int": row,
        "bigint": row,
        "double": 0.5,
        "decimal": Decimal("1.00"),
        "date": date(2026, 3, 1) + timedelta(days=row),
        "timestamp": NOW - timedelta(hours=1, seconds=row),
        "struct": {child.name: value(child, row) for child in field.fields},
        "array": [value(child, row) for child in field.fields],
        "map": [],
    }[field.base]


@pytest.fixture(scope="session")
def frame_of() -> Frames:
    """frame_of(contract, rows=3, column=[values], …): named columns replaced, whatever their type."""

    def build(contract: Contract, rows: int = 3, **columns: list[Any]) -> pa.Table:
        schema = arrow_schema(contract.schema)
        nullable = pa.schema([field.with_nullable(True) for field in schema])
        records = [{field.name: value(field, row) for field in contract.schema.fields} for row in range(rows)]
        for name, values in columns.items():
            for record, one in zip(records, values, strict=True):
                record[name] = one
        return pa.Table.from_pylist(records, schema=nullable)

    return build


@pytest.fixture(scope="session")
def now() -> datetime:
    """The moment that the frames are from."""
    return NOW


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The repository's suites, with what runs write in a folder of the test run."""
    return Project(folder=FOLDER, output=tmp_path_factory.mktemp("gx"))
