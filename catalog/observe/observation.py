"""One dataset against its baseline: what is there now, what changed, since when, and what that means to whom."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from catalog import history
from catalog.consumer import consumers
from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.drift import Change, Finding, detect, judge
from catalog.drift.evidence import Evidence
from catalog.drift.rename import probable
from catalog.drift.shape import Shape, of_columns, within
from catalog.entry import Answer, Column, DatasetEntry, SchemaVersion
from catalog.event import EPOCH
from catalog.observe.baseline import Baseline, placed
from catalog.observe.baseline import baseline as accepted_as
from catalog.observe.marks import recorded
from catalog.observe.sampled import Sampled
from catalog.wire import MAIN

if TYPE_CHECKING:
    from catalog.index import Index

SCHEMALESS = frozenset({"kafka", "cache", "api", "object"})
"""Kinds of datasets whose schema, where anybody looked, is what was met in their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One dataset as it is now, against a baseline."""

    dataset: Dataset
    baseline: Baseline | None
    """None: nobody accepted any yet, or only promises, and now somebody looked; then there are no findings."""
    columns: tuple[Column, ...]
    """As it is now: what the first baseline is made from, and what accepting takes over."""
    findings: tuple[Finding, ...] = ()
    seen: SchemaVersion | None = None
    """The newest version that was told; None when nobody told any."""
    compared: bool = False
    """Whether it was held against the baseline; otherwise that there are no findings says nothing."""
    spared: tuple[str, ...] = ()
    """What is missing and no drift, since it may be chance; with the figures."""

    @property
    def breaking(self) -> tuple[Finding, ...]:
        """The findings that break somebody."""
        return tuple(one for one in self.findings if one.word == "breaking")


def called(entry: DatasetEntry) -> str:
    """What people call a dataset: its contract's id, else namespace/name."""
    return entry.contract_id or str(entry.dataset)


def observe(index: "Index", dataset: Dataset, *, baseline: str = MAIN) -> Answer[Observation]:
    """What changed of a dataset since its baseline, judged for everybody who reads it, the worst first.

    A column that the baseline lacks and the contract declares is no drift: somebody decided it in the repository.

    Raises:
        NotFound: no event and no contract tells of it.
    """
    entry, told = index.dataset(dataset), history.versions(index, dataset)
    contract = index.contracts.get(called(entry))
    kept, sampled = accepted_as(index, entry.dataset, baseline), _sampled(index, entry, told.value, contract)
    if kept and sampled and not kept.looked:
        kept = None  # a promise; now somebody has looked
    columns = entry.columns
    if sampled:
        columns = sampled.columns(kept.columns if kept else (), since=kept.since if kept else None)
    found = Observation(
        dataset=entry.dataset, baseline=kept, columns=() if entry.vanished else columns,
        seen=told.value[0] if told.value else None, spared=tuple(sampled.spared) if sampled else (),
    )  # fmt: skip
    if kept is None or not told.value:
        return Answer(value=found, completeness=told.completeness)
    if kept.looked and entry.kind in SCHEMALESS and not sampled:
        reason = f"nobody has looked at {called(entry)} since its baseline"
        lacking = replace(told.completeness, reasons=(*told.completeness.reasons, reason))
        return Answer(value=found, completeness=lacking)
    found = replace(found, compared=True)
    changes = _changes(index, found, kept, sampled, contract)
    if not changes:
        return Answer(value=found, completeness=told.completeness)
    since = {change.fingerprint: _since(index, entry, change, kept.since, sampled, told.value) for change in changes}
    readers = consumers(index, entry.dataset)
    judged = judge(called(entry), changes, readers.value, complete=readers.completeness.complete)
    findings = tuple(replace(one, since=since[one.change.fingerprint]) for one in judged)
    return Answer(value=replace(found, findings=findings), completeness=readers.completeness)


def _changes(
    index: "Index", found: Observation, kept: Baseline, sampled: Sampled | None, contract: Contract | None
) -> tuple[Change, ...]:
    """What is otherwise than accepted; of no columns, now or then, there was no dataset."""
    before = of_columns(_before(kept, found.columns, contract)) if kept.columns else None
    silent = all(one.nullable is None for one in found.columns)  # a witness of names and types tells no keys
    after = of_columns(found.columns, untold=before if silent and not sampled else None) if found.columns else None
    changes = detect(before, after)
    known = recorded(index, found.dataset) if any(one.rule == "column.added" for one in changes) else None
    if known:
        changes = detect(before, after, known)
    if sampled and before and after:
        changes += tuple(_partly_renamed(sampled, changes, (before, after), kept.since, known))
    return changes


