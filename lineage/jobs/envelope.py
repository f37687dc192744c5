"""From any producer's message to the documented envelope, or to the reason why not. Pure Spark SQL, row by row.

`lineage.jobs.columns` says which of a producer's paths makes which column. What no column takes, or takes but
cannot hold, goes to `extra` under its path: a changed producer degrades, nothing is lost.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from catalog import contract as contracts
from catalog import ddl
from catalog.schema import Field, Schema
from lineage.jobs.columns import ENRICHED, ENVIRONMENTS, EVENT_NAMES, IDS, RAW, REASONS, sent_paths

MEMBERS = "map<string,variant>"
NUMBER = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
LAST_MICROSECOND = 253_402_300_799_999_999  # of the year 9999


def parsed(messages: DataFrame) -> DataFrame:
    """A topic's messages with `text`, `sent` (variant), `event` (by the raw contract, scalars as text) and three maps.

    `top`, `props`, `meta`: the members of the body, of its `properties` and `metadata`; null when it is no object.
    """
    text = F.col("value").cast("string")
    read_schema = ddl.columns(contracts.load(RAW).schema, as_text=True)
    members = {"top": "$", "props": "$.properties", "meta": "$.metadata"}
    return (
        messages.withColumn("text", F.when(F.is_valid_utf8(text), text))
        .withColumn("sent", F.try_parse_json("text"))
        .withColumns({name: F.try_variant_get("sent", path, MEMBERS) for name, path in members.items()})
        .withColumn("event", F.from_json("text", read_schema))
    )


def normalised(messages: DataFrame, *, future_hours: float) -> DataFrame:
    """`parsed` messages as one row each: the columns of `sent_paths`, `extra`, and `error_type` (null when usable).

    `has_properties` and `has_metadata` are what the quality score is made from.
    """
    schema = contracts.load(ENRICHED).schema
    timed = messages.withColumn("event_time", event_time(F.col("event.timestamp")))
    columns = [column.alias(name) for name, column in _columns().items() if name != "event_time"]
    rows = timed.select(
        *("key", "value", "topic", "partition", "offset", "timestamp", "headers", "top", "props", "meta", "event_time"),
        *columns,
        _reason(future_hours).alias("error_type"),
        (F.coalesce(F.size("props"), F.lit(0)) > 0).alias("has_properties"),
        _has_metadata().alias("has_metadata"),
    )
    # Columns of their own are evaluated once, and compiled: what stands inside a lambda is interpreted.
    rows = rows.withColumn("unheld", _unheld(schema)).withColumns(_left()).withColumn("rest", _rest())
    return rows.withColumn("extra", F.when(F.size("rest") > 0, F.to_json("rest"))).drop(
        *("top", "props", "meta", "unheld", "top_left", "props_left", "meta_left", "rest")
    )


def event_time(sent: Column) -> Column:
    """A sent time, epoch milliseconds (also with a fraction) or ISO-8601 (UTC unless it says otherwise), else null."""
    # Only what looks like a number is cast: a failing cast costs an exception a row.
    micros = F.when(sent.rlike(NUMBER), sent.try_cast("decimal(20,3)") * 1000)
    in_range = micros.between(0, LAST_MICROSECOND)
    from_number = F.when(in_range, F.timestamp_micros(micros.try_cast("bigint")))
    return F.when(micros.isNotNull(), from_number).otherwise(F.try_to_timestamp(sent))


def uuid_of(content: Column) -> Column:
    """The UUIDv5 of bytes or text in our namespace, as `uuid.uuid5(IDS, ...)` gives it."""
    digest = F.sha1(F.concat(F.lit(IDS.bytes), content.cast("binary")))
    return F.transform(F.array(digest), _as_uuid)[0]  # so that the digest is made once


def _as_uuid(digest: Column) -> Column:
    variant = F.translate(F.substring(digest, 17, 1), "0123456789abcdef", "89ab" * 4)
    version = F.concat(F.lit("5"), F.substring(digest, 14, 3))
    groups = (
        F.substring(digest, 1, 8),
        F.substring(digest, 9, 4),
        version,
        F.concat(variant, F.substring(digest, 18, 3)),
    )
    return F.concat_ws("-", *groups, F.substring(digest, 21, 12))


def cast(column: Column, field: Field) -> Column:
    """The column in the field's type: null when it does not fit, text cut to the field's length."""
    if field.base == "array":
        return F.transform(column, lambda item: cast(item, field.fields[0]))
    if field.base == "struct":
        return F.struct(*(cast(column[member.name], member).alias(member.name) for member in field.fields))
    if field.base != "string":
        return column.try_cast(ddl.spark_type(field))
    return F.left(column, F.lit(field.parameters[0])) if field.parameters else column


def _columns() -> dict[str, Column]:
    schema = contracts.load(ENRICHED).schema
    plain = {name: _sent(name) for name in sent_paths()}
    mobile = F.col("event.eventName").isNotNull() | F.col("event.event_name").isNotNull()
    shaped = {
        "event_id": F.coalesce(_own_id(), uuid_of(F.col("value"))),
        "event_type": _renamed(plain["event_type"], EVENT_NAMES),
        "user_id": F.regexp_replace(plain["user_id"], "^user_", ""),
        "source": F.coalesce(plain["source"], F.when(mobile, "mobile").otherwise("web")),
        "environment": _renamed(plain["environment"], ENVIRONMENTS),
        "currency": F.upper(plain["currency"]),
    }
    return {name: cast(column, schema[name]) for name, column in (plain | shaped).items()}


def _sent(column: str) -> Column:
    """The first of the column's paths that has a value; blank text is none."""
    paths = sent_paths()[column]
    if contracts.load(ENRICHED).schema[column].base == "array":
        return F.col(f"event.{paths[0]}")
    return F.coalesce(*(_filled(F.col(f"event.{path}")) for path in paths))


