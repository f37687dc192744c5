"""SARIF, JUnit, annotations and JSON: as those who read them demand, stable, and nothing left out."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.drift.rule import RULES
from catalog.review import Place, Review
from catalog.review.report import Form, annotations, junit, machine, rendered, sarif, text
from tests.catalog.review.report.reviews import CONTRACT, finding, mixed, review, reviewed
from tests.conftest import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "catalog" / "schemas" / "review.json").read_text())
FORMS: tuple[Form, ...] = ("text", "markdown", "json", "sarif", "junit", "annotations")
ANYTHING = st.text(max_size=30)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("made", [mixed(), review()], ids=["mixed", "empty"])
def test_every_form_ends_with_a_line_break_and_says_the_same_twice(form: Form, made: Review) -> None:
    assert rendered(made, form).endswith("\n")
    assert rendered(made, form) == rendered(made, form)


# JSON -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [mixed(), review(), review(as_of=None, basis="declared")])
def test_json_is_as_its_schema_says(made: Review) -> None:
    checker = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    checker.check_schema(SCHEMA)
    told = json.loads(machine(made))
    assert [error.message for error in checker.iter_errors(told)] == []
    assert (told["outcome"], told["exit_code"]) == (made.outcome, made.exit_code)
    assert [one["fingerprint"] for one in told["findings"]] == [one.finding.fingerprint for one in made.findings]


def test_the_schema_refuses_what_it_does_not_know() -> None:
    told = json.loads(machine(mixed()))
    told["findings"][0]["surprise"] = told["surprise"] = 1
    assert len(list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(told))) == 2


# SARIF ------------------------------------------------------------------------------------------------------------


def test_sarif_names_rule_level_place_and_suppression() -> None:
    run = json.loads(sarif(mixed()))["runs"][0]
    told = [
        (
            one["ruleId"], one["level"], one["locations"][0]["physicalLocation"].get("region", {}).get("startLine"),
            "suppressions" in one,
        )
        for one in run["results"]
    ]  # fmt: skip
    assert told == [
        ("column.dropped", "error", None, False),  # its line is the base's
        ("column.perhaps_renamed", "warning", 7, False),
        ("enum.value_added", "warning", 12, False),
        ("description.changed", "note", 14, False),
        ("column.dropped", "note", 18, True),
        ("waiver_expired", "error", 3, False),
    ]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "2 jobs did not end"


def test_sarif_has_what_the_standard_and_github_demand() -> None:
    log = json.loads(sarif(mixed()))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["level"] in {"none", "note", "warning", "error"} and one["message"]["text"]
        uri = one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert not uri.startswith("/") and " " not in uri
        assert one["partialFingerprints"]["primaryLocationLineHash"]
    assert {rule["id"] for rule in rules if "." in rule["id"]} <= RULES.keys()


def test_a_fingerprint_stays_when_lines_move_and_differs_for_another_column() -> None:
    def mark(line: int, path: str) -> str:
        one = reviewed(path=path, line=line)
        return str(json.loads(sarif(review(one)))["runs"][0]["results"][0]["partialFingerprints"])

    assert mark(7, "email") == mark(900, "email") != mark(7, "name")


def test_a_path_with_spaces_is_a_uri() -> None:
    one = replace(reviewed(), place=Place(path="great expectations/ü.json", line=1))
    (told,) = json.loads(sarif(review(one)))["runs"][0]["results"]
    assert told["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "great%20expectations/%C3%BC.json"


# JUnit ------------------------------------------------------------------------------------------------------------

ATTRIBUTES = {
    "testsuites": {"name"}, "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"classname", "name", "time"}, "failure": {"message", "type"}, "error": {"message", "type"},
    "skipped": {"message"}, "system-out": set[str](),
}  # fmt: skip


def test_junit_has_a_case_per_finding_and_counts_them_right() -> None:
    root = Xml.fromstring(junit(mixed()).encode())
    (suite,) = root
    assert [len(case) and case[0].tag for case in suite] == [
        "failure", "failure", "system-out", "system-out", "skipped", "failure", "error",
    ]  # fmt: skip
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7", "failures": "3", "errors": "1", "skipped": "1",
    }  # fmt: skip
    names = [(case.get("classname"), case.get("name")) for case in suite]
    assert len(set(names)) == len(names)


def test_a_review_without_findings_is_one_case_that_passes() -> None:
    (suite,) = Xml.fromstring(junit(review()).encode())
    assert [(case.tag, len(case)) for case in suite] == [("testcase", 0)]


@given(ANYTHING, ANYTHING, ANYTHING)
def test_junit_is_xml_whatever_is_in_a_name(path: str, reason: str, dataset: str) -> None:
    one = replace(reviewed(), finding=finding(path=path, dataset=dataset, verdicts=(("a", "breaking", reason),)))
    root = Xml.fromstring(junit(review(one)).encode())
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]


# Annotations ------------------------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice) ?((?:[a-z]+=[^:,]*,?)*)::(.*)")


def test_annotations_name_file_line_and_title() -> None:
    lines = annotations(mixed()).splitlines()
    told = [COMMAND.fullmatch(line) for line in lines]
    assert [match[1] for match in told if match] == ["error", "error", "warning", "warning", "warning", "notice"]
    assert "file=catalog/waivers.yaml,line=3" in lines[1]
    assert f"file={CONTRACT},line=7,title=lake.users mail%3A" in lines[2]
    assert "line=" not in lines[0]  # its line is the base's


def test_of_many_ten_are_annotated_and_the_rest_is_counted() -> None:
    lines = annotations(review(*(reviewed(path=f"c{n}") for n in range(37)))).splitlines()
    assert len([line for line in lines if line.startswith("::error")]) == 10
    assert lines[-1].endswith("37 breaking; 27 more are in the job's summary")


@given(ANYTHING, ANYTHING, ANYTHING)
def test_no_name_begins_another_command(path: str, reason: str, file: str) -> None:
    told = finding(path=path, verdicts=(("a", "breaking", reason),))
    one = replace(reviewed(), finding=told, place=Place(path=file or "f", line=1))
    lines = annotations(review(one)).split("\n")
    assert len(lines) == 3 and all(COMMAND.fullmatch(line) for line in lines[:2])


# Text -------------------------------------------------------------------------------------------------------------


def test_text_tells_everything_that_the_comment_tells() -> None:
    told = text(mixed())
    assert told.startswith("Schema review: 1 breaking, 1 question")
    for one in mixed().findings:
        assert f"[{one.finding.fingerprint}]" in told
    assert "the waiver of 0123 by analytics expired" in told and "2 jobs did not end" in told


def test_published_schema_is_named_where_it_lies() -> None:
    assert Path(SCHEMA["$id"]).name == "review.json"
