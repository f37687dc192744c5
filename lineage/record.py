"""Records from outside, as their contract wants them: a value of the right type in each column, or why not."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from catalog.schema import Field, Schema

Value = str | bool | int | float | Decimal | date | datetime | None


class Malformed(ValueError):
    """A record that cannot be used; its text is the reason, without the record's values."""


def parse(line: bytes | str, schema: Schema) -> dict[str, Value]:
    """One line of JSON as a row, in the schema's order.

    Raises:
        Malformed: not JSON, no object, or what `conform` refuses.
    """
    try:
        record = json.loads(line)
    except ValueError as error:
        raise Malformed("not JSON") from error
    return conform(record, schema)


def conform(record: object, schema: Schema) -> dict[str, Value]:
    """The schema's columns of a record, each in its type; columns that the schema does not name are left out.

    Timestamps become UTC; one without an offset is taken as UTC. Only flat schemas: the catalogue has no others.

    Raises:
        Malformed: no object, a required value is missing, or a value is none of its column's type, length or enum.
    """
    if not isinstance(record, Mapping):
        raise Malformed("not an object")
    return {field.name: _value(record.get(field.name), field) for field in schema.fields}


def text(value: Value) -> str:
    """A value as text that `conform` reads back as the same value."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def _value(value: object, field: Field) -> Value:
    if value is None:
        if field.nullable:
            return None
        raise Malformed(f"{field.name} is missing")
    try:
        found = _typed(value, field)
    except (TypeError, ValueError, InvalidOperation) as error:
        raise Malformed(f"{field.name} is no {field.type}") from error
    if field.enum and found not in field.enum:
        raise Malformed(f"{field.name} is none of {', '.join(field.enum)}")
    return found


def _typed(value: object, field: Field) -> Value:
    """The value in Python's type for the column; ValueError or TypeError when it is of another kind."""
    if field.base == "boolean" and isinstance(value, bool):
        return value
    if field.base in ("int", "bigint") and not isinstance(value, bool) and int(str(value)) == value:
        return int(str(value))
    if field.base in ("decimal", "double") and not isinstance(value, bool):
        return _number(value, field)
    if not isinstance(value, str):
        raise TypeError(field.type)
    if field.base == "date":
        return date.fromisoformat(value)
    if field.base == "timestamp":
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if field.base != "string" or len(value) > (field.parameters or (len(value),))[0]:
        raise ValueError(field.type)
    return value


def _number(value: object, field: Field) -> Decimal | float:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(field.type)
    if field.base == "double":
        return float(number)
    precision, scale = field.parameters
    rounded = round(number, scale)
    if len(rounded.as_tuple().digits) > precision:
        raise ValueError(field.type)
    return rounded
