"""What a run that an asset triggered is about: the interval and the outcomes of the runs that produced the asset."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pendulum

from lineage import trigger

HOUR = [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in range(4)]


@dataclass(frozen=True, kw_only=True)
class Event:
    source_run_id: str
    timestamp: datetime
    source_dag_id: str = "data_ingestion_dag"
    source_task_id: str = "send_completion_notification"


@dataclass(kw_only=True)
class Instance:
    """What a task instance answers when it is asked for outcomes."""

    outcomes: dict[tuple[str, str], Any]
    asked: list[str] = field(default_factory=list)

    def xcom_pull(self, *, dag_id: str, run_id: str, task_ids: str) -> Any:
        assert dag_id == "data_ingestion_dag"
        return self.outcomes.get((run_id, task_ids))


def triggered(*events: Event, **outcomes: Any) -> Any:
    told = {tuple(key.split("__")): value for key, value in outcomes.items()}
    return {"triggering_asset_events": {"asset": list(events)}, "ti": Instance(outcomes=told)}  # type: ignore[arg-type]


def of(start: int, end: int) -> dict[str, Any]:
    return {"interval": [HOUR[start].isoformat(), HOUR[end].isoformat()]}


def test_a_scheduled_run_has_its_own_interval() -> None:
    context: Any = {"data_interval_start": HOUR[0], "data_interval_end": HOUR[1]}
    assert trigger.interval(context) == (HOUR[0], HOUR[1])


def test_an_interval_is_of_the_standard_librarys_type_whatever_airflow_gives() -> None:
    context: Any = {"data_interval_start": pendulum.instance(HOUR[0]), "data_interval_end": pendulum.instance(HOUR[1])}
    found = trigger.interval(context)
    assert found == (HOUR[0], HOUR[1])
    assert {type(at) for at in found or ()} == {datetime}


def test_a_moment_is_no_interval() -> None:
    moment: Any = {"data_interval_start": HOUR[0], "data_interval_end": HOUR[0]}
    assert trigger.interval(moment) is None


def test_a_run_by_hand_has_none() -> None:
    nothing: Any = {"data_interval_start": None, "data_interval_end": None}
    assert trigger.interval(nothing) is None
    assert list(trigger.summaries(nothing)) == []


def test_a_run_that_several_runs_triggered_spans_all_of_them() -> None:
    context = triggered(
        Event(source_run_id="b", timestamp=HOUR[3]),
        Event(source_run_id="a", timestamp=HOUR[2]),
        a__send_completion_notification=of(0, 1),
        b__send_completion_notification=of(1, 2),
    )
    assert trigger.interval(context) == (HOUR[0], HOUR[2])


def test_outcomes_of_a_named_task_come_oldest_first_and_a_run_without_one_is_left_out() -> None:
    context = triggered(
        Event(source_run_id="b", timestamp=HOUR[3]),
        Event(source_run_id="c", timestamp=HOUR[3]),
        Event(source_run_id="a", timestamp=HOUR[2]),
        a__enrich={"rows_in": 1},
        b__enrich={"rows_in": 2},
    )
    assert [told["rows_in"] for told in trigger.summaries(context, task_id="enrich")] == [1, 2]
