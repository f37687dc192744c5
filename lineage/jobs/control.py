"""How a running job is seen and stopped from outside, by three keys in Redis: lease, status, stop. No Spark in here."""

import json
import time
from dataclasses import dataclass
from typing import Any


def lease_key(job: str) -> str:
    """Held by the process that writes; runs out when it dies."""
    return f"job:{job}:lease"


def status_key(job: str) -> str:
    """What the job said last."""
    return f"job:{job}:status"


def stop_key(job: str) -> str:
    """There while somebody wants the job to end."""
    return f"job:{job}:stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a job is: who holds it (empty when nobody does), and its last word."""

    job: str
    holder: str
    last: dict[str, Any]

    @property
    def running(self) -> bool:
        """Whether a process holds the job's lease."""
        return bool(self.holder)


def holder(value: str | bytes | None) -> str:
    """A lease's value in words; empty for none."""
    if not value:
        return ""
    held = json.loads(value)
    return f"{held['owner']} (process {held['pid']} on {held['host']}, since {held['since']})"


def status(redis: Any, job: str) -> Status:
    """How the job is now."""
    last = redis.get(status_key(job))
    return Status(job=job, holder=holder(redis.get(lease_key(job))), last=json.loads(last) if last else {})


def stop(redis: Any, job: str, *, wait_s: float) -> Status:
    """Ask the job to end after the batch in hand and wait for it; its status then (`running` when it took too long)."""
    redis.set(stop_key(job), "1", ex=int(wait_s) + 60)
    until = time.monotonic() + wait_s
    while (found := status(redis, job)).running and time.monotonic() < until:
        time.sleep(0.5)
    redis.delete(stop_key(job))
    return found
