"""Golden events: what each job's events must say, in a form that a person reads; only what is given is compared.

A golden file is a list of expectations, one per job and event type (and per output, where Spark has several runs of one
job name). `describe` brings an event into the same form. To write the values of today into the files, keys and columns
being those that the files name already (`[]` takes all there is):

    pytest tests/e2e/test_golden.py --update-golden
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.e2e.flow import Event, anonymous

FOLDER = Path(__file__).resolve().parent.parent / "golden"
CONTRACT = {"dataSource", "documentation", "ecompulse_columnDetails", "ownership", "schema", "tags"}
"""What a dataset's contract brings; golden files say `contract` for all of them."""
COUNTS = ("rowsIn", "rowsOut", "rowsRejected", "rowsDuplicate", "rejected")
Described = dict[str, Any]


def describe(event: Event) -> Described:
    """The event in golden form: names and keys sorted, ports hidden, ids left out."""
    run, job = event["run"].get("facets", {}), event["job"].get("facets", {})
    parent = run.get("parent")
    counts = run.get("ecompulse_taskCounts", {})
    found: Described = {
        "job": event["job"]["name"],
        "event": event["eventType"],
        "parent": parent and parent["job"]["name"],
        "root": parent and parent["root"]["job"]["name"],
        "type": [job[key][word] for key in ("jobType",) if key in job for word in ("integration", "jobType")],
        "owners": [owner["name"] for owner in job.get("ownership", {}).get("owners", ())],
        "source": job.get("sourceCodeLocation", {}).get("path"),
        "run facets": sorted(run),
        "job facets": sorted(job),
        "error": run.get("errorMessage", {}).get("message", "").partition(":")[0],
        "counts": {key: counts[key] for key in COUNTS if key in counts},
        "inputs": {_name(each): _dataset(each, "inputFacets") for each in event.get("inputs", ())},
        "outputs": {_name(each): _dataset(each, "outputFacets") for each in event.get("outputs", ())},
    }
    return {key: value for key, value in found.items() if value not in (None, {}, [], "")} | {
        key: found[key] for key in ("inputs", "outputs")
    }


def _name(each: dict[str, Any]) -> str:
    return anonymous(f"{each['namespace']}/{each['name']}")


def _dataset(each: dict[str, Any], own: str) -> Described:
    facets, figures = each.get("facets", {}), each.get(own, {})
    checks = figures.get("dataQualityAssertions", {}).get("assertions", ())
    columns = facets.get("columnLineage", {}).get("fields", {})
    statistics = figures.get("outputStatistics") or figures.get("dataQualityMetrics") or {}
    keys = {*facets, *figures}
    found: Described = {
        "facets": sorted(keys - CONTRACT | {"contract"} if keys >= CONTRACT else keys),
        "owner": [owner["name"] for owner in facets.get("ownership", {}).get("owners", ())],
        "lifecycle": facets.get("lifecycleStateChange", {}).get("lifecycleStateChange"),
        "rows": statistics.get("rowCount"),
        "checks": {
            severity: sum(check["severity"] == severity for check in checks)
            for severity in sorted({check["severity"] for check in checks})
        },
        "failed": sorted(check["name"] for check in checks if not check["success"]),
        "columns": {
            column: sorted({f"{_name(source)}.{source['field']}" for source in made["inputFields"]})
            for column, made in sorted(columns.items())
        },
    }
    return {key: value for key, value in found.items() if value not in (None, {}, [])}


def differences(given: Any, found: Any, *, at: str = "") -> list[str]:
    """What an event lacks of what is given: keys of an object, members of a list of words, equal values else.

    "facets" lists name what must be there; every other list must be equal.
    """
    if isinstance(given, dict):
        if not isinstance(found, dict):
            return [f"{at or 'event'}: {found!r} is no object"]
        missing = [f"{at}/{key} is missing" for key in given if key not in found]
        return missing + [
            line for key in given if key in found for line in differences(given[key], found[key], at=f"{at}/{key}")
        ]
    if at.endswith("facets"):
        return [f"{at}: {key} is missing" for key in given if key not in found]
    return [] if given == found else [f"{at}: {found!r} is not {given!r}"]


def closest(given: Described, events: Iterable[Described]) -> tuple[Described | None, list[str]]:
    """The event that fulfils an expectation best, and what it lacks."""
    pairs = [(event, differences(given, event)) for event in events]
    if not pairs:
        return None, ["no such event at all"]
    return min(pairs, key=lambda pair: len(pair[1]))


def refreshed(given: Any, found: Any, *, at: str = "") -> Any:
    """The given keys with the values found; of a list of facets those that are still there."""
    if isinstance(given, dict) and isinstance(found, dict):
        return {key: refreshed(value, found[key], at=key) for key, value in given.items() if key in found}
    return [key for key in given if key in found] if at.endswith("facets") else found


def read(name: str) -> list[Described]:
    """The expectations of a golden file."""
    found: list[Described] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def write(name: str, expectations: list[Described]) -> None:
    """Replace the expectations of a golden file, a line for what fits into one."""
    body = ",\n".join(_lines(each, depth=1) for each in expectations)
    (FOLDER / f"{name}.json").write_text(f"[\n{body}\n]\n", encoding="utf-8")


def _lines(value: Any, *, depth: int) -> str:
    short, indent = json.dumps(value, ensure_ascii=False), " " * depth
    if len(short) + depth <= 118 or not isinstance(value, dict | list) or isinstance(value, list):
        return f"{indent}{short}" if depth == 1 else short
    inner = ",\n".join(
        f"{indent} {json.dumps(key, ensure_ascii=False)}: {_lines(each, depth=depth + 1).strip()}"
        for key, each in value.items()
    )
    return f"{indent if depth == 1 else ''}{{\n{inner}\n{indent}}}"
