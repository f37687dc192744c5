"""A schema as Spark and Iceberg spell it: read schemas and table definitions, derived from contracts."""

from catalog.contract import Contract
from catalog.schema import Field, Schema

#: Rows are written by batch and date, so each task keeps its files open instead of shuffling a day onto one core.
TABLE_PROPERTIES = {
    "format-version": "2",
    "write.distribution-mode": "none",
    "write.spark.fanout.enabled": "true",
    "write.merge.mode": "copy-on-write",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
}


def spark_type(field: Field, *, as_text: bool = False) -> str:
    """The field's type in Spark's DDL; `as_text` gives every scalar as string, to be cast by the one who reads it."""
    if field.base == "struct":
        return f"struct<{', '.join(f'`{child.name}`: {spark_type(child, as_text=as_text)}' for child in field.fields)}>"
    if field.base == "array":
        return f"array<{spark_type(field.fields[0], as_text=as_text)}>"
    if field.base == "map":
        key, value = field.fields
        return f"map<{spark_type(key, as_text=as_text)}, {spark_type(value, as_text=as_text)}>"
    return "string" if as_text or field.base == "string" else field.type


def columns(schema: Schema, *, as_text: bool = False) -> str:
    """All columns as one DDL text, `a string, b struct<...>`: what `from_json` and `createDataFrame` take."""
    return ", ".join(f"`{field.name}` {spark_type(field, as_text=as_text)}" for field in schema.fields)


def iceberg_table(contract: Contract, *, table: str) -> str:
    """The statement that creates the contract's table under the name `table` (catalog.database.table).

    Columns only are NOT NULL, never members of a struct: a half-filled item must not stop a batch.
    """
    lines = ",\n  ".join(_column(field) for field in contract.schema.fields)
    parts = ", ".join(contract.schema.partitions())
    properties = ", ".join(f"'{key}' = '{value}'" for key, value in TABLE_PROPERTIES.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table} (\n  {lines}\n) USING iceberg"
        + (f"\nPARTITIONED BY ({parts})" if parts else "")
        + f"\nCOMMENT '{_quoted(contract.description)}'\nTBLPROPERTIES ({properties})"
    )


def add_column(field: Field, *, table: str) -> str:
    """The statement that adds a column to an existing table: always nullable, its old rows have no value."""
    return f"ALTER TABLE {table} ADD COLUMN `{field.name}` {spark_type(field)} COMMENT '{_quoted(field.description)}'"


def _column(field: Field) -> str:
    nullable = "" if field.nullable else " NOT NULL"
    return f"`{field.name}` {spark_type(field)}{nullable} COMMENT '{_quoted(field.description)}'"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
