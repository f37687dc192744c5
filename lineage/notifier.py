"""The alert: what a failed task, or a check that only warns, tells the people who own the data."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseNotifier

from lineage.hooks.notice import NoticeHook
from lineage.notice import Level, Notice, counted, described, minute, owners
from lineage.outcome import Outcome

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

NEXT: dict[Level, str] = {
    "failed": "Read the task's log, repair the cause, then clear the task: a rerun loads nothing twice.",
    "warning": "The run went on. Look at the failing rows and tell their owner before it becomes critical.",
    "done": "Nothing.",
}
GOES_ON = "The run goes on and fails at its end, with a report. Look at the failing rows and repair their source."
"""Where critical checks do not stop a task (`fail_on="never"`)."""


class AlertNotifier(BaseNotifier):
    """As `on_failure_callback` it always tells; as `on_success_callback` only when a check failed as a warning."""

    template_fields: Sequence[str] = ()

    def __init__(self, *, hook: NoticeHook | None = None) -> None:
        super().__init__()
        self.hook = hook or NoticeHook()

    def notify(self, context: "Context") -> None:
        """Compose from the task's own outcome (callbacks run in the task's process) and send."""
        notice = compose(context)
        if notice is not None:
            self.hook.send(notice)


def compose(context: "Context") -> Notice | None:
    """The notice for a finished task; None when there is nothing to tell."""
    error = context.get("exception")
    outcome: Outcome | None = getattr(context["task"], "outcome", None)
    if error is None and (outcome is None or outcome.alerted or not outcome.failed):
        return None
    critical = outcome is not None and any(check.severity == "critical" for check in outcome.failed)
    level: Level = "failed" if error is not None or critical else "warning"
    ti = context["ti"]
    verb = "failed" if error is not None else "found critical failures" if critical else "has warnings"
    return Notice(
        level=level,
        title=f"{ti.dag_id}.{ti.task_id} {verb}",
        what=described(outcome, error=str(error or "")),
        since=_since(context),
        rows=counted(outcome),
        owner=owners(outcome, fallback=str(getattr(context["task"], "owner", "data-engineering"))),
        links=links(ti, outcome),
        next_step=NEXT[level] if error is not None or not critical else GOES_ON,
    )


def links(ti: Any, outcome: Outcome | None) -> tuple[tuple[str, str], ...]:
    """The task's log, its lineage, and what the outcome points to."""
    found = [("Airflow log", str(ti.log_url))] if getattr(ti, "log_url", None) else []
    backend = os.environ.get("MARQUEZ_WEB_URL") or os.environ.get("MARQUEZ_URL")
    if backend:
        found.append(("Lineage", backend.rstrip("/") + "/"))
    return (*found, *(outcome.links.items() if outcome else ()))


async def tell_late(context: "Context", *, limit: str) -> None:
    """Deadline callback, run by the triggerer: a run is not done in time. The context has only `dag_run` here."""
    run: Any = context["dag_run"]
    dag_id, run_id = (run.get("dag_id"), run.get("dag_run_id")) if isinstance(run, dict) else (run.dag_id, run.run_id)
    notice = Notice(
        level="warning",
        title=f"{dag_id} is late",
        what=(f"Run {run_id} is not done after {limit}; the next one waits for it.",),
        since=limit,
        rows="not known",
        owner="data-engineering",
        links=links(None, None),
        next_step="Look at the running task's log: a lag to catch up with, or a server that hangs?",
    )
    await asyncio.to_thread(NoticeHook().send, notice)


def _since(context: "Context") -> str:
    """The last good run's end, which bounds when it began; else this run's start."""
    good: Any = context.get("prev_end_date_success")
    started: Any = context["dag_run"].start_date
    if good:  # a lazy proxy: it may stand for None
        return f"after {minute(good)} (the last good run)"
    return f"{minute(started)} (no good run before)" if started else "this run"
