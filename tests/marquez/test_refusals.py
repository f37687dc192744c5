"""What is refused, with which status, and that nothing of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.marquez.conftest import POSTGRES, PRODUCER, Api, dataset, event

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(
    ("facets", "problem"),
    [
        ({"documentation": {"description": "d"}}, "outputs[0].facets.documentation._producer must not be null"),
        (
            {"schema": {**PRODUCER, "fields": [{"name": "a"}, {"type": "int"}]}},
            "outputs[0].facets.schema.fields[1].name",
        ),
        (
            {"symlinks": {**PRODUCER, "identifiers": [{"namespace": "n"}]}},
            "outputs[0].facets.symlinks.identifiers[0].name",
        ),
        ({"documentation": "text"}, "outputs[0].facets.documentation must be an object"),
    ],
)
def test_what_the_real_server_refuses_is_refused_with_the_place(api: Api, facets: Any, problem: str) -> None:
    answer = api.client.post("/api/v1/lineage", json=event("COMPLETE", FIRST, 1, outputs=[dataset("t", facets=facets)]))
    assert answer.status_code == 422
    assert answer.json()["errors"][0].startswith(problem)


@pytest.mark.parametrize(
    ("kind", "changed", "status"),
    [
        ("START", {"inputs": [{**dataset("t"), "namespace": "kafka://a:1,b:1"}]}, 400),
        ("START", {"outputs": [{**dataset("t"), "namespace": "kafka://a:1,b:1"}]}, 201),
        ("FAIL", {"outputs": [{**dataset("t"), "namespace": "kafka://a:1,b:1"}]}, 400),
        ("START", {"inputs": [dataset(" ")]}, 400),
        ("COMPLETE", {"job": {"namespace": "shop", "name": " "}}, 400),
    ],
)
def test_names_that_nobody_could_ask_for_are_refused_where_identifiers_are_made_of_them(
    api: Api, kind: str, changed: Any, status: int
) -> None:
    assert api.client.post("/api/v1/lineage", json={**event(kind, FIRST, 1), **changed}).status_code == status


def test_a_column_without_a_name_is_refused(api: Api) -> None:
    schema = {"schema": {**PRODUCER, "fields": [{"name": " ", "type": "int"}]}}
    written = event("COMPLETE", FIRST, 1, outputs=[dataset("t", facets=schema)])
    assert api.client.post("/api/v1/lineage", json=written).status_code == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "fields", "run", "job", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def everywhere(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    parts = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(found for key, part in parts for found in everywhere(part, (*path, key)))]


WHOLE = event(
    "COMPLETE",
    FIRST,
    1,
    run_facets={
        "parent": {**PRODUCER, "run": {"runId": SECOND}, "job": {"namespace": "shop", "name": "dag"}},
        "nominalTime": {**PRODUCER, "nominalStartTime": "2026-03-10T00:00:00Z"},
    },
    job_facets={
        "documentation": {**PRODUCER, "description": "d"},
        "sourceCodeLocation": {**PRODUCER, "type": "git", "url": "u"},
    },
    inputs=[dataset("t", "a int", inputFacets={"dataQualityMetrics": {"rowCount": 1}})],
    outputs=[
        dataset(
            "u",
            "a int",
            facets={
                "dataSource": {**PRODUCER, "name": "wh", "uri": "u"},
                "symlinks": {**PRODUCER, "identifiers": [{"namespace": "h", "name": "n", "type": "T"}]},
                "columnLineage": {
                    **PRODUCER,
                    "fields": {"a": {"inputFields": [{"namespace": POSTGRES, "name": "t", "field": "a"}]}},
                },
                "lifecycleStateChange": {**PRODUCER, "lifecycleStateChange": "CREATE"},
            },
        )
    ],
)


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_have_is_refused(api: Api, token: str) -> None:
    body = json.dumps(event("COMPLETE", FIRST, 1, run_facets={"m": {**PRODUCER, "mean": 0.5}})).replace("0.5", token)
    answer = api.client.post("/api/v1/lineage", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, token in answer.text) == (400, True)
    assert api.get("/events/lineage")["totalCount"] == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(place=st.sampled_from(everywhere(WHOLE)[1:]), value=JSON)
def test_no_value_at_any_place_makes_the_server_fail_or_keep_half_an_event(
    api: Api, place: tuple[Any, ...], value: Any
) -> None:
    broken = json.loads(json.dumps(WHOLE))
    part = broken
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    before = api.get("/events/lineage", limit=0)["totalCount"]
    answer = api.client.post(
        "/api/v1/lineage", content=json.dumps(broken), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (201, 400, 422), answer.text
    taken = api.get("/events/lineage", limit=0)["totalCount"] - before
    assert taken == (answer.status_code == 201)
