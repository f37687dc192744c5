"""Every page of a small record: what it says, and that every link on it leads somewhere."""

import re
from html import unescape
from posixpath import dirname, join, normpath

import pytest

from catalog.contract import load_all
from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.index import Index
from catalog.site import address
from tests.catalog import record
from tests.catalog.site.conftest import SETTINGS, Pages


def dataset(contract: str) -> Dataset:
    return record.named(load_all()[contract])


FUNNEL, RAW, DAILY = map(dataset, ("lake.session_funnel", "kafka.ecommerce-events-raw", "warehouse.daily_summary"))
WAREHOUSE_LOAD = Job(record.NAMESPACE, "data_ingestion_dag.update_data_warehouse")


def links(text: str, *, at: str) -> set[str]:
    """The pages that a page leads to, from the root."""
    found = re.findall(r'href="([^"#:]+\.html)[^"]*"', text)
    return {normpath(join(dirname(at), unescape(link))) for link in found}


def words(text: str) -> str:
    """What a page says, without markup."""
    text = re.sub(r"<wbr>|&#8239;|\u202f", "", text)
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.parametrize("path", ["", address.of(FUNNEL)])
def test_every_link_of_a_page_is_answered(pages: Pages, path: str) -> None:
    """All links of all pages: test_publish."""
    for link in links(pages(path), at=path):
        pages(link)


def test_the_first_page_says_what_fails_and_whose_it_is(pages: Pages) -> None:
    said = words(pages(""))
    assert "1 dataset fails its checks" in said
    assert "session_funnel" in said
    assert "analytics" in said


def test_a_dataset_page_says_what_it_is_whose_and_how_well_it_is(pages: Pages) -> None:
    said = words(pages(address.of(FUNNEL)))
    contract = load_all()["lake.session_funnel"]
    for part in (contract.title, contract.owner, "failing", "41 of 9,211 rows", *contract.schema.names()):
        assert part in said


def test_a_column_that_nobody_promised_is_shown_beside_the_contract_with_since_when(pages: Pages) -> None:
    text = pages(address.of(RAW))
    assert "Promised and observed differ" in text
    assert "coupon_code" in words(text)
    assert "20 Nov 2026" in text


def test_a_column_leads_to_the_columns_it_is_made_of(pages: Pages) -> None:
    text = pages(address.column(DAILY, "total_revenue"))
    found = links(text, at=address.column(DAILY, "total_revenue"))
    assert any(link.startswith("column/ecommerce-events-raw") for link in found)
    assert "aggregated" in text


def test_a_job_page_shows_its_statement_source_and_what_it_does_to_columns(pages: Pages) -> None:
    text = pages(address.of(WAREHOUSE_LOAD))
    assert "MERGE</span>" in text
    assert "https://github.com/ecompulse/pipeline/blob/main/lineage/operators/warehouse.py" in text
    assert address.column(DAILY, "total_revenue") in text


def test_a_job_page_says_how_many_of_its_last_runs_succeeded_and_how_long_they_took(pages: Pages, index: Index) -> None:
    job = next(run.job for run in index.runs(limit=50) if run.failed)
    states = [run.state for run in index.runs(job, limit=12) if run.state != "RUNNING"]
    expected = f"Last runs {states.count('COMPLETE')} of {len(states)} succeeded, half of them within"
    assert expected in words(pages(address.of(job)))


def test_a_run_page_tells_how_it_ended_and_counts_its_rows(pages: Pages, index: Index) -> None:
    failed = next(run for run in index.runs(limit=50) if run.job.name.endswith("validate_session_metrics"))
    said = words(pages(address.run(failed.run_id)))
    assert "failed" in said
    assert failed.run_id in said
    assert f"Rows in {failed.rows_in}" in said


def test_pages_link_to_the_same_thing_in_marquez_and_airflow(pages: Pages) -> None:
    assert "http://marquez.test/lineage/dataset/s3%3A%2F%2Flake/warehouse%2Fecom.db%2Fsession_funnel" in pages(
        address.of(FUNNEL)
    )
    assert 'href="http://airflow.test/dags/data_ingestion_dag/tasks/update_data_warehouse"' in pages(
        address.of(WAREHOUSE_LOAD)
    )


