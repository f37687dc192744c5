"""The facets that the catalog understands, each read into a plain value; unknown ones are nobody's business here.

Shapes: openlineage.io/spec/facets, and lineage/schemas for our own. What repeats from event to event (a schema, a
column lineage, a description) becomes a `Content`: it is read once per different text and kept once per index.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from catalog.wire import COLUMN_DETAILS, SCHEMA_BASELINE, VERDICTS, WAYS

MEASURED = {
    "nullCount": "null_count", "distinctCount": "distinct_count", "sum": "sum", "count": "count",
    "min": "min", "max": "max",
}  # fmt: skip
COUNTED = {"rowCount": "row_count", "bytes": "bytes", "fileCount": "file_count"}
CATEGORIES = 0.9
"""From this share of a column's rows on, its most frequent values are its categories."""
LARGEST = 2**63 - 1
REPEATED = 1 << 13
"""So many schemas and lineages are held as they were read: those of all datasets of a large company, day by day."""
SPOKEN = ("true", "", "1")
"""Values of a tag that say no more than its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A piece of JSON known by a number that is a hash of it."""

    id: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One assertion: what makes it the same check from run to run, and how it went."""

    name: str
    column: str | None
    params: tuple[tuple[str, str], ...]
    success: bool
    severity: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure of a dataset (`column` None) or of a column."""

    column: str | None
    metric: str
    value: float


