import json
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.facet_v2 import error_message_run, sql_job, test_run

from bench.transport import CONDITIONS, relay_beside
from lineage.errors import ConfigurationError
from lineage.outbox import Outbox
from lineage.transport import OutboxConfig, OutboxTransport

pytestmark = pytest.mark.integration

SECRET = "hunter2Zq9"


@pytest.fixture
def transport_to(outbox):
    """transport_to(url, **settings): a transport that starts relays which end when there is nothing left to do."""

    def make(url, **settings):
        return OutboxTransport(
            OutboxConfig.from_dict({"url": url, "outbox": str(outbox.root), "linger_s": 0, **settings})
        )

    return make


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def content(events):
    """Events as a set, whatever the order between runs."""
    return {json.dumps(event, sort_keys=True) for event in events}


def everything_under(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_with_a_relay_running_an_event_is_acknowledged_while_it_is_emitted(backend, outbox, transport_to, run_event):
    with relay_beside(outbox.root, backend.url):
        transport_to(backend.url, budget_ms=10_000).emit(run_event("load", "START"))
        assert backend.labels() == ["load START"]
        assert outbox.pending() == 0


def test_without_a_relay_the_first_event_starts_one_and_needs_no_next_task(backend, outbox, transport_to, run_event):
    transport_to(backend.url).emit(run_event("load", "START"))
    wait_until(lambda: backend.labels() == ["load START"])
    wait_until(lambda: outbox.pending() == 0)


def test_a_slow_backend_gets_each_event_once(backend, transport_to, run_event):
    backend.behave = lambda _event: (time.sleep(0.15), (201, ""))[1]
    transport = transport_to(backend.url)
    for job in "abc":
        for state in ("START", "COMPLETE"):
            transport.emit(run_event(job, state))
    wait_until(lambda: len(backend.taken) >= 6)
    wait_until(lambda: Outbox(transport._outbox.root).pending() == 0)
    assert sorted(backend.labels()) == sorted(f"{job} {state}" for job in "abc" for state in ("START", "COMPLETE"))


def test_after_an_outage_the_backend_has_the_same_content_as_without_it(
    tmp_path, backend, dead_backend, run_event, transport_to, outbox
):
    jobs = [f"task_{i}" for i in range(9)]

    def dag_run(transport):
        for job in jobs:
            transport.emit(run_event(job, "START"))
            transport.emit(run_event(job, "COMPLETE" if job != "task_8" else "FAIL"))

    up = OutboxTransport(OutboxConfig.from_dict({"url": backend.url, "outbox": str(tmp_path / "other"), "linger_s": 0}))
    dag_run(up)
    wait_until(lambda: len(backend.taken) == 18)
    dag_run(transport_to(dead_backend.url))
    assert (outbox.pending(), dead_backend.taken) == (18, [])
    dead_backend.up()
    with relay_beside(outbox.root, dead_backend.url):
        wait_until(lambda: outbox.pending() == 0)
    assert content(dead_backend.taken) == content(backend.taken)
    for job in jobs:
        assert next(label for label in dead_backend.labels() if label.startswith(job)) == f"{job} START"


def test_the_next_task_delivers_what_an_earlier_one_could_not(dead_backend, outbox, transport_to, run_event):
    transport_to(dead_backend.url).emit(run_event("first", "START"))
    wait_until(lambda: outbox.trouble() and not outbox.wake())  # it tried, in vain, and ended
    dead_backend.up()
    transport_to(dead_backend.url).emit(run_event("second", "START"))
    wait_until(lambda: outbox.pending() == 0)
    assert dead_backend.labels() == ["first START", "second START"]


IN_TROUBLE = {name: server for name, (server, in_trouble) in CONDITIONS.items() if in_trouble}


@pytest.mark.parametrize("beside", [True, False], ids=["relay beside", "no relay"])
@pytest.mark.parametrize("condition", IN_TROUBLE)
def test_a_backend_in_trouble_holds_up_no_task_for_more_than_50_ms(condition, beside, outbox, transport_to, run_event):
    """The quickest of several events: a busy machine slows down some, waiting all. bench/transport.py has the rest."""
    took = []
    with ExitStack() as opened:
        url = opened.enter_context(IN_TROUBLE[condition]())
        if beside:
            opened.enter_context(relay_beside(outbox.root, url))
        transport = transport_to(url, timeout_s=30)
        for state in ("START", "RUNNING", "RUNNING", "RUNNING", "COMPLETE"):
            begin = time.monotonic()
            transport.emit(run_event("load", state))
            took.append(time.monotonic() - begin)
    assert min(took) < 0.05, took
    assert outbox.pending() == 5


def test_without_an_outbox_the_event_is_sent_directly_and_the_task_goes_on(
    tmp_path, backend, transport_to, run_event, caplog
):
    (tmp_path / "outbox").touch()  # a file where the folder should be
    transport_to(backend.url, budget_ms=10_000).emit(run_event("load", "START"))
    assert backend.labels() == ["load START"]
    assert "cannot take an event" in caplog.text


def test_without_an_outbox_and_without_a_backend_the_task_goes_on(
    tmp_path, dead_backend, transport_to, run_event, caplog
):
    (tmp_path / "outbox").touch()
    transport_to(dead_backend.url).emit(run_event("load", "START"))
    assert "lost if that fails" in caplog.text


def test_the_api_key_reaches_the_backend_and_nothing_else(
    backend, outbox, transport_to, run_event, monkeypatch, caplog
):
    monkeypatch.setenv("MARQUEZ_API_KEY", SECRET)
    transport = transport_to(backend.url, auth={"type": "api_key", "env": "MARQUEZ_API_KEY"}, linger_s=1)
    facet = error_message_run.ErrorMessageRunFacet(message=f"401 for {SECRET}", programmingLanguage="python")
    transport.emit(run_event("load", "FAIL", facets={"errorMessage": facet}))
    relays = [
        line for line in arguments_of_processes() if b"lineage.relay" in line and str(outbox.root).encode() in line
    ]
    assert relays
    assert SECRET.encode() not in b"".join(relays)
    wait_until(lambda: backend.taken)
    assert backend.keys == [f"Bearer {SECRET}"]
    assert SECRET not in json.dumps(backend.taken)
    assert SECRET.encode() not in everything_under(outbox.root)
    assert SECRET not in caplog.text


def arguments_of_processes():
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield (process / "cmdline").read_bytes()
        except OSError:
            continue


def test_planted_secrets_reach_neither_the_outbox_nor_the_backend(backend, outbox, transport_to, run_event, caplog):
    trace = f"psycopg2.OperationalError: postgres://etl:{SECRET}@db/shop\n  password={SECRET}\n  Bearer {SECRET}"
    facets = {"errorMessage": error_message_run.ErrorMessageRunFacet(trace, "python", stackTrace=trace)}
    query = f"COPY t FROM 's3://b/k' CREDENTIALS 'aws_secret_access_key={SECRET}'"
    transport = transport_to(backend.url)
    transport.emit(run_event("load", "FAIL", facets=facets, job_facets={"sql": sql_job.SQLJobFacet(query=query)}))
    assert outbox.pending() == 0 or SECRET.encode() not in everything_under(outbox.root)
    wait_until(lambda: backend.taken)
    assert SECRET not in json.dumps(backend.taken)
    assert SECRET.encode() not in everything_under(outbox.root)
    assert SECRET not in caplog.text
    assert "COPY t FROM 's3://b/k'" in json.dumps(backend.taken)


def test_a_figure_that_is_no_number_costs_the_figure_and_not_the_event(dead_backend, outbox, transport_to, run_event):
    figures = {"mean": float("nan"), "max": float("inf"), "min": 1.5}
    facet = test_run.TestRunFacet(tests=[test_run.TestExecution("t", "pass", params=figures)])
    transport_to(dead_backend.url).emit(run_event("load", facets={"test": facet}))
    ((name,),) = outbox.runs()
    (told,) = json.loads(outbox.read(name), parse_constant=pytest.fail)["run"]["facets"]["test"]["tests"]
    assert told["params"] == {"mean": None, "max": None, "min": 1.5}


def test_openlineage_finds_the_transport_by_its_dotted_name(backend, outbox, run_event):
    settings = {
        "type": "lineage.transport.OutboxTransport",
        "url": backend.url,
        "outbox": str(outbox.root),
        "linger_s": 0,
    }
    client = OpenLineageClient(config={"transport": settings})
    client.emit(run_event("load", "START"))
    wait_until(lambda: backend.labels() == ["load START"])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"outbox": "x"}, "'url': is missing"),
        ({"url": "http://h"}, "'outbox': is missing"),
        ({"url": "http://h", "outbox": "x", "retries": 3}, "'retries': unknown"),
        ({"url": "http://h", "outbox": "x", "budget_ms": "soon"}, "'budget_ms': 'soon' is no number"),
        ({"url": "http://h", "outbox": "x", "timeout_s": -1}, "'timeout_s': is negative"),
        ({"url": "http://h", "outbox": "x", "auth": {"type": "api_key", "apiKey": "k"}}, "'auth': must be"),
    ],
)
def test_a_wrong_setting_is_named(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        OutboxConfig.from_dict(settings)


def test_a_key_that_is_not_set_is_named_when_the_transport_is_made(transport_to):
    with pytest.raises(ConfigurationError, match="NO_SUCH_KEY is not set"):
        transport_to("http://127.0.0.1:1", auth={"env": "NO_SUCH_KEY"})


def test_the_relay_that_a_task_starts_loads_nothing_but_the_standard_library_and_three_rooms():
    code = "import sys; before = set(sys.modules); import lineage.relay; print(*(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in loaded if name.split(".")[0] in {"lineage", "catalog"}}
    assert ours == {"lineage", "lineage.relay", "lineage.outbox", "lineage.redaction", "lineage.errors"}
    assert not {"click", "airflow", "openlineage", "requests", "httpx", "attr"} & set(loaded)
