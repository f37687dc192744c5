"""The operator: what it lets pass, what it stops, what it tells, and what it keeps to itself."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pyarrow as pa
import pytest

from catalog import contract
from catalog.dataset import Dataset
from lineage import extraction
from lineage.errors import ChecksFailed, ConfigurationError
from lineage.expectations.batch import Batch, of_frame
from lineage.expectations.project import Project
from lineage.expectations.reader import of_texts
from lineage.operators.gx import GreatExpectationsOperator
from lineage.outcome import Outcome

pytestmark = pytest.mark.integration

HERE = Dataset("s3://lake", "here")
EVENTS = contract.load("lake.enriched_events")
Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Run:
    """run(rows, …): the operator on these rows of `lake.enriched_events`."""
    monkeypatch.setenv("ECOMPULSE_DATA_DOCS", str(tmp_path))

    def of(rows: pa.Table, *, rows_in_table: int | None = None, held_rows: bool = False, **arguments: Any) -> Outcome:
        def load(promised: contract.Contract) -> Batch:
            batch = of_frame(rows, contract=promised, dataset=HERE, rows_in_table=rows_in_table)
            return replace(batch, held_rows=held_rows)

        operator = GreatExpectationsOperator(
            task_id="validate",
            contract_ids=["lake.enriched_events"],
            as_of=now.isoformat(),
            load=load,
            **arguments,
        )
        return operator.run({})  # type: ignore[typeddict-item]  # nothing of it is needed outside a DAG

    return of


@pytest.fixture
def good(frame_of: Any) -> Callable[..., pa.Table]:
    """good(column=[…], …): events that keep every rule, but for the named columns."""

    def build(**columns: list[Any]) -> pa.Table:
        fine: dict[str, list[Any]] = {
            "event_type": ["page_view", "purchase", "order_cancelled"],
            "event_revenue": [Decimal("0"), Decimal("19.00"), Decimal("-5.00")],
            "total_amount": [None, Decimal("19.00"), Decimal("-5.00")],
            "discount_amount": [None, Decimal("0"), None],
            "items": [
                None,
                [{"product_id": "p", "product_name": None, "price": Decimal("9.50"), "quantity": 2}],
                None,
            ],
            "currency": [None, "USD", "GBP"],
            "data_quality_score": [1.0, 1.0, 1.0],
            "day_of_week": [1, 2, 3],
        }
        return frame_of(EVENTS, **(fine | columns))

    return build


def test_whoever_checks_reads_whatever_comes_and_says_so(run: Run, good: Callable[..., pa.Table]) -> None:
    (read,) = run(good()).inputs
    assert read.reading is not None and read.reading.way == "any"


def test_rows_that_keep_every_rule_pass_and_are_counted(run: Run, good: Any) -> None:
    outcome = run(good())
    assert outcome.failed == ()
    assert (outcome.rows_in, outcome.rows_rejected) == (3, 0)
    metrics = outcome.inputs[0].metrics
    assert (metrics["total_amount"].null_count, metrics["total_amount"].total) == (1, 14.0)
    assert (metrics["event_revenue"].minimum, metrics["event_revenue"].maximum) == (-5.0, 19.0)
    assert metrics["event_id"].distinct_count == 3


def test_a_failed_critical_expectation_stops_and_names_itself_with_counts(run: Run, good: Any) -> None:
    with pytest.raises(ChecksFailed) as stopped:
        run(good(event_revenue=[Decimal("0"), Decimal("-19.00"), Decimal("-5.00")]))
    assert "expect_revenue_to_follow_event_type" in str(stopped.value)
    assert "1 of 3 rows" in str(stopped.value)
    assert str(HERE) in str(stopped.value)
    assert not stopped.value.retryable
    assert stopped.value.outcome is not None
    assert stopped.value.outcome.rows_rejected == 1


def test_a_failed_warning_goes_on_and_is_told(run: Run, good: Any) -> None:
    outcome = run(good(payment_method=["cash", None, None]))
    assert [(check.name, check.severity) for check in outcome.failed] == [
        ("expect_column_values_to_be_in_set", "warning")
    ]
    told = json.dumps(extraction.summary(outcome))
    assert "1 of 1 rows with a value (100 %)" in told


def test_the_mildest_severity_that_stops_can_be_chosen(run: Run, good: Any) -> None:
    with pytest.raises(ChecksFailed):
        run(good(payment_method=["cash", None, None]), fail_on="warning")
    wrong = good(event_revenue=[Decimal("1"), Decimal("1"), Decimal("1")])
    assert [check.severity for check in run(wrong, fail_on="never").failed] == ["critical"]


def test_an_empty_batch_of_a_filled_table_passes(run: Run, good: Any) -> None:
    outcome = run(good().slice(0, 0), rows_in_table=10, held_rows=True)
    assert outcome.rows_in == 0
    assert not {"expect_table_to_have_rows", "expect_table_not_to_have_lost_its_rows"} & {
        check.name for check in outcome.failed
    }


SUITED = [one for one in contract.load_all().values() if one.suite and one.kind != "warehouse"]


@pytest.mark.parametrize("one", SUITED, ids=lambda one: one.id)
def test_a_dataset_without_rows_is_a_warning_but_for_the_lookups(
    one: contract.Contract, project: Project, frame_of: Any, now: datetime
) -> None:
    """Nothing else of its suite may stop it: an hour without events on a new deployment stays green."""
    checks = project.judge(
        of_frame(frame_of(one, rows=0), contract=one, dataset=HERE), project.suite(str(one.suite), one), as_of=now
    )
    failed = {check.name: check.severity for check in checks if not check.success}
    assert failed["expect_table_to_have_rows"] == ("critical" if one.kind == "cache" else "warning")
    assert {name for name, severity in failed.items() if severity == "critical"} <= {"expect_table_to_have_rows"}


def test_a_dataset_that_has_lost_its_rows_stops(run: Run, good: Any) -> None:
    with pytest.raises(ChecksFailed, match="expect_table_not_to_have_lost_its_rows"):
        run(good().slice(0, 0), rows_in_table=0, held_rows=True)


def test_personal_data_of_failing_rows_is_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """`cache.user`: its key is personal. Twice the same key fails; the key is in no file, no check, no message."""
    monkeypatch.setenv("ECOMPULSE_DATA_DOCS", str(tmp_path))
    rows = [{"user_id": "jane-doe-4711", "email": "jane@example.org", "total_orders": "-1"}] * 2
    operator = GreatExpectationsOperator(
        task_id="validate",
        contract_ids=["cache.user"],
        as_of=now.isoformat(),
        load=lambda promised: of_texts(rows, contract=promised, dataset=Dataset("redis://here:1", "db0.user")),
    )
    with pytest.raises(ChecksFailed) as stopped:
        operator.run({})  # type: ignore[typeddict-item]
    outcome = stopped.value.outcome
    assert outcome is not None
    assert {check.name for check in outcome.failed} >= {"expect_column_values_to_be_unique"}
    kept = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    told = [str(stopped.value), json.dumps(extraction.summary(outcome)), repr(outcome)]
    assert not [text for text in (*kept, *told) if "jane" in text]
    assert any("***" in text for text in kept)


def test_everything_told_is_plain_json(run: Run, good: Any) -> None:
    outcome = run(good(event_time=[None] * 3, quantity=[1, None, 2]), fail_on="never")
    json.dumps(extraction.summary(outcome))
    for check in outcome.checks:
        assert type(check.success) is bool
        assert {type(word) for word in (check.expected, check.actual, *check.params.values())} == {str}
    for figures in outcome.inputs[0].metrics.values():
        assert {type(getattr(figures, name)) for name in ("null_count", "distinct_count", "minimum", "total")} <= {
            int, float, type(None),
        }  # fmt: skip


def test_data_docs_have_a_page_that_says_what_failed(run: Run, good: Any) -> None:
    outcome = run(good(payment_method=["cash", None, None]))
    page = Path(urlparse(outcome.links["data docs of lake.enriched_events"]).path)
    html = page.read_text()
    assert "payment_method" in html
    assert "revenue &gt;= 0" in html or "revenue >= 0" in html
    assert "encountered an error" not in html
    index = (page.parents[4] / "index.html").read_text()
    (row,) = re.findall(r"<tr>\s*<td.*?</tr>", index, flags=re.DOTALL)
    assert "does not hold" in row and f'href="{page.relative_to(page.parents[4]).as_posix()}"' in row
    assert "lake.enriched_events" in row and "enriched_events_suite" in row
    assert not re.findall(r"https?://", index), "nothing of another host is needed to read it"
    for link in re.findall(r'href="([^"]+)"', index):
        assert (page.parents[4] / link).is_file()


def test_a_contract_that_names_no_suite_is_a_configuration_error() -> None:
    operator = GreatExpectationsOperator(task_id="validate", contract_ids=["lake.products"])
    with pytest.raises(ConfigurationError, match=r"lake\.products"):
        operator.run({})  # type: ignore[typeddict-item]


def test_a_dataset_that_gx_cannot_read_is_a_configuration_error() -> None:
    operator = GreatExpectationsOperator(task_id="validate", contract_ids=["api.products"], suite="lookup_cache_suite")
    with pytest.raises(ConfigurationError, match=r"api\.products"):
        operator.run({})  # type: ignore[typeddict-item]


def test_lineage_names_the_datasets_before_and_the_checks_after(
    run: Run, good: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = {"conn_type": "aws", "extra": {"bucket": "lake"}}
    monkeypatch.setenv("AIRFLOW_CONN_LAKE_DEFAULT", json.dumps(lake))
    operator = GreatExpectationsOperator(task_id="validate", contract_ids=["lake.enriched_events"])
    (before,) = operator.lineage(None).inputs
    assert (before.namespace, before.name) == ("s3://lake", "warehouse/ecom.db/enriched_events")
    outcome = run(good(payment_method=["cash", None, None]))
    (after,) = operator.lineage(outcome).inputs
    assertions = after.inputFacets["dataQualityAssertions"].assertions
    assert {one.severity for one in assertions if not one.success} == {"warn"}
    assert after.inputFacets["dataQualityMetrics"].rowCount == 3


def test_rejected_rows_are_those_of_the_worst_critical_rule(run: Run, good: Any) -> None:
    bad = {"event_revenue": [Decimal("1"), Decimal("1"), Decimal("-5.00")], "currency": [None, "XXX", "GBP"]}
    outcome = run(good(**bad), fail_on="never")
    assert outcome.rows_rejected == 2
    assert replace(outcome, links={}).failed[0].severity == "critical"
