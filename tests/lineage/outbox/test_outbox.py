import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lineage.errors import EventNotFound, EventUnreadable, OutboxUnwritable
from lineage.outbox import Outbox


def pending_events(outbox):
    return [json.loads(outbox.read(name)) for run in outbox.runs() for name in run]


def labels(outbox):
    return [f"{e['job']['name']} {e['eventType']}" for e in pending_events(outbox)]


def test_an_event_is_on_disk_when_put_returns_and_only_its_owner_may_read_it(outbox, event):
    name = outbox.put(event("load", "START"))
    path = outbox.root / "pending" / name
    assert json.loads(path.read_text()) == event("load", "START")
    assert path.stat().st_mode & 0o777 == 0o600
    assert {folder.stat().st_mode & 0o777 for folder in (outbox.root, path.parent)} == {0o700}
    assert [other.name for other in path.parent.iterdir()] == [name]


def test_the_content_and_its_entry_are_on_disk_before_the_event_can_be_seen_and_sent(outbox, event, monkeypatch):
    outbox.put(event("load", "START"))  # the folders are there
    synced, fsync = [], os.fsync

    def recording(descriptor):
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink(), outbox.pending()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    path = outbox.root / "pending" / outbox.put(event("load", "COMPLETE"))
    assert synced == [(path.with_name(path.name + ".new"), 1), (path.parent, 1)]
    assert outbox.pending() == 2


@pytest.mark.parametrize(("age_s", "torn", "adopted"), [(120, False, 1), (120, True, 0), (1, False, 0)])
def test_what_a_killed_writer_had_wholly_on_disk_is_taken_over_after_a_while(outbox, event, age_s, torn, adopted):
    path = outbox.root / "pending" / outbox.put(event("load"))
    new = path.rename(path.with_name(path.name + ".new"))
    if torn:
        new.write_text(new.read_text()[:-10])
    os.utime(new, (time.time() - age_s,) * 2)
    assert len(outbox.runs()) == adopted
    assert new.exists() == (age_s == 1)


def test_a_run_is_delivered_start_first_and_end_last_however_it_was_written(outbox, event):
    for state in ("COMPLETE", "RUNNING", "START"):
        outbox.put(event("load", state))
    assert labels(outbox) == ["load START", "load RUNNING", "load COMPLETE"]


def test_the_run_that_waits_longest_comes_first(outbox, event):
    for job in ("c", "a", "b"):
        outbox.put(event(job, "START"))
    outbox.put(event("c", "COMPLETE"))
    assert labels(outbox) == ["c START", "c COMPLETE", "a START", "b START"]


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "", "ü", "a" * 300, 7, None, "not.a.uuid"])
def test_any_run_id_fits_into_a_file_name(outbox, event, run_id):
    odd = event("load") | {"run": {"runId": run_id}}
    outbox.put(odd)
    assert pending_events(outbox) == [odd]
    assert len(list((outbox.root / "pending").iterdir())) == 1


def test_events_without_a_run_keep_the_order_in_which_they_were_written(outbox):
    written = [{"eventTime": "2026-03-10T00:00:00Z", "dataset": {"namespace": "n", "name": str(i)}} for i in range(5)]
    for dataset_event in written:
        outbox.put(dataset_event)
    assert pending_events(outbox) == written


def test_a_rejected_event_no_longer_waits_and_keeps_its_reason(outbox, event):
    name = outbox.put(event("load"))
    outbox.reject(name, "HTTP 422 run must not be null")
    status = outbox.status()
    assert (status.pending, status.oldest_s) == (0, 0.0)
    assert [(r.name, r.reason, r.event) for r in status.rejected] == [
        (name, "HTTP 422 run must not be null", event("load"))
    ]


def test_retrying_a_rejected_event_makes_it_wait_again_unchanged(outbox, event):
    name = outbox.put(event("load"))
    outbox.reject(name, "HTTP 422")
    outbox.retry(name)
    assert pending_events(outbox) == [event("load")]
    assert outbox.status().rejected == ()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"reason": "x"}', b"\xff\xfe{", b'{"reason": "x", "at": 7}'])
def test_a_damaged_file_is_told_as_such_and_hides_no_other(outbox, event, content):
    names = [outbox.put(event(job)) for job in "ab"]
    for name in names:
        outbox.reject(name, "HTTP 422")
    (outbox.root / "rejected" / names[0]).write_bytes(content)
    told = {one.name: one for one in outbox.status().rejected}
    assert told[names[0]].reason.startswith("damaged file: ") and told[names[0]].event is None
    assert (told[names[1]].reason, told[names[1]].event) == ("HTTP 422", event("b"))
    outbox.find(names[0])
    with pytest.raises(EventUnreadable, match="Delete the file"):
        outbox.retry(names[0])
    outbox.retry(names[1])
    assert pending_events(outbox) == [event("b")]


def test_a_damaged_event_is_shown_as_the_text_it_is(outbox, event):
    name = outbox.put(event("load"))
    (outbox.root / "pending" / name).write_bytes(b'{"job": "\xff')
    assert outbox.find(name) == (name, {"text": '{"job": "\ufffd'})