def _filled(column: Column) -> Column:
    return F.when(F.trim(column) != "", column)


def _own_id() -> Column:
    sent = _filled(F.col("event.event_id"))
    return F.when(F.length(sent) <= 36, sent)


def _renamed(column: Column, names: dict[str, str]) -> Column:
    pairs = [F.lit(word) for pair in names.items() for word in pair]
    return F.coalesce(F.try_element_at(F.create_map(*pairs), column), column)


def _has_metadata() -> Column:
    flattened = [F.col(f"event.properties.{name}").isNotNull() for name in ("sdk_version", "platform", "environment")]
    return (F.coalesce(F.size("meta"), F.lit(0)) > 0) | flattened[0] | flattened[1] | flattened[2]


def _reason(future_hours: float) -> Column:
    """The first reason of REASONS that holds, else null."""
    text, kind = F.col("text"), F.schema_of_variant("sent")
    unparsable, no_object = F.col("sent").isNull(), F.col("top").isNull()
    latest = F.col("timestamp") + F.make_dt_interval(hours=F.lit(int(future_hours)))
    holds = {
        "null_value": F.col("value").isNull(),
        "empty_value": F.length("value") == 0,
        "invalid_utf8": text.isNull(),
        "truncated_json": unparsable & F.ltrim(text).startswith("{"),
        "not_json": unparsable,
        "body_is_array": no_object & kind.startswith("ARRAY"),
        "double_encoded": no_object & (kind == "STRING") & F.ltrim(text).startswith('"{'),
        "not_an_object": no_object,
        "missing_event_type": _sent("event_type").isNull(),
        "missing_timestamp": _sent("event_time").isNull(),
        "unparseable_timestamp": F.col("event_time").isNull(),
        "future_timestamp": F.col("event_time") > latest,
    }
    chosen = F.lit(None).cast("string")
    for name in reversed(REASONS):
        chosen = F.when(holds[name], name).otherwise(chosen)
    return chosen


def _left() -> dict[str, Column]:
    """The names of what no column took, or could not hold, for each of the three maps; null where there is none.

    By arrays of names and not by a filter on the maps: Spark interprets a map's lambdas, entry by entry.
    """
    whole = {name: F.col(group).isNotNull() for name, group in (("properties", "props"), ("metadata", "meta"))}
    taken = _taken("")
    top = F.when(whole["properties"] & whole["metadata"], _names([*taken, *whole])).otherwise(_names(taken))
    for name in whole:
        other = next(each for each in whole if each != name)
        top = F.when(whole[name] & ~whole[other], _names([*taken, name])).otherwise(top)
    props = F.concat(_not_in("props", _names(_taken("properties."))), F.col("unheld"))
    meta = _not_in("meta", _names(_taken("metadata.")))
    return {"top_left": _not_in("top", top), "props_left": props, "meta_left": meta}


def _rest() -> Column:
    """What is left, by path: {"properties.coupon_code": "AUTUMN", "metadata.sdk": {...}}."""
    return F.map_from_entries(
        F.concat(_entries("top", ""), _entries("props", "properties."), _entries("meta", "metadata."))
    )


def _names(names: list[str]) -> Column:
    return F.array(*map(F.lit, names))


def _not_in(group: str, names: Column) -> Column:
    return F.array_except(F.map_keys(group), names)


def _entries(group: str, prefix: str) -> Column:
    """(path, value) of what is left of a map; none when its group is no object."""
    names = F.col(f"{group}_left")
    pairs = F.transform(
        names,
        lambda name: F.struct(
            F.concat(F.lit(prefix), name).alias("key"), F.try_element_at(F.col(group), name).alias("value")
        ),
    )
    none = F.array().cast("array<struct<key: string, value: variant>>")
    return F.when(F.size(names) > 0, pairs).otherwise(none)


def _taken(prefix: str) -> list[str]:
    """The members below `prefix` that columns are made from."""
    paths = [path for paths in sent_paths().values() for path in paths]
    return [
        path.removeprefix(prefix) for path in paths if path.startswith(prefix) and "." not in path.removeprefix(prefix)
    ]


def _unheld(schema: Schema) -> Column:
    """The members of `properties` that have a value which their column's type cannot hold."""
    typed = [name for name, paths in sent_paths().items() if schema[name].base != "string" and "." in paths[0]]
    members = ((name, sent_paths()[name][0].removeprefix("properties.")) for name in typed)
    return F.array_compact(
        F.array(*(F.when(F.col(name).isNull() & _present("props", member), member) for name, member in members))
    )


def _present(group: str, member: str) -> Column:
    value = F.try_element_at(F.col(group), F.lit(member))
    return value.isNotNull() & ~F.is_variant_null(value)
