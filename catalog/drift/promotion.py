"""Which change of a type each engine bears, as data: one cell per pair of types, with its source.

`read` is what happens to a reader of type `after` that meets data of type `before`; `alter` is what happens to a table
whose column is changed from one to the other. A pair without a cell has the engine's last word. Every cell that is not
`documented` is run by tests/catalog/drift; those that are, it counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from catalog.drift import kind
from catalog.wire import Word

LETTER: Mapping[str, Word] = {"B": "breaking", "M": "may break", "C": "compatible", "?": "cannot tell"}
SOURCE = {
    "iceberg": "https://iceberg.apache.org/spec/#schema-evolution",
    "iceberg v3": "https://iceberg.apache.org/spec/#version-3-extended-types-and-capabilities",
    "pyiceberg": "https://py.iceberg.apache.org/reference/pyiceberg/schema/#pyiceberg.schema.promote",
    "spark": "https://issues.apache.org/jira/browse/SPARK-40876",
    "parquet": "https://github.com/apache/parquet-format/blob/master/LogicalTypes.md",
    "postgres": "https://www.postgresql.org/docs/18/sql-altertable.html",
    "cast": "https://www.postgresql.org/docs/18/sql-createcast.html",
    "redshift": "https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html",
    "try_cast": "https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html#cast",
    "json": "https://json-schema.org/draft/2020-12/json-schema-validation#section-6.1.1",
    "sql": "https://www.iso.org/standard/76584.html",
}


Checked = Literal["engine", "like", "documented"]
"""The engine itself does it in a test; PostgreSQL does, of which the manual says the same; nobody could be asked."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair of types in one engine; `*` is any type."""

    before: str
    after: str
    read: Word
    alter: Word
    source: str
    checked: Checked = "engine"


def _cells(source: str, text: str, checked: Checked = "engine") -> tuple[Cell, ...]:
    """Cells from lines of `before after read alter`; a type may be several, with commas between."""
    rows = (line.split() for line in text.strip().splitlines())
    return tuple(
        Cell(before, after, LETTER[read], LETTER[alter], source, checked)
        for befores, afters, read, alter in rows
        for before in befores.split(",")
        for after in afters.split(",")
    )


CELLS: Mapping[str, tuple[Cell, ...]] = {
    "iceberg": (
        *_cells("iceberg", "int bigint C C\nfloat double C C\ndecimal digits C C\nstring string C C"),
        *_cells("iceberg v3", "unknown * C C"),
        *_cells("pyiceberg", "string binary C M\nbinary string M M\nfixed(16) uuid C M"),
    ),
    "spark": (
        *_cells("spark", """
            smallint int,bigint,double C C
            int bigint,double C C
            float double C C
            smallint decimal_of_10 C C
            int decimal_of_10 C C
            bigint decimal_of_20 C C
            decimal wider C C
            date timestamp_ntz C C"""),
        *_cells("parquet", """
            string string,binary C C
            binary string M M
            int smallint M M
            timestamp timestamp_ntz M M
            timestamp_ntz timestamp M M
            unknown * M M"""),
    ),
    "postgres": (
        *_cells("postgres", """
            smallint int,bigint,float,double,decimal_for C C
            int bigint,double,decimal_for C C
            bigint decimal_for C C
            float double C C
            string longer C C
            decimal wider,exact C C
            date timestamp_ntz C C"""),
        *_cells("cast", """
            smallint decimal M M
            int smallint,float,decimal M M
            bigint smallint,int,float,double,decimal M M
            decimal smallint,int,bigint,float,double,decimal M M
            double smallint,int,bigint,decimal,float M M
            float smallint,int,bigint,decimal M M
            string string M M
            date timestamp M M
            timestamp timestamp_ntz,date M M
            timestamp_ntz timestamp,date M M
            boolean,smallint,int,bigint,decimal,float,double,date,time,timestamp,timestamp_ntz,uuid text C C
            boolean,smallint,int,bigint,decimal,float,double,date,time,timestamp,timestamp_ntz,uuid string M M"""),
    ),
    "redshift": _cells("redshift", "string longer C C\nstring string M M", "like"),
    "redis": _cells("try_cast", """
        string string C C
        string boolean,int,bigint,double,decimal,date,timestamp M C
        boolean,int,bigint,double,decimal,date,timestamp string C C
        int bigint,double,decimal_for C C
        bigint decimal_for C C
        decimal wider,exact,whole_for C C
        decimal decimal,double,whole M C
        bigint int,double,decimal M C
        int,double decimal M C
        date timestamp C C
        timestamp date M C
        boolean int,bigint,double,decimal,date,timestamp B C
        int,bigint,double,decimal boolean,date,timestamp B C
        double,decimal int,bigint B C
        date,timestamp boolean,int,bigint,double,decimal B C"""),
    "table": _cells("sql", "string longer C C\ndecimal wider C C", "like"),
}  # fmt: skip
"""Words for the right side that ask a question of both types are in `FITS`; `*` is any type."""


