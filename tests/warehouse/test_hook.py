"""The warehouse's connection."""

import json

import pytest

from lineage.errors import ConfigurationError, ServiceUnavailable
from lineage.hooks.warehouse import WarehouseHook


@pytest.fixture
def connection(monkeypatch):
    def define(**given):
        known = {"conn_type": "postgres", "host": "127.0.0.1", "port": 1, "schema": "wh", "login": "me"} | given
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_DEFAULT", json.dumps(known))
        return WarehouseHook()

    return define


def test_a_server_that_is_not_there_is_named_and_worth_a_retry(connection):
    with pytest.raises(ServiceUnavailable, match=r"127\.0\.0\.1:1 ") as error, connection().transaction():
        pytest.fail("there is nothing at this port")
    assert error.value.retryable


def test_the_type_of_the_connection_decides_the_dialect_and_the_name(connection):
    host = "shop.abc123.eu-west-1.redshift.amazonaws.com"
    local = connection()
    assert (local.dialect, str(local.dataset("events"))) == ("postgres", "postgres://127.0.0.1:1/wh.public.events")
    cluster = connection(conn_type="redshift", host=host, port=5439)
    with pytest.raises(ConfigurationError, match="iam_role"):
        _ = cluster.iam_role
    assert (cluster.dialect, str(cluster.dataset("events"))) == (
        "redshift",
        "redshift://shop.eu-west-1:5439/wh.public.events",
    )
