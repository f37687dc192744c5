"""What a sample of JSON messages looks like, column by column: parsed once, figures by DuckDB, no row in Python.

Nested members are columns of their own (`properties.price`), arrays one column each. Values are shown only of columns
that a contract names and does not tag as personal: what a producer invents may be anything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from catalog.contract import Contract
from lineage.outcome import ColumnMetrics

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TOP, LONGEST, DEEPEST, MOST_MEMBERS = 10, 60, 3, 100
READABLE = "case when json_valid(text) then json_type(text) = 'OBJECT' end"
SHAPE = r"""case when v is null then 'absent' when v = 'null' then 'null' when v in ('true', 'false') then 'boolean'
 when v[1] = '{' then 'object' when v[1] = '[' then 'array'
 when v[1] <> '"' then case when regexp_full_match(v, '-?[0-9]+') then 'integer' else 'number' end
 when length(v) = 2 then 'blank text' when try_cast(v[2:-2] as double) is not null then 'number as text'
 when regexp_matches(v, '^"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:') then 'time as text'
 when regexp_matches(v, '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"$') then 'text with UUID'
 else 'text' end"""


SEEN = f"""with grouped as (
 select case when COLUMN[1] = '{{' then '{{}}' else COLUMN end as v, count(*) as n from TABLE group by 1
 union all select null, ? - count(*) from TABLE),
shaped as (select *, {SHAPE} as shape from grouped where n > 0)
select n, shape, shape in ('null', 'absent') as is_null,
 case when shape in ('object', 'array') then v when not is_null then v::json ->> '$' end as value,
 case when shape in ('integer', 'number', 'number as text') then try_cast(value as double) end as tried,
 case when isfinite(tried) then tried end as number from shaped"""
FIGURES = """select coalesce(sum(n) filter (is_null), 0)::bigint, count(*) filter (not is_null),
 coalesce(sum(n) filter (number is not null), 0)::bigint, sum(n * number), min(number), max(number) from seen"""
TOP_VALUES = f"""select left(value, {LONGEST}), n from seen where shape not in ('object', 'array', 'null', 'absent')
 and n > ? order by n desc, value limit ?"""
SPAN = f"""select left(min(value), {LONGEST}), left(max(value), {LONGEST}) from seen
 where shape not in ('object', 'array')"""
QUANTILE = """with numbers as (select number, sum(n) as n from seen where number is not null group by 1),
below as (select number, sum(n) over (order by number) as upto, sum(n) over () as all_of_them from numbers)
select share, min(number) from below, (select unnest(?) as share) as shares where upto >= share * all_of_them group by 1
order by 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """One column of the sample; counts are messages."""

    path: str
    metrics: ColumnMetrics
    shapes: Mapping[str, int]
    """What the values are, most frequent first: text, number, number as text, null, absent, ..."""
    top: tuple[tuple[str, int], ...] = ()
    """The most frequent values, of those that were seen twice; of a column whose values the contract lists all that it
    lists and TOP more, however rare. Empty where values are not shown."""
    span: tuple[str, str] | None = None
    """The first and the last value in order of text; None for numbers, and where values are not shown."""
    mean: float | None = None
    """Of the numbers, those sent as text included."""
    masked: bool = False
    listed: bool = False
    """Whether the contract lists its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A sample: its columns in the contract's order, then the unknown ones by name."""

    rows: int
    unreadable: int
    """Messages that are no JSON object."""
    columns: tuple[ColumnProfile, ...] = field(default=())

    @property
    def metrics(self) -> dict[str, ColumnMetrics]:
        """The figures by column, for the standard facet."""
        return {column.path: column.metrics for column in self.columns}


def told(found: Profile) -> dict[str, Any]:
    """The whole profile in JSON, for who draws it."""
    columns = [
        {
            "path": column.path,
            "rows": sum(column.shapes.values()),
            "nulls": column.metrics.null_count,
            "distinct": column.metrics.distinct_count,
            "min": column.metrics.minimum,
            "max": column.metrics.maximum,
            "mean": column.mean,
            "quantiles": dict(column.metrics.quantiles),
            "shapes": dict(column.shapes),
            "top": [list(one) for one in column.top],
            "span": list(column.span) if column.span else None,
            "masked": column.masked,
        }
        for column in found.columns
    ]
    return {"rows": found.rows, "unreadable": found.unreadable, "columns": columns}