def _last(word: Word, source: str, checked: Checked = "engine") -> Cell:
    return Cell("*", "*", word, "compatible" if word == "cannot tell" else word, source, checked)


LAST: Mapping[str, Cell] = {
    "iceberg": _last("breaking", "iceberg"), "spark": _last("breaking", "spark"), "postgres": _last("breaking", "cast"),
    "redis": _last("cannot tell", "try_cast", "documented"),  # a word that no contract has: not our reader's
    "redshift": _last("breaking", "redshift", "documented"), "table": _last("breaking", "sql", "documented"),
}  # fmt: skip


def _digits(before: str, after: str) -> bool:
    """More digits, the same number of them after the point (Iceberg)."""
    one, other = kind.numbers(before), kind.numbers(after)
    return kind.bare(after) == "decimal" and len(one) == len(other) == 2 and one[1] == other[1] and one[0] <= other[0]


def _wider(before: str, after: str) -> bool:
    return kind.bare(after) == kind.bare(before) and kind.holds(after, before)


def _text(_before: str, after: str) -> bool:
    return kind.bare(after) == "string" and not kind.numbers(after)


def _decimal_for(before: str, after: str) -> bool:
    return kind.bare(after) == "decimal" and kind.holds(after, before)


def _exact(before: str, after: str) -> bool:
    """A decimal whose digits a binary number keeps."""
    numbers = kind.numbers(before)
    return bool(numbers) and numbers[0] <= KEPT.get(kind.bare(after), 0)


def _whole(before: str, after: str) -> bool:
    """A decimal that is written without a point, as an integer is."""
    return kind.bare(after) in kind.DIGITS and kind.numbers(before)[1:] in {(), (0,)}


def _whole_for(before: str, after: str) -> bool:
    numbers = kind.numbers(before)
    return _whole(before, after) and bool(numbers) and numbers[0] < kind.DIGITS[kind.bare(after)]


def _decimal_of(digits: int) -> Callable[[str, str], bool]:
    def fits(_before: str, after: str) -> bool:
        numbers = kind.numbers(after)
        return kind.bare(after) == "decimal" and len(numbers) == 2 and numbers[0] - numbers[1] >= digits

    return fits


KEPT = {"float": 6, "double": 15}
"""Decimal digits that IEEE 754's binary32 and binary64 keep."""
FITS: Mapping[str, Callable[[str, str], bool]] = {
    "*": lambda _before, _after: True, "digits": _digits, "wider": _wider, "longer": _wider, "text": _text,
    "decimal_for": _decimal_for, "exact": _exact, "whole": _whole, "whole_for": _whole_for,
    "decimal_of_10": _decimal_of(10), "decimal_of_20": _decimal_of(20),
}  # fmt: skip


def cell(engine: str, before: str, after: str) -> Cell:
    """The cell of two types in an engine: the first that fits, else the engine's last word."""
    old, new = kind.bare(before), kind.bare(after)
    if kind.parse(before) == kind.parse(after):
        return Cell(before, after, "compatible", "compatible", LAST[engine].source)
    for one in CELLS[engine]:
        left = one.before in {old, _numbered(before)}
        if left and (FITS[one.after](before, after) if one.after in FITS else one.after == new):
            return one
    return LAST[engine]


def _numbered(text: str) -> str:
    """The word with its numbers: `fixed(16)`."""
    kinds = kind.parse(text)
    return f"{kinds[0].base}({','.join(map(str, kinds[0].numbers))})"
