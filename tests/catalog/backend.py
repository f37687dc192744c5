"""Backends to read from: the embedded server in this process, the recorded answers of the real one, or any server."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
import requests
import uvicorn
from requests.adapters import BaseAdapter

from marquez.app import create_app
from marquez.store import Store

# What the API takes for granted; a recorded request without a parameter is the same as one that spells it out.
USUAL = {"limit": "100", "offset": "0", "depth": "20", "sortDirection": "desc", "withDownstream": "false"}

Asked = tuple[str, list[str], dict[str, str]]


@contextmanager
def embedded(folder: Path) -> Iterator[str]:
    """The embedded server on an empty store and a free port of this machine."""
    config = uvicorn.Config(create_app(Store(folder / "marquez.db")), port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the embedded server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def emptied(url: str, command: str) -> str:
    """Somebody's server, after the command that gives it an empty store."""
    subprocess.run(command, shell=True, check=True)
    return url


def fill(url: str, recording: dict[str, Any]) -> None:
    """Send the events that were sent when the recording was made, and that the real server took."""
    for step in recording["steps"]:
        request = step["request"]
        if request["path"] == "/api/v1/lineage" and "json" in request and step["response"]["status"] == 201:
            requests.post(url + request["path"], json=request["json"], timeout=30).raise_for_status()


class Recorded(BaseAdapter):
    """The real server's answers, in the order in which they were recorded; what was never asked skips the test."""

    def __init__(self, recording: dict[str, Any]) -> None:
        super().__init__()
        self.steps = recording["steps"]
        self.at = 0

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        wanted = _asked(str(request.method), str(request.url))
        found = [n for n, step in enumerate(self.steps) if self._answers(step, wanted)]
        if not found:
            pytest.skip(f"never asked of the real server when it was recorded: {request.method} {request.path_url}")
        self.at = next((n for n in found if n >= self.at), found[-1])
        told = self.steps[self.at]["response"]
        answer = requests.Response()
        answer.request, answer.status_code = request, told["status"]
        answer._content = b"" if told["body"] is None else json.dumps(told["body"]).encode()
        return answer

    def _answers(self, step: dict[str, Any], wanted: Asked) -> bool:
        method, path, query = _recorded(step["request"], self.steps)
        body = step["response"]["body"]
        if isinstance(body, dict) and body.get("events") == []:  # nothing is the same in either direction
            query["sortDirection"] = "asc"
        return (method, path, query) == wanted

    def close(self) -> None:
        """Nothing to let go of."""


def _asked(method: str, url: str) -> Asked:
    parts = urlsplit(url)
    usual = USUAL | ({"limit": "10"} if parts.path.endswith("/search") else {})
    query = {key: value for key, value in parse_qsl(parts.query, keep_blank_values=True) if usual.get(key) != value}
    for key, usual_year in {"before": "9999", "after": "1970"}.items():
        if query.get(key, "").startswith(usual_year):
            del query[key]
    for key in query.keys() & {"before", "after"}:
        query[key] = query[key][:19]
    return method, [unquote(part) for part in parts.path.split("/")], query


def _recorded(request: dict[str, Any], steps: list[Any]) -> Asked:
    """A recorded request; `{ns}` in its path stands for `_ns` of its query, which may be of an earlier answer."""
    path, query = request["path"], dict(request.get("query") or {})
    for key in [key for key in query if key.startswith("_")]:
        path = path.replace("{" + key[1:] + "}", quote(str(_named(query.pop(key), steps)), safe=""))
    return _asked(request["method"], f"{path}?{'&'.join(f'{k}={quote(v)}' for k, v in query.items())}")


def _named(value: Any, steps: list[Any]) -> Any:
    if isinstance(value, str):
        return value
    told = steps[value["step"]]["response"]["body"]
    for part in value["path"].split("."):
        told = told[int(part) if part.isdecimal() else part]
    return told
