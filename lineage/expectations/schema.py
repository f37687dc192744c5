"""The part of a suite that a contract already says: columns, types, nulls, keys, enums, lengths. As in a suite file."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from catalog.contract import Contract
from catalog.schema import Field
from lineage.outcome import Severity

MARKS = ("enriched_timestamp", "analysed_timestamp", "updated_at")
"""Columns that say when a row was written, the best first: each stage stamps its rows, the next reads above it."""
Configuration = Mapping[str, Any]
Aspect = Literal["schema", "completeness", "business"]
ASPECTS: tuple[Aspect, ...] = ("schema", "completeness", "business")
"""What an expectation is about: the shape of the data, whether all of it is there, what it means. Each has one."""
COMPLETENESS = ("expect_column_values_to_not_be_null", "expect_newest_to_be_fresh")


def from_contract(contract: Contract) -> tuple[Configuration, ...]:
    """Expectations that follow from the contract, as they would stand in a suite file.

    Critical: a column missing, a type changed, a null where none may be, a key twice, text too long. Warning: a value
    outside its enum, an unknown column, stale rows. A topic has no schema: of it, columns may be missing.
    """
    fields = contract.schema.fields
    return (
        *(() if contract.kind == "kafka" else _shape(fields)),
        _one("expect_no_unknown_columns", "warning", "no column that the contract does not name",
             known=[field.name for field in fields], seen_types=_given("seen_types")),
        *_values(fields),
        *_keys(contract),
        *_lengths(contract),
        *_freshness(contract),
    )  # fmt: skip


def word(field: Field) -> str:
    """The type as engines keep it: text without its length, a nested type without its members."""
    return "string" if field.base == "string" else field.type.replace(" ", "")


def mark(contract: Contract) -> str | None:
    """The column that says when a row was written; None for data without one (reference data, topics)."""
    return next((name for name in MARKS if name in contract.schema.names()), None)


def _shape(fields: tuple[Field, ...]) -> Iterator[Configuration]:
    names = [field.name for field in fields]
    yield _one("expect_table_columns_to_match_set", "critical", "every column of the contract is there",
               column_set=names, exact_match=False)  # fmt: skip
    yield _one("expect_column_types_to_match_contract", "critical", "every column has the contract's type",
               types={field.name: word(field) for field in fields}, seen_types=_given("seen_types"))  # fmt: skip


def _values(fields: tuple[Field, ...]) -> Iterator[Configuration]:
    for field in fields:
        if not field.nullable:
            yield _one("expect_column_values_to_not_be_null", "critical", "no nulls", column=field.name)
        if field.enum:
            yield _one("expect_column_values_to_be_in_set", "warning", f"one of {', '.join(field.enum)}",
                       column=field.name, value_set=list(field.enum))  # fmt: skip


def _keys(contract: Contract) -> Iterator[Configuration]:
    key = contract.schema.key()
    if len(key) == 1:
        yield _one("expect_column_values_to_be_unique", "critical", "each value once", column=key[0])
    elif key:
        yield _one("expect_compound_columns_to_be_unique", "critical", f"each {' + '.join(key)} once",
                   column_list=list(key))  # fmt: skip


def _lengths(contract: Contract) -> Iterator[Configuration]:
    """Not in the warehouse, which refuses longer text itself."""
    lengths = {f.name: f.parameters[0] for f in contract.schema.fields if f.base == "string" and f.parameters}
    if lengths and contract.kind != "warehouse":
        yield _one("expect_text_to_fit", "critical", "text fits the contract's lengths", lengths=lengths)


def _freshness(contract: Contract) -> Iterator[Configuration]:
    if contract.freshness and mark(contract):
        yield _one(
            "expect_newest_to_be_fresh",
            "warning",
            f"newest row at most {contract.freshness} old",
            max_age_s=int(contract.freshness.total_seconds()),
            newest=_given("newest"),
            as_of=_given("as_of"),
        )


def _given(name: str) -> dict[str, str]:
    """A value that is known when the suite is run."""
    return {"$PARAMETER": name}


def _one(kind: str, severity: Severity, description: str, **kwargs: Any) -> Configuration:
    meta = {"from": "contract", "aspect": "completeness" if kind in COMPLETENESS else "schema"}
    return {"type": kind, "severity": severity, "description": description, "kwargs": kwargs, "meta": meta}
