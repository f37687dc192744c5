"""What the events of our tasks must carry, as one rule for every task of every DAG and every state."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

RUN = {"ecompulse_taskCounts", "nominalTime", "parent", "processing_engine"}
JOB = {"documentation", "jobType", "ownership", "sourceCodeLocation"}
DATASET = {"dataSource", "documentation", "ecompulse_columnDetails", "ownership", "schema"}
COMPARED = {"dataSource", "documentation"}
"""Of what was only compared with a baseline: who compares is no witness of columns, and need not know an owner."""
CHECK = {"actual", "assertion", "expected", "name", "severity", "success"}
TEST = {"actual", "expected", "name", "severity", "status", "type"}


def lacking(event: dict[str, Any]) -> list[str]:
    """What a task's event should carry and does not, empty when it has all."""
    run, job = event["run"].get("facets", {}), event["job"].get("facets", {})
    wanted = RUN | ({"errorMessage"} if event["eventType"] == "FAIL" else set())
    found = [f"run: {key}" for key in sorted(wanted - run.keys())]
    found += [f"job: {key}" for key in sorted(JOB - job.keys())]
    if "parent" in run and not run["parent"].get("root"):
        found.append("run: parent.root")
    for each in event["inputs"]:
        found += [f"input {each['name']}: {key}" for key in _of_dataset(each)]
        found += [f"input {each['name']}: {key}" for key in _of_input(each.get("inputFacets", {}))]
    for each in event["outputs"]:
        found += [f"output {each['name']}: {key}" for key in _of_dataset(each)]
        found += [f"output {each['name']}: {key}" for key in _of_output(each, ended=event["eventType"] == "COMPLETE")]
    return found + list(_of_tests(event, run.get("test", {}).get("tests", ())))


def _of_dataset(dataset: dict[str, Any]) -> Iterator[str]:
    facets = dataset["facets"]
    yield from sorted((COMPARED if "ecompulse_schemaDrift" in facets else DATASET) - facets.keys())
    for at, field in enumerate(facets.get("schema", {}).get("fields", ()), start=1):
        if field.get("ordinal_position") != at:
            yield f"schema.{field['name']}.ordinal_position"


def _of_input(facets: dict[str, Any]) -> Iterator[str]:
    checks = facets.get("dataQualityAssertions", {}).get("assertions", ())
    for check in checks:
        yield from (f"dataQualityAssertions.{check['assertion']}.{key}" for key in sorted(CHECK - _given(check)))


def _of_output(dataset: dict[str, Any], *, ended: bool) -> Iterator[str]:
    if ended and "rowCount" not in dataset.get("outputFacets", {}).get("outputStatistics", {}):
        yield "outputStatistics.rowCount"
    for column, made in dataset["facets"].get("columnLineage", {}).get("fields", {}).items():
        if not all(source.get("transformations") for source in made["inputFields"]):
            yield f"columnLineage.{column}.transformations"


def _of_tests(event: dict[str, Any], tests: list[dict[str, Any]]) -> Iterator[str]:
    """One entry for each check of each input."""
    checks = [
        (check["name"], check["success"])
        for each in event["inputs"]
        for check in each.get("inputFacets", {}).get("dataQualityAssertions", {}).get("assertions", ())
    ]
    if Counter(checks) != Counter((test["name"], test["status"] == "pass") for test in tests):
        yield "test: one entry for each check"
    for test in tests:
        yield from (f"test {test['name']}: {key}" for key in sorted(TEST - _given(test)))


def _given(told: dict[str, Any]) -> set[str]:
    return {key for key, value in told.items() if value not in (None, "")}
