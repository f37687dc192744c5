"""Who is affected by a dataset's shape: from a record of this shop, from a made one, and without any."""

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.consumer import called, consumers, declared
from catalog.contract import load_all
from catalog.dataset import Dataset
from catalog.drift import Consumer, Part, Shape, classify, detect, judge
from catalog.drift.shape import of_contract, of_suite
from catalog.errors import NotFound
from catalog.index import Index
from tests.catalog.record import SUITES

ROOT = Path(__file__).parents[2]
WAREHOUSE = "postgres://127.0.0.1:15432"
EVENTS = Dataset(WAREHOUSE, "warehouse.public.events")


def found(index: Index, contract: str) -> dict[str, Consumer]:
    """By name; nobody is there twice."""
    told = consumers(index, index.find(contract)).value
    assert len({one.name for one in told}) == len(told)
    return {one.name: one for one in told}


ENRICH, SESSIONS = "data_ingestion_dag.start_spark_enrichment_job", "data_ingestion_dag.trigger_session_analytics"
LOAD, REPORT = "data_ingestion_dag.update_data_warehouse", "data_ingestion_dag.generate_business_reports"
TOPICS, QUALITY = "data_ingestion_dag.validate_kafka_connectivity", "data_ingestion_dag.validate_enriched_data_quality"
CHECKED, CACHE = "data_ingestion_dag.validate_warehouse_data", "reference_data_dag.validate_lookup_cache"
METRICS = "data_ingestion_dag.validate_session_metrics"
REFRESH, DIMENSIONS = "reference_data_dag.refresh_lookup_cache", "reference_data_dag.load_dimensions"
WHO = {
    "kafka.ecommerce-events-raw": {ENRICH: "json", TOPICS: "gx", "lake.enriched_events": "table"},
    "kafka.user-sessions": {TOPICS: "gx"},
    "lake.enriched_events": {
        QUALITY: "gx", SESSIONS: "iceberg", LOAD: "iceberg", "lake.enriched_events": "iceberg",
        CHECKED: "gx", METRICS: "gx",  # they check what is made of it
        "lake.user_sessions": "table", "lake.session_funnel": "table", "warehouse.events": "table",
        "warehouse.user_sessions": "table", "warehouse.daily_summary": "table",
    },
    "lake.products": {REFRESH: "iceberg", DIMENSIONS: "iceberg", "lake.products": "iceberg", "cache.product": "table",
                      "warehouse.dim_products": "table", CACHE: "gx"},
    "cache.product": {ENRICH: "redis", CACHE: "gx", "cache.product": "redis"},
    "warehouse.events": {LOAD: "sql", CHECKED: "gx", REPORT: "postgres", "warehouse.events": "postgres",
                         "warehouse.user_sessions": "table", "warehouse.daily_summary": "table",
                         "warehouse.load_log": "table", "object.business_report": "table"},
    "warehouse.daily_summary": {REPORT: "sql", CHECKED: "gx", "warehouse.daily_summary": "postgres",
                                "object.business_report": "table"},
    "warehouse.dim_products": {DIMENSIONS: "sql", REPORT: "postgres", "warehouse.dim_products": "postgres"},
    "object.business_report": {"data_ingestion_dag.send_completion_notification": "json"},
}  # fmt: skip
"""Who is there, and how it reads, as the edges and the (shortened) statements of tests/catalog/record.py tell."""


@pytest.mark.parametrize("contract", WHO)
def test_everybody_is_named_once_with_how_it_reads(shop: Index, contract: str):
    assert {name: one.engine for name, one in found(shop, contract).items()} == WHO[contract]


def test_the_dataset_s_own_table_has_to_follow_and_the_others_meet_new_values(shop: Index):
    told = found(shop, "warehouse.events")
    assert {name for name, one in told.items() if one.direction == "table"} == {"warehouse.events"}
    assert {one.direction for one in told.values()} == {"table", "old_reads_new"}


