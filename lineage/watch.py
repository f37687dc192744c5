"""Figures of a dataset as one job has told them run by run: read from the record, and judged by their own history."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from catalog.dataset import Dataset
from catalog.entry import Job, Point
from lineage.errors import ConfigurationError

if TYPE_CHECKING:
    from catalog.anomaly import Anomaly, Mix, Series
    from catalog.index import Index

FIGURE = re.compile(r"(?P<metric>[a-z_]+)(?:\((?P<column>[\w.]+)\))?")
MOST_RUNS = 2_000
"""Runs of one job that are looked back on: 56 days of hourly ones and some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Figures of one dataset as one job tells them: `row_count`, `null_count(user_id)`, `mix(event_type)`."""

    contract_id: str
    told_by: str
    """The job that measures them, `<dag>.<task>`: what different jobs measure is not one series."""
    figures: Sequence[str]


class History:
    """What one job has told of one dataset, at the times that the figures are about."""

    def __init__(self, *, index: "Index", dataset: Dataset, job: Job) -> None:
        self.index, self.dataset, self.job = index, dataset, job
        runs = index.runs(job, limit=MOST_RUNS)
        self.about = {run.run_id: run.nominal or run.started for run in runs}

    def series(self, figure: str) -> "Series | Mix":
        """A figure with the rows behind it.

        Raises:
            ConfigurationError: it is not written like one.
        """
        from catalog.anomaly import Series

        found = FIGURE.fullmatch(figure)
        if found is None:
            raise ConfigurationError("figures", f"{figure!r} is neither a metric nor a metric of a column")
        metric, column = found["metric"], found["column"]
        if metric == "mix":
            return self._mix(str(column))
        rows = self._points(column, "count") if metric in ("mean", "sum") else self._points(None, "row_count")
        return Series(
            dataset=self.dataset, column=column, metric=metric, points=self._points(column, metric),
            rows=() if metric == "row_count" else rows, name=figure,
        )  # fmt: skip

    def _points(self, column: str | None, metric: str) -> tuple[Point, ...]:
        """By the start of the interval that a run was about; of a run by hand by when it began."""
        told = self.index.series(self.dataset, column, metric, job=self.job)
        dated = [(self.about.get(point.run_id) or point.time, point) for point in told]
        return tuple(
            Point(time=time, value=point.value, run_id=point.run_id)
            for time, point in sorted(dated, key=lambda pair: (pair[0], pair[1].time))
        )

    def _mix(self, column: str) -> "Mix":
        from catalog.anomaly import Mix, Shares

        counts: dict[tuple[datetime, str], dict[str, float]] = {}
        for path, metric in self.index.metrics(self.dataset):
            if path == column and metric.startswith("count:"):
                for point in self._points(column, metric):
                    counts.setdefault((point.time, point.run_id), {})[metric.removeprefix("count:")] = point.value
        shares = tuple(Shares(time=at, counts=found, run_id=run) for (at, run), found in sorted(counts.items()))
        return Mix(dataset=self.dataset, column=column, points=shares, name=f"mix({column})")


def judged(series: "Series | Mix", *, since: datetime | None) -> "Anomaly | None":
    """The verdict on the interval that is furthest off since then, else on the newest; None when there is none."""
    from catalog import anomaly

    if not series.points:
        return None
    verdicts = anomaly.judge_all(series, since=since) if since else (anomaly.judge(series),)
    return max(verdicts, key=lambda one: (one.anomalous, abs(one.score)), default=None)
