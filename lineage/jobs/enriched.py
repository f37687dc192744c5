"""From normalised messages to what is written: enriched rows, quality issues, dead letters. Pure Spark SQL."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from catalog import contract as contracts
from lineage.jobs.columns import DEAD, ENRICHED, ISSUES, REASONS
from lineage.jobs.envelope import cast

VALID_ABOVE = 0.7
#: Expected revenue of a cart: a tenth of it. A column of its own, never part of revenue.
CART_SHARE = 0.1


def enriched(rows: DataFrame, *, products: DataFrame, users: DataFrame, stamp: str) -> DataFrame:
    """Usable rows of `envelope.normalised`, joined and scored: the columns of lake.enriched_events."""
    goods = products.toDF("product_id", *(f"catalog_{name}" for name in products.columns[1:]))
    joined = rows.join(F.broadcast(goods), "product_id", "left").join(F.broadcast(users), "user_id", "left")
    known = {name: F.coalesce(F.col(f"catalog_{source}"), F.col(name)) for name, source in _FROM_CATALOGUE.items()}
    return conformed(joined.withColumns(known | _computed(stamp)), ENRICHED)


def conformed(rows: DataFrame, contract_id: str) -> DataFrame:
    """The contract's columns, in its order and types."""
    schema = contracts.load(contract_id).schema
    return rows.select(*(cast(F.col(field.name), field).alias(field.name) for field in schema.fields))


def quality_score() -> Column:
    """1.0 less 0.3 without user, 0.2 without properties, 0.2 without metadata.

    The original's 0.3 for a missing id never applies: a derived id tells repeats as well as a sent one, and mobile
    producers send none.
    """
    missing = {"user_id IS NULL": 3, "NOT has_properties": 2, "NOT has_metadata": 2}
    lost = sum((F.when(F.expr(test), tenths).otherwise(0) for test, tenths in missing.items()), F.lit(0))
    return (F.lit(10) - lost) / F.lit(10.0)


def issues(rows: DataFrame, *, stamp: str) -> DataFrame:
    """Those of the enriched rows whose score is not above 0.7, as kafka.data-quality-issues has them."""
    low = rows.where("NOT is_valid_event").withColumns(
        {
            "timestamp": F.col("event_time"),
            "issue_type": F.lit("LOW_QUALITY_SCORE"),
            "detected_at": F.to_timestamp(F.lit(stamp)),
        }
    )
    return conformed(low, ISSUES)


def dead_letters(rows: DataFrame, *, stamp: str, processor: str) -> DataFrame:
    """The unusable messages, whole and with the reason, as kafka.ecommerce-events-dlq has them."""
    sentences = F.create_map(*(F.lit(word) for pair in REASONS.items() for word in pair))
    bad = rows.where("error_type IS NOT NULL").withColumns(
        {
            "original_topic": F.col("topic"),
            "original_partition": F.col("partition"),
            "original_offset": F.col("offset"),
            "original_timestamp": F.col("timestamp"),
            "original_key": _readable(F.col("key")),
            "original_value": F.base64("value"),
            "original_headers": F.to_json(F.map_from_entries(F.transform("headers", _header))),
            "error_message": sentences[F.col("error_type")],
            "processor_name": F.lit(processor),
            "failure_timestamp": F.to_timestamp(F.lit(stamp)),
            "retry_count": F.lit(0),
        }
    )
    return conformed(bad, DEAD)


_FROM_CATALOGUE = {"product_name": "product_name", "product_category": "category", "brand": "brand"}


def _computed(stamp: str) -> dict[str, Column]:
    hour, weekday = F.hour("event_time"), F.weekday("event_time") + 1
    cart = F.col("quantity") * F.col("price") * F.lit(CART_SHARE)
    booked = F.col("event_type").isin("purchase", "order_adjusted")
    revenue = F.when(booked, F.col("total_amount")).when(
        F.col("event_type") == "order_cancelled", -F.abs("total_amount")
    )
    return {
        "catalog_price": F.col("catalog_price"),
        "customer_value_segment": _value_segment(),
        "event_revenue": F.coalesce(revenue, F.lit(0)),
        "expected_revenue": F.coalesce(F.when(F.col("event_type") == "add_to_cart", F.round(cart, 2)), F.lit(0)),
        "data_quality_score": quality_score(),
        "is_valid_event": quality_score() > VALID_ABOVE,
        "hour_of_day": hour,
        "day_of_week": weekday,
        "is_weekend": weekday >= 6,
        "source_partition": F.col("partition"),
        "source_offset": F.col("offset"),
        "enriched_timestamp": F.to_timestamp(F.lit(stamp)),
        "processing_date": F.to_date("event_time"),
    }


def _value_segment() -> Column:
    """What the profile's spending and orders make of a customer; null without a profile."""
    spent, orders = F.col("total_spent"), F.col("total_orders")
    return (
        F.when(spent.isNull() & orders.isNull(), None)
        .when((spent > 1000) & (orders > 10), "VIP")
        .when((spent > 500) & (orders > 5), "Premium")
        .when((spent > 100) & (orders > 2), "Regular")
        .otherwise("New")
    )


def _readable(content: Column) -> Column:
    text = content.cast("string")
    return F.when(F.is_valid_utf8(text), text).otherwise(F.base64(content))


def _header(header: Column) -> Column:
    return F.struct(header["key"], _readable(header["value"]))
