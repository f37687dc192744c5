"""Validation of OpenLineage events against the JSON Schemas of the specification and of our own facets."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

OURS = Path(__file__).resolve().parent.parent.parent / "lineage" / "schemas"
CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
KINDS = ("InputDatasetFacet", "OutputDatasetFacet", "DatasetFacet", "JobFacet", "RunFacet")
FORMATS = FormatChecker()


@FORMATS.checks("uri")
def is_uri(value: object) -> bool:
    """The library checks URIs only where further packages are installed."""
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


@pytest.fixture(scope="session")
def problems(shared: Path) -> Callable[[dict[str, Any]], list[str]]:
    """A function: event → what the specification and each facet's own schema have against it.

    A facet is validated as what it is in its place (`tags` of a job are not `tags` of a dataset). Of others' custom
    facets only the base is known; ours have to be published.
    """
    files = [*(shared / "data" / "openlineage" / "spec").rglob("*.json"), *OURS.glob("*.json")]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )
    known = {
        (kind, key): Draft202012Validator(
            {"$ref": f"{document['$id']}#/properties/{key}"}, registry=registry, format_checker=FORMATS
        )
        for document in documents
        for key in document.get("properties", {})
        for kind in _kinds(document)
    }
    names = {key for _, key in known}
    core = Draft202012Validator({"$ref": f"{CORE}#/$defs/RunEvent"}, registry=registry, format_checker=FORMATS)

    def check(event: dict[str, Any]) -> list[str]:
        found = [f"{error.json_path}: {error.message}" for error in core.iter_errors(event)]
        for where, kind, name, facet in _facets(event):
            if validator := known.get((kind, name)):
                found += [
                    f"{where}.{name}{error.json_path[1:]}: {error.message}" for error in validator.iter_errors(facet)
                ]
            elif name in names or name.startswith("ecompulse_"):
                found.append(f"{where}.{name}: no schema has it as a {kind}")
        return found

    return check


def _kinds(document: dict[str, Any]) -> set[str]:
    """What the facet of a schema is: what its definitions extend, else what they are called."""
    bases = {each.get("$ref", "") for one in document["$defs"].values() for each in one.get("allOf", ())}
    named = {kind for name in document["$defs"] for kind in KINDS if name.endswith(kind)}
    return {kind for kind in KINDS if f"{CORE}#/$defs/{kind}" in bases} or named


def _facets(event: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """(where, kind, name, facet) of each facet of an event."""
    places = [("run", "RunFacet", event["run"].get("facets")), ("job", "JobFacet", event["job"].get("facets"))]
    for side, kind in (("input", "InputDatasetFacet"), ("output", "OutputDatasetFacet")):
        for at, dataset in enumerate(event.get(f"{side}s", ())):
            where = f"{side}s[{at}]"
            places += [(where, "DatasetFacet", dataset.get("facets")), (where, kind, dataset.get(f"{side}Facets"))]
    return ((where, kind, name, facet) for where, kind, held in places for name, facet in (held or {}).items())