def content(value: Mapping[str, Any] | list[Any]) -> Content | None:
    """The value as a content, without entries that are None; None when nothing is left."""
    said = {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else value
    return _content(orjson.dumps(said)) if said else None


@lru_cache(maxsize=1 << 14)
def _content(body: bytes) -> Content:
    return Content(id=int.from_bytes(blake2b(body, digest_size=8).digest(), "big") >> 1, body=body.decode())


NAMES, PROMISED, SEEN = 0, 1, 2
"""How much a schema knows: names and types only; details as promised by a contract; details seen in the data itself."""


def schema(found: Mapping[str, Any], facets: Mapping[str, Any]) -> tuple[Content | None, int]:
    """The ordered columns with all details, and how much they know by our column facet; None without any field.

    A schema without fields means "not known" (Spark sends it with DROP), not "all columns are gone".
    """
    details, tags = facets.get(COLUMN_DETAILS), facets.get("tags")
    return _schema(orjson.dumps(found.get("fields")), orjson.dumps(details), orjson.dumps(tags))


@lru_cache(maxsize=REPEATED)
def _schema(fields: bytes, details: bytes, tags: bytes) -> tuple[Content | None, int]:
    told = orjson.loads(details)
    described = {one["path"]: one for one in (told or {}).get("columns") or () if isinstance(one.get("path"), str)}
    tagged: dict[str, list[str]] = {}
    for tag in _tags(orjson.loads(tags)):
        if tag.get("field"):
            tagged.setdefault(str(tag["field"]), []).append(_tag(tag))
    columns: dict[str, Any] = {}
    for path, one in _walk(orjson.loads(fields) or (), ""):
        columns.setdefault(path, _column(path, one, described.get(path, {}), tagged.get(path, [])))
    return content(list(columns.values())), (SEEN if told.get("observed") else PROMISED) if described else NAMES


def _walk(fields: Any, above: str) -> Iterator[tuple[str, Any]]:
    for one in fields:
        if one["name"] == "":
            continue  # the facet's schema allows it; nobody could ask for such a column
        path = f"{above}{one['name']}"
        yield path, one
        yield from _walk(one.get("fields") or (), f"{path}.")


APART = frozenset(("path", "tags", "nullable"))
NOTHING: tuple[Any, ...] = (None, "", [], {})


def _column(path: str, one: Mapping[str, Any], details: Mapping[str, Any], tags: list[str]) -> dict[str, Any]:
    known = sorted((key, value) for key, value in details.items() if value is not None and key not in APART)
    kept: dict[str, Any] = {"path": path}
    if kind := str(one.get("type") or ""):
        kept["type"] = kind
    if description := str(one.get("description") or ""):
        kept["description"] = description
    if details.get("nullable") not in NOTHING:
        kept["nullable"] = details["nullable"]
    if tags or details.get("tags"):
        kept["tags"] = sorted({*tags, *(str(tag) for tag in details.get("tags") or ())})
    if known:
        kept["details"] = dict(known)
    return kept


def lineage(found: Mapping[str, Any]) -> Content | None:
    """Rows [namespace, name, column, target column, type, subtype, description, masking], in a fixed order.

    `*` as target column: the input column decides about the whole dataset (a filter, a join, a grouping).
    """
    return _lineage(orjson.dumps({"fields": found.get("fields"), "dataset": found.get("dataset")}))


@lru_cache(maxsize=REPEATED)
def _lineage(body: bytes) -> Content | None:
    found = orjson.loads(body)
    rows: set[tuple[Any, ...]] = set()
    for target, one in (found["fields"] or {}).items():
        older = (one.get("transformationType") or "", one.get("transformationDescription") or "")
        for source in one.get("inputFields") or ():
            rows |= set(_origins(source, target, older))
    for source in found["dataset"] or ():
        rows |= set(_origins(source, "*", ("", "")))
    return content([list(row) for row in sorted(rows)])


def _origins(source: Mapping[str, Any], target: str, older: tuple[str, str]) -> Iterator[tuple[Any, ...]]:
    where = (str(source["namespace"]), str(source["name"]), str(source["field"]), target)
    for way in source.get("transformations") or ():
        kind = str(way.get("type") or "DIRECT").upper()
        yield *where, kind, str(way.get("subtype") or ""), str(way.get("description") or ""), bool(way.get("masking"))
    if not source.get("transformations"):
        kind = "INDIRECT" if target == "*" else "DIRECT"
        yield *where, kind, str(older[0]), str(older[1]), "MASKED" in str(older[0]).upper()


def results(found: Mapping[str, Any]) -> tuple[Result, ...]:
    """The assertions of a dataQualityAssertions facet."""
    return tuple(_result(one) for one in found.get("assertions") or ())


def _result(one: Mapping[str, Any]) -> Result:
    if not isinstance(one["success"], bool):
        raise TypeError(f"success is {one['success']!r}")
    params = one.get("params") or {}
    return Result(
        name=str(one["assertion"]),
        column=str(one["column"]) if one.get("column") else None,
        params=tuple(sorted((str(key), _word(value)) for key, value in params.items() if value is not None)),
        success=one["success"],
        severity=str(one.get("severity") or "error").lower(),
        expected=_word(one.get("expected")),
        actual=_word(one.get("actual")),
    )


def measures(found: Mapping[str, Any]) -> tuple[Measure, ...]:
    """The figures of a dataQualityMetrics facet, with a mean where there are a sum and a count."""
    read = [Measure(column=None, metric=COUNTED[key], value=at) for key, at in _numbers(found, COUNTED)]
    rows = next((one.value for one in read if one.metric == "row_count"), None)
    for column, told in sorted((found.get("columnMetrics") or {}).items()):
        figures = {MEASURED[key]: at for key, at in _numbers(told, MEASURED)}
        if "count" not in figures and rows is not None and "null_count" in figures:
            figures["count"] = rows - figures["null_count"]
        if figures.get("count", 0) > 0 and "sum" in figures:
            figures["mean"] = figures["sum"] / figures["count"]
        quantiles = told.get("quantiles") or {}
        figures |= {f"quantile_{key}": at for key, at in _numbers(quantiles, quantiles)}
        read += [Measure(column=column, metric=metric, value=at) for metric, at in sorted(figures.items())]
    return tuple(read)


def profiled(found: Mapping[str, Any]) -> tuple[Measure, ...]:
    """Of a profile facet the rows that have each value, `count:VALUE`: of columns whose values the contract lists, and
    where nearly all rows have one of these.

    That is what a category mix is read from; of other columns the most frequent values are no composition.
    """
    read: list[Measure] = []
    for one in found.get("columns") or ():
        shapes, top = one["shapes"], one.get("top") or ()
        filled = sum(shapes.values()) - shapes.get("null", 0) - shapes.get("absent", 0)
        if top and (one.get("listed") or sum(value["count"] for value in top) >= CATEGORIES * filled):
            path = str(one["path"])
            read += [Measure(column=path, metric=f"count:{at['value']}", value=float(at["count"])) for at in top]
    return tuple(read)


def _numbers(found: Mapping[str, Any], keys: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key in keys:
        at = found.get(key)
        if isinstance(at, int | float) and not isinstance(at, bool) and math.isfinite(at):
            yield key, float(at)


def statistics(found: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    """Rows, bytes and files of an outputStatistics facet."""
    return whole(found.get("rowCount")), whole(found.get("size")), whole(found.get("fileCount"))


def drift(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is open against a baseline (lineage/schemas/SchemaDriftDatasetFacet.json), as it was told."""
    if unknown := {one["verdict"] for one in found["open"]} - set(VERDICTS):
        raise ValueError(f"no verdicts: {', '.join(map(str, unknown))}")
    return _plain(found)


def baseline(found: Mapping[str, Any]) -> dict[str, Any]:
    """The baseline as it was told, by the key under which one of its name is kept."""
    if not all(isinstance(one["path"], str) for one in found["columns"]):
        raise TypeError("a column without a path")
    return {f"{SCHEMA_BASELINE}:{found['name']}": _plain(found)}


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in bare(found).items() if not key.startswith("_")}


def bare(value: Any) -> Any:
    """Without nulls, keys sorted: the same for what was sent and what the backend gives back."""
    if isinstance(value, dict):
        return {key: bare(value[key]) for key in sorted(value) if value[key] is not None}
    return [bare(item) for item in value] if isinstance(value, list) else value


def worst(verdicts: Iterable[str]) -> str:
    """The worst of these verdicts, "" of none."""
    return min(verdicts, key=VERDICTS.index, default="")


def whole(value: object) -> int | None:
    """A count, None when it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else None


def owner(found: Mapping[str, Any]) -> str | None:
    """The owners' names without `team:`, several joined by commas in alphabetical order."""
    names = {str(one["name"]).removeprefix("team:") for one in found.get("owners") or () if one.get("name")}
    return ", ".join(sorted(names)) or None


def reading(found: Mapping[str, Any]) -> list[list[str]] | None:
    """Rows [namespace, name, way, words] of a job's inputs (lineage/schemas/ReadingJobFacet.json), in a fixed order."""
    rows = sorted([str(one[key]) for key in ("namespace", "name", "way", "says")] for one in found.get("inputs") or ())
    if unknown := {row[2] for row in rows} - set(WAYS):
        raise ValueError(f"no ways of reading: {', '.join(sorted(unknown))}")
    return rows or None


def dataset_tags(found: Mapping[str, Any]) -> list[str]:
    """The tags of the dataset itself: `key`, or `key:value` where the value says more."""
    return sorted({_tag(tag) for tag in _tags(found) if not tag.get("field")})


def _tags(found: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    return list((found or {}).get("tags") or ())


def _tag(tag: Mapping[str, Any]) -> str:
    key, value = str(tag["key"]), str(tag.get("value") or "")
    return key if value.lower() in (*SPOKEN, key.lower()) else f"{key}:{value}"


def _word(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else orjson.dumps(value).decode()
