"""Validation of OpenLineage events against the JSON Schemas of the specification and of our own facets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

OURS = Path(__file__).resolve().parent.parent.parent / "lineage" / "schemas"
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"


@pytest.fixture(scope="session")
def problems(shared: Path) -> Callable[[dict[str, Any]], list[str]]:
    """A function: event → what the specification and each facet's own schema have against it."""
    files = [*(shared / "data" / "openlineage" / "spec").rglob("*.json"), *OURS.glob("*.json")]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )
    facets = {
        key: f"{document['$id']}#/properties/{key}" for document in documents for key in document.get("properties", {})
    }
    core = Draft202012Validator({"$ref": f"{CORE}#/$defs/RunEvent"}, registry=registry, format_checker=FormatChecker())

    def check(event: dict[str, Any]) -> list[str]:
        found = [f"{error.json_path}: {error.message}" for error in core.iter_errors(event)]
        for where, name, facet in _facets(event):
            if name in facets:
                one = Draft202012Validator({"$ref": facets[name]}, registry=registry, format_checker=FormatChecker())
                found += [f"{where}.{name}{error.json_path[1:]}: {error.message}" for error in one.iter_errors(facet)]
        return found

    return check


def _facets(event: dict[str, Any]) -> list[tuple[str, str, Any]]:
    places = [("run", event["run"].get("facets", {})), ("job", event["job"].get("facets", {}))]
    for side in ("inputs", "outputs"):
        for at, dataset in enumerate(event.get(side, [])):
            for kind in ("facets", f"{side[:-1]}Facets"):
                places.append((f"{side}[{at}]", dataset.get(kind, {})))
    return [(where, name, facet) for where, held in places for name, facet in (held or {}).items()]
