"""The review as SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), for GitHub's code scanning and editors."""

import json
from typing import Any
from urllib.parse import quote

from catalog.drift.rule import RULES
from catalog.review.declared import CONTRACTS
from catalog.review.report.wording import PLAIN, headline, lines
from catalog.review.review import Place, Problem, Review, Reviewed
from catalog.wire import REPOSITORY, Word

Json = dict[str, Any]
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVEL: dict[Word, str] = {
    "breaking": "error", "cannot tell": "warning", "may break": "warning", "compatible": "note"
}  # fmt: skip
LEVELS = ("error", "warning", "note")
MOST = 25_000
"""GitHub refuses a run with more results, and shows 5,000 of them."""
DOCS = f"{REPOSITORY}/blob/main/docs/review.md"
HELP = f"It depends on who reads the dataset: each alert says whom it breaks, why, and how to make it safe ({DOCS})."
PROBLEMS = {
    "waiver_expired": "a waiver is past its day", "waiver_lapsed": "a waiver was given for other circumstances",
    "waiver_unused": "a waiver waives nothing", "waiver_invalid": "a waiver cannot be read",
    "file_unreadable": "a file cannot be read",
}  # fmt: skip


def sarif(review: Review) -> str:
    """Every finding and problem, waived ones suppressed. A waived one is a note: GitHub does not read suppressions.

    The fingerprint knows nothing of lines: a finding stays itself when text before it moves. Of what the branch removes
    the line is one near it: its own is one of another version of the file. What is too much for GitHub is counted.
    """
    rules = sorted({one.finding.change.rule for one in review.findings} | {one.kind for one in review.problems})
    results = [
        *(_finding(one, rules) for one in review.findings),
        *(_problem(one, rules) for one in review.problems),
    ]
    if len(results) > MOST:
        results = sorted(results, key=lambda one: LEVELS.index(one["level"]))
    driver = {"name": "catalog review", "informationUri": DOCS, "rules": [_rule(one) for one in rules]}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "schema-review/"},
        "invocations": [_invocation(review, left=len(results[MOST:]))],
        "results": results[:MOST],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: str) -> Json:
    words = PROBLEMS.get(rule) or RULES[rule].words
    full = f"{words[:1].upper()}{words[1:]}."
    return {
        "id": rule, "shortDescription": {"text": words}, "fullDescription": {"text": full},
        "help": {"text": f"{full} {HELP}"},
    }  # fmt: skip


def _finding(one: Reviewed, rules: list[str]) -> Json:
    rule, word = one.finding.change.rule, one.finding.word
    told: Json = {
        "ruleId": rule,
        "ruleIndex": rules.index(rule),
        "level": "note" if one.waiver else LEVEL[word],
        "message": _message("\n".join([headline(one, PLAIN), *lines(one, PLAIN)])),
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
        "message": _message(one.message),
        "locations": _locations(one.place),
        "partialFingerprints": _fingerprints(f"{one.kind} {at} {one.message}"),
    }


def _message(text: str) -> Json:
    """No text from outside is a link, which `[words](target)` is here (3.11.6)."""
    return {"text": text.replace("](", "] (")}


def _locations(place: Place | None) -> list[Json]:
    """Where GitHub shows it: what has no place is shown nowhere. Only waivers may lie outside of the repository."""
    path, line = (place.path, place.now) if place else (CONTRACTS, 1)
    uri = quote(path, errors="replace")
    file = {"uri": f"file://{uri}"} if uri.startswith("/") else {"uri": uri, "uriBaseId": "%SRCROOT%"}
    return [{"physicalLocation": {"artifactLocation": file, "region": {"startLine": max(line, 1)}}}]


def _fingerprints(mark: str) -> Json:
    """GitHub compares the first name only, and would make it from the line's text when it is not there."""
    return {"primaryLocationLineHash": mark, "ecompulseFinding/v1": mark}


def _invocation(review: Review, *, left: int) -> Json:
    more = [f"{left:,} more results are left out: GitHub takes {MOST:,}"] if left else []
    lacks = [{"level": "warning", "message": _message(reason)} for reason in (*review.reasons, *more)]
    return {
        "executionSuccessful": not review.reasons,
        "exitCode": review.exit_code,
        "toolExecutionNotifications": lacks,
    }
