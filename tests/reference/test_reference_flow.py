"""Reference data from the shop's API through object, lake and cache to the warehouse, on real servers."""

import json
from datetime import UTC, datetime
from threading import Event, Thread
from types import SimpleNamespace

import httpx
import pytest

from catalog.contract import load
from lineage.errors import SourceEmpty
from lineage.hooks.cache import CacheHook
from lineage.hooks.lake import LakeHook, arrow_schema
from lineage.hooks.shop import ShopHook
from lineage.hooks.warehouse import WarehouseHook
from lineage.operators.reference import FetchCatalogOperator, LandInLakeOperator, RefreshLookupCacheOperator
from lineage.operators.warehouse import LoadDimensionsOperator

SERVERS = ("postgres", "redis", "s3", "glue", "shop")
pytestmark = pytest.mark.integration
STAMP = "20260301T000000"


def step(operator, **given):
    return operator(task_id="step", **given).run({})


@pytest.fixture(scope="module")
def flow(platform):
    """The whole way once: the outcome of each step."""
    return {
        "fetch": step(FetchCatalogOperator, stamp=STAMP),
        "land": step(LandInLakeOperator, stamp=STAMP),
        "cache": step(RefreshLookupCacheOperator),
        "load": step(LoadDimensionsOperator),
    }


def test_every_record_of_the_shop_arrives_at_each_place(flow):
    rows = {name: (outcome.rows_in, outcome.rows_out) for name, outcome in flow.items()}
    assert set(rows.values()) == {rows["fetch"]}
    assert rows["fetch"][0] > 1000
    assert flow["fetch"].rows_rejected == 0


def test_a_product_is_the_same_at_both_ends(flow):
    line = LakeHook().get(f"landing/products/{STAMP}.jsonl").splitlines()[0]
    sent = json.loads(line)
    cached = CacheHook().client.hgetall(f"lookup:product:{sent['product_id']}")
    assert {
        name: str(value) for name, value in sent.items() if name != "last_updated" and value is not None
    }.items() >= {
        name: value for name, value in cached.items() if name in ("product_id", "product_name", "category", "brand")
    }.items()
    assert float(cached["price"]) == sent["price"]
    with WarehouseHook().transaction() as session:
        query = "SELECT product_name, price FROM dim_products WHERE product_id = %s"
        ((name, price),) = session.fetch(query, (sent["product_id"],))
    assert (name, float(price)) == (sent["product_name"], sent["price"])


def test_landing_again_what_is_landed_commits_nothing(flow):
    table = LakeHook().table("products")
    outcome = step(LandInLakeOperator, stamp=STAMP)
    assert [written.files for written in outcome.outputs] == [1, 1]
    assert LakeHook().table("products").current_snapshot() == table.current_snapshot()
    assert outcome.rows_out == flow["land"].rows_out


def test_an_unchanged_dimension_is_left_alone(flow):
    with WarehouseHook().transaction() as session:
        before = session.fetch("SELECT * FROM dim_users ORDER BY 1")
    outcome = step(LoadDimensionsOperator)
    with WarehouseHook().transaction() as session:
        assert session.fetch("SELECT * FROM dim_users ORDER BY 1") == before
    assert outcome.rows_out == 0


def test_only_the_row_that_changed_is_merged(flow):
    with WarehouseHook().transaction() as session:
        session.execute("UPDATE dim_users SET location = NULL WHERE user_id = (SELECT MIN(user_id) FROM dim_users)")
    assert step(LoadDimensionsOperator).rows_out == 1
    with WarehouseHook().transaction() as session:
        assert session.fetch("SELECT COUNT(*) FROM dim_users WHERE location IS NULL") == [(0,)]


def test_keys_and_fields_that_are_no_longer_wanted_go(flow):
    client = CacheHook().client
    count = len(list(client.scan_iter(match="lookup:user:*", count=1000)))
    some = next(client.scan_iter(match="lookup:user:*"))
    client.hset("lookup:user:gone", mapping={"user_id": "gone"})
    client.hset(some, mapping={"old_field": "x"})
    client.set("lookup:other", "not ours")
    step(RefreshLookupCacheOperator)
    assert len(list(client.scan_iter(match="lookup:user:*", count=1000))) == count
    assert not client.hexists(some, "old_field")
    assert client.get("lookup:other") == "not ours"


def test_a_reader_finds_every_product_while_the_cache_is_refreshed(flow):
    keys = list(CacheHook().client.scan_iter(match="lookup:product:*", count=1000))
    reader, done, incomplete = CacheHook().client, Event(), []

    def read():
        while not done.is_set():
            with reader.pipeline(transaction=False) as pipe:
                for key in keys:
                    pipe.hmget(key, ["product_id", "price"])
                incomplete.extend(found for found in pipe.execute() if None in found)

    thread = Thread(target=read)
    thread.start()
    for _ in range(3):
        step(RefreshLookupCacheOperator)
    done.set()
    thread.join()
    assert len(keys) > 1000
    assert incomplete == []


def test_a_malformed_record_is_set_apart_with_its_reason_and_the_rest_goes_on(flow):
    known = {"product_id": "p1", "product_name": "Lamp", "category": "home", "price": 1.5, "last_updated": "2026-03-01"}
    sent = {"products": [known, known | {"product_id": "p2", "price": "dear"}], "users": [{"user_id": "u1"}]}

    def answer(request):
        return httpx.Response(200, json={"items": sent[request.url.path.split("/")[-1]], "pages": 1})

    fetch = FetchCatalogOperator(task_id="fetch", stamp="malformed")
    fetch.shop = ShopHook(transport=httpx.MockTransport(answer))
    outcome = fetch.run({})
    assert (outcome.rows_in, outcome.rows_out, outcome.rows_rejected) == (3, 2, 1)
    (line,) = LakeHook().get("landing/rejected/products-malformed.jsonl").splitlines()
    assert json.loads(line) == {"reason": "price is no decimal(12,2)", "record": sent["products"][1]}
    assert LakeHook().metadata("landing/rejected/users-malformed.jsonl") is None


def test_the_stamp_of_a_run_is_the_same_for_each_of_its_tasks():
    steps = [FetchCatalogOperator(task_id="fetch"), LandInLakeOperator(task_id="land")]
    run = SimpleNamespace(run_after=datetime(2026, 3, 1, 5, 30, tzinfo=UTC))
    for operator in steps:
        operator.render_template_fields({"dag_run": run})
    assert [operator.stamp for operator in steps] == ["20260301T053000"] * 2


def test_an_empty_lake_table_does_not_empty_the_cache(flow):
    import pyarrow as pa

    contract = load("lake.users")
    nothing = pa.Table.from_pylist([], schema=arrow_schema(contract.schema))
    LakeHook().overwrite(contract, nothing, origin="a mistake")
    try:
        with pytest.raises(SourceEmpty, match=r"ecom\.db/users has no rows"):
            step(RefreshLookupCacheOperator)
    finally:
        step(LandInLakeOperator, stamp=STAMP)
    assert next(CacheHook().client.scan_iter(match="lookup:user:*"), None)


def test_lineage_names_each_place_and_every_column(flow):
    (products, _users) = flow["cache"].outputs
    assert products.dataset.namespace.startswith("redis://127.0.0.1:")
    assert products.dataset.name == "db0.lookup:product:*"
    assert set(products.columns) == set(load("cache.product").schema.names())
    assert {source.dataset.name for (source,) in products.columns.values()} == {"warehouse/ecom.db/products"}
    assert [read.dataset.name for read in flow["fetch"].inputs] == ["api/v1/products", "api/v1/users"]
