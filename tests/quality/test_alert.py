"""Who is told when a critical check fails in a task that goes on."""

from dataclasses import replace

from catalog.contract import load
from catalog.dataset import Dataset
from lineage.notice import as_blocks
from lineage.notifier import compose
from lineage.outcome import Check, Outcome, Read
from tests.lineage.test_notices import CRITICAL, GOOD, MILD, context, outcome


def test_a_critical_failure_that_stops_nothing_is_told_as_one_and_what_follows() -> None:
    notice = compose(context(outcome(GOOD, CRITICAL), prev_end_date_success=None))
    assert notice is not None
    assert (notice.level, notice.title.split(" ", 1)[1]) == ("failed", "found critical failures")
    assert notice.next_step.startswith("The run goes on and fails at its end")
    assert "event_id_unique" in notice.what[0]


def a_read(dataset: Dataset, contract_id: str, *checks: Check) -> Read:
    return Read(dataset=dataset, contract=load(contract_id), checks=checks)


def test_of_several_datasets_each_line_names_the_one_it_is_about() -> None:
    """The lake's and the warehouse's have the same columns and the same checks."""
    lake = a_read(Dataset("s3://lake", "warehouse/ecom.db/enriched_events"), "lake.enriched_events", MILD)
    table = a_read(Dataset("postgres://db:5432", "warehouse.public.events"), "warehouse.events", MILD, CRITICAL)
    notice = compose(context(Outcome(inputs=(lake, table)), prev_end_date_success=None))
    assert notice is not None
    assert [line.split(": expected")[0] for line in notice.what] == [
        "warehouse.public.events: event_id_unique(event_id)",
        "enriched_events: user_known(user_id)",
        "warehouse.public.events: user_known(user_id)",
    ]


def test_values_that_broke_a_check_are_named_and_rows_are_left_to_the_page() -> None:
    values, rows = replace(MILD, examples=("klarna", "cash")), replace(CRITICAL, examples=('{"event_id": "e1"}',))
    notice = compose(context(outcome(values, rows), prev_end_date_success=None))
    assert notice is not None
    assert notice.what[1].endswith("found 7 %, such as klarna, cash [warning]")
    assert "e1" not in notice.what[0]


def test_a_value_cannot_call_a_channel() -> None:
    bad = replace(MILD, examples=("<!channel>", "a & b"))
    notice = compose(context(outcome(bad), prev_end_date_success=None))
    assert notice is not None
    told = as_blocks(notice)[1]["text"]["text"]
    assert "&lt;!channel&gt;, a &amp; b" in told and "<!" not in told