def of_messages(values: Sequence[bytes], contract: Contract) -> Profile:
    """The profile of message bodies; what is no JSON object is counted as unreadable."""
    from lineage.expectations.batch import in_memory

    with in_memory() as engine:
        engine.register("messages", _texts(values))
        engine.execute(f"create table bodies as select text from messages where {READABLE}")
        ((rows,),) = engine.execute("select count(*) from bodies").fetchall()
        places = _ordered(_members(engine, _Place(table="bodies", column="text"), levels=DEEPEST), contract)
        columns = tuple(_described(engine, place, rows, contract) for place in places)
    return Profile(rows=len(values), unreadable=len(values) - int(rows), columns=columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the JSON values of a path are, while they are looked at: rows without its object are not there."""

    table: str
    column: str
    path: str = ""


def _texts(values: Sequence[bytes]) -> "pa.Table":
    import pyarrow as pa

    raw = pa.array(values, pa.binary())
    try:
        texts = raw.cast(pa.string())
    except pa.ArrowInvalid:  # some message is no UTF-8, so it is no JSON either (RFC 8259)
        texts = pa.array([_text(value) for value in values], pa.string())
    return pa.table({"text": texts})


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _members(engine: "DuckDBPyConnection", parent: _Place, *, levels: int) -> Iterator[_Place]:
    """Each member of an object, as a column of a table of its own; then theirs. An object is parsed once."""
    objects = f"{parent.table} where {parent.column}[1] = '{{'"
    counted = f"select key, count(*) from (select unnest(json_keys({parent.column})) as key from {objects}) group by 1"
    keys = [key for key, _ in engine.execute(f"{counted} order by 2 desc, 1 limit {MOST_MEMBERS}").fetchall()]
    if not keys:
        return
    pointers = ", ".join(_literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in keys)
    columns = ", ".join(f"member[{at}]::varchar as c{at}" for at in range(1, len(keys) + 1))
    table = f"{parent.table}_{parent.column}"
    found = f"select json_extract({parent.column}, [{pointers}]) as member from {objects}"
    engine.execute(f"create table {table} as select {columns} from ({found})")
    for at, key in enumerate(keys, start=1):
        place = _Place(table=table, column=f"c{at}", path=f"{parent.path}.{key}" if parent.path else key)
        yield place
        if levels > 1:
            yield from _members(engine, place, levels=levels - 1)


def _ordered(places: Iterable[_Place], contract: Contract) -> list[_Place]:
    """As the contract orders them; what it does not name comes last, by name."""
    known = {path: at for at, (path, _) in enumerate(contract.schema.walk())}
    return sorted(places, key=lambda place: (known.get(place.path, len(known)), place.path))


def _described(engine: "DuckDBPyConnection", place: _Place, rows: int, contract: Contract) -> ColumnProfile:
    """All figures of one column from its distinct values and how often each occurs."""
    path, known = place.path, dict(contract.schema.walk())
    masked = path in contract.pii or path not in known
    seen = SEEN.replace("COLUMN", place.column).replace("TABLE", place.table)
    engine.execute(f"create or replace table seen as {seen}", [rows])
    ((nulls, distinct, numbers, total, least, greatest),) = engine.execute(FIGURES).fetchall()
    shapes = dict(engine.execute("select shape, sum(n)::bigint from seen group by 1 order by 2 desc, 1").fetchall())
    counted = ColumnMetrics(
        row_count=sum(shapes.values()) - int(nulls), null_count=int(nulls), distinct_count=int(distinct)
    )
    if masked:
        return ColumnProfile(path=path, metrics=counted, shapes=shapes, masked=True)
    listed = known[path].enum  # of these columns each value counts, one that was seen once may be a new one
    top = tuple(engine.execute(TOP_VALUES, [0 if listed else 1, TOP + len(listed)]).fetchall())
    shown = ColumnProfile(path=path, metrics=counted, shapes=shapes, top=top, listed=bool(listed))
    if numbers:
        counted = replace(counted, minimum=least, maximum=greatest, total=total, quantiles=_quantiles(engine))
        return replace(shown, metrics=counted, mean=total / numbers)
    ((first, last),) = engine.execute(SPAN).fetchall()
    span = None if first is None else (str(first), str(last))
    return replace(shown, span=span)


def _quantiles(engine: "DuckDBPyConnection") -> dict[str, float]:
    """The least number below which at least each share of the numbers lies."""
    return {f"{share:g}": value for share, value in engine.execute(QUANTILE, [list(QUANTILES)]).fetchall()}


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
