"""`stack demo`: send shop events, run the DAGs, and show on the terminal what happened, all over public interfaces."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from stack import platform, pull
from stack.environment import AIRFLOW_LOGIN
from stack.errors import RunFailed, RunTooLong
from stack.home import Home, write_private
from stack.shop.clock import HOUR_MS
from stack.shop.deploys import Rollout, find
from stack.shop.generate import Scenario, Stream
from stack.shop.message import Message
from stack.shop.publish import RAW_TOPIC, publish

REFERENCE, INGESTION, QUALITY = "reference_data_dag", "data_ingestion_dag", "data_quality_dag"
EVOLUTION = "schema_evolution_dag"
RELEASE = ("add_field", "enum_value", "price_to_string", "drop_shipping")
"""What the shop changes after two thirds of the time (`shop deploys`): a new key, a failing check, a type that the
reader casts, and the loss of a key that nothing stands in for: it breaks a reader, and no check stops the load."""
FINISHED = {"success", "failed", "upstream_failed", "skipped", "removed"}
COUNTER = "demo-runs"
COUNTS = ("rows_in", "rows_out", "rows_rejected", "rows_duplicate")
POLL_S = 0.5
PARSE_TIMEOUT_S = 90
RUN_TIMEOUT_S = 900


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

    def runs(self, dag_id: str) -> list[str]:
        """Ids of all runs, in the order in which they were made."""
        found = self._get(f"/api/v2/dags/{dag_id}/dagRuns?order_by=run_after&limit=100")["dag_runs"]
        return [str(each["dag_run_id"]) for each in found]

    def caused(self, dag_id: str, run_id: str) -> str:
        """The id of the run of this DAG that an asset of the other run started; one run may answer for several.

        Raises:
            RunFailed: there is none after the time that parsing may take.
        """
        deadline = time.monotonic() + PARSE_TIMEOUT_S
        while True:
            for mine in reversed(self.runs(dag_id)):
                events = self._get(f"/api/v2/dags/{dag_id}/dagRuns/{mine}/upstreamAssetEvents")["asset_events"]
                if run_id in (event["source_run_id"] for event in events):
                    return mine
            if time.monotonic() > deadline:
                raise RunFailed(dag_id, "not started", f"{self.url}/dags/{dag_id}")
            time.sleep(POLL_S)

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


def follow(client: AirflowClient, dag_id: str, run_id: str, *, say: Callable[[str], None]) -> Iterator[TaskReport]:
    """Watch one run to its end, a line per finished task; then a report per task, in order.

    Raises:
        RunFailed: it ended in another state than success (after the reports of what did run).
        RunTooLong: it has not ended (after the same).
    """
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
    url = f"{client.url}/dags/{dag_id}/runs/{run_id}"
    if state in ("queued", "running"):
        raise RunTooLong(dag_id, RUN_TIMEOUT_S, url)
    if state != "success":
        raise RunFailed(dag_id, state, url)


def main_job(home: Home, *, events: int, days: int, report: Callable[[str], None]) -> None:
    """Start everything, send shop events of the last days, run the DAGs, and print what happened.

    In a new home the shop has a release (RELEASE) after two thirds of the time. What was sent before it is ingested
    first, then the rest: the record has a before and an after. Each ingestion starts a run of the quality DAG by its
    asset, and that one a run of the schema DAG, which is waited for: what it sees first is the baseline. A repeated
    demo sends other visits (a counter in the home), all of them after the release.

    Raises:
        StackError: a server did not start, the broker refused messages, or a run did not succeed.
    """
    running = platform.start(home, report=report)
    environment, begun = running.environment, time.time()
    stream = _stream(home, events=events, days=days, seed=int(environment["ECOMPULSE_SHOP_SEED"]))
    parts = _parts(stream)
    user, password = AIRFLOW_LOGIN
    client = AirflowClient(environment["AIRFLOW_URL"], username=user, password=password)
    for dag_id in (REFERENCE, INGESTION, QUALITY, EVOLUTION):
        client.unpause(dag_id)
    bootstrap, done = environment["KAFKA_BOOTSTRAP_SERVERS"], dict[str, list[TaskReport]]()

    def ran(title: str, reports: Iterator[TaskReport]) -> None:
        done[title] = []
        for task in reports:
            done[title].append(task)

    try:
        ran(REFERENCE, follow(client, REFERENCE, client.trigger(REFERENCE), say=report))
        for title, messages in parts.items():
            report(f"sending {len(messages):,} shop events to {RAW_TOPIC}, {title}")
            publish(messages, bootstrap=bootstrap, create_topic=True)
            ingestion = client.trigger(INGESTION)
            ran(f"{INGESTION}, {title}", follow(client, INGESTION, ingestion, say=report))
            quality = client.caused(QUALITY, ingestion)
            ran(QUALITY, follow(client, QUALITY, quality, say=report))
            ran(EVOLUTION, follow(client, EVOLUTION, client.caused(EVOLUTION, quality), say=report))
    finally:
        show(Console(width=max(Console().width, 124)), stream.manifest(), done, environment, since=begun)
    _count(home)


def _parts(stream: Stream) -> Mapping[str, Sequence[Message]]:
    """The messages before and after the release, as far as there are some, by what to call them."""
    (release_ms,) = {rollout.at_ms for rollout in stream.scenario.rollouts}
    parts: dict[str, list[Message]] = {
        f"{word} the release of {' and '.join(RELEASE)}": [] for word in ("before", "after")
    }
    before, after = parts.values()
    for message in stream.messages():
        (before if message.timestamp_ms < release_ms else after).append(message)
    return {title: messages for title, messages in parts.items() if messages}


def show(
    console: Console,
    manifest: Mapping[str, Any],
    done: Mapping[str, list[TaskReport]],
    environment: Mapping[str, str],
    *,
    since: float,
) -> None:
    """The summary: what went in, what each task did, checks, messages, and where to look."""
    console.print()
    console.print(
        f"[bold]{manifest['total']:,} shop events went in[/bold]: {manifest['expected_unique_events']:,} usable, "
        f"{manifest['duplicates']:,} sent twice, {manifest['unusable_total']:,} unusable (by the shop's own count)"
    )
    for dag_id, reports in done.items():
        show_tasks(console, dag_id, reports)
    show_checks(console, [report for reports in done.values() for report in reports])
    show_messages(console, Path(environment["STACK_SLACK_FOLDER"]), Path(environment["STACK_MAIL_FOLDER"]), since=since)
    console.print("[bold]Schema drift[/bold] (catalog drift list)")
    console.print(pull.command("drift", "list", environment=environment), markup=False, highlight=False, soft_wrap=True)
    console.print(f"[bold]The review's comment on a pull request[/bold]: {pull.TITLE}")
    console.print(pull.reviewed(environment), markup=False, highlight=False, soft_wrap=True)
    user, password = AIRFLOW_LOGIN
    lake = Path(environment["STACK_HOME"]) / "data" / "s3" / environment["ECOMPULSE_LAKE_BUCKET"]
    places = (
        ("Airflow", f"{environment['AIRFLOW_URL']}  (user {user}, password {password}; this machine only)"),
        ("Catalog", f"{environment['CATALOG_URL']}  (also in Airflow's navigation)"),
        ("Drift", f"{environment['CATALOG_URL']}/drift"),
        ("Lineage", environment["MARQUEZ_URL"]),
        ("Quality", str(lake / "reports" / "quality" / "latest.html")),
        ("Report", str(lake / "reports" / "business" / "latest.html")),
        ("Checks", str(Path(environment["ECOMPULSE_DATA_DOCS"]) / "data_docs" / "local_site" / "index.html")),
    )
    console.print("[bold]Look at[/bold]")
    for word, place in places:
        console.print(f"  {word:<8} {place}", soft_wrap=True, highlight=False)
    console.print("Stop everything with: make down")


def _stream(home: Home, *, events: int, days: int, seed: int) -> Stream:
    """The next demo's visits: whole days up to last midnight (UTC), a millisecond later each time for other chances."""
    path = home.root / COUNTER
    count = int(path.read_text()) if path.exists() else 0
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start_ms = int((midnight - timedelta(days=days)).timestamp() * 1000) + count
    release_ms = start_ms if count else start_ms + days * 16 * HOUR_MS
    rollouts = tuple(Rollout(deploy=find(name), at_ms=release_ms) for name in RELEASE)
    return Stream(scenario=Scenario(events=events, seed=seed, start_ms=start_ms, hours=24.0 * days, rollouts=rollouts))