def test_each_has_its_node_its_owner_and_its_tier(shop: Index):
    told = found(shop, "lake.enriched_events")
    assert (told[SESSIONS].owner, told[SESSIONS].tier) == ("analytics", "gold")  # the best of what it makes
    assert (told[QUALITY].owner, told[QUALITY].tier) == ("data-engineering", "")  # it makes nothing
    assert (told["lake.user_sessions"].owner, told["lake.user_sessions"].tier) == ("analytics", "gold")
    assert all(shop.dataset(one.node) if isinstance(one.node, Dataset) else one.node and shop.job(one.node)
               for one in told.values())  # fmt: skip


def test_what_it_reads_is_what_its_column_lineage_says_else_unknown(shop: Index):
    raw = found(shop, "kafka.ecommerce-events-raw")
    assert raw[ENRICH].reads and "properties.price" in raw[ENRICH].reads
    assert found(shop, "object.business_report")["data_ingestion_dag.send_completion_notification"].reads is None
    assert all(
        one.reads is None for one in found(shop, "warehouse.daily_summary").values() if one.engine in {"sql", "gx"}
    )


def test_statements_call_the_dataset_by_its_name_in_their_dialect(shop: Index):
    told = found(shop, "warehouse.dim_products")[DIMENSIONS]
    assert (told.dataset, told.dialect) == ("dim_products", "postgres") and "dim_products" in told.sql


@pytest.mark.parametrize(
    "sql, name",
    [
        ("SELECT * FROM events", "events"), ('MERGE INTO "events" USING "staging_events" ON TRUE', "events"),
        ("SELECT user_id FROM staging_events", "staging_events"), ("COPY landing_events FROM STDIN", "landing_events"),
        ("SELECT * FROM EVENTS", "events"), ('SELECT 1 FROM "shop"."public"."events" AS e', "events"),
        ("SELECT 1 FROM x JOIN shop.events ON TRUE", "events"), ("SELECT events, price AS events FROM days", None),
        ("CREATE TABLE IF NOT EXISTS `events` (a INT)", "events"), ("UPDATE events SET a = 1", "events"),
        ("SELECT * FROM my_events, events_old", None), ("", None),
    ],
)  # fmt: skip
def test_the_name_by_which_statements_call_a_table(sql: str, name: str | None):
    assert called(sql, "events") == name


def test_a_check_task_has_the_rules_that_the_record_shows(shop: Index):
    rules = found(shop, "lake.enriched_events")[QUALITY].checks
    suite = json.loads((SUITES / "enriched_events_suite.json").read_text(encoding="utf-8"))
    assert {one.type for one in rules} == {one.type for one in of_suite(suite)}
    assert {one.severity for one in rules} == {"critical", "warning"}


def test_a_dataset_that_nobody_knows_is_said_to_be_unknown(shop: Index):
    with pytest.raises(NotFound):
        consumers(shop, Dataset("postgres://nowhere:1", "a.b.c"))


def test_a_record_that_was_never_read_in_full_is_not_complete_and_judges_nothing_harmless():
    with Index.open(":memory:") as index:
        index.add([event("lonely", outputs=[EVENTS])])
        told = consumers(index, EVENTS)
        change = detect(Shape(parts=(Part(path="a", type="int"),)), Shape(parts=()))
        readers = [one for one in told.value if one.direction != "table"]
        (finding,) = judge("events", change, readers, complete=told.completeness.complete)
    assert readers == [] and not told.completeness.complete and finding.word == "cannot tell"


