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

from catalog.review import Place, Problem, Review
from catalog.review.report import Form, annotations, machine, rendered, sarif, text
from tests.catalog.review.report.reviews import CONTRACT, WAIVER, finding, mixed, review, reviewed
from tests.conftest import REPOSITORY

SCHEMA = json.loads((REPOSITORY / "catalog" / "schemas" / "review.json").read_text())
FORMS: tuple[Form, ...] = ("text", "markdown", "json", "sarif", "junit", "annotations")
ANYTHING = st.text(
    st.characters(exclude_categories=()), max_size=30
)  # half letters and controls, too: not in what changed
UNFIT = re.compile("[^\t\n\r\\u0020-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Letters that XML 1.0 (2.2) has none of."""


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
        ("column.dropped", "error", 1, False),  # its own line, 31, is the base's
        ("column.perhaps_renamed", "warning", 7, False),
        ("enum.value_added", "warning", 12, False),
        ("description.changed", "note", 14, False),
        ("column.dropped", "note", 18, True),
        ("waiver_expired", "error", 3, False),
    ]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"] == "2 jobs did not end"


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

# What of jenkins-junit.xsd (junit-team/junit5; also what Surefire, GitLab and GitHub's actions read) we write:
# attributes of each element, those that it must have, and its children in their order, "+" for several.
JENKINS: dict[str, tuple[str, str, str]] = {
    "testsuites": ("name time tests failures disabled errors", "", "testsuite+"),
    "testsuite": (
        "name tests failures errors time disabled skipped timestamp hostname id package", "name tests",
        "properties testcase+ system-out system-err",
    ),
    "testcase": (
        "name assertions time classname status", "name", "skipped error+ failure+ system-out+ system-err+"
    ),
    "failure": ("type message", "", ""), "error": ("type message", "", ""), "skipped": ("", "", ""),
    "system-out": ("", "", ""),
}  # fmt: skip


def checked(made: Review) -> Xml.Element:
    """The suite; valid, its counts right."""
    root = Xml.fromstring(rendered(made, "junit").encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed, needed, children = (told.split() for told in JENKINS[element.tag])
        assert set(needed) <= set(element.attrib) <= set(allowed)
        pattern = "".join(f"(<{one.rstrip('+')}>){'*' if one.endswith('+') else '?'}" for one in children)
        assert re.fullmatch(pattern, "".join(f"<{child.tag}>" for child in element)), element.tag
    (suite,) = root
    told = {name: int(suite.get(name, "")) for name in ("tests", "failures", "errors", "skipped")}
    found = {f"{tag}s".replace("skippeds", "skipped"): len(suite.findall(f".//{tag}"))
             for tag in ("failure", "error", "skipped")}  # fmt: skip
    assert told == {"tests": len(suite.findall("testcase")), **found}
    return suite


def test_junit_has_a_case_per_finding_and_counts_them_right() -> None:
    suite = checked(mixed())
    assert [len(case) and case[0].tag for case in suite] == [
        "failure", "failure", "system-out", "system-out", "skipped", "failure", "error",
    ]  # fmt: skip
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "7", "failures": "3", "errors": "1", "skipped": "1",
    }  # fmt: skip
    names = [(case.get("classname"), case.get("name")) for case in suite]
    assert len(set(names)) == len(names)


def test_a_review_without_findings_is_one_case_that_passes() -> None:
    suite = checked(review())
    assert [(case.tag, len(case)) for case in suite] == [("testcase", 0)]


@given(st.text(max_size=30), ANYTHING, ANYTHING)
def test_junit_is_xml_whatever_is_in_a_name(path: str, reason: str, dataset: str) -> None:
    one = replace(reviewed(), place=Place(path=f"f{path}"), finding=finding(
        path="c", before=path, verdicts=((dataset, "breaking", reason),)))  # fmt: skip
    waived = replace(one, waiver=replace(WAIVER, reason=reason, owner=dataset))
    problem = Problem(kind="file_unreadable", message=reason, place=one.place, breaking=bool(path))
    suite = checked(review(one, waived, problems=(problem, replace(problem, breaking=False)), reasons=(reason,)))
    (skipped,) = suite.findall("*/skipped")
    assert re.sub("[\\ufffd\\s]+", "", f"{skipped.text}").endswith(re.sub("[\\ufffd\\s]+", "", UNFIT.sub("", reason)))


# Annotations ------------------------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice) ?((?:[a-z]+=[^:,]*,?)*)::(.*)")


def test_annotations_name_file_line_and_title() -> None:
    lines = annotations(mixed()).splitlines()
    told = [COMMAND.fullmatch(line) for line in lines]
    assert [match[1] for match in told if match] == ["error", "error", "warning", "warning", "warning", "notice"]
    assert "file=catalog/waivers.yaml,line=3" in lines[1]
    assert f"file={CONTRACT},line=7,title=lake.users mail%3A" in lines[2]
    assert "file=catalog/contracts/lake.users.yaml,line=1,title=" in lines[0]  # its own line, 31, is the base's


def test_of_many_ten_are_annotated_and_the_rest_is_counted() -> None:
    lines = annotations(review(*(reviewed(path=f"c{n}") for n in range(37)))).splitlines()
    assert len([line for line in lines if line.startswith("::error")]) == 10
    assert lines[-1].endswith("37 breaking; 27 more are in the job's summary")


@given(st.text(max_size=30), ANYTHING, ANYTHING)
def test_no_name_begins_another_command(path: str, reason: str, file: str) -> None:
    told = finding(path=path, verdicts=(("a", "breaking", reason),))
    one = replace(reviewed(), finding=told, place=Place(path=file or "f", line=1))
    lines = rendered(review(one), "annotations").split("\n")
    assert len(lines) == 3 and all(COMMAND.fullmatch(line) for line in lines[:2])


# Text -------------------------------------------------------------------------------------------------------------


def test_text_tells_everything_that_the_comment_tells() -> None:
    told = text(mixed())
    assert told.startswith("Schema review: 1 breaking, 1 question")
    for one in mixed().findings:
        assert f"[{one.finding.fingerprint}]" in told
    assert "the waiver of 0123 by analytics expired" in told and "2 jobs did not end" in told


def test_text_tells_once_what_is_so_of_several_columns() -> None:
    told = text(review(reviewed(path="email"), reviewed(path="name"), reviewed(path="zip"))).splitlines()
    assert [line[:6] for line in told[4:]] == ["  cata"] * 3 + ["      "]
    assert told[-1].strip() == "Breaks daily report (analytics, gold): names the column email, name, zip"


def test_published_schema_is_named_where_it_lies() -> None:
    assert Path(SCHEMA["$id"]).name == "review.json"
