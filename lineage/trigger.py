"""What a run that an asset triggered follows: the outcomes that the producing runs left as XCom."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

Interval = tuple[datetime, datetime]


def interval(context: "Context") -> Interval | None:
    """The run's data interval; of a run that assets triggered, from the first producer's start to the last one's end.

    None for a run by hand, and where no producer has an interval.
    """
    start, end = context.get("data_interval_start"), context.get("data_interval_end")
    if start and end and start < end:  # a run by hand of a DAG without a timetable has a moment
        return _plain(start), _plain(end)
    found = [_interval(told) for told in summaries(context) if told.get("interval")]
    return (min(start for start, _ in found), max(end for _, end in found)) if found else None


def summaries(context: "Context", *, task_id: str | None = None) -> Iterator[Mapping[str, Any]]:
    """The outcome of each run that triggered this one, oldest first: of its named task, else of the task that told."""
    events: Any = context.get("triggering_asset_events") or {}
    told = sorted((event for asset in events for event in events[asset]), key=lambda event: event.timestamp)
    for event in told:
        if event.source_dag_id and event.source_run_id:
            outcome = context["ti"].xcom_pull(
                dag_id=event.source_dag_id, run_id=event.source_run_id, task_ids=task_id or event.source_task_id
            )
            if isinstance(outcome, Mapping):
                yield outcome


def _plain(at: datetime) -> datetime:
    """As the standard library's type: Airflow's (pendulum 3) subtracts to a type that is no timedelta."""
    return datetime.fromtimestamp(at.timestamp(), tz=UTC)


def _interval(told: Mapping[str, Any]) -> Interval:
    start, end = (datetime.fromisoformat(text) for text in told["interval"])
    return start, end
