"""The review of a branch: every change of what is declared, judged, held against the record, with its line."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePosixPath

from catalog.drift import Change, Finding, Shape, detect
from catalog.drift.evidence import Evidence, evidence
from catalog.drift.shape import of_suite
from catalog.observe.marks import recorded as told_of
from catalog.review import waiver
from catalog.review.affected import Affected, Record, Sides, affected, recorded
from catalog.review.declared import CONTRACTS, SUITES
from catalog.review.observed import reviewed
from catalog.review.place import in_contract, in_suite
from catalog.review.repository import Branch
from catalog.review.review import Place, Problem, Review, Reviewed
from catalog.review.statement import statements
from catalog.wire import VERDICTS

DESTRUCTIVE = (".dropped", ".narrowed", ".lowered", ".replaced", ".renamed")


def review(both: Branch, *, record: Record | None, today: date, waivers: Path | None = None) -> Review:
    """What a branch means to those who read its data.

    With a record, the consumers and the observed side are read from it; without, what the files declare is all.
    Waivers are those of the working tree (`catalog/waivers.yaml`), or of another file.
    """
    sides = Sides(before=both.before, after=both.after, record=record)
    reasons: dict[str, None] = {}
    found: dict[str, Reviewed] = {}
    for told, one in (*_contracts(sides), *_suites(sides), *statements(sides)):
        found.setdefault(one.finding.fingerprint, one)
        reasons |= dict.fromkeys(told.reasons)
    findings, problems = _waived(both, found.values(), today, waivers)
    return Review(
        base=both.base, head=both.head, basis=record.basis if record else "declared",
        as_of=record.index.completeness().as_of if record else None, reasons=tuple(reasons),
        findings=tuple(sorted(findings, key=_order)), problems=(*_unreadable(sides), *problems),
    )  # fmt: skip


def _contracts(sides: Sides) -> Iterator[tuple[Affected, Reviewed]]:
    """Findings of contracts, with the rules of their suites."""
    for old, new in _pairs(sides):
        before, after = sides.before.shape(old), sides.after.shape(new)
        files = (sides.before.contracts.files.get(old, ""), sides.after.contracts.files.get(new, ""))
        broken = files[0] in sides.before.problems or files[1] in sides.after.problems
        found = (*_renamed(sides, old, new), *detect(before, after, _known(sides, old, before, after)))
        changes = () if broken else _whole(found, sides, old, new)
        if changes:
            told = affected(sides, old if before else new)
            for finding in told.judge(new if after else old, changes):
                place = _place(sides, (old, new), finding)
                yield told, reviewed(sides, told, finding, before=before, after=after, place=place)


def _renamed(sides: Sides, old: str, new: str) -> Iterator[Change]:
    """A contract that names another dataset than before: the former one is gone for whoever reads it."""
    one, other = sides.before.contract(old), sides.after.contract(new)
    if one and other and one.name != other.name:
        yield Change(rule="dataset.dropped", path="", before=one.name, after=other.name)


def _known(sides: Sides, contract_id: str, before: Shape | None, after: Shape | None) -> Evidence | None:
    """What speaks for a rename: rules of the suite that moved, and where the data is so already, what the record tells
    of both columns.
    """
    if before is None or after is None:
        return None
    rules = evidence(suites=(before.checks, after.checks))
    paths = [{part.path for part in side.parts} for side in (before, after)]
    entries = recorded(sides, contract_id) if paths[0] - paths[1] and paths[1] - paths[0] else ()
    if sides.record is None or not entries:
        return rules
    return replace(told_of(sides.record.index, entries[0].dataset), rules=rules.rules)


def _whole(changes: tuple[Change, ...], sides: Sides, old: str, new: str) -> tuple[Change, ...]:
    """Without the rules of a suite that cannot be read: they are not gone."""
    broken = {*sides.before.problems, *sides.after.problems}
    one, other = sides.before.contract(old), sides.after.contract(new)
    unread = any(side and f"{SUITES}/{side.suite}.json" in broken for side in (one, other))
    return tuple(change for change in changes if not (unread and change.rule.startswith("check.")))


def _pairs(sides: Sides) -> list[tuple[str, str]]:
    """Ids of contracts before and now that may differ; one of the same dataset under another id is the same."""
    old, new = sides.before.contracts.files, sides.after.contracts.files
    suites = [PurePosixPath(path).stem.encode() for path in _changed(sides, f"{SUITES}/")]
    same = [
        at for at in old.keys() & new.keys()
        if sides.changed(old[at])
        or any(name in sides.after.files[new[at]] for name in suites)
    ]  # fmt: skip
    gone, came = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
    renamed = {}
    for at in came:
        found = sides.after.contract(at)
        for former in gone:
            known = sides.before.contract(former)
            if found and known and (found.kind, found.name) == (known.kind, known.name):
                renamed[former] = at
    moved = set(renamed.values())
    return [
        *((at, at) for at in sorted(same)), *renamed.items(),
        *((at, at) for at in gone if at not in renamed), *((at, at) for at in came if at not in moved),
    ]  # fmt: skip


def _suites(sides: Sides) -> Iterator[tuple[Affected, Reviewed]]:
    """Rules of suites that no contract names; those of the others are told with their dataset."""
    both, nobody = (sides.before, sides.after), Affected(consumers=())
    contracts = [text for side in both for at, text in side.files.items() if at.startswith(f"{CONTRACTS}/")]
    for path in _changed(sides, f"{SUITES}/"):
        name = PurePosixPath(path).stem
        if any(name.encode() in text for text in contracts):
            continue
        old, new = (Shape(parts=(), checks=of_suite(side.suite(name) or {})) for side in both)
        if path in sides.before.problems or path in sides.after.problems:
            continue
        for finding in nobody.judge(name, detect(old, new)):
            place = _suite_place(sides, path, finding.change)
            yield nobody, reviewed(sides, nobody, finding, before=old, after=new, place=place)


def _changed(sides: Sides, folder: str) -> list[str]:
    names = {*sides.before.files, *sides.after.files}
    return sorted(name for name in names if name.startswith(folder) and sides.changed(name))


def _place(sides: Sides, ids: tuple[str, str], finding: Finding) -> Place | None:
    """Where a change of a contract is written: in its suite, in the branch's file, or in the base's if it is gone."""
    change = finding.change
    side, at = (sides.after, ids[1])
    if change.rule.endswith((".dropped", "check.removed")) and not (change.rule == "dataset.dropped" and change.after):
        side, at = sides.before, ids[0]
    if change.rule.startswith("check."):
        contract = side.contract(at)
        return _suite_place(sides, f"{SUITES}/{contract.suite}.json", change) if contract else None
    path = side.contracts.files[at]
    if side is sides.after:
        return in_contract(path, side.text(path), change)
    near = in_contract(path, sides.after.text(path), change, removed=True).line
    return replace(in_contract(path, side.text(path), change, removed=True), near=near)


def _suite_place(sides: Sides, path: str, change: Change) -> Place:
    removed = change.rule == "check.removed" or path not in sides.after.files
    return in_suite(path, (sides.before if removed else sides.after).text(path), change, removed=removed)


def _unreadable(sides: Sides) -> Iterator[Problem]:
    """Files of the branch that cannot be read; it breaks whoever relied on one that could. Of what the branch repairs
    nobody can say what it changes.
    """
    for path in sorted((sides.before.problems.keys() - sides.after.problems.keys()) & sides.after.files.keys()):
        message = f"{path} could not be read in the base: what changes in it is not judged"
        yield Problem(kind="file_unreadable", message=message, place=Place(path=path))
    for path, problem in sorted(sides.after.problems.items()):
        new = path not in sides.before.problems
        declared = path.startswith((f"{CONTRACTS}/", f"{SUITES}/")) or path in sides.before.files
        yield Problem(
            kind="file_unreadable", message=f"{path} cannot be read: {problem.why}",
            place=Place(path=path, line=problem.line),
            breaking=new and declared,
        )  # fmt: skip


def _waived(
    both: Branch, findings: Iterable[Reviewed], today: date, file: Path | None
) -> tuple[tuple[Reviewed, ...], tuple[Problem, ...]]:
    path = file or both.top / waiver.FILE
    if not path.is_file():
        return tuple(findings), ()
    whole, top = path.resolve(), both.top.resolve()
    shown = whole.relative_to(top) if whole.is_relative_to(top) else path
    known, invalid = waiver.read(shown.as_posix(), path.read_text(encoding="utf-8", errors="replace"))
    found, problems = waiver.apply(findings, known, today)
    return found, (*invalid, *problems)


def _order(one: Reviewed) -> tuple[bool, int, Place]:
    word = one.finding.word
    harms = one.finding.change.rule.endswith(DESTRUCTIVE) and word != "compatible"
    return not harms, VERDICTS.index(word), one.place or Place(path="")
