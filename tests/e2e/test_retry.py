"""A server is down at a task's first try, up at the second: Airflow tries again by itself, and nothing is doubled."""

import pytest

from tests.lineage.table import lacking

pytestmark = pytest.mark.e2e


def test_the_run_is_good_in_the_end_and_what_follows_ran_once(retried):
    assert set(retried.run.tasks.values()) == {"success"}
    names = [event["job"]["name"] for event in retried.events if event["eventType"] == "COMPLETE"]
    assert sorted(names) == sorted({*names}), "one end for each task and for the run"


def test_lake_cache_and_warehouse_hold_what_they_held_each_thing_once(retried):
    assert retried.before["cache"] and retried.before["lake.products"]
    assert retried.after == retried.before


def test_lineage_has_the_first_try_s_failure_and_the_second_s_success_as_two_runs(retried, problems):
    mine = [event for event in retried.events if event["job"]["name"].endswith(f".{retried.task_id}")]
    assert [event["eventType"] for event in mine] == ["START", "FAIL", "START", "COMPLETE"]
    first, second = ({event["run"]["runId"] for event in pair} for pair in (mine[:2], mine[2:]))
    assert len(first) == len(second) == 1 and first != second
    assert len({event["run"]["facets"]["parent"]["run"]["runId"] for event in mine}) == 1
    assert "The cache at redis://" in mine[1]["run"]["facets"]["errorMessage"]["message"]
    assert [wrong for event in mine if (wrong := problems(event) + lacking(event))] == []


def test_the_second_try_says_what_a_first_one_says(retried, reference):
    def told(events):
        (event,) = [
            each for each in events if each["job"]["name"].endswith(retried.task_id) and each["eventType"] == "COMPLETE"
        ]
        written = {out["name"]: out["outputFacets"]["outputStatistics"]["rowCount"] for out in event["outputs"]}
        return written, event["run"]["facets"]["ecompulse_taskCounts"]["rowsIn"]

    assert told(retried.events) == told(reference[1])


def test_nobody_is_woken_by_a_first_try(retried):
    assert not [message for message in retried.slack if "failed" in message["text"]]
