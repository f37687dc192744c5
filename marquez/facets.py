"""Which facets Marquez reads as typed values, and the two forms in which it gives them back.

In the event log typed facets show every property they could have, absent ones as null; everywhere else absent ones are
left out. Facets that are not listed here, and properties that are not, come back as they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from marquez.wire import Json, dumps, offset_time, parse_instant

# A shape says which properties are typed: a dict of them, [shape] for lists, {"*": shape} for maps, LEAF, or TIME.
LEAF, TIME = "leaf", "time"
Shape = Any

_NAMES: Shape = {"namespace": LEAF, "name": LEAF}
RUN: Shape = {
    "nominalTime": {"nominalStartTime": TIME, "nominalEndTime": TIME},
    "parent": {"run": {"runId": LEAF}, "job": _NAMES},
}
JOB: Shape = {
    "documentation": {"description": LEAF},
    "sourceCodeLocation": {"type": LEAF, "url": LEAF},
    "sql": {"query": LEAF},
    "jobType": {"processingType": LEAF, "integration": LEAF, "jobType": LEAF},
}
_OUTPUT_COLUMN: Shape = {
    "inputFields": [{**_NAMES, "field": LEAF}],
    "transformationDescription": LEAF,
    "transformationType": LEAF,
}
DATASET: Shape = {
    "documentation": {"description": LEAF},
    "schema": {"fields": [{"name": LEAF, "type": LEAF, "description": LEAF}]},
    "dataSource": {"name": LEAF, "uri": LEAF},
    "description": LEAF,
    "lifecycleStateChange": {"lifecycleStateChange": LEAF},
    "columnLineage": {"fields": {"*": _OUTPUT_COLUMN}},
    "symlinks": {"identifiers": [{**_NAMES, "type": LEAF}]},
}

# Properties without which the real server answers 422 (facts: validation traps).
_REQUIRED: dict[str, tuple[str, ...]] = {
    "nominalTime": ("nominalStartTime",),
    "parent": ("run", "run.runId", "job", "job.namespace", "job.name"),
    "jobType": ("processingType", "integration", "jobType"),
}
_KINDS = {
    name.lower(): kind
    for kind, names in {
        "DATASET": "documentation description schema dataSource lifecycleStateChange version columnLineage ownership",
        "INPUT": "dataQualityMetrics dataQualityAssertions",
        "OUTPUT": "outputStatistics",
    }.items()
    for name in names.split()
}


def kind_of(name: str) -> str:
    """Where a dataset facet belongs by its name: DATASET, INPUT, OUTPUT, or UNKNOWN for custom ones."""
    return _KINDS.get(name.lower(), "UNKNOWN")


def logged(value: Any, shape: Shape) -> Any:
    """The value as the event log shows it: every typed property present, instants at UTC.

    Raises:
        ValueError: a typed value has another form than its shape.
    """
    return _walk(value, shape, lambda typed, given: {**dict.fromkeys(typed), **given})


def stored(value: Any, shape: Shape) -> Any:
    """The value as all other endpoints show it: typed properties that are null left out, instants at UTC."""
    return _walk(value, shape, lambda typed, given: {k: v for k, v in given.items() if v is not None or k not in typed})


def _walk(value: Any, shape: Shape, complete: Callable[[Json, Json], Json]) -> Any:
    if value is None:
        return None
    if shape == TIME:
        return offset_time(parse_instant(value))
    if shape == LEAF:
        return value if isinstance(value, str) else _text(value)
    if not isinstance(value, type(shape)):
        raise ValueError(f"{dumps(value)[:80]} is no {type(shape).__name__}")
    if isinstance(shape, list):
        return [_walk(_there(item), shape[0], complete) for item in value]
    every = shape.get("*")
    if every is not None:
        return {k: _walk(_there(v), every, complete) for k, v in value.items()}
    given = {k: _walk(v, shape[k], complete) if k in shape else v for k, v in value.items()}
    return complete(shape, given)


def _text(value: Any) -> str:
    """Numbers and booleans are taken for the texts that they look like, nothing else is taken for anything."""
    if not isinstance(value, bool | int | float):
        raise ValueError(f"{dumps(value)[:80]} is no text")
    return dumps(value)


def _there(item: Any) -> Any:
    if item is None:
        raise ValueError("a list or map of typed values holds a null")
    return item


def problems(facets: Any, shape: Shape, path: str) -> Iterator[str]:
    """What the real server would refuse about the typed facets, one sentence each."""
    if facets is not None and not isinstance(facets, dict):
        yield f"{path} must be an object"
        return
    for name, facet in (facets or {}).items():
        if name not in shape or shape[name] == LEAF or facet is None:
            continue
        if not isinstance(facet, dict):
            yield f"{path}.{name} must be an object"
            continue
        for required in ("_producer", "_schemaURL", *_REQUIRED.get(name, ())):
            if _lookup(facet, required) is None:
                yield f"{path}.{name}.{required} must not be null"


def _lookup(document: Json, path: str) -> Any:
    value: Any = document
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
