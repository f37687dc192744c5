"""Flow documents: from the sources to a report, from what really ran; the same record, the same bytes."""

import random
import re
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.dataset import Dataset
from catalog.entry import Completeness, DatasetEntry, short
from catalog.flow import Flow, flow
from catalog.index import Index
from catalog.index.sync import sync
from catalog.render import markdown, mermaid, picture
from tests.catalog.conftest import READ, Recorded
from tests.catalog.record import events

NODE = r'[dj]\d+(\[\("|\[/"|\(\["|\["|\{\{")[^"]*("\)\]|"/\]|"\]\)|"\]|"\}\}):::(job|data|bad|late)'
GRAMMAR = re.compile(
    rf'flowchart TD|  +{NODE}|  subgraph g\d+\["[^"]*"\]|  end|  [dj]\d+ (-->|<-->) [dj]\d+'
    r"|  classDef \w+ \S+|  class d\d+ target"
)
"""What Mermaid's flowchart grammar lets us write."""


@pytest.fixture(scope="module")
def report(shop: Index) -> Dataset:
    found = shop.find("object.business_report")
    assert isinstance(found, Dataset)
    return found


@pytest.fixture(scope="module")
def found(shop: Index, report: Dataset) -> Flow:
    return flow(shop, report).value


@pytest.fixture(scope="module")
def funnel(shop: Index) -> Flow:
    """The way to the dataset that fails a check."""
    return flow(shop, shop.find("lake.session_funnel")).value


@pytest.fixture(scope="module")
def document(found: Flow, shop: Index) -> str:
    return markdown.flow(found, shop.completeness())


def test_the_way_begins_at_the_sources_and_ends_at_the_report(found, report):
    assert [short(entry.dataset) for entry in found.sources] == [
        "api/v1/products",
        "api/v1/users",
        "ecommerce-events-raw",
    ]
    assert [hop.job.job.name.split(".")[-1] for hop in found.hops] == [
        "fetch_product_catalog", "land_in_lake", "load_dimensions", "refresh_lookup_cache",
        "start_spark_enrichment_job", "trigger_session_analytics", "update_data_warehouse", "generate_business_reports",
    ]  # fmt: skip
    assert found.datasets[-1] == found.target
    assert found.target.dataset == report


def test_every_hop_comes_after_what_it_reads_but_what_it_writes_itself(found):
    known = {entry.dataset for entry in found.sources}
    for hop in found.hops:
        own = {result.dataset.dataset for result in hop.results}
        assert {entry.dataset for entry in hop.inputs} - own <= known, hop.job.job
        known |= own


def test_what_does_not_lead_to_the_report_is_not_told(found):
    names = {short(entry.dataset) for entry in found.datasets}
    assert "ecommerce-events-dlq" not in names
    assert "session_funnel" not in names
    assert not any("validate" in hop.job.job.name for hop in found.hops)


def test_columns_are_told_by_how_they_come_about(found):
    load = next(hop for hop in found.hops if hop.job.job.name.endswith("update_data_warehouse"))
    summary = next(r for r in load.results if short(r.dataset.dataset) == "daily_summary")
    how = {column: derivation.how for derivation in summary.derivations for column, _ in derivation.columns}
    assert how["total_revenue"] == "aggregated"
    assert how["updated_at"] == "copied"
    assert how["report_date"] == "without a source"


def test_checks_stand_at_the_door_of_the_dataset_with_the_job_that_makes_them(funnel):
    door = next(door for door in funnel.doors if short(door.dataset.dataset) == "session_funnel")
    assert door.job.name == "data_ingestion_dag.validate_session_metrics"
    assert [check.success for check in door.checks][:2] == [False, True]


def test_the_document_tells_what_a_newcomer_asks(document):
    for words in (
        "# How data gets to Business report",
        "From 3 sources through 8 jobs in 2 DAGs and 13 datasets to the report.",
        "`kafka.ecommerce-events-raw` is not as its contract promises: `coupon_code` not promised, observed string",
        "`object.business_report` is late",
        "### 5. start_spark_enrichment_job",
        "[source](https://github.com/ecompulse/pipeline/blob/main/lineage/operators/spark.py)",
        "> Load what is new in the lake into `events` and `user_sessions`, and recompute `daily_summary`.",
        "`total_revenue` from `event_revenue`",
        "**At the door of `lake.enriched_events`** `validate_enriched_data_quality` makes 14 checks; all hold.",
        "MERGE INTO events",
        "| crm-team | `api.users`, `object.landing_users`, `lake.users`, `cache.user` |",
        "Shop events from Kafka to the reports, once an hour.",
        "catalog flow --to object.business_report",
    ):
        assert words in document