def _count(home: Home) -> None:
    path = home.root / COUNTER
    write_private(path, str((int(path.read_text()) if path.exists() else 0) + 1))


def show_tasks(console: Console, dag_id: str, reports: list[TaskReport]) -> None:
    """A table: what each task did with the rows, and what it took (peak memory of its largest process)."""
    table = Table(title=dag_id, title_justify="left")
    table.add_column("task", no_wrap=True)
    for word in ("rows in", "out", "rejected", "seen before", "checks", "seconds", "cpu s", "MB"):
        table.add_column(word, justify="right")
    for report in reports:
        checks = report.summary.get("checks") or []
        passed = sum(1 for check in checks if check["success"])
        counts = [_figure(report.summary.get(key)) for key in COUNTS]
        ran = f"{passed}/{len(checks)}" if checks else "–"
        cpu_s, peak = report.summary.get("cpu_seconds"), report.summary.get("peak_memory_bytes")
        took = (report.seconds and round(report.seconds, 1), cpu_s, peak and peak // 1_000_000)
        name = report.task_id if report.state == "success" else f"{report.task_id} ({report.state})"
        table.add_row(name, *counts, ran, *map(_figure, took))
    console.print(table)


def show_checks(console: Console, reports: list[TaskReport]) -> None:
    """Every check that ran, one line per task when all hold, the failed ones spelled out."""
    console.print("[bold]Checks[/bold]")
    for report in reports:
        checks = report.summary.get("checks") or []
        if not checks:
            continue
        held = Counter(check["title"].split("(")[0].removeprefix("expect_") for check in checks if check["success"])
        names = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in sorted(held.items()))
        console.print(f"  {report.task_id}: [green]{held.total()} hold[/green] [dim]{names}[/dim]", soft_wrap=True)
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
