"""Whom a change of a dataset affects, in a branch: the readers of the record and the declared ones, each as the branch
has it: whoever repairs a reader in the same pull request breaks nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import PurePosixPath

from catalog.consumer import consumers, declared
from catalog.dataset import Dataset
from catalog.drift import Change, Consumer, Finding, judge
from catalog.drift.shape import of_suite
from catalog.entry import DatasetEntry
from catalog.index import Index
from catalog.review.declared import SUITES, Declared
from catalog.review.review import Basis
from catalog.review.table import creates

TOLD = "SELECT namespace, name, kind, short, contract FROM dataset WHERE first_seen NOTNULL ORDER BY namespace, name"
HALF = 0.5
"""From this likeness on a file that came is one that went; git's own measure."""
COMPARED = 2_500
"""Pairs of files that are compared line by line; of more, those of one name are found."""
MENDED = "as this branch has it"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What was observed, and where it was read from."""

    index: Index
    basis: Basis

    @cached_property
    def told(self) -> Mapping[object, tuple[Dataset, ...]]:
        """The datasets of which any event told, by the id of their contract and by their kind and name."""
        found: dict[object, tuple[Dataset, ...]] = {}
        for row in self.index.db.execute(TOLD):
            for key in ((row["contract"] or "").partition("@")[0], (row["kind"], row["short"])):
                found[key] = (*found.get(key, ()), Dataset(row["namespace"], row["name"]))
        return found


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Both sides of a branch, and the record if there is one."""

    before: Declared
    after: Declared
    record: Record | None

    def changed(self, path: str) -> bool:
        """Whether the branch changes a file."""
        return self.before.files.get(path) != self.after.files.get(path)

    @cached_property
    def queries(self) -> Mapping[str, str]:
        """The branch's statements that read, by their file; those that create tables read none."""
        return {path: text for path, text in self.after.statements.items() if not creates(text)}

    @cached_property
    def moved(self) -> Mapping[str, str]:
        """Where the branch puts files of SQL that it takes away: by their name, else where half of their lines are."""
        old, new = self.before.statements, self.after.statements
        gone, came = sorted(old.keys() - new.keys()), sorted(new.keys() - old.keys())
        named = {PurePosixPath(path).name: path for path in came}
        found = {path: named.pop(name) for path in gone if (name := PurePosixPath(path).name) in named}
        left, free = [path for path in gone if path not in found], set(came) - set(found.values())
        for path in left if len(left) * len(free) <= COMPARED else ():
            alike = {other: _alike(old[path], new[other]) for other in sorted(free)}
            best = max(alike, key=alike.__getitem__, default="")
            if best and alike[best] >= HALF:
                found[path] = best
                free.remove(best)
        return found

    @cached_property
    def swaps(self) -> Mapping[str, str]:
        """What the branch makes of the statements that it changes."""
        new, texts = self.after.statements, self.before.statements.items()
        swaps = {text: new.get(self.moved.get(path, path), "") for path, text in texts if text}
        return {text: other for text, other in swaps.items() if text != other}


def _alike(text: str, other: str) -> float:
    """The share of lines that both have."""
    return SequenceMatcher(None, text.splitlines(), other.splitlines(), autojunk=False).ratio()


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """Everybody whom a dataset's shape affects; `mended` are names of those whom the branch changes too."""

    consumers: tuple[Consumer, ...]
    entries: tuple[DatasetEntry, ...] = ()
    """The dataset in the record; several when a contract is kept in several places, none when nothing was told."""
    reasons: tuple[str, ...] = ()
    mended: frozenset[str] = frozenset()

    def judge(self, dataset: str, changes: Iterable[Change]) -> tuple[Finding, ...]:
        """Findings with verdicts that say where a reader is judged as the branch has it."""
        return tuple(self._said(one) for one in judge(dataset, changes, self.consumers, complete=not self.reasons))

    def _said(self, finding: Finding) -> Finding:
        told = (
            replace(one, reason=f"{one.reason}, {MENDED}") if one.consumer.name in self.mended else one
            for one in finding.verdicts
        )
        return replace(finding, verdicts=tuple(told))


