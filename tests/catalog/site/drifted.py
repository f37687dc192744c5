"""What schema_evolution_dag tells after looking at the record: drift of each verdict, and datasets without any."""

from typing import Any

from catalog.contract import load_all
from catalog.dataset import Dataset
from catalog.wire import SCHEMA_DRIFT
from tests.catalog import record

RUN = "0197d1f0-7c00-7000-8000-0000000d51f7"
AT = "2026-11-20T19:30:00+00:00"
REMEDY = "Let start_spark_enrichment_job ignore or carry coupon_code, and add it to the contract as optional."


def dataset(contract: str) -> Dataset:
    """By its contract's id."""
    return record.named(load_all()[contract])


RAW, EVENTS, FUNNEL, USERS = map(
    dataset, ("kafka.ecommerce-events-raw", "warehouse.events", "lake.session_funnel", "lake.users")
)


def event() -> dict[str, Any]:
    """The run that looked at four datasets."""
    told = {
        RAW: facet([_added(), _dropped()]),
        EVENTS: facet([_narrowed(), _replaced()]),
        FUNNEL: facet([], complete=False),
        USERS: facet([]),
    }
    inputs = [{"namespace": at.namespace, "name": at.name, "facets": {SCHEMA_DRIFT: one}} for at, one in told.items()]
    return {
        "eventType": "COMPLETE", "eventTime": AT, "producer": record.PRODUCER, "run": {"runId": RUN, "facets": {}},
        "job": {"namespace": record.NAMESPACE, "name": "schema_evolution_dag.detect_schema_drift", "facets": {}},
        "inputs": inputs, "outputs": [],
    }  # fmt: skip


def facet(found: list[dict[str, Any]], *, complete: bool = True) -> dict[str, Any]:
    """A drift facet as it is on the wire."""
    baseline = {
        "name": "main", "since": "2026-11-18T00:20:00+00:00", "acceptedBy": "ana@shop.example",
        "reason": "as released with 4.2",
    }  # fmt: skip
    about = {"_producer": record.PRODUCER, "_schemaURL": "https://example.org/SchemaDrift.json"}
    return {**about, "baseline": baseline, "open": found, "complete": complete}


def _added() -> dict[str, Any]:
    return _open("a0", "column.added", "coupon_code", None, "string", "may break", [
        ("start_spark_enrichment_job", "compatible", "a reader that does not ask for it does not see it"),
        ("suite raw_events", "may break", "expect_table_columns_to_match_set lists the columns, this is none of them"),
    ], remedy=REMEDY)  # fmt: skip


def _dropped() -> dict[str, Any]:
    return _open("d0", "column.dropped", "properties.total_amount", "double", None, "breaking", [
        ("start_spark_enrichment_job", "breaking", "reads properties.total_amount, which is gone: every value is null"),
        ("lake.enriched_events", "breaking", "total_amount is made of it"),
        ("validate_kafka_connectivity", "compatible", "does not read it"),
    ], since="2026-11-20T06:20:00+00:00",
        remedy="Keep filling `properties.total_amount` until start_spark_enrichment_job has moved.")  # fmt: skip


def _narrowed() -> dict[str, Any]:
    return _open("e0", "length.lowered", "payment_method", "varchar(64)", "varchar(16)", "may break", [
        ("update_data_warehouse", "may break", "longer texts than 16 characters do not fit"),
    ], remedy="Look for longer values first: SELECT max(length(payment_method)).")  # fmt: skip


def _replaced() -> dict[str, Any]:
    return _open("e1", "column.perhaps_renamed", "device", "device_type", "device", "cannot tell", [
        ("generate_business_reports", "cannot tell", "is it device_type by another name? likeness 0.81 of 1"),
    ], remedy="Say whether device is device_type: accept, or declare an alias.")  # fmt: skip


def _open(
    fingerprint: str, rule: str, path: str, before: str | None, after: str | None, verdict: str,
    consumers: list[tuple[str, str, str]], *, remedy: str, since: str = "2026-11-20T00:20:00+00:00",
) -> dict[str, Any]:  # fmt: skip
    return {
        "fingerprint": fingerprint * 8, "dataset": "", "rule": rule, "path": path, "before": before, "after": after,
        "verdict": verdict, "since": since, "remedy": remedy,
        "consumers": [{"name": name, "word": word, "reason": reason} for name, word, reason in consumers],
    }  # fmt: skip
