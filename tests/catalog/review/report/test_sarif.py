"""SARIF as its schema and GitHub's code scanning demand, whatever is in a name, at any size.

The schema here is the part of OASIS' sarif-schema-2.1.0.json (docs.oasis-open.org/sarif/sarif/v2.1.0) that we write,
with what GitHub demands beyond it: docs.github.com, "SARIF support for code scanning" (properties marked as required
are there and not empty) and "SARIF results exceed limits".
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.drift.rule import RULES
from catalog.review import Place, Problem, Review
from catalog.review.report import rendered
from catalog.review.report.sarif import MOST
from tests.catalog.review.report.reviews import WAIVER, finding, mixed, review, reviewed

WORDS = {"type": "string", "minLength": 1}
LINE = {"type": "integer", "minimum": 1}
WARNED = ["note", "warning", "error"]


def closed(*optional: str, **properties: Any) -> Mapping[str, Any]:
    """An object with these properties and no others; required unless named first."""
    required = sorted(properties.keys() - set(optional))
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def listed(items: Any, **limits: int) -> Mapping[str, Any]:
    return {"type": "array", "items": items, **limits}


MESSAGE = closed(text=WORDS)
TEXT = closed(text={**WORDS, "maxLength": 1024})
RULE = closed(id=WORDS, shortDescription=TEXT, fullDescription=TEXT, help=MESSAGE)
PLACE = closed(
    physicalLocation=closed(
        artifactLocation=closed(
            "uriBaseId", uri={**WORDS, "format": "uri-reference", "pattern": "^[^/]"}, uriBaseId=WORDS
        ),
        region=closed(startLine=LINE),
    )
)
RESULT = closed(
    "suppressions", "properties",
    ruleId=WORDS, ruleIndex={"type": "integer", "minimum": 0}, level={"enum": WARNED}, message=MESSAGE,
    locations=listed(PLACE, minItems=1, maxItems=10),
    partialFingerprints={
        "type": "object", "additionalProperties": WORDS, "required": ["primaryLocationLineHash"],
    },
    suppressions=listed(closed(kind={"enum": ["inSource", "external"]}, justification={"type": "string"},
                               status={"enum": ["accepted", "underReview", "rejected"]})),
    properties={"type": "object"},
)  # fmt: skip
RUN = closed(
    tool=closed(driver=closed(name=WORDS, informationUri={**WORDS, "format": "uri"}, rules=listed(RULE))),
    automationDetails=closed(id={**WORDS, "pattern": "/$"}),  # the category; no id of the run
    invocations=listed(closed(
        executionSuccessful={"type": "boolean"}, exitCode={"type": "integer"},
        toolExecutionNotifications=listed(closed(level={"enum": WARNED}, message=MESSAGE)),
    )),
    results=listed(RESULT, maxItems=25_000),
)  # fmt: skip
SCHEMA = {
    **closed(**{"$schema": {**WORDS, "format": "uri"}}, version={"const": "2.1.0"},
             runs=listed(RUN, minItems=1, maxItems=20)),
    "$schema": "https://json-schema.org/draft/2020-12/schema",
}  # fmt: skip
CHECKER = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=30)  # half letters, too: not in what changed


def told(made: Review) -> Any:
    """The only run; right by the schema, each result with its rule."""
    text = rendered(made, "sarif")
    log = json.loads(text.encode())
    assert [f"{error.json_path}: {error.message}" for error in CHECKER.iter_errors(log)] == []
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    assert all("](" not in one["message"]["text"] for one in run["results"])  # SARIF's link
    return run


def everything() -> Review:
    """A finding of every rule, and every problem."""
    kinds = ("waiver_expired", "waiver_lapsed", "waiver_unused", "waiver_invalid", "file_unreadable")
    problems = tuple(Problem(kind=kind, message="m", place=None if n else Place(path="a b.yaml"), breaking=bool(n % 2))
                     for n, kind in enumerate(kinds))  # fmt: skip
    made = [reviewed("breaking", f"c{n}", rule=rule, waiver=WAIVER if n % 3 else None) for n, rule in enumerate(RULES)]
    return review(*made, problems=problems)


@pytest.mark.parametrize("made", [mixed(), review(), everything(), review(replace(reviewed(), place=None))])
def test_it_is_as_schema_and_github_demand(made: Review) -> None:
    run = told(made)
    assert len(run["results"]) == len(made.findings) + len(made.problems)


def test_the_schema_refuses_what_github_refuses() -> None:
    """The checks above can fail."""
    log = json.loads(rendered(mixed(), "sarif"))
    one = log["runs"][0]["results"][0]
    for broken in (
        {"locations": []}, {"level": "fatal"}, {"message": {"text": ""}}, {"partialFingerprints": {}}, {"surprise": 1},
        {"locations": [{"physicalLocation": {"artifactLocation": {"uri": "/x", "uriBaseId": "a"}}}]},
    ):  # fmt: skip
        log["runs"][0]["results"][0] = {**one, **broken}
        assert list(CHECKER.iter_errors(log)), broken


@given(st.text(max_size=30), ANYTHING, ANYTHING, ANYTHING)
def test_it_is_so_whatever_is_in_a_name(path: str, reason: str, file: str, dataset: str) -> None:
    found = finding(path="c", before=path, verdicts=((dataset, "breaking", f"[{reason}](https://{path})"),))
    place = Place(path=file or "f", line=0)
    problem = Problem(kind="file_unreadable", message=f"m{reason}", place=place)
    told(review(replace(reviewed(), finding=found, place=place), problems=(problem,), reasons=(f"r{reason}",)))


def test_of_too_many_results_the_worst_are_kept_and_the_rest_is_counted() -> None:
    words = ("compatible", "may break", "breaking")
    many = [reviewed(words[n % 3], f"c{n}") for n in range(MOST + 6)]  # type: ignore[arg-type]
    (run,) = json.loads(rendered(review(*many), "sarif"))["runs"]
    levels = [one["level"] for one in run["results"]]
    assert len(levels) == MOST and levels == sorted(levels, key=["error", "warning", "note"].index)
    assert len({one["partialFingerprints"]["primaryLocationLineHash"] for one in run["results"]}) == MOST
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("6 more results are left out")


def test_what_is_removed_is_marked_near_its_place_in_the_branch() -> None:
    gone = replace(reviewed(), place=Place(path="a.yaml", line=31, removed=True, near=12))
    (one,) = told(review(gone))["results"]
    assert one["locations"][0]["physicalLocation"]["region"]["startLine"] == 12
