"""What is deleted is hidden until an event speaks of it again."""

from __future__ import annotations

from urllib.parse import quote

from tests.marquez.conftest import POSTGRES, PRODUCER, Api, dataset, event

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
TABLE = f"/namespaces/{quote(POSTGRES, safe='')}/datasets/t"


def delete(api: Api, path: str) -> None:
    assert api.client.delete("/api/v1" + path).status_code == 200


def status(api: Api, path: str) -> int:
    return api.client.get("/api/v1" + path).status_code


def test_a_dataset_comes_back_with_the_next_event_about_it(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", "a int")]))
    delete(api, TABLE)
    assert status(api, TABLE) == 404
    api.post(event("COMPLETE", SECOND, 2, outputs=[dataset("t", "a int")]))
    assert api.dataset("t", "/versions")["totalCount"] == 2


def test_the_answer_to_deleting_is_what_it_was_with_the_columns_of_its_version(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("t", "a int")]))
    api.post(event("COMPLETE", SECOND, 2, inputs=[dataset("t", "a int", "b int")]))
    assert len(api.dataset("t")["fields"]) == 2, "all that were ever mapped"
    document = api.client.delete("/api/v1" + TABLE).json()
    assert [f["name"] for f in document["fields"]] == ["a"], "frozen when it was first seen"


def test_the_runs_of_a_deleted_job_are_hidden_but_not_what_they_said(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", "a int")], run_facets={"custom": {"x": 1}}))
    delete(api, "/namespaces/shop/jobs/load")
    assert status(api, f"/jobs/runs/{FIRST}") == 404
    assert FIRST not in api.client.get("/").text
    assert api.dataset("t", "/versions")["versions"][0]["createdByRun"] is None
    assert api.get(f"/jobs/runs/{FIRST}/facets", type="run")["facets"] == {"custom": {"x": 1}}
    api.post(event("COMPLETE", SECOND, 2))
    assert api.get(f"/jobs/runs/{FIRST}")["id"] == FIRST


def test_a_deleted_job_leaves_the_graph_of_its_neighbours(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, job="a", outputs=[dataset("t", "a int")]))
    api.post(event("COMPLETE", SECOND, 2, job="b", inputs=[dataset("t", "a int")]))
    delete(api, "/namespaces/shop/jobs/a")
    graph = api.get("/lineage", nodeId="job:shop:b")["graph"]
    assert [n["id"] for n in graph] == [f"dataset:{POSTGRES}:t", "job:shop:b"]
    assert graph[0]["inEdges"] == []


def test_a_dataset_stands_for_its_latest_writer_even_when_that_was_deleted(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, job="a", outputs=[dataset("t", "a int")]))
    api.post(event("COMPLETE", SECOND, 2, job="b", inputs=[dataset("t", "a int")]))
    delete(api, "/namespaces/shop/jobs/a")
    node = f"dataset:{POSTGRES}:t"
    assert [n["id"] for n in api.get("/lineage", nodeId=node, depth=0)["graph"]] == [node]
    assert [n["id"] for n in api.get("/lineage", nodeId=node, depth=1)["graph"]] == [node, "job:shop:b"]


def test_columns_are_followed_through_a_deleted_dataset_without_showing_it(api: Api) -> None:
    for minute, (source, made) in enumerate((("x", "t"), ("t", "y"), ("y", "z"))):
        fields = {"a": {"inputFields": [{"namespace": POSTGRES, "name": source, "field": "a"}]}}
        written = dataset(made, "a int", facets={"columnLineage": {**PRODUCER, "fields": fields}})
        run = f"{minute}1111111-1111-4111-8111-111111111111"
        api.post(event("COMPLETE", run, minute, job=made, inputs=[dataset(source, "a int")], outputs=[written]))
    whole = api.get("/column-lineage", nodeId=f"datasetField:{POSTGRES}:z:a")["graph"]
    assert [n["id"].split(":")[-2] for n in whole] == ["t", "x", "y", "z"]
    delete(api, TABLE)
    left = api.get("/column-lineage", nodeId=f"datasetField:{POSTGRES}:z:a")["graph"]
    assert [n["id"].split(":")[-2] for n in left] == ["y", "z"]


def test_a_namespace_takes_what_is_in_it_along_and_comes_back_with_an_event(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", "a int")]))
    delete(api, "/namespaces/shop")
    assert api.get("/namespaces/shop")["isHidden"] is True
    assert api.get("/jobs")["jobs"] == []
    api.post(event("COMPLETE", SECOND, 2, job="other"))
    assert api.get("/namespaces/shop")["isHidden"] is False
    assert [j["name"] for j in api.get("/jobs")["jobs"]] == ["other"], "the job that is spoken of, no other"
