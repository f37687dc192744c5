"""The promotion tables against the engines themselves: what a cell says is what the engine does.

compatible: it works and no value changes. breaking: it refuses, or every value becomes another. may break: some value
of the old type is refused or changed, and another one is not. Every cell that is not `documented` is asked.
"""

import json
import os
import struct
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog import ddl, sql
from catalog.drift.promotion import CELLS, LAST, SOURCE, cell
from catalog.schema import TYPE, Field
from tests.catalog.drift.asked import ASKED, CACHED, DOCUMENTED, FAR, ICEBERG, LIKE, NEAR, SPARK, ZONED, same, word
from tests.conftest import REPOSITORY

SERVERS = ("postgres", "redis")


def test_every_cell_and_every_last_word_has_a_source():
    assert {one.source for engine in CELLS for one in (*CELLS[engine], LAST[engine])} <= set(SOURCE)


@pytest.mark.parametrize("engine", CELLS)
def test_every_cell_is_asked_or_counted_and_nothing_else_is(engine):
    cells = {*CELLS[engine], LAST[engine]}
    asked = {cell(engine, *pair) for pair in ASKED[engine]}
    documented = {one for one in cells if one.checked == "documented"}
    assert (asked, cells - asked) == (cells - documented, documented)
    assert {(engine, one.before, one.after) for one in documented} == {one for one in DOCUMENTED if one[0] == engine}
    assert {one.checked for one in asked} == {"like" if engine in LIKE else "engine"}
    assert ASKED.keys() == CELLS.keys() == LAST.keys()


# ------------------------------------------------------------------ Iceberg
def test_iceberg_accepts_what_its_cells_say():
    from pyiceberg.exceptions import ResolveError
    from pyiceberg.schema import promote

    kinds = _iceberg()
    for before, after in ASKED["iceberg"]:
        said = cell("iceberg", before, after)
        try:
            accepted = kinds[before] == kinds[after] or bool(promote(kinds[before], kinds[after]))
        except ResolveError:
            accepted = False
        assert (said.read != "breaking", said.alter != "breaking") == (accepted, accepted), (before, after)
        assert (said.alter == "may break") == (said.source == "pyiceberg"), "what one library does, another may not"


