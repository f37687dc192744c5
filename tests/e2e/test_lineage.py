"""What the lineage backend knows after the main job: one graph, and on it what a task's event must carry."""

from collections import defaultdict

import pytest

from catalog import contract, dataset
from tests.e2e.flow import datasets, root

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="package")
def names(flow):
    """Contract id → the name of its dataset in lineage, by the one naming rule."""
    known = flow.environment
    host, ports = "127.0.0.1", {"warehouse": known["WAREHOUSE_URL"], "cache": known["REDIS_URL"]}
    ports = {kind: int(url.rsplit(":", 1)[1].split("/")[0]) for kind, url in ports.items()}
    bucket = known["ECOMPULSE_LAKE_BUCKET"]
    rules = {
        "kafka": lambda name: dataset.topic(known["KAFKA_BOOTSTRAP_SERVERS"], name),
        "lake": lambda name: dataset.lake_table(bucket, name),
        "object": lambda name: dataset.lake_object(bucket, name),
        "warehouse": lambda name: dataset.warehouse_table(host, ports["warehouse"], "warehouse", name),
        "cache": lambda name: dataset.cached(host, ports["cache"], name),
        "api": lambda name: dataset.endpoint(known["SHOP_URL"], name),
    }
    record = contract.load("api.lineage_events")
    named = {key: rules[one.kind](one.name) for key, one in contract.load_all().items()}
    return named | {record.id: dataset.endpoint(known["MARQUEZ_URL"], record.name)}


def facets_of(flow, found):
    path = f"namespaces/{found.namespace.replace('/', '%2F')}/datasets/{found.name.replace('/', '%2F')}"
    return flow.ask(path)["facets"]


def test_one_graph_leads_from_the_topic_to_the_report(shop, flow, names):
    raw, report = names["kafka.ecommerce-events-raw"], names["object.business_report"]
    start = f"dataset:{raw.namespace}:{raw.name}"
    graph = {node["id"]: node for node in flow.ask("lineage", nodeId=start, depth=20)["graph"]}
    reached, steps = set(), [start]
    while steps:
        node = steps.pop()
        if node not in reached:
            reached.add(node)
            steps += [edge["destination"] for edge in graph[node]["outEdges"]]
    assert f"dataset:{report.namespace}:{report.name}" in reached
    namespace = flow.environment["AIRFLOW__OPENLINEAGE__NAMESPACE"]
    for task_id in shop.run.tasks.keys() - {"send_completion_notification"}:
        assert f"job:{namespace}:data_ingestion_dag.{task_id}" in reached
    for table in ("lake.enriched_events", "lake.user_sessions", "warehouse.events", "warehouse.daily_summary"):
        assert f"dataset:{names[table].namespace}:{names[table].name}" in reached


@pytest.mark.parametrize(
    "contract_id",
    [
        "kafka.ecommerce-events-raw", "kafka.ecommerce-events-enriched", "lake.enriched_events", "lake.user_sessions",
        "warehouse.events", "warehouse.user_sessions", "warehouse.daily_summary", "warehouse.dim_products",
        "cache.product", "object.business_report",
    ],
)  # fmt: skip
def test_a_dataset_shows_schema_owner_and_description_of_its_contract(contract_id, shop, flow, names):
    promised, facets = contract.load(contract_id), facets_of(flow, names[contract_id])
    assert [owner["name"] for owner in facets["ownership"]["owners"]] == [f"team:{promised.owner}"]
    assert facets["documentation"]["description"] == promised.description
    shown = {field["name"] for field in facets["schema"]["fields"]}
    assert shown == set(promised.schema.names())


