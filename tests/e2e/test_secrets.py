"""The platform's own passwords, in use everywhere, are nowhere to be read after all runs, failed ones included."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def secrets(flow, outage, failure):
    """Name → password or key. The Kafka cluster's id is none."""
    found = asdict(flow.platform.home.secrets())
    found.pop("kafka_cluster")
    assert all(len(value) >= 32 for value in found.values())
    in_use = (flow.platform.home.root / "env").read_text(encoding="utf-8")
    assert _told(in_use, found) == found.keys(), "each of them is in use, and would be found"
    return found


def _told(text, secrets):
    return {name for name, value in secrets.items() if value.rstrip("=") in text}


def test_no_event_in_the_backend_tells_a_secret(secrets, flow):
    events = flow.events()
    assert len(events) > 100
    assert _told(json.dumps(events), secrets) == set()


def test_no_message_tells_a_secret(secrets, flow):
    assert flow.slack() and flow.mail()
    assert _told(json.dumps([flow.slack(), flow.mail()], ensure_ascii=False), secrets) == set()


@pytest.mark.parametrize("place", ["logs of tasks", "outbox", "data docs", "events of Spark"])
def test_no_file_that_tasks_leave_behind_tells_a_secret(place, secrets, flow):
    known = flow.environment
    folder = {
        "logs of tasks": flow.logs,
        "outbox": Path(known["LINEAGE_OUTBOX"]),
        "data docs": Path(known["ECOMPULSE_DATA_DOCS"]),
        "events of Spark": Path(known["LINEAGE_OUTBOX"]).with_name("spark-spool"),
    }[place]
    files = [path for path in folder.rglob("*") if path.is_file()]
    if place in ("logs of tasks", "data docs"):
        assert len(files) > 20, folder
    telling = {path.name: told for path in files if (told := _told(path.read_text(errors="replace"), secrets))}
    assert telling == {}


def test_the_servers_logs_tell_no_secret(secrets, flow):
    files = list((flow.platform.home.root / "logs").glob("*.log"))
    assert {path.name: told for path in files if (told := _told(path.read_text(errors="replace"), secrets))} == {}
