"""Reference data from the shop's API through object, lake and cache to the warehouse, on real servers."""

import json

import pytest

from catalog.contract import load
from lineage.errors import SourceEmpty
from lineage.hooks.cache import CacheHook
from lineage.hooks.lake import LakeHook, arrow_schema
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