def test_iceberg_reads_rows_as_its_cells_say(tmp_path):
    """Tables with a row that are altered then; of an unknown type pyiceberg 0.12 writes none."""
    import pyarrow as pa
    from pyiceberg.catalog.memory import InMemoryCatalog
    from pyiceberg.schema import Schema
    from pyiceberg.types import NestedField

    rows = {
        "int": [7], "float": [1.5], "decimal(10,2)": [Decimal("7.00")], "string": ["äbc"], "string(5)": ["äbc"],
        "binary": [b"abc", b"\xff\x00"], "fixed(16)": [b"0123456789abcdef"],
    }  # fmt: skip
    kinds, catalog = _iceberg(), InMemoryCatalog("c", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("n")
    asked = [pair for pair in ASKED["iceberg"] if cell("iceberg", *pair).read != "breaking" and "unknown" not in pair]
    for number, (before, after) in enumerate(asked):
        kept = []
        for at, value in enumerate(rows[before]):
            schema = Schema(NestedField(1, "v", kinds[before], required=False))
            table = catalog.create_table(f"n.t{number}_{at}", schema=schema)
            table.append(pa.Table.from_pylist([{"v": value}], schema=schema.as_arrow()))
            with table.update_schema() as update:
                update.update_column("v", field_type=kinds[after])
            try:
                kept.append(_bytes(table.scan().to_arrow().column("v")[0].as_py()) == _bytes(value))
            except pa.ArrowInvalid:
                kept.append(False)
        assert word(kept) == cell("iceberg", before, after).read, (before, after)


def _bytes(value: object) -> object:
    """A text, a UUID and their bytes are one value."""
    return value.encode() if isinstance(value, str) else getattr(value, "bytes", value)


def _iceberg():
    from pyiceberg import types

    return {word: getattr(types, f"{name}Type")(*numbers) for word, (name, *numbers) in ICEBERG.items()}


def test_iceberg_keeps_the_scale_of_a_decimal():
    """The specification says so; pyiceberg 0.12 compares the file's scale with itself and would read it."""
    assert cell("iceberg", "decimal(10,2)", "decimal(12,4)").read == "breaking"


# ------------------------------------------------------------------ in Spark: Parquet, and the cache's texts
def spark(script: str, *arguments: str, asked: object, path: Path = REPOSITORY) -> list[list]:
    """What a script prints that runs in Spark's environment; `path` has our packages."""
    python = Path(os.environ.get("STACK_SPARK_VENV") or REPOSITORY / ".venv-spark") / "bin" / "python"
    if not python.exists():
        pytest.skip("needs Spark's virtual environment")
    ran = subprocess.run(
        [str(python), str(Path(__file__).with_name(script)), *arguments],
        input=json.dumps(asked), capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": f"{path}:{REPOSITORY}"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


@pytest.mark.integration
def test_spark_reads_what_its_cells_say(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    kept_as_unknown = tmp_path / "unknown.parquet"  # Spark writes no such column itself
    parquet.write_table(pa.table({"value": pa.nulls(2)}), kept_as_unknown)
    values = {type: [FAR[type], NEAR.get(type, "7")] for type in {before for before, _ in SPARK} & FAR.keys()}
    spelled = {type: ddl.spark_type(Field(name="value", type=type)) for pair in SPARK for type in pair}
    pairs = [(type, type, "UTC") for type in values] + [(before, spelled[after], "UTC") for before, after in SPARK]
    pairs += [(before, after, "Asia/Tokyo") for before, other in ZONED for after in (before, other)]
    asked = {"values": values, "files": {"unknown": str(kept_as_unknown)}, "pairs": pairs}
    told = spark("spark_reads.py", str(tmp_path), asked=asked)
    found = {(before, after, zone): rows if reads else None for before, after, zone, reads, rows in told}
    nulls = {after: found["unknown", spelled[after], "UTC"] for before, after in SPARK if before == "unknown"}
    assert nulls == {"int": ["None", "None"], "string": None}, "nulls are read as what the writer stored them as"
    assert cell("spark", "unknown", "int").read == "may break"
    for before, after in (pair for pair in SPARK if pair[0] != "unknown"):
        wrote, read = found[before, before, "UTC"], found[before, spelled[after], "UTC"]
        kept, said = [any(same(one, other) for other in read or []) for one in wrote], cell("spark", before, after)
        if (before, after) in ZONED:
            kept.append(found[before, before, "Asia/Tokyo"] == found[before, after, "Asia/Tokyo"])
        assert said.alter == said.read, "a table over files is altered by reading them otherwise"
        assert word(kept) == said.read, (before, after, read)


@pytest.mark.integration
def test_the_lookup_reads_what_the_cells_of_redis_say(platform, tmp_path):
    """The loader's texts, the loader's hashes, the job's reader; its contract has one column of each type."""
    from lineage import record
    from lineage.hooks.cache import CacheHook

    columns = {f"as_{at}": type for at, type in enumerate((*CACHED, "string(5)"))}
    texts = {f"{type}/{at}": record.text(value) for type in CACHED for at, value in enumerate(CACHED[type])}
    CacheHook().replace("drift:*", {key: dict.fromkeys(columns, text) for key, text in texts.items()})
    _with_contract(tmp_path, "cache.drift", {"id": "string", **columns})
    asked = {"keys": list(texts), "columns": list(columns)}
    told = {key: dict(zip(columns.values(), read, strict=True))
            for key, *read in spark("redis_reads.py", "cache.drift", asked=asked, path=tmp_path)}  # fmt: skip
    for before, after in ASKED["redis"]:
        read = [(texts[key], told[key][after]) for key in (f"{before}/{at}" for at in range(len(CACHED[before])))]
        said = cell("redis", before, after)
        assert word([other is not None and same(one, other) for one, other in read]) == said.read, (
            before, after, read,
        )  # fmt: skip
        assert said.alter == "compatible"  # nothing in Redis has a type


def test_no_contract_has_a_word_on_which_redis_has_the_last():
    assert all(TYPE.fullmatch(type) for pair in ASKED["redis"] for type in pair)
    for type in ("smallint", "float", "time", "timestamp_ntz", "uuid", "binary"):
        assert not TYPE.fullmatch(type)
        assert cell("redis", type, "int") == cell("redis", "int", type) == LAST["redis"]


def _with_contract(folder: Path, contract_id: str, columns: Mapping[str, str]) -> None:
    """Our package `catalog` in a folder, with one contract more."""
    import shutil

    shutil.copytree(REPOSITORY / "catalog", folder / "catalog", ignore=shutil.ignore_patterns("__pycache__"))
    properties = [
        {"name": name, "logicalType": "string", "physicalType": type}
        | ({"primaryKey": True, "primaryKeyPosition": 1} if name == "id" else {})
        for name, type in columns.items()
    ]
    document = {
        "apiVersion": "v3.2.0", "kind": "DataContract", "id": contract_id, "version": "1.0.0", "status": "active",
        "customProperties": [{"property": "tier", "value": "bronze"}],
        "schema": [{"name": "drift", "physicalName": "drift:*", "properties": properties}],
    }  # fmt: skip
    (folder / "catalog" / "contracts" / f"{contract_id}.yaml").write_text(json.dumps(document))


# ------------------------------------------------------------------ PostgreSQL changing a column
WORDS = {
    "double": "double precision",
    "float": "real",
    "string": "text",
    "timestamp": "timestamptz",
    "timestamp_ntz": "timestamp",
}


@pytest.fixture(scope="module")
def session(platform):
    """A session in the warehouse that leaves nothing behind."""
    import psycopg

    from lineage.hooks.warehouse import WarehouseHook

    at = WarehouseHook().connection
    with psycopg.connect(host=at.host, port=at.port, dbname=at.schema, user=at.login, password=at.password) as one:
        one.execute("SET TimeZone = 'Europe/Berlin'")
        yield one
        one.rollback()


@pytest.mark.integration
def test_postgresql_alters_what_its_cells_say(session):
    """Of all pairs that a cell is for: each value is kept, or none, or some are."""
    kept = defaultdict(list)
    for before, after in ASKED["postgres"]:
        zones = ("Europe/Berlin", "UTC") if {before, after} & {"timestamp", "timestamp_ntz"} else ("UTC",)
        kept[cell("postgres", before, after)] += [
            (before, after, value, zone, _altered(session, before, after, value, zone))
            for value in (FAR[before], NEAR.get(before, "7"))
            for zone in zones
        ]
    for said, cases in kept.items():
        assert word([case[-1] for case in cases]) == said.alter, (said, cases)


@pytest.mark.integration
@pytest.mark.parametrize(("engine", "before", "after"), [(engine, *pair) for engine in LIKE for pair in LIKE[engine]])
def test_postgresql_does_what_the_manual_says_of_another_engine(session, engine, before, after):
    """Redshift itself and "any SQL table" are not here: this is all of them that runs."""
    values = ("'äbc'", f"'{'x' * 19}'" if before in {"string", "string(20)"} else "'abcde'")
    values = values if "string" in before else ("12345678.91", "7")
    assert word([_altered(session, before, after, one) for one in values]) == cell(engine, before, after).alter


def _altered(session, before: str, after: str, value: str, zone: str = "UTC") -> bool:
    """Whether ALTER COLUMN works, and the value, changed back to the former type by a reader there, is itself again."""
    from psycopg import Error

    old, new = (WORDS.get(type, type).replace("string(", "varchar(") for type in (before, after))
    try:
        with session.transaction(force_rollback=True):
            session.execute(f"CREATE TEMP TABLE t AS SELECT CAST({value} AS {old}) AS v, CAST({value} AS {old}) AS w")
            session.execute(f"ALTER TABLE t ALTER COLUMN v TYPE {new}")
            session.execute(f"SET LOCAL TimeZone = '{zone}'")
            row = session.execute(f"SELECT CAST(v AS {old}) = w FROM t").fetchone()
            return row[0]
    except Error:
        return False


@given(
    st.integers(1, 20).flatmap(
        lambda p: st.tuples(st.just(p), st.integers(0, p), st.integers(10 ** (p - 1), 10**p - 1))
    )
)
def test_a_binary_number_keeps_the_decimals_that_the_cells_let_it_have(case):
    precision, scale, digits = case
    value = Decimal(digits).scaleb(-scale)
    single = struct.unpack("f", struct.pack("f", value))[0]
    for type, kept in (("float", f"{single:.6g}"), ("double", f"{float(value):.15g}")):
        for engine in ("postgres", "redis") if type == "double" else ("postgres",):
            said = cell(engine, f"decimal({precision},{scale})", type).read
            assert said == "may break" or Decimal(kept) == value, (engine, type)


# ------------------------------------------------------------------ Redshift, as far as it goes without one
@pytest.mark.parametrize(("before", "after"), LIKE["redshift"])
def test_what_redshift_is_asked_to_alter_is_its_sql(before, after):
    import sqlglot

    statement = (
        f"ALTER TABLE t ALTER COLUMN v TYPE {sql.column_type(Field(name='v', type=after), bytes_per_character=4)}"
    )
    assert sqlglot.parse_one(statement, dialect="redshift").sql(dialect="redshift") == statement


@given(st.integers(1, sql.LONGEST // 4).flatmap(lambda n: st.tuples(st.just(n), st.text(max_size=min(n, 40)))))
def test_a_text_of_the_contract_fits_a_varchar_that_counts_bytes(case):
    length, text = case
    told = sql.column_type(Field(name="v", type=f"string({length})"), bytes_per_character=4)
    assert len(text.encode()) <= int(told.removeprefix("VARCHAR(").rstrip(")"))
