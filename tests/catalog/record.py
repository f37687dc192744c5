"""A small record of this shop as event documents: the real DAGs over all contracts, with things that went wrong.

Three days, ingestion every six hours, reference data once a day. On the way: from the last day on the raw topic carries
a column that nobody promised; in the last run a check of the session funnel fails, so what comes after does not run
(the warehouse and the report grow stale); somebody wrote a table that has no contract, no owner and no description.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog import dataset
from catalog.contract import Contract, load_all
from catalog.dataset import Dataset
from catalog.schema import Field, Schema

START = datetime(2026, 11, 18, tzinfo=UTC)
DAYS = 3
NAMESPACE = "ecompulse"
PRODUCER = "https://github.com/ecompulse/pipeline/tests"
SUITES = Path(__file__).parents[2] / "great_expectations" / "expectations"
BACKFILL = dataset.warehouse_table("127.0.0.1", 15432, "warehouse", "backfill_2026_11")
UNPROMISED = {"name": "coupon_code", "type": "string"}
SOURCE_OF = {
    "total_revenue": "event_revenue", "event_revenue": "total_amount", "session_revenue": "event_revenue",
    "total_events": "event_id", "unique_sessions": "session_key", "average_order_value": "event_revenue",
    "event_type": "event_name", "cart_abandonment_rate": "abandoned_cart",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of a DAG as the DAG file and its operator declare it."""

    name: str
    owner: str = "data-engineering"
    source: str = "gx"
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    checks: bool = False
    sql: str | None = None
    doc: str = ""
    """What it says of itself; without it, it repeats its DAG's notes, as tasks of other people do."""


TOPICS = tuple(contract for contract in load_all() if contract.startswith("kafka."))
REFERENCE = (
    Task(name="fetch_product_catalog", owner="catalog-team", source="reference",
         reads=("api.products", "api.users"), writes=("object.landing_products", "object.landing_users")),
    Task(name="land_in_lake", source="reference",
         reads=("object.landing_products", "object.landing_users"), writes=("lake.products", "lake.users")),
    Task(name="refresh_lookup_cache", source="reference",
         reads=("lake.products", "lake.users"), writes=("cache.product", "cache.user")),
    Task(name="load_dimensions", source="warehouse", sql="MERGE INTO dim_products USING staging_dim_products ON ...",
         reads=("lake.products", "lake.users"), writes=("warehouse.dim_products", "warehouse.dim_users")),
    Task(name="validate_lookup_cache", reads=("cache.product", "cache.user"), checks=True),
)  # fmt: skip
INGESTION = (
    Task(name="validate_kafka_connectivity", source="kafka", reads=TOPICS, checks=True),
    Task(name="start_spark_enrichment_job", source="spark",
         doc="enrich_events: what is new in the raw topic, joined with products and profiles, into the lake.\n\n"
             "A batch writes dead letters, enriched topic, quality issues and, last, the lake: `<offsets>` with it.",
         reads=("kafka.ecommerce-events-raw", "cache.product", "cache.user"),
         writes=("lake.enriched_events", "kafka.ecommerce-events-enriched", "kafka.ecommerce-events-dlq",
                 "kafka.data-quality-issues")),
    Task(name="validate_enriched_data_quality", reads=("lake.enriched_events",), checks=True),
    Task(name="trigger_session_analytics", owner="analytics", source="spark", reads=("lake.enriched_events",),
         writes=("lake.user_sessions", "lake.session_funnel", "kafka.user-sessions", "kafka.realtime-metrics",
                 "kafka.system-alerts")),
    Task(name="validate_session_metrics", owner="analytics", reads=("lake.user_sessions", "lake.session_funnel"),
         checks=True),
    Task(name="update_data_warehouse", source="warehouse",
         doc="Load what is new in the lake into `events` and `user_sessions`, and recompute `daily_summary`.",
         sql="MERGE INTO events USING staging_events ON events.event_id = staging_events.event_id "
             "WHEN MATCHED THEN UPDATE SET user_id = staging_events.user_id "
             "WHEN NOT MATCHED THEN INSERT (event_id) VALUES (staging_events.event_id)",
         reads=("lake.enriched_events", "lake.user_sessions", "warehouse.events", "warehouse.user_sessions"),
         writes=("warehouse.events", "warehouse.user_sessions", "warehouse.daily_summary", "warehouse.load_log")),
    Task(name="validate_warehouse_data", checks=True,
         reads=("warehouse.events", "warehouse.user_sessions", "warehouse.daily_summary")),
    Task(name="generate_business_reports", owner="analytics", source="report", sql="SELECT * FROM daily_summary ...",
         reads=("warehouse.daily_summary", "warehouse.dim_products", "warehouse.events", "warehouse.user_sessions"),
         writes=("object.business_report",)),
    Task(name="send_completion_notification", source="slack", reads=("object.business_report",)),
)  # fmt: skip
DOC = {
    "data_ingestion_dag": "# data_ingestion_dag\n\nShop events from Kafka to the reports, once an hour.\n\n"
    "**Healthy when** a run takes a few minutes and every check is green.",
    "reference_data_dag": "# reference_data_dag\n\nThe shop's products and user profiles: from its HTTP API to the "
    "lake, the lookup cache and the warehouse's dimensions.",
}  # fmt: skip
STEPS = {"start_spark_enrichment_job": "enrich_events", "trigger_session_analytics": "analyse_sessions"}