def event(
    name: str, *, inputs: Iterable[Dataset] = (), outputs: Iterable[Dataset] = (), sql: str = "", checks: Any = (),
    columns: dict[str, str] | None = None, minute: int = 0, reading: Iterable[tuple[Dataset, str, str]] = (),
) -> dict[str, Any]:  # fmt: skip
    """A run of a job; `checks` on its inputs, `columns` of its outputs from the first input's; how it reads inputs."""

    def named(one: Dataset) -> dict[str, Any]:
        return {"namespace": one.namespace, "name": one.name}

    reads, lineage = [*inputs], {}
    if columns:
        edges = {to: {"inputFields": [named(reads[0]) | {"field": at, "transformations": [{"type": "DIRECT"}]}]}
                 for to, at in columns.items()}  # fmt: skip
        lineage = {"facets": {"columnLineage": {"fields": edges}}}
    quality = {"inputFacets": {"dataQualityAssertions": {"assertions": list(checks)}}} if checks else {}
    ways = [named(one) | {"way": way, "says": says} for one, way, says in reading]
    job = ({"sql": {"query": sql}} if sql else {}) | ({"ecompulse_reading": {"inputs": ways}} if ways else {})
    return {
        "eventType": "COMPLETE", "eventTime": f"2026-11-20T10:{minute:02}:00Z", "producer": "https://example.org/tests",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {minute}"))},
        "job": {"namespace": "test", "name": name, "facets": job},
        "inputs": [named(one) | quality for one in reads], "outputs": [named(one) | lineage for one in outputs],
    }  # fmt: skip


@pytest.fixture
def index() -> Iterator[Index]:
    with Index.open(":memory:") as empty:
        yield empty


def verdicts(index: Index, contract: str, path: str, **changed: Any) -> dict[str, str]:
    """The word for everybody when a column of the contract changes, or goes when nothing is said."""
    before = of_contract(load_all()[contract])
    parts = tuple(Part(path=path, **changed) if one.path == path else one for one in before.parts
                  if changed or one.path != path)  # fmt: skip
    changes = [one for one in detect(Shape(parts=before.parts), Shape(parts=parts)) if one.path == path]
    told = consumers(index, named_in(index, contract)).value
    (finding,) = judge(contract, changes[:1], told)
    return {one.consumer.name: one.word for one in finding.verdicts}


def named_in(index: Index, contract: str) -> Dataset:
    found = index.find(contract)
    assert isinstance(found, Dataset)
    return found


CUT = '["event_id", "event_…'


def rule(name: str, *, column: str | None = None, severity: str = "error", **params: str) -> dict[str, Any]:
    return {"assertion": name, "name": name, "success": True, "severity": severity, "params": params,
            **({"column": column} if column else {})}  # fmt: skip


@pytest.mark.parametrize(
    "told, path, changed, word",
    [
        (rule("expect_table_columns_to_match_set", column_set=CUT, exact_match="false"), "brand", {}, "breaking"),
        (rule("expect_column_types_to_match_contract", types=CUT), "price", {"type": "double"}, "breaking"),
        (rule("expect_column_types_to_match_contract", types=CUT), "price", {"type": "decimal(14,2)"}, "breaking"),
        (rule("expect_column_types_to_match_contract", types=CUT), "brand", {"type": "string(99)"}, "compatible"),
        (rule("expect_text_to_fit", lengths=CUT), "brand", {"type": "string(99)"}, "may break"),
        (rule("expect_text_to_fit", lengths=CUT), "price", {"type": "double"}, "compatible"),
        (rule("expect_order_total_to_be", columns='["price", "quantity"]', owner="x"), "price", {}, "breaking"),
        (rule("expect_order_total_to_be", columns='["price", "quantity"]', owner="x"), "brand", {}, "compatible"),
        (rule("expect_order_total_to_be", columns='["price"]', severity="warn", owner="x"), "price", {}, "may break"),
        (rule("topic_settings"), "price", {}, "compatible"),
    ],
)  # fmt: skip
def test_a_rule_whose_parameters_the_record_cuts_asks_what_the_contract_says(index: Index, told, path, changed, word):
    index.add([event("quality", inputs=[EVENTS], checks=[told])])
    assert verdicts(index, "warehouse.events", path, **changed)["quality"] == word


def test_a_new_column_is_told_to_those_that_list_all_and_does_not_stop_them(index: Index):
    unknown = rule("expect_no_unknown_columns", known=CUT, severity="warn")
    index.add([event("quality", inputs=[EVENTS], checks=[unknown])])
    before = of_contract(load_all()["warehouse.events"])
    after = Shape(parts=(*before.parts, Part(path="coupon", type="string")))
    (change,) = detect(Shape(parts=before.parts), after)
    quality = next(one for one in consumers(index, EVENTS).value if one.engine == "gx")
    assert classify(change, quality).word == "may break"
    assert classify(change, quality).reason == "expect_no_unknown_columns() asks about it, and only warns"


