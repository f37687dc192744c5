"""The rules by which events become jobs, runs and dataset versions, each through the API."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquez import hashes
from tests.marquez.conftest import POSTGRES, PRODUCER, RUN_SCHEMA, Api, dataset, event

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def columns(version: Any) -> list[str]:
    return [f"{f['name']} {f['type']}" for f in version["fields"]]


def test_every_run_makes_a_version_even_when_nothing_changed(api: Api) -> None:
    for minute, run in enumerate((FIRST, SECOND)):
        api.post(event("COMPLETE", run, minute, outputs=[dataset("t", "id int")]))
    page = api.dataset("t", "/versions")
    assert [v["createdByRun"]["id"] for v in page["versions"]] == [SECOND, FIRST]
    assert page["totalCount"] == 2
    assert len({v["currentSchemaVersion"] for v in page["versions"]}) == 1


def test_a_run_that_repeats_its_schema_makes_one_version_whatever_the_case_of_types(api: Api) -> None:
    api.post(event("START", FIRST, 1, outputs=[dataset("t", "id int", "name text")]))
    api.post(event("COMPLETE", FIRST, 2, outputs=[dataset("t", "name TEXT", "id INT")]))
    (version,) = api.dataset("t", "/versions")["versions"]
    assert columns(version) == ["id int", "name text"], "the first event's form stays"
    assert version["createdAt"] == "2026-03-10T00:01:00Z"


def test_of_several_schemas_in_one_run_the_last_written_becomes_current(api: Api) -> None:
    api.post(event("START", FIRST, 1, outputs=[dataset("t", "a int")]))
    api.post(event("RUNNING", FIRST, 2, outputs=[dataset("t", "a int", "b int")]))
    assert api.dataset("t")["currentVersion"] is None
    api.post(event("COMPLETE", FIRST, 3, outputs=[dataset("t", "a int", "b int", "c int")]))
    assert api.dataset("t", "/versions")["totalCount"] == 3
    assert columns(api.dataset("t")) == ["a int", "b int", "c int"]


@pytest.mark.parametrize("end", ["FAIL", "ABORT"])
def test_what_a_failed_run_wrote_exists_but_is_not_current(api: Api, end: str) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", "a int")]))
    good = api.dataset("t")["currentVersion"]
    api.post(event(end, SECOND, 2, outputs=[dataset("t", "a text")]))
    assert api.dataset("t")["currentVersion"] == good
    assert [columns(v) for v in api.dataset("t", "/versions")["versions"]] == [["a text"], ["a int"]]


def test_a_dataset_that_is_only_read_never_gets_a_second_version(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("t", "a int")]))
    api.post(event("COMPLETE", SECOND, 2, inputs=[dataset("t", "a bigint", "b text")]))
    (version,) = api.dataset("t", "/versions")["versions"]
    assert version["createdByRun"] is None
    assert columns(version) == ["a int"], "frozen when it was first seen"
    assert sorted(columns(api.dataset("t"))) == ["a bigint", "a int", "b text"], "all that were ever mapped to it"
    assert columns(api.dataset("t")["facets"]["schema"]) == ["a bigint", "b text"], "the last reader's word"


def test_an_older_event_that_arrives_late_does_not_overwrite_facets(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 9, inputs=[dataset("t", "a int", "b int")]))
    api.post(event("COMPLETE", SECOND, 3, inputs=[dataset("t", "a int")]))
    assert columns(api.dataset("t")["facets"]["schema"]) == ["a int", "b int"]


def test_a_late_start_puts_a_finished_run_back_to_running(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 5))
    api.post(event("START", FIRST, 1))
    run = api.get(f"/jobs/runs/{FIRST}")
    assert (run["state"], run["startedAt"], run["endedAt"]) == (
        "RUNNING", "2026-03-10T00:01:00Z", "2026-03-10T00:05:00Z"
    )  # fmt: skip
    assert run["durationMs"] == 240_000


def test_the_source_is_the_first_events_and_the_description_the_last_events(api: Api) -> None:
    source = {"dataSource": {**PRODUCER, "name": "wh", "uri": "postgres://wh"}}
    described = {"documentation": {**PRODUCER, "description": "orders"}}
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", facets={**source, **described})]))
    assert (api.dataset("t")["sourceName"], api.dataset("t")["description"]) == ("wh", "orders")
    api.post(event("COMPLETE", SECOND, 2, outputs=[dataset("t")]))
    assert (api.dataset("t")["sourceName"], api.dataset("t")["description"]) == ("wh", None)


def test_a_dropped_dataset_is_deleted_until_it_is_written_again(api: Api) -> None:
    drop = {"lifecycleStateChange": {**PRODUCER, "lifecycleStateChange": "DROP"}}
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", facets=drop)]))
    assert (api.dataset("t")["deleted"], api.dataset("t")["lastLifecycleState"]) == (True, "DROP")
    api.post(event("COMPLETE", SECOND, 2, outputs=[dataset("t", "a int")]))
    assert (api.dataset("t")["deleted"], api.dataset("t")["lastLifecycleState"]) == (False, "")


def static(minute: int, described: dict[str, Any]) -> dict[str, Any]:
    return {
        "eventTime": f"2026-03-10T00:{minute:02}:00Z",
        "producer": "https://example.org/tests",
        "schemaURL": RUN_SCHEMA.replace("RunEvent", "DatasetEvent"),
        "dataset": described,
    }


def test_a_static_event_of_a_job_with_a_parent_makes_another_version_than_its_run(api: Api) -> None:
    parent = {**PRODUCER, "run": {"runId": SECOND}, "job": {"namespace": "shop", "name": "dag"}}
    for name, facets in (("dag.task", {"parent": parent}), ("alone", {})):
        api.post(event("COMPLETE", hashes.named(name), 1, job=name, outputs=[dataset("t")], run_facets=facets))
        said = {**static(2, {}), "job": {"namespace": "shop", "name": name}, "outputs": [dataset("t")]}
        api.post({**said, "schemaURL": RUN_SCHEMA.replace("RunEvent", "JobEvent"), "dataset": None})
    assert [len(api.job(name, "/versions")["versions"]) for name in ("dag.task", "alone")] == [2, 1]


def test_a_static_dataset_returns_to_the_version_it_had(api: Api) -> None:
    for minute, schema in enumerate((("a int",), ("a int", "b int"), ("a int",))):
        api.post(static(minute, dataset("t", *schema)))
    newest, oldest = api.dataset("t", "/versions")["versions"]
    assert columns(newest) == ["a int", "b int"], "listed by when it was made"
    assert api.dataset("t")["currentVersion"] == oldest["version"], "but the last event's is current"


def test_what_a_job_read_and_wrote_stays_when_the_next_run_starts_without_saying(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("t", "a int")], outputs=[dataset("u", "a int")]))
    api.post(event("START", SECOND, 2))
    job = api.job("load")
    assert ([d["name"] for d in job["inputs"]], [d["name"] for d in job["outputs"]]) == (["t"], ["u"])
    assert api.get("/lineage", nodeId="job:shop:load")["graph"][0]["id"] == "job:shop:load", "but not in the graph"


def test_a_parent_that_never_reported_is_made_from_its_childs_word(api: Api) -> None:
    parent = {"run": {"runId": SECOND}, "job": {"namespace": "shop", "name": "dag"}}
    nominal = {"nominalStartTime": "2026-03-10T01:00:00+01:00"}
    facets = {"parent": {**PRODUCER, **parent}, "nominalTime": {**PRODUCER, **nominal}}
    api.post(event("START", FIRST, 1, job="dag.task", run_facets=facets))
    child = api.job("dag.task")
    assert (child["parentJobName"], child["simpleName"]) == ("dag", "task")
    assert child["latestRun"]["args"]["nominal_start_time"] == "2026-03-10T00:00Z[UTC]"
    made = api.get(f"/jobs/runs/{SECOND}")
    assert (made["state"], made["nominalStartTime"]) == ("RUNNING", "2026-03-10T00:00:00Z")


def test_a_streaming_job_has_a_version_while_it_runs(api: Api) -> None:
    api.post(
        event("START", FIRST, 1, job_facets=STREAM, inputs=[dataset("t", "a int")], outputs=[dataset("u", "a int")])
    )
    job = api.job("load")
    assert job["type"] == "STREAM"
    assert job["currentVersion"] is not None
    assert api.dataset("u")["currentVersion"] is not None


STREAM = {"jobType": {**PRODUCER, "processingType": "STREAMING", "integration": "SPARK", "jobType": "JOB"}}


@pytest.mark.parametrize(("end", "left"), [("COMPLETE", 3), ("FAIL", 3), ("ABORT", 1)])
def test_a_stream_that_ends_without_datasets_leaves_what_it_read_and_wrote_unless_aborted(
    api: Api, end: str, left: int
) -> None:
    sides = {"inputs": [dataset("t", "a int")], "outputs": [dataset("u", "a int")]}
    api.post(event("RUNNING", FIRST, 1, job_facets=STREAM, **sides))
    api.post(event(end, FIRST, 2, job_facets=STREAM))
    assert len(api.get("/lineage", nodeId="job:shop:load")["graph"]) == left


def test_a_run_that_ends_without_naming_them_again_makes_its_outputs_current(api: Api) -> None:
    api.post(event("START", FIRST, 1, outputs=[dataset("t", "a int")]))
    assert api.dataset("t")["currentVersion"] is None
    api.post(event("COMPLETE", FIRST, 2))
    assert columns(api.dataset("t")) == ["a int"]


def test_facets_of_the_other_side_are_not_kept(api: Api) -> None:
    both = {"inputFacets": {"seen": {"rows": 1}}, "outputFacets": {"made": {"rows": 2}}}
    api.post(event("COMPLETE", FIRST, 1, inputs=[dataset("t", **both)], outputs=[dataset("u", **both)]))
    run = api.get(f"/jobs/runs/{FIRST}")
    assert run["inputDatasetVersions"][0]["facets"] == {"seen": {"rows": 1}}
    assert run["outputDatasetVersions"][0]["facets"] == {"made": {"rows": 2}}


def test_a_list_of_datasets_shows_the_facets_that_came_last_and_one_dataset_the_newest(api: Api) -> None:
    for minute, schema in ((9, ("a int", "b int")), (3, ("a int",))):
        api.post(event("COMPLETE", str(minute), minute, inputs=[dataset("t", *schema)]))
    (listed,) = api.get("/namespaces/postgres%3A%2F%2Flocalhost%3A5432/datasets")["datasets"]
    assert columns(listed["facets"]["schema"]) == ["a int"]
    assert columns(api.dataset("t")["facets"]["schema"]) == ["a int", "b int"]
    api.post(event("COMPLETE", "10", 10, inputs=[dataset("t", "c int")]))
    (listed,) = api.get("/namespaces/postgres%3A%2F%2Flocalhost%3A5432/datasets")["datasets"]
    assert columns(listed["facets"]["schema"]) == ["c int"]


def test_a_column_without_a_type_is_another_one_in_every_event(api: Api) -> None:
    schema = {"schema": {**PRODUCER, "fields": [{"name": "a"}, {"name": "b", "type": "int"}]}}
    for kind, minute in (("START", 1), ("COMPLETE", 2)):
        api.post(event(kind, FIRST, minute, outputs=[dataset("t", facets=schema)]))
    assert sorted(columns(api.dataset("t"))) == ["a None", "a None", "b int"]
    (version,) = api.dataset("t", "/versions")["versions"]
    assert columns(version) == ["a None", "b int"]


def test_of_a_runs_spark_plans_the_first_stays(api: Api) -> None:
    for minute, plan in ((1, "first"), (2, "second")):
        said = {"spark.logicalPlan": {"plan": plan}, "spark_unknown": {"x": 1}, "custom": {"plan": plan}}
        api.post(event("RUNNING", FIRST, minute, run_facets=said))
    facets = api.get(f"/jobs/runs/{FIRST}")["facets"]
    assert facets == {"spark.logicalPlan": {"plan": "first"}, "custom": {"plan": "second"}}


def test_the_parent_may_be_called_by_its_old_name(api: Api) -> None:
    parent = {**PRODUCER, "run": {"runId": SECOND}, "job": {"namespace": "shop", "name": "dag"}}
    api.post(event("START", FIRST, 1, job="dag.task", run_facets={"parentRun": parent}))
    assert api.job("dag.task")["parentJobName"] == "dag"
    assert "parent" in api.get(f"/jobs/runs/{FIRST}")["facets"]
    assert list(api.get("/events/lineage")["events"][0]["run"]["facets"]) == ["nominalTime", "parent"]


def test_parents_without_a_uuid_are_one_run_by_the_name_before_the_last_dot(api: Api) -> None:
    for run, name in ((FIRST, "dag.a"), (SECOND, "dag.b")):
        parent = {**PRODUCER, "run": {"runId": "manual"}, "job": {"namespace": "shop", "name": name}}
        api.post(event("START", run, 1, job=name, run_facets={"parent": parent}))
    assert api.get("/namespaces/shop/jobs/dag/runs")["totalCount"] == 1


def test_a_run_that_never_told_a_state_comes_first_and_keeps_its_job_out_of_the_list(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 5))
    silent = event(None, SECOND, 1)
    silent["run"].pop("facets")
    silent["job"].pop("facets")
    api.post(silent)
    assert [r["state"] for r in api.job("load")["latestRuns"]] == ["NEW", "COMPLETED"]
    page = api.get("/jobs")
    assert (page["jobs"], page["totalCount"]) == ([], 1)


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgres://db:5432/wh", "postgres://db:5432/wh"),
        ("127.0.0.1:5432", "http://127.0.0.1:5432"),
        ("s3://m\u00fcll/a", "s3://m%C3%BCll/a"),
        ("localhost", "localhost"),
        ("jdbc:x y", ""),
    ],
)
def test_a_sources_address_is_written_as_a_uri(api: Api, uri: str, shown: str) -> None:
    source = {"dataSource": {**PRODUCER, "name": "wh", "uri": uri}}
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("t", facets=source)]))
    assert api.get("/sources/wh")["connectionUrl"] == shown


def test_a_batch_job_has_no_version_before_its_run_is_over(api: Api) -> None:
    api.post(event("START", FIRST, 1, outputs=[dataset("u", "a int")]))
    assert api.job("load")["currentVersion"] is None


def test_column_lineage_links_only_columns_of_datasets_the_run_has_read(api: Api) -> None:
    inputs = [{"namespace": POSTGRES, "name": n, "field": "x"} for n in ("read", "unread")]
    lineage = {
        "columnLineage": {
            **PRODUCER,
            "fields": {"y": {"inputFields": inputs}, "not_in_schema": {"inputFields": inputs}},
        }
    }
    api.post(
        event("COMPLETE", FIRST, 1, inputs=[dataset("read", "x int")], outputs=[dataset("t", "y int", facets=lineage)])
    )
    graph = api.get("/column-lineage", nodeId=f"datasetField:{POSTGRES}:t:y")["graph"]
    assert [n["id"] for n in graph] == [f"datasetField:{POSTGRES}:read:x", f"datasetField:{POSTGRES}:t:y"]
    (column,) = api.dataset("t")["columnLineage"]
    assert [i["dataset"] for i in column["inputFields"]] == ["read"]


def test_a_namespace_whose_colons_are_misread_has_no_lineage_but_a_page(api: Api) -> None:
    glue = "arn:aws:glue:eu-central-1:1234"
    api.post(event("COMPLETE", FIRST, 1, outputs=[{**dataset("table/wh/t", "a int"), "namespace": glue}]))
    node = f"{glue}:table/wh/t"
    assert api.client.get("/api/v1/lineage", params={"nodeId": f"dataset:{node}"}).status_code == 404
    assert api.client.get("/api/v1/column-lineage", params={"nodeId": f"datasetField:{node}:a"}).status_code == 404
    assert "job?id=shop" in api.client.get("/dataset", params={"id": node}).text


def test_names_may_hold_colons(api: Api) -> None:
    fields = {"x:1": {"inputFields": [{"namespace": POSTGRES, "name": "a:b", "field": "x"}]}}
    made = dataset("c:d", facets={"schema": {**PRODUCER, "fields": [{"name": "x:1", "type": "int"}]}})
    made["facets"]["columnLineage"] = {**PRODUCER, "fields": fields}
    api.post(event("COMPLETE", FIRST, 1, job="load:all", inputs=[dataset("a:b", "x int")], outputs=[made]))
    graph = api.get("/lineage", nodeId="job:shop:load:all")["graph"]
    assert [n["id"] for n in graph] == [f"dataset:{POSTGRES}:a:b", f"dataset:{POSTGRES}:c:d", "job:shop:load:all"]
    assert len(api.get("/lineage", nodeId=f"dataset:{POSTGRES}:c:d")["graph"]) == 3
    assert len(api.get("/column-lineage", nodeId=f"dataset:{POSTGRES}:c:d")["graph"]) == 2


def test_a_dataset_whose_name_starts_with_a_digit_has_lineage(api: Api) -> None:
    api.post(event("COMPLETE", FIRST, 1, outputs=[dataset("2026/01/x.csv", "a int")]))
    graph = api.get("/lineage", nodeId=f"dataset:{POSTGRES}:2026/01/x.csv")["graph"]
    assert [n["type"] for n in graph] == ["DATASET", "JOB"]
    columns = api.client.get("/api/v1/column-lineage", params={"nodeId": f"datasetField:{POSTGRES}:2026/01/x.csv:a"})
    assert columns.json() == {"graph": []}


def test_identifiers_are_those_of_the_real_server(api: Api) -> None:
    run = "afb16f94-b638-5203-92ae-f088d86f1ab7"
    job = {"namespace": "ecompulse", "name": "load_sessions"}
    written = dataset("warehouse.public.sessions", "id int")
    api.post({**event("COMPLETE", run, 1, outputs=[written]), "job": job})
    shown = api.get(f"/jobs/runs/{run}")
    assert shown["jobVersion"]["version"] == "bfe04ca1-cada-3502-bf68-bd5cb0769c81"
    assert shown["outputDatasetVersions"][0]["datasetVersionId"]["version"] == "63ae429b-c791-303f-8427-cfc2f749d934"
    (version,) = api.dataset("warehouse.public.sessions", "/versions")["versions"]
    assert version["currentSchemaVersion"] == "02bda880-2263-3d1e-a03b-8decdb99330e"


FIELD = st.builds(hashes.Field, name=st.text(min_size=1), type=st.text(min_size=1), description=st.none())


@given(st.lists(FIELD, unique_by=lambda f: f.name), st.randoms())
def test_the_order_of_columns_changes_no_version(listed: list[hashes.Field], random: Any) -> None:
    mixed = random.sample(listed, len(listed))
    assert hashes.schema_version("n", "d", listed) == hashes.schema_version("n", "d", mixed)
    same = {"namespace": "n", "source": "s", "dataset": "d", "physical": "d", "lifecycle": "", "run": FIRST}
    assert hashes.dataset_version(fields=listed, **same) == hashes.dataset_version(fields=mixed, **same)
    assert hashes.dataset_version(fields=listed, **same) != hashes.dataset_version(
        fields=listed, **{**same, "run": SECOND}
    )
