"""The review as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), for GitHub's code scanning and editors."""

import json
from typing import Any
from urllib.parse import quote

from catalog.drift.rule import RULES
from catalog.review.report.wording import PLAIN, headline, lines
from catalog.review.review import Place, Problem, Review, Reviewed
from catalog.wire import REPOSITORY, Word

Json = dict[str, Any]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVEL: dict[Word, str] = {
    "breaking": "error", "cannot tell": "warning", "may break": "warning", "compatible": "note"
}  # fmt: skip
PROBLEMS = {
    "waiver_expired": "a waiver is past its day", "waiver_lapsed": "a waiver was given for other circumstances",
    "waiver_unused": "a waiver waives nothing", "waiver_invalid": "a waiver cannot be read",
    "file_unreadable": "a file cannot be read",
}  # fmt: skip


def sarif(review: Review) -> str:
    """Every finding and problem, waived ones suppressed. A waived one is a note: GitHub does not read suppressions.

    The fingerprint knows nothing of lines: a finding stays itself when text before it moves. A place that the branch
    removes is given without its line, which is one of another version of the file.
    """
    rules = sorted({one.finding.change.rule for one in review.findings} | {one.kind for one in review.problems})
    results = [
        *(_finding(one, rules) for one in review.findings),
        *(_problem(one, rules) for one in review.problems),
    ]
    run = {
        "tool": {
            "driver": {
                "name": "catalog review",
                "informationUri": f"{REPOSITORY}/blob/main/docs/review.md",
                "rules": [_rule(one) for one in rules],
            }
        },
        "automationDetails": {"id": "schema-review/"},
        "invocations": [_invocation(review)],
        "results": results,
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: str) -> Json:
    words = RULES[rule].words if rule in RULES else PROBLEMS.get(rule, rule)
    return {"id": rule, "shortDescription": {"text": words}}


def _finding(one: Reviewed, rules: list[str]) -> Json:
    rule, word = one.finding.change.rule, one.finding.word
    told: Json = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": "note" if one.waiver else LEVEL[word],
        "message": {"text": "\n".join([headline(one, PLAIN), *lines(one, PLAIN)])},
        "locations": _locations(one.place),
        "partialFingerprints": _fingerprints(one.finding.fingerprint),
        "properties": {"dataset": one.finding.dataset, "path": one.finding.change.path, "verdict": word},
    }
    if one.waiver:
        told["suppressions"] = [{"kind": "external", "status": "accepted", "justification": one.waiver.reason}]
    return told


def _problem(one: Problem, rules: list[str]) -> Json:
    at = one.place.path if one.place else ""
    return {
        "ruleId": one.kind,
        "ruleIndex": rules.index(one.kind),
        "level": "error" if one.breaking else "warning",
        "message": {"text": one.message},
        "locations": _locations(one.place),
        "partialFingerprints": _fingerprints(f"{one.kind} {at} {one.message}"),
    }


def _locations(place: Place | None) -> list[Json]:
    if place is None:
        return []
    at: Json = {"artifactLocation": {"uri": quote(place.path), "uriBaseId": "%SRCROOT%"}}
    if not place.removed:
        at["region"] = {"startLine": max(place.line, 1)}
    return [{"physicalLocation": at}]


def _fingerprints(mark: str) -> Json:
    """GitHub compares the first name only, and would make it from the line's text when it is not there."""
    return {"primaryLocationLineHash": mark, "ecompulseFinding/v1": mark}


def _invocation(review: Review) -> Json:
    lacks = [{"level": "warning", "message": {"text": reason}} for reason in review.reasons]
    return {
        "executionSuccessful": not review.reasons,
        "exitCode": review.exit_code,
        "toolExecutionNotifications": lacks,
    }
