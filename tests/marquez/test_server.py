"""The server as a process: durability, shutdown, refusing to start, and the addresses that watch over it."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.testclient import TestClient

from marquez import cli
from marquez.app import create_app
from marquez.errors import StoreUnreadable
from marquez.store import Store, store_path
from tests.marquez.conftest import PRODUCER, Api, dataset, event


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "marquez", *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.integration
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(serve: Callable[[Path], Any], tmp_path: Path) -> None:
    acknowledged: list[str] = []

    def send(address: str) -> None:
        with httpx.Client(base_url=address) as client:
            for minute in range(10_000):
                run_id = str(uuid.uuid4())
                try:
                    answer = client.post(
                        "/api/v1/lineage", json=event("COMPLETE", run_id, minute % 60, outputs=[dataset("t", "a int")])
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 201:
                    acknowledged.append(run_id)

    with serve(tmp_path / "data") as (address, process):
        writers = [threading.Thread(target=send, args=(address,)) for _ in range(4)]
        for writer in writers:
            writer.start()
        while len(acknowledged) < 60:
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        for writer in writers:
            writer.join()
    with serve(tmp_path / "data") as (address, _), httpx.Client(base_url=address) as client:
        missing = [r for r in acknowledged if client.get(f"/api/v1/jobs/runs/{r}").status_code != 200]
        events = client.get("/api/v1/events/lineage", params={"limit": 0}).json()["totalCount"]
        versions = Api(client).dataset("t", "/versions", limit=0)["totalCount"]
    assert missing == []
    assert events == versions, "an event is there with all it changes, or not at all"


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_with_exit_code_0(serve: Callable[[Path], Any], tmp_path: Path, number: int) -> None:
    with serve(tmp_path / "data") as (address, process):
        assert httpx.get(f"{address}/ping").text == "pong\n"
        process.send_signal(number)
        assert process.wait(timeout=20) == 0
    assert not (tmp_path / "data/marquez.db-wal").exists(), "the log is folded into the file"


@pytest.mark.integration
def test_a_second_server_on_the_same_store_says_so_and_stops(serve: Callable[[Path], Any], tmp_path: Path) -> None:
    with serve(tmp_path / "data"):
        second = run("serve", "--port", "0", "--data", str(tmp_path / "data"))
    assert second.returncode == 2
    assert "in use by another marquez server" in second.stderr


@pytest.mark.integration
def test_a_port_that_is_taken_is_an_error_of_the_environment(serve: Callable[[Path], Any], tmp_path: Path) -> None:
    with serve(tmp_path / "data") as (address, _):
        second = run("serve", "--port", address.rpartition(":")[2], "--data", str(tmp_path / "other"))
    assert second.returncode == 2
    assert "choose another --port" in second.stderr


def test_a_store_of_another_layout_is_not_touched(tmp_path: Path) -> None:
    store = Store(tmp_path / "marquez.db")
    with store.write() as db:
        db.execute("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(StoreUnreadable, match="it has layout 99, not 2"):
        Store(tmp_path / "marquez.db")


def test_a_file_that_is_no_store_is_named_and_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "notes.db"
    file.write_text("No database, but long enough to be taken for one. " * 9)
    before = file.read_bytes()
    started = run("serve", "--port", "0", "--data", str(file))
    assert started.returncode == 2
    assert f"{file} is no store for this program (file is not a database)" in started.stderr
    assert file.read_bytes() == before


BACK_TO_1 = """
DROP INDEX dataset_by_name; DROP INDEX run_by_transition;
CREATE INDEX run_by_transition ON run (job, transitioned DESC, created DESC);
ALTER TABLE version_facet DROP COLUMN late_event; ALTER TABLE version_facet DROP COLUMN late_value;
UPDATE field SET type = '' WHERE type IS NULL;
PRAGMA user_version = 1;
"""


def test_a_store_of_the_layout_before_is_brought_up_to_this_one(tmp_path: Path) -> None:
    untyped = {"schema": {**PRODUCER, "fields": [{"name": "a"}, {"name": "b", "type": "int"}]}}
    complete = event("COMPLETE", str(uuid.uuid4()), 5, outputs=[dataset("t", facets=untyped)])
    with TestClient(create_app(Store(tmp_path / "marquez.db"))) as client:
        Api(client).post(complete)
        before = Api(client).dataset("t")
    with closing(sqlite3.connect(tmp_path / "marquez.db")) as db:
        db.executescript(BACK_TO_1)
    with TestClient(create_app(Store(tmp_path / "marquez.db"))) as client:
        assert Api(client).dataset("t") == before
        Api(client).post({**complete, "eventTime": "2026-03-10T00:01:00Z"})
        (listed,) = Api(client).get("/namespaces/postgres%3A%2F%2Flocalhost%3A5432/datasets")["datasets"]
        assert len(listed["fields"]) == 3
        assert listed["facets"] == before["facets"]


def test_data_may_name_a_folder_or_a_file() -> None:
    assert store_path(Path("somewhere")) == Path("somewhere/marquez.db")
    assert store_path(Path("somewhere/lineage.db")) == Path("somewhere/lineage.db")


def test_health_is_told(api: Api) -> None:
    assert api.client.get("/ping").text == "pong\n"
    assert api.client.get("/healthcheck").json()["store"]["healthy"] is True


def test_a_compressed_event_is_taken(api: Api) -> None:
    body = gzip.compress(json.dumps(event("COMPLETE", str(uuid.uuid4()), 1)).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert api.client.post("/api/v1/lineage", content=body, headers=headers).status_code == 201
    assert api.client.post("/api/v1/lineage", content=body[:-5], headers=headers).status_code == 400


def test_a_store_that_cannot_be_written_is_a_503_and_clients_try_again_later(tmp_path: Path) -> None:
    store = Store(tmp_path / "marquez.db")
    with TestClient(create_app(store)) as client:
        with store.write() as db:
            db.execute("PRAGMA max_page_count = 1")  # a disk that has no room left
        statuses = {
            client.post("/api/v1/lineage", json=event("COMPLETE", str(uuid.uuid4()), n)).status_code for n in range(9)
        }
        assert 503 in statuses
        assert client.get("/api/v1/namespaces").status_code == 200


def test_when_there_is_room_again_events_are_taken_again(tmp_path: Path) -> None:
    def post() -> int:
        return client.post("/api/v1/lineage", json=event("COMPLETE", str(uuid.uuid4()), 1)).status_code

    with TestClient(create_app(Store(tmp_path / "marquez.db"))) as client:
        assert post() == 201
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "marquez.db-wal").stat().st_size, hard))
        try:
            assert {post(), post()} == {503}
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert post() == 201
        assert client.get("/api/v1/events/lineage").json()["totalCount"] == 2


def test_the_real_servers_configuration_keeps_the_history_of_schemas() -> None:
    configuration = yaml.safe_load((Path(cli.__file__).parent / "marquez.yml").read_text())
    assert "dbRetention" not in configuration
    assert configuration["search"] == {"enabled": False}
    (connector,) = configuration["server"]["applicationConnectors"]
    assert connector["httpCompliance"] == "RFC7230_LEGACY"


def test_help_says_what_it_is_for_and_how_to_reach_it() -> None:
    shown = run("serve", "--help").stdout
    assert "127.0.0.1" in shown
    assert "/healthcheck" in shown
