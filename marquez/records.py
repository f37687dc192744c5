"""Single rows written: each function adds one thing, or brings it up to date when it is already there."""

from __future__ import annotations

import re
import string
import unicodedata
import uuid
from collections.abc import Iterable
from sqlite3 import Connection, Row
from urllib.parse import quote

from marquez import hashes
from marquez.events import DatasetRef
from marquez.wire import Json, dumps

DEFAULT_SOURCE = "default"
DEFAULT_OWNER = "anonymous"


def new_uuid() -> str:
    """A random identifier."""
    return str(uuid.uuid4())


def plain_namespace(name: str) -> str:
    """The name under which Marquez files a namespace: characters it does not know become `_`."""
    return re.sub(r"[^a-zA-Z0-9:/\-_.@+]", "_", name)


def namespace(db: Connection, name: str, *, at: int) -> None:
    """The namespace exists; one that does keeps its times, owner and description, and is hidden no more."""
    db.execute(
        "INSERT INTO namespace (name, created, updated, owner) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET hidden = 0 WHERE hidden",
        (name, at, at, DEFAULT_OWNER),
    )


def source(db: Connection, ref: DatasetRef, *, at: int) -> str:
    """The name of the dataset's source. The last event's URL wins; without a dataSource facet it is `default`."""
    name, url = ref.said("dataSource", "name"), ref.said("dataSource", "uri")
    if name is None:
        name, keep = DEFAULT_SOURCE, "source.connection_url"
    else:
        keep = "excluded.connection_url"
    db.execute(
        "INSERT INTO source (name, type, created, updated, connection_url) VALUES (?, 'POSTGRESQL', ?, ?, ?) "
        f"ON CONFLICT (name) DO UPDATE SET updated = excluded.updated, connection_url = {keep}",
        (name, at, at, _connection_url(url or "")),
    )
    return str(name)