def test_a_task_that_only_repeats_its_dags_notes_does_not_repeat_them(document):
    assert document.count("Shop events from Kafka to the reports") == 1


def test_the_same_record_gives_the_same_bytes_in_whatever_order_it_came_and_when_read_again(document, report):
    shuffled = events()
    random.Random(7).shuffle(shuffled)
    with Index.open(":memory:") as index:
        for start in range(0, len(shuffled), 100):
            index.add(shuffled[start : start + 100])
        sync(index, Recorded(events()), now=lambda: READ + timedelta(minutes=5))
        again = flow(index, report)
        assert markdown.flow(again.value, again.completeness) == document
        assert picture.svg(again.value) == picture.svg(flow(index, report).value)


def test_what_may_be_missing_is_said(found):
    told = markdown.flow(found, Completeness(as_of=READ, reasons=("the backend did not answer",)))
    assert "> This may be incomplete: the backend did not answer" in told


def test_the_drawing_is_mermaid_and_names_every_dataset_and_job_once(found):
    lines = mermaid.drawing(found).splitlines()
    assert [line for line in lines if not GRAMMAR.fullmatch(line)] == []
    declared = [line.split()[0][: re.match(r"[dj]\d+", line.strip()).end()] for line in lines if ":::" in line]
    assert len(declared) == len(set(declared)) == len(found.datasets) + len(found.hops)
    arrows = [line.split() for line in lines if "-->" in line]
    assert {end for start, _, end in arrows} | {start for start, _, end in arrows} == set(declared)
    assert sum(line.startswith("  subgraph") for line in lines) == lines.count("  end") == 2


def test_what_fails_and_what_is_late_is_marked_and_told(found, funnel, shop):
    assert '["object.business_report"]:::late' in mermaid.drawing(found)
    assert '[("lake.session_funnel")]:::bad' in mermaid.drawing(funnel)
    told = markdown.flow(funnel, shop.completeness())
    assert "`lake.session_funnel` fails `expect_column_pair_values_a_to_be_greater_than_b` since 2026-11-20" in told
    assert "found 41 of 9,211 rows; tell analytics" in told


def test_a_job_that_reads_back_what_it_writes_has_one_arrow_with_two_heads(found):
    assert mermaid.drawing(found).count("<-->") == 2  # events and user_sessions of the warehouse


def test_the_svg_is_well_formed_and_shows_every_box(found):
    root = ElementTree.fromstring(picture.svg(found))
    boxes = list(root.iter("{http://www.w3.org/2000/svg}g"))
    assert len(boxes) == len(found.datasets) + len(found.hops)


def test_the_page_has_the_svg_instead_of_the_mermaid_and_no_other_host(found, document):
    page = picture.html(found, document, markdown.drawing(found), markdown.LEGEND)
    assert "<svg" in page
    assert "flowchart" not in page
    assert "hexagons" not in page
    assert "<table>" in page
    assert "<offsets>" not in page
    assert not re.search(r'(src|@import|href)="?https?://(?!github.com/ecompulse)', page)


@given(st.text(max_size=30))
def test_no_name_or_text_breaks_out_of_the_drawing_or_a_table(name):
    entry = DatasetEntry(
        dataset=Dataset("kafka://x", name), kind="kafka", title=name, description=name, owner=name or None
    )
    one = Flow(target=entry, sources=(entry,), datasets=(entry,), hops=(), doors=(), dags=(), edges=())
    lines = [line for line in mermaid.drawing(one).split("\n") if line]
    assert [line for line in lines if not GRAMMAR.fullmatch(line)] == []
    told = markdown.flow(one, Completeness(as_of=READ))
    rows = [line for line in told.split("\n") if line.startswith("| `") and "| Kafka topic |" in line]
    assert [len(re.findall(r"(?<!\\)\|", row.replace("\\\\", ""))) for row in rows] == [6, 10]
    ElementTree.fromstring(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", picture.svg(one)))
