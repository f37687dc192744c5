"""The third side of a review: whether the data is as the branch declares already, and since when."""

from collections.abc import Iterable
from datetime import datetime

from catalog import history
from catalog.drift import Change, Shape, detect
from catalog.drift.shape import of_columns
from catalog.entry import DatasetEntry
from catalog.event import EPOCH
from catalog.index import Index
from catalog.review.review import Observed

NAMES = frozenset({"column", "type", "precision", "scale", "length"})
"""What every witness tells; the other aspects only one who tells details."""
DETAILS = NAMES | {"null", "required", "enum", "default", "key", "partition", "unique", "zone"}


def observed(change: Change, before: Shape | None, entries: Iterable[DatasetEntry]) -> Observed:
    """What the record says of a change; of a dataset in several places, what it says of all of them."""
    told = {_observed(change, before, entry) for entry in entries}
    return told.pop() if len(told) == 1 else "otherwise" if told else ""


def since(index: Index, change: Change, entries: Iterable[DatasetEntry]) -> datetime | None:
    """When what is "already so" was first observed."""
    times = [at for entry in entries if (at := _since(index, change, entry))]
    return min(times, default=None)


def _observed(change: Change, before: Shape | None, entry: DatasetEntry) -> Observed:
    family = change.rule.partition(".")[0]
    if family == "dataset":
        there = entry.first_seen is not None and not entry.vanished
        return "already so" if there is (change.rule == "dataset.added") else "not yet"
    known = DETAILS if any(one.details or one.nullable is not None for one in entry.columns) else NAMES
    if family not in known or not entry.columns or before is None:
        return ""
    moved = detect(before, of_columns(entry.columns, untold=before))
    if any(one.fingerprint == change.fingerprint for one in moved):
        return "already so"
    places = {change.path, change.former}
    elsewhere = any(one.rule.partition(".")[0] == family and places & {one.path, one.former} for one in moved)
    return "otherwise" if elsewhere else "not yet"


def _since(index: Index, change: Change, entry: DatasetEntry) -> datetime | None:
    here = next((one.since for one in entry.columns if one.path == change.path), None)
    if here:
        return here.time
    past = history.changes(index, since=EPOCH, dataset=entry.dataset).value
    kinds = {"column_removed", "dataset_vanished"}
    return next((one.time for one in past if one.kind in kinds and (one.path or "") == change.path), None)