def test_a_damaged_note_of_trouble_stops_nobody(outbox, event):
    outbox.put(event("load"))
    outbox.note_trouble("HTTP 503")
    (note,) = [path for path in outbox.root.iterdir() if path.is_file()]
    note.write_bytes(b"\xff\xfe{")
    assert outbox.trouble() == outbox.status().trouble == "\ufffd\ufffd{"
    outbox.note_trouble("")
    assert outbox.trouble() == ""


def test_an_event_is_found_by_the_beginning_of_its_name_when_that_is_unique(outbox, event):
    name = outbox.put(event("load", "START"))
    outbox.put(event("load", "COMPLETE"))
    assert outbox.find(name[:40]) == (name, event("load", "START"))
    for ambiguous_or_absent in (name[:8], "zzz"):
        with pytest.raises(EventNotFound, match="Not exactly one"):
            outbox.find(ambiguous_or_absent)


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path, event):
    (tmp_path / "file").touch()
    with pytest.raises(OutboxUnwritable, match=r"file/outbox cannot take an event .* writable"):
        Outbox(tmp_path / "file" / "outbox").put(event("load"))


def test_a_folder_that_cannot_be_changed_is_named_to_whom_wants_to_deliver(outbox, event):
    name = outbox.put(event("load"))
    (outbox.root / "relay.lock").mkdir()
    with pytest.raises(OutboxUnwritable, match=r"cannot take an event .* writable"), outbox.drainer():
        pass
    path = outbox.root / "pending" / name
    path.unlink()
    path.mkdir()
    with pytest.raises(OutboxUnwritable):
        outbox.remove(name)


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    """A limit on the size of files stands for the full disk: the write fails in the middle in the same way."""
    code = (
        "import resource, sys; from lineage.outbox import Outbox; from lineage.errors import OutboxUnwritable\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: Outbox(sys.argv[1]).put({'eventType': 'START', 'filler': 'x' * 5000})\n"
        "except OutboxUnwritable as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Free some space" in said
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# -- Spool files -------------------------------------------------------------------------------------------------


@pytest.fixture
def spool(tmp_path) -> Path:
    return tmp_path / "spark-events.jsonl"


def test_a_finished_spool_is_taken_once_in_the_order_of_its_lines(outbox, spool, event):
    lines = [
        event("app", "START"),
        event("app", "RUNNING", n=1),
        event("app", "RUNNING", n=2),
        event("app", "COMPLETE"),
    ]
    spool.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert outbox.import_lines(spool) == 4
    assert pending_events(outbox) == lines
    assert outbox.import_lines(spool) == 0


def test_a_spool_that_was_taken_and_grew_yields_only_what_is_new(outbox, spool, event):
    spool.write_text(json.dumps(event("app", "START")) + "\n")
    outbox.import_lines(spool)
    with spool.open("a") as more:
        more.write(json.dumps(event("app", "COMPLETE")) + "\n")
    assert outbox.import_lines(spool) == 1
    assert labels(outbox) == ["app START", "app COMPLETE"]


def test_taking_a_spool_again_after_a_kill_half_way_adds_nothing_twice(outbox, spool, event):
    spool.write_text("".join(json.dumps(event("app", state)) + "\n" for state in ("START", "COMPLETE")))
    outbox.import_lines(spool)
    spool.with_name(spool.name + ".taken").unlink()  # as if killed before the note was written
    outbox.import_lines(spool)
    assert labels(outbox) == ["app START", "app COMPLETE"]


def test_a_last_line_torn_by_the_death_of_the_driver_is_put_aside(outbox, spool, event):
    whole, torn = json.dumps(event("app", "START")), json.dumps(event("app", "COMPLETE"))[:50]
    spool.write_text(f"{whole}\n{torn}")
    assert outbox.import_lines(spool) == 1
    (rejection,) = outbox.status().rejected
    assert rejection.reason.startswith("torn line")
    assert outbox.find(rejection.name)[1]["text"] == torn
    with pytest.raises(EventUnreadable, match="cannot be sent again"):
        outbox.retry(rejection.name)


def test_a_last_line_that_only_lacks_its_newline_is_an_event(outbox, spool, event):
    spool.write_text(json.dumps(event("app", "START")))
    assert outbox.import_lines(spool) == 1
    assert outbox.status().rejected == ()


def test_lines_that_are_no_events_do_not_stop_the_others(outbox, spool, event):
    spool.write_text(f"[1]\nnot json\n\n{json.dumps(event('app'))}\n")
    assert outbox.import_lines(spool) == 1
    assert [r.reason.split(":")[0] for r in outbox.status().rejected] == ["no JSON object", "no JSON"]


def test_a_driver_that_wrote_nothing_leaves_nothing_to_take(outbox, spool):
    assert outbox.import_lines(spool) == 0


def test_credentials_in_a_spool_do_not_get_into_the_outbox(outbox, spool, event):
    leaky = event("app", message="password=hunter2 refused")
    spool.write_text(json.dumps(leaky) + '\n{"url": "postgres://etl:hunter2@db/x", torn')
    outbox.import_lines(spool)
    assert not [p for p in outbox.root.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
