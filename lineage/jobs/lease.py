"""One writer at a time: a lease in Redis that its holder renews. A scheduled run and the stream cannot both write."""

import json
import os
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lineage.jobs import control
from lineage.jobs.errors import LeaseHeld, LeaseLost

TTL_S = 15.0
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"


@dataclass(kw_only=True)
class Lease:
    """`with Lease(...) as lease:` holds it; `lease.check()` right before a commit makes sure that it is still ours."""

    redis: Any
    name: str
    owner: str
    ttl_s: float = TTL_S
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Lease":
        """Take the lease; a dead holder's runs out within its time to live, a live one's is seen to be renewed.

        Raises:
            LeaseHeld: somebody else writes.
        """
        since = datetime.now(UTC).isoformat(timespec="seconds")
        self._value = json.dumps(
            {"owner": self.owner, "host": socket.gethostname(), "pid": os.getpid(), "since": since}
        )
        deadline, left_ms = time.monotonic() + self.ttl_s * 2, float("inf")
        while not self.redis.set(self._key, self._value, nx=True, px=int(self.ttl_s * 1000)):
            now_left_ms = self.redis.pttl(self._key)
            if now_left_ms > left_ms or time.monotonic() > deadline:
                raise LeaseHeld(self.name, control.holder(self.redis.get(self._key)) or "somebody")
            left_ms = now_left_ms if now_left_ms >= 0 else left_ms
            time.sleep(0.5)
        threading.Thread(target=self._renew, daemon=True, name="lease").start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back, if it is still ours."""
        self._ended.set()
        self.redis.eval(_RELEASE, 1, self._key, self._value)

    def check(self) -> None:
        """Raises LeaseLost unless the lease is ours for a while yet."""
        if not self.redis.eval(_RENEW, 1, self._key, self._value, int(self.ttl_s * 1000)):
            raise LeaseLost(self.name)

    @property
    def _key(self) -> str:
        return control.lease_key(self.name)

    def _renew(self) -> None:
        from redis import RedisError

        while not self._ended.wait(self.ttl_s / 5):
            with suppress(RedisError):  # the next turn tries again; `check` tells when it was too late
                self.redis.eval(_RENEW, 1, self._key, self._value, int(self.ttl_s * 1000))
