"""A load that is killed at any point leaves the warehouse as it was, and the next one completes it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lineage.operators.warehouse import LoadWarehouseOperator

SERVERS = ("postgres", "s3", "glue")
pytestmark = pytest.mark.integration
PROGRAM = Path(__file__).parent / "dying_load.py"


def test_kill_minus_nine_between_any_two_statements_loses_and_doubles_nothing(lake, query, event, session):
    lake.append("enriched_events", [event(seed) for seed in range(40)])
    lake.append("user_sessions", [session(seed) for seed in range(15)])
    LoadWarehouseOperator(task_id="update_data_warehouse").run({})
    before = query("SELECT COUNT(*), SUM(event_revenue) FROM events")
    lake.append("enriched_events", [event(seed, batch=2) for seed in range(30, 60)])
    lake.append("user_sessions", [session(seed, batch=2) for seed in range(10, 20)])

    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, timeout=300, check=False)

    attempts = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert attempts, done.stderr
    *killed, last = attempts
    assert len(killed) > 15, "every statement of the load is a point to die at"
    assert all(one["contents"] == killed[0]["contents"] for one in killed)
    assert len(killed[0]["contents"]["events"]) == before[0][0] == 40
    assert last["finished"]
    assert (len(last["contents"]["events"]), len(last["contents"]["user_sessions"])) == (60, 20)
