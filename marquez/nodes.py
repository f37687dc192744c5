"""Node ids of lineage graphs: `dataset:{namespace}:{name}`, `datasetField:…:{field}`, `job:…`, some with `#{version}`.

Namespaces contain colons and so may names. Marquez parts a node id at the first colons that neither `//` nor a digit
follows, and so misreads arn:aws:…; where there are too few of those it fails, and here the store decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from sqlite3 import Connection, Row

from marquez.errors import PageNotFound
from marquez.hashes import uuid_or_none
from marquez.rows import existing, one

KINDS = ("datasetField", "dataset", "job")
_PARTS = re.compile(r":(?!//|\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeId:
    """A node id taken apart as far as its text allows; a `lenient` one is never misread."""

    kind: str
    rest: str
    version: str | None = None
    lenient: bool = False

    @property
    def name(self) -> str:
        """What to call the thing when it is not found."""
        return self.rest.rpartition(":")[2]

    def parts(self, count: int) -> Iterator[list[str]]:
        """The ways to read the text as so many names, those with a long namespace first."""
        colons = [i for i, char in enumerate(self.rest) if char == ":"]
        marks = [found.start() for found in _PARTS.finditer(self.rest)][: count - 1]
        strict = len(colons) >= count and len(marks) == count - 1 and not self.lenient
        for cuts in [tuple(marks)] if strict else [*combinations(colons, count - 1)][::-1]:
            ends = zip((-1, *cuts), (*cuts, len(self.rest)), strict=True)
            yield [self.rest[start + 1 : end] for start, end in ends]


def parse(text: str) -> NodeId:
    """The kind of node and its version.

    Raises:
        PageNotFound: no node id of a kind that has lineage.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in KINDS or ":" not in rest:
        raise PageNotFound
    head, hash_sign, tail = rest.rpartition("#")
    if hash_sign and uuid_or_none(tail):
        return NodeId(kind=kind, rest=head, version=uuid_or_none(tail))
    return NodeId(kind=kind, rest=rest, version=None)


_DATASET = """SELECT d.* FROM dataset_name n JOIN dataset d ON d.id = n.dataset
    WHERE n.namespace = ? AND n.name = ? AND NOT d.hidden"""


def dataset_row(db: Connection, node: NodeId) -> Row | None:
    """The dataset that `{namespace}:{name}` means."""
    return _first(db, _DATASET, node)


def job_row(db: Connection, node: NodeId) -> Row | None:
    """The job that `{namespace}:{name}` means."""
    return _first(db, "SELECT * FROM job WHERE namespace = ? AND name = ? AND NOT hidden", node)


def _first(db: Connection, sql: str, node: NodeId) -> Row | None:
    rows = (one(db, sql, *names) for names in node.parts(2))
    return next((row for row in rows if row is not None), None)


def field_ids(db: Connection, node: NodeId) -> list[int]:
    """The columns a node stands for: itself, those of a dataset, or those that a job's latest run wrote.

    Empty when there is no such thing.
    """
    if node.kind == "job":
        job = job_row(db, node)
        sql = (
            "SELECT DISTINCT f.id FROM version v JOIN field f ON f.dataset = v.dataset WHERE v.run = "
            "(SELECT uuid FROM run WHERE job = ? ORDER BY created DESC LIMIT 1)"
        )
        return _ids(db, sql, job["id"]) if job else []
    if node.kind == "dataset":
        return _dataset_fields(db, dataset_row(db, node), node.version, None)
    found = [(one(db, _DATASET, space, name), field) for space, name, field in node.parts(3)]
    return [i for dataset, field in found for i in _dataset_fields(db, dataset, node.version, field)]


def _dataset_fields(db: Connection, dataset: Row | None, version: str | None, field: str | None) -> list[int]:
    if dataset is None:
        return []
    sql = "SELECT f.id FROM field f WHERE f.dataset = ?"
    values = [dataset["id"]]
    if field is not None:
        sql, values = sql + " AND f.name = ?", [*values, field]
    if version is not None:
        sql += " AND f.id IN (SELECT field FROM version_field vf JOIN version v ON v.id = vf.version WHERE v.uuid = ?)"
        values.append(version)
    return _ids(db, sql, *values)


def _ids(db: Connection, sql: str, *values: object) -> list[int]:
    return [i for (i,) in db.execute(sql, values)]


def version_time(db: Connection, version: str | None) -> int | None:
    """When a dataset version was made; None without a version.

    Raises:
        ResourceNotFound: no such version.
    """
    if version is None:
        return None
    row = existing(db, "Dataset version", version, "SELECT created FROM version WHERE uuid = ?", version)
    return int(row["created"])
