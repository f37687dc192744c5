"""What the contracts say of owners, descriptions, tags and personal data, brought into the backend where it differs.

Marquez makes no tags of its own from OpenLineage's tags facet (0.51.1): they go through its tags API. Owners and
descriptions come with every event of a task of ours; for datasets of which the backend has others, the caller tells
them again with its own event. A static dataset event would do too, but the backend counts those and never lists them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.errors import DatasetNotFound
from catalog.marquez import Marquez
from catalog.stored import StoredDataset

PII = "PII"
"""In capitals: Marquez makes a column's tags so."""
TIERS = ("gold", "silver", "bronze")
MEANINGS = {
    PII: "Personal data: shown to nobody, masked in checks and reports",
    "gold": "What decisions and reports stand on",
    "silver": "What gold is made from",
    "bronze": "As it came",
}


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Tag:
    """One tag on a dataset, or on a column of it."""

    name: str
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one dataset lacks, or has too much of, in the backend."""

    dataset: Dataset
    contract: Contract
    add: tuple[Tag, ...] = ()
    remove: tuple[Tag, ...] = ()
    describe: bool = False
    """Owner or description are not those of the contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """How much was written."""

    tagged: int = 0
    untagged: int = 0
    undescribed: tuple[tuple[Dataset, Contract], ...] = ()
    """Datasets whose owner or description in the backend is not that of their contract."""
    missing: tuple[Dataset, ...] = ()
    """Datasets of the record that the backend does not have (any more)."""


def wanted(contract: Contract) -> frozenset[Tag]:
    """The contract's tags and tier on the dataset, PII on its columns; a member's counts for its column.

    Marquez has the columns of the top level only.
    """
    own = (Tag(name=name) for name in (*contract.tags, contract.tier))
    personal = (Tag(name=PII, column=path.split(".")[0]) for path in contract.pii)
    return frozenset([*own, *personal, *([Tag(name=PII)] if contract.pii else [])])


def plan(stored: StoredDataset, contract: Contract, *, managed: frozenset[str]) -> Step:
    """The way from what is stored to what the contract says. Of tags that no contract uses nothing is taken away."""
    there = {Tag(name=name) for name in stored.tags}
    there |= {Tag(name=name, column=field.name) for field in stored.fields for name in field.tags}
    columns = {None, *(field.name for field in stored.fields)}
    asked = {tag for tag in wanted(contract) if tag.column in columns}
    return Step(
        dataset=stored.dataset,
        contract=contract,
        add=tuple(sorted(asked - there, key=_order)),
        remove=tuple(sorted((tag for tag in there - asked if tag.name in managed), key=_order)),
        describe=stored.current_version is not None  # else its first run has not ended yet, and will tell it
        and (stored.description != contract.description or owners(stored.facets) != (f"team:{contract.owner}",)),
    )


def owners(facets: Mapping[str, Any]) -> tuple[str, ...]:
    """The names in an ownership facet."""
    return tuple(str(owner["name"]) for owner in (facets.get("ownership") or {}).get("owners") or ())


def write(client: Marquez, promised: Mapping[Dataset, Contract]) -> WrittenBack:
    """Look at each dataset in the backend and write the tags that differ; nothing when none does.

    Raises:
        MarquezError: the backend does not answer, or refuses.
    """
    managed = frozenset({tag.name for contract in promised.values() for tag in wanted(contract)} | {PII, *TIERS})
    known, missing = {tag.name for tag in client.tags()}, []
    steps: list[Step] = []
    for dataset, contract in promised.items():
        try:
            steps.append(plan(client.dataset(dataset), contract, managed=managed))
        except DatasetNotFound:
            missing.append(dataset)
    for name in sorted({tag.name for step in steps for tag in step.add} - known):
        client.put_tag(name, MEANINGS.get(name, "Of the contracts"))
    for step in steps:
        _apply(client, step)
    return WrittenBack(
        tagged=sum(len(step.add) for step in steps),
        untagged=sum(len(step.remove) for step in steps),
        undescribed=tuple((step.dataset, step.contract) for step in steps if step.describe),
        missing=tuple(missing),
    )


def _apply(client: Marquez, step: Step) -> None:
    for tag in step.add:
        client.tag(step.dataset, tag.name, column=tag.column)
    for tag in step.remove:
        client.untag(step.dataset, tag.name, column=tag.column)


def _order(tag: Tag) -> tuple[str, str]:
    return tag.column or "", tag.name


def promises(entries: Iterable[tuple[Dataset, str | None]], contracts: Mapping[str, Contract]) -> Iterator[
    tuple[Dataset, Contract]
]:  # fmt: skip
    """Each dataset whose `id@version` names a contract, with it."""
    for dataset, said in entries:
        if contract := contracts.get((said or "").partition("@")[0]):
            yield dataset, contract
