"""The promotion tables against the engines themselves: what a cell says is what the engine does.

compatible: it works and no value changes. breaking: it refuses, or every value becomes another. may break: some value
of the old type is refused or changed, and another one is not. Redshift has no server to ask here.
"""

import json
import os
import subprocess
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from catalog.drift.promotion import CELLS, LAST, SOURCE, cell

SERVERS = ("postgres",)
FAR = {
    "smallint": "-32768", "int": "2147483647", "bigint": "9223372036854775807", "float": "16777216.5e20",
    "double": "1.5e300", "decimal(10,2)": "12345678.91", "decimal(18,4)": "12345678901234.1234",
    "string": "'a longer text'", "string(5)": "'abcde'", "boolean": "true", "date": "DATE '2026-03-01'",
    "timestamp": "TIMESTAMP '2026-03-01 10:11:12'", "timestamp_ntz": "TIMESTAMP '2026-03-01 10:11:12'",
}  # fmt: skip
NEAR = {"string": "'abc'", "string(5)": "'abc'", "boolean": "false", "date": "DATE '2026-03-02'"}
"""A value at the end of each type, and one that fits nearly everywhere (7 where none is named)."""


def test_every_cell_and_every_last_word_has_a_source():
    assert {one.source for cells in CELLS.values() for one in cells} | {source for _, source in LAST.values()} <= set(
        SOURCE
    )


def test_iceberg_reads_what_its_cells_say():
    from pyiceberg import types
    from pyiceberg.exceptions import ResolveError
    from pyiceberg.schema import promote

    kinds = {
        "int": types.IntegerType(), "bigint": types.LongType(), "float": types.FloatType(),
        "double": types.DoubleType(),
        "decimal(10,2)": types.DecimalType(10, 2), "decimal(12,2)": types.DecimalType(12, 2), "date": types.DateType(),
        "string": types.StringType(), "binary": types.BinaryType(), "boolean": types.BooleanType(),
        "fixed(16)": types.FixedType(16), "fixed(20)": types.FixedType(20), "uuid": types.UUIDType(),
        "timestamp_ntz": types.TimestampType(), "timestamp": types.TimestamptzType(), "time": types.TimeType(),
    }  # fmt: skip
    for before, after in permutations(kinds, 2):
        try:
            promote(kinds[before], kinds[after])
            reads = True
        except ResolveError:
            reads = False
        assert (cell("iceberg", before, after).read == "compatible") is reads, (before, after)


def test_iceberg_keeps_the_scale_of_a_decimal():
    """The specification says so; pyiceberg 0.12 compares the file's scale with itself and would read it."""
    assert cell("iceberg", "decimal(10,2)", "decimal(12,4)").read == "breaking"


# ------------------------------------------------------------------ Spark reading Parquet
SPARK = [
    ("smallint", "int"), ("smallint", "bigint"), ("smallint", "double"), ("smallint", "float"), ("int", "bigint"),
    ("int", "double"), ("int", "decimal(12,2)"), ("int", "decimal(11,2)"), ("int", "smallint"), ("int", "string"),
    ("int", "float"), ("smallint", "decimal(12,2)"), ("bigint", "int"), ("bigint", "double"), ("float", "double"),
    ("bigint", "decimal(20,0)"), ("bigint", "decimal(19,0)"), ("double", "float"), ("double", "bigint"),
    ("decimal(10,2)", "decimal(12,2)"), ("decimal(10,2)", "decimal(18,4)"), ("decimal(10,2)", "decimal(11,4)"),
    ("decimal(10,2)", "double"), ("decimal(10,2)", "bigint"), ("decimal(18,4)", "decimal(10,2)"), ("string", "int"),
    ("string", "date"), ("string", "binary"), ("boolean", "int"), ("date", "timestamp_ntz"), ("date", "timestamp"),
    ("date", "int"), ("timestamp", "date"), ("timestamp", "string"), ("timestamp_ntz", "date"),
]  # fmt: skip


@pytest.mark.integration
def test_spark_reads_what_its_cells_say(tmp_path):
    python = Path(os.environ.get("STACK_SPARK_VENV") or Path(__file__).parents[3] / ".venv-spark") / "bin" / "python"
    if not python.exists():
        pytest.skip("needs Spark's virtual environment")
    values = {type: [FAR[type], NEAR.get(type, "7")] for type in {before for before, _ in SPARK} - {"timestamp_ntz"}}
    values |= {type: [FAR[type]] for type in ("timestamp", "timestamp_ntz")}
    pairs = [(type, type) for type in values] + SPARK
    asked = json.dumps({"values": values, "pairs": pairs})
    command = [str(python), str(Path(__file__).with_name("spark_reads.py")), str(tmp_path)]
    told = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=300, check=True).stdout
    found = {(before, after): rows if reads else None for before, after, reads, rows in json.loads(told)}
    for before, after in SPARK:
        kept = _kept(found[before, before], found[before, after])
        word = cell("spark", before, after).read
        assert {"compatible": all(kept), "breaking": not any(kept), "may break": True}[word], (
            before,
            after,
            found[before, after],
        )


def _kept(before: list[str], after: list[str] | None) -> list[bool]:
    """For each value whether it is still itself; None stands for a refusal."""
    return [one in (after or []) or any(_same(one, other) for other in after or []) for one in before]


def _same(one: str, other: str) -> bool:
    if other.startswith("b'"):
        return other == f"b'{one}'"
    try:
        return Decimal(one) == Decimal(other)
    except ArithmeticError:
        return other == f"{one} 00:00:00"  # a date as the moment of its midnight


EXACT_HERE = {
    ("decimal(10,2)", "double"),  # a double keeps 15 digits, a decimal may have more
    ("boolean", "string(5)"),  # "false" has five letters
}


# ------------------------------------------------------------------ PostgreSQL changing a column
WORDS = {
    "double": "double precision",
    "float": "real",
    "string": "text",
    "timestamp": "timestamptz",
    "timestamp_ntz": "timestamp",
}


@pytest.mark.integration
def test_postgresql_alters_what_its_cells_say(platform):
    import psycopg

    from lineage.hooks.warehouse import WarehouseHook

    at = WarehouseHook().connection
    with psycopg.connect(host=at.host, port=at.port, dbname=at.schema, user=at.login, password=at.password) as session:
        session.execute("SET TimeZone = 'Europe/Berlin'")
        for before, after in permutations(FAR, 2):
            near = FAR[before] if "timestamp" in before else NEAR.get(before, "7")
            kept = [_altered(session, before, after, value) for value in (FAR[before], near)]
            word = cell("postgres", before, after).alter
            said = {"compatible": all(kept), "breaking": not any(kept), "may break": not all(kept)}[word]
            assert said or (before, after) in EXACT_HERE, (before, after, word, kept)
        session.rollback()


def _altered(session, before: str, after: str, value: str) -> bool:
    """Whether ALTER COLUMN works, and the value, changed back to the former type, is itself again."""
    from psycopg import Error

    old, new = (WORDS.get(type, type).replace("string(", "varchar(") for type in (before, after))
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"CREATE TEMP TABLE t AS SELECT CAST({value} AS {old}) AS v, CAST({value} AS {old}) AS w")
            session.execute(f"ALTER TABLE t ALTER COLUMN v TYPE {new}")
            session.execute("SET LOCAL TimeZone = 'UTC'")  # whoever reads it sits elsewhere
            row = session.execute(f"SELECT CAST(v AS {old}) = w FROM t").fetchone()
            return row[0]
    except Error:
        return False
