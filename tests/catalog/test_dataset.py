"""Names of datasets are those that the OpenLineage client would give."""

import pytest
from openlineage.client.naming import dataset as standard

from catalog import dataset
from catalog.dataset import Dataset


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            dataset.topic("10.0.0.1:9092", "orders"),
            standard.Kafka(bootstrap_server_host="10.0.0.1", port="9092", topic="orders"),
        ),
        (
            dataset.warehouse_table("db", 5432, "warehouse", "events"),
            standard.Postgres(host="db", port="5432", database="warehouse", schema="public", table="events"),
        ),
        (
            dataset.redshift_table("shop.abc123.eu-west-1.redshift.amazonaws.com", 5439, "wh", "events"),
            standard.Redshift(
                cluster_identifier="shop",
                region="eu-west-1",
                port="5439",
                database="wh",
                schema="public",
                table="events",
            ),
        ),
        (dataset.lake_object("lake", "/reports/x.csv"), standard.S3(bucket_name="lake", object_key="reports/x.csv")),
    ],
    ids=["kafka", "postgres", "redshift", "s3"],
)
def test_names_follow_the_openlineage_naming_rules(ours: Dataset, theirs: standard.DatasetNaming) -> None:
    assert (ours.namespace, ours.name) == (theirs.get_namespace(), theirs.get_name())


def test_the_first_of_several_brokers_names_the_topic() -> None:
    assert dataset.topic("a:9092, b:9092", "orders") == Dataset("kafka://a:9092", "orders")


def test_names_under_a_namespace_with_slashes_start_with_a_letter() -> None:
    """Marquez answers 500 to such a name that starts with a digit (MarquezProject/marquez#2921)."""
    assert dataset.cached("127.0.0.1", 6379, "lookup:product:*").name[0].isalpha()
    assert dataset.endpoint("http://127.0.0.1:8080/", "/api/v1/products").name[0].isalpha()
