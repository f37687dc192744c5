"""The simulated clock: times as epoch milliseconds UTC, and when in the day people shop."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate

from stack.shop.errors import TimeInvalid

MINUTE_MS, HOUR_MS = 60_000, 3_600_000

#: Visits per hour of day (UTC), relative: a trough at four, a small peak at noon, the large one at 8 p.m.
DAY_CURVE = (30, 20, 14, 11, 10, 13, 22, 38, 52, 62, 68, 74, 78, 72, 68, 68, 72, 80, 92, 104, 108, 96, 72, 48)


def parse_time(text: str) -> int:
    """Epoch milliseconds of an ISO-8601 text; a text without zone is UTC.

    Raises:
        TimeInvalid: the text is no ISO-8601 time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeInvalid(text=text) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def iso(at_ms: int) -> str:
    """`2026-11-20T08:15:30.123Z`, the web's way to write a time."""
    return f"{_second(at_ms // 1000)}.{at_ms % 1000:03d}Z"


@lru_cache(maxsize=8192)
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()[:19]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The simulated time span [start_ms, end_ms) and the cumulative weight of its minutes under `DAY_CURVE`."""

    start_ms: int
    end_ms: int
    weights: tuple[float, ...]

    @classmethod
    def of(cls, *, start_ms: int, hours: float) -> Window:
        """The window of `hours` from `start_ms`."""
        end_ms = start_ms + round(hours * HOUR_MS)
        minutes = range(start_ms, end_ms, MINUTE_MS)
        return cls(
            start_ms=start_ms, end_ms=end_ms, weights=tuple(accumulate(DAY_CURVE[at // HOUR_MS % 24] for at in minutes))
        )

    def start_of_visit(self, *, share: float, duration_ms: int) -> int:
        """Where in the window a visit starts, so that it also ends there; `share` is drawn uniformly from [0, 1)."""
        room_ms = max(self.end_ms - self.start_ms - duration_ms, 1)
        target = share * self._weight_before(room_ms)
        minute = bisect_left(self.weights, target)
        before = self.weights[minute - 1] if minute else 0.0
        into_minute = (target - before) / (self.weights[minute] - before)
        return self.start_ms + min(int((minute + into_minute) * MINUTE_MS), room_ms - 1)

    def _weight_before(self, offset_ms: int) -> float:
        minute, rest_ms = divmod(offset_ms, MINUTE_MS)
        before = self.weights[minute - 1] if minute else 0.0
        if not rest_ms:
            return before
        return before + (self.weights[minute] - before) * rest_ms / MINUTE_MS
