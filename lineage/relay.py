"""Deliver what is in the outbox: one process at a time, each run in order, as long as there is something to deliver.

Started in two ways: supervised (`lineage relay`), or by a task that finds no relay running; the latter ends when idle.
Imports nothing but the standard library, because a task may start it.
"""

import http.client
import json
import logging
import os
import select
import signal
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from lineage.errors import ConfigurationError, OutboxUnwritable
from lineage.outbox import Outbox
from lineage.redaction import RedactingFilter, redact_text

logger = logging.getLogger(__name__)

_TRIES, _STRIKES = 4, 2  # see Relay
_FAILURES_IN_A_ROW = 3
_LONGEST_PAUSE_S, _LONGEST_TIMEOUT_S = 15.0, 3600.0
# Answers of 4xx that speak about the address, the caller or the load, not about the event.
_NOT_ABOUT_THE_EVENT = {401, 403, 404, 405, 407, 408, 421, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where events go. ``api_key_env`` names the environment variable that holds the key; the key is never stored."""

    url: str
    endpoint: str = "api/v1/lineage"
    timeout_s: float = 10.0
    api_key_env: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError("url", f"'{redact_text(self.url)}' is no http address, say http://127.0.0.1:5000")
        if parts.username or parts.password:
            raise ConfigurationError("url", "holds a credential; put it into an environment variable, see 'auth'")
        if not 0 < self.timeout_s <= _LONGEST_TIMEOUT_S:
            raise ConfigurationError("timeout_s", f"{self.timeout_s:g} is not more than 0 and at most an hour")

    @property
    def path(self) -> str:
        """Path of the request, beginning with a slash."""
        return f"{urlsplit(self.url).path.rstrip('/')}/{self.endpoint.lstrip('/')}"

    def api_key(self, environment: Mapping[str, str]) -> str:
        """The key, "" when none is configured. Raises ConfigurationError when the variable is not set."""
        if not self.api_key_env:
            return ""
        if not environment.get(self.api_key_env):
            raise ConfigurationError("auth", f"the environment variable {self.api_key_env} is not set")
        return environment[self.api_key_env]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of sending one event.

    accepted: the backend has it · refused: it never will take it · failed: it answered that it cannot now ·
    silent: no answer, so perhaps it has it · unreachable: nothing was sent
    """

    kind: Literal["accepted", "refused", "failed", "silent", "unreachable"]
    reason: str = ""


def judge(status: int, body: bytes) -> Answer:
    """Read an HTTP answer. Marquez answers a malformed event with status 500 and a body that says code 400."""
    if 200 <= status < 300:
        return Answer(kind="accepted")
    reason = redact_text(f"HTTP {status} {body[:500].decode('utf-8', 'replace')}".strip())
    code = _code_in(body) if status == 500 else status
    refused = 400 <= code < 500 and code not in _NOT_ABOUT_THE_EVENT
    return Answer(kind="refused" if refused else "failed", reason=reason)


def _code_in(body: bytes) -> int:
    try:
        code = json.loads(body)["code"]
    except (ValueError, LookupError, TypeError):
        return 0
    return code if isinstance(code, int) else 0


class Backend:
    """One kept-alive connection to the backend."""

    def __init__(self, address: Address, *, api_key: str = "") -> None:
        self._address = address
        self._headers = {"Content-Type": "application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes) -> Answer:
        """POST one event and wait for the answer, at most ``timeout_s``. Never raises for what the network does."""
        kept_alive = self._connection is not None
        try:
            connection = self._connection = self._connection or self._connect()
        except OSError as error:
            return Answer(kind="unreachable", reason=self._explain(error))
        try:
            connection.request("POST", self._address.path, body, self._headers)
            response = connection.getresponse()
            return judge(response.status, response.read())
        except (http.client.HTTPException, OSError) as error:
            self.close()
            if kept_alive and isinstance(error, ConnectionError):  # closed while idle, as servers do
                return self.send(body)
            return Answer(kind="silent", reason=self._explain(error))

    def close(self) -> None:
        """Close the connection; the next ``send`` opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._address.url)
        host, timeout = str(parts.hostname), self._address.timeout_s
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)
        else:
            connection = http.client.HTTPConnection(host, parts.port, timeout=timeout)
        connection.connect()
        return connection

    def _explain(self, error: Exception) -> str:
        what = f"no answer in {self._address.timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
        return redact_text(f"{self._address.url}: {what or type(error).__name__}")


@dataclass(slots=True, kw_only=True)
class _Suspect:
    """An event that failed: how often, how often although others were accepted meanwhile, when it is due again."""

    accepted_before: int
    tries: int = 0
    strikes: int = 0
    due: float = 0.0
    reason: str = ""


class Relay:
    """Takes events out of one outbox, in order per run.

    Which event is poison is learnt from what happens to others: one that failed ``_TRIES`` times, ``_STRIKES`` of them
    after the backend had accepted another, is rejected. So that a lone run gets there too, an event that failed
    ``_TRIES`` times may be overtaken by the next of its run, and is rejected when that one is accepted.
    While nothing is accepted, everything waits. ``pause_s`` is the first pause after a failure; it doubles from there.
    """

    def __init__(self, outbox: Outbox, backend: Backend, *, pause_s: float = 0.5) -> None:
        self._outbox, self._backend, self._pause_s = outbox, backend, pause_s
        self._suspects: dict[str, _Suspect] = {}
        self._accepted = 0
        self._new_failures_in_a_row = 0
        self._ill_in_a_row = 0  # looks that ended early, since an event was accepted
        self._mute = False
        self.stopping = False

    def drain(self) -> int:
        """Send once what is due; return how many events left the outbox, accepted or rejected."""
        self._new_failures_in_a_row, self._mute = 0, False
        gone = 0
        runs = self._outbox.runs()
        waiting = {name for run in runs for name in run}  # somebody may have removed a suspect by hand
        self._suspects = {name: suspect for name, suspect in self._suspects.items() if name in waiting}
        for run in sorted(runs, key=lambda names: names[0] in self._suspects):  # else longest wait first
            gone += self._drain_run(run)
            if self._ill():
                self._ill_in_a_row += 1
                break
        return gone

    def serve(self, *, linger_s: float | None = None, interval_s: float = 1.0) -> bool:
        """Drain whenever a writer wakes us, and every ``interval_s``; return whether this process was the one to do it.

        Ends ``linger_s`` seconds after the last event that left (0: when there is nothing more to be done now), or,
        when it is None, with ``stop()``.
        """
        while not self.stopping:
            with self._outbox.drainer() as alone:
                if alone:
                    self._serve(linger_s, interval_s)
            if not alone and linger_s is not None:
                return False
            if not alone:
                time.sleep(interval_s)
            # A writer that wrote after the last look and still found us awake has started nobody else: look again.
            elif self._ill() or not any(run[0] not in self._suspects for run in self._outbox.runs()):
                break
        return True

    def stop(self) -> None:
        """End after the request in hand."""
        self.stopping = True
        self._outbox.wake()

    def _serve(self, linger_s: float | None, interval_s: float) -> None:
        end = time.monotonic() + (linger_s or 0)
        with self._outbox.wake_ups() as woken:
            while not self.stopping:
                if self.drain():
                    end = time.monotonic() + (linger_s or 0)
                if linger_s is not None and time.monotonic() >= end and not self._undecided():
                    break
                if self._ill():
                    self._rest(woken, self._pause(self._ill_in_a_row), at_least_s=self._pause_s)
                else:
                    self._rest(woken, min(interval_s, self._next_due()))
        self._backend.close()

    def _undecided(self) -> bool:
        """Whether trying again soon may tell poison from a backend that is ill."""
        ill = self._mute or self._ill_in_a_row > 1
        return not ill and any(suspect.tries < _TRIES for suspect in self._suspects.values())

    def _next_due(self) -> float:
        due = min((suspect.due for suspect in self._suspects.values()), default=float("inf"))
        return max(self._pause_s, due - time.monotonic())

    def _pause(self, failures: int) -> float:
        return min(self._pause_s * 2.0 ** min(failures - 1, 30), _LONGEST_PAUSE_S)

    def _rest(self, woken: int, seconds: float, *, at_least_s: float = 0.0) -> None:
        """Sleep for ``seconds``, or until a writer wakes us, but then too for ``at_least_s``."""
        begin, called = time.monotonic(), False
        while not self.stopping:
            left = (at_least_s if called else seconds) - (time.monotonic() - begin)
            if left <= 0:
                return
            if select.select([woken], [], [], left)[0]:
                called = bool(os.read(woken, 65536))

    def _ill(self) -> bool:
        return self._mute or self._new_failures_in_a_row >= _FAILURES_IN_A_ROW

    def _drain_run(self, run: list[str]) -> int:
        gone = 0
        overtaken: list[str] = []
        for name in run:
            suspect = self._suspects.get(name)
            if self.stopping or (suspect and suspect.due > time.monotonic()):
                break
            kind = self._send(name)
            if kind == "accepted":
                for other in overtaken:
                    self._reject(other, f"overtaken by the next event of its run after: {self._suspects[other].reason}")
                gone += 1 + len(overtaken)
                overtaken.clear()
            elif kind == "refused":
                gone += 1
            elif kind == "failed" and self._suspects[name].tries >= _TRIES:
                overtaken.append(name)
            else:
                break
        return gone

    def _send(self, name: str) -> str:
        """Send one event and act on the answer; "refused" when it left the outbox without being accepted."""
        try:
            body = self._outbox.read(name)
        except FileNotFoundError:  # somebody has removed it by hand
            self._suspects.pop(name, None)
            return "refused"
        answer = self._backend.send(body)
        if answer.kind == "accepted":
            self._outbox.remove(name)
            self._suspects.pop(name, None)
            self._accepted += 1
            self._new_failures_in_a_row = self._ill_in_a_row = 0
            self._outbox.note_trouble("")
            return "accepted"
        known = name in self._suspects
        if answer.kind == "refused" or (answer.kind != "unreachable" and self._is_poison(name, answer.reason)):
            self._reject(name, answer.reason)
            return "refused"
        self._new_failures_in_a_row += not known
        self._mute = answer.kind != "failed"
        self._outbox.note_trouble(answer.reason)
        return answer.kind

    def _is_poison(self, name: str, reason: str) -> bool:
        suspect = self._suspects.setdefault(name, _Suspect(accepted_before=self._accepted))
        suspect.tries += 1
        suspect.strikes += self._accepted > suspect.accepted_before
        suspect.due = time.monotonic() + self._pause(suspect.tries)
        suspect.reason = reason
        return suspect.tries >= _TRIES and suspect.strikes >= _STRIKES

    def _reject(self, name: str, reason: str) -> None:
        self._suspects.pop(name, None)
        try:
            self._outbox.reject(name, reason)
        except OutboxUnwritable as error:  # it stays pending
            logger.error("%s", error)
            return
        logger.error("The backend refused event %s (%s); it is in %s/rejected", name, reason, self._outbox.root)


@contextmanager
def stopping_on_signals(relay: Relay) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the relay after the request in hand. Main thread only."""
    previous = {number: signal.signal(number, lambda *_: relay.stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def main(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Be the relay that a task started: ``arguments`` are ``outbox``, ``linger_s`` and the fields of an Address."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger().handlers[0].addFilter(RedactingFilter())
    address = Address(**arguments["address"])
    key = address.api_key(environment)
    relay = Relay(Outbox(arguments["outbox"], secrets=(key,)), Backend(address, api_key=key))
    with stopping_on_signals(relay):
        relay.serve(linger_s=arguments["linger_s"])


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), os.environ)