def test_rules_that_follow_from_the_contract_can_be_left_out_where_the_contract_changes(index: Index):
    written = rule("expect_column_values_to_be_between", column="price", owner="data-engineering", min_value="0")
    index.add([event("quality", inputs=[EVENTS], checks=[rule("expect_text_to_fit", lengths=CUT), written])])
    with_all, without = (
        next(one.checks for one in consumers(index, EVENTS, derived=derived).value if one.engine == "gx")
        for derived in (True, False)
    )
    assert {one.type for one in with_all} == {"expect_text_to_fit", "expect_column_values_to_be_between"}
    assert [one.type for one in without] == ["expect_column_values_to_be_between"]


def test_who_writes_by_statements_that_name_the_table_breaks_with_it(index: Index):
    index.add([event("load", outputs=[EVENTS], sql="INSERT INTO events (brand) SELECT brand FROM staging_events"),
               event("copy", outputs=[EVENTS])])  # fmt: skip
    assert verdicts(index, "warehouse.events", "brand") == {"load": "breaking", "warehouse.events": "breaking"}


@pytest.mark.parametrize("namespace", ["snowflake://org-account", "teradata://host:1025"])
def test_statements_in_other_engines_are_read_as_far_as_their_dialect_is_known(index: Index, namespace: str):
    table = Dataset(namespace, "shop.public.orders")
    index.add([event("report", inputs=[table], sql="SELECT price FROM orders")])
    (job,) = consumers(index, table).value
    assert (job.name, job.engine, job.dataset) == ("report", "sql", "orders")
    gone = detect(Shape(parts=(Part(path="price", type="int"),)), Shape(parts=()))
    assert [one.word for one in judge("orders", gone, [job])] == ["breaking"]


def test_who_checks_what_it_reads_on_the_way_to_something_else_does_both(index: Index):
    present = rule("expect_column_values_to_not_be_null", column="brand")
    index.add([event("refine", inputs=[EVENTS], outputs=[Dataset("s3://b", "out")], checks=[present]),
               event("check", inputs=[EVENTS], checks=[present])])  # fmt: skip
    told = [(one.name, one.engine) for one in consumers(index, EVENTS).value]
    assert told == [("check", "gx"), ("refine", "gx"), ("refine", "postgres"), ("warehouse.events", "postgres")]


def test_who_names_members_of_an_object_takes_the_others_as_they_come(index: Index):
    raw, kept = Dataset("kafka://127.0.0.1:19092", "ecommerce-events-raw"), Dataset("s3://b", "warehouse/e.db/kept")
    index.add([event("enrich", inputs=[raw], outputs=[kept],
                     columns={"price": "properties.price", "extra": "properties"})])  # fmt: skip
    (job,) = (one for one in consumers(index, raw).value if one.name == "enrich")
    assert job.reads == {"properties.price"}
    words = verdicts(index, "kafka.ecommerce-events-raw", "properties.brand")
    assert words == {"enrich": "compatible", "kept": "compatible"}
    words = verdicts(index, "kafka.ecommerce-events-raw", "properties.price", type="string")
    assert words == {"enrich": "breaking", "kept": "breaking"}


RAW, LAKE = (
    Dataset("kafka://127.0.0.1:19092", "ecommerce-events-raw"),
    Dataset("s3://lake", "warehouse/ecom.db/enriched_events"),
)
PRICE, CURRENCY, PAID = "properties.price", "properties.currency", "properties.payment_method"
COLUMNS = {"price": PRICE, "currency": CURRENCY, "payment_method": PAID}
SAYS = "what does not fit is null"


def enriching(*ways: str, **more: Any) -> dict[str, Any]:
    reading = [(RAW, way, SAYS) for way in ways]
    return event("enrich", inputs=[RAW], outputs=[LAKE], columns=COLUMNS, reading=reading, **more)


