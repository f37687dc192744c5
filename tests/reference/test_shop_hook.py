"""The shop's API over HTTP, through httpx's own seam."""

import json

import httpx
import pytest

from lineage.errors import AnswerUnusable, ServiceUnavailable
from lineage.hooks import shop
from lineage.hooks.shop import ShopHook


@pytest.fixture(autouse=True)
def _a_connection(monkeypatch):
    connection = {"conn_type": "http", "host": "shop.test", "schema": "https", "port": 8443}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEFAULT", json.dumps(connection))
    monkeypatch.setattr(shop, "WAIT_S", 0.001)


def records(answer):
    return list(ShopHook(transport=httpx.MockTransport(answer)).records("api/v1/products"))


def test_every_page_is_read_once_and_in_order():
    asked = []

    def answer(request):
        asked.append(str(request.url))
        page = int(request.url.params["page"])
        return httpx.Response(200, json={"items": [{"n": page}, {"n": page + 0.5}], "pages": 3})

    assert [record["n"] for record in records(answer)] == [1, 1.5, 2, 2.5, 3, 3.5]
    assert asked[2] == "https://shop.test:8443/api/v1/products?page=3&size=1000"


def test_a_server_error_and_a_broken_connection_are_tried_again():
    troubles = iter([httpx.Response(503), httpx.ConnectError("refused"), httpx.Response(429)])

    def answer(request):
        trouble = next(troubles, httpx.Response(200, json={"items": [1], "pages": 1}))
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    assert records(answer) == [1]


def test_a_server_that_stays_away_is_named_and_worth_a_retry():
    with pytest.raises(ServiceUnavailable, match=r"https://shop\.test:8443 .*HTTP 500") as error:
        records(lambda request: httpx.Response(500))
    assert error.value.retryable


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[1]),
        httpx.Response(200, json={"items": {}, "pages": 1}),
    ],
)
def test_an_answer_that_was_not_agreed_on_is_not_tried_again(answer):
    asked = []
    with pytest.raises(AnswerUnusable, match=r"shop\.test") as error:
        records(lambda request: asked.append(request) or answer)
    assert len(asked) == 1
    assert not error.value.retryable


def test_the_dataset_is_named_by_the_connection():
    assert str(ShopHook().dataset("api/v1/products")) == "https://shop.test:8443/api/v1/products"
