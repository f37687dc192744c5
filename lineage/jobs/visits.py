"""From enriched events to visits, the funnel and alerts. Pure Spark SQL."""

from pyspark.sql import Column, DataFrame, GroupedData
from pyspark.sql import functions as F  # noqa: N812

from lineage.jobs.columns import ALERTS, FUNNEL, SESSIONS
from lineage.jobs.enriched import conformed
from lineage.jobs.envelope import uuid_of

GAP_MINUTES = 30
HIGH_VALUE, LONG_MINUTES = 500, 60
WINDOW_MINUTES = 5
STEPS = {
    "sessions_with_pageview": "page_view",
    "sessions_with_product_view": "product_view",
    "sessions_with_add_to_cart": "add_to_cart",
    "sessions_with_purchase": "purchase",
}
RATES = {
    "product_view_rate": ("sessions_with_product_view", "sessions_with_pageview"),
    "add_to_cart_rate": ("sessions_with_add_to_cart", "sessions_with_product_view"),
    "conversion_rate": ("sessions_with_purchase", "sessions_with_add_to_cart"),
    "overall_conversion_rate": ("sessions_with_purchase", "sessions_with_pageview"),
}


def visits(events: DataFrame, *, stamp: str) -> DataFrame:
    """One row per visit, as lake.user_sessions: events of one session_id and user, no gap of 30 minutes or more."""
    order = F.struct("event_time", "source_partition", "source_offset")
    moments = F.array_sort(F.collect_list(F.struct(order.alias("at"), "event_type")))
    kinds = {
        "page_views": "page_view",
        "product_views": "product_view",
        "cart_adds": "add_to_cart",
        "purchases": "purchase",
    }
    grouped = events.groupBy("session_id", "user_id", F.session_window("event_time", f"{GAP_MINUTES} minutes")).agg(
        F.min("event_time").alias("session_start"),
        F.max("event_time").alias("session_end"),
        F.count("*").alias("total_events"),
        F.count_distinct("event_type").alias("unique_event_types"),
        *(F.count_if(F.col("event_type") == kind).alias(name) for name, kind in kinds.items()),
        F.sum("event_revenue").alias("session_revenue"),
        F.max_by("customer_segment", order).alias("customer_segment"),
        F.min_by("source", order).alias("source"),
        F.transform(moments, lambda moment: moment["event_type"]).alias("event_sequence"),
    )
    micros = F.unix_micros("session_end") - F.unix_micros("session_start")
    cart, bought = F.col("cart_adds") > 0, F.col("purchases") > 0
    identity = F.concat_ws("|", "session_id", F.coalesce("user_id", F.lit("")), F.unix_micros("session_start"))
    shaped = grouped.withColumns(
        {
            "session_key": uuid_of(identity),
            "session_duration_minutes": micros / F.lit(60e6),
            "has_purchase": bought,
            "has_cart_activity": cart,
            "abandoned_cart": cart & ~bought,
            "conversion_rate": F.when(cart, bought.cast("double")),
            "analysed_timestamp": F.to_timestamp(F.lit(stamp)),
            "session_date": F.to_date("session_start"),
        }
    )
    return conformed(shaped, SESSIONS)


def windows_of(events: DataFrame) -> DataFrame:
    """The funnel's windows (start, source, segment) that these events fall into, once each."""
    return _sliding(events).select("window_start", "source", "customer_segment").distinct()


def funnel(events: DataFrame, windows: DataFrame) -> DataFrame:
    """The rows of lake.session_funnel for these windows; `events` must hold all that fall into them."""
    here = F.col("session_id").isNotNull()
    reached = {
        name: F.coalesce(F.bool_or(here & (F.col("event_type") == kind)), F.lit(False)) for name, kind in STEPS.items()
    }
    minutes = _by_minute(events).agg(
        *(flag.alias(name) for name, flag in reached.items()), F.sum("event_revenue").alias("total_revenue")
    )
    wanted = _starts(minutes).join(windows, ["window_start", "source", "customer_segment"], "left_semi")
    per_session = wanted.groupBy("window_start", "source", "customer_segment", "session_id").agg(
        *(F.bool_or(name).alias(name) for name in STEPS), F.sum("total_revenue").alias("total_revenue")
    )
    totals = per_session.groupBy("window_start", "source", "customer_segment").agg(
        *(F.count_if(F.col(name)).alias(name) for name in STEPS), F.sum("total_revenue").alias("total_revenue")
    )
    rates = {name: F.try_divide(F.col(above), F.col(below)) for name, (above, below) in RATES.items()}
    end = F.col("window_start") + F.make_dt_interval(mins=F.lit(WINDOW_MINUTES))
    return conformed(totals.withColumns(rates | {"window_end": end, "window_date": F.to_date("window_start")}), FUNNEL)


def alerts(touched: DataFrame, closing: DataFrame, *, closed_until: str, stamp: str) -> DataFrame:
    """The rows of kafka.system-alerts: valuable and long visits among `touched`; carts left behind, once that is sure.

    A visit is over when no event of `closed_until` or before can still belong to it. `closing` are untouched ones that
    were not over the last time.
    """
    over = F.col("session_end") + F.make_dt_interval(mins=F.lit(GAP_MINUTES)) <= F.to_timestamp(F.lit(closed_until))
    left = _alert("CART_ABANDONMENT", F.col("cart_adds"), "%s items were put into the cart and nothing was ordered")
    rich = _alert("HIGH_VALUE_SESSION", F.col("session_revenue"), "orders of %s USD in one visit")
    long = _alert("LONG_SESSION", F.round("session_duration_minutes", 1), "the visit lasted %s minutes")
    found = (
        touched.unionByName(closing).where(F.col("abandoned_cart") & over).select("*", left),
        touched.where(F.col("session_revenue") > HIGH_VALUE).select("*", rich),
        touched.where(F.col("session_duration_minutes") > LONG_MINUTES).select("*", long),
    )
    rows = found[0].unionByName(found[1]).unionByName(found[2]).select("*", "alert.*")
    identity = F.concat_ws("|", "alert_type", "session_key")
    return conformed(
        rows.withColumns({"alert_id": uuid_of(identity), "detected_at": F.to_timestamp(F.lit(stamp))}), ALERTS
    )


def _alert(kind: str, value: Column, sentence: str) -> Column:
    return F.struct(
        F.lit(kind).alias("alert_type"),
        value.cast("double").alias("value"),
        F.format_string(sentence, value).alias("message"),
    ).alias("alert")


def _by_minute(events: DataFrame) -> GroupedData:
    minute = F.date_trunc("minute", "event_time").alias("minute")
    return _named(events).groupBy(minute, "source", "customer_segment", "session_id")


def _named(events: DataFrame) -> DataFrame:
    return events.withColumn("customer_segment", F.coalesce("customer_segment", F.lit("unknown")))


def _starts(minutes: DataFrame) -> DataFrame:
    """Each minute in the five windows that it lies in."""
    starts = F.array(*(F.col("minute") - F.make_dt_interval(mins=F.lit(back)) for back in range(WINDOW_MINUTES)))
    return minutes.withColumn("window_start", F.explode(starts)).drop("minute")


def _sliding(events: DataFrame) -> DataFrame:
    return _starts(_named(events).withColumn("minute", F.date_trunc("minute", "event_time")))
