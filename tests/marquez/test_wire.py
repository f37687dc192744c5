"""Instants in Java's notations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquez.wire import instant, offset_time, parse_instant, to_micros, zoned_time

ZONES = st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes)))
AWARE = st.datetimes(timezones=ZONES).filter(lambda moment: 2 <= moment.year <= 9998)


@given(AWARE)
def test_any_date_time_means_the_same_instant_after_reading_and_writing(moment: datetime) -> None:
    nanos = parse_instant(moment.isoformat())
    assert datetime.fromisoformat(offset_time(nanos)) == moment
    assert datetime.fromisoformat(str(instant(to_micros(nanos)))) == moment


@pytest.mark.parametrize(
    ("text", "as_instant", "as_offset", "as_zoned"),
    [
        ("2026-03-10T00:00:00.000Z", "2026-03-10T00:00:00Z", "2026-03-10T00:00:00Z", "2026-03-10T00:00Z[UTC]"),
        (
            "2026-03-10T01:02:03.5Z",
            "2026-03-10T01:02:03.500Z",
            "2026-03-10T01:02:03.5Z",
            "2026-03-10T01:02:03.500Z[UTC]",
        ),
        ("2026-03-10T01:02:03+05:30", "2026-03-09T19:32:03Z", "2026-03-09T19:32:03Z", "2026-03-09T19:32:03Z[UTC]"),
        ("2026-03-10T01:02:03", "2026-03-10T01:02:03Z", "2026-03-10T01:02:03Z", "2026-03-10T01:02:03Z[UTC]"),
        (
            "2026-03-10T01:02:03.123456789Z",
            "2026-03-10T01:02:03.123457Z",
            "2026-03-10T01:02:03.123456789Z",
            "2026-03-10T01:02:03.123456789Z[UTC]",
        ),
    ],
)
def test_each_notation_writes_fractions_its_own_way(text: str, as_instant: str, as_offset: str, as_zoned: str) -> None:
    nanos = parse_instant(text)
    assert (instant(to_micros(nanos)), offset_time(nanos), zoned_time(nanos)) == (as_instant, as_offset, as_zoned)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "",
        None,
        5,
        "2026-13-01T00:00:00Z",
        "2026-03-10",
        "0001-01-01T00:00:00+05:00",
        "９026-03-10T00:00:00Z",
    ],
)
def test_what_is_no_date_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


def test_no_instant_is_no_text() -> None:
    assert instant(None) is None
    assert instant(to_micros(parse_instant(datetime.now(UTC).isoformat()))) is not None
