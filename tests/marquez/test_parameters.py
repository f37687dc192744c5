"""What a request may ask for and in which words, and what PUT changes."""

from __future__ import annotations

import pytest

from tests.marquez.conftest import POSTGRES, PRODUCER, Api, dataset, event

FIRST = "11111111-1111-4111-8111-111111111111"
BAD = [
    ("/search?q=a&filter=NOPE", "filter must be one of [DATASET, JOB]"),
    ("/search?q=a&sort=NOPE", "sort must be one of [NAME, UPDATE_AT]"),
    ("/events/lineage?sortDirection=up", "sortDirection must be one of [DESC, ASC]"),
    ("/jobs?lastRunStates=DONE", "lastRunStates must be one of"),
    (f"/jobs/runs/{FIRST}/facets?type=nope", "type must be one of [RUN, JOB, DATASET]"),
]


@pytest.mark.parametrize(("path", "problem"), BAD)
def test_a_word_that_is_not_known_is_a_400_that_lists_the_known_ones(api: Api, path: str, problem: str) -> None:
    answer = api.client.get("/api/v1" + path)
    assert answer.status_code == 400
    assert problem in answer.json()["errors"][0]


@pytest.mark.parametrize(
    ("after", "status"),
    [
        ("2026-03-10T00:00:00Z", 200),
        ("2026-03-10T01:00:00-05:00", 200),
        ("2026-03-10T00:00:00", 400),
        ("2026-03-10", 400),
    ],
)
def test_a_time_that_is_asked_for_has_a_zone(api: Api, after: str, status: int) -> None:
    assert api.client.get("/api/v1/events/lineage", params={"after": after}).status_code == status


@pytest.mark.parametrize("path", ["/search?q=a&filter=job", "/events/lineage?sortDirection=ASC"])
def test_known_words_are_known_in_any_case(api: Api, path: str) -> None:
    assert api.client.get("/api/v1" + path).status_code == 200


def test_a_depth_below_one_is_one_edge_of_columns_and_no_step_between_jobs(api: Api) -> None:
    fields = {"a": {"inputFields": [{"namespace": POSTGRES, "name": "raw", "field": "a"}]}}
    written = dataset("t", "a int", facets={"columnLineage": {**PRODUCER, "fields": fields}})
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("raw", "a int")], outputs=[written]))
    for depth in (0, -1):
        columns = api.get("/column-lineage", nodeId=f"datasetField:{POSTGRES}:t:a", depth=depth)["graph"]
        assert len(columns) == 2
        assert len(api.get("/lineage", nodeId="job:shop:load", depth=depth)["graph"]) == 3


def test_downstream_is_asked_for_by_the_word_true(api: Api) -> None:
    fields = {"a": {"inputFields": [{"namespace": POSTGRES, "name": "raw", "field": "a"}]}}
    written = [dataset(n, "a int", facets={"columnLineage": {**PRODUCER, "fields": fields}}) for n in ("t", "u")]
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("raw", "a int")], outputs=written))
    raw = {"inputFields": [{"namespace": POSTGRES, "name": "src", "field": "a"}]}
    made = dataset("raw", "a int", facets={"columnLineage": {**PRODUCER, "fields": {"a": raw}}})
    api.post(event("COMPLETE", FIRST[::-1], 2, job="make", inputs=[dataset("src", "a int")], outputs=[made]))
    node = f"datasetField:{POSTGRES}:t:a"
    seen = {w: len(api.get("/column-lineage", nodeId=node, withDownstream=w)["graph"]) for w in ("TRUE", "yes", "1")}
    assert seen == {"TRUE": 4, "yes": 3, "1": 3}


def test_head_is_answered_like_get_without_the_body(api: Api) -> None:
    answer = api.client.head("/api/v1/namespaces")
    assert answer.status_code == 200
    assert api.client.head("/api/v1/namespaces/nope").status_code == 404


def test_a_body_that_is_no_json_is_a_400(api: Api) -> None:
    headers = {"Content-Type": "application/json"}
    assert api.client.put("/api/v1/tags/pii", content="{", headers=headers).status_code == 400


def test_a_namespace_keeps_its_first_description_and_gets_the_last_owner(api: Api) -> None:
    def put(**document: str) -> tuple[str, str]:
        answer = api.client.put("/api/v1/namespaces/shop", json=document).json()
        return answer["ownerName"], answer["description"]

    assert put(ownerName="a", description="first") == ("a", "first")
    assert put(ownerName="b", description="second") == ("b", "first")


def test_a_namespace_put_as_it_is_was_not_updated(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1))
    same = api.client.put("/api/v1/namespaces/shop", json={"ownerName": "Anonymous"}).json()
    assert (same["ownerName"], same["updatedAt"]) == ("anonymous", "2026-03-10T00:01:00Z")
    other = api.client.put("/api/v1/namespaces/shop", json={"ownerName": "team"}).json()
    assert (other["ownerName"], other["updatedAt"] == same["updatedAt"]) == ("team", False)


def test_a_tag_put_without_a_description_keeps_the_one_it_has(api: Api) -> None:
    api.client.put("/api/v1/tags/pii", json={"description": "personal"})
    assert api.client.put("/api/v1/tags/pii", json={}).json() == {"name": "pii", "description": "personal"}


def test_tagging_answers_with_the_columns_of_the_current_version(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("t", "a int")]))
    api.post(event("COMPLETE", FIRST, 2, inputs=[dataset("t", "a int", "b int")]))
    path = "/api/v1/namespaces/postgres%3A%2F%2Flocalhost%3A5432/datasets/t/tags/gold"
    assert [f["name"] for f in api.client.post(path).json()["fields"]] == ["a"]


def test_a_version_is_found_under_any_dataset(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", "a int"), dataset("u", "b int")]))
    version = api.dataset("t")["currentVersion"]
    assert api.dataset("u", f"/versions/{version}")["name"] == "t"
