"""A dataset under several names: its own, and those that the symlinks facet gives it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.marquez.conftest import POSTGRES, PRODUCER, Api, dataset, event

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
HIVE = "hive://h:1"
LINKED = {"a": {"inputFields": [{"namespace": POSTGRES, "name": "raw", "field": "a"}]}}


def symlinked(name: str, alias: str, *columns: str, **facets: Any) -> dict[str, Any]:
    names = {"identifiers": [{"namespace": HIVE, "name": alias, "type": "TABLE"}]}
    return dataset(name, *columns, facets={"symlinks": {**PRODUCER, **names}, **facets})


def test_a_symlinks_name_is_shown_like_a_dataset_of_its_own(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[symlinked("t", "shop.t", "a int")]))
    alias = api.dataset("shop.t", namespace=HIVE)
    assert alias["id"] == {"namespace": HIVE, "name": "shop.t"}
    assert alias["currentVersion"] == api.dataset("t")["currentVersion"]
    assert alias["fields"] == api.dataset("t")["fields"]
    graph = api.get("/lineage", nodeId=f"dataset:{HIVE}:shop.t")["graph"]
    assert [n["id"] for n in graph] == [f"dataset:{POSTGRES}:t", "job:shop:load"]


def test_facets_and_column_lineage_are_told_under_the_own_name_only_but_listed_under_both(api: Api) -> None:
    written = symlinked("t", "shop.t", "a int", columnLineage={**PRODUCER, "fields": LINKED})
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("raw", "a int")], outputs=[written]))
    own, alias = api.dataset("t"), api.dataset("shop.t", namespace=HIVE)
    assert own["columnLineage"][0]["name"] == "a"
    assert (alias["facets"], alias["columnLineage"]) == ({}, None)
    (listed,) = api.get(f"/namespaces/{quote(HIVE, safe='')}/datasets")["datasets"]
    assert listed["facets"] == own["facets"]


def test_a_name_has_the_versions_that_were_filed_under_it_and_they_show_the_own_name(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[symlinked("t", "shop.t", "a int")]))
    api.post(event("COMPLETE", SECOND, 2, outputs=[{**dataset("shop.t", "a int", "b int"), "namespace": HIVE}]))
    assert [f["name"] for f in api.dataset("t")["fields"]] == ["a", "b"], "both events are about one dataset"
    (first,) = api.dataset("t", "/versions")["versions"]
    (second,) = api.dataset("shop.t", "/versions", namespace=HIVE)["versions"]
    assert [v["createdByRun"]["id"] for v in (first, second)] == [FIRST, SECOND]
    assert second["id"] == first["id"] == {"namespace": POSTGRES, "name": "t"}


def test_a_name_that_is_a_symlink_anywhere_lists_no_versions_but_counts_them(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", "a int")]))
    assert len(api.dataset("t", "/versions")["versions"]) == 1
    api.post(event("COMPLETE", SECOND, 2, job="other", outputs=[symlinked("u", "t", "a int")]))
    page = api.dataset("t", "/versions")
    assert (page["versions"], page["totalCount"]) == ([], 1)
    assert len(api.dataset("u", "/versions")["versions"]) == 1


def test_a_symlinks_name_cannot_be_deleted(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[symlinked("t", "shop.t", "a int")]))
    assert api.client.delete(f"/api/v1/namespaces/{quote(HIVE, safe='')}/datasets/shop.t").status_code == 404
    assert api.dataset("shop.t", namespace=HIVE)["id"]["name"] == "shop.t"


def test_a_namespace_is_told_as_it_came_beside_the_plain_form_of_it(api: Api) -> None:
    space = "sqlserver://h:1433;database=wh"
    api.post(event("COMPLETE", FIRST, 1, outputs=[{**dataset("t", "a int"), "namespace": space}]))
    assert {n["name"] for n in api.get("/namespaces")["namespaces"]} == {
        "shop",
        "sqlserver://h:1433_database_wh",
        space,
    }
    assert api.dataset("t", namespace=space)["namespace"] == space
    assert api.get("/lineage", nodeId="job:shop:load")["graph"][0]["id"] == f"dataset:{space}:t"


def test_a_namespace_of_other_characters_is_told_of_but_cannot_be_asked_for(api: Api) -> None:
    space = "kafka://a:9092,b:9092"
    written = {**dataset("t", "a int"), "namespace": space}
    api.post(event("START", FIRST, 1, outputs=[written]))
    assert space in [n["name"] for n in api.get("/namespaces")["namespaces"]]
    assert api.client.get(f"/api/v1/namespaces/{quote(space, safe='')}").status_code == 404
    assert api.get(f"/jobs/runs/{FIRST}")["outputDatasetVersions"][0]["datasetVersionId"]["namespace"] == space
