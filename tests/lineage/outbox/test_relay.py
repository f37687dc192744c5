import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.cli import cli
from lineage.errors import BackendUnavailable, ConfigurationError
from lineage.outbox import Outbox
from lineage.relay import Address, Backend, Relay, judge

pytestmark = pytest.mark.integration

MALFORMED = (500, '{"code": 400, "message": "Unable to process JSON"}')


@pytest.fixture
def relay_to():
    """relay_to(backend, outbox): a relay with short pauses, closed after the test."""
    with ExitStack() as opened:

        def make(backend, outbox, timeout_s=5.0):
            connection = opened.enter_context(closing(Backend(Address(url=backend.url, timeout_s=timeout_s))))
            return Relay(outbox, connection, pause_s=0.02)

        yield make


def deliver(backend, outbox):
    assert Relay(outbox, Backend(Address(url=backend.url)), pause_s=0.02).serve(linger_s=0)


def put_runs(outbox, event, *jobs):
    for job in jobs:
        for state in ("START", "COMPLETE"):
            outbox.put(event(job, state))


def reasons(outbox):
    return {(r.event["job"]["name"], r.event["eventType"]): r.reason for r in outbox.status().rejected}


def answering(bad, otherwise=(201, "")):
    """Answers ``bad[(job, state)]`` to those events; a list is used up answer by answer."""

    def behave(event):
        answer = bad.get((event["job"]["name"], event["eventType"]), otherwise)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else otherwise
        return answer

    return behave


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, "", "accepted"),
        (201, "", "accepted"),
        (400, "", "refused"),
        (413, "", "refused"),
        (422, '{"errors": ["run must not be null"]}', "refused"),
        (*MALFORMED, "refused"),
        (500, '{"code": 500, "message": "There was an error"}', "failed"),
        (500, "", "failed"),
        (500, "[]", "failed"),
        (500, '{"code": "400"}', "failed"),
        (503, '{"code": 400}', "failed"),
        (401, "", "failed"),
        (404, "", "failed"),
        (429, "", "failed"),
    ],
)
def test_an_answer_says_whether_the_event_or_the_backend_is_at_fault(status, body, kind):
    assert judge(status, body.encode()).kind == kind


def test_everything_that_waits_is_delivered_in_order_per_run_and_leaves_the_outbox(backend, outbox, event):
    put_runs(outbox, event, "a", "b")
    deliver(backend, outbox)
    assert backend.labels() == ["a START", "a COMPLETE", "b START", "b COMPLETE"]
    assert outbox.pending() == 0


@pytest.mark.parametrize("refusal", [(422, '{"errors": ["run must not be null"]}'), (400, "no"), MALFORMED])
def test_a_refused_event_is_put_aside_at_once_with_the_reason_and_blocks_nothing(backend, outbox, event, refusal):
    backend.behave = answering({("a", "START"): refusal})
    put_runs(outbox, event, "a", "b")
    deliver(backend, outbox)
    assert backend.labels() == ["a COMPLETE", "b START", "b COMPLETE"]
    assert Counter(e["eventType"] + e["job"]["name"] for e in backend.asked)["STARTa"] == 1
    assert reasons(outbox) == {("a", "START"): f"HTTP {refusal[0]} {refusal[1]}"}


def test_an_event_that_keeps_failing_while_others_are_accepted_is_poison(backend, outbox, event):
    backend.behave = answering({("a", "COMPLETE"): (500, "")})
    put_runs(outbox, event, "a", "b", "c")
    deliver(backend, outbox)
    assert backend.labels() == ["a START", "b START", "b COMPLETE", "c START", "c COMPLETE"]
    assert reasons(outbox) == {("a", "COMPLETE"): "HTTP 500"}


def test_a_lone_run_is_not_blocked_by_a_start_that_keeps_failing(backend, outbox, event):
    backend.behave = answering({("a", "START"): (500, "")})
    put_runs(outbox, event, "a")
    deliver(backend, outbox)
    assert backend.labels() == ["a COMPLETE"]
    assert reasons(outbox) == {("a", "START"): "overtaken by the next event of its run after: HTTP 500"}


def test_more_poison_than_it_takes_to_look_ill_does_not_block_the_rest(backend, outbox, event):
    poison = {(job, state): (500, "") for job in "abcd" for state in ("START", "COMPLETE")}
    backend.behave = answering(poison)
    put_runs(outbox, event, *"abcdef")
    deliver(backend, outbox)
    assert backend.labels() == ["e START", "e COMPLETE", "f START", "f COMPLETE"]


def test_a_failure_that_passes_rejects_nothing_and_keeps_the_order(backend, outbox, event):
    backend.behave = answering({("a", "START"): [(500, ""), (503, "")]})
    put_runs(outbox, event, "a", "b")
    deliver(backend, outbox)
    assert [label for label in backend.labels() if label[0] == "a"] == ["a START", "a COMPLETE"]
    assert outbox.status().rejected == ()


