"""A critical check that does not hold: what follows stands still, lineage and people hear of it, a repair is enough."""

import pytest

pytestmark = pytest.mark.e2e
AFTER = ("generate_business_reports", "send_completion_notification")


def test_what_follows_a_failed_critical_check_does_not_run(failure):
    run = failure.stopped.run
    assert run.state == "failed"
    assert run.tasks["validate_warehouse_data"] == "failed", "and is not tried again: the same rows fail again"
    assert {run.tasks[task_id] for task_id in AFTER} == {"upstream_failed"}
    names = {event["job"]["name"] for event in failure.stopped.events}
    assert not names & {f"{run.dag_id}.{task_id}" for task_id in AFTER}


def test_the_fail_event_carries_reason_checks_and_parent(failure):
    run = failure.stopped.run
    mine = [event for event in failure.stopped.events if event["job"]["name"].endswith("validate_warehouse_data")]
    assert [event["eventType"] for event in mine] == ["START", "FAIL"]
    facets = mine[-1]["run"]["facets"]
    assert "expect_revenue_to_follow_event_type" in facets["errorMessage"]["message"]
    assert facets["parent"]["job"]["name"] == run.dag_id
    assert facets["parent"]["root"]["run"]["runId"] == facets["parent"]["run"]["runId"]
    failed = {test["name"]: test for test in facets["test"]["tests"] if test["status"] == "fail"}
    assert any(test["severity"] == "error" and "1 of" in test["actual"] for test in failed.values())
    (events,) = [read for read in mine[-1]["inputs"] if read["name"].endswith(".events")]
    on_events = events["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert {check["name"] for check in on_events if not check["success"]} & failed.keys()
    assert events["inputFacets"]["dataQualityMetrics"]["rowCount"] == failure.stopped.figures.events


def test_the_failed_dag_run_says_so_in_lineage(failure):
    own = [event["eventType"] for event in failure.stopped.events if event["job"]["name"] == failure.stopped.run.dag_id]
    assert own[-1] == "FAIL"


def test_the_fail_events_are_valid_by_the_schemas(failure, problems):
    assert [wrong for event in failure.stopped.events if (wrong := problems(event))] == []


def test_chat_and_mail_say_what_since_when_how_many_rows_who_where_and_what_next(failure):
    seen = failure.stopped.figures
    checked = f"{seen.events + seen.sessions + len(seen.days):,} in"
    (told,) = [message for message in failure.stopped.slack if _is_alert(message["text"], failure)]
    (mail,) = [body for _, body in failure.stopped.mail if _is_alert(body, failure)]
    for text in (told["text"], mail):
        assert "expect_revenue_to_follow_event_type" in text and "critical" in text
        lines = {
            line.split(":")[0].strip(): line.partition(":")[2].strip() for line in text.splitlines() if ":" in line
        }
        assert lines["Since"] and "not known" not in lines["Since"]
        assert checked in lines["Rows"] and "rejected" in lines["Rows"]
        assert lines["Owner"] in ("data-engineering", "data-engineering, analytics", "analytics, data-engineering")
        assert "clear the task" in lines["Next"]
        assert "Airflow log: http://" in text and "Lineage: http://" in text and "data docs" in text
    assert {block["type"] for block in told["blocks"]} >= {"header", "section"}


def _is_alert(text, failure):
    run_id = failure.stopped.run.run_id.replace(":", "%3A").replace("+", "%2B")
    return "validate_warehouse_data failed" in text and run_id in text


def test_after_the_repair_the_cleared_run_is_good_and_nothing_has_changed(failure, again):
    assert set(failure.repaired.run.tasks.values()) == {"success"}
    assert failure.repaired.figures == again.figures
    kinds = [
        event["eventType"] for event in failure.repaired.events if "validate_warehouse_data" in event["job"]["name"]
    ]
    assert kinds == ["START", "COMPLETE"]