def told(index: Index, path: str, **changed: Any) -> dict[str, tuple[str, str]]:
    """Word and reason for everybody of a change of the raw topic."""
    before = of_contract(load_all()["kafka.ecommerce-events-raw"])
    old = next(one for one in before.parts if one.path == path)
    after = () if not changed else (replace(old, **changed),)
    (change,) = detect(Shape(parts=(old,)), Shape(parts=after))
    (finding,) = judge("raw", [change], consumers(index, RAW).value)
    return {one.consumer.name: (one.word, one.reason) for one in finding.verdicts}


def test_a_job_is_judged_as_it_says_that_it_reads_and_so_is_what_it_makes(index: Index):
    index.add([enriching("cast"), event("profile", inputs=[RAW], reading=[(RAW, "any", "counts what comes")]),
               event("strict", inputs=[RAW])])  # fmt: skip
    assert told(index, PRICE, type="string") == {
        "enrich": ("may break", f"casts it: {SAYS}"),
        "lake.enriched_events": ("may break", f"enrich casts it: {SAYS}"),
        "profile": ("compatible", "bears it: counts what comes"),
        "strict": ("breaking", "not every string is a double"),
    }


def test_a_job_that_no_longer_says_how_it_reads_reads_strictly(index: Index):
    index.add([enriching("cast")])
    assert told(index, PRICE, type="string")["enrich"][0] == "may break"
    index.add([enriching(minute=1)])
    assert told(index, PRICE, type="string")["enrich"][0] == "breaking"


def test_who_checks_whatever_comes_and_has_no_rule_for_this_dataset_bears_it(index: Index):
    index.add([event("quality", inputs=[RAW], reading=[(RAW, "any", "its rules say what they ask for")])])
    assert told(index, PRICE, type="string") == {"quality": ("compatible", "bears it: its rules say what they ask for")}


def test_a_table_behind_jobs_that_do_not_all_say_so_meets_what_comes(index: Index):
    other = event("copy", inputs=[RAW], outputs=[LAKE], columns={"price": PRICE})
    index.add([enriching("cast"), other])
    assert told(index, PRICE, type="string")["lake.enriched_events"][0] == "breaking"


def test_how_a_job_reads_one_input_says_nothing_of_another(index: Index):
    index.add([event("enrich", inputs=[RAW, LAKE], reading=[(LAKE, "any", SAYS)])])
    assert told(index, PRICE, type="string")["enrich"][0] == "breaking"


def test_a_column_that_is_made_of_the_dropped_one_alone_breaks_and_is_named(index: Index):
    index.add([enriching("cast")])
    why = "nothing else makes currency of lake.enriched_events"
    assert told(index, CURRENCY) == {"enrich": ("breaking", why), "lake.enriched_events": ("breaking", why)}


def test_a_column_that_is_made_of_others_too_may_break(index: Index):
    users = Dataset("redis://h:6379", "users")
    index.add([enriching("cast"), event("fill", inputs=[users], outputs=[LAKE], columns={"currency": "currency"})])
    why = "one of several columns that make currency of lake.enriched_events"
    assert told(index, CURRENCY) == {"enrich": ("may break", why), "lake.enriched_events": ("may break", why)}


def test_what_is_made_of_all_columns_or_makes_all_of_them_is_made_of_none_alone(index: Index):
    index.add([event("enrich", inputs=[RAW], outputs=[LAKE], columns={"currency": "*", "*": CURRENCY})])
    assert {name: word for name, (word, _) in told(index, CURRENCY).items()} == {
        "enrich": "may break", "lake.enriched_events": "breaking",
    }  # fmt: skip


def test_what_a_column_held_before_and_what_only_filters_it_are_no_other_source(index: Index):
    own = event("enrich", inputs=[RAW, LAKE], outputs=[LAKE], columns=COLUMNS)
    fields = own["outputs"][0]["facets"]["columnLineage"]["fields"]
    fields["currency"]["inputFields"] += [
        {"namespace": LAKE.namespace, "name": LAKE.name, "field": "currency", "transformations": [{"type": "DIRECT"}]},
        {"namespace": RAW.namespace, "name": RAW.name, "field": "source", "transformations": [{"type": "INDIRECT"}]},
    ]
    index.add([own])
    assert told(index, CURRENCY)["lake.enriched_events"][0] == "breaking"