def named(contract: Contract) -> Dataset:
    """The dataset that a contract promises, at the addresses of the local platform."""
    match contract.kind:
        case "kafka":
            return dataset.topic("127.0.0.1:19092", contract.name)
        case "lake":
            return dataset.lake_table("lake", contract.name)
        case "warehouse":
            return dataset.warehouse_table("127.0.0.1", 15432, "warehouse", contract.name)
        case "cache":
            return dataset.cached("127.0.0.1", 16379, contract.name)
        case "api":
            return dataset.endpoint("http://127.0.0.1:15090", contract.name)
        case _:
            return dataset.lake_object("lake", contract.name)


def events(*, days: int = DAYS) -> list[dict[str, Any]]:
    """Every event document of the record, oldest first."""
    return list(_days(days))


def _days(days: int) -> Iterator[dict[str, Any]]:
    for day in range(days):
        begin = START + timedelta(days=day)
        yield from _dag("reference_data_dag", REFERENCE, begin)
        if day == 0:
            yield from _backfill(begin + timedelta(hours=1))
        for hour in (0, 6, 12, 18):
            last = day == days - 1 and hour == 18
            yield from _dag(
                "data_ingestion_dag", INGESTION, begin + timedelta(hours=hour, minutes=20),
                changed=day == days - 1, broken="lake.session_funnel" if last else None,
            )  # fmt: skip


def _dag(
    dag: str, tasks: tuple[Task, ...], begin: datetime, *, changed: bool = False, broken: str | None = None
) -> Iterator[dict[str, Any]]:
    dag_run = _uuid(dag, begin)
    told = {"airflowDagRun": _facet(dag={"dag_id": dag}, dagRun={"run_id": f"scheduled__{begin.isoformat()}"})}
    yield _event("START", begin, dag_run, dag, _job(dag, "DAG", "data-engineering"), parent=None, facets=told)
    for number, task in enumerate(tasks):
        at = begin + timedelta(minutes=2 * number)
        failed = broken is not None and task.checks and broken in task.reads
        yield from _task(dag, task, at, dag_run, changed=changed, broken=broken if failed else None)
        if failed:
            break
    yield _event("FAIL" if broken else "COMPLETE", at + timedelta(minutes=2), dag_run, dag,
                 _job(dag, "DAG", "data-engineering"), parent=None)  # fmt: skip


