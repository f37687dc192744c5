"""A connection that is missing or wrong is named, with what to do about it, and only what may heal is tried again."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from lineage.errors import AnswerUnusable, ConfigurationError, LineageError, ServiceUnavailable
from lineage.hooks.cache import CacheHook
from lineage.hooks.kafka import KafkaHook
from lineage.hooks.lake import LakeHook
from lineage.hooks.shop import ShopHook
from lineage.hooks.warehouse import WarehouseHook


def asked_warehouse() -> object:
    with WarehouseHook().transaction() as session:
        return session.fetch("SELECT 1")


ASK: dict[str, Callable[[], object]] = {
    "kafka": lambda: KafkaHook().topics(["orders"]),
    "lake": lambda: LakeHook().table("orders"),
    "cache": lambda: CacheHook().hashes("lookup:*", most=1),
    "warehouse": asked_warehouse,
    "shop": lambda: list(ShopHook().records("api/v1/products")),
}
HERE = {"host": "127.0.0.1", "port": 1}
NOWHERE = {"s3": {"endpoint_url": "http://127.0.0.1:1"}, "glue": {"endpoint_url": "http://127.0.0.1:1"}}


def error_of(name: str) -> LineageError:
    with pytest.raises(LineageError) as caught:
        ASK[name]()
    return caught.value


def define(monkeypatch: pytest.MonkeyPatch, name: str, **given: Any) -> None:
    kind = "aws" if name == "lake" else "generic"
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}_DEFAULT", json.dumps({"conn_type": kind} | given))


@pytest.fixture(autouse=True)
def nothing_defined(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ASK:
        monkeypatch.delenv(f"AIRFLOW_CONN_{name.upper()}_DEFAULT", raising=False)
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")


@pytest.mark.parametrize("name", ASK)
def test_a_connection_that_is_not_defined_is_named_with_the_remedy(name: str) -> None:
    error = error_of(name)
    assert isinstance(error, ConfigurationError) and not error.retryable
    assert f"connection {name}_default" in str(error) and "it is not defined" in str(error)
    assert f"airflow connections add {name}_default" in str(error) and f"AIRFLOW_CONN_{name.upper()}_DEFAULT" in str(
        error
    )


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("kafka", {}, 'its extra has no "bootstrap.servers"'),
        (
            "kafka",
            {"extra": {"bootstrap.servers": "127.0.0.1:1", "sasl.mechanisn": "PLAIN"}},
            'its extra cannot be used: No such configuration property: "sasl.mechanisn"',
        ),
        ("lake", {}, 'its extra has no "bucket"'),
        ("lake", {"extra": {"bucket": "b", "region_name": "eu-west-1"}}, "it has no login and password"),
        ("cache", {}, "it has no host"),
        ("cache", {"host": "127.0.0.1", "extra": {"db": "first"}}, "\"db\" in its extra is 'first'"),
        ("warehouse", {"schema": "wh"}, "it has no host"),
        ("warehouse", {"host": "127.0.0.1"}, "it has no schema"),
        ("shop", {}, "it has no host"),
    ],
)
def test_a_connection_that_lacks_something_says_what(
    monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, Any], problem: str
) -> None:
    define(monkeypatch, name, **given)
    error = error_of(name)
    assert isinstance(error, ConfigurationError) and not error.retryable
    assert f"Setting 'connection {name}_default': {problem}" in str(error)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("kafka", {"extra": {"bootstrap.servers": "127.0.0.1:1"}}),
        ("lake", {"login": "me", "password": "secret-word", "extra": {
            "bucket": "b", "region_name": "eu-west-1", "service_config": NOWHERE}}),
        ("cache", HERE),
        ("warehouse", HERE | {"schema": "wh"}),
        ("shop", HERE),
    ],
)  # fmt: skip
def test_a_server_that_does_not_answer_is_named_by_address_and_worth_a_retry(
    monkeypatch: pytest.MonkeyPatch, name: str, given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    define(monkeypatch, name, **given)
    monkeypatch.setattr("lineage.hooks.kafka.TIMEOUT_S", 1)
    with caplog.at_level(logging.CRITICAL):
        error = error_of(name)
    assert isinstance(error, ServiceUnavailable) and error.retryable
    assert "127.0.0.1:1" in error.address and "stack status" in str(error)
    assert name == "shop" or f"connection {name}_default" in str(error)
    assert "secret-word" not in str(error)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"host": "shop.example"}, "http://shop.example"),
        ({"host": "shop.example", "port": 8443, "schema": "https"}, "https://shop.example:8443"),
        ({"host": "https://shop.example"}, "https://shop.example"),
    ],
)
def test_the_shop_s_scheme_stands_in_the_schema_or_in_the_host(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], address: str
) -> None:
    define(monkeypatch, "shop", **given)
    assert ShopHook().base_url == address


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDenied", AnswerUnusable), ("NoSuchBucket", AnswerUnusable), ("SlowDown", ServiceUnavailable)],
)
def test_a_store_that_refuses_is_not_asked_again_and_a_busy_one_is(
    monkeypatch: pytest.MonkeyPatch, code: str, kind: type[LineageError]
) -> None:
    from botocore.stub import Stubber

    define(monkeypatch, "lake", login="me", password="x", extra={"bucket": "b", "region_name": "eu-west-1"})
    hook = LakeHook()
    with Stubber(hook.s3) as answers, pytest.raises(kind, match=rf"connection lake_default: .*{code}") as error:
        answers.add_client_error("put_object", code)
        hook.put("a", b"", content_type="text/plain")
    assert error.value.retryable == (kind is ServiceUnavailable)