@pytest.mark.parametrize(
    ("severity", "name", "columns", "word"),
    [
        ("error", "expect_currency_to_be_known", ["event_id", "currency"], "breaking"),
        ("warn", "expect_currency_to_be_known", ["event_id", "currency"], "may break"),
        ("error", "expect_currency_to_be_known", ["event_id"], None),
        ("error", "expect_column_values_to_be_in_set", ["currency"], "compatible"),
    ],
)
def test_who_checks_what_is_made_of_the_dropped_column_alone_breaks_with_it(
    index: Index, severity: str, name: str, columns: list[str], word: str | None
):
    asks = rule(name, severity=severity, columns=json.dumps(columns), owner="x")
    index.add([enriching(), event("quality", inputs=[LAKE], checks=[asks], minute=1)])
    found = told(index, CURRENCY)
    assert found.get("quality", (None,))[0] == word
    if word == "breaking":
        assert found["quality"][1] == f"{name}() asks about currency of lake.enriched_events, which nothing else makes"


def test_of_who_checks_what_is_made_only_present_readers_and_their_newest_rules_count(index: Index):
    known, other = (rule(name, columns='["currency"]', owner="x") for name in ("expect_known", "expect_other"))
    index.add([enriching(), *(event(name, inputs=[LAKE], checks=[known], minute=1) for name in ("quality", "former"))])
    index.add([event("quality", inputs=[LAKE], checks=[other], minute=2), event("former", inputs=[EVENTS], minute=2)])
    (suite,) = [one for one in consumers(index, RAW).value if one.engine == "gx"]
    assert (suite.name, [check.type for made in suite.made for check in made.asked]) == ("quality", ["expect_other"])


def test_who_reads_it_to_check_what_is_made_of_it_only_checks(index: Index):
    quality = event("quality", inputs=[RAW, LAKE], minute=1)
    known = rule("expect_known", columns='["currency"]', owner="x")
    quality["inputs"][1]["inputFacets"] = {"dataQualityAssertions": {"assertions": [known]}}
    index.add([enriching("cast"), quality])
    assert [one.engine for one in consumers(index, RAW).value if one.name == "quality"] == ["gx"]


def test_a_suite_that_checks_both_is_there_once(index: Index):
    of_raw, of_lake = (
        rule("expect_sent_price", columns='["properties.price"]'),
        rule("expect_known", columns='["currency"]'),
    )
    both = event("quality", inputs=[RAW, LAKE], checks=[of_raw], minute=1)
    both["inputs"][1]["inputFacets"] = {"dataQualityAssertions": {"assertions": [of_lake]}}
    index.add([enriching("cast"), both])
    assert [one.name for one in consumers(index, RAW).value] == ["enrich", "lake.enriched_events", "quality"]
    assert told(index, CURRENCY)["quality"][0] == told(index, PRICE)["quality"][0] == "breaking"


@pytest.mark.parametrize("way", ["cast", "any"])
def test_a_new_value_may_break_whom_a_promise_or_a_suite_behind_expects_another(index: Index, way: str):
    index.add([enriching(way)])
    more = ("credit_card", "paypal", "apple_pay", "google_pay", "klarna")
    why = "it makes payment_method of lake.enriched_events"
    assert told(index, PAID, enum=more)["enrich"] == ("may break", f"{why}, whose contract lists other values")
    inside = rule("expect_column_values_to_be_in_set", column="payment_method", value_set='["paypal"]', owner="x")
    index.add([event("quality", inputs=[LAKE], checks=[inside], minute=1)])
    found = told(index, PAID, enum=more)
    says = f"{why}: expect_column_values_to_be_in_set(payment_method) asks about it"
    assert found["enrich"] == found["quality"] == ("may break", says)


