"""A table whose engine is described by settings: what it changes in place, and when it makes a column anew."""

from typing import Any

import pytest

from bench.drift_score import answer

TEXT_TAKES_ALL = {"types_with_unlimited_length": {"TEXT": ["TEXT", "VARCHAR"], "DECIMAL": ["DECIMAL"]}}
DIGITS = {"parameterized_type_defaults": {"DECIMAL": [[38, 9], [0]]}}
WIDER = {"compatible_types": {"INT": ["BIGINT"], "DECIMAL(10, 2)": ["DOUBLE"]}}
STRICT = {"treat_alter_data_type_as_destructive": True}
RETYPED = [
    ("INT", "BIGINT", {}, True),
    ("INT", "BIGINT", WIDER, False),
    ("BIGINT", "INT", WIDER, True),
    ("DECIMAL(10,2)", "DOUBLE", WIDER, False),
    ("DECIMAL(12,2)", "DOUBLE", WIDER, True),
    ("DECIMAL(10,2)", "DECIMAL(12,2)", {}, False),
    ("DECIMAL(10,2)", "NUMERIC(12, 4)", {}, False),
    ("DECIMAL(10,2)", "DECIMAL(10,4)", {}, True),
    ("DECIMAL(10,2)", "DECIMAL(8,2)", TEXT_TAKES_ALL, True),
    ("DECIMAL(10,2)", "DECIMAL", {}, True),
    ("DECIMAL(10,2)", "DECIMAL", TEXT_TAKES_ALL, False),
    ("DECIMAL(10,2)", "DECIMAL", DIGITS, False),
    ("DECIMAL", "DECIMAL(38,10)", DIGITS, True),
    ("DECIMAL(10)", "DECIMAL(12,2)", DIGITS, False),
    ("VARCHAR(9)", "TEXT", {}, True),
    ("VARCHAR(9)", "TEXT", TEXT_TAKES_ALL, False),
    ("VARCHAR", "TEXT", TEXT_TAKES_ALL, False),
    ("TEXT", "VARCHAR", TEXT_TAKES_ALL, True),
    ("TEXT", "INT", {"coerceable_types": {"TEXT": ["INT"]}}, False),
    ("INT", "BIGINT", WIDER | STRICT, True),
    ("BIGINT", "INT", WIDER | STRICT | {"support_coercing_compatible_types": True}, False),
    ("ARRAY<VARCHAR(5)>", "ARRAY<VARCHAR(9)>", {}, True),
    ("text", "STRING", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "settings", "breaks"), RETYPED)
def test_a_column_of_another_type(before: str, after: str, settings: dict[str, Any], breaks: bool) -> None:
    question = {"ask": "drift", "direction": "table", "format": "sql-columns", "settings": settings}
    assert answer(question | {"before": {"a": before}, "after": {"a": after}}) == {"breaking": breaks}
