"""The warehouse's statements, as text."""

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from catalog import sql
from catalog.contract import load, load_all
from catalog.schema import Field
from lineage import staging
from lineage.operators.warehouse import MARKS, ONE_AT_A_TIME
from lineage.reports import figures

TABLES = [contract for contract in load_all().values() if contract.kind == "warehouse"]


def every_statement() -> dict[str, str]:
    found = {"one at a time": ONE_AT_A_TIME, "marks": MARKS, "summary": staging.DAILY_SUMMARY}
    found |= {f"report {name}": text for name, text in figures.QUERIES.items()}
    for table in TABLES:
        found |= {f"create {table.id}": sql.create_table(table), f"landing {table.id}": sql.create_landing(table)}
        found[f"wide {table.id}"] = sql.create_table(table, bytes_per_character=4)
        found[f"csv {table.id}"] = sql.copy_from_client(table)
        found[f"parquet {table.id}"] = sql.copy_from_s3(
            table, url="s3://lake/it's", iam_role="arn:aws:iam::1:role/load"
        )
    plans = [staging.fact_statements(), *map(staging.dimension_statements, staging.dimensions())]
    found |= {f"plan {at}.{step}": text for at, plan in enumerate(plans) for step, (text, _) in enumerate(plan)}
    return found


@pytest.mark.parametrize("dialect", ["postgres", "redshift"])
@pytest.mark.parametrize("statement", every_statement().values(), ids=every_statement().keys())
def test_every_statement_parses_in_both_dialects(statement, dialect):
    (parsed,) = sqlglot.parse(statement, dialect=dialect)
    assert not isinstance(parsed, exp.Command), "sqlglot did not understand it, only passed it through"


def test_a_table_has_the_columns_types_and_key_of_its_contract():
    contract = load("warehouse.daily_summary")
    table = sqlglot.parse_one(sql.create_table(contract), dialect="postgres")
    found = {column.name: column for column in table.find_all(exp.ColumnDef)}
    assert tuple(found) == contract.schema.names()
    assert found["total_revenue"].args["kind"].sql("postgres") == "DECIMAL(16, 2)"
    required = {name for name, column in found.items() if column.find(exp.NotNullColumnConstraint)}
    assert required == {field.name for field in contract.schema.fields if not field.nullable}
    assert [column.name for column in table.find(exp.PrimaryKey).expressions] == ["report_date"]


@pytest.mark.parametrize(
    ("kind", "characters", "bytes_"),
    [
        ("string(40)", "VARCHAR(40)", "VARCHAR(160)"),
        ("string(30000)", "VARCHAR(30000)", "VARCHAR(65535)"),
        ("string", "VARCHAR(65535)", "VARCHAR(65535)"),
        ("decimal(12,2)", "DECIMAL(12, 2)", "DECIMAL(12, 2)"),
        ("timestamp", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
        ("array", "VARCHAR(65535)", "VARCHAR(65535)"),
    ],
)
def test_a_type_is_as_wide_as_the_dialect_counts(kind, characters, bytes_):
    field = Field(name="x", type=kind)
    assert (sql.column_type(field), sql.column_type(field, bytes_per_character=4)) == (characters, bytes_)


@given(st.text(min_size=1).filter(lambda name: "\x00" not in name))
def test_any_name_survives_quoting(name):
    (column,) = sqlglot.parse_one(f"SELECT {sql.quoted(name)} FROM t", dialect="postgres").expressions
    assert column.name == name


def test_the_summary_selects_the_columns_of_its_contract_in_order():
    """MERGE takes them by name, a reader by position; the file is the only list besides the contract."""
    query = sqlglot.parse_one(staging.DAILY_SUMMARY, dialect="postgres")
    assert tuple(query.named_selects) == load("warehouse.daily_summary").schema.names()


@pytest.mark.parametrize("stage", [*staging.facts(), *staging.dimensions()], ids=lambda stage: stage.target.name)
def test_every_warehouse_column_is_filled_from_a_column_that_the_lake_has(stage):
    assert set(stage.reads) <= set(stage.source.schema.names())
    assert {name for name in stage.target.schema.names() if not stage.origin(name)} == {staging.LOADED_AT}