_URL_PART = r"(?:[A-Za-z0-9_.!~'()*,;:$&+=?/@\[\]-]|%[0-9A-Fa-f]{2})*"
_URL = re.compile(rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?=.)|(?![^/?#]*:)){_URL_PART}(?:#{_URL_PART})?")


def _connection_url(text: str) -> str:
    """As Java's URI writes it: letters beyond ASCII encoded; what is no URI is taken for a host, else for nothing."""
    encoded = quote(unicodedata.normalize("NFC", text), safe=string.printable)
    return next((url for url in (encoded, "http://" + encoded) if _URL.fullmatch(url)), "")


def dataset(db: Connection, ref: DatasetRef, *, source_name: str, at: int) -> Row:
    """The dataset's row. Its source and first time stay; its description is the last event's, null included.

    An event that uses a symlink's name is about the dataset that the symlink stands for.
    """
    own = (ref.namespace, ref.name)
    known = db.execute("SELECT dataset FROM dataset_name WHERE namespace = ? AND name = ?", own).fetchone()
    dropped = str(ref.said("lifecycleStateChange", "lifecycleStateChange") or "").upper() == "DROP"
    description = ref.said("documentation", "description")
    if known:
        sql = """UPDATE dataset SET updated = ?, physical_name = ?, description = ?, deleted = ?, hidden = 0
            WHERE id = ? RETURNING *"""
        row: Row = db.execute(sql, (at, ref.name, description, dropped, known["dataset"])).fetchone()
    else:
        sql = (
            "INSERT INTO dataset (namespace, name, physical_name, source, description, created, updated, deleted) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *"
        )
        row = db.execute(sql, (*own, ref.name, source_name, description, at, at, dropped)).fetchone()
        _name(db, *own, row["id"])
    for alias in ref.said("symlinks", "identifiers") or ():
        if not alias.get("namespace") or not alias.get("name"):
            continue
        namespace(db, alias["namespace"], at=at)
        _name(db, alias["namespace"], alias["name"], row["id"])
    return row


def _name(db: Connection, space: str, name: str, dataset_id: int) -> None:
    db.execute("INSERT INTO dataset_name VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (space, name, dataset_id))


def fields(db: Connection, dataset_id: int, listed: Iterable[hashes.Field]) -> dict[str, int]:
    """The ids of the dataset's columns by name; a column is one row per name and type.

    One without a type is a new row for every event. That is a fault of the real 0.51.1 (its issue #3083), kept here.
    """
    sql = "SELECT name, type, description, id FROM field WHERE dataset = ? AND type IS NOT NULL"
    known = {(row["name"], row["type"]): (row["description"], row["id"]) for row in db.execute(sql, (dataset_id,))}
    ids = {}
    for column in listed:
        description, field_id = known.get((column.name, column.type), (None, None))
        if field_id is None or description != column.description:
            sql = """INSERT INTO field (dataset, name, type, description) VALUES (?, ?, ?, ?)
                ON CONFLICT (dataset, name, type) DO UPDATE SET description = excluded.description RETURNING id"""
            (field_id,) = db.execute(sql, (dataset_id, column.name, column.type, column.description)).fetchone()
        ids[column.name] = field_id
    return ids


def version(
    db: Connection,
    ref: DatasetRef,
    row: Row,
    *,
    source_name: str,
    run: str | None,
    owner: str | None,
    at: int,
    event: int,
) -> Row:
    """The dataset version that this content and run make; one that exists changes only the run it belongs to.

    `run` takes part in the identity, `owner` is the run said to have created it (None for data that was only read).
    """
    listed = ref.fields
    lifecycle = str(ref.said("lifecycleStateChange", "lifecycleStateChange") or "")
    identity = hashes.dataset_version(
        namespace=ref.namespace,
        source=source_name,
        dataset=ref.name,
        physical=ref.name,
        fields=listed or (),
        lifecycle=lifecycle,
        run=run,
    )
    shown = None if listed is None else dumps([_shown(column) for column in listed])
    schema = hashes.schema_version(plain_namespace(row["namespace"]), row["name"], listed or ())
    sql = """INSERT INTO version
        (uuid, hash, dataset, namespace, name, schema_version, run, fields, lifecycle, created, touched)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (hash) DO UPDATE SET run = excluded.run, touched = excluded.touched RETURNING *"""
    values = (new_uuid(), identity, row["id"], ref.namespace, ref.name, schema, owner, shown, lifecycle, at, event)
    made: Row = db.execute(sql, values).fetchone()
    return made


def _shown(column: hashes.Field) -> Json:
    return {"name": column.name, "type": column.type, "tags": [], "description": column.description}


def job(
    db: Connection,
    *,
    namespace_name: str,
    name: str,
    parent: Row | None,
    kind: str,
    description: str | None,
    location: str | None,
    run: str | None,
    at: int,
    clock: int,
) -> Row:
    """The job's row, filed under its parent's name, a dot and its own; a job keeps the first parent it had.

    `updated` becomes the server's clock when the job was known, as in Marquez; a finished run sets it to its own time.
    """
    sql = """INSERT INTO job
        (uuid, namespace, name, simple_name, parent, type, description, location, created, updated, current_run)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, name) DO UPDATE SET updated = ?,
        parent = coalesce(job.parent, excluded.parent),
        simple_name = CASE WHEN excluded.parent IS NULL THEN job.name ELSE excluded.simple_name END,
        type = excluded.type, description = excluded.description, location = excluded.location,
        current_run = excluded.current_run, hidden = 0 RETURNING *"""
    full = f"{parent['name']}.{name}" if parent else name
    parent_id = parent["id"] if parent else None
    values = (new_uuid(), namespace_name, full, name, parent_id, kind, description, location, at, at, run, clock)
    row: Row = db.execute(sql, values).fetchone()
    return row


def run(
    db: Connection,
    uuid_text: str,
    *,
    job_row: Row,
    parent: str | None,
    args: Json,
    state: str | None,
    at: int,
    nominal: tuple[int | None, int | None] = (None, None),
) -> None:
    """The run in its new state. Job, parent and arguments are those of the first event; the last processed state wins.

    A started run gets `started` from every event that says it runs, `ended` from every one that says it is over.
    """
    db.execute(
        "INSERT INTO run (uuid, job, job_namespace, job_name, parent, args, state, created, updated, transitioned, "
        "nominal_start, nominal_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uuid) DO UPDATE SET "
        "updated = excluded.updated, state = coalesce(excluded.state, run.state), "
        "transitioned = coalesce(excluded.transitioned, run.transitioned), "
        "nominal_start = coalesce(excluded.nominal_start, run.nominal_start), "
        "nominal_end = coalesce(excluded.nominal_end, run.nominal_end)",
        (
            uuid_text, job_row["id"], job_row["namespace"], job_row["name"], parent, dumps(args), state, at, at,
            at if state else None, *nominal,
        ),
    )  # fmt: skip
    if state:
        column = "started" if state == "RUNNING" else "ended"
        db.execute(f"UPDATE run SET {column} = ? WHERE uuid = ?", (at, uuid_text))


def job_version(
    db: Connection, job_row: Row, identity: str, reads: Iterable[Row], writes: Iterable[Row], *, at: int
) -> int:
    """The job version with that identity, made now when it is new, as the job's current one.

    `reads` and `writes` are versions of datasets.
    """
    sql = (
        "INSERT INTO job_version (uuid, hash, job, location, created) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING id"
    )
    job_id = job_row["id"]
    (version_id,) = db.execute(sql, (new_uuid(), identity, job_id, job_row["location"], at)).fetchone()
    _job_datasets(db, job_id, version_id, "INPUT", {v["dataset"] for v in reads})
    _job_datasets(db, job_id, version_id, "OUTPUT", {v["dataset"] for v in writes})
    db.execute("UPDATE job SET current_version = ?, updated = ? WHERE id = ?", (version_id, at, job_id))
    return int(version_id)


def _job_datasets(db: Connection, job_id: int, version_id: int, io: str, listed: set[int]) -> None:
    """What a job version reads (INPUT) or writes (OUTPUT): current from now on, those of other versions no more."""
    if listed:
        db.execute(
            "UPDATE job_io SET current = 0 WHERE job = ? AND io = ? AND version <> ? AND current",
            (job_id, io, version_id),
        )
    for dataset_id in sorted(listed):
        sql = "INSERT INTO job_io VALUES (?, ?, ?, ?, 1) ON CONFLICT (version, dataset, io) DO UPDATE SET current = 1"
        db.execute(sql, (version_id, dataset_id, io, job_id))


def retire_datasets(db: Connection, job_id: int, io: str) -> None:
    """An event without datasets on one side makes the job's known ones on that side outdated."""
    db.execute("UPDATE job_io SET current = 0 WHERE job = ? AND io = ? AND current", (job_id, io))


def run_facets(
    db: Connection, run_uuid: str, kind: str, facets: Json, *, at: int, event: int, version_id: int = 0
) -> None:
    """What a run said: of itself and its job the latest by event time wins, of datasets the latest to arrive.

    Of a run's Spark plans the first stays; `spark_unknown` is not kept.
    """
    rule = "" if kind in ("INPUT", "OUTPUT") else "WHERE excluded.at >= run_facet.at AND name <> 'spark.logicalPlan'"
    sql = f"""INSERT INTO run_facet VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run, kind, version, name)
        DO UPDATE SET at = excluded.at, event = excluded.event, value = excluded.value {rule}"""
    dropped = ("spark_unknown",) if kind == "RUN" else ()
    said = {name: value for name, value in facets.items() if value is not None and name not in dropped}
    db.executemany(sql, [(run_uuid, kind, version_id, name, at, event, dumps(value)) for name, value in said.items()])


def version_facets(
    db: Connection, version_id: int, said: Iterable[tuple[str, str, object]], *, static: bool, at: int, event: int
) -> None:
    """Facets `(kind, name, value)` of a dataset version: the latest by event time and the latest to arrive."""
    sql = """INSERT INTO version_facet VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)
        ON CONFLICT (version, kind, static, name) DO UPDATE SET
        late_event = iif(excluded.at < at, excluded.event, NULL),
        late_value = iif(excluded.at < at, excluded.value, NULL),
        event = iif(excluded.at < at, event, excluded.event),
        value = iif(excluded.at < at, value, excluded.value),
        at = max(at, excluded.at)"""
    db.executemany(sql, [(version_id, kind, static, name, at, event, dumps(value)) for kind, name, value in said])
