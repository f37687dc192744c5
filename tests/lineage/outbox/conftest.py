"""A recording backend that can be told to misbehave, and events to send to it."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

from lineage.outbox import Outbox

Event = dict[str, Any]
Behaviour = Callable[[Event], tuple[int, str]]


def take_all(_event: Event) -> tuple[int, str]:
    return 201, ""


@dataclass
class Recorder:
    """``behave`` chooses the answer to an event; what it took (2xx) and what it was asked is kept in order."""

    port: int = 0
    behave: Behaviour = take_all
    taken: list[Event] = field(default_factory=list)
    asked: list[Event] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> None:
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with recorder.lock:
                    status, body = recorder.behave(event)
                    recorder.asked.append(event)
                    recorder.keys.append(self.headers["Authorization"])
                    if 200 <= status < 300:
                        recorder.taken.append(event)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:  # clients are killed on purpose
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self) -> None:
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def labels(self) -> list[str]:
        """What was taken, as `job EVENTTYPE`, in order."""
        return [f"{event['job']['name']} {event['eventType']}" for event in self.taken]


@pytest.fixture
def backend() -> Iterator[Recorder]:
    recorder = Recorder()
    recorder.up()
    yield recorder
    recorder.down()


@pytest.fixture
def dead_backend() -> Iterator[Recorder]:
    """A backend whose port is known and where nobody listens yet: call ``up()``."""
    recorder = Recorder()
    recorder.up()
    recorder.down()
    yield recorder
    recorder.down()


@pytest.fixture
def outbox(tmp_path: Any) -> Outbox:
    return Outbox(tmp_path / "outbox")


@pytest.fixture
def event() -> Callable[..., Event]:
    """event("load", "START") as a plain mapping; the run id follows from the job's name."""
    return make_event


def make_event(job: str, state: str = "COMPLETE", **more: Any) -> Event:
    return {
        "eventType": state,
        "eventTime": "2026-03-10T00:00:00+00:00",
        "run": {"runId": run_id(job), "facets": {}},
        "job": {"namespace": "ecompulse", "name": job},
        "inputs": [],
        "outputs": [],
        "producer": "https://ecompulse.example/pipeline",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        **more,
    }


def run_id(job: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, job))


@pytest.fixture
def run_event() -> Callable[..., RunEvent]:
    """run_event("load", "START") as the OpenLineage client's own object."""

    def make(job: str, state: str = "COMPLETE", **more: Any) -> RunEvent:
        return RunEvent(
            eventType=RunState[state],
            eventTime="2026-03-10T00:00:00+00:00",
            run=Run(runId=run_id(job), facets=more.pop("facets", {})),
            job=Job(namespace="ecompulse", name=job, facets=more.pop("job_facets", {})),
            producer="https://ecompulse.example/pipeline",
            **more,
        )

    return make
