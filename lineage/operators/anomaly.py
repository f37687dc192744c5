"""Comparing what was just measured with its own history, as the lineage backend has recorded it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.entry import Job, Point
from lineage import trigger
from lineage.errors import ConfigurationError
from lineage.hooks import place
from lineage.hooks.catalog import CatalogHook
from lineage.operators.base import LineageOperator
from lineage.outcome import Check, Outcome, Read

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from catalog.anomaly import Anomaly, Mix, Series
    from catalog.index import Index

FIGURE = re.compile(r"(?P<metric>[a-z_]+)(?:\((?P<column>[\w.]+)\))?")
RECORD = "api.lineage_events"
MOST_RUNS = 2_000
"""Runs of one job that are looked back on: 56 days of hourly ones and some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Figures of one dataset as one job tells them: `row_count`, `null_count(user_id)`, `mix(event_type)`."""

    contract_id: str
    told_by: str
    """The job that measures them, `<dag>.<task>`: what different jobs measure is not one series."""
    figures: Sequence[str]


class DetectAnomaliesOperator(LineageOperator):
    """Judge each watched figure of this run's interval against its history, and tell it as a check like any other.

    Until there is enough history a check passes and says so. A figure outside of the expected range is a warning: it
    is unlikely, not wrong. The interval is never part of its own history, however often it is judged.

    Args:
        watches: which figures, as whom tells them.
        after: tasks of this run whose figures have to be in the record first.
    """

    ui_color = "#e6d9f2"

    def __init__(self, *, watches: Sequence[Watch], after: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watches, self.after = tuple(watches), tuple(after)

    @cached_property
    def hook(self) -> CatalogHook:
        """Where the record is read."""
        return CatalogHook()

    def run(self, context: "Context") -> Outcome:
        """Rows are figures judged; those that are out of their range are rejected."""
        with self.hook.reading() as (index, client):
            began: Any = context["dag_run"].start_date
            jobs = [self.hook.job(f"{self.dag_id}.{task_id}") for task_id in self.after]
            self.hook.await_runs(index, client, jobs, since=began)
            interval = trigger.interval(context)
            told = tuple(self._read(index, watch, since=interval[0] if interval else None) for watch in self.watches)
        outcome = Outcome(inputs=(self._record(), *_merged(told)))
        for check in outcome.checks:
            self.log.log(30 if not check.success else 20, "%s: expected %s, found %s", check.title, check.expected,
                         check.actual)  # fmt: skip
        return Outcome(
            inputs=outcome.inputs, rows_in=len(outcome.checks), rows_rejected=len(outcome.failed),
            rejected={"out of range": len(outcome.failed)} if outcome.failed else {},
        )  # fmt: skip

    def expected(self) -> Outcome:
        """The record, and the datasets whose figures are judged."""
        ids = dict.fromkeys(watch.contract_id for watch in self.watches)
        watched = [contracts.load(contract_id) for contract_id in ids]
        reads = tuple(Read(dataset=place.dataset(contract), contract=contract) for contract in watched)
        return Outcome(inputs=(self._record(), *reads))

    def _record(self) -> Read:
        promised = contracts.load(RECORD)
        return Read(dataset=self.hook.dataset(promised.name), contract=promised)

    def _read(self, index: "Index", watch: Watch, *, since: datetime | None) -> Read:
        """The watched dataset with a check per figure that was measured in the interval."""
        promised = contracts.load(watch.contract_id)
        dataset, job = place.dataset(promised), self.hook.job(watch.told_by)
        history = _History(index=index, dataset=dataset, job=job)
        checks = []
        for figure in watch.figures:
            verdict = _judged(history.series(figure), since=since)
            if verdict is None:
                self.log.info("%s of %s: nothing was measured by %s", figure, dataset, watch.told_by)
            else:
                checks.append(_check(verdict, figure=figure, told_by=watch.told_by))
        return Read(dataset=dataset, contract=promised, checks=tuple(checks))


class _History:
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


def _judged(series: "Series | Mix", *, since: datetime | None) -> "Anomaly | None":
    """The verdict on the interval that is furthest off since then, else on the newest; None when there is none."""
    from catalog import anomaly

    if not series.points:
        return None
    verdicts = anomaly.judge_all(series, since=since) if since else (anomaly.judge(series),)
    return max(verdicts, key=lambda one: (one.anomalous, abs(one.score)), default=None)


def _check(verdict: "Anomaly", *, figure: str, told_by: str) -> Check:
    learning = verdict.warming_up or verdict.low is None or verdict.high is None
    return Check(
        name=f"anomaly_{verdict.metric}",
        column=verdict.column,
        success=not verdict.anomalous,
        severity="warning",
        expected="not known yet: too little history" if learning else f"{_said(verdict.low)} to {_said(verdict.high)}",
        actual=f"{_said(verdict.actual)} at {verdict.time:%Y-%m-%d %H:%M} UTC",
        params={"figure": figure, "told_by": told_by},
        examples=(verdict.sentence,) if verdict.anomalous else (),
    )


def _said(value: float | None) -> str:
    return "nothing" if value is None else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _merged(reads: Sequence[Read]) -> Iterator[Read]:
    """One per dataset."""
    checks: dict[Dataset, list[Check]] = {}
    promised: dict[Dataset, Contract | None] = {}
    for read in reads:
        checks.setdefault(read.dataset, []).extend(read.checks)
        promised[read.dataset] = read.contract
    for dataset, found in checks.items():
        yield Read(dataset=dataset, contract=promised[dataset], checks=tuple(found))
