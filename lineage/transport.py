"""The OpenLineage transport that puts each event on disk first and never makes a task wait for the backend.

    transport:
      type: lineage.transport.OutboxTransport
      url: http://127.0.0.1:5000
      outbox: /var/lib/ecompulse/outbox    # on a disk that outlives the task, shared by the tasks of one machine
      budget_ms: 40                        # how long an event may hold up its task, disk included
      timeout_s: 10                        # how long the relay waits for an answer
      auth: {type: api_key, env: MARQUEZ_API_KEY}

docs/outbox.md explains, docs/decisions/0004-outbox.md says why.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any, Self

import attr
from openlineage.client.client import Event
from openlineage.client.serde import Serde
from openlineage.client.transport.transport import Config, Transport

from lineage.errors import ConfigurationError, OutboxUnwritable
from lineage.outbox import Outbox, parsed
from lineage.redaction import RedactingFilter, redact
from lineage.relay import Address, Backend

logger = logging.getLogger(__name__)
logger.addFilter(RedactingFilter())

_LINGER_S = 5.0  # so that the relay a START began still lives for the events that follow
_LOOK_EVERY_S = 0.001
# Started through a shell that ends at once: no zombie in a long-lived process, and the relay outlives the task.
_DETACHED = 'umask 077; "$@" </dev/null >/dev/null 2>>"$LOG" &'


@attr.define(kw_only=True)
class OutboxConfig(Config):
    """Settings of the transport, as in the OpenLineage configuration."""

    address: Address
    outbox: str
    budget_ms: float = 40.0
    linger_s: float = _LINGER_S

    @classmethod
    def from_dict(cls, params: dict[str, Any]) -> Self:
        """Read the mapping that OpenLineage hands over. Raises ConfigurationError."""
        known = {"type", "url", "endpoint", "outbox", "budget_ms", "timeout_s", "linger_s", "auth"}
        if unknown := params.keys() - known:
            raise ConfigurationError(sorted(unknown)[0], f"unknown; the transport knows {', '.join(sorted(known))}")
        for setting in ("url", "outbox"):
            if not params.get(setting):
                raise ConfigurationError(setting, "is missing")
        address = Address(
            url=str(params["url"]),
            endpoint=str(params.get("endpoint", "api/v1/lineage")),
            timeout_s=_seconds(params, "timeout_s", 10.0),
            api_key_env=_api_key_env(params.get("auth") or {}),
        )
        return cls(
            address=address,
            outbox=str(params["outbox"]),
            budget_ms=_seconds(params, "budget_ms", 40.0),
            linger_s=_seconds(params, "linger_s", _LINGER_S),
        )


class OutboxTransport(Transport):
    """Write, wake the relay, and give it the rest of the budget to deliver."""

    kind = "outbox"
    config_class = OutboxConfig

    def __init__(self, config: OutboxConfig) -> None:
        self._config = config
        self._key = config.address.api_key(os.environ)
        self._outbox = Outbox(config.outbox, secrets=(self._key,))

    def emit(self, event: Event) -> None:
        """Return when the event is on disk, and delivered or the budget spent; never raises for disk or network."""
        end = time.monotonic() + self._config.budget_ms / 1000
        plain: dict[str, Any] = parsed(Serde.to_json(event))
        try:
            name = self._outbox.put(plain)
        except OutboxUnwritable as error:
            logger.error("%s This event is sent once and lost if that fails.", error)
            self._send_directly(plain, end)
            return
        if not self._outbox.wake():
            self._start_relay()
        elif not self._outbox.trouble():
            while self._outbox.is_pending(name) and time.monotonic() + _LOOK_EVERY_S < end:
                time.sleep(_LOOK_EVERY_S)

    def _start_relay(self) -> None:
        if not self._outbox.may_start_drainer():
            return
        settings = {
            "outbox": str(self._outbox.root),
            "linger_s": self._config.linger_s,
            "address": asdict(self._config.address),
        }
        relay = [sys.executable, "-P", "-m", "lineage.relay", json.dumps(settings)]
        environment = {**os.environ, "LOG": str(self._outbox.root / "relay.log")}
        try:
            command = ["/bin/sh", "-c", _DETACHED, "sh", *relay]
            subprocess.run(command, env=environment, start_new_session=True, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            logger.warning("Cannot start a relay (%s); the event waits for the next task or `lineage relay`", error)

    def _send_directly(self, plain: dict[str, Any], end: float) -> None:
        body = json.dumps(redact(plain, secrets=(self._key,))).encode()

        def send() -> None:
            with closing(Backend(self._config.address, api_key=self._key)) as backend:
                backend.send(body)

        # A thread, because looking up a name cannot be given a time limit. It may go on when the budget is spent.
        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        thread.join(max(0.0, end - time.monotonic()))


def _seconds(params: Mapping[str, Any], setting: str, default: float) -> float:
    try:
        value = float(params.get(setting, default))
    except (TypeError, ValueError):
        raise ConfigurationError(setting, f"'{params[setting]}' is no number") from None
    if value < 0:
        raise ConfigurationError(setting, "is negative")
    return value


def _api_key_env(auth: Mapping[str, Any]) -> str:
    """The name of the variable in ``{type: api_key, env: NAME}``; a key itself is not taken: none belongs in a file."""
    if not auth:
        return ""
    if auth.get("type", "api_key") != "api_key" or set(auth) - {"type", "env"} or not auth.get("env"):
        raise ConfigurationError("auth", "must be {type: api_key, env: NAME}; NAME is the variable that holds the key")
    return str(auth["env"])
