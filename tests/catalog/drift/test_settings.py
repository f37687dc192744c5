"""A table whose engine is described by settings: what it changes in place, and when it makes a column anew."""

from itertools import permutations
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


# ------------------------------------------------------------------ settings as PostgreSQL's manual has them
SERVERS = ("postgres",)
POSTGRES = {
    "compatible_types": {"SMALLINT": ["INT", "BIGINT", "DECIMAL"], "INT": ["BIGINT", "DECIMAL"], "BIGINT": ["DECIMAL"]},
    "types_with_unlimited_length": {
        "TEXT": ["TEXT", "VARCHAR"], "VARCHAR": ["TEXT", "VARCHAR"], "DECIMAL": ["DECIMAL"],
    },
}  # fmt: skip
FAR = {
    "SMALLINT": "-32768", "INT": "2147483647", "BIGINT": "9223372036854775807", "DECIMAL": "1234567890123.0123456789",
    "DECIMAL(10,2)": "12345678.91", "DECIMAL(12,2)": "1234567890.12", "DECIMAL(12,4)": "12345678.1234",
    "DECIMAL(10,4)": "123456.1234", "VARCHAR(5)": "'abcde'", "VARCHAR(9)": "'abcdefghi'", "VARCHAR": "'any length'",
    "TEXT": "'any length'",
}  # fmt: skip
"""A value at the end of each type."""


KEPT = {
    "SMALLINT": ["INT", "BIGINT", "DECIMAL"], "INT": ["BIGINT", "DECIMAL"], "BIGINT": ["DECIMAL"],
    "DECIMAL(10,2)": ["DECIMAL", "DECIMAL(12,2)", "DECIMAL(12,4)"], "DECIMAL(10,4)": ["DECIMAL", "DECIMAL(12,4)"],
    "DECIMAL(12,2)": ["DECIMAL"], "DECIMAL(12,4)": ["DECIMAL"],
    "VARCHAR(5)": ["VARCHAR(9)", "VARCHAR", "TEXT"], "VARCHAR(9)": ["VARCHAR", "TEXT"], "VARCHAR": ["TEXT"],
    "TEXT": ["VARCHAR"],
}  # fmt: skip


def test_postgresql_changes_a_type_into_one_that_holds_it_and_into_no_other() -> None:
    said = {(before, after) for before, after in permutations(FAR, 2) if not _said(before, after)}
    assert said == {(before, after) for before in KEPT for after in KEPT[before]}


@pytest.mark.integration
def test_postgresql_keeps_what_its_settings_say_is_kept(platform) -> None:
    """Each pair that is said to break nothing: the column changes and its values stay."""
    import psycopg

    from lineage.hooks.warehouse import WarehouseHook

    at = WarehouseHook().connection
    with psycopg.connect(host=at.host, port=at.port, dbname=at.schema, user=at.login, password=at.password) as session:
        for before, after in permutations(FAR, 2):
            with session.transaction(force_rollback=True):
                if not _said(before, after):
                    session.execute(f"CREATE TEMP TABLE t AS SELECT CAST({FAR[before]} AS {before}) AS a")
                    session.execute(f"ALTER TABLE t ALTER COLUMN a TYPE {after}")
                    kept = session.execute(f"SELECT a = CAST({FAR[before]} AS {before}) FROM t").fetchone()
                    assert kept == (True,), (before, after)


def _said(before: str, after: str) -> bool:
    question = {"ask": "drift", "direction": "table", "format": "sql-columns", "settings": POSTGRES}
    return answer(question | {"before": {"a": before}, "after": {"a": after}})["breaking"]
