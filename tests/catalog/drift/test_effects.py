"""The rows of `effect` against real tables: what PostgreSQL and Iceberg let a table follow."""

import pytest

from catalog.drift import Consumer, Part, Shape, classify, detect

SERVERS = ("postgres",)
A, B = Part(path="a", type="int"), Part(path="b", type="string")
FIRM = Part(path="a", type="int", nullable=False, required=True)
NEW = Part(path="c", type="int", nullable=False, required=True)
CASES = {
    "add": ((A, B), (A, B, Part(path="c", type="int"))),
    "add required": ((A, B), (A, B, NEW)),
    "drop": ((A, B), (A,)),
    "move": ((A, B), (B, A)),
    "forbid null": ((A, B), (FIRM, B)),
    "allow null": ((FIRM, B), (A, B)),
}


def word(engine: str, case: str) -> str:
    before, after = CASES[case]
    changes = detect(Shape(parts=before), Shape(parts=after))
    assert len(changes) == 1
    return classify(changes[0], Consumer(name="x", engine=engine, direction="table")).word


def test_an_iceberg_table_follows_what_its_rows_say(tmp_path):
    import pyarrow as pa
    from pyiceberg.catalog.memory import InMemoryCatalog
    from pyiceberg.types import IntegerType

    catalog = InMemoryCatalog("c", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("n")
    edits = {
        "add": lambda update: update.add_column("c", IntegerType()),
        "add required": lambda update: update.add_column("c", IntegerType(), required=True),
        "drop": lambda update: update.delete_column("b"),
        "move": lambda update: update.move_first("b"),
        "forbid null": lambda update: update.update_column("a", required=True),
        "allow null": lambda update: update.update_column("a", required=False),
    }
    for number, (case, edit) in enumerate(edits.items()):
        rows = pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]})
        if case == "allow null":
            rows = rows.cast(pa.schema([pa.field("a", pa.int32(), nullable=False), pa.field("b", pa.string())]))
        table = catalog.create_table(f"n.t{number}", schema=rows.schema)
        table.append(rows)
        try:
            with table.update_schema() as update:
                edit(update)
            follows = table.scan().to_arrow().column("a").to_pylist() == [1]
        except ValueError:
            follows = False
        assert word("iceberg", case) == ("compatible" if follows else "breaking"), case


def test_a_renamed_iceberg_column_keeps_its_rows(tmp_path):
    import pyarrow as pa
    from pyiceberg.catalog.memory import InMemoryCatalog

    catalog = InMemoryCatalog("c", warehouse=f"file://{tmp_path}")
    catalog.create_namespace("n")
    table = catalog.create_table("n.t", schema=pa.schema([("a", pa.int32())]))
    table.append(pa.table({"a": pa.array([1], pa.int32())}))
    with table.update_schema() as update:
        update.rename_column("a", "z")
    assert table.scan().to_arrow().to_pydict() == {"z": [1]}
    change = detect(Shape(parts=(Part(path="a", type="int", id=1),)), Shape(parts=(Part(path="z", type="int", id=1),)))[
        0
    ]
    words = [
        classify(change, Consumer(name="x", engine="iceberg", direction=to)).word
        for to in ("new_reads_old", "old_reads_new", "table")
    ]
    assert words == ["compatible", "breaking", "compatible"]


@pytest.mark.integration
def test_a_postgresql_table_follows_what_its_rows_say(platform):
    import psycopg

    from lineage.hooks.warehouse import WarehouseHook

    statements = {
        "add": "ALTER TABLE t ADD COLUMN c int",
        "add required": "ALTER TABLE t ADD COLUMN c int NOT NULL",
        "forbid null": "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        "allow null": "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
    }
    at = WarehouseHook().connection
    with psycopg.connect(host=at.host, port=at.port, dbname=at.schema, user=at.login, password=at.password) as session:
        for case, statement in statements.items():
            rows = ["(1, 'x')", "(NULL, 'x')"] if case != "allow null" else ["(1, 'x')"]
            follows = []
            for row in rows:
                try:
                    with session.transaction(force_rollback=True):
                        session.execute(
                            f"CREATE TEMP TABLE t (a int {'NOT NULL' if case == 'allow null' else ''}, b text)"
                        )
                        session.execute(f"INSERT INTO t VALUES {row}")
                        session.execute(statement)
                        follows.append(True)
                except psycopg.Error:
                    follows.append(False)
            expected = "compatible" if all(follows) else "may break" if any(follows) else "breaking"
            assert word("postgres", case) == expected, case
        session.rollback()