@pytest.mark.parametrize("status", [500, 503, 401, 404, 429])
def test_a_backend_that_takes_nothing_loses_nothing(relay_to, backend, outbox, event, status):
    backend.behave = answering({}, otherwise=(status, "not now"))
    put_runs(outbox, event, "a", "b", "c", "d")
    relay = relay_to(backend, outbox)
    relay.drain()
    assert outbox.pending() == 8
    assert outbox.status().rejected == ()
    assert outbox.trouble() == f"HTTP {status} not now"
    backend.behave = answering({})
    deliver(backend, outbox)
    assert len(backend.taken) == 8
    assert outbox.trouble() == ""


def test_a_silent_backend_is_asked_once_a_look_and_not_once_an_event(relay_to, backend, outbox, event):
    release = threading.Event()
    backend.behave = lambda _event: (201 if release.wait(5) else 500, "")
    put_runs(outbox, event, "a", "b", "c")
    relay = relay_to(backend, outbox, timeout_s=0.1)
    assert relay.drain() == 0
    assert outbox.pending() == 6
    assert "no answer in 0.1 s" in outbox.trouble()
    release.set()


def test_an_unknown_host_is_trouble_and_no_error(outbox, event):
    outbox.put(event("a"))
    Relay(outbox, Backend(Address(url="http://no-such-host.invalid:1"))).drain()
    assert outbox.pending() == 1
    assert outbox.trouble().startswith("http://no-such-host.invalid:1: ")


def test_a_connection_that_the_backend_closed_while_idle_costs_no_event(relay_to, dead_backend, outbox, event):
    backend = dead_backend
    backend.up()
    relay = relay_to(backend, outbox)
    outbox.put(event("a"))
    relay.drain()
    backend.down()
    backend.up()
    outbox.put(event("b"))
    relay.drain()
    assert backend.labels() == ["a COMPLETE", "b COMPLETE"]


def test_an_event_removed_by_hand_meanwhile_does_not_stop_the_relay(backend, outbox, event):
    put_runs(outbox, event, "a", "b")
    doomed = outbox.runs()[1][0]
    backend.behave = lambda _event: (outbox.remove(doomed), (201, ""))[1]
    deliver(backend, outbox)
    assert backend.labels() == ["a START", "a COMPLETE", "b COMPLETE"]


def test_a_failing_event_removed_by_hand_is_forgotten(backend, outbox, event, relay_to):
    backend.behave = answering({}, otherwise=(500, ""))
    name = outbox.put(event("a"))
    relay = relay_to(backend, outbox)
    relay.drain()
    outbox.remove(name)
    assert relay.serve(linger_s=0)
    assert len(backend.asked) == 1


def test_two_relays_never_deliver_at_the_same_time(relay_to, backend, outbox, event):
    put_runs(outbox, event, *"abcdefgh")
    relays = [relay_to(backend, Outbox(outbox.root)) for _ in range(4)]
    worked = []
    threads = [threading.Thread(target=lambda r=r: worked.append(r.serve(linger_s=0))) for r in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(worked)
    assert sorted(backend.labels()) == sorted(f"{job} {state}" for job in "abcdefgh" for state in ("START", "COMPLETE"))


def test_credentials_in_what_the_backend_says_are_not_kept(backend, outbox, event):
    backend.behave = answering({}, otherwise=(422, "connecting with password=hunter2 failed"))
    outbox.put(event("a"))
    deliver(backend, outbox)
    assert [r.reason for r in outbox.status().rejected] == ["HTTP 422 connecting with password=*** failed"]


answers = st.sampled_from([(201, ""), (422, ""), MALFORMED])


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(st.sampled_from("abc"), st.sampled_from(["START", "RUNNING", "COMPLETE"])), answers))
def test_every_event_ends_accepted_or_rejected_once_and_each_run_in_order(tmp_path_factory, backend, event, bad):
    outbox = Outbox(tmp_path_factory.mktemp("outbox"))
    backend.taken.clear()
    backend.behave = answering(bad)
    states = ["START", "RUNNING", "COMPLETE"]
    for state in reversed(states):
        for job in "abc":
            outbox.put(event(job, state))
    deliver(backend, outbox)
    refused = {f"{job} {state}" for (job, state), answer in bad.items() if answer[0] != 201}
    assert {" ".join(key) for key in reasons(outbox)} == refused
    for job in "abc":
        wanted = [f"{job} {state}" for state in states if f"{job} {state}" not in refused]
        assert [label for label in backend.labels() if label[0] == job] == wanted


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "marquez:5000"}, "'marquez:5000' is no http address"),
        ({"url": "http://etl:hunter2@marquez"}, "holds a credential"),
        *(({"url": "http://h", "timeout_s": wrong}, "'timeout_s': .* is not more than 0") for wrong in (0, -1, 1e9)),
        ({"url": "http://h", "timeout_s": float("nan")}, "'timeout_s': nan is not more than 0"),
    ],
)
def test_a_wrong_address_is_named(settings, said):
    with pytest.raises(ConfigurationError, match=said) as raised:
        Address(**settings)
    assert "hunter2" not in str(raised.value)


