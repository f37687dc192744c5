"""Whether a measurement of a dataset is what its own history makes expect: volume, nulls, distinct values, mixes...

Pure: no clock, no I/O; a verdict depends on the points given and on nothing that came after the judged interval.
The method is told in docs/decisions/0009-anomalies.md: `catalog.season` for figures, `catalog.mix` for categories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from catalog import mix, season
from catalog.dataset import Dataset
from catalog.entry import Point
from catalog.figure import Record, Verdict
from catalog.grid import DAY, Grid
from catalog.mix import Composition

if TYPE_CHECKING:
    from catalog.figure import Floats, Nature

#: Metrics that are a number of rows or values...
COUNTS = frozenset({"row_count", "bytes", "file_count", "distinct_count", "null_count"})
#: ... those that are a share of `rows` when these are given, and those that only a high value is bad of.
SHARES = frozenset({"null_count", "null_rate"})
HIGH_IS_BAD = frozenset({"freshness"})
#: A mean of fewer rows says more about the rows than about the process.
MEAN_ROWS = 5
#: In standard normal units: if the law held exactly, chance would be further off once in 1.7 million intervals.
THRESHOLD = 5.0

P = TypeVar("P", Point, "Shares")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure of a dataset or column at regular intervals (the median distance of the points), oldest first.

    `rows` holds how many rows are behind each point (matched by time): a null count becomes a rate by it, and a mean of
    few rows is allowed to stray further. Rows of the condition, where the figure has one: purchases, not all events.
    Of several points in one interval the last one counts. An interval without a point counts as 0 when the metric is
    row_count, and as unknown otherwise; a figure of fewer than 5 `rows` is unknown too.
    """

    dataset: Dataset
    metric: str
    """row_count, bytes, distinct_count, null_count, freshness (age of the newest row in seconds), mean, sum, min..."""
    points: tuple[Point, ...]
    column: str | None = None
    rows: tuple[Point, ...] = ()
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
    sentence: str
    warming_up: bool
    history: timedelta
    """How much of the past was compared with."""
    category: str | None = None
    """For a mix: the value that is furthest off."""


def judge(series: Series | Mix, *, at: datetime | None = None) -> Anomaly:
    """The verdict on the interval of `at` (default: the newest point's), against what came before it.

    Raises:
        ValueError: the series has no point so early.
    """
    at = at or (series.points[-1].time if series.points else None)
    verdicts = judge_all(series, since=at, until=at) if at else ()
    if not verdicts:
        raise ValueError(f"{_label(series)} has no point at or before {at}: nothing to judge")
    return verdicts[-1]


