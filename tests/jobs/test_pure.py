"""The parts of the jobs that need no Spark: observed schemas, reports, offsets, DDL, declared column lineage."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import contract as contracts
from catalog import ddl
from lineage.jobs import columns, conf, observed
from lineage.jobs.report import Range, Report


def paths(*texts):
    found = observed.schema(texts)
    return {path: field.type for path, field in found.walk()} if found else None


def test_an_observed_schema_has_every_member_and_says_string_where_types_differ():
    text = (
        "OBJECT<event_id: STRING, n: BIGINT, properties: OBJECT<items: ARRAY<OBJECT<price: DECIMAL(5,2)>>, "
        "mixed: VARIANT, none: VOID, `odd: <name>`: BOOLEAN, price: DOUBLE>, empty: OBJECT<>>"
    )
    assert paths(text) == {
        "event_id": "string",
        "n": "bigint",
        "properties": "struct",
        "properties.items": "array",
        "properties.items._element": "struct",
        "properties.items._element.price": "double",
        "properties.mixed": "string",
        "properties.none": "string",
        "properties.odd: <name>": "boolean",
        "properties.price": "double",
        "empty": "struct",
    }


def test_schemas_of_several_batches_are_joined():
    assert paths(
        "OBJECT<a: BIGINT, b: STRING, d: VOID>", "OBJECT<a: DECIMAL(3,1), b: BIGINT, c: BOOLEAN, d: DATE>"
    ) == {
        "a": "double",
        "b": "string",
        "d": "date",
        "c": "boolean",
    }


def test_no_usable_message_gives_no_schema():
    assert paths("VOID") is None and paths() is None


counts = st.dictionaries(st.sampled_from(["x", "y", "z"]), st.integers(0, 99))
reports = st.builds(
    Report,
    job=st.just("j"),
    batches=st.integers(0, 3),
    inputs=counts,
    outputs=counts,
    sizes=counts,
    files=counts,
    rejected=counts,
    duplicates=st.integers(0, 9),
    stamps=st.lists(st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]), max_size=2).map(sorted).map(tuple),
)


@settings(deadline=None)  # a busy machine is no fault of the law
@given(reports, reports, reports)
def test_adding_reports_up_is_associative_and_starts_from_nothing(a, b, c):
    assert a.plus(b).plus(c) == a.plus(b.plus(c))
    assert Report(job="j").plus(a).outputs == a.outputs


def test_the_offsets_of_following_batches_are_one_range():
    first, then = (
        Report(job="j", offsets=(Range(topic="t", partition=0, start=s, end=e),)) for s, e in ((3, 5), (5, 9))
    )
    assert first.plus(then).offsets == (Range(topic="t", partition=0, start=3, end=9),)


def test_a_saved_report_reads_back(tmp_path):
    report = Report(
        job="j", rejected={"not_json": 2}, offsets=(Range(topic="t", partition=0, start=3, end=5),), stamps=("a",)
    )
    report.save(str(tmp_path / "r.json"))
    assert Report.read((tmp_path / "r.json").read_text()) == report


def test_every_declared_origin_is_a_column_of_its_dataset():
    known = {name: {path for path, _ in contract.schema.walk()} for name, contract in contracts.load_all().items()}
    for contract_id in (
        "lake.enriched_events",
        "kafka.ecommerce-events-enriched",
        "lake.user_sessions",
        "kafka.system-alerts",
    ):
        found = columns.origins(contract_id)
        assert found and set(found) <= known[contract_id]
        assert all(path in known[dataset] for sources in found.values() for dataset, path, _ in sources)


def test_a_read_schema_has_every_scalar_as_text():
    schema = contracts.load(columns.RAW).schema
    text = ddl.columns(schema, as_text=True)
    assert text.count("`") == 2 * sum(1 for _, field in schema.walk() if field.name != "_element")
    assert not any(word in text for word in ("double", "bigint"))


def test_a_table_definition_says_what_the_contract_says():
    statement = ddl.iceberg_table(contracts.load(columns.ENRICHED), table="lake.ecom.enriched_events")
    assert "`event_id` string NOT NULL" in statement and "`price` decimal(12,2) COMMENT" in statement
    assert "PARTITIONED BY (processing_date)" in statement
    assert "`quantity`: int>" in statement and "Cart\\'s value" in statement


def test_the_lake_s_settings_hold_endpoints_only_when_given_and_never_keys():
    lake = conf.Lake(bucket="lake", region="eu-west-1", account_id="1")
    assert not any("endpoint" in key or "access" in key or "secret" in key for key in lake.conf())
    local = conf.Lake(
        bucket="lake", region="r", account_id="1", s3_endpoint="http://s3", glue_endpoint="http://glue"
    ).conf()
    assert local["spark.sql.catalog.lake.s3.endpoint"] == "http://s3" and "secret" not in json.dumps(local)