def test_a_new_value_that_nothing_behind_limits_is_passed_on(index: Index):
    somewhere = Dataset("s3://b", "out")
    index.add(
        [event("enrich", inputs=[RAW], outputs=[somewhere], columns={"paid": PAID}, reading=[(RAW, "cast", SAYS)])]
    )
    more = ("credit_card", "paypal", "apple_pay", "google_pay", "klarna")
    assert told(index, PAID, enum=more)["enrich"] == ("compatible", f"passes it on: {SAYS}")


def test_who_reads_the_record_reads_none_of_the_data_it_tells_of(index: Index):
    record = Dataset("http://127.0.0.1:5000", "api/v1/events/lineage")
    index.add([event("detect_drift", inputs=[record, EVENTS]), event("export", inputs=[EVENTS])])
    assert index.find("api.lineage_events") == record
    assert [one.name for one in consumers(index, EVENTS).value] == ["export", "warehouse.events"]
    assert "detect_drift" in {one.name for one in consumers(index, record).value}


def test_who_no_longer_reads_it_is_no_consumer(index: Index):
    other = Dataset(WAREHOUSE, "warehouse.public.daily_summary")
    index.add([event("export", inputs=[EVENTS, other])])
    assert "export" in {one.name for one in consumers(index, EVENTS).value}
    index.add([event("export", inputs=[other], minute=5)])
    assert "export" not in {one.name for one in consumers(index, EVENTS).value}


def test_without_a_record_there_are_the_table_the_contract_s_readers_the_suite_and_the_statements():
    rules = json.loads((SUITES / "data_warehouse_suite.json").read_text(encoding="utf-8"))
    summary = (ROOT / "lineage" / "reports" / "daily_summary.sql").read_text(encoding="utf-8")
    told = declared(load_all()["warehouse.events"], rules, {"daily_summary.sql": summary})
    assert [(one.name, one.engine, one.direction) for one in told] == [
        ("warehouse.events", "postgres", "table"),
        ("readers of warehouse.events", "postgres", "old_reads_new"),
        ("data_warehouse_suite", "gx", "old_reads_new"),
        ("daily_summary.sql", "sql", "old_reads_new"),
    ]
    before = of_contract(load_all()["warehouse.events"])
    after = Shape(parts=tuple(one for one in before.parts if one.path != "event_revenue"))
    (finding,) = judge("warehouse.events", detect(Shape(parts=before.parts), after), told)
    assert {one.consumer.name: one.word for one in finding.verdicts} == {
        "warehouse.events": "breaking", "readers of warehouse.events": "breaking",
        "data_warehouse_suite": "breaking", "daily_summary.sql": "breaking",
    }  # fmt: skip


def test_a_lake_table_is_not_meant_by_the_warehouse_s_statements():
    told = declared(load_all()["lake.user_sessions"], None, {"x.sql": "SELECT * FROM user_sessions"})
    assert [(one.name, one.engine) for one in told] == [
        ("lake.user_sessions", "iceberg"), ("readers of lake.user_sessions", "iceberg"),
    ]  # fmt: skip
    topic = declared(load_all()["kafka.user-sessions"], None, {})
    assert [(one.name, one.engine) for one in topic] == [("readers of kafka.user-sessions", "json")]


def test_a_dataset_with_300_readers_is_told_and_judged_at_once(index: Index):
    sql = "SELECT {n} AS n, price, quantity * price AS paid FROM events WHERE brand = 'a'"
    index.add(
        event(f"report {n}", inputs=[EVENTS], outputs=[Dataset(WAREHOUSE, f"warehouse.public.r{n}")],
              sql=sql.format(n=n) if n % 2 else "", columns={"paid": "price"})
        for n in range(300)
    )  # fmt: skip
    consumers(index, EVENTS)  # edges are read once per state of the index
    start = time.process_time()
    told = consumers(index, EVENTS)
    took_ms = 1000 * (time.process_time() - start)
    assert len(told.value) == 601 and took_ms < 300  # 100 on an idle machine
