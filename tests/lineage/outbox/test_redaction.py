import copy
import io
import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.redaction import MASK, RedactingFilter, redact, redact_text

SECRET = "hunter2Zq9"


@pytest.mark.parametrize(
    "text",
    [
        "postgres://etl:{}@db:5432/shop",
        "redis://:{}@cache:6379/0",
        "postgres://etl:p@{}@db/shop",
        "https://{}@github.example/shop.git",
        "s3a://AKIAABCDEFGHIJKLMNOP:ab/{}@bucket/key",
        "jdbc:postgresql://db/shop?user=etl&password={}&ssl=true",
        "jdbc:redshift://db/shop;user=etl;password={}",
        "jdbc:oracle:thin:etl/{}@//db:1521/shop",
        "Authorization: Bearer {}",
        '{{"Authorization": "Basic {}"}}',
        "curl -H 'Authorization: Token {}'",
        "sent with bearer {}",
        "password={}",
        "PGPASSWORD={} psql",
        "password: {}",
        "password = {}\nnext line",
        '{{"password": "{}"}}',
        '{{\\"api_key\\": \\"{}\\"}}',
        "{{'secret': '{}'}}",
        'password="quo\\"ted {}"',
        "--conf spark.hadoop.fs.s3a.secret.key={} --class Main",
        "aws_secret_access_key = {}",
        "sessionToken={}",
        "CREATE USER etl WITH PASSWORD '{}'",
        "CREATE USER etl IDENTIFIED BY '{}'",
        "COPY t FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=x;aws_secret_access_key={}'",
        "COPY t FROM 's3://b/k' ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY '{}'",
        "PASSWORD 'it''s {}'",
        'LoginModule required username="etl" password="{}";',
        "https://hooks.slack.com/services/T012/B345/{}",
        "http://127.0.0.1:8123/services/T0/B0/{}",
        "https://discord.example/api/webhooks/123/{}",
        "https://b.s3.amazonaws.com/k?X-Amz-Credential=AB&X-Amz-Signature={}",
        "https://acc.blob.core.windows.net/c?sv=2024&sig={}",
        "ghp_{}abcdefghijklmnop",
        "xoxb-123-{}abcdef",
        "eyJhbGciOi.eyJzdWIiOi.{}",
        "-----BEGIN RSA PRIVATE KEY-----\nMII{}\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_planted_secret_is_blanked_out_of_text(text):
    planted = text.format(SECRET)
    clean = redact_text(planted)
    assert SECRET not in clean
    assert MASK in clean
    assert redact_text(clean) == clean
    assert SECRET not in json.dumps(redact({"errorMessage": {"stackTrace": f"Caused by: {planted} at line 3"}}))


@pytest.mark.parametrize("key", ["AKIAABCDEFGHIJKLMNOP", "ASIAABCDEFGHIJKLMNOP"])
def test_aws_key_ids_are_blanked_out_wherever_they_stand(key):
    assert redact_text(f"user {key} denied") == f"user {MASK} denied"


@pytest.mark.parametrize(
    "key",
    ["password", "db_password", "dbPassword", "fs.s3a.access.key", "fs.s3a.secret.key", "api-key", "API_KEY", "token",
     "sessionToken", "client_secret", "webhookUrl", "accessKeyId", "Authorization", "pwd"],
)  # fmt: skip
def test_a_value_under_a_key_that_names_a_secret_is_blanked_out(key):
    assert redact({"conf": {key: SECRET}}) == {"conf": {key: MASK}}
    assert redact({"tags": [{"key": key, "value": SECRET}]}) == {"tags": [{"key": key, "value": MASK}]}


def test_everything_under_credentials_is_blanked_out():
    assert redact({"credentials": {"user": SECRET, "more": [SECRET]}}) == {
        "credentials": {"user": MASK, "more": [MASK]}
    }


def test_known_secrets_are_blanked_out_whatever_surrounds_them():
    assert redact({"name": f"x{SECRET}y", SECRET: 1}, secrets=[SECRET, ""]) == {"name": f"x{MASK}y", MASK: 1}


HARMLESS = [
    {"namespace": "redis://127.0.0.1:6379", "name": "db0.lookup:product:*"},
    {"namespace": "redis://cache:6379", "name": "lookup:token:*"},
    {"namespace": "kafka://broker:9092", "name": "enriched-events"},
    {"namespace": "abfss://container@account.dfs.core.windows.net", "name": "password=1/part"},
    {"schema": {"fields": [{"name": "token", "type": "string"}, {"name": "password", "type": "varchar(64)"}]}},
    {"columnLineage": {"fields": {"api_key": {"inputFields": [{"namespace": "n", "name": "t", "field": "secret"}]}}}},
    {"dataQualityMetrics": {"columnMetrics": {"token": {"nullCount": 3, "distinctCount": 12}}}},
    {
        "keys": ["token", "secret"],
        "nullable": {"password": False},
        "foreign_key": "orders.id",
        "partitionKey": "user_id",
    },
    {"tags": [{"key": "env", "value": "prod", "source": "DAG"}]},
    {"token_type": "opaque", "key": "token", "primaryKey": "session_token", "maxTokens": 3},
    {
        "sql": {
            "query": "SELECT s.token FROM s JOIN t ON s.token = t.token AND s.secret=t.secret WHERE password IS NULL"
        }
    },
    {"sql": {"query": "MERGE INTO w USING s ON token = other WHEN MATCHED THEN UPDATE SET secret = :secret, pwd = %s"}},
    {"errorMessage": {"message": 'password authentication failed for user "etl"'}},
    {"errorMessage": {"message": "Unrecognized token 'foo': was expecting JSON"}},
    {"errorMessage": {"message": "root\n |-- token: string (nullable = true)\n |-- secret: long (nullable = false)"}},
    {"errorMessage": {"message": "column a.token = b.token is ambiguous; Bearer authentication required"}},
    {"documentation": {"description": "session_token: identifies the session. foreign_key=user. Basic authentication"}},
    {"sourceCodeLocation": {"url": "https://github.com/org/repo/blob/0a1b2c3d4e5f60718293a4b5c6d7e8f901234567/a.py"}},
    {"message": "http://host:8080/path@v2 and http://[::1]:80/x@y and mail shop@example.com"},
    {"checksum": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12", "runId": "61d4bbff-8c75-5829-a3d1-3739a641fe49"},
]


@pytest.mark.parametrize("event", HARMLESS)
def test_harmless_data_stays_as_it_is(event):
    before = copy.deepcopy(event)
    assert redact(event) == before
    assert event == before


words = st.sampled_from(
    ["token", "password", "secret", "key", "foreign_key", "api_key", "lookup", "product", "user_id"]
)
names = st.lists(words, min_size=1, max_size=3).flatmap(lambda parts: st.sampled_from([s.join(parts) for s in ":._-/"]))
types = st.sampled_from(["string", "VARCHAR(20)", "bigint", "struct<token:string>", "decimal(10,2)"])
plain = st.text(alphabet=st.characters(whitelist_categories=("Lu", "Ll", "Nd", "Zs")), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(names, st.lists(st.tuples(names, types, plain), max_size=5))
def test_datasets_keep_names_columns_and_types_whatever_they_are_called(name, columns):
    fields = [{"name": n, "type": t, "description": d, "ordinal_position": i} for i, (n, t, d) in enumerate(columns)]
    lineage = {n: {"inputFields": [{"namespace": "n", "name": name, "field": n}]} for n, _, _ in columns}
    dataset = {
        "namespace": "redis://h:6379",
        "name": name,
        "facets": {"schema": {"fields": fields}, "columnLineage": {"fields": lineage}},
    }
    assert redact({"inputs": [dataset]}) == {"inputs": [dataset]}


def shape(value):
    if isinstance(value, dict):
        return [shape(v) for v in value.values()]
    if isinstance(value, list):
        return [shape(v) for v in value]
    return "text" if isinstance(value, str) else value


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first example loads Unicode's tables
@given(st.dictionaries(names, values, max_size=5))
def test_redacting_twice_is_redacting_once_and_only_texts_change(event):
    once = redact(event)
    assert redact(once) == once
    assert shape(once) == shape(event)


@given(st.text(), names, st.sampled_from(["=", "='", ": 1", '": "', " => "]), st.text())
def test_text_is_redacted_to_a_fixed_point(before, name, sign, after):
    once = redact_text(f"{before} {name}{sign}{after}")
    assert redact_text(once) == once


def test_log_lines_arguments_and_stack_traces_are_redacted():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError(f"cannot connect to postgres://etl:{SECRET}@db")
    except ValueError:
        logger.exception("connecting with password=%s to %s", SECRET, "db")
    assert SECRET not in stream.getvalue()
    assert f"password={MASK} to db" in stream.getvalue()
    assert "ValueError: cannot connect" in stream.getvalue()
