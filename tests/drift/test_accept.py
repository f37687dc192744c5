"""What is accepted is in the record or it is not: a backend that goes away on the way leaves nothing half done."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from catalog import cli
from catalog.index import Index
from catalog.observe import Baseline, baseline
from tests.catalog.backend import embedded
from tests.catalog.events import columns_from, dataset, event

pytestmark = pytest.mark.integration
NAME = "orders"
ARGUMENTS = ("drift", "accept", NAME, "--by", "ada", "--reason", "agreed")


@dataclass
class Way:
    """The way to a backend; it may be cut for some requests."""

    backend: str
    url: str = ""
    cut: Callable[[str], bool] = lambda method: False
    posted: int = 0

    def handler(self) -> type[BaseHTTPRequestHandler]:
        way = self

        class Passing(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if way.cut(self.command):
                    self.send_error(503)
                    return
                way.posted += self.command == "POST"
                headers = {"Content-Type": "application/json"}
                told = requests.request(self.command, way.backend + self.path, data=body, headers=headers, timeout=30)
                self.send_response(told.status_code)
                self.send_header("Content-Length", str(len(told.content)))
                self.end_headers()
                self.wfile.write(told.content)

            do_GET = do_POST = answer

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Passing


@pytest.fixture
def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """To a backend that knows one table, which nobody has accepted yet; the index has read it."""
    with embedded(tmp_path) as backend:
        way = Way(backend=backend)
        server = ThreadingHTTPServer(("127.0.0.1", 0), way.handler())
        way.url = f"http://127.0.0.1:{server.server_address[1]}"
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("MARQUEZ_URL", way.url)
        monkeypatch.setenv("ECOMPULSE_CATALOG", str(tmp_path / "catalog.sqlite"))
        told = event("load", 1, outputs=[dataset(NAME, ["id"], columnLineage=columns_from())])
        requests.post(f"{backend}/api/v1/lineage", json=told, timeout=30).raise_for_status()
        assert run("sync") == 0
        yield way
        server.shutdown()
        server.server_close()


def run(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(sys, "argv", ["catalog", *arguments])
        cli.main()
    return int(end.value.code or 0)


def kept(folder: Path) -> Baseline | None:
    """The baseline as the record tells it, read anew."""
    assert run("sync", "--index", str(folder / "other.sqlite")) == 0
    with Index.open(folder / "other.sqlite") as index:
        return baseline(index, index.find(NAME))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_backend_that_does_not_answer_accepts_nothing_and_says_what_to_do(way, tmp_path, capsys, method):
    way.cut = lambda asked: asked == method
    assert run(*ARGUMENTS) == 3
    said = capsys.readouterr()
    assert "not accepted" in said.err and "repeat the command" in said.err and way.url in said.err
    assert "Traceback" not in said.err and said.out == ""
    way.cut = lambda asked: False
    assert kept(tmp_path) is None
    assert run(*ARGUMENTS) == 0
    assert kept(tmp_path).accepted_by == "ada"


def test_what_the_backend_took_is_accepted_even_if_it_cannot_be_read_back(way, tmp_path, capsys):
    way.cut = lambda asked: asked == "GET" and way.posted > 0
    assert run(*ARGUMENTS) == 0
    said = capsys.readouterr()
    assert "It is accepted" in said.err and "catalog sync" in said.err and "not accepted" not in said.err
    way.cut = lambda asked: False
    assert kept(tmp_path).accepted_by == "ada"
