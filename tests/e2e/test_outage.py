"""The lineage backend is down during a whole run: no task fails, and afterwards the record is as if it had been up."""

import pytest

from tests.e2e.flow import datasets

pytestmark = pytest.mark.e2e


def test_no_task_fails_while_the_backend_is_down(outage):
    assert set(outage.chapter.run.tasks.values()) == {"success"}
    assert outage.waiting >= 2 * len(outage.chapter.run.tasks), "events waited in the outbox"


def test_the_relay_delivers_everything_once_the_backend_is_back(outage):
    assert outage.relay.returncode == 0, outage.relay.stderr
    assert outage.status == {"pending": 0, "rejected": []}


def test_the_record_is_the_one_of_a_run_with_the_backend_up(outage, shop):
    """START and COMPLETE of each task with the same datasets; of Spark too, but for what only the first run creates."""
    assert _content(outage.chapter) == _content(shop)
    assert _spark(outage.chapter) == {name for name in _spark(shop) if ".create_table." not in name}


def _content(chapter):
    return sorted(
        (event["job"]["name"], event["eventType"], tuple(sorted(datasets(event))))
        for event in chapter.events
        if event["job"]["name"].startswith(chapter.run.dag_id)
    )


def _spark(chapter):
    return {
        event["job"]["name"]
        for event in chapter.events
        if not event["job"]["name"].startswith(chapter.run.dag_id) and event["eventType"] == "COMPLETE"
    }


def test_no_event_arrived_twice(outage):
    seen = [
        (event["run"]["runId"], event["eventType"], event["eventTime"])
        for event in outage.chapter.events
        if event["eventType"] != "RUNNING"
    ]
    assert len(seen) == len(set(seen))


def test_runs_of_the_outage_have_ended_in_the_backend(outage, flow):
    for run_id in {event["run"]["runId"] for event in outage.chapter.events}:
        assert flow.ask(f"jobs/runs/{run_id}")["state"] == "COMPLETED"