def judge_all(series: Series | Mix, *, since: datetime, until: datetime | None = None) -> tuple[Anomaly, ...]:
    """The verdicts on every interval in [since, until] (default: the newest point), oldest first.

    Each is the one that `judge` gives: the history ends with the day before the interval's (daily intervals: with the
    last seven, longer ones: with the one before). Empty when the series begins later or has no point.
    """
    if not series.points:
        return ()
    plan = Grid.of([point.time for point in series.points])
    last = plan.number(until or series.points[-1].time)
    measured = _measured(series, plan, last)
    verdicts: list[Anomaly] = []
    start = max(plan.number(since), measured.first)
    while start <= last:
        stop = min(plan.block(start) + plan.block_size, last + 1)
        verdicts += _judge_block(series, measured, start=start, stop=stop)
        start = stop
    return tuple(verdicts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A series on its grid: entry 0 is interval `first`."""

    plan: Grid
    first: int
    values: Record | Composition

    def before(self, start: int) -> Record | Composition:
        """The history that interval `start` is judged with."""
        end = max(self.plan.block(start) - self.first, 0)
        return self.values.at(slice(max(end - round(self.plan.memory() / self.plan.every), 0), end))

    def between(self, start: int, stop: int) -> Record | Composition:
        """Intervals [start, stop)."""
        return self.values.at(slice(start - self.first, stop - self.first))


def _measured(series: Series | Mix, plan: Grid, last: int) -> _Measured:
    """The series on its grid up to interval `last`; of several points in one interval the last counts."""
    import numpy as np

    first = plan.number(series.points[0].time)
    length = max(last, first) - first + 1
    times = plan.time(first).timestamp() + np.arange(length) * plan.every.total_seconds()
    every_s = plan.every.total_seconds()
    values: Record | Composition
    if isinstance(series, Mix):
        names = tuple(sorted({name for point in series.points for name in point.counts}))
        counts = np.zeros((length, len(names)))
        for place, shares in _placed(series.points, plan, first, length):
            counts[place] = [shares.counts.get(name, 0.0) for name in names]
        values = Composition(times=times, counts=counts, names=names, every_s=every_s)
    else:
        values = _record(series, plan, first, times)
    return _Measured(plan=plan, first=first, values=values)


def _record(series: Series, plan: Grid, first: int, times: Floats) -> Record:
    import numpy as np

    length = len(times)
    values = np.full(length, 0.0 if series.metric == "row_count" else np.nan)
    for place, point in _placed(series.points, plan, first, length):
        values[place] = point.value
    nature = _nature(series)
    sizes = np.ones(length)
    if series.rows and nature != "count":
        sizes = np.zeros(length)
        for place, point in _placed(series.rows, plan, first, length):
            sizes[place] = point.value
        values[sizes < (1 if nature == "rate" else MEAN_ROWS)] = np.nan
        sizes = np.maximum(sizes, 1.0)
        if series.metric.endswith("_rate"):
            values *= sizes
    return Record(
        times=times,
        values=values,
        sizes=sizes,
        every_s=plan.every.total_seconds(),
        nature=nature,
        sized=bool(series.rows),
    )


def _placed(points: tuple[P, ...], plan: Grid, first: int, length: int) -> Iterator[tuple[int, P]]:
    for point in points:
        place = plan.number(point.time) - first
        if 0 <= place < length:
            yield place, point


def _nature(series: Series) -> Nature:
    """A number of rows or values, a share of `rows`, or a figure; one that was ever negative is a signed one."""
    if series.rows and series.metric in SHARES:
        return "rate"
    if series.metric in COUNTS:
        return "count"
    return "signed" if any(point.value < 0 for point in series.points) else "level"


def _judge_block(series: Series | Mix, measured: _Measured, *, start: int, stop: int) -> Iterator[Anomaly]:
    """The verdicts on intervals [start, stop) of one block, which have their history in common."""
    plan, needed = measured.plan, measured.plan.warm_up()
    history, ahead = measured.before(start), measured.between(start, stop)
    span = len(history.times) * plan.every
    if span < needed or history.known() * 2 < needed / plan.every:
        verdicts = tuple(Verdict(actual, None, None, None, 0.0) for actual in ahead.told())
    else:
        verdicts = _verdicts(series, history, ahead, plan=plan)
    for number, verdict in zip(range(start, stop), verdicts, strict=True):
        if series.metric in HIGH_IS_BAD and verdict.low is not None:
            verdict = verdict._replace(low=0.0)
        yield _anomaly(series, verdict, time=plan.time(number), every=plan.every, span=(span, needed))


def _verdicts(
    series: Series | Mix, history: Record | Composition, ahead: Record | Composition, *, plan: Grid
) -> tuple[Verdict, ...]:
    """One processor is enough: for matrices this small several that wait for each other are up to 30 times slower."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        if isinstance(history, Record) and isinstance(ahead, Record):
            late = plan.every.total_seconds() / 2 if series.metric == "freshness" else 0.0
            return season.judge(history, ahead, threshold=THRESHOLD, margin=late)
        assert isinstance(history, Composition) and isinstance(ahead, Composition)
        return mix.judge(history, ahead, threshold=THRESHOLD)


def _anomaly(
    series: Series | Mix, verdict: Verdict, *, time: datetime, every: timedelta, span: tuple[timedelta, timedelta]
) -> Anomaly:
    actual, expected, low, high, score, category = verdict[:6]
    anomalous = actual is not None and low is not None and high is not None and not low <= actual <= high
    return Anomaly(
        dataset=series.dataset,
        column=series.column,
        metric=series.metric,
        time=time,
        actual=actual,
        expected=expected,
        low=low,
        high=high,
        score=score,
        anomalous=anomalous,
        sentence=f"{_compared(series, verdict, time=time, every=every)}; {_known(verdict, *span)} days of history",
        warming_up=low is None,
        history=span[0],
        category=category,
    )


def _compared(series: Series | Mix, verdict: Verdict, *, time: datetime, every: timedelta) -> str:
    """The first half of "orders 12, expected 340 to 520 at this hour of a Wednesday; 14 days of history"."""
    told = f"{_label(series)} {_figure(series, verdict.actual, verdict.unit)}"
    if verdict.low is None:
        return f"{told}, still warming up"
    low, high = (_figure(series, side, verdict.unit) for side in (verdict.low, verdict.high))
    day = f"{time:%A}" if every <= DAY else ""
    when = f" at this hour of a {day}" if every < DAY else f" on a {day}" if day else ""
    return f"{told}, expected {low} to {high}{when}" + (f" ({verdict.detail})" if verdict.detail else "")


def _known(verdict: Verdict, known: timedelta, needed: timedelta) -> str:
    return f"{known / DAY:.3g}" if verdict.low is not None else f"{known / DAY:.3g} of {needed / DAY:.3g}"


def _label(series: Series | Mix) -> str:
    if series.name:
        return series.name
    subject = f"{series.dataset.name}.{series.column}" if series.column else series.dataset.name
    rate = isinstance(series, Series) and series.rows and series.metric in SHARES
    return f"{'null rate' if rate else series.metric.replace('_', ' ')} of {subject}"


def _figure(series: Series | Mix, value: float | None, unit: str) -> str:
    """A figure in the unit that people read: per cent, bits of difference, a duration, else a number."""
    if value is None:
        return "not measured"
    if unit:
        return f"{value:.4f} {unit}" if unit.startswith("bits") else f"{value:,.0f} {unit}"
    if series.metric == "freshness":
        return f"{value / 60:,.0f} min" if value >= 120 else f"{value:,.0f} s"
    if isinstance(series, Series) and _nature(series) == "rate":
        return f"{value:.2%}"
    return f"{value:,.0f}" if series.metric in COUNTS or abs(value) >= 1000 else f"{value:.4g}"
