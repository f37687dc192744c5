"""How long an event holds up its task, in milliseconds, for backends in every condition. Run: python bench/transport.py

Emits START/COMPLETE pairs of 8 KB, one event every 100 ms, from one process; the outbox is in the folder given as
first argument (default: a temporary one), so that a slow disk can be measured. Two figures a condition: with a relay
running beside (as `stack` supervises it), with none, so that the task starts one, and with an outbox that cannot be
written. The first line, a mere sleep of the budget, shows what a busy machine adds.
Exit code 1 when sending (everything but the write to disk) held up a task for more than 50 ms while the backend was
down or hanging. The write takes what the disk takes: 0.5 ms on an idle one, and 300 have been seen on a busy one.
"""

import logging
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from openlineage.client.event_v2 import InputDataset, Job, Run, RunEvent, RunState
from openlineage.client.facet_v2 import schema_dataset

from lineage.outbox import Outbox
from lineage.transport import OutboxConfig, OutboxTransport

PAIRS, GAP_S, LIMIT_MS = 20, 0.1, 50.0


def event(run_id: str, state: str) -> RunEvent:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(name=f"column_{i}", type="string", description="x" * 60)
        for i in range(55)
    ]
    dataset = InputDataset(namespace="n", name="d", facets={"schema": schema_dataset.SchemaDatasetFacet(fields=fields)})
    return RunEvent(
        eventType=RunState[state],
        eventTime=datetime.now(UTC).isoformat(),
        run=Run(runId=run_id),
        job=Job(namespace="bench", name="job"),
        producer="https://ecompulse.example/bench",
        inputs=[dataset],
    )  # fmt: skip


@contextmanager
def answering(status: int, seconds: float) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(seconds)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def refusing() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def hanging_connect() -> Iterator[str]:
    """The queue of connections is full: the handshake never ends."""
    with ExitStack() as opened:
        server = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            client = opened.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def hanging_answer() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def unknown_host() -> Iterator[str]:
    yield "http://no-such-host.invalid:5000"


CONDITIONS = {
    "answers at once": (lambda: answering(201, 0.0), False),
    "answers in 200 ms (Marquez)": (lambda: answering(201, 0.2), False),
    "connection refused": (refusing, True),
    "connecting hangs": (hanging_connect, True),
    "answering hangs": (hanging_answer, True),
    "500 after 1 s": (lambda: answering(500, 1.0), True),
    "unknown host": (unknown_host, True),
}


@contextmanager
def relay_beside(folder: Path, url: str) -> Iterator[None]:
    command = [sys.executable, "-m", "lineage.cli", "relay", "--outbox", str(folder), "--url", url]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not Outbox(folder).wake():
            time.sleep(0.02)
        yield
    finally:
        process.kill()
        process.wait()


def measure(url: str, folder: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each event: in all, and without the write to disk."""
    transport = OutboxTransport(OutboxConfig.from_dict({"url": url, "outbox": str(folder), "linger_s": 1}))
    written = time_the_disk(transport)
    took, sending = [], []
    for _ in range(PAIRS):
        run_id = str(uuid.uuid4())
        for state in ("START", "COMPLETE"):
            emitted = event(run_id, state)
            begin = time.perf_counter()
            transport.emit(emitted)
            took.append((time.perf_counter() - begin) * 1000)
            sending.append(took[-1] - written.pop())
            time.sleep(GAP_S)
    return took, sending


def time_the_disk(transport: OutboxTransport) -> list[float]:
    put, written = transport._outbox.put, []

    def timed(plain: dict) -> str:
        begin = time.perf_counter()
        try:
            return put(plain)
        finally:
            written.append((time.perf_counter() - begin) * 1000)

    transport._outbox.put = timed
    return written


def control() -> list[float]:
    took = []
    for _ in range(2 * PAIRS):
        begin = time.perf_counter()
        time.sleep(0.04)
        took.append((time.perf_counter() - begin) * 1000)
    return took


def report(name: str, setting: str, took: list[float], sending: list[float], left: int) -> None:
    figures = [f(values) for values in (took, sending) for f in (statistics.median, p95, max)]
    print(f"{name:30} {setting:14} " + " ".join(f"{figure:7.1f}" for figure in figures) + f"  {left}", flush=True)


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    logging.disable()
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="outbox-bench-"))
    too_slow = False
    columns = " ".join(f"{column:>7}" for column in ("median", "p95", "max") * 2)
    print(f"{'':30} {'':14} {'in all':^23} {'without the disk':^23}\n{'backend':30} {'outbox':14} {columns}  left")
    report("(sleep of 40 ms)", "", slept := control(), slept, 0)
    for name, (open_backend, limited) in CONDITIONS.items():
        for setting in ("relay beside", "no relay", "unwritable"):
            folder = base / f"{uuid.uuid4()}"
            with ExitStack() as opened:
                url = opened.enter_context(open_backend())
                if setting == "relay beside":
                    opened.enter_context(relay_beside(folder, url))
                elif setting == "unwritable":
                    folder.parent.mkdir(exist_ok=True)
                    folder.touch()
                took, sending = measure(url, folder)
                left = 0 if setting == "unwritable" else Outbox(folder).pending()
            report(name, setting, took, sending, left)
            too_slow |= limited and max(sending) > LIMIT_MS
    sys.exit(too_slow)


if __name__ == "__main__":
    main()
