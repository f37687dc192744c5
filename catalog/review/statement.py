"""SQL that a branch changes: a changed statement is a new reader of old data, and gives perhaps less than before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from catalog.consumer import called
from catalog.contract import Contract
from catalog.drift import Change, Consumer, Finding, Part, Shape, Verdict, detect, query
from catalog.review import table, waiver
from catalog.review.affected import Affected, Sides, affected, recorded
from catalog.review.observed import reviewed
from catalog.review.place import in_statement
from catalog.review.review import Place, Reviewed
from catalog.wire import Word

DIALECT = "postgres"
QUERIED = "warehouse."
"""Contracts of what statements name (catalog.consumer)."""
Told = Iterator[tuple[Affected, Reviewed]]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of SQL on both sides; "" where there is none."""

    path: str
    before: str
    after: str
    former: str
    """Its path in the base."""


def statements(sides: Sides) -> Told:
    """Findings of every file of SQL that the branch changes."""
    old, new = sides.before.statements, sides.after.statements
    former = {path: at for at, path in sides.moved.items()}
    for path in sorted((old.keys() | new.keys()) - sides.moved.keys()):
        at = former.get(path, path)
        file = File(path=path, before=old.get(at, ""), after=new.get(path, ""), former=at)
        if file.before == file.after:
            continue
        if table.creates(file.before) or table.creates(file.after):
            yield from _tables(sides, file)
            continue
        if file.before and table.parsed(file.before) is None:
            sides.before.problems[path] = table.unread(file.before)
        if file.after and table.parsed(file.after) is None:
            sides.after.problems[path] = table.unread(sides.after.text(path))
            continue
        yield from _reads(sides, file)
        yield from _gives(sides, file)


def _reads(sides: Sides, file: File) -> Told:
    """Columns that the statement names now, did not name before, and that are not there."""
    for contract in _named(sides, file.after):
        at = called(file.after, contract.name) or contract.name
        now, was = query.reads(file.after, at, DIALECT), query.reads(file.before, at, DIALECT)
        if now is None:
            continue
        entries = recorded(sides, contract.id)
        there = [{column.path.lower() for column in entry.columns} for entry in entries if entry.columns]
        shape = sides.after.shape(contract.id)
        declared = {part.path.lower() for part in shape.parts} if shape else set()
        for name in sorted(now.columns - (was.columns if was else frozenset())):
            word: Word | None = None
            if name not in declared:
                word = None if there and all(name in one for one in there) else "breaking"
            elif any(name not in one for one in there):
                word = "may break"
            if word:
                yield _finding(sides, file, contract, name, word)


def _finding(sides: Sides, file: File, contract: Contract, name: str, word: Word) -> tuple[Affected, Reviewed]:
    """A column that a statement expects and that is not there: it is new to the data (new reader, old data)."""
    change = Change(rule="column.added", path=name)
    who = Consumer(
        name=file.path, engine="sql", direction="new_reads_old", sql=file.after, dataset=contract.name, dialect=DIALECT
    )
    lacks = "is not declared" if word == "breaking" else "is declared and not in the data yet"
    why = f"names the column {name}, which {lacks} in {contract.id}"
    way = (
        f"Declare `{name}` in {contract.id} and fill it first, or name a column that it has."
        if word == "breaking"
        else f"Roll out the writers of `{name}` first, then this statement."
    )
    verdict = Verdict(change=change, consumer=who, word=word, reason=why, source=query.ADDRESS)
    finding = Finding(dataset=contract.id, change=change, verdicts=(verdict,), remedy=way)
    before = sides.before.shape(contract.id)
    told = Affected(consumers=(who,), entries=recorded(sides, contract.id))
    return told, Reviewed(
        finding=finding, place=in_statement(file.path, sides.after.text(file.path), name),
        observed="not yet" if told.entries else "", basis=waiver.basis_of(finding, before),
    )  # fmt: skip


def _gives(sides: Sides, file: File) -> Told:
    """Columns that a query gave to the table of its name and gives no more; all of it when the query is gone."""
    given, still = table.outputs(file.before), table.outputs(file.after)
    contract = sides.after.contract(f"{QUERIED}{PurePosixPath(file.path).stem}")
    before = sides.before.shape(contract.id) if contract else None
    if contract is None or before is None or not given or (file.after and not still):
        return
    told = affected(sides, contract.id)
    parts = {part.path.lower(): part for part in before.parts}
    gone = [name for name in given if name not in still and name in parts]
    changes = [_dropped(parts[name]) for name in gone] if file.after else detect(before, None)
    for finding in told.judge(contract.id, changes):
        place = in_statement(file.former, sides.before.text(file.former), finding.change.path, removed=True)
        yield told, reviewed(sides, told, finding, before=before, after=None, place=place)


def _dropped(part: Part) -> Change:
    """As `detect` tells it, so that the contract's own removal is the same finding."""
    (change,) = detect(Shape(parts=(part,)), Shape(parts=()))
    return change


def _tables(sides: Sides, file: File) -> Told:
    """Tables that a file creates, before and now, judged for the statements that name them."""
    old, new = (table.tables(text) if text else {} for text in (file.before, file.after))
    if old is None or new is None:
        side = sides.after if new is None else sides.before
        side.problems[file.path] = table.unread(side.text(file.path))
        return
    for name in sorted(old.keys() | new.keys()):
        if (before := old.get(name)) == (after := new.get(name)):
            continue
        told = _readers(sides, name)
        dataset = f"{file.path}:{name}"
        for finding in told.judge(dataset, detect(before, after)):
            removed = finding.change.rule.endswith(".dropped")
            place = _line(sides, file, name, finding.change, removed=removed)
            yield told, reviewed(sides, told, finding, before=before, after=after, place=place)


def _line(sides: Sides, file: File, name: str, change: Change, *, removed: bool) -> Place:
    side, path = (sides.before, file.former) if removed else (sides.after, file.path)
    text = side.text(path)
    start = in_statement(path, text, name).line
    if not change.path:
        return Place(path=path, line=start, removed=removed)
    rest = "\n".join(text.splitlines()[start - 1 :])
    found = in_statement(path, rest, change.former if removed else change.path, removed=removed)
    return replace(found, line=found.line + start - 1)


def _readers(sides: Sides, name: str) -> Affected:
    found = tuple(
        Consumer(name=path, engine="sql", sql=text, dataset=at)
        for path, text in sorted(sides.queries.items())
        if (at := called(text, name))
    )
    return Affected(consumers=found, mended=frozenset(one.name for one in found if sides.changed(one.name)))


def _named(sides: Sides, text: str) -> Iterator[Contract]:
    """The contracts whose tables a text names."""
    lower = text.lower()
    for contract_id in sides.after.contracts:
        if contract_id.startswith(QUERIED) and contract_id.removeprefix(QUERIED).lower() in lower:
            contract = sides.after.contract(contract_id)
            if contract and called(text, contract.name):
                yield contract
