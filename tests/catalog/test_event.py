"""One event document as a value: what counts, what does not, and what is wrong with it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import event as events
from catalog.dataset import Dataset
from catalog.event import Event, Unusable
from catalog.index import Index
from tests.catalog.events import EXAMPLES, START, at, dataset, event, facet

NOMINAL = {"nominalTime": facet(nominalStartTime=START.isoformat())}
DOCUMENT = event("load", 1, inputs=[dataset("s", ["a"])], outputs=[dataset("t", ["a", "b:int"])],
                 parent=("dag", "dag1"), run_facets=NOMINAL)  # fmt: skip


def read(document: Any) -> Event:
    found = events.read(document)
    assert isinstance(found, Event), found
    return found


def shuffled(value: Any) -> Any:
    """As the backend gives it back: other order of keys, nulls for what is absent."""
    if isinstance(value, dict):
        return {"absent": None, **{key: shuffled(value[key]) for key in sorted(value, reverse=True)}}
    return [shuffled(one) for one in value] if isinstance(value, list) else value


def test_an_event_is_the_same_however_it_is_written() -> None:
    again = shuffled(copy.deepcopy(DOCUMENT))
    assert read(again) == read(DOCUMENT)
    again["eventTime"] = "2026-11-01T02:00:00.000+01:00"
    assert read(again).id == read(DOCUMENT).id


def test_another_time_run_or_column_is_another_event() -> None:
    others = [event("load", 2), event("load", 1, run="other"), event("load", 1, outputs=[dataset("t", ["a"])])]
    assert len({read(one).id for one in [DOCUMENT, *others]}) == 4


@pytest.mark.parametrize(
    ("text", "micros"),
    [("1970-01-01T00:00:01Z", 1_000_000), ("1970-01-01T00:00:00.0000015Z", 2), ("1970-01-01T00:00:00.1234564", 123456),
     ("1970-01-01T02:00+02:00", 0), ("1970-01-01T00:00Z[UTC]", 0)],
)  # fmt: skip
def test_times_are_microseconds_in_utc_as_the_backend_rounds_them(text: str, micros: int) -> None:
    assert events.micros(text) == micros


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "JSON object"), ({}, "no run"), ({**DOCUMENT, "eventTime": None}, "eventTime"),
        ({**DOCUMENT, "eventTime": "soon"}, "soon"), ({**DOCUMENT, "run": {"runId": 7}}, "runId"),
        ({**DOCUMENT, "job": {"name": "x"}}, "job.namespace"),
    ],
)  # fmt: skip
def test_what_is_no_event_is_unusable_with_a_reason(document: Any, reason: str) -> None:
    found = events.read(document)
    assert isinstance(found, Unusable) and reason in found.reason


WORD = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORD, inner, max_size=3),
)
PATHS = [
    ("run", "facets", "parent"), ("run", "facets", "nominalTime"), ("job", "facets"), ("inputs",), ("outputs",),
    ("inputs", 0), ("inputs", 0, "facets"), ("outputs", 0, "facets", "schema"), ("outputs", 0, "facets", "tags"),
    ("outputs", 0, "facets", "columnLineage"), ("outputs", 0, "facets", "ecompulse_columnDetails"),
    ("outputs", 0, "facets", "symlinks"),
    ("outputs", 0, "inputFacets", "dataQualityAssertions"), ("outputs", 0, "inputFacets", "dataQualityMetrics"),
    ("outputs", 0, "outputFacets", "outputStatistics"), ("run", "facets", "ecompulse_taskCounts"),
]  # fmt: skip


@EXAMPLES
def test_no_value_in_any_place_brings_the_reader_or_the_index_down(examples: int) -> None:
    @settings(max_examples=2 * examples, deadline=None)
    @given(st.sampled_from(PATHS), JSON)
    def law(path: Any, value: Any) -> None:
        document = copy.deepcopy(DOCUMENT)
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        with Index.open(":memory:", {}) as index:
            index.add([document])

    law()


def test_a_facet_that_is_wrong_is_named_and_the_rest_of_the_event_counts() -> None:
    document = event("load", 1, outputs=[dataset("t", ["a"], ownership=facet(owners="nobody"))])
    found = read(document)
    assert found.told[0].schema is not None
    assert len(found.problems) == 1 and "ownership" in found.problems[0]
    with Index.open(":memory:", {}) as index:
        index.add([document])
        assert any("ownership" in reason for reason in index.completeness().reasons)


def test_assertions_count_wherever_they_stand_and_once() -> None:
    told = facet(assertions=[{"assertion": "x", "success": True}])
    one = dataset("t", ["a"], input_facets={"dataQualityAssertions": told}, dataQualityAssertions=told)
    assert len(read(event("check", 1, inputs=[one])).told[0].results) == 1


def test_a_mean_is_told_where_there_are_a_sum_and_a_count() -> None:
    figures = facet(rowCount=10, columnMetrics={"a": {"sum": 12, "nullCount": 4, "quantiles": {"0.5": 2.0}}})
    one = dataset("t", ["a"], input_facets={"dataQualityMetrics": figures})
    found = {(item.column, item.metric): item.value for item in read(event("check", 1, inputs=[one])).told[0].measures}
    assert found["a", "mean"] == 2.0 and found["a", "quantile_0.5"] == 2.0 and found[None, "row_count"] == 10


def test_names_before_a_renaming_and_beside_the_real_one_are_kept() -> None:
    change = facet(lifecycleStateChange="RENAME", previousIdentifier={"namespace": "db://h", "name": "old"})
    link = facet(identifiers=[{"namespace": "glue", "name": "t", "type": "TABLE"}])
    told = read(event("load", 1, outputs=[dataset("t", ["a"], lifecycleStateChange=change, symlinks=link)])).told[0]
    assert (told.previous, told.aliases) == (Dataset("db://h", "old"), (Dataset("glue", "t"),))


def test_the_published_examples_and_the_recorded_answers_can_all_be_read(shared: Path) -> None:
    documents = [json.loads(path.read_text()) for path in (shared / "data/openlineage/events").rglob("event_*.json")]
    documents = [one for one in documents if "run" in one]
    for path in sorted((shared / "data/marquez").glob("*.json")):
        if path.stem != "bad_input":
            steps = json.loads(path.read_text())["steps"]
            documents += [step["request"]["json"] for step in steps if "run" in (step["request"].get("json") or {})]
    assert len(documents) > 80
    with Index.open(":memory:", {}) as index:
        added = index.add(documents)
        assert added.unusable == 0 and added.new > 80
        assert [one for one in index.completeness().reasons if "could not be read" in one] == []


def test_events_are_told_apart_from_the_time_of_the_record() -> None:
    assert events.moment(read(DOCUMENT).time) == at(1)
