"""One event into the store: the rules by which Marquez 0.51.1 turns OpenLineage into jobs, runs and dataset versions.

The rules were read off its recorded answers. Where it leaves half an event behind when something fails, this does not:
an event is one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from sqlite3 import Connection, Row

from marquez import facets, hashes, records
from marquez.events import ENDS, DatasetEvent, DatasetRef, Event, JobEvent, JobRef, RunEvent
from marquez.store import Store
from marquez.wire import Json, clock, dumps, parse_instant, to_micros, zoned_time

_QUIET_ENDS = ("COMPLETED", "FAILED")  # of a stream: without datasets they leave what it reads and writes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """When: the event's own time, the server's clock, and the number under which the event is filed."""

    at: int
    clock: int
    event: int


def ingest(store: Store, event: Event) -> None:
    """File the event and bring everything it speaks of up to date, in one transaction."""
    with store.write() as db:
        run = hashes.run_id(event.run_id) if isinstance(event, RunEvent) else None
        sql = "INSERT INTO event (kind, at, run, document) VALUES (?, ?, ?, ?) RETURNING id"
        (number,) = db.execute(sql, (event.kind, event.at, run, dumps(event.document))).fetchone()
        moment = _Moment(at=event.at, clock=clock(), event=number)
        if isinstance(event, RunEvent):
            _run_event(db, event, hashes.run_id(event.run_id), moment)
        elif isinstance(event, JobEvent):
            _job_event(db, event, moment)
        else:
            _dataset_event(db, event, moment)


def _run_event(db: Connection, event: RunEvent, run: str, moment: _Moment) -> None:
    state = None if event.event_type is None else ENDS.get(event.event_type.upper(), "RUNNING")
    parent_run = _parent_run(event.run_facets)
    job = _job(db, event, run, state, moment)
    records.run(db, run, job_row=job, parent=parent_run, args=_args(event.run_facets), state=state, at=moment.at)
    records.run_facets(db, run, "RUN", event.run_facets, at=moment.at, event=moment.event)
    records.run_facets(db, run, "JOB", event.job.facets, at=moment.at, event=moment.event)
    done = state in ENDS.values()
    silent_end = event.job.streaming and state in _QUIET_ENDS and not event.inputs and not event.outputs
    for ref in event.inputs:
        _dataset(db, ref, run, moment, reads=True)
    for ref in event.outputs:
        _dataset(db, ref, run, moment, reads=False)
    for io, refs in (("INPUT", event.inputs), ("OUTPUT", event.outputs)):
        if not refs and not silent_end:
            records.retire_datasets(db, job["id"], io)
    if (done and not event.job.streaming) or (event.job.streaming and not silent_end):
        _job_version(db, job, run, moment, only_new=event.job.streaming)
    if state == "COMPLETED" or event.job.streaming:
        _make_current(db, run, moment)


def _parent_run(run_facets: Json) -> str | None:
    parent = run_facets.get("parent")
    if not parent:
        return None
    text = str(parent["run"]["runId"])
    return hashes.uuid_or_none(text) or hashes.named(_of_dag(parent["job"]["name"]), text)


def _of_dag(name: str) -> str:
    """Airflow once sent the task's name as its parent's: the part before the last dot names the DAG."""
    return name.rpartition(".")[0] or name


def _args(run_facets: Json) -> Json:
    nominal, parent = run_facets.get("nominalTime"), run_facets.get("parent")
    args = {}
    if nominal:
        for key, name in (("nominal_start_time", "nominalStartTime"), ("nominal_end_time", "nominalEndTime")):
            if nominal.get(name) is not None:
                args[key] = zoned_time(parse_instant(nominal[name]))
    if parent:
        args |= {
            "run_id": parent["run"]["runId"],
            "name": parent["job"]["name"],
            "namespace": parent["job"]["namespace"],
        }
    return args


def _job(db: Connection, event: RunEvent, run: str, state: str | None, moment: _Moment) -> Row:
    records.namespace(db, records.plain_namespace(event.job.namespace), at=moment.at)
    parent = _parent_job(db, event, state, moment)
    name = event.job.name
    if parent is not None:
        name = name.removeprefix(parent["name"] + ".")
    return _upsert_job(db, event.job, name, parent, run if parent is None else parent["current_run"], moment)


def _upsert_job(db: Connection, ref: JobRef, name: str, parent: Row | None, run: str | None, moment: _Moment) -> Row:
    return records.job(
        db,
        namespace_name=records.plain_namespace(ref.namespace),
        name=name,
        parent=parent,
        kind="STREAM" if ref.streaming else "BATCH",
        description=(ref.facets.get("documentation") or {}).get("description"),
        location=(ref.facets.get("sourceCodeLocation") or {}).get("url"),
        run=run,
        at=moment.at,
        clock=moment.clock,
    )


def _parent_job(db: Connection, event: RunEvent, state: str | None, moment: _Moment) -> Row | None:
    """The job of the run that the parent facet names; run and job are made when nobody told us of them yet."""
    parent_run = _parent_run(event.run_facets)
    if parent_run is None:
        return None
    facet = event.run_facets["parent"]
    space, name = facet["job"]["namespace"], facet["job"]["name"]
    if name == event.job.name:
        name = _of_dag(name)
    sql = "SELECT job.* FROM run JOIN job ON job.id = run.job WHERE run.uuid = ? AND NOT job.hidden"
    known: Row | None = db.execute(sql, (parent_run,)).fetchone()
    if known and (known["namespace"], known["name"]) == (space, name):
        return known
    if known:  # two DAGs that share a run id: the second gets another
        parent_run = hashes.named(space, name, parent_run)
    borrowed = {k: v for k, v in event.job.facets.items() if k != "documentation"}
    unheard = JobRef(namespace=event.job.namespace, name=name, facets=borrowed)
    made = _upsert_job(db, unheard, name, None, parent_run, moment)
    nominal = event.run_facets.get("nominalTime") or {}
    times = tuple(
        to_micros(parse_instant(t)) if t else None for t in map(nominal.get, ("nominalStartTime", "nominalEndTime"))
    )
    records.run(
        db, parent_run, job_row=made, parent=None, args={}, state=state, at=moment.at, nominal=(times[0], times[1])
    )
    return made


def _dataset(db: Connection, ref: DatasetRef, run: str | None, moment: _Moment, *, reads: bool) -> Row:
    """Bring a dataset up to date; the version of it that the event is about.

    Data read is data that exists: it gets a version only when none is known.
    """
    for name in dict.fromkeys((ref.namespace, records.plain_namespace(ref.namespace))):
        records.namespace(db, name, at=moment.at)
    source = records.source(db, ref, at=moment.at)
    row = records.dataset(db, ref, source_name=source, at=moment.at)
    ids = records.fields(db, row["id"], ref.fields or ())
    version: Row | None = None
    if reads and row["current_version"] is not None:
        version = db.execute("SELECT * FROM version WHERE id = ?", (row["current_version"],)).fetchone()
    if version is None:
        version = records.version(
            db, ref, row, source_name=source, run=run, owner=None if reads else run, at=moment.at, event=moment.event
        )
    pairs = [(version["id"], field) for field in ids.values()]
    db.executemany("INSERT INTO version_field VALUES (?, ?) ON CONFLICT DO NOTHING", pairs)
    if reads and run is not None:
        db.execute("INSERT INTO run_input VALUES (?, ?) ON CONFLICT DO NOTHING", (run, version["id"]))
        if row["current_version"] is None:
            _set_current(db, row["id"], version["id"], at=moment.at)
    if not reads and run is not None:
        _column_edges(db, ref, ids, version, run, moment)
    _dataset_facets(db, ref, version["id"], run, moment, reads=reads)
    return version


def _dataset_facets(
    db: Connection, ref: DatasetRef, version_id: int, run: str | None, moment: _Moment, *, reads: bool
) -> None:
    side, own = ("INPUT", ref.input_facets) if reads else ("OUTPUT", ref.output_facets)
    listed = [(facets.kind_of(name), name, value) for name, value in ref.facets.items() if value is not None]
    listed += [(side, name, value) for name, value in own.items()]
    records.version_facets(db, version_id, listed, static=run is None, at=moment.at, event=moment.event)
    if run is not None:
        for kind in ("INPUT", "OUTPUT"):
            said = {name: value for facet_kind, name, value in listed if facet_kind == kind}
            records.run_facets(db, run, kind, said, at=moment.at, event=moment.event, version_id=version_id)


def _column_edges(
    db: Connection, ref: DatasetRef, ids: dict[str, int], version: Row, run: str, moment: _Moment
) -> None:
    """Columns linked to those of datasets that this run has read so far; unknown ones on either side are left out."""
    columns = ref.said("columnLineage", "fields") or {}
    if not columns:
        return
    sql = """SELECT n.namespace, n.name, f.name AS field, f.id, vf.version
        FROM run_input ri JOIN version_field vf ON vf.version = ri.version
        JOIN field f ON f.id = vf.field JOIN dataset_name n ON n.dataset = f.dataset WHERE ri.run = ?"""
    known = db.execute(sql, (run,)).fetchall()
    edge = """INSERT INTO column_edge VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        description = excluded.description, type = excluded.type, updated = excluded.updated"""
    for name, column in columns.items():
        wanted = {(i.get("namespace"), i.get("name"), i.get("field")) for i in column.get("inputFields") or ()}
        how = (column.get("transformationDescription"), column.get("transformationType"), moment.at, moment.at)
        for read in known:
            if name in ids and (read["namespace"], read["name"], read["field"]) in wanted:
                db.execute(edge, (version["id"], ids[name], read["version"], read["id"], *how))


def _set_current(db: Connection, dataset_id: int, version_id: int, *, at: int) -> None:
    db.execute("UPDATE dataset SET current_version = ?, updated = ? WHERE id = ?", (version_id, at, dataset_id))


def _make_current(db: Connection, run: str, moment: _Moment) -> None:
    """All that a completed run wrote is current now; of several versions of one dataset, the one written last."""
    for row in db.execute("SELECT id, dataset FROM version WHERE run = ? ORDER BY touched, id", (run,)).fetchall():
        _set_current(db, row["dataset"], row["id"], at=moment.clock)


def _job_version(db: Connection, job: Row, run: str, moment: _Moment, *, only_new: bool) -> None:
    """A job version is what a finished run read and wrote (a streaming job's: so far), plus the code location."""
    sql = "SELECT v.* FROM run_input ri JOIN version v ON v.id = ri.version WHERE ri.run = ?"
    reads = db.execute(sql, (run,)).fetchall()
    writes = db.execute("SELECT * FROM version WHERE run = ?", (run,)).fetchall()
    identity = _job_identity(db, job, reads, writes)
    if only_new and db.execute("SELECT 1 FROM job_version WHERE hash = ?", (identity,)).fetchone():
        return
    version = records.job_version(db, job, identity, reads, writes, at=moment.at)
    db.execute("UPDATE run SET job_version = ? WHERE uuid = ?", (version, run))
    db.execute("UPDATE job_version SET latest_run = ? WHERE id = ?", (run, version))
    db.execute(
        "INSERT INTO job_version_facet SELECT ?, name, value FROM run_facet WHERE run = ? AND kind = 'JOB' "
        "ON CONFLICT (version, name) DO UPDATE SET value = excluded.value",
        (version, run),
    )


def _job_identity(db: Connection, job: Row, reads: list[Row], writes: list[Row]) -> str:
    parent = db.execute("SELECT name FROM job WHERE id = ?", (job["parent"],)).fetchone()
    return hashes.job_version(
        namespace=job["namespace"],
        job=f"{parent['name']}.{job['simple_name']}" if parent else job["name"],
        inputs=[(v["namespace"], v["name"]) for v in reads],
        outputs=[(v["namespace"], v["name"]) for v in writes],
        location=job["location"],
    )


def _job_event(db: Connection, event: JobEvent, moment: _Moment) -> None:
    records.namespace(db, records.plain_namespace(event.job.namespace), at=moment.at)
    job = _upsert_job(db, event.job, event.job.name, None, None, moment)
    reads = [_dataset(db, ref, None, moment, reads=True) for ref in event.inputs]
    writes = [_dataset(db, ref, None, moment, reads=False) for ref in event.outputs]
    identity = _job_identity(db, job, reads, writes)
    version = records.job_version(db, job, identity, reads, writes, at=job["created"])
    said = [(version, name, dumps(value)) for name, value in event.job.facets.items() if value is not None]
    db.executemany(
        "INSERT INTO job_version_facet VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", said
    )


def _dataset_event(db: Connection, event: DatasetEvent, moment: _Moment) -> None:
    version = _dataset(db, event.dataset, None, moment, reads=False)
    _set_current(db, version["dataset"], version["id"], at=moment.clock)
