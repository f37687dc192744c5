"""The index follows the backend: late and repeated events, static ones, deletions, outages, and death on the way."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalog.errors import MarquezUnavailable
from catalog.index import Index, sync
from catalog.marquez import Marquez
from catalog.settings import Settings
from tests.catalog.backend import embedded
from tests.catalog.events import at, dataset, event, facet
from tests.catalog.tables import dump

pytestmark = pytest.mark.integration

Post = Callable[..., None]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "backend"
    folder.mkdir()
    with embedded(folder) as url:
        yield url


@pytest.fixture
def client(backend: str) -> Iterator[Marquez]:
    with Marquez.open(Settings(marquez_url=backend)) as opened:
        yield opened


@pytest.fixture
def post(backend: str) -> Post:
    def send(*documents: Any) -> None:
        with httpx.Client(base_url=backend) as http:
            for document in documents:
                http.post("/api/v1/lineage", json=document).raise_for_status()

    return send


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.open(tmp_path / "catalog.sqlite", {}) as opened:
        yield opened


class Counting:
    """A client that counts what is asked of it."""

    def __init__(self, client: Marquez) -> None:
        self.client, self.totals, self.listed = client, 0, 0

    def total(self, after: datetime | None = None, before: datetime | None = None) -> int:
        self.totals += 1
        return self.client.total(after, before)

    def events(self, after: datetime | None = None, before: datetime | None = None) -> Iterator[dict[str, Any]]:
        for document in self.client.events(after, before):
            self.listed += 1
            yield document


def load(hours: float, *, columns: Any = ("a", "b"), job: str = "load") -> dict[str, Any]:
    return event(job, hours, inputs=[dataset("s", ["a"])], outputs=[dataset("t", columns)])


def test_a_first_reading_takes_everything_and_says_since_when_it_holds(
    index: Index, client: Marquez, post: Post
) -> None:
    assert index.completeness().as_of is None
    post(*(load(hours) for hours in range(5)))
    synced = sync.sync(index, client, now=lambda: at(100))
    assert (synced.new, synced.repeated, synced.unusable) == (5, 0, 0)
    assert index.completeness() == synced.completeness
    assert synced.completeness.complete and synced.completeness.as_of == at(100)


def test_what_the_backend_gives_back_is_the_same_as_what_was_sent(index: Index, client: Marquez, post: Post) -> None:
    documents = [load(hours, job=f"j{hours}") for hours in range(3)]
    post(*documents)
    sync.sync(index, client, now=lambda: at(100))
    assert index.add(documents).new == 0


def test_nothing_new_costs_one_count_and_one_listing(index: Index, client: Marquez, post: Post) -> None:
    post(*(load(hours) for hours in range(5)))
    sync.sync(index, client, now=lambda: at(100))
    counting = Counting(client)
    assert sync.sync(index, counting, now=lambda: at(101)).read == 0
    assert (counting.totals, counting.listed) == (1, 0)


def test_an_event_that_comes_late_behind_the_cursor_is_found_without_reading_all_again(
    index: Index, client: Marquez, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "SPAN", 4)
    post(*(load(hours) for hours in range(40)))
    sync.sync(index, client, now=lambda: at(100))
    post(load(17.5, columns=("a", "b", "late")))
    counting = Counting(client)
    synced = sync.sync(index, counting, now=lambda: at(101))
    assert synced.new == 1
    assert counting.listed <= 5
    assert synced.completeness.complete


def test_an_event_stored_twice_is_one_and_does_not_make_every_reading_look_again(
    index: Index, client: Marquez, post: Post
) -> None:
    post(load(1), load(1), load(2))
    synced = sync.sync(index, client, now=lambda: at(100))
    assert synced.new == 2 and synced.completeness.complete
    assert sync.sync(index, client, now=lambda: at(101)).read == 0


def test_events_that_are_counted_but_never_listed_are_told_once_and_not_looked_for_again(
    index: Index, client: Marquez, post: Post
) -> None:
    static = {
        "eventTime": at(1.5).isoformat(), "producer": "https://p", "dataset": dataset("t", ["a"]),
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent",
    }  # fmt: skip
    post(load(1), static, load(2))
    synced = sync.sync(index, client, now=lambda: at(100))
    assert "counts 1 events more than it lists" in synced.completeness.reasons[0]
    again = sync.sync(index, client, now=lambda: at(101))
    assert (again.read, again.spans) == (0, 0)
    assert again.completeness.reasons == synced.completeness.reasons


def test_what_the_backend_has_deleted_stays_known_and_is_said(index: Index, client: Marquez, post: Post) -> None:
    post(*(load(hours) for hours in range(5)))
    sync.sync(index, client, now=lambda: at(100))

    class Forgetful(Counting):
        def total(self, after: datetime | None = None, before: datetime | None = None) -> int:
            return super().total(max(after or at(0), at(2)), before)

        def events(self, after: datetime | None = None, before: datetime | None = None) -> Iterator[dict[str, Any]]:
            return super().events(max(after or at(0), at(2)), before)

    synced = sync.sync(index, Forgetful(client), now=lambda: at(101))
    assert any("2 events before" in reason and "known here only" in reason for reason in synced.completeness.reasons)
    assert len(index.runs()) == 5


def test_an_event_from_a_clock_that_is_ahead_does_not_hide_those_that_are_on_time(
    index: Index, client: Marquez, post: Post
) -> None:
    post(load(1), load(900))
    assert sync.sync(index, client, now=lambda: at(2)).new == 2
    post(load(3))
    assert sync.sync(index, client, now=lambda: at(4)).new == 1


def test_an_unreachable_backend_is_said_with_time_and_reason_and_the_answers_stay(
    index: Index, client: Marquez, post: Post
) -> None:
    post(load(1))
    sync.sync(index, client, now=lambda: at(100))
    with Marquez.open(Settings(marquez_url="http://127.0.0.1:9")) as nobody, pytest.raises(MarquezUnavailable):
        sync.sync(index, nobody, now=lambda: at(101))
    told = index.completeness()
    assert told.as_of == at(100) and not told.complete
    assert "2026-11-05 05:00 UTC" in told.reasons[0] and "127.0.0.1:9" in told.reasons[0]
    assert len(index.runs()) == 1
    sync.sync(index, client, now=lambda: at(102))
    assert index.completeness().complete


def test_a_rebuild_gives_the_same_tables_as_having_followed_all_along(
    index: Index, client: Marquez, post: Post
) -> None:
    for hours in (3, 1, 2):
        post(load(hours, columns=("a", "b", "c")[: int(hours)]))
        sync.sync(index, client, now=lambda: at(100))
    followed = dump(index.db)
    assert sync.rebuild(index, client).new == 3
    assert dump(index.db) == followed


KILLED = """
import os, signal, sys
from pathlib import Path
from catalog.index import Index, sync
from catalog.marquez import Marquez
from catalog.settings import Settings

