"""Reading rows to check: from the lake, a cache or a topic into Arrow; in the warehouse they stay.

One rule for "what is new" (docs/architecture.md): rows above a mark. Without one, the newest batch: the greatest mark.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.schema import Field
from lineage import sample
from lineage.errors import DatasetMissing
from lineage.expectations.batch import NESTED, Batch, duckdb_type, in_memory, of_frame, warehouse_word
from lineage.expectations.schema import mark
from lineage.outcome import TopicOffsets

if TYPE_CHECKING:
    from pyiceberg.table.snapshots import Snapshot
    from sqlalchemy.engine import URL

    from lineage.hooks.cache import CacheHook
    from lineage.hooks.kafka import KafkaHook
    from lineage.hooks.lake import LakeHook
    from lineage.hooks.warehouse import Session, WarehouseHook

logger = logging.getLogger(__name__)
TYPES = """SELECT column_name, data_type, numeric_precision, numeric_scale
FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA() AND table_name = %s ORDER BY ordinal_position"""


def of_lake(hook: "LakeHook", contract: Contract, *, above: datetime | None, max_rows: int) -> Batch:
    """Rows of an Iceberg table above a mark; the newest batch if there are none; all of a table without marks.

    At most `max_rows` are read, and the scope says so.

    Raises:
        DatasetMissing: nothing has written the table yet.
    """
    table = hook.table(contract.name)
    column, total = mark(contract), _records(table.current_snapshot())
    newest = newest_mark(table, column) if column else None
    condition, scope = "", "all rows"
    if above is not None and newest is not None and newest > above:
        condition, scope = f"{column} > '{above.isoformat()}'", f"rows with {column} > {above:%Y-%m-%d %H:%M:%S} UTC"
    elif newest is not None:
        condition = f"{column} = '{newest.isoformat()}'"
        scope = f"newest batch, {column} = {newest:%Y-%m-%d %H:%M:%S} UTC"
    scan = table.scan(row_filter=condition) if condition else table.scan()
    frame = scan.update(limit=max_rows + 1).to_arrow()
    if frame.num_rows > max_rows:
        scope = f"the first {max_rows} of {scope}: a sample"
        frame = frame.slice(0, max_rows)
        logger.warning("%s: checking %s", hook.dataset(contract.name), scope)
    batch = of_frame(
        frame,
        contract=contract,
        dataset=hook.dataset(contract.name),
        rows_in_table=max(total, frame.num_rows),
        scope=scope,
    )
    return replace(batch, held_rows=any(_records(at) for at in table.snapshots()))


def _records(snapshot: "Snapshot | None") -> int:
    """Rows of a table at a snapshot, by its summary."""
    summary = snapshot.summary if snapshot else None
    return int(summary["total-records"] or 0) if summary else 0


def loaded_until(hook: "WarehouseHook", table: str) -> datetime | None:
    """How far the warehouse has taken a table's rows, by its load log; None when it has taken none."""
    with hook.transaction() as session:
        return _marks(session).get(table)


def _marks(session: "Session") -> dict[str, datetime]:
    """Table → how far it has been loaded; a load that brought no rows leaves no mark."""
    known = session.fetch(TYPES, ("load_log",))
    return dict(session.fetch('SELECT "table_name", "loaded_until" FROM "load_log"')) if known else {}


def newest_mark(table: Any, column: str) -> datetime | None:
    """The greatest value of a timestamp column, by the files' own bounds: no data is read. None for an empty table."""
    import pyarrow.compute as pc

    metrics = table.inspect.files()["readable_metrics"].combine_chunks()
    bounds = pc.struct_field(pc.struct_field(metrics, column), "upper_bound") if len(metrics) else None
    return pc.max(bounds).as_py() if bounds is not None else None


