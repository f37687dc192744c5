"""Reading an order log in the layout of the UCI Online Retail data: its rows in our types, or what is wrong and where.

Parquet or CSV, told apart by the first bytes; columns in any order, others beside them. CSV may be UTF-8 or Latin-1 (as
the copy that most people have), dates ISO or American, in Parquet too when they are text there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stack.shop.errors import OrdersFileInvalid

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
TEXTS = ("InvoiceNo", "StockCode", "Description", "Country")
NUMBERS = ("Quantity", "UnitPrice", "CustomerID")
MOMENT = "InvoiceDate"
COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
#: Columns without which a row is no order line; the others may be null.
REQUIRED = ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice")
AMERICAN = ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")


def read(path: Path, *, start: date | None, days: int | None) -> Iterable[Row]:
    """The rows of the days wanted: from the file's first day without `start`, to its last without `days`.

    Raises:
        OrdersFileInvalid: it is no such file, or a value in it is none; names its column and row, the header not
            counted.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        raw = _raw(path)
    except (pa.ArrowException, OSError) as error:
        raise OrdersFileInvalid(path=str(path), problem=str(error).splitlines()[0]) from error
    found = raw.column_names
    if missing := [name for name in COLUMNS if name not in found]:
        problem = f"the columns {', '.join(missing)} are missing, found are {', '.join(found)}"
        raise OrdersFileInvalid(path=str(path), problem=problem)
    if twice := [name for name in COLUMNS if found.count(name) > 1]:
        raise OrdersFileInvalid(path=str(path), problem=f"the columns {', '.join(twice)} are there more than once")
    table = pa.table({name: _column(path, name, raw[name]) for name in COLUMNS})
    if table.num_rows == 0:
        return ()
    first = start or pc.min(table[MOMENT]).as_py().date()
    end = first + timedelta(days=days) if days else date.max
    day = pc.cast(table[MOMENT], "date32")
    wanted = table.filter(pc.and_(pc.greater_equal(day, first), pc.less(day, end)))
    return wanted.to_pylist()  # type: ignore[no-any-return]


def _raw(path: Path) -> pa.Table:
    """The file's table as it is: typed in Parquet, all text in CSV."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return parquet.read_table(path)
    if magic in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise OrdersFileInvalid(path=str(path), problem="it is an Excel workbook: save its sheet as CSV first")
    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(use_threads=False, encoding=_encoding(path)),  # one thread knows the row's number
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(COLUMNS, pa.string()), null_values=[""], strings_can_be_null=True
        ),
    )


def _encoding(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as lines:
            for _ in lines:
                pass
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _column(path: Path, name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """One column in our type: text, double, or microseconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def refuse(row: int, problem: str) -> OrdersFileInvalid:
        return OrdersFileInvalid(path=str(path), problem=f"{name} {problem} in row {row + 1}")

    if name in REQUIRED and values.null_count:
        raise refuse(pc.index(pc.is_null(values), True).as_py(), "is empty")
    target = pa.string() if name in TEXTS else pa.float64() if name in NUMBERS else pa.timestamp("us")
    if target != pa.string() and (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        parse = _number if name in NUMBERS else _moment
        return _parsed(values, target, parse, lambda row, text: refuse(row, f"has the invalid value {text!r}"))
    try:
        typed = values.cast(target, safe=False)
    except pa.ArrowException as error:
        problem = f"{name} is a column of {values.type} and no {target}"
        raise OrdersFileInvalid(path=str(path), problem=problem) from error
    if name == "CustomerID":  # nobody is null in Parquet, or no number at all
        return pc.if_else(pc.is_nan(typed), pa.scalar(None, target), typed)
    if name in NUMBERS and (row := pc.index(pc.is_finite(typed), False).as_py()) >= 0:
        raise refuse(row, f"has the invalid value {typed[row].as_py()}")
    return typed


def _parsed(
    values: pa.ChunkedArray,
    target: pa.DataType,
    parse: Callable[[str], object],
    refuse: Callable[[int, str], OrdersFileInvalid],
) -> pa.ChunkedArray:
    """Text as what it says; each text is read once, however often it is there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    encoded = values.combine_chunks().dictionary_encode()
    read: list[object] = []
    for text in encoded.dictionary.to_pylist():
        try:
            read.append(parse(text.strip()))
        except ValueError as error:
            raise refuse(pc.index(values, pa.scalar(text, values.type)).as_py(), text) from error
    return pa.chunked_array([pa.array(read, target).take(encoded.indices)])


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number) or "_" in text:
        raise ValueError(text)
    return number


def _moment(text: str) -> datetime:
    """A time without a zone, taken as UTC; one with a zone is brought there."""
    for form in AMERICAN if "/" in text else ():
        with suppress(ValueError):
            return datetime.strptime(f"{text}Z", f"{form}%z").replace(tzinfo=None)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
