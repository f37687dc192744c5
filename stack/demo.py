"""`stack demo`: send shop events, run the DAGs, and show on the terminal what happened, all over public interfaces."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from stack.errors import StackError

DAGS = ("reference_data_dag", "data_ingestion_dag")
FINISHED = {"success", "failed", "upstream_failed", "skipped", "removed"}
POLL_S = 0.5
PARSE_TIMEOUT_S = 90
RUN_TIMEOUT_S = 900


class RunFailed(StackError):
    """A DAG run did not succeed."""

    def __init__(self, dag_id: str, state: str, url: str) -> None:
        self.dag_id, self.state = dag_id, state
        super().__init__(f"{dag_id} ended as {state}; the failed task's log is at {url}.")
        self.exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """One task of a finished run: its state, seconds by Airflow's clock, and what it said of itself (XCom)."""

    task_id: str
    state: str
    seconds: float | None
    summary: Mapping[str, Any]


class AirflowClient:
    """The few calls of Airflow's REST API (v2) that a demo needs."""

    def __init__(self, url: str, *, username: str, password: str) -> None:
        self.url = url.rstrip("/")
        self.http = httpx.Client(base_url=self.url, timeout=60)
        token = self.http.post("/auth/token", json={"username": username, "password": password})
        token.raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"

    def unpause(self, dag_id: str) -> None:
        """Wait until the DAG file is parsed, then switch the DAG on."""
        deadline = time.monotonic() + PARSE_TIMEOUT_S
        while True:
            answer = self.http.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": False})
            if answer.status_code == httpx.codes.OK:
                return
            if time.monotonic() > deadline:
                raise RunFailed(dag_id, "not parsed", f"{self.url}/dags (import errors)")
            time.sleep(POLL_S)

    def trigger(self, dag_id: str) -> str:
        """Start a run now; its id."""
        now = datetime.now(UTC).isoformat()
        answer = self.http.post(f"/api/v2/dags/{dag_id}/dagRuns", json={"logical_date": now})
        answer.raise_for_status()
        return str(answer.json()["dag_run_id"])

    def state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        return str(self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def order(self, dag_id: str) -> list[str]:
        """Task ids, each after those it depends on."""
        tasks = self._get(f"/api/v2/dags/{dag_id}/tasks")["tasks"]
        after = {task["task_id"]: set(task["downstream_task_ids"]) for task in tasks}
        ordered: list[str] = []
        while after:
            ready = sorted(name for name in after if not any(name in later for later in after.values()))
            ordered += ready
            after = {name: later for name, later in after.items() if name not in ready}
        return ordered

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Every task instance of a run, by task id."""
        found = self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return {each["task_id"]: each for each in found["task_instances"]}

    def summary(self, dag_id: str, run_id: str, task_id: str) -> Mapping[str, Any]:
        """What the task said of itself; empty when it said nothing (as a failed one may)."""
        base = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries"
        for key in ("return_value", "outcome"):
            answer = self.http.get(f"{base}/{key}", params={"deserialize": "true"})
            if answer.status_code == httpx.codes.OK:
                value = answer.json()["value"]
                found = json.loads(value) if isinstance(value, str) else value
                return found if isinstance(found, dict) else {}
        return {}

    def _get(self, path: str) -> Any:
        answer = self.http.get(path)
        answer.raise_for_status()
        return answer.json()


def run(client: AirflowClient, dag_id: str, *, say: Callable[[str], None]) -> Iterator[TaskReport]:
    """Run one DAG to its end, a line per finished task; then a report per task, in order.

    Raises:
        RunFailed: it ended in another state than success (after the reports of what did run).
    """
    client.unpause(dag_id)
    run_id = client.trigger(dag_id)
    say(f"{dag_id}: run {run_id}")
    told: set[str] = set()
    deadline = time.monotonic() + RUN_TIMEOUT_S
    state = "queued"
    while state in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(POLL_S)
        state = client.state(dag_id, run_id)
        for task_id, instance in client.tasks(dag_id, run_id).items():
            if instance["state"] in FINISHED and task_id not in told:
                told.add(task_id)
                say(f"  {task_id}: {instance['state']} in {instance['duration'] or 0:.1f} s")
    instances = client.tasks(dag_id, run_id)
    for task_id in client.order(dag_id):
        instance = instances[task_id]
        summary = client.summary(dag_id, run_id, task_id)
        yield TaskReport(task_id=task_id, state=instance["state"], seconds=instance["duration"], summary=summary)
    if state != "success":
        raise RunFailed(dag_id, state, f"{client.url}/dags/{dag_id}/runs/{run_id}")


def show_tasks(console: Console, dag_id: str, reports: list[TaskReport]) -> None:
    """A table: what each task did with the rows."""
    table = Table(title=dag_id, title_justify="left")
    table.add_column("task")
    table.add_column("state")
    for word in ("rows in", "out", "rejected", "checks", "seconds"):
        table.add_column(word, justify="right")
    for report in reports:
        checks = report.summary.get("checks") or []
        passed = sum(1 for check in checks if check["success"])
        counts = [_figure(report.summary.get(key)) for key in ("rows_in", "rows_out", "rows_rejected")]
        ran = f"{passed}/{len(checks)}" if checks else "–"
        table.add_row(report.task_id, report.state, *counts, ran, _figure(report.seconds and round(report.seconds, 1)))
    console.print(table)


def show_checks(console: Console, reports: list[TaskReport]) -> None:
    """Every check that ran, one line per task when all hold, the failed ones spelled out."""
    console.print("[bold]Checks[/bold]")
    for report in reports:
        checks = report.summary.get("checks") or []
        if not checks:
            continue
        names = sorted({check["title"] for check in checks if check["success"]})
        console.print(f"  {report.task_id}: {len(names)} hold: {', '.join(names)}", style="green", soft_wrap=True)
        for check in checks:
            if not check["success"]:
                line = (
                    f"    {check['severity']}: {check['title']}: expected {check['expected']}, found {check['actual']}"
                )
                console.print(line, style="yellow" if check["severity"] == "warning" else "red", soft_wrap=True)


def show_messages(console: Console, slack: Path, mail: Path, *, since: float) -> None:
    """What arrived in the chat and mail sinks since then (epoch seconds)."""
    console.print("[bold]Messages[/bold]")
    for file in sorted(slack.glob("*.json")):
        if file.stat().st_mtime >= since:
            text = str(json.loads(file.read_text(encoding="utf-8")).get("text", "")).splitlines()
            console.print(f"  Slack: {text[0] if text else '(blocks only)'}  [dim]{file}[/dim]", soft_wrap=True)
    for file in sorted(mail.glob("new/*")):
        if file.stat().st_mtime >= since:
            console.print(f"  Mail:  [dim]{file}[/dim]", soft_wrap=True)


def _figure(value: object) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
