"""Waivers: somebody's word, in a file of the repository, that a finding may pass; for how long, and for what.

A waiver names the digest of what it was given for (`basis`). When the change, the declared base or the set of consumers
is another, the digest is another, and it waives nothing. All scalars are read as texts: `12e4` is no number.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import date
from hashlib import sha256
from typing import Any

import yaml

from catalog.drift import Finding, Shape
from catalog.review.review import Place, Problem, Reviewed, Waiver

FILE = "catalog/waivers.yaml"
HEAD = "# Findings of `catalog review` that may pass (`catalog review waive`); the last of a fingerprint counts.\n"
WORDS = ("fingerprint", "reason", "owner", "expires", "basis")


def basis_of(finding: Finding, base: Shape | None, after: Shape | None = None) -> str:
    """The digest of a change with all members of what changed, of the dataset as declared in the base, and of who is
    affected and how (names, engines, verdicts).
    """
    inside = [asdict(part) for part in after.parts if part.path.startswith(f"{finding.change.path}.")] if after else []
    readers = sorted({(one.consumer.name, one.consumer.engine, one.word) for one in finding.verdicts})
    told = [finding.dataset, asdict(finding.change), inside, base and asdict(base), readers]
    return sha256(json.dumps(told, default=_plain, sort_keys=True).encode()).hexdigest()[:16]


def read(path: str, text: str) -> tuple[tuple[Waiver, ...], tuple[Problem, ...]]:
    """The waivers of a file, and what in it is none."""
    try:
        document, root = yaml.load(text, Loader=yaml.BaseLoader), yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as problem:
        return (), (_invalid(f"the waivers cannot be read: {problem}", Place(path=path)),)
    if document is None:
        return (), ()
    entries = document.get("waivers") if isinstance(document, dict) else None
    if entries == "":
        return (), ()
    if not isinstance(entries, list) or not isinstance(root, yaml.MappingNode):
        return (), (_invalid("the waivers are no list under `waivers`", Place(path=path)),)
    nodes = next(value.value for key, value in root.value if key.value == "waivers")
    found = [
        _waiver(entry, Place(path=path, line=node.start_mark.line + 1))
        for entry, node in zip(entries, nodes, strict=True)
    ]
    waivers = tuple(one for one in found if isinstance(one, Waiver))
    return waivers, tuple(one for one in found if isinstance(one, Problem))


def apply(
    findings: Iterable[Reviewed], waivers: Iterable[Waiver], today: date
) -> tuple[tuple[Reviewed, ...], tuple[Problem, ...]]:
    """Findings with the waivers that hold today, and what is wrong with the others; of one fingerprint the last counts.

    A waiver holds on its last day, and only with the finding's basis.
    """
    known = {one.fingerprint: one for one in waivers}
    found = tuple(findings)
    by_print = {one.finding.fingerprint: one for one in found}
    wrong = {at: _wrong(waiver, by_print.get(at), today) for at, waiver in known.items()}
    held = {at: waiver for at, waiver in known.items() if wrong[at] is None}
    problems = tuple(one for one in wrong.values() if one)
    return tuple(replace(one, waiver=held.get(one.finding.fingerprint)) for one in found), problems


def written(text: str, waiver: Waiver) -> str:
    """The file's text with one more waiver at its end."""
    entry = {word: getattr(waiver, word) for word in WORDS}
    head = text if text.strip() else f"{HEAD}waivers:\n"
    body = yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000)
    return f"{head.rstrip()}\n" + "".join(f"  {line}\n" for line in body.splitlines())


def _wrong(waiver: Waiver, finding: Reviewed | None, today: date) -> Problem | None:
    who = f"the waiver of {waiver.owner} for {waiver.fingerprint}"
    if finding is None:
        return _problem("waiver_unused", f"{who} waives nothing: take it out", waiver)
    if waiver.expires < today:
        return _problem("waiver_expired", f"{who} ended on {waiver.expires}: {finding.finding.change} counts", waiver)
    if waiver.basis != finding.basis:
        why = "the change, the base or who reads it is another than when it was given"
        return _problem("waiver_lapsed", f"{who} has lapsed, {why}: {finding.finding.change} counts", waiver)
    return None


def _waiver(entry: Any, place: Place) -> Waiver | Problem:
    if not isinstance(entry, dict):
        return _invalid("a waiver is a mapping", place)
    lacking = [word for word in WORDS if not str(entry.get(word) or "").strip()]
    unknown = sorted(map(str, entry.keys() - set(WORDS)))
    if lacking or unknown:
        told = [f"lacks {', '.join(lacking)}"] * bool(lacking) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        return _invalid(f"a waiver {' and '.join(told)}", place)
    try:
        expires = date.fromisoformat(str(entry["expires"]))
    except ValueError:
        return _invalid(f"a waiver expires on {entry['expires']!r}, which is no day (2026-12-31)", place)
    return Waiver(
        fingerprint=str(entry["fingerprint"]), reason=str(entry["reason"]).strip(), owner=str(entry["owner"]).strip(),
        expires=expires, basis=str(entry["basis"]), place=place,
    )  # fmt: skip


def _problem(kind: str, message: str, waiver: Waiver) -> Problem:
    return Problem(kind=kind, message=message, place=waiver.place)


def _invalid(message: str, place: Place) -> Problem:
    return Problem(kind="waiver_invalid", message=message, place=place)


def _plain(value: object) -> object:
    """Sets in a fixed order: the order of a set is another in every process."""
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)