def affected(sides: Sides, contract_id: str) -> Affected:
    """Who is affected by the dataset of this contract."""
    plain = _declared(sides, contract_id)
    entries = recorded(sides, contract_id)
    if sides.record is None or not entries:
        return _as_one(plain, sides, ())
    answers = [consumers(sides.record.index, one.dataset, derived=False) for one in entries]
    reasons = tuple(dict.fromkeys(reason for one in answers for reason in one.completeness.reasons))
    real, mended = _mended([who for one in answers for who in one.value], sides, contract_id)
    found = _as_one([*real, *_beside(plain, real, sides)], sides, entries, reasons)
    return replace(found, mended=found.mended | mended)


def recorded(sides: Sides, contract_id: str) -> tuple[DatasetEntry, ...]:
    """The datasets of a contract of which any event told: by its id, else by its kind and name."""
    if sides.record is None:
        return ()
    contract = sides.before.contract(contract_id) or sides.after.contract(contract_id)
    named = (contract.kind, contract.name) if contract else None
    told = sides.record.told
    return tuple(sides.record.index.dataset(one) for one in told.get(contract_id) or told.get(named, ()))


def _as_one(
    found: Iterable[Consumer], sides: Sides, entries: tuple[DatasetEntry, ...], reasons: tuple[str, ...] = ()
) -> Affected:
    """One of each name, engine and direction, by name."""
    each = {(one.name, one.engine, one.direction): one for one in found}
    mended = frozenset(one.name for one in each.values() if one.engine == "sql" and sides.changed(one.name))
    return Affected(consumers=tuple(each[at] for at in sorted(each)), entries=entries, reasons=reasons, mended=mended)


def _declared(sides: Sides, contract_id: str) -> tuple[Consumer, ...]:
    """Who is known by the files: of the branch, and for a contract that it drops, of the base; statements that name its
    table, also as the base calls it.
    """
    known = [one for one in (sides.after.contract(contract_id), sides.before.contract(contract_id)) if one]
    if not known:
        return ()
    contract = known[0]
    rules = sides.after.rules(contract)
    found = declared(contract, rules if rules and rules["expectations"] else None, sides.queries)
    if known[-1].name == contract.name:
        return found
    former = declared(known[-1], None, sides.queries)
    return (*found, *(one for one in former if one.engine == "sql"))


def _mended(
    real: list[Consumer], sides: Sides, contract_id: str
) -> tuple[list[Consumer], frozenset[str]]:  # fmt: skip
    """Recorded readers with the statements and rules of the branch in place of those that it changes."""
    contract = sides.after.contract(contract_id)
    suite = contract and contract.suite and sides.changed(f"{SUITES}/{contract.suite}.json")
    found, mended = [], set()
    for one in real:
        now = one
        for text, other in sides.swaps.items():
            if text in now.sql:
                now = replace(now, sql=now.sql.replace(text, other))
        if suite and contract and one.engine == "gx":
            columns = (now.columns or frozenset()) | {path for path, _ in contract.schema.walk()}
            now = replace(now, checks=of_suite(sides.after.rules(contract) or {}), columns=columns)
        if now != one:
            mended.add(one.name)
        found.append(now)
    return found, frozenset(mended)


def _beside(plain: Iterable[Consumer], real: list[Consumer], sides: Sides) -> Iterator[Consumer]:
    """Declared ones whom the record does not know by another name; with a record nobody is anonymous."""
    tables = {one.engine for one in real if one.direction == "table"}
    gx = any(one.engine == "gx" for one in real)
    for one in plain:
        known = (
            (one.direction == "table" and one.engine in tables)
            or (one.engine == "gx" and gx)
            or (one.engine == "sql" and any(one.sql in who.sql for who in real))
            or one.name.startswith("readers of ")
        )
        if not known:
            yield one
