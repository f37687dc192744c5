"""Events of Spark's listener, as it recorded them, in the words of our record."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.contract import load
from catalog.dataset import Dataset
from lineage.listener import retold

TOPIC = Dataset("kafka://127.0.0.1:9092", "ecommerce-events-raw")
CONTRACTS = {
    Dataset("s3://lake", "warehouse/ecom.db/enriched_events"): load("lake.enriched_events"),
    TOPIC: load("kafka.ecommerce-events-raw"),
}
NAMES = ("01-application-start", "02-iceberg-append-complete", "04-kafka-batch-to-iceberg-complete")


def recorded(shared: Path, name: str) -> dict[str, Any]:
    return json.loads((shared / "data" / "openlineage-spark" / f"{name}.json").read_text())


def sides(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [*event.get("inputs", ()), *event.get("outputs", ())]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_about_datasets_stays_as_it_was_and_nothing_is_changed_in_place(shared: Path, name: str) -> None:
    event, before = recorded(shared, name), recorded(shared, name)
    told = retold(event, contracts=CONTRACTS)
    assert event == before
    assert {key: told[key] for key in ("run", "job", "eventTime", "eventType")} == {
        key: event[key] for key in ("run", "job", "eventTime", "eventType")
    }
    assert [(one["namespace"], one["name"]) for one in sides(told)] == [
        (one["namespace"], one["name"]) for one in sides(event)
    ]


def test_a_table_of_the_lake_has_one_name_and_keeps_all_else_that_spark_says(shared: Path) -> None:
    (before,) = recorded(shared, "02-iceberg-append-complete")["outputs"]
    (after,) = retold(recorded(shared, "02-iceberg-append-complete"), contracts={})["outputs"]
    assert "symlinks" in before["facets"]
    assert after == before | {"facets": {key: before["facets"][key] for key in before["facets"] if key != "symlinks"}}


def test_a_topic_is_not_said_to_have_the_columns_of_the_connector(shared: Path) -> None:
    event = recorded(shared, "04-kafka-batch-to-iceberg-complete")
    topics = [one for one in sides(event) if one["namespace"].startswith("kafka://")]
    assert topics and all("schema" in one["facets"] for one in topics)
    told = sides(retold(event, contracts={}))
    assert [("schema" in one["facets"]) for one in told if one["namespace"].startswith("kafka://")] == [False]
    assert all("schema" in one["facets"] for one in told if one["namespace"].startswith("s3://"))


def test_a_dataset_with_a_contract_says_whose_it_is_and_what_it_is(shared: Path, problems: Any) -> None:
    event = recorded(shared, "04-kafka-batch-to-iceberg-complete")
    at = {Dataset(one["namespace"], one["name"]): load("lake.enriched_events") for one in event["outputs"]}
    told = retold(event, contracts=at)
    for one in told["outputs"]:
        assert one["facets"]["ownership"]["owners"][0]["name"] == f"team:{load('lake.enriched_events').owner}"
        assert one["facets"]["documentation"]["description"] == load("lake.enriched_events").description
    assert not [problem for problem in problems(told) if "ownership" in problem or "documentation" in problem]
