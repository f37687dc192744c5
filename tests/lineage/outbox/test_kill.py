"""kill -9 at any moment: of tasks while they write, of relays while they deliver."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

pytestmark = pytest.mark.integration

LINEAGE = (sys.executable, "-m", "lineage.cli")

# Loads the transport once; each task is then a fork that emits until it is killed. What a task prints is what it may
# rely on: the event's write has returned.
TASKS = """
import os, random, signal, sys, time
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
from openlineage.client.uuid import generate_new_uuid
from lineage.transport import OutboxConfig, OutboxTransport
url, outbox, kills, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
moments = random.Random(seed)
def task(number):
    transport = OutboxTransport(OutboxConfig.from_dict({"url": url, "outbox": outbox, "linger_s": 0, "budget_ms": 5}))
    for count in range(1000):
        run = Run(runId=str(generate_new_uuid()))
        for state in ("START", "COMPLETE"):
            job, moment = Job(namespace="n", name=f"{number}.{count}"), "2026-03-10T00:00:00Z"
            transport.emit(RunEvent(eventType=RunState[state], eventTime=moment, run=run, job=job, producer="p"))
            os.write(1, f"{number}.{count} {state}\\n".encode())
for number in range(kills):
    child = os.fork()
    if not child:
        task(number)
    time.sleep(moments.uniform(0.005, 0.1))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_fifty_tasks_killed_at_random_lose_nothing(backend, outbox):
    command = [sys.executable, "-c", TASKS, backend.url, str(outbox.root), "50", "20260310"]
    promised = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    on_disk = [json.loads(outbox.read(name)) for run in outbox.runs() for name in run if outbox.is_pending(name)]
    subprocess.run([*LINEAGE, "relay", "--once", "--outbox", outbox.root, "--url", backend.url], check=True)
    wait_until(lambda: outbox.pending() == 0)
    assert len(promised) > 25
    assert set(promised) <= set(backend.labels())
    assert {e["job"]["name"] for e in on_disk} <= {e["job"]["name"] for e in backend.taken}
    assert Counter(backend.labels()).most_common(1)[0][1] == 1  # no relay was killed, so nothing came twice
    assert_in_order(backend)


def test_relays_killed_while_they_deliver_lose_nothing_and_repeat_at_most_what_they_had_in_hand(backend, outbox, event):
    moments = random.Random(20260310)
    for number in range(60):
        for state in ("START", "COMPLETE"):
            outbox.put(event(f"job_{number}", state))
    backend.behave = lambda _event: (time.sleep(0.005), (201, ""))[1]
    kills = 0
    while outbox.pending() and kills < 6:
        before = len(backend.taken)
        relay = subprocess.Popen([*LINEAGE, "relay", "--outbox", outbox.root, "--url", backend.url])
        wait_until(lambda before=before: len(backend.taken) > before or not outbox.pending())
        time.sleep(moments.uniform(0, 0.08))
        os.kill(relay.pid, signal.SIGKILL)
        relay.wait()
        kills += 1
    subprocess.run([*LINEAGE, "relay", "--once", "--outbox", outbox.root, "--url", backend.url], check=True)
    assert len(set(backend.labels())) == 120
    assert len(backend.taken) - 120 <= kills
    assert outbox.pending() == 0
    assert_in_order(backend)


def assert_in_order(backend):
    first = {}
    for label in backend.labels():
        job, state = label.split()
        first.setdefault(job, state)
    assert set(first.values()) == {"START"}


def wait_until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