sync.BATCH = 7
with Marquez.open(Settings(marquez_url=sys.argv[2])) as client, Index.open(Path(sys.argv[1]), {}) as index:
    def say(text):
        print(text, flush=True)
        if "14 new" in text:
            os.kill(os.getpid(), signal.SIGKILL)
    sync.sync(index, client, say=say)
"""


def test_a_reading_that_is_killed_on_the_way_is_finished_by_the_next(
    tmp_path: Path, backend: str, client: Marquez, post: Post
) -> None:
    post(*(load(hours) for hours in range(30)))
    path = tmp_path / "killed.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(path), backend], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with Index.open(path, {}) as index, Index.open(":memory:", {}) as whole:
        assert index.completeness().as_of is None
        assert 7 <= len(index.runs()) < 30
        assert sync.sync(index, client).completeness.as_of is not None
        sync.sync(whole, client)
        assert dump(index.db) == dump(whole.db)


def test_two_readings_at_once_wait_for_each_other(tmp_path: Path, backend: str, post: Post) -> None:
    post(*(load(hours) for hours in range(10)))
    script = KILLED.replace("sync.BATCH = 7", "").replace('"14 new" in text', "False")
    command = [sys.executable, "-c", script, str(tmp_path / "shared.sqlite"), backend]
    both = [subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    for process in both:
        assert process.stdout is not None
        process.stdout.close()
    with Index.open(tmp_path / "shared.sqlite", {}) as index:
        assert len(index.runs()) == 10
        assert facet()["_producer"]
