"""Where the columns come from: the producers' spellings, and the lineage that Spark's listener cannot see.

Imported by the jobs and by the operators that start them, so nothing of Spark is in here. The listener gives no column
lineage for what is read from Kafka (openlineage-spark 1.53), so it is declared beside the code that does it.
"""

from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from catalog import contract as contracts

RAW, ENRICHED = "kafka.ecommerce-events-raw", "lake.enriched_events"
STREAM, ISSUES, DEAD = "kafka.ecommerce-events-enriched", "kafka.data-quality-issues", "kafka.ecommerce-events-dlq"
SESSIONS, FUNNEL = "lake.user_sessions", "lake.session_funnel"
SESSION_STREAM, METRICS, ALERTS = "kafka.user-sessions", "kafka.realtime-metrics", "kafka.system-alerts"
PRODUCTS, USERS = "cache.product", "cache.user"
#: Namespace of the ids that we derive: UUIDv5 of a message's bytes, of a session's identity, of an alert's.
IDS = uuid5(NAMESPACE_URL, "https://ecompulse.example/ids")

SPELLINGS = {
    "event_id": ("event_id",),
    "event_type": ("event_type", "eventName", "event_name"),
    "event_time": ("timestamp",),
    "user_id": ("user_id", "userId"),
    "session_id": ("session_id", "sessionId"),
    "source": ("source",),
    "page_url": ("properties.page_url", "properties.screen_name"),
}
EVENT_NAMES = {
    "screen_viewed": "page_view",
    "product_viewed": "product_view",
    "product_added": "add_to_cart",
    "product_removed": "remove_from_cart",
    "purchase_completed": "purchase",
    "order_canceled": "order_cancelled",
}
ENVIRONMENTS = {"production": "prod", "development": "dev"}
#: Columns that the profile fills, whatever a mobile app says about its user.
OURS = ("customer_segment", "age_group")

#: The reasons for refusing a message, in the order they are looked for, with the sentence for the dead letter.
REASONS = {
    "null_value": "The message has no value (a tombstone).",
    "empty_value": "The message's value is zero bytes long.",
    "invalid_utf8": "The message's bytes are not UTF-8.",
    "truncated_json": "The JSON object stops before its end.",
    "not_json": "The message is not JSON.",
    "body_is_array": "The body is a JSON array around the event, not the event.",
    "double_encoded": "The body is a JSON text that contains the event: it was encoded twice.",
    "not_an_object": "The body is JSON, but not an object.",
    "missing_event_type": "None of event_type, eventName and event_name says what happened.",
    "missing_timestamp": "There is no top-level timestamp.",
    "unparseable_timestamp": "The timestamp is neither ISO-8601 nor epoch milliseconds.",
    "future_timestamp": "The event says that it happens too long after it was sent.",
}


@lru_cache(maxsize=1)
def sent_paths() -> dict[str, tuple[str, ...]]:
    """Enriched column → the raw paths that fill it, the first with a value wins; absent when nobody sends it."""
    raw = {path for path, _ in contracts.load(RAW).schema.walk()}
    found = {}
    for column in contracts.load(ENRICHED).schema.names():
        usual = tuple(path for path in (f"properties.{column}", f"metadata.{column}") if path in raw)
        paths = SPELLINGS.get(column, usual)
        if paths and column not in OURS:
            found[column] = paths
    return found


