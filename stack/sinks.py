"""The sinks for chat and mail: what is sent stays here as files, so that people and tests can look at it."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

import click

from stack import ready
from stack.home import write_private
from stack.server import Server, Site


class MessageFolder:
    """Messages as `0001.json`, `0002.json`, ... in the order of their arrival."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._lock = folder, Lock()
        self._last = max((int(path.stem) for path in folder.glob("[0-9]*.json")), default=0)

    def keep(self, message: Any) -> Path:
        """Write one message and return its file."""
        with self._lock:
            self._last += 1
            path = self._folder / f"{self._last:04d}.json"
            write_private(path, json.dumps(message, indent=1, ensure_ascii=False))
        return path


class _Webhook(BaseHTTPRequestHandler):
    messages: MessageFolder

    def do_GET(self) -> None:  # the name that http.server asks for
        self._answer(200, b"ok")

    def do_POST(self) -> None:
        """Slack's incoming webhook: JSON in, `ok` out, 400 for what is not JSON."""
        try:
            message = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        except ValueError:
            return self._answer(400, b"invalid_payload")
        self.messages.keep(message)
        return self._answer(200, b"ok")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
def serve(host: str, port: int, folder: Path) -> None:
    """Take what is posted to HOST:PORT and keep each message in FOLDER."""
    handler = type("Webhook", (_Webhook,), {"messages": MessageFolder(folder)})
    ThreadingHTTPServer((host, port), handler).serve_forever()


def slack(site: Site) -> Server:
    """The chat sink: any path answers as Slack's incoming webhook does."""
    options = ("--port", str(site.ports["slack"]), "--folder", str(site.home.data("slack")))
    return Server(name="slack", command=(sys.executable, "-m", "stack.sinks", *options), ready=ready.slack)


def mail(site: Site) -> Server:
    """The mail sink: a maildir, whatever the recipient."""
    listen = ("-n", "-l", f"127.0.0.1:{site.ports['mail']}")
    keep = ("-c", "aiosmtpd.handlers.Mailbox", str(site.home.data("mail")))
    return Server(name="mail", command=(sys.executable, "-m", "aiosmtpd", *listen, *keep), ready=ready.mail)


if __name__ == "__main__":
    serve()
