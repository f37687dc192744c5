"""Regular intervals of time: which interval a moment belongs to, which ones lie between, how much past counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Intervals of length `every`; number 0 begins at `origin`. A moment belongs to the nearest beginning."""

    origin: datetime
    every: timedelta

    @classmethod
    def of(cls, times: Sequence[datetime]) -> Grid:
        """The grid that `times` (ascending, at least one) lie on; its phase is their middle one: jitter is harmless."""
        every = _usual(times)
        steps = [(time - times[0]) / every for time in times]
        phase = median(step - round(step) for step in steps)
        return cls(origin=times[0] + phase * every, every=every)

    def number(self, time: datetime) -> int:
        """Which interval `time` belongs to."""
        return round((time - self.origin) / self.every)

    def time(self, number: int) -> datetime:
        """When that interval begins."""
        return self.origin + number * self.every

    @property
    def block_size(self) -> int:
        """How many intervals are judged with the same history: those of a day, seven daily ones, one longer one."""
        return max(round(DAY / self.every), 1) if self.every < DAY else 7 if self.every == DAY else 1

    def block(self, number: int) -> int:
        """The first interval that is judged with the same history as this one."""
        return number - round((self.time(number) - EPOCH) / self.every) % self.block_size

    def warm_up(self) -> timedelta:
        """History needed: 14 days of intervals shorter than a day, 28 of daily ones, else 12 intervals."""
        return 14 * DAY if self.every < DAY else 28 * DAY if self.every == DAY else 12 * self.every

    def memory(self) -> timedelta:
        """History that is looked at: 56 days of intervals shorter than a day, else 182 days or 26 intervals."""
        return 56 * DAY if self.every < DAY else 182 * DAY if self.every == DAY else 26 * self.every


def _usual(times: Sequence[datetime]) -> timedelta:
    """The median distance, read as an hour or a day when it is within a tenth of it."""
    distances = [(later - earlier).total_seconds() for earlier, later in pairwise(times) if later > earlier]
    usual = timedelta(seconds=median(distances)) if distances else DAY
    return next((whole for whole in (HOUR, DAY) if abs(usual - whole) <= whole / 10), usual)