def test_the_enriched_rows_columns_lead_back_to_the_topic_and_on_to_the_report(shop, flow, names):
    raw, enriched = names["kafka.ecommerce-events-raw"], names["lake.enriched_events"]
    node = f"dataset:{enriched.namespace}:{enriched.name}"
    graph = flow.ask("column-lineage", nodeId=node, depth=20, withDownstream="true")["graph"]
    edges = defaultdict(set)
    for each in graph:
        for edge in each["outEdges"]:
            edges[edge["origin"]].add(edge["destination"])
        for edge in each["inEdges"]:
            edges[edge["origin"]].add(edge["destination"])
    ends = {name for pair in edges.values() for name in pair} | set(edges)
    assert any(f"{raw.namespace}:{raw.name}" in name for name in ends), sorted(ends)[:20]
    report = names["object.business_report"]
    wanted = f"datasetField:{report.namespace}:{report.name}:total_revenue"
    assert wanted in ends, sorted(name for name in ends if "report" in name)


def test_row_counts_of_the_events_are_the_manifests(shop, manifest, names):
    usable, visits = manifest["expected_unique_events"], manifest["sessions"]
    wanted = {
        ("start_spark_enrichment_job", "lake.enriched_events"): usable,
        ("start_spark_enrichment_job", "kafka.ecommerce-events-dlq"): manifest["unusable_total"],
        ("trigger_session_analytics", "lake.user_sessions"): visits,
        ("update_data_warehouse", "warehouse.events"): usable,
        ("update_data_warehouse", "warehouse.user_sessions"): visits,
        ("update_data_warehouse", "warehouse.daily_summary"): 1,
    }
    written = {
        (event["job"]["name"].partition(".")[2], f"{out['namespace']}/{out['name']}"): out["outputFacets"]
        for event in shop.events
        if event["eventType"] == "COMPLETE"
        for out in event["outputs"]
    }
    for (task_id, contract_id), rows in wanted.items():
        assert written[task_id, str(names[contract_id])]["outputStatistics"]["rowCount"] == rows, (task_id, contract_id)


def test_what_is_written_to_the_lake_has_bytes_and_files(shop, names):
    tables = ("lake.enriched_events", "lake.user_sessions", "lake.session_funnel")
    (enriched,), (sessions,) = (
        _events(shop, task_id, "COMPLETE") for task_id in ("start_spark_enrichment_job", "trigger_session_analytics")
    )
    written = {
        f"{out['namespace']}/{out['name']}": out["outputFacets"]["outputStatistics"]
        for out in (*enriched["outputs"], *sessions["outputs"])
    }
    for contract_id in tables:
        figures = written[str(names[contract_id])]
        assert figures["size"] > figures["rowCount"] and figures["fileCount"] > 0, (contract_id, figures)


def test_dead_letters_and_issues_lead_back_to_the_topic(shop, names):
    (event,) = _events(shop, "start_spark_enrichment_job", "COMPLETE")
    raw = names["kafka.ecommerce-events-raw"]
    for contract_id, column in (
        ("kafka.ecommerce-events-dlq", "original_value"),
        ("kafka.data-quality-issues", "timestamp"),
    ):
        (out,) = [each for each in event["outputs"] if each["name"] == names[contract_id].name]
        made = out["facets"]["columnLineage"]["fields"][column]["inputFields"]
        assert {"namespace": raw.namespace, "name": raw.name, "field": "timestamp"}.items() <= next(
            each for each in made if each["field"] == "timestamp"
        ).items()


def test_offsets_read_and_interval_are_on_the_run(shop, manifest):
    (event,) = _events(shop, "start_spark_enrichment_job", "COMPLETE")
    counts = event["run"]["facets"]["ecompulse_taskCounts"]
    assert sum(at["end"] - at["start"] for at in counts["offsets"]) == manifest["total"]
    assert counts["rejected"] == manifest["unusable"]
    assert event["run"]["facets"]["nominalTime"]["nominalStartTime"]


def _events(chapter, task_id, kind):
    name = f"{chapter.run.dag_id}.{task_id}"
    return [event for event in chapter.events if (event["job"]["name"], event["eventType"]) == (name, kind)]