def _task(
    dag: str, task: Task, at: datetime, dag_run: str, *, changed: bool, broken: str | None
) -> Iterator[dict[str, Any]]:
    name, source = f"{dag}.{task.name}", f"lineage/operators/{task.source}.py"
    run, job = _uuid(name, at), _job(dag, "TASK", task.owner, source=source, sql=task.sql, doc=task.doc)
    inputs = [_dataset(contract, changed=changed) for contract in task.reads]
    outputs = [_dataset(contract, changed=changed) for contract in task.writes]
    bare = [{key: one[key] for key in ("namespace", "name")} for one in (*inputs, *outputs)]
    parent = (dag_run, dag)
    yield _event("START", at, run, name, job, parent=parent, inputs=bare[: len(inputs)], outputs=bare[len(inputs) :])
    if step := STEPS.get(task.name):
        application = {"jobType": _facet(processingType="NONE", integration="SPARK", jobType="APPLICATION")}
        yield _event("START", at, _uuid(step, at), step, application, parent=(run, name))
        yield _event("COMPLETE", at + timedelta(seconds=40), _uuid(step, at), step, application, parent=(run, name))
    for contract, one in zip(task.reads, inputs, strict=True):
        one["inputFacets"] = {"dataQualityMetrics": _facet(rowCount=_rows(contract, at), columnMetrics={})}
        if task.checks:
            one["inputFacets"]["dataQualityAssertions"] = _facet(
                assertions=_checks(contract, broken=contract == broken)
            )
    for contract, one in zip(task.writes, outputs, strict=True):
        one["outputFacets"] = {"outputStatistics": _facet(rowCount=_rows(contract, at))}
        one["facets"]["columnLineage"] = _facet(fields=_edges(contract, task.reads))
    counts = _facet(
        rowsIn=sum(_rows(contract, at) for contract in task.reads),
        rowsOut=sum(_rows(contract, at) for contract in task.writes),
        rowsRejected=12 if task.source == "spark" else 0,
        offsets=[{"topic": "ecommerce-events-raw", "partition": 0, "start": 400, "end": 1400}]
        if "kafka.ecommerce-events-raw" in task.reads and task.source == "spark"
        else None,
    )
    yield _event("FAIL" if broken else "COMPLETE", at + timedelta(seconds=75), run, name, job, parent=parent,
                 inputs=inputs, outputs=outputs, facets={"ecompulse_taskCounts": counts})  # fmt: skip


def _backfill(at: datetime) -> Iterator[dict[str, Any]]:
    """A table without contract, owner or description, written by a script."""
    fields = [{"name": "event_id", "type": "string"}, {"name": "amount_cents", "type": "bigint"}]
    table = {"namespace": BACKFILL.namespace, "name": BACKFILL.name, "facets": {"schema": _facet(fields=fields)}}
    job = {"jobType": _facet(processingType="BATCH", integration="SCRIPT", jobType="COMMAND")}
    yield _event("COMPLETE", at, _uuid("backfill", at), "backfill_november", job, parent=None, outputs=[table])