def drift_facet(
    found: Observation, *, complete: bool, known: Mapping[str, datetime | None] | None = None
) -> dict[str, Any]:
    """The facet that tells open findings (lineage/schemas/SchemaDriftDatasetFacet.json), without what every one has.

    `known`: since when findings are open, as told before; that holds.
    """
    kept = found.baseline
    return {
        "baseline": kept and {"name": kept.name, "since": kept.since.isoformat(), "acceptedBy": kept.accepted_by,
                              "reason": kept.reason},
        "open": [_open(one, (known or {}).get(one.fingerprint)) for one in found.findings],
        "complete": complete,
    }  # fmt: skip


def _open(one: Finding, known: datetime | None) -> dict[str, Any]:
    since = known or one.since
    told = {
        "fingerprint": one.fingerprint, "dataset": one.dataset, "rule": one.change.rule, "path": one.change.path,
        "before": one.change.before, "after": one.change.after, "verdict": one.word,
        "since": since.isoformat() if since else None,
        "consumers": [{"name": each.consumer.name, "word": each.word, "reason": each.reason} for each in one.verdicts],
        "remedy": one.remedy,
    }  # fmt: skip
    return {key: value for key, value in told.items() if value is not None}


def _sampled(
    index: "Index", entry: DatasetEntry, versions: Sequence[SchemaVersion], contract: Contract | None
) -> Sampled | None:
    """The looks at a dataset without a schema of its own; None for others, and where nobody looked."""
    if entry.kind not in SCHEMALESS or not any(one.seen for one in versions):
        return None
    return Sampled(index, entry.dataset, versions, contract)


def _before(kept: Baseline, columns: Sequence[Column], contract: Contract | None) -> tuple[Column, ...]:
    """The baseline, with columns that it lacks, that are there, and that the contract declares."""
    declared = {path for path, _ in contract.schema.walk()} if contract else set()
    have = {one.path for one in kept.columns}
    came = [one for one in columns if one.path in declared - have]
    return placed(kept.columns, came, tuple(one.path for one in columns)) if came else kept.columns


def _partly_renamed(
    sampled: Sampled, changes: Sequence[Change], shapes: tuple[Shape, Shape], since: datetime,
    known: Evidence | None,
) -> Iterator[Change]:  # fmt: skip
    """A new key, or a member of it, that looks like one which comes less often since: one of several producers may have
    renamed or moved it. Of one that is gone, `detect` asks.
    """
    before, after = shapes
    gone = {one.path for one in changes if one.rule == "column.dropped"}
    asked = {one.path for one in changes if one.rule == "column.perhaps_renamed"}
    for change in changes:
        at = sampled.met(change.path, since=since) if change.rule == "column.added" else None
        if at:
            fell = [one for one in before.parts if one.path not in gone and sampled.fell(one.path, at=at)]
            came = [one for one in after.parts if within(one.path, change.path)]
            yield from probable(fell, [one for one in came if one.path not in asked], evidence=known)


def _since(
    index: "Index", entry: DatasetEntry, change: Change, baseline: datetime, sampled: Sampled | None,
    versions: Sequence[SchemaVersion],
) -> datetime | None:  # fmt: skip
    """When a change was first observed."""
    if change.rule == "dataset.dropped":
        past = history.changes(index, since=EPOCH, dataset=entry.dataset).value
        return next((one.time for one in past if one.kind == "dataset_vanished"), None)
    return _met(sampled, change, baseline) if sampled else _told(versions, change, baseline)


def _met(sampled: Sampled, change: Change, since: datetime) -> datetime | None:
    """When a change was first met in the values."""
    if change.rule.startswith("enum."):
        return sampled.listing(change.path, value=change.after, since=since)
    if change.rule == "column.dropped":
        return sampled.missed(change.path)
    return sampled.met(change.path, since=since, but=change.before if change.rule.startswith("type.") else None)


def _told(versions: Sequence[SchemaVersion], change: Change, since: datetime) -> datetime | None:
    """Since when all versions, newest first, tell the column as the newest does; at the earliest since the baseline."""
    first: datetime | None = None
    now = _words(versions[0], change.path)
    for version in versions:
        if _words(version, change.path) != now or version.since.time <= since:
            break
        first = version.since.time
    return first or versions[0].since.time


def _words(version: SchemaVersion, path: str) -> object:
    """What a version tells of a column; without a path, of keys and partitions."""
    if not path:
        return tuple((one.path, one.details.get("primaryKey"), one.details.get("partition")) for one in version.columns)
    return next(((one.type, one.nullable, str(one.details)) for one in version.columns if one.path == path), None)
