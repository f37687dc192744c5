"""Whether a measurement of a dataset is what its own history makes expect: volume, null rates, distinct counts, means, freshness, mixes.

Pure: no clock, no I/O; a verdict depends on the points given and on nothing that came after the judged interval.
The method is told in docs/decisions/0009-anomalies.md and lives in `catalog.season` (figures) and `catalog.mix` (categories).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from catalog.dataset import Dataset
from catalog.entry import Point

Severity = Literal["none", "warning", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How much has to be known before anything is called anomalous, and how far off it has to be."""

    threshold: float = 5.0
    """Standard normal units: a regular interval is further off than 5 once in three million."""
    critical: float = 8.0
    """From here on the severity is "critical", below "warning"."""
    warm_up: timedelta | None = None
    """History needed; None: 14 days of intervals shorter than a day, 28 days of daily ones, else 12 intervals."""
    memory: timedelta | None = None
    """Older points are not looked at; None: 56 days of intervals shorter than a day, else 182 days or 26 intervals."""


DEFAULT = Rule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure of a dataset or column at regular intervals, oldest first, as `catalog.index.series` gives it.

    `rows` holds how many rows are behind each point (matched by time): a null count becomes a rate by it, and a mean of
    few rows is allowed to stray further. Rows of the condition, where the figure has one: purchases, not all events.
    Of several points in one interval the last one counts. An interval without a point counts as 0 when the metric is
    row_count, and as unknown otherwise.
    """

    dataset: Dataset
    metric: str
    """row_count, bytes, distinct_count, null_count, freshness (age of the newest row in seconds), mean, sum, min..."""
    points: tuple[Point, ...]
    column: str | None = None
    rows: tuple[Point, ...] = ()
    every: timedelta | None = None
    """None: the median distance of the points."""
    name: str = ""
    """What people call it; "rows of orders" by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How many rows had each value of a column in one interval."""

    time: datetime
    counts: Mapping[str, float]
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """The composition of a column's values at regular intervals, oldest first; intervals without rows are unknown."""

    dataset: Dataset
    column: str
    points: tuple[Shares, ...]
    every: timedelta | None = None
    name: str = ""
    metric: str = "category_mix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """The verdict on one interval: what was measured, what its history makes expect, and how far apart they are.

    Outside of `low`..`high` is anomalous, never during warm-up. `expected`, `low`, `high` are None while there is too
    little history, `actual` when nothing was measured. Rates and shares are fractions, freshness is in seconds.
    """

    dataset: Dataset
    column: str | None
    metric: str
    time: datetime
    actual: float | None
    expected: float | None
    low: float | None
    high: float | None
    score: float
    """Signed distance in standard normal units; 0 when it cannot be told."""
    anomalous: bool
    severity: Severity
    sentence: str
    warming_up: bool
    history: timedelta
    """How much of the past was compared with."""
    category: str | None = None
    """For a mix: the value that is furthest off."""


def judge(series: Series | Mix, *, at: datetime | None = None, rule: Rule = DEFAULT) -> Anomaly:
    """The verdict on the interval of `at` (default: the newest point's), against what came before it."""
    raise NotImplementedError


def judge_all(
    series: Series | Mix, *, since: datetime, until: datetime | None = None, rule: Rule = DEFAULT
) -> tuple[Anomaly, ...]:
    """The verdicts on every interval in [since, until], each the same as `judge` gives; `until` is the newest by default."""
    raise NotImplementedError
