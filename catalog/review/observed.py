"""The third side of a review: whether the data is as the branch declares already, and since when."""

from dataclasses import replace
from datetime import datetime

from catalog import history
from catalog.drift import Change, Finding, Shape, detect
from catalog.drift.shape import of_columns
from catalog.entry import DatasetEntry
from catalog.event import EPOCH
from catalog.index import Index
from catalog.review.affected import Affected, Sides
from catalog.review.review import Observed, Place, Reviewed
from catalog.review.waiver import basis_of

NAMES = frozenset({"column", "type", "precision", "scale", "length"})
"""What every witness tells; the other aspects only one who tells details."""
DETAILS = NAMES | {"null", "required", "enum", "default", "key", "partition", "unique", "zone"}


def reviewed(
    sides: Sides, told: Affected, finding: Finding, *, before: Shape | None, after: Shape | None, place: Place | None
) -> Reviewed:  # fmt: skip
    """A finding with what the record says of it, and what a waiver of it must name.

    Of a dataset in several places, the record says what it says of all of them.
    """
    said = {_observed(finding.change, before, entry) for entry in told.entries}
    word = said.pop() if len(said) == 1 else "otherwise" if said else ""
    if word == "already so" and sides.record:
        times = [at for entry in told.entries if (at := _since(sides.record.index, finding.change, entry))]
        finding = replace(finding, since=min(times, default=None))
    return Reviewed(finding=finding, place=place, observed=word, basis=basis_of(finding, before, after))


def _observed(change: Change, before: Shape | None, entry: DatasetEntry) -> Observed:
    if change.noun == "dataset":
        there = entry.first_seen is not None and not entry.vanished
        return "already so" if there is (change.rule == "dataset.added") else "not yet"
    known = DETAILS if any(one.details or one.nullable is not None for one in entry.columns) else NAMES
    if change.noun not in known or not entry.columns or before is None:
        return ""
    moved = detect(before, of_columns(entry.columns, untold=before))
    if any(one.fingerprint == change.fingerprint for one in moved):
        return "already so"
    places = {change.path, change.former}
    elsewhere = any(one.noun == change.noun and places & {one.path, one.former} for one in moved)
    return "otherwise" if elsewhere else "not yet"


def _since(index: Index, change: Change, entry: DatasetEntry) -> datetime | None:
    here = next((one.since for one in entry.columns if one.path == change.path), None)
    if here:
        return here.time
    past = history.changes(index, since=EPOCH, dataset=entry.dataset).value
    kinds = {"column_removed", "dataset_vanished"}
    return next((one.time for one in past if one.kind in kinds and (one.path or "") == change.path), None)
