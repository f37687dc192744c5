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
from catalog.errors import DatasetNotFound
from catalog.marquez import Marquez
from tests.catalog.backend import Recorded, embedded, emptied, fill

pytestmark = pytest.mark.integration

Opener = Callable[[str], Marquez]
DAY = datetime(2026, 3, 10, tzinfo=UTC)
POSTGRES, LAKE = "postgres://localhost:5432", "s3://ecompulse-lake"
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


def test_events_come_oldest_first_and_count_the_whole_span_without_its_last_moment(opened: Opener) -> None:
    told = opened("paging").page(after=minute(5), before=minute(10), limit=2)
    assert [event["eventTime"][14:16] for event in told.events] == ["05", "06"]
    assert told.total_count == 5


def test_static_events_are_counted_and_never_listed(opened: Opener) -> None:
    told = opened("static_events").page(limit=100)
    assert (told.events, told.total_count) == ((), 4)


def test_a_dataset_is_told_at_its_current_version(opened: Opener) -> None:
    told = opened("schema_history").dataset(ORDERS)
    assert told.dataset == ORDERS
    assert {field.name for field in told.fields} == {"order_id", "amount", "status"}
    assert told.facets["ecompulse_constraints"]["columns"]["order_id"] == {"nullable": False}
    assert told.description is None and told.current_version is not None


def test_tags_are_put_and_taken_and_on_columns_become_upper_case(opened: Opener) -> None:
    client = opened("tags_and_api")
    assert client.put_tag("GOLD", "Gold tier").description == "Gold tier"
    client.tag(USERS, "gold_tier")
    client.tag(USERS, "pii", column="email")
    assert {tag.name for tag in client.tags()} - {"nightly"} == {"GOLD", "gold_tier", "PII"}  # a job's, when recorded
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


def test_a_list_longer_than_a_page_is_whole(url: str) -> None:
    with Marquez(url) as client:
        for n in range(105):
            client.put_tag(f"t{n:03}", "")
        assert [tag.name for tag in client.tags()] == [f"t{n:03}" for n in range(105)]


def _event(namespace: str, name: str) -> dict[str, object]:
    facet = {"_producer": "https://example.org", "_schemaURL": "https://example.org/f.json", "fields": [{"name": name}]}
    return {
        "eventType": "COMPLETE", "eventTime": "2026-03-10T00:00:00Z", "producer": "https://example.org",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, name))}, "job": {"namespace": "shop", "name": name},
        "outputs": [{"namespace": namespace, "name": name, "facets": {"schema": facet}}],
    }  # fmt: skip
