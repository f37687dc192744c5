"""A backend on an empty store: inside this process for rules, as a server of its own where that is the point."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from starlette.testclient import TestClient

from marquez.app import create_app
from marquez.store import Store

SHARED = Path(__file__).parents[2].parent / "shared"
RUN_SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = {"_producer": "https://example.org/tests", "_schemaURL": "https://example.org/facet.json#/$defs/Facet"}
NS, POSTGRES = "shop", "postgres://localhost:5432"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with TestClient(create_app(Store(tmp_path / "marquez.db"))) as client:
        yield Api(client)


class Api:
    """The REST API as a test speaks it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def post(self, event: dict[str, Any]) -> None:
        answer = self.client.post("/api/v1/lineage", json=event)
        assert answer.status_code == 201, answer.text

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get("/api/v1" + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def dataset(self, name: str, tail: str = "", namespace: str = POSTGRES, **query: Any) -> Any:
        return self.get(f"/namespaces/{quote(namespace, safe='')}/datasets/{quote(name, safe='')}{tail}", **query)

    def job(self, name: str, tail: str = "") -> Any:
        return self.get(f"/namespaces/{NS}/jobs/{quote(name, safe='')}{tail}")


def dataset(name: str, *columns: str, facets: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A dataset of an event; columns as `name type`. Without columns it has no schema facet."""
    schema = {"schema": {**PRODUCER, "fields": [dict(zip(("name", "type"), c.split(), strict=True)) for c in columns]}}
    given = {**(schema if columns else {}), **(facets or {})}
    return {"namespace": POSTGRES, "name": name, "facets": given, **more}


def event(
    kind: str | None, run: str, minute: int, *, job: str = "load", inputs: Any = (), outputs: Any = (), **more: Any
) -> Any:
    """A run event at a minute of a day; `run` is any text, `run_facets` and `job_facets` are optional."""
    return {
        "eventType": kind,
        "eventTime": f"2026-03-10T{minute // 60:02}:{minute % 60:02}:00Z",
        "producer": "https://example.org/tests",
        "schemaURL": RUN_SCHEMA,
        "run": {"runId": run, "facets": more.get("run_facets", {})},
        "job": {"namespace": NS, "name": job, "facets": more.get("job_facets", {})},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


@contextmanager
def serving(data: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process on a free port, ready to answer; killed at the end if it still runs."""
    port_file = data.parent / "server.log"
    with port_file.open("w") as log:
        command = [sys.executable, "-m", "marquez", "serve", "--port", "0", "--data", str(data)]
        process = subprocess.Popen(command, stderr=log, text=True)
    try:
        yield _address(port_file, process), process
    finally:
        process.kill()
        process.wait()


def _address(log: Path, process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        _, found, rest = log.read_text().partition("serving ")
        if found and "\n" in rest:
            return rest.split()[0]
        time.sleep(0.05)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@pytest.fixture
def serve() -> Callable[[Path], Any]:
    return serving


def recordings() -> list[Any]:
    """Recorded conversations with the real server, or one parameter that skips."""
    files = sorted((SHARED / "data/marquez").glob("*.json"))
    missing = pytest.param(None, marks=pytest.mark.skip(reason="../shared/data/marquez is not here"))
    return [pytest.param(json.loads(f.read_text()), id=f.stem) for f in files] or [missing]