def test_a_run_leads_to_that_very_run_in_airflow(pages: Pages, index: Index) -> None:
    dag, task = (
        next(run for run in index.runs(limit=50) if run.job.name == name)
        for name in ("data_ingestion_dag", "data_ingestion_dag.start_spark_enrichment_job")
    )
    place = "http://airflow.test/dags/data_ingestion_dag/runs/scheduled__2026-11-20T18%3A20%3A00%2B00%3A00"
    assert f'href="{place}"' in pages(address.run(dag.run_id))
    assert f'href="{place}/tasks/start_spark_enrichment_job"' in pages(address.run(task.run_id))


def test_a_run_tells_which_offsets_it_read(pages: Pages, index: Index) -> None:
    spark = next(run for run in index.runs(limit=50) if run.job.name.endswith("start_spark_enrichment_job"))
    assert "ecommerce-events-raw 0 400 1400 1000" in words(pages(address.run(spark.run_id)))


def test_without_an_airflow_there_is_no_link_to_it() -> None:
    assert address.airflow(type(SETTINGS)(), WAREHOUSE_LOAD) is None


def test_changes_are_told_by_day_newest_first(pages: Pages) -> None:
    days = re.findall(r'<h2 id="d(\d{4}-\d\d-\d\d)">', pages("changes.html?days=0"))
    assert len(days) >= 2
    assert days == sorted(days, reverse=True)


def test_quality_lists_failing_checks_first_and_by_owner(pages: Pages) -> None:
    said = words(pages(address.QUALITY))
    assert said.index("41 of 9,211 rows") < said.index("All checks, by dataset")
    assert "analytics" in said


def test_a_flow_tells_the_way_to_a_report_from_its_sources(pages: Pages) -> None:
    text = pages(address.flow(dataset("object.business_report")))
    said = words(text)
    assert said.index("enriched_events") < said.index("daily_summary", said.index("Step by step"))
    assert "generate_business_reports" in said


def test_a_search_finds_and_narrows_down(pages: Pages) -> None:
    text = pages(address.search("revenue"))
    assert links(text, at=address.SEARCH) & {address.column(DAILY, "total_revenue")}
    [narrower] = re.findall(r'href="(search\.html\?q=[^"]*owner%3A[^"]*)"', text)[:1]
    assert "total_revenue" in pages(unescape(narrower))


def test_a_facet_that_is_chosen_can_be_taken_out_again(pages: Pages) -> None:
    text = pages(address.search("funnel is:failing"))
    assert f'href="{address.search("funnel")}" aria-current="true"' in text


def test_an_address_that_is_none_helps_on(pages: Pages) -> None:
    text = pages("dataset/session_funel-00000000.html", status=404)
    assert address.of(FUNNEL) in links(text, at="dataset/x.html")


@pytest.mark.parametrize(
    "path", ["nothing", "dataset/../../secret.html", "run/none.html", "column/x/y.html", "graph/x.html"]
)
def test_odd_addresses_are_no_pages(pages: Pages, path: str) -> None:
    pages(path, status=404)


@pytest.mark.parametrize(
    "query", ['"', "<script>alert(1)</script>", "'; DROP TABLE dataset; --", "is:", "a" * 5000, "*", "NEAR("]
)
def test_any_query_is_answered_and_shown_as_text(pages: Pages, query: str) -> None:
    text = pages(address.search(query))
    assert "<script>alert" not in text


@pytest.mark.parametrize(
    "path", ["changes.html?days=x", "changes.html?days=99999999999", f"{address.graph(FUNNEL)}?depth=-1&limit=1e9"]
)
def test_odd_numbers_in_an_address_are_as_none(pages: Pages, path: str) -> None:
    pages(path)


def test_what_events_say_is_shown_and_never_run(tmp_path) -> None:
    from starlette.testclient import TestClient

    from catalog.site.app import create

    evil = "<img src=x onerror=alert(1)>"
    document = record.events(days=1)[-2]
    document["job"]["facets"]["documentation"]["description"] = evil
    document["job"]["facets"]["sourceCodeLocation"]["url"] = "javascript:alert(1)"
    for one in (*document["inputs"], *document["outputs"]):
        one["facets"]["documentation"]["description"] = evil
        one["facets"]["schema"]["fields"].append({"name": evil, "type": evil, "description": evil})
    with Index.open(tmp_path / "i.sqlite") as opened:
        opened.add([document])
        client = TestClient(create(SETTINGS, index=opened))
        for node in (*(entry.dataset for entry in opened.datasets()), *(entry.job for entry in opened.jobs())):
            text = client.get("/" + address.of(node)).text
            assert evil not in text
            assert 'href="javascript:' not in text
