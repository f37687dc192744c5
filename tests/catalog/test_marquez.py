"""What the client tells of the backend: one suite over the embedded server, the real one's recorded answers, any other.

ECOMPULSE_TEST_MARQUEZ_URL adds a server of yours, with ECOMPULSE_TEST_MARQUEZ_FRESH: the command that empties it.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.errors import DatasetNotFound, MarquezNotFound, MarquezRefused
from catalog.marquez import Marquez
from tests.catalog.backend import Recorded, embedded, emptied, fill

pytestmark = pytest.mark.integration

Opener = Callable[[str], Marquez]
DAY = datetime(2026, 3, 10, tzinfo=UTC)
POSTGRES, LAKE, KAFKA = "postgres://localhost:5432", "s3://ecompulse-lake", "kafka://localhost:9092"
ORDERS = Dataset(POSTGRES, "warehouse.public.orders")
USERS = Dataset(POSTGRES, "warehouse.public.users")


@pytest.fixture(params=["embedded", "recorded", "external"])
def opened(request: pytest.FixtureRequest, shared: Path, tmp_path: Path) -> Iterator[Opener]:
    """Opens a client of a backend that knows what one recording told it."""
    with ExitStack() as stack:

        def open_(name: str) -> Marquez:
            recording = json.loads((shared / f"data/marquez/{name}.json").read_text())
            if request.param == "recorded":
                return stack.enter_context(Marquez("http://recorded", transport=Recorded(recording)))
            url = _external() if request.param == "external" else stack.enter_context(embedded(tmp_path))
            fill(url, recording)
            return stack.enter_context(Marquez(url))

        yield open_


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with embedded(tmp_path) as address:
        yield address


def _external() -> str:
    url, fresh = (os.environ.get(f"ECOMPULSE_TEST_MARQUEZ_{word}") for word in ("URL", "FRESH"))
    if not (url and fresh):
        pytest.skip("no other server to test: set ECOMPULSE_TEST_MARQUEZ_URL and ECOMPULSE_TEST_MARQUEZ_FRESH")
    return emptied(url, fresh)


def minute(number: int) -> datetime:
    return DAY + timedelta(minutes=number)


def test_a_backend_that_answers_is_well(opened: Opener) -> None:
    opened("simple").ping()


def test_a_span_of_events_has_its_first_moment_and_not_its_last(opened: Opener) -> None:
    told = opened("paging").page(after=minute(5), before=minute(10), newest_first=True, limit=100)
    assert [event["eventTime"][14:16] for event in told.events] == ["09", "08", "07", "06", "05"]
    assert told.total_count == 5


def test_events_come_oldest_first_and_count_the_whole_span(opened: Opener) -> None:
    told = opened("paging").page(after=minute(5), before=minute(10), limit=2)
    assert [event["eventTime"][14:16] for event in told.events] == ["05", "06"]
    assert told.total_count == 5


def test_an_offset_goes_into_the_span(opened: Opener) -> None:
    client = opened("paging")
    assert [e["eventTime"][14:16] for e in client.page(newest_first=True, limit=20, offset=20).events] == [
        "03", "02", "01", "00",
    ]  # fmt: skip
    assert client.page(newest_first=True, limit=100, offset=100).events == ()


def test_static_events_are_counted_and_never_listed(opened: Opener) -> None:
    told = opened("static_events").page(newest_first=True, limit=100)
    assert (told.events, told.total_count) == ((), 4)


def test_a_dataset_is_told_at_its_current_version(opened: Opener) -> None:
    told = opened("schema_history").dataset(ORDERS)
    assert told.dataset == ORDERS
    assert {field.name: field.type for field in told.fields} == {
        "order_id": "bigint", "amount": "decimal(10,2)", "status": "varchar(16)",
    }  # fmt: skip
    assert told.facets["ecompulse_constraints"]["columns"]["order_id"] == {"nullable": False}
    assert (told.created_at, told.description, told.deleted) == (minute(2), None, False)


def test_versions_come_newest_first_and_equal_columns_have_equal_schema_versions(opened: Opener) -> None:
    versions = list(opened("schema_history").versions(ORDERS))
    assert [version.created_at for version in versions] == [minute(n) for n in (82, 72, 62, 52, 42, 32, 22, 12, 2)]
    by_schema = {}
    for version in versions:
        columns = frozenset((field.name, field.type) for field in version.fields)
        by_schema.setdefault(version.current_schema_version, set()).add(columns)
    assert all(len(contents) == 1 for contents in by_schema.values())
    assert len(by_schema) == 4
    assert versions[-1].created_by_run is not None and versions[-1].created_by_run.state == "COMPLETED"


def test_a_namespace_lists_its_datasets_beyond_its_total_of_a_page(opened: Opener) -> None:
    client = opened("schema_history")
    assert [told.dataset for told in client.datasets(POSTGRES)] == [ORDERS]
    assert {told.name for told in client.namespaces()} == {"ecompulse", POSTGRES}


def test_a_run_tells_the_checks_of_what_it_read(opened: Opener) -> None:
    client = opened("assertions")
    run = client.run("1f8bbebc-f63a-51a5-8d9e-9b08be6ee2a2")
    read = {use.dataset: use for use in run.input_dataset_versions}[Dataset(KAFKA, "ecommerce-events-raw")]
    assert [told["success"] for told in read.facets["dataQualityAssertions"]["assertions"]] == [True, False, True]
    assert (run.state, run.started_at, run.ended_at) == ("COMPLETED", minute(1), minute(2))


def test_facets_of_a_run_and_of_its_job_are_empty_when_none_were_sent(opened: Opener) -> None:
    client = opened("assertions")
    run_id = "1f8bbebc-f63a-51a5-8d9e-9b08be6ee2a2"
    assert [test["status"] for test in client.run_facets(run_id)["test"]["tests"]] == ["pass", "fail"]
    assert client.run_facets(run_id, of="job") == {}


def test_a_job_knows_its_parent_and_a_failed_run(opened: Opener) -> None:
    client = opened("parents")
    job = client.job(Job("ecompulse", "data_ingestion_dag.update_data_warehouse"))
    assert (job.parent_job_name, job.simple_name) == ("data_ingestion_dag", "update_data_warehouse")
    assert job.inputs == (Dataset(LAKE, "enriched"),)
    assert job.latest_run is not None and job.latest_run.state == "FAILED"
    assert [run.id for run in client.runs(job.job)] == [job.latest_run.id]


def test_all_jobs_and_those_of_a_namespace_are_listed(opened: Opener) -> None:
    client = opened("parents")
    everywhere = {told.job for told in client.jobs()}
    assert Job("ecompulse", "data_ingestion_dag") in everywhere
    assert {told.job for told in client.jobs("ecompulse")} == {
        job for job in everywhere if job.namespace == "ecompulse"
    }


def test_lineage_says_where_data_comes_from_and_goes_to(opened: Opener) -> None:
    graph = {node.id: node for node in opened("graph").lineage(Job("ecompulse", "clean"), depth=0)}
    clean = graph["job:ecompulse:clean"]
    assert clean.sources == (f"dataset:{POSTGRES}:w.p.raw",)
    assert clean.targets == (f"dataset:{POSTGRES}:w.p.clean",)
    assert graph[f"dataset:{POSTGRES}:w.p.clean"].sources == ("job:ecompulse:clean",)


def test_a_column_comes_from_columns_and_goes_to_columns(opened: Opener) -> None:
    client, enriched = opened("column_lineage"), Dataset(LAKE, "enriched")
    both = {node.id: node for node in client.column_lineage(enriched, "revenue", downstream=True)}
    revenue = both[f"datasetField:{LAKE}:enriched:revenue"]
    assert {source.rpartition(":")[2] for source in revenue.sources} == {"price", "qty"}
    assert revenue.targets == (f"datasetField:{POSTGRES}:warehouse.public.daily:total",)
    upstream = {node.id for node in client.column_lineage(enriched, "revenue")}
    assert upstream == set(both) - set(revenue.targets)


def test_search_finds_parts_of_names(opened: Opener) -> None:
    client = opened("paging")
    assert {(hit.type, hit.name) for hit in client.search("job_0")} == {("JOB", f"job_0{n}") for n in range(10)}
    assert {hit.type for hit in client.search("w.p", kind="DATASET")} == {"DATASET"}
    assert client.search("zzz") == ()


def test_tags_are_put_and_taken_and_on_columns_become_upper_case(opened: Opener) -> None:
    client = opened("tags_and_api")
    assert client.put_tag("GOLD", "Gold tier").description == "Gold tier"
    client.tag(USERS, "gold_tier")
    client.tag(USERS, "pii", column="email")
    client.tag(Job("ecompulse", "load_users"), "nightly")
    assert {tag.name for tag in client.tags()} == {"GOLD", "gold_tier", "nightly", "PII"}
    tagged = client.dataset(USERS)
    assert tagged.tags == ("gold_tier",)
    assert {field.name: field.tags for field in tagged.fields} == {"email": ("PII",), "id": ()}
    client.untag(USERS, "gold_tier")
    client.untag(USERS, "pii", column="email")
    bare = client.dataset(USERS)
    assert (bare.tags, {field.tags for field in bare.fields}) == ((), {()})


def test_what_is_not_there_is_said_by_name(opened: Opener) -> None:
    client = opened("bad_input")
    with pytest.raises(DatasetNotFound, match="Namespace 'nope' not found") as missing:
        client.dataset(Dataset("nope", "x"))
    assert (missing.value.dataset, missing.value.status) == (Dataset("nope", "x"), 404)
    with pytest.raises(DatasetNotFound):
        list(client.versions(Dataset("nope", "x")))
    with pytest.raises(MarquezNotFound, match="Namespace 'nope' not found"):
        client.job(Job("nope", "x"))
    with pytest.raises(MarquezNotFound, match="07602d5b"):
        client.run("07602d5b-1431-5d3f-8b24-bceb0e061ce2")


def test_a_column_graph_of_an_unknown_dataset_is_not_found(opened: Opener) -> None:
    with pytest.raises(MarquezNotFound, match="Could not find node"):
        opened("column_lineage").column_lineage(Dataset(LAKE, "nope"))


def test_a_refusal_keeps_the_status_and_what_was_said(opened: Opener) -> None:
    with pytest.raises(MarquezRefused, match="must not be blank") as refused:
        opened("bad_input").search("")
    assert (refused.value.status, refused.value.retryable, refused.value.exit_code) == (400, False, 3)


# What no recording holds: the embedded server only -----------------------------------------------------------------


def test_all_events_come_by_small_pages(url: str, shared: Path) -> None:
    fill(url, json.loads((shared / "data/marquez/schema_history.json").read_text()))
    with Marquez(url) as client:
        times = [event["eventTime"] for event in client.events(page=4)]
        assert times == sorted(times)
        assert len(times) == client.total() == 18
        assert len(list(client.events(minute(10), minute(23), page=2))) == client.total(minute(10), minute(23)) == 4


NAMES = ["a/b/c", "a%2Fb", "a#b", "lookup:product:*", "what?", "a b", "größe", "a+b&c=d", "..%2e", "\"quoted\\'", "{0}"]


def test_any_name_comes_back_as_it_was_sent(url: str) -> None:
    for name in NAMES:
        requests.post(f"{url}/api/v1/lineage", json=_event(LAKE, name), timeout=10).raise_for_status()
    with Marquez(url) as client:
        for name in NAMES:
            dataset = Dataset(LAKE, name)
            client.tag(dataset, f"of {name}")
            client.tag(dataset, "pii", column=name)
            told = client.dataset(dataset)
            assert (told.dataset, told.tags, told.fields[0].tags) == (dataset, (f"of {name}",), ("PII",))
            assert len(list(client.versions(dataset))) == 1
            assert client.job(Job("shop", name)).outputs == (dataset,)


def test_a_list_longer_than_a_page_is_whole(url: str) -> None:
    for n in range(105):
        requests.post(f"{url}/api/v1/lineage", json=_event("file", f"d{n:03}"), timeout=10).raise_for_status()
    with Marquez(url) as client:
        assert [told.dataset.name for told in client.datasets("file")] == [f"d{n:03}" for n in range(105)]


def _event(namespace: str, name: str) -> dict[str, object]:
    facet = {"_producer": "https://example.org", "_schemaURL": "https://example.org/f.json", "fields": [{"name": name}]}
    return {
        "eventType": "COMPLETE", "eventTime": "2026-03-10T00:00:00Z", "producer": "https://example.org",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, name))}, "job": {"namespace": "shop", "name": name},
        "outputs": [{"namespace": namespace, "name": name, "facets": {"schema": facet}}],
    }  # fmt: skip
