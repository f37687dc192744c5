"""Answers as JSON, and the JSON Schema that says what to expect: both follow from the types of `catalog.entry`.

Keys are the field names. Times are ISO 8601 in UTC, durations seconds. A dataset or a job is an object with `node`.
"""

import dataclasses
import json
import types
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from catalog.dataset import Dataset
from catalog.entry import Completeness, Job
from catalog.wire import REPOSITORY

Json = dict[str, Any]
PLAIN: Mapping[object, Json] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"}, timedelta: {"type": "number", "description": "seconds"},
    object: {},
}  # fmt: skip
NODES: Mapping[type, str] = {Dataset: "dataset", Job: "job"}


def document(command: str, value: object, completeness: Completeness | None) -> str:
    """A command's answer as JSON text; `completeness` says how far to trust it, null when not from the record."""
    told = plain(completeness)
    if completeness is not None:
        told["complete"] = completeness.complete
    return json.dumps({"command": command, "completeness": told, "answer": plain(value)}, indent=2, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A frozen value as what JSON has: objects, lists, texts, numbers.

    Raises:
        TypeError: it holds something that no answer of ours may hold.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if dataclasses.is_dataclass(value):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"node": NODES[type(value)], **fields} if type(value) in NODES else fields
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    raise TypeError(f"no JSON for {type(value).__name__}")


def schema(answers: Mapping[str, Any]) -> Json:
    """The JSON Schema of what each command prints, by command; definitions are shared."""
    definitions: Json = {}
    told = _schema(Completeness, definitions)
    definitions["Completeness"]["properties"]["complete"] = {"type": "boolean"}
    definitions["Completeness"]["required"].append("complete")
    commands = [
        {
            "type": "object", "required": ["command", "completeness", "answer"], "additionalProperties": False,
            "properties": {
                "command": {"const": command},
                "completeness": {"anyOf": [told, {"type": "null"}]},
                "answer": _schema(type_, definitions),
            },
        }
        for command, type_ in answers.items()
    ]  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{REPOSITORY}/blob/main/catalog/schemas/answers.json",
        "title": "What `catalog COMMAND --json` prints",
        "oneOf": commands,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(type_: Any, definitions: Json) -> Json:
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ in PLAIN:
        return dict(PLAIN[type_])
    if type_ is type(None):
        return {"type": "null"}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(one, definitions) for one in arguments]}
    if origin is tuple:
        return _tuple(arguments, definitions)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    if isinstance(type_, TypeVar) or not dataclasses.is_dataclass(type_):
        raise TypeError(f"no JSON Schema for {type_}")
    return _reference(type_, definitions)


def _tuple(arguments: tuple[Any, ...], definitions: Json) -> Json:
    if arguments[-1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    items = [_schema(one, definitions) for one in arguments]
    return {"type": "array", "prefixItems": items, "items": False, "minItems": len(items)}


def _reference(type_: Any, definitions: Json) -> Json:
    name = type_.__name__
    if name not in definitions:
        definitions[name] = {}  # a place for types that contain themselves
        hints = get_type_hints(type_)
        properties = {field.name: _schema(hints[field.name], definitions) for field in dataclasses.fields(type_)}
        if type_ in NODES:
            properties = {"node": {"const": NODES[type_]}, **properties}
        definitions[name] = {
            "type": "object", "description": (type_.__doc__ or "").split("\n")[0],
            "required": list(properties), "additionalProperties": False, "properties": properties,
        }  # fmt: skip
    return {"$ref": f"#/$defs/{name}"}
