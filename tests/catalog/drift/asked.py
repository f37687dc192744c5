"""What each engine is asked about its cells in `catalog.drift.promotion`: pairs of types, and values to ask with."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations

FAR = {
    "smallint": "-32768", "int": "2147483647", "bigint": "9223372036854775807", "float": "16777216.5e20",
    "double": "1.5e300", "decimal(10,2)": "12345678.91", "decimal(18,4)": "12345678901234.1234",
    "decimal(24,2)": "1234567890123456789012.34", "decimal(6,4)": "12.3456",
    "string": "'a longer text'", "string(5)": "'abcde'", "string(3)": "'abc'", "string(40)": "'a longer text'",
    "boolean": "true", "date": "DATE '2026-03-01'", "time": "TIME '10:11:12'",
    "timestamp": "TIMESTAMP '2026-03-01 10:11:12'", "timestamp_ntz": "TIMESTAMP '2026-03-01 10:11:12'",
    "uuid": "'6ba7b810-9dad-41d1-80b4-00c04fd430c8'", "binary": "X'FF00'",
}  # fmt: skip
NEAR = {
    "string": "'abc'", "string(5)": "'abc'", "string(3)": "'ab'", "string(40)": "'abc'",
    "boolean": "false", "date": "DATE '2026-03-02'", "time": "TIME '10:00:00'",
    "timestamp": "TIMESTAMP '2026-03-02 00:00:00'", "timestamp_ntz": "TIMESTAMP '2026-03-02 00:00:00'",
    "uuid": "'6ba7b811-9dad-41d1-80b4-00c04fd430c8'", "binary": "X'616263'",
}  # fmt: skip
"""A value at the end of each type, and one that fits nearly everywhere (7 where none is named)."""
ICEBERG = {
    "int": ("Integer",), "bigint": ("Long",), "float": ("Float",), "double": ("Double",), "boolean": ("Boolean",),
    "decimal(10,2)": ("Decimal", 10, 2), "decimal(12,2)": ("Decimal", 12, 2), "string": ("String",),
    "string(5)": ("String",), "binary": ("Binary",), "fixed(16)": ("Fixed", 16), "fixed(20)": ("Fixed", 20),
    "uuid": ("UUID",), "date": ("Date",), "time": ("Time",), "timestamp": ("Timestamptz",),
    "timestamp_ntz": ("Timestamp",), "unknown": ("Unknown",),
}  # fmt: skip
SPARK = [
    ("smallint", "int"), ("smallint", "bigint"), ("smallint", "double"), ("smallint", "float"), ("int", "bigint"),
    ("int", "double"), ("int", "decimal(12,2)"), ("int", "decimal(11,2)"), ("int", "smallint"), ("int", "string"),
    ("int", "float"), ("smallint", "decimal(12,2)"), ("bigint", "int"), ("bigint", "double"), ("float", "double"),
    ("bigint", "decimal(20,0)"), ("bigint", "decimal(19,0)"), ("double", "float"), ("double", "bigint"),
    ("decimal(10,2)", "decimal(12,2)"), ("decimal(10,2)", "decimal(18,4)"), ("decimal(10,2)", "decimal(11,4)"),
    ("decimal(10,2)", "double"), ("decimal(10,2)", "bigint"), ("decimal(18,4)", "decimal(10,2)"), ("string", "int"),
    ("string", "date"), ("string", "binary"), ("boolean", "int"), ("date", "timestamp_ntz"), ("date", "timestamp"),
    ("date", "int"), ("timestamp", "date"), ("timestamp", "string"), ("timestamp_ntz", "date"), ("binary", "string"),
    ("string", "string(5)"), ("timestamp", "timestamp_ntz"), ("timestamp_ntz", "timestamp"),
    ("unknown", "int"), ("unknown", "string"),
]  # fmt: skip
ZONED = {("timestamp", "timestamp_ntz"), ("timestamp_ntz", "timestamp")}
"""The same in UTC and not elsewhere."""
POSTGRES = [type for type in FAR if type != "binary"]
CACHED: Mapping[str, Sequence[object]] = {
    "boolean": (True, False), "int": (2147483647, 2026, 1, 0), "bigint": (9223372036854775807, 7),
    "double": (1.5e300, 1e-7, 7.0), "decimal(9,0)": (Decimal(999999999), Decimal(7)),
    "decimal(12,0)": (Decimal(999999999999), Decimal(7)), "decimal(10,2)": (Decimal("12345678.91"), Decimal("7.00")),
    "decimal(18,4)": (Decimal("12345678901234.1234"), Decimal("7.0000")),
    "decimal(22,2)": (Decimal("12345678901234567890.12"), Decimal("7.00")),
    "date": (date(2026, 3, 1), date(1, 1, 1)),
    "timestamp": (datetime(2026, 3, 1, 10, 11, 12, 345678, UTC), datetime(2026, 3, 1, tzinfo=UTC)),
    "string": ("a longer text", "7", "true", "2026-03-01", "2026-03-01T10:11:12+00:00"),
}  # fmt: skip
"""Values in the cache, as the lake hands them to the loader."""
LIKE = {
    "redshift": [("string(5)", "string(20)"), ("string(20)", "string(5)"), ("string", "string(5)")],
    "table": [("string(5)", "string(20)"), ("string(5)", "string"), ("decimal(10,2)", "decimal(18,4)")],
}
"""Asked of PostgreSQL, which documents the same."""
ASKED = {
    "iceberg": [*permutations(ICEBERG, 2)],
    "spark": SPARK,
    "postgres": [*permutations(POSTGRES, 2)],
    "redis": [(one, other) for one in CACHED for other in (*CACHED, "string(5)") if one != other],
    **LIKE,
}
DOCUMENTED = {("redis", "*", "*"), ("redshift", "*", "*"), ("table", "*", "*")}
"""What no test can ask: words that no reader of ours has, a server that is not here, any SQL engine."""


def word(kept: Sequence[bool]) -> str:
    """What a cell has to say when these values are still themselves, and those are not."""
    return "compatible" if all(kept) else "may break" if any(kept) else "breaking"


def same(one: str, other: str) -> bool:
    """The same text, the same number, or the same moment: a date is its midnight (UTC)."""
    if one == other or f"b'{one}'" == other or one == f"b'{other}'":
        return True
    for value in (Decimal, lambda text: datetime.fromisoformat(text).replace(tzinfo=None)):
        try:
            return bool(value(one) == value(other))
        except (ArithmeticError, ValueError):
            continue
    return False
