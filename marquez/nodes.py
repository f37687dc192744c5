"""Node ids of lineage graphs: `dataset:{namespace}:{name}`, `datasetField:…:{field}`, `job:…`, some with `#{version}`.

Namespaces contain colons and so may names, so the text alone does not say where one ends: the store decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from sqlite3 import Connection, Row

from marquez.errors import PageNotFound
from marquez.hashes import uuid_or_none
from marquez.rows import existing, one

KINDS = ("datasetField", "dataset", "job")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeId:
    """A node id taken apart as far as its text allows."""

    kind: str
    rest: str
    version: str | None

    @property
    def name(self) -> str:
        """What to call the thing when it is not found."""
        return self.rest.rpartition(":")[2]


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


def _splits(text: str) -> Iterator[tuple[str, str]]:
    for at in [i for i, char in enumerate(text) if char == ":"][::-1]:
        yield text[:at], text[at + 1 :]


def dataset_row(db: Connection, rest: str) -> Row | None:
    """The dataset that `{namespace}:{name}` means, the longest namespace first."""
    sql = (
        "SELECT d.* FROM dataset_name n JOIN dataset d ON d.id = n.dataset "
        "WHERE n.namespace = ? AND n.name = ? AND NOT d.hidden"
    )
    rows = (one(db, sql, *split) for split in _splits(rest))
    return next((row for row in rows if row is not None), None)


def job_row(db: Connection, rest: str) -> Row | None:
    """The job that `{namespace}:{name}` means, the longest namespace first."""
    sql = "SELECT * FROM job WHERE namespace = ? AND name = ? AND NOT hidden"
    rows = (one(db, sql, *split) for split in _splits(rest))
    return next((row for row in rows if row is not None), None)


def field_ids(db: Connection, node: NodeId) -> list[int]:
    """The columns a node stands for: itself, those of a dataset, or those that a job's latest run wrote.

    Empty when there is no such thing.
    """
    if node.kind == "job":
        job = job_row(db, node.rest)
        sql = (
            "SELECT DISTINCT f.id FROM version v JOIN field f ON f.dataset = v.dataset WHERE v.run = "
            "(SELECT uuid FROM run WHERE job = ? ORDER BY created DESC LIMIT 1)"
        )
        return _ids(db, sql, job["id"]) if job else []
    if node.kind == "dataset":
        return _dataset_fields(db, node.rest, node.version, None)
    return [i for rest, field in _splits(node.rest) for i in _dataset_fields(db, rest, node.version, field)]


def _dataset_fields(db: Connection, rest: str, version: str | None, field: str | None) -> list[int]:
    dataset = dataset_row(db, rest)
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