def of_warehouse(hook: "WarehouseHook", contract: Contract, *, where: str) -> Batch:
    """Rows of a warehouse table, all or those of an SQL condition: they stay there.

    Raises:
        DatasetMissing: there is no such table.
    """
    select = f'SELECT * FROM "{contract.name}"' + (f" WHERE {where}" if where else "")
    with hook.transaction() as session:
        types = {str(name): warehouse_word(*rest) for name, *rest in session.fetch(TYPES, (contract.name,))}
        if not types:
            raise DatasetMissing(hook.dataset(contract.name))
        column = mark(contract)
        newest = f'max("{column}")' if column in types else "null"
        ((total, latest),) = session.fetch(f'SELECT count(*), {newest} FROM "{contract.name}"')
        held_rows = bool(_marks(session))
    return Batch(
        contract=contract,
        dataset=hook.dataset(contract.name),
        types=types,
        rows_in_table=int(total),
        held_rows=held_rows,
        scope=f"rows where {where}" if where else "all rows",
        newest=latest,
        url=warehouse_url(hook),
        select=select,
    )


def warehouse_url(hook: "WarehouseHook") -> "URL":
    """The warehouse for SQLAlchemy."""
    from sqlalchemy.engine import URL

    at, driver = hook.connection, {"postgres": "postgresql", "redshift": "redshift"}[hook.dialect]
    return URL.create(
        f"{driver}+psycopg2", username=at.login, password=at.password, host=at.host, port=at.port, database=at.schema
    )


def of_texts(
    rows: Sequence[Mapping[str, Any]], *, contract: Contract, dataset: Dataset, scope: str = "all rows"
) -> Batch:
    """Rows that came as text (a cache, a topic), given the contract's types where every value can be read as such.

    A column with one unreadable value stays text, so that the rule on types names it. Nested values are kept as JSON.
    """
    import pyarrow as pa

    names = dict.fromkeys((*contract.schema.names(), *(name for row in rows for name in row)))
    texts = pa.table({name: pa.array([text(row.get(name)) for row in rows], pa.string()) for name in names})
    with in_memory() as engine:
        engine.register("texts", texts)
        wanted = {item.name: item for item in contract.schema.fields if item.base not in ("string", *NESTED)}
        lost = _unreadable(engine, wanted) if rows else ()
        casts = ", ".join(
            f'cast("{name}" as {duckdb_type(wanted[name])}) as "{name}"'
            if name in wanted and name not in lost
            else f'"{name}"'
            for name in names
        )
        frame = engine.sql(f"select {casts} from texts").to_arrow_table()
    return of_frame(frame, contract=contract, dataset=dataset, scope=scope)


def _unreadable(engine: Any, wanted: Mapping[str, Field]) -> tuple[str, ...]:
    if not wanted:
        return ()
    counts = ", ".join(
        f'count(*) filter ("{name}" is not null and try_cast("{name}" as {duckdb_type(item)}) is null)'
        for name, item in wanted.items()
    )
    (row,) = engine.execute(f"select {counts} from texts").fetchall()
    return tuple(name for name, count in zip(wanted, row, strict=True) if count)


def of_cache(hook: "CacheHook", contract: Contract, *, max_rows: int) -> Batch:
    """Hashes of a key pattern, one row each, bounded by `max_rows`."""
    rows = hook.hashes(contract.name, most=max_rows)
    scope = f"the first {max_rows} hashes: a sample" if len(rows) == max_rows else "all hashes"
    return of_texts(rows, contract=contract, dataset=hook.dataset(contract.name), scope=scope)


def of_topic(hook: "KafkaHook", contract: Contract, *, max_rows: int, offsets: Sequence[TopicOffsets] = ()) -> Batch:
    """The messages at these offsets, else the newest of a topic, at most `max_rows`; no JSON object is an empty row."""
    offsets = tuple(offsets) or sample.newest(hook, contract.name, max_rows=max_rows)
    rows = [as_object(value) for value in sample.messages(hook, offsets)]
    batch = of_texts(
        rows, contract=contract, dataset=hook.dataset(contract.name), scope=f"a sample of {len(rows)} messages"
    )
    return replace(batch, offsets=offsets)


def as_object(value: bytes) -> dict[str, Any]:
    """A message as a JSON object; empty for anything else."""
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def text(value: Any) -> str | None:
    """A value as text; nested ones as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