def _event(
    kind: str, at: datetime, run: str, name: str, job: dict[str, Any], *,
    parent: tuple[str, str] | None, inputs: list[Any] | None = None, outputs: list[Any] | None = None,
    facets: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    run_facets = {"nominalTime": _facet(nominalStartTime=at.replace(minute=0).isoformat()), **(facets or {})}
    if parent:
        run_facets["parent"] = _facet(run={"runId": parent[0]}, job={"namespace": NAMESPACE, "name": parent[1]})
    return {
        "eventType": kind, "eventTime": at.isoformat(), "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run, "facets": run_facets},
        "job": {"namespace": NAMESPACE, "name": name, "facets": job},
        "inputs": inputs or [], "outputs": outputs or [],
    }  # fmt: skip


def _job(
    dag: str, kind: str, owner: str, *, source: str | None = None, sql: str | None = None, doc: str = ""
) -> dict[str, Any]:
    facets: dict[str, Any] = {
        "documentation": _facet(description=doc or DOC[dag], contentType="text/markdown"),
        "jobType": _facet(processingType="BATCH", integration="AIRFLOW", jobType=kind),
        "ownership": _facet(owners=[{"name": owner}]),
    }
    if source:
        url = f"https://github.com/ecompulse/pipeline/blob/main/{source}"
        facets["sourceCodeLocation"] = _facet(type="git", url=url, path=source)
    return facets | ({"sql": _facet(query=sql)} if sql else {})


def _dataset(contract_id: str, *, changed: bool) -> dict[str, Any]:
    contract = load_all()[contract_id]
    name = named(contract)
    fields = [_field(field) for field in contract.schema.fields]
    if changed and contract_id == "kafka.ecommerce-events-raw":
        fields.append(UNPROMISED)
    tags = [{"key": "tier", "value": contract.tier, "source": "CONTRACT"}]
    tags += [{"key": tag, "value": "true", "source": "CONTRACT"} for tag in contract.tags]
    tags += [{"key": "pii", "value": "true", "source": "CONTRACT", "field": path} for path in contract.pii]
    facets = {
        "schema": _facet(fields=fields),
        "documentation": _facet(description=contract.description),
        "ownership": _facet(owners=[{"name": f"team:{contract.owner}", "type": "MAINTAINER"}]),
        "tags": _facet(tags=tags),
        "ecompulse_columnDetails": _facet(
            contract=f"{contract.id}@{contract.version}", columns=_details(contract.schema)
        ),
    }  # fmt: skip
    return {"namespace": name.namespace, "name": name.name, "facets": facets}


def _field(field: Field) -> dict[str, Any]:
    return {"name": field.name, "type": field.type, "description": field.description,
            "fields": [_field(child) for child in field.fields]}  # fmt: skip


def _details(schema: Schema) -> list[dict[str, Any]]:
    return [{"path": path, "nullable": field.nullable, **({"tags": list(field.tags)} if field.tags else {})}
            for path, field in schema.walk()]  # fmt: skip


def _edges(target: str, sources: tuple[str, ...]) -> dict[str, Any]:
    """Columns of equal name are copied, those of SOURCE_OF computed; the first source that has it wins."""
    contracts = load_all()
    fields = {}
    for column in contracts[target].schema.fields:
        wanted = SOURCE_OF.get(column.name, column.name)
        for source in sources:
            path = next((path for path, _ in contracts[source].schema.walk() if path.split(".")[-1] == wanted), None)
            if path and source != target:
                name = named(contracts[source])
                subtype = "IDENTITY" if wanted == column.name else "AGGREGATION"
                how = {"type": "DIRECT", "subtype": subtype, "description": "", "masking": False}
                fields[column.name] = {"inputFields": [
                    {"namespace": name.namespace, "name": name.name, "field": path, "transformations": [how]}
                ]}  # fmt: skip
                break
    return fields


def _checks(contract_id: str, *, broken: bool) -> list[dict[str, Any]]:
    contract = load_all()[contract_id]
    if contract.kind == "kafka":
        names = ["topic_settings"] + ["consumer_lag"] * (contract_id == "kafka.ecommerce-events-raw")
        return [{"assertion": name, "name": name, "success": True, "severity": "warn",
                 "expected": "as promised", "actual": "as promised", "params": {}} for name in names]  # fmt: skip
    expectations = json.loads((SUITES / f"{contract.suite}.json").read_text(encoding="utf-8"))["expectations"]
    chosen = [one for one in expectations if contract_id in one["meta"].get("contracts", [contract_id])]
    return [_check(one, success=not (broken and one["type"].startswith("expect_column_pair"))) for one in chosen]


def _check(one: dict[str, Any], *, success: bool) -> dict[str, Any]:
    column = one["kwargs"].get("column")
    return {
        "assertion": one["type"], "name": f"{one['type']}({column})" if column else one["type"], "success": success,
        "severity": "error" if one["severity"] == "critical" else "warn", "expected": one["description"],
        "actual": "as expected" if success else "41 of 9,211 rows", "params": {"owner": one["meta"]["owner"]},
        **({"column": column} if column else {}),
    }  # fmt: skip


def _facet(**content: Any) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": "https://openlineage.io/spec/facets/1-0-0/Facet.json", **content}


def _rows(contract_id: str, at: datetime) -> int:
    return 1000 + 10 * len(contract_id) + at.hour


def _uuid(name: str, at: datetime) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}@{at.isoformat()}"))
