"""The schema part of a suite: a frame made from the contract keeps it, and every way of breaking it is found."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from catalog import contract
from catalog.dataset import Dataset
from lineage.expectations.batch import of_frame
from lineage.expectations.project import FOLDER, Project
from lineage.expectations.schema import from_contract
from lineage.outcome import Check

HERE = Dataset("s3://lake", "here")
TABLES = [one for one in contract.load_all().values() if one.kind in ("lake", "warehouse")]
NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)
EVENTS = contract.load("lake.enriched_events")


@pytest.fixture
def judge(project: Project, now: datetime) -> Any:
    def of(promised: contract.Contract, rows: pa.Table) -> dict[tuple[str, str | None], Check]:
        batch = of_frame(rows, contract=promised, dataset=HERE)
        checks = project.judge(batch, from_contract(promised), as_of=now)
        return {(check.name, check.column): check for check in checks if not check.success}

    return of


@pytest.mark.parametrize("promised", TABLES, ids=lambda one: one.id)
def test_a_frame_made_from_the_contract_passes_and_one_without_a_required_column_does_not(
    promised: contract.Contract, frame_of: Any, judge: Any
) -> None:
    rows = frame_of(promised)
    assert judge(promised, rows) == {}
    required = next(field.name for field in promised.schema.fields if not field.nullable)
    failed = judge(promised, rows.drop_columns([required]))
    assert failed["expect_table_columns_to_match_set", None].actual == f"missing: {required}"
    assert not failed["expect_column_values_to_not_be_null", required].success


@pytest.mark.parametrize("name", EVENTS.schema.names())
def test_dropping_any_column_is_critical(name: str, frame_of: Any, project: Project, now: datetime) -> None:
    rows = frame_of(EVENTS).drop_columns([name])
    columns = [rule for rule in from_contract(EVENTS) if rule["type"] == "expect_table_columns_to_match_set"]
    (found,) = project.judge(of_frame(rows, contract=EVENTS, dataset=HERE), columns, as_of=now)
    assert (found.success, found.severity, found.actual) == (False, "critical", f"missing: {name}")


@pytest.mark.parametrize(
    ("columns", "rule", "column", "severity"),
    [
        ({"source": ["web", None, "web"]}, "expect_column_values_to_not_be_null", "source", "critical"),
        ({"event_id": ["a", "b", "a"]}, "expect_column_values_to_be_unique", "event_id", "critical"),
        (
            {"payment_method": ["paypal", "cash", None]},
            "expect_column_values_to_be_in_set",
            "payment_method",
            "warning",
        ),
        ({"brand": ["x" * 81, "", None]}, "expect_text_to_fit", None, "critical"),
        (
            {"enriched_timestamp": [datetime(2026, 3, 4, 9, tzinfo=UTC)] * 3},
            "expect_newest_to_be_fresh",
            None,
            "warning",
        ),
    ],
)
def test_a_broken_promise_is_found_with_the_severity_of_its_kind(
    columns: dict[str, list[Any]], rule: str, column: str | None, severity: str, frame_of: Any, judge: Any
) -> None:
    failed = judge(EVENTS, frame_of(EVENTS, **columns))
    assert {key: check.severity for key, check in failed.items()} == {(rule, column): severity}


def test_a_number_that_became_text_is_critical_and_named(frame_of: Any, judge: Any) -> None:
    rows = frame_of(EVENTS)
    text = rows.set_column(rows.column_names.index("price"), "price", rows["price"].cast(pa.string()))
    failed = judge(EVENTS, text)["expect_column_types_to_match_contract", None]
    assert (failed.severity, failed.actual) == ("critical", "price is string, not decimal(12,2)")


def test_a_column_that_nobody_declared_is_a_warning(frame_of: Any, judge: Any) -> None:
    rows = frame_of(EVENTS)
    failed = judge(EVENTS, rows.append_column("coupon_code", pa.array(["A"] * 3)))
    assert {key[0]: (one.severity, one.actual) for key, one in failed.items()} == {
        "expect_no_unknown_columns": ("warning", "coupon_code")
    }


def test_a_key_of_several_columns_must_be_unique_as_a_whole(frame_of: Any, judge: Any) -> None:
    funnel = contract.load("lake.session_funnel")
    start = datetime(2026, 3, 4, 9, tzinfo=UTC)
    same = {"window_start": [start] * 3, "source": ["web"] * 3}
    assert judge(funnel, frame_of(funnel, **same, customer_segment=["a", "b", "c"])) == {}
    assert list(judge(funnel, frame_of(funnel, **same, customer_segment=["a", "b", "a"]))) == [
        ("expect_compound_columns_to_be_unique", None)
    ]


TYPE_WORD = re.compile(
    "pa|add|cast|column|field|key|name|none|not|null|nullable|primary|precision|required|true|false|type"
    "|(string|text|varchar|str|bigint|integer|smallint|int|long|double|float|decimal|numeric|boolean|bool|date"
    "|datetime|timestamp|timestamptz|array|struct)(type|field)?",
    re.IGNORECASE,
)
ROOT = FOLDER.parent
SOURCES = [
    path
    for folder in ("catalog", "dags", "great_expectations", "lineage", "marquez")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".sql", ".json"} and not {"__pycache__", "uncommitted"} & set(path.parts)
]


def copies(text: str) -> list[tuple[str, ...]]:
    """Six columns of one contract in its order, with nothing but punctuation and words of types between them.

    The shop (stack/) is no part of this: it is a producer, and says what it sends itself.
    """
    lists = {run for one in contract.load_all().values() for run in sixes(one.schema.names())}
    return [run for run in sixes(re.findall(r"[A-Za-z_]\w*", text)) if run in lists]


def sixes(words: Iterable[str]) -> Iterator[tuple[str, ...]]:
    said = [word for word in words if not TYPE_WORD.fullmatch(word)]
    return zip(*(said[at:] for at in range(6)), strict=False)


@pytest.mark.parametrize(
    "column",
    ['{name} VARCHAR(40) NOT NULL', 'StructField("{name}", StringType(), True)', '"{name}": pa.string()', '"{name}"',
     '{{"name": "{name}", "type": "decimal(12,2)"}}'],
    ids=["DDL", "Spark", "Arrow", "list", "JSON"],
)  # fmt: skip
def test_a_second_copy_of_a_schema_is_found_in_whatever_language(column: str) -> None:
    for one in contract.load_all().values():
        if list(sixes(names := one.schema.names())):
            assert copies("(" + ", ".join(column.format(name=name) for name in names) + ")"), one.id


def test_no_file_holds_a_second_copy_of_a_schema() -> None:
    assert len(SOURCES) > 200
    assert [(path.name, run) for path in SOURCES for run in copies(path.read_text(encoding="utf-8"))] == []
