"""The figures of one quality report: this run's checks as its tasks told them, their history as the record has it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from catalog import graph
from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.entry import CheckEntry, Job, short
from catalog.errors import NotFound

if TYPE_CHECKING:
    from catalog.index import Index
    from catalog.learned import Learned

RUNS = 30
"""So many runs are looked back on."""
Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check of this run, with how it went before."""

    dataset: str
    task: str
    title: str
    name: str
    column: str | None
    severity: str
    success: bool
    expected: str
    actual: str
    examples: tuple[str, ...]
    owner: str
    history: tuple[bool, ...] = ()
    """Oldest first, this run last."""
    since: datetime | None = None
    """Since when it has been failing (or holding)."""

    @property
    def anomaly(self) -> bool:
        """Whether it is a figure judged by its own history."""
        return self.name.startswith("anomaly_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One figure over the last runs, oldest first."""

    column: str | None
    metric: str
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Downstream:
    """What a dataset's rows reach, as the record has it now."""

    datasets: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One dataset of the report."""

    dataset: str
    name: str
    title: str
    kind: str
    owner: str
    tier: str
    findings: tuple[Finding, ...]
    trends: tuple[Trend, ...] = ()
    downstream: Downstream = Downstream()

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What does not hold, critical ones first."""
        return tuple(sorted((one for one in self.findings if not one.success), key=lambda one: one.severity))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Everything a report says."""

    time: datetime
    """End of the data interval, else when the run began."""
    run_id: str
    interval: tuple[datetime, datetime] | None
    subjects: tuple[Subject, ...]
    profile: Told = field(default_factory=dict)
    """As `ProfileTopicOperator` told it: rows, unreadable, columns; empty when there is none."""
    learned: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """New, changed, vanished, stale, undocumented, unowned: names of datasets."""
    as_of: datetime | None = None
    lacks: tuple[str, ...] = ()
    """Why the record may not tell everything."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All checks."""
        return tuple(one for subject in self.subjects for one in subject.findings)

    def failed(self, severity: str | None = None) -> tuple[Finding, ...]:
        """The checks that do not hold, of one severity or all."""
        return tuple(one for one in self.findings if not one.success and severity in (None, one.severity))

    @property
    def anomalies(self) -> tuple[Finding, ...]:
        """Figures out of their expected range."""
        return tuple(one for one in self.failed() if one.anomaly)


def subjects(
    index: "Index", told: Mapping[str, Told], promised: Mapping[Dataset, Contract], *, measured_by: Sequence[Job]
) -> Iterator[Subject]:
    """Each dataset that a task checked, the failing ones first; `told` is task id → its outcome's summary.

    `measured_by`: the jobs whose figures make the trends; what others measure is of other rows.
    """
    found: dict[str, list[tuple[str, Told]]] = {}
    for task_id, summary in told.items():
        for check in summary.get("checks") or ():
            found.setdefault(check["dataset"], []).append((task_id, check))
    made = [
        _subject(index, dataset, contract, found.get(str(dataset), ()), measured_by)
        for dataset, contract in promised.items()
        if str(dataset) in found
    ]
    yield from sorted(made, key=lambda one: (not any(each.severity == "critical" for each in one.failed),
                                             not one.failed, one.name))  # fmt: skip


def _subject(
    index: "Index", dataset: Dataset, contract: Contract, checks: Iterable[tuple[str, Told]], jobs: Sequence[Job]
) -> Subject:
    known = {_identity(entry): entry for entry in _entries(index, dataset)}
    return Subject(
        dataset=str(dataset), name=short(dataset), title=contract.title, kind=contract.kind, owner=contract.owner,
        tier=contract.tier, findings=tuple(_finding(contract, task_id, check, known) for task_id, check in checks),
        trends=tuple(_trends(index, dataset, jobs)), downstream=_downstream(index, dataset),
    )  # fmt: skip


def _entries(index: "Index", dataset: Dataset) -> tuple[CheckEntry, ...]:
    try:
        return index.checks(dataset)
    except NotFound:  # the record does not know it yet: this is the first run
        return ()


def _identity(entry: CheckEntry) -> tuple[Any, ...]:
    return entry.name, entry.column, tuple(sorted(entry.params.items()))


def _finding(contract: Contract, task_id: str, check: Told, known: Mapping[tuple[Any, ...], CheckEntry]) -> Finding:
    entry = known.get((check["name"], check["column"], tuple(sorted(check["params"].items()))))
    past = [success for _, success in entry.history] if entry else []
    if entry is None or entry.success != check["success"]:  # the record has not yet got this run's result
        past.append(bool(check["success"]))
    return Finding(
        dataset=check["dataset"], task=task_id, title=check["title"], name=check["name"], column=check["column"],
        severity=check["severity"], success=check["success"], expected=check["expected"], actual=check["actual"],
        examples=tuple(check["examples"]), owner=check["params"].get("owner") or contract.owner,
        history=tuple(past[-RUNS:]),
        since=entry.since if entry and entry.success == check["success"] else None,
    )  # fmt: skip


def _trends(index: "Index", dataset: Dataset, jobs: Sequence[Job]) -> Iterator[Trend]:
    try:
        metrics = index.metrics(dataset)
    except NotFound:
        return
    for column, metric in metrics:
        told = next((found for job in jobs if (found := index.series(dataset, column, metric, job=job))), ())
        if not told and metric == "row_count":  # what was written, by whoever wrote it
            told = index.series(dataset, column, metric)
        if told:
            yield Trend(column=column, metric=metric, points=tuple((point.time, point.value) for point in told[-RUNS:]))


def _downstream(index: "Index", dataset: Dataset) -> Downstream:
    try:
        reached = graph.impact(index, dataset).value
    except NotFound:
        return Downstream()
    return Downstream(
        datasets=tuple(short(one) for one in reached.datasets),
        jobs=tuple(job.name for job in reached.jobs),
        owners=reached.owners,
    )


def words(learned: "Learned") -> dict[str, tuple[str, ...]]:
    """Names of datasets by what was learned of them."""
    return {word: tuple(map(str, datasets)) for word, datasets in learned.groups().items()}
