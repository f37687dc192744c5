"""Comparing what was just measured with its own history, as the lineage backend has recorded it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage import trigger
from lineage.hooks import place
from lineage.operators.base import RecordOperator
from lineage.outcome import Check, Outcome, Read
from lineage.watch import History, Watch, judged

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from catalog.anomaly import Anomaly
    from catalog.index import Index


class DetectAnomaliesOperator(RecordOperator):
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

    def run(self, context: "Context") -> Outcome:
        """Rows are figures judged; those that are out of their range are rejected."""
        with self.hook.reading() as (index, client):
            began: Any = context["dag_run"].start_date
            jobs = [self.hook.job(f"{self.dag_id}.{task_id}") for task_id in self.after]
            self.hook.await_runs(index, client, jobs, since=began)
            interval = trigger.interval(context)
            told = tuple(self._read(index, watch, since=interval[0] if interval else None) for watch in self.watches)
        outcome = Outcome(inputs=(self.record(), *_merged(told)))
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
        return Outcome(inputs=(self.record(), *reads))

    def _read(self, index: "Index", watch: Watch, *, since: datetime | None) -> Read:
        """The watched dataset with a check per figure that was measured in the interval."""
        promised = contracts.load(watch.contract_id)
        dataset, job = place.dataset(promised), self.hook.job(watch.told_by)
        history = History(index=index, dataset=dataset, job=job)
        checks = []
        for figure in watch.figures:
            verdict = judged(history.series(figure), since=since)
            if verdict is None:
                self.log.info("%s of %s: nothing was measured by %s", figure, dataset, watch.told_by)
            else:
                checks.append(_check(verdict, figure=figure, told_by=watch.told_by))
        return Read(dataset=dataset, contract=promised, checks=tuple(checks))


def _check(verdict: "Anomaly", *, figure: str, told_by: str) -> Check:
    learning = verdict.warming_up or verdict.low is None or verdict.high is None
    return Check(
        name=f"anomaly_{verdict.metric}",
        column=verdict.column,
        success=not verdict.anomalous,
        severity="warning",
        expected="not known yet: too little history" if learning else f"{_said(verdict.low)} to {_said(verdict.high)}",
        actual=verdict.sentence
        if verdict.actual is None
        else f"{_said(verdict.actual)} at {verdict.time:%Y-%m-%d %H:%M} UTC",
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