def test_checks_are_on_the_inputs_they_were_made_on(shop):
    for task_id in ("validate_enriched_data_quality", "validate_session_metrics", "validate_warehouse_data"):
        (event,) = _events(shop, task_id, "COMPLETE")
        made = [
            assertion
            for read in event["inputs"]
            for assertion in read["inputFacets"]["dataQualityAssertions"]["assertions"]
        ]
        assert made and {assertion["severity"] for assertion in made} == {"error", "warn"}
        assert all(assertion["success"] for assertion in made if assertion["severity"] == "error")


def test_each_task_starts_and_completes_once_under_its_dag_run(reference, shop):
    for run, events in (reference, (shop.run, shop.events)):
        kinds = defaultdict(list)
        (dag_run,) = {event["run"]["runId"] for event in events if event["job"]["name"] == run.dag_id}
        for event in events:
            if event["job"]["name"].startswith(f"{run.dag_id}."):
                kinds[event["job"]["name"].partition(".")[2]].append(event["eventType"])
                parent = event["run"]["facets"]["parent"]
                assert parent["run"]["runId"] == parent["root"]["run"]["runId"] == dag_run
                assert parent["job"]["name"] == parent["root"]["job"]["name"] == run.dag_id
        assert kinds == {task_id: ["START", "COMPLETE"] for task_id in run.tasks}
        own = [event["eventType"] for event in events if event["job"]["name"] == run.dag_id]
        assert own == ["START", "COMPLETE"]


@pytest.mark.parametrize(
    ("application", "task_id"),
    [("enrich_events", "start_spark_enrichment_job"), ("analyse_sessions", "trigger_session_analytics")],
)
def test_sparks_runs_are_children_of_the_task_that_submitted_them(application, task_id, shop):
    (task,) = {event["run"]["runId"] for event in _events(shop, task_id, "COMPLETE")}
    mine = [event for event in shop.events if event["job"]["name"].partition(".")[0] == application]
    applications = {event["run"]["runId"] for event in mine if event["job"]["name"] == application}
    assert len(applications) == 1
    parents = {event["run"]["runId"]: event["run"]["facets"]["parent"]["run"]["runId"] for event in mine}
    assert {parents[run_id] for run_id in applications} == {task}
    assert {parent for run_id, parent in parents.items() if run_id not in applications} == applications
    assert len(parents) > 3, "an application run and one for each of its writes"


def test_spark_and_our_tasks_speak_of_the_same_datasets(shop, flow, names):
    known = {str(name) for name in names.values()}
    for event in shop.events:
        assert set(datasets(event)) <= known, f"{event['job']['name']} names what no contract does"
    by_spark = {
        name
        for event in shop.events
        if event["job"]["name"].startswith(("enrich_events", "analyse_sessions"))
        for name in datasets(event, "outputs")
    }
    submitted = ("start_spark_enrichment_job", "trigger_session_analytics")
    by_task = {
        name
        for task_id in submitted
        for event in _events(shop, task_id, "COMPLETE")
        for name in datasets(event, "outputs")
    }
    assert by_spark == by_task
    namespaces = [each["name"] for each in flow.ask("namespaces", limit=1000)["namespaces"]]
    in_backend = {
        f"{namespace}/{each['name']}"
        for namespace in namespaces
        for each in flow.ask(f"namespaces/{namespace.replace('/', '%2F')}/datasets", limit=1000)["datasets"]
    }
    assert in_backend <= known, "names of no dataset"


def test_no_run_is_left_running(shop, reference, flow):
    ended = {(event["run"]["runId"]) for event in shop.events if event["eventType"] in ("COMPLETE", "FAIL", "ABORT")}
    assert {event["run"]["runId"] for event in shop.events} == ended
    for event in (*shop.events, *reference[1]):
        assert flow.ask(f"jobs/runs/{event['run']['runId']}")["state"] == "COMPLETED", event["job"]["name"]


def test_no_event_was_refused(shop, flow):
    from pathlib import Path

    rejected = Path(flow.environment["LINEAGE_OUTBOX"]) / "rejected"
    assert not list(rejected.iterdir())
    assert all(root(event) for event in shop.events)
