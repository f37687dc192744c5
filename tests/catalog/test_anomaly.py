"""A series is judged against its own past: what is usual at this hour is no anomaly, what is not is one at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.anomaly import Mix, Series, Shares, judge, judge_all
from catalog.dataset import Dataset
from catalog.entry import Point

EVENTS = Dataset("s3://lake", "events")
MONDAY = datetime(2026, 9, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def points(values, *, start=MONDAY, every=HOUR):
    return tuple(
        Point(time=start + number * every, value=float(value), run_id="r")
        for number, value in enumerate(values)
        if value is not None
    )


def series(values, *, metric="row_count", every=HOUR, rows=(), **more):
    return Series(
        dataset=EVENTS,
        metric=metric,
        points=points(values, every=every),
        rows=points(rows, every=every),
        **more,
    )


def usual(days, *, level=400, seed=1, growth=0.0):
    """Hourly counts: evenings three times as busy as nights, weekends a third quieter."""
    hours = np.arange(days * 24)
    shape = 1 + 0.5 * np.sin((hours % 24 - 14) / 24 * 2 * np.pi)
    weekend = np.where(hours // 24 % 7 >= 5, 0.65, 1.0)
    return np.random.default_rng(seed).poisson(level * shape * weekend * (1 + growth) ** (hours / 24)).tolist()


def with_last(values, value):
    return [*values[:-1], value]


def test_nothing_is_called_anomalous_during_warm_up():
    values = usual(14)
    values[13 * 24 + 5] = 0
    verdicts = judge_all(series(values), since=MONDAY)
    assert len(verdicts) == 14 * 24
    assert not any(verdict.anomalous for verdict in verdicts)
    assert all(verdict.warming_up and verdict.low is None for verdict in verdicts)
    assert (
        verdicts[13 * 24].sentence
        == f"row count of events {values[13 * 24]}, still warming up; 13 of 14 days of history"
    )


def test_the_first_day_after_warm_up_is_judged():
    verdict = judge(series(with_last(usual(15), 0)))
    assert (verdict.anomalous, verdict.warming_up, verdict.score < -8) == (True, False, True)
    assert verdict.history == 14 * DAY


def test_regular_hours_of_growing_weekly_traffic_are_no_anomalies():
    verdicts = judge_all(series(usual(45, growth=0.01)), since=MONDAY + 14 * DAY)
    assert sum(verdict.anomalous for verdict in verdicts) == 0
    assert 0.8 < np.std([verdict.score for verdict in verdicts]) < 1.25


def test_what_is_usual_at_noon_is_an_anomaly_at_night():
    values = usual(30)
    night, evening = 29 * 24 + 2, 29 * 24 + 20
    assert not judge(series(values[: evening + 1])).anomalous
    assert judge(series(with_last(values[: night + 1], values[evening]))).anomalous


def test_an_interval_without_a_point_is_an_outage_of_rows_and_unknown_for_other_figures():
    values = usual(30)
    at = MONDAY + (29 * 24 + 12) * HOUR
    gone = [None if number == 29 * 24 + 12 else value for number, value in enumerate(values)]
    outage = judge(series(gone), at=at)
    assert (outage.actual, outage.anomalous) == (0.0, True)
    unknown = judge(series(gone, metric="distinct_count"), at=at)
    assert (unknown.actual, unknown.anomalous, unknown.score) == (None, False, 0.0)
    assert "not measured, expected" in unknown.sentence


def test_the_newest_interval_is_an_outage_before_any_later_point_exists():
    values = usual(30)[: 29 * 24 + 12]
    assert judge(series(values), at=MONDAY + (29 * 24 + 12) * HOUR).anomalous


@pytest.mark.parametrize(("changed", "anomalous"), [(1001, False), (999, False), (2000, True), (0, True)])
def test_a_constant_series_that_changes_by_one_row_is_no_anomaly_but_a_material_change_is(changed, anomalous):
    assert judge(series([1000] * 24 * 20 + [changed])).anomalous is anomalous


@pytest.mark.parametrize(("changed", "anomalous"), [(10.0, False), (10.2, False), (11.5, True), (5.0, True)])
def test_a_mean_that_never_moved_may_move_by_less_than_a_twentieth(changed, anomalous):
    assert judge(series([10.0] * 24 * 20 + [changed], metric="mean")).anomalous is anomalous


def test_a_series_of_nothing_but_zeros_stays_quiet_until_something_comes():
    assert not judge(series([0] * 24 * 20 + [0])).anomalous
    assert not judge(series([0] * 24 * 20 + [1])).anomalous
    assert judge(series([0] * 24 * 20 + [50])).anomalous


def test_incidents_in_the_past_do_not_widen_what_is_expected():
    clean = usual(40)
    poisoned = list(clean)
    for begin, hours, factor in ((15 * 24 + 9, 12, 0), (22 * 24 + 3, 20, 6), (30 * 24 + 12, 30, 0.2)):
        for number in range(begin, begin + hours):
            poisoned[number] = int(clean[number] * factor)
    before, after = judge(series(clean)), judge(series(poisoned))
    assert after.high - after.low < 1.3 * (before.high - before.low)
    assert after.expected == pytest.approx(before.expected, rel=0.05)


def test_a_lasting_new_level_is_accepted_after_a_few_days():
    values = [value * (1 + (number >= 30 * 24)) for number, value in enumerate(usual(40))]
    verdicts = judge_all(series(values), since=MONDAY + 30 * DAY)
    assert all(verdict.anomalous for verdict in verdicts[:24])
    assert not any(verdict.anomalous for verdict in verdicts[5 * 24 :])


def test_a_null_count_is_judged_as_a_rate_of_its_rows():
    rows = usual(30)
    nulls = np.random.default_rng(3).binomial(rows, 0.05)
    quiet = series([*nulls, 60], metric="null_count", column="user_id", rows=[*rows, 1200])
    assert not judge(quiet).anomalous
    verdict = judge(series([*nulls, 60], metric="null_count", column="user_id", rows=[*rows, 300]))
    assert verdict.anomalous and verdict.actual == 0.2 and verdict.low < 0.05 < verdict.high < 0.2
    assert verdict.sentence.startswith("null rate of events.user_id 20.00%, expected ")


def test_a_column_that_is_nearly_always_null_is_anomalous_when_it_is_filled():
    rows = usual(30)
    filled = np.random.default_rng(3).binomial(rows, 0.01)
    mostly = [row - value for row, value in zip(rows, filled, strict=True)]
    regular = judge(series([*mostly, 495], metric="null_count", rows=[*rows, 500]))
    assert not regular.anomalous and regular.expected == pytest.approx(0.99, abs=0.003) and regular.high <= 1
    assert judge(series([*mostly, 450], metric="null_count", rows=[*rows, 500])).score < -4.5


def test_one_null_in_a_column_that_never_had_one_is_no_anomaly_and_three_of_four_are():
    rows, none = usual(30, level=5), [0] * 30 * 24
    assert not judge(series([*none, 1], metric="null_count", rows=[*rows, 4])).anomalous
    assert judge(series([*none, 3], metric="null_count", rows=[*rows, 4])).anomalous


def test_a_mean_of_many_rows_may_stray_less_than_one_of_few():
    rng, rows = np.random.default_rng(4), usual(30, level=60)
    means = [rng.gamma(2 * max(row, 1), 50) / max(row, 1) for row in rows]
    wide = judge(series([*means, 150], metric="mean", rows=[*rows, 8]))
    narrow = judge(series([*means, 150], metric="mean", rows=[*rows, 2000]))
    assert not wide.anomalous and narrow.anomalous
    assert wide.expected == pytest.approx(100, rel=0.05)
    assert judge(series([*means, 9999], metric="mean", rows=[*rows, 4])).actual is None


def test_figures_below_zero_are_judged_too():
    balance = np.random.default_rng(5).normal(-20, 30, 24 * 30).tolist()
    assert not judge(series([*balance, 40], metric="sum")).anomalous
    assert judge(series([*balance, -400], metric="sum")).score < -4.5


def test_only_lateness_of_half_an_interval_and_more_matters():
    ages = np.random.default_rng(6).exponential(30, 24 * 30).tolist()
    assert not judge(series([*ages, 1500], metric="freshness")).anomalous
    assert not judge(series([*ages, 0], metric="freshness")).anomalous
    late = judge(series([*ages, 3600], metric="freshness"))
    assert late.anomalous and late.sentence.startswith(
        "freshness of events 60 min, expected 0 s to 30 min at this hour"
    )


def test_daily_series_know_the_weekday_and_closed_days():
    rng = np.random.default_rng(7)
    week = [1500, 1600, 1550, 1700, 1400, 0, 700]
    values = [int(rng.normal(week[day % 7], week[day % 7] / 8)) for day in range(70)]
    closed, open_day = MONDAY + 68 * DAY, MONDAY + 67 * DAY
    daily = series(values, every=DAY)
    assert not judge(daily, at=closed).anomalous
    assert not judge(daily, at=open_day).anomalous
    assert judge(series([*values[:67], 0], every=DAY)).anomalous
    assert judge(series([*values[:68], 1500], every=DAY)).anomalous
    assert " on a Friday; 66 days of history" in judge(daily, at=open_day).sentence


def test_irregular_times_of_runs_fall_into_their_intervals_and_a_repeated_run_replaces_the_first():
    rng, values = np.random.default_rng(8), usual(30)
    jittered = tuple(
        replace(point, time=point.time + timedelta(seconds=float(rng.uniform(120, 900)))) for point in points(values)
    )
    run = Series(dataset=EVENTS, metric="row_count", points=jittered)
    assert not any(verdict.anomalous for verdict in judge_all(run, since=MONDAY + 20 * DAY))
    corrected = replace(run, points=(*jittered[:-1], replace(jittered[-1], value=0), jittered[-1]))
    assert not judge(corrected).anomalous


def test_the_sentence_says_what_is_usual_at_this_hour():
    verdict = judge(series(with_last(usual(16)[: 15 * 24 + 20], 12), name="orders"))
    assert verdict.sentence == (
        f"orders 12, expected {verdict.low:.0f} to {verdict.high:.0f} at this hour of a Tuesday; 15 days of history"
    )


def test_a_series_without_a_point_so_early_cannot_be_judged():
    with pytest.raises(ValueError, match="row count of events has no point"):
        judge(series([]))
    assert judge_all(series([]), since=MONDAY) == ()
    assert judge_all(series([5]), since=MONDAY - 2 * DAY, until=MONDAY - DAY) == ()


@settings(max_examples=8, deadline=None)
@given(day=st.integers(15, 29), hour=st.integers(0, 23), later=st.lists(st.integers(0, 10_000), max_size=30))
def test_what_comes_later_does_not_change_a_verdict_and_one_by_one_is_as_all_together(day, hour, later):
    values = usual(30)[: day * 24 + hour + 1]
    at = MONDAY + (day * 24 + hour) * HOUR
    alone = judge(series(values))
    assert judge(series(values + later), at=at) == alone
    assert judge_all(series(values + later), since=at - 3 * HOUR)[3] == alone


@settings(max_examples=15, deadline=None)
@given(value=st.integers(0, 3_000))
def test_anomalous_is_exactly_what_is_outside_of_the_range(value):
    verdict = judge(series(with_last(usual(16), value)))
    assert verdict.anomalous == (not verdict.low <= value <= verdict.high)


def mix(rng, days, *, last=None):
    """Hourly rows of three producers, one of which is busier at night."""
    found = []
    for number, rows in enumerate(usual(days)):
        night = 0.1 if number % 24 < 6 else 0.0
        counts = rng.multinomial(rows, [0.6 - night, 0.25 + night, 0.15])
        found.append(Shares(time=MONDAY + number * HOUR, counts=dict(zip("abc", map(float, counts), strict=True))))
    if last is not None:
        found[-1] = replace(found[-1], counts=last)
    return Mix(dataset=EVENTS, column="producer", points=tuple(found))


def test_a_mix_as_usual_at_its_hour_is_no_anomaly():
    verdicts = judge_all(mix(np.random.default_rng(1), 40), since=MONDAY + 14 * DAY)
    assert sum(verdict.anomalous for verdict in verdicts) == 0


def test_a_category_that_falls_silent_is_found_and_named():
    verdict = judge(mix(np.random.default_rng(1), 20, last={"a": 180.0, "b": 75.0}))
    assert verdict.anomalous and verdict.category == "c"
    assert "c " in verdict.sentence and "at this hour of a Saturday" in verdict.sentence


def test_a_few_rows_of_a_value_that_was_never_seen_are_found_and_one_is_not():
    usual_rows = {"a": 180.0, "b": 75.0, "c": 45.0}
    verdict = judge(mix(np.random.default_rng(1), 20, last={**usual_rows, "refused": 4.0}))
    assert verdict.anomalous and verdict.category == "refused" and verdict.actual == 4
    assert "new value refused 4 rows instead of 0 to " in verdict.sentence
    assert not judge(mix(np.random.default_rng(1), 20, last={**usual_rows, "refused": 1.0})).anomalous


def test_an_interval_without_rows_has_no_mix():
    verdict = judge(mix(np.random.default_rng(1), 20, last={}))
    assert (verdict.actual, verdict.anomalous) == (None, False)
