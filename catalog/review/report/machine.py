"""The review as JSON, for machines: what catalog/schemas/review.json promises, whatever our values become."""

import json
from typing import Any

from catalog.drift.classify import Verdict
from catalog.review.review import Place, Problem, Review, Reviewed, Waiver

Json = dict[str, Any]
VERSION = 1
"""Raised when something that a reader relies on goes or means something else; new keys do not raise it."""


def machine(review: Review) -> str:
    """Everything that the review holds. Times are ISO 8601 in UTC; what is not told is null."""
    told = {
        "version": VERSION,
        "outcome": review.outcome,
        "exit_code": review.exit_code,
        "base": review.base,
        "head": review.head,
        "record": {
            "basis": review.basis,
            "as_of": review.as_of and review.as_of.isoformat(),
            "lacks": list(review.reasons),
        },
        "findings": [_finding(one) for one in review.findings],
        "problems": [_problem(one) for one in review.problems],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _finding(one: Reviewed) -> Json:
    finding, change = one.finding, one.finding.change
    return {
        "fingerprint": finding.fingerprint,
        "dataset": finding.dataset,
        "rule": change.rule,
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "verdict": finding.word,
        "readers_known": finding.complete,
        "consumers": [_consumer(verdict) for verdict in finding.verdicts],
        "remedy": finding.remedy,
        "since": finding.since and finding.since.isoformat(),
        "observed": one.observed or None,
        "place": _place(one.place),
        "basis": one.basis,
        "waiver": one.waiver and _waiver(one.waiver),
    }


def _consumer(verdict: Verdict) -> Json:
    who = verdict.consumer
    return {
        "name": who.name,
        "node": who.node and str(who.node),
        "engine": who.engine,
        "owner": who.owner,
        "tier": who.tier,
        "verdict": verdict.word,
        "reason": verdict.reason,
        "source": verdict.source,
    }


def _place(place: Place | None) -> Json | None:
    return {"path": place.path, "line": place.line, "removed": place.removed} if place else None


def _waiver(waiver: Waiver) -> Json:
    told = {"reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires.isoformat()}
    return {**told, "place": _place(waiver.place)}


def _problem(one: Problem) -> Json:
    return {"kind": one.kind, "message": one.message, "breaking": one.breaking, "place": _place(one.place)}
