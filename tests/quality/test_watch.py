"""Figures are read from the record as one job told them, at the time they are about, and judged by what came before."""

import math
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.anomaly import Mix, Series
from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.index import Index
from lineage.errors import ConfigurationError
from lineage.watch import History, judged

AT = Dataset("s3://lake", "warehouse/ecom.db/enriched_events")
JOB = Job("ecompulse", "data_ingestion_dag.validate_enriched_data_quality")
START = datetime(2026, 10, 1, tzinfo=UTC)
HOURS = 30 * 24
HOUR = timedelta(hours=1)


def event(hour: int, *, rows: int, told_at: datetime | None = None, job: Job = JOB, **columns: Any) -> dict[str, Any]:
    """One run's end: `rows` rows of AT, with the figures of columns and the profile's categories."""
    about = START + hour * HOUR
    told_at = told_at or about + HOUR
    figures = {name: value for name, value in columns.items() if isinstance(value, dict) and "top" not in value}
    kinds = [
        {"path": name, "shapes": {"text": sum(value["top"].values())},
         "top": [{"value": one, "count": count} for one, count in value["top"].items()]}
        for name, value in columns.items() if "top" in value
    ]  # fmt: skip
    metrics = {"rowCount": rows, "columnMetrics": figures, "lastUpdated": (told_at - age(hour)).isoformat()}
    return {
        "eventType": "COMPLETE", "eventTime": told_at.isoformat(), "producer": "https://example.org",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job}{hour}{told_at}")),
                "facets": {"ecompulse_taskCounts": {"dataIntervalStart": about.isoformat()}}},
        "job": {"namespace": job.namespace, "name": job.name},
        "inputs": [{"namespace": AT.namespace, "name": AT.name, "inputFacets": {"dataQualityMetrics": metrics},
                    "facets": {"ecompulse_profile": {"rows": rows, "unreadable": 0, "columns": kinds}}}],
        "outputs": [],
    }  # fmt: skip


def age(hour: int) -> timedelta:
    """Five minutes, more or less."""
    return timedelta(seconds=300 + round(9 * math.sin(hour * 78.233)))


def usual(hour: int) -> int:
    """More by day than by night, a little different each hour."""
    return int(1000 + 400 * math.sin((hour % 24 - 6) / 24 * 2 * math.pi) + 17 * math.sin(hour * 12.9898))


def normal(hours: int = HOURS) -> Iterator[dict[str, Any]]:
    for hour in range(hours):
        rows = usual(hour)
        views = rows * 7 // 10
        yield event(
            hour, rows=rows, user_id={"nullCount": rows // 5, "count": rows - rows // 5},
            event_type={"top": {"page_view": views, "purchase": rows - views}},
        )  # fmt: skip


@pytest.fixture(scope="module")
def known() -> Iterator[Index]:
    with Index.open(":memory:") as index:
        index.add(normal())
        index.add([event(hour, rows=7, job=Job("ecompulse", "other")) for hour in range(HOURS)])
        yield index


def history(index: Index) -> History:
    return History(index=index, dataset=AT, job=JOB)


def test_only_what_the_named_job_measured_is_the_series(known: Index) -> None:
    series = history(known).series("row_count")
    assert isinstance(series, Series)
    assert [point.value for point in series.points] == [usual(hour) for hour in range(HOURS)]
    assert series.points[0].time == START


def test_a_null_count_comes_with_the_rows_behind_it(known: Index) -> None:
    series = history(known).series("null_count(user_id)")
    assert isinstance(series, Series)
    assert [point.value for point in series.rows] == [usual(hour) for hour in range(HOURS)]


def test_freshness_is_how_old_the_newest_row_was(known: Index) -> None:
    series = history(known).series("freshness")
    assert [point.value for point in series.points] == [age(hour).total_seconds() for hour in range(HOURS)]  # type: ignore[union-attr]


def test_a_mix_is_read_from_the_profiles(known: Index) -> None:
    mix = history(known).series("mix(event_type)")
    assert isinstance(mix, Mix)
    assert len(mix.points) == HOURS
    assert set(mix.points[-1].counts) == {"page_view", "purchase"}
    assert sum(mix.points[-1].counts.values()) == usual(HOURS - 1)


@pytest.mark.parametrize("figure", ["", "row count", "mean(price", "MEAN(price)", "mean(a b)"])
def test_what_is_no_figure_is_a_configuration_error(known: Index, figure: str) -> None:
    with pytest.raises(ConfigurationError):
        history(known).series(figure)


def verdict_on(change: dict[str, Any], figure: str) -> Any:
    with Index.open(":memory:") as index:
        index.add([*normal(), change])
        return judged(history(index).series(figure), since=START + HOURS * HOUR)


@pytest.mark.parametrize(
    ("figure", "change"),
    [
        ("row_count", {"rows": 5000}),
        ("row_count", {"rows": 0}),
        ("null_count(user_id)", {"rows": 1000, "user_id": {"nullCount": 900, "count": 100}}),
        ("mix(event_type)", {"rows": 1000, "event_type": {"top": {"page_view": 1000}}}),
    ],
)
def test_an_interval_out_of_its_range_is_found(figure: str, change: dict[str, Any]) -> None:
    verdict = verdict_on(event(HOURS, **change), figure)
    assert verdict.anomalous and not verdict.warming_up
    assert verdict.time == START + HOURS * HOUR


@pytest.mark.parametrize("figure", ["row_count", "null_count(user_id)", "mix(event_type)", "freshness"])
def test_a_usual_interval_is_fine(figure: str) -> None:
    (*_, last) = normal(HOURS + 1)
    verdict = verdict_on(last, figure)
    assert not verdict.anomalous and not verdict.warming_up


def test_an_interval_that_is_run_again_is_not_judged_by_its_first_run() -> None:
    """The second run's figure counts, and its history is the same as if the first had never been."""
    first, again = (event(HOURS, rows=5000, told_at=START + (HOURS + 1 + n) * HOUR) for n in range(2))
    once = verdict_on(first, "row_count")
    with Index.open(":memory:") as index:
        index.add([*normal(), first, again])
        twice = judged(history(index).series("row_count"), since=START + HOURS * HOUR)
    assert (once.anomalous, once.low, once.high) == (twice.anomalous, twice.low, twice.high)


def test_nothing_is_anomalous_while_little_is_known() -> None:
    with Index.open(":memory:") as index:
        index.add([*normal(48), event(48, rows=90_000)])
        verdict = judged(history(index).series("row_count"), since=None)
    assert verdict is not None and verdict.warming_up and not verdict.anomalous


def test_what_nobody_measured_since_is_not_judged(known: Index) -> None:
    assert judged(history(known).series("mean(nothing)"), since=None) is None
    assert judged(history(known).series("row_count"), since=START + 2 * HOURS * HOUR) is None
