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
    "parent": ("run.runId", "job.namespace", "job.name"),
    "documentation": ("description",),
    "sql": ("query",),
    "jobType": ("processingType", "integration", "jobType"),
    "schema": ("fields[].name",),
    "symlinks": ("identifiers[].namespace", "identifiers[].name"),
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
            yield from (f"{absent} must not be null" for absent in _absent(facet, required, f"{path}.{name}."))


def _absent(value: Any, required: str, at: str) -> Iterator[str]:
    """Where, below `at`, the required property is missing or null; `items[].name` asks for it in every item."""
    head, _, rest = required.partition(".")
    listed = head.endswith("[]")
    found = value.get(head.removesuffix("[]")) if isinstance(value, dict) else None
    if listed:
        for n, item in enumerate(found if isinstance(found, list) else ()):
            yield from _absent(item, rest, f"{at}{head[:-2]}[{n}].")
    elif found is None:
        yield at + head
    elif rest:
        yield from _absent(found, rest, f"{at}{head}.")
