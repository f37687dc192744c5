"""Whom a change of a dataset affects, in a branch: the readers of the record and the declared ones, each as the branch
has it: whoever repairs a reader in the same pull request breaks nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from catalog.consumer import consumers, declared
from catalog.dataset import Dataset
from catalog.drift import Change, Consumer, Finding, judge
from catalog.drift.shape import of_suite
from catalog.entry import DatasetEntry
from catalog.errors import NotFound
from catalog.index import Index, values
from catalog.review.declared import Declared
from catalog.review.repository import SUITES
from catalog.review.review import Basis
from catalog.review.table import creates

NAMED = "SELECT namespace, name FROM dataset WHERE kind = ? AND short = ? ORDER BY namespace, name"
MENDED = "as this branch has it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was observed, and where it was read from."""

    index: Index
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both sides of a branch, and the record if there is one."""

    before: Declared
    after: Declared
    record: Record | None

    def changed(self, path: str) -> bool:
        """Whether the branch changes a file."""
        return self.before.files.get(path) != self.after.files.get(path)


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
    db = sides.record.index.db
    named = next((found for found in values.named(db, contract_id) if found), ())
    contract = sides.before.contract(contract_id) or sides.after.contract(contract_id)
    if not any(isinstance(one, Dataset) for one in named) and contract:
        named = tuple(Dataset(*row) for row in db.execute(NAMED, (contract.kind, contract.name)))
    found = (_entry(sides.record.index, one) for one in named if isinstance(one, Dataset))
    return tuple(one for one in found if one and one.first_seen)


def _entry(index: Index, dataset: Dataset) -> DatasetEntry | None:
    try:
        return index.dataset(dataset)
    except NotFound:
        return None


def _as_one(
    found: Iterable[Consumer], sides: Sides, entries: tuple[DatasetEntry, ...], reasons: tuple[str, ...] = ()
) -> Affected:
    """One of each name, engine and direction, by name."""
    each = {(one.name, one.engine, one.direction): one for one in found}
    mended = frozenset(one.name for one in each.values() if one.engine == "sql" and sides.changed(one.name))
    return Affected(consumers=tuple(each[at] for at in sorted(each)), entries=entries, reasons=reasons, mended=mended)


def _declared(sides: Sides, contract_id: str) -> tuple[Consumer, ...]:
    """Who is known by the files: of the branch, and for a contract that it drops, of the base."""
    contracts = {}
    for side in (sides.before, sides.after):  # the branch's own last
        if contract := side.contract(contract_id):
            contracts[contract_id] = contract
    if contract_id not in contracts:
        return ()
    contract = contracts[contract_id]
    rules = sides.after.rules(contract)
    suites = {contract.suite: rules} if contract.suite and rules and rules["expectations"] else {}
    statements = {path: text for path, text in sides.after.statements().items() if not creates(text)}
    return declared(contracts, suites, statements, contract_id)


def _mended(
    real: list[Consumer], sides: Sides, contract_id: str
) -> tuple[list[Consumer], frozenset[str]]:  # fmt: skip
    """Recorded readers with the statements and rules of the branch in place of those that it changes."""
    contract = sides.after.contract(contract_id)
    texts = sides.before.statements()
    swaps = {text: sides.after.statements().get(path, "") for path, text in texts.items() if sides.changed(path)}
    suite = contract and contract.suite and sides.changed(f"{SUITES}/{contract.suite}.json")
    found, mended = [], set()
    for one in real:
        now = one
        for text, other in swaps.items():
            if text and text in now.sql:
                now = replace(now, sql=now.sql.replace(text, other))
        if suite and contract and one.engine == "gx":
            now = replace(now, checks=of_suite(sides.after.rules(contract) or {}))
        if now != one:
            mended.add(one.name)
        found.append(now)
    return found, frozenset(mended)


def _beside(plain: Iterable[Consumer], real: list[Consumer], sides: Sides) -> Iterator[Consumer]:
    """Declared ones whom the record does not know by another name; with a record nobody is anonymous."""
    tables = {one.engine for one in real if one.direction == "table"}
    gx = any(one.engine == "gx" for one in real)
    texts = sides.before.statements()
    for one in plain:
        known = (
            (one.direction == "table" and one.engine in tables)
            or (one.engine == "gx" and gx)
            or (one.engine == "sql" and any(texts.get(one.name, one.sql) in who.sql for who in real))
            or one.name.startswith("readers of ")
        )
        if not known:
            yield one