# -- The command ---------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_relay_once_delivers_and_says_with_its_exit_code_what_could_not_be(backend, dead_backend, outbox, event):
    outbox.put(event("a"))
    failed = run("relay", "--outbox", outbox.root, "--url", dead_backend.url, "--once")
    assert isinstance(failed.exception, BackendUnavailable)
    assert failed.exception.exit_code == 3
    assert "1 event(s) wait" in str(failed.exception)
    assert run("relay", "--outbox", outbox.root, "--url", backend.url, "--once").exit_code == 0
    assert backend.labels() == ["a COMPLETE"]


def test_relay_once_waits_for_a_relay_that_is_at_work(backend, outbox, event):
    backend.behave = lambda _event: (time.sleep(0.2), (201, ""))[1]
    put_runs(outbox, event, "a", "b")
    other = Relay(Outbox(outbox.root), Backend(Address(url=backend.url)))
    thread = threading.Thread(target=other.serve, kwargs={"linger_s": 0})
    thread.start()
    wait_until(lambda: backend.taken)
    assert run("relay", "--outbox", outbox.root, "--url", backend.url, "--once").exit_code == 0
    assert len(backend.taken) == 4
    thread.join()


def test_an_outbox_that_does_not_exist_is_a_wrong_setting_and_not_an_empty_one(tmp_path):
    told = run("outbox", "status", "--outbox", tmp_path / "misspelt")
    assert told.exit_code == 2
    assert "misspelt" in told.output


def test_status_tells_what_waits_and_what_was_refused_and_why(outbox, event):
    outbox.remove(outbox.put(event("a")))
    assert run("outbox", "status", "--outbox", outbox.root).exit_code == 0
    outbox.reject(outbox.put(event("a")), "HTTP 422 run must not be null")
    waiting = outbox.put(event("b"))
    text = run("outbox", "status", "--outbox", outbox.root)
    assert text.exit_code == 3
    assert "pending   1, the oldest for 0:00:0" in text.output
    assert f"\n  {waiting}\n" in text.output
    assert "\n    a COMPLETE: HTTP 422 run must not be null\n" in text.output
    told = json.loads(run("outbox", "status", "--outbox", outbox.root, "--json").output)
    assert (told["pending"], told["oldest"], told["relay"]) == (1, [waiting], False)
    assert (told["rejected"][0]["of"], told["rejected"][0]["reason"]) == ("a COMPLETE", "HTTP 422 run must not be null")


@pytest.mark.parametrize("event", [None, {}, {"job": "a"}, {"job": {"namespace": "n"}, "eventType": None}])
def test_status_tells_of_what_is_hardly_an_event(outbox, event):
    name = outbox.put({})
    (outbox.root / "pending" / name).write_text(json.dumps(event))
    outbox.reject(name, "HTTP 422")
    assert "no job: " in run("outbox", "status", "--outbox", outbox.root).output


@pytest.mark.parametrize(
    ("damage", "arguments", "said"),
    [
        ("pending", ("outbox", "status"), "lineage: {root}/pending: Not a directory\n"),
        ("relay.lock", ("relay", "--url", "http://127.0.0.1:1", "--once"), "lineage: The outbox {root} cannot take an"),
    ],
)
def test_a_folder_that_is_out_of_order_costs_a_sentence_and_no_traceback(tmp_path, damage, arguments, said):
    (tmp_path / damage).touch() if damage == "pending" else (tmp_path / damage).mkdir()
    command = [sys.executable, "-m", "lineage.cli", *arguments, "--outbox", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said.format(root=tmp_path)) and done.stderr.count("\n") == 1


def test_an_event_that_waits_longer_than_allowed_is_a_problem(outbox, event):
    outbox.put(event("a"))
    assert run("outbox", "status", "--outbox", outbox.root).exit_code == 0
    assert run("outbox", "status", "--outbox", outbox.root, "--max-age", "0").exit_code == 3


def test_a_refused_event_is_shown_and_sent_again(backend, outbox, event):
    name = outbox.put(event("a"))
    outbox.reject(name, "HTTP 422")
    assert json.loads(run("outbox", "show", "--outbox", outbox.root, name[:8]).output)["event"] == event("a")
    assert run("outbox", "retry", "--outbox", outbox.root, "--all").output == "1 event(s) wait again\n"
    deliver(backend, outbox)
    assert backend.taken == [event("a")]


def test_retry_wants_to_know_what(outbox, event):
    outbox.put(event("a"))
    assert run("outbox", "retry", "--outbox", outbox.root).exit_code == 2


def test_a_supervised_relay_is_woken_by_a_writer_and_ends_cleanly_on_sigterm(backend, outbox, event):
    command = [
        sys.executable,
        "-m",
        "lineage.cli",
        "relay",
        "--outbox",
        outbox.root,
        "--url",
        backend.url,
        "--interval",
        "300",
    ]
    process = subprocess.Popen(command)  # fmt: skip
    try:
        wait_until(outbox.wake)
        time.sleep(0.2)  # the wake-up of the line above is over
        outbox.put(event("a"))
        outbox.wake()
        wait_until(lambda: backend.labels() == ["a COMPLETE"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