#: Enriched column → the cache's columns that fill it before what was sent, or that it is computed from.
LOOKED_UP = {
    "product_name": ((PRODUCTS, "product_name"),),
    "product_category": ((PRODUCTS, "category"),),
    "brand": ((PRODUCTS, "brand"),),
    "catalog_price": ((PRODUCTS, "price"),),
    "customer_segment": ((USERS, "customer_segment"),),
    "age_group": ((USERS, "age_group"),),
    "location": ((USERS, "location"),),
    "customer_value_segment": ((USERS, "total_spent"), (USERS, "total_orders")),
}
#: Enriched column → the raw paths that it is computed from.
COMPUTED = {
    "event_revenue": ("event_type", "properties.total_amount"),
    "expected_revenue": ("event_type", "properties.quantity", "properties.price"),
    "data_quality_score": ("user_id", "userId", "properties", "metadata"),
    "is_valid_event": ("user_id", "userId", "properties", "metadata"),
    "extra": ("properties",),
    **dict.fromkeys(("hour_of_day", "day_of_week", "is_weekend", "processing_date"), ("timestamp",)),
}
#: Column of a session, an alert or the funnel → the enriched columns that are counted, added up or compared.
ANALYSED = {
    **dict.fromkeys(("session_key", "alert_id"), ("session_id", "user_id", "event_time")),
    **dict.fromkeys(("session_start", "session_end", "session_duration_minutes", "session_date"), ("event_time",)),
    **dict.fromkeys(("window_start", "window_end", "window_date"), ("event_time",)),
    "total_events": ("event_id",),
    **dict.fromkeys(("unique_event_types", "page_views", "product_views", "cart_adds", "purchases"), ("event_type",)),
    **dict.fromkeys(("has_purchase", "has_cart_activity", "abandoned_cart", "conversion_rate"), ("event_type",)),
    **dict.fromkeys(("product_view_rate", "add_to_cart_rate", "overall_conversion_rate"), ("event_type", "session_id")),
    **dict.fromkeys(
        (f"sessions_with_{step}" for step in ("pageview", "product_view", "add_to_cart", "purchase")),
        ("event_type", "session_id"),
    ),
    **dict.fromkeys(("session_revenue", "total_revenue"), ("event_revenue",)),
    "event_sequence": ("event_type", "event_time"),
    "value": ("event_type", "event_revenue", "event_time"),
    "alert_type": ("event_type", "event_revenue", "event_time"),
}
#: Contracts that the enrichment reads tolerantly (envelope.cast, envelope._unheld), and what becomes of a value.
CAST = {RAW: "what a column cannot hold becomes null and is kept in extra, as is what no column takes"}
Origin = tuple[str, str, str]
"""Contract id, path of the column there, and the kind of transformation (ColumnLineageDatasetFacet's subtype)."""


def origins(contract_id: str) -> dict[str, tuple[Origin, ...]]:
    """Column → where it comes from, for what our jobs write; columns that only the job knows are absent."""
    if contract_id in (SESSIONS, FUNNEL, SESSION_STREAM, METRICS, ALERTS):
        found = {name: _analysed(name) for name in contracts.load(contract_id).schema.names()}
        return {name: sources for name, sources in found.items() if sources}
    if contract_id == DEAD:
        whole = tuple((RAW, name, "TRANSFORMATION") for name in contracts.load(RAW).schema.names())
        return dict.fromkeys(("original_value", "error_message", "error_type"), whole)
    if contract_id == ISSUES:
        return _enriched(contracts.load(ISSUES).schema.names()) | {
            "timestamp": _enriched(("event_time",))["event_time"]
        }
    return _enriched(contracts.load(contract_id).schema.names()) if contract_id in (ENRICHED, STREAM) else {}


def _enriched(written: tuple[str, ...]) -> dict[str, tuple[Origin, ...]]:
    found: dict[str, list[Origin]] = {}
    for column, paths in sent_paths().items():
        subtype = "IDENTITY" if len(paths) == 1 and column not in LOOKED_UP else "TRANSFORMATION"
        found.setdefault(column, []).extend((RAW, path, subtype) for path in paths)
    for column, cached in LOOKED_UP.items():
        found.setdefault(column, []).extend((origin, name, "TRANSFORMATION") for origin, name in cached)
    for column, paths in COMPUTED.items():
        found.setdefault(column, []).extend((RAW, path, "TRANSFORMATION") for path in paths)
    return {column: tuple(sources) for column, sources in found.items() if column in written}


def _analysed(column: str) -> tuple[Origin, ...]:
    if column in ("session_id", "user_id", "source", "customer_segment"):
        return ((ENRICHED, column, "IDENTITY"),)
    return tuple((ENRICHED, name, "AGGREGATION") for name in ANALYSED.get(column, ()))
