"""What goes over the wire: JSON documents, and instants in the three notations that Marquez writes."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?(?:\[[^\]]+\])?", re.ASCII
)


def dumps(document: object) -> str:
    """Compact JSON, non-ASCII characters as they are."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def clock() -> int:
    """The server's own time, microseconds since 1970 UTC."""
    return time.time_ns() // 1000


def parse_instant(text: object, *, zoned: bool = False) -> int:
    """Nanoseconds since 1970 UTC of an ISO 8601 date-time; without a zone it is UTC, as for Marquez.

    Raises:
        ValueError: the text is no date-time, or has no zone although it must be `zoned`.
    """
    match = _ISO.fullmatch(text) if isinstance(text, str) else None
    if match is None or (zoned and match[8] is None):
        raise ValueError(f"Text '{text}' could not be parsed at index 0")
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    try:
        whole = datetime(year, month, day, hour, minute, int(match[6] or 0), tzinfo=UTC) - _offset(match[8])
    except OverflowError as problem:
        raise ValueError(f"Text '{text}' is out of range") from problem
    seconds = (whole - _EPOCH) // timedelta(seconds=1)
    return seconds * 1_000_000_000 + int((match[7] or "0").ljust(9, "0"))


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z"):
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -span if zone[0] == "-" else span


def to_micros(nanos: int) -> int:
    """The precision that the store keeps, rounded half up like PostgreSQL's driver does."""
    return (nanos + 500) // 1000


def instant(micros: int | None) -> str | None:
    """Java's ISO_INSTANT: no fraction, or three or six digits of it."""
    if micros is None:
        return None
    seconds, rest = divmod(micros, 1_000_000)
    return _date_time(seconds) + _grouped_fraction(rest * 1000) + "Z"


def offset_time(nanos: int) -> str:
    """Java's ISO_OFFSET_DATE_TIME at UTC: the fraction without trailing zeros."""
    seconds, rest = divmod(nanos, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return _date_time(seconds) + fraction + "Z"


def zoned_time(nanos: int) -> str:
    """Java's ZonedDateTime.toString at UTC, which drops seconds that are zero: `2026-03-10T00:00Z[UTC]`."""
    seconds, rest = divmod(nanos, 1_000_000_000)
    text = _date_time(seconds) + _grouped_fraction(rest)
    return text.removesuffix(":00") + "Z[UTC]"


def _date_time(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def _grouped_fraction(nanos: int) -> str:
    if not nanos:
        return ""
    digits = f"{nanos:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return "." + digits
