"""DAG runs on the whole platform, and what is left of them: in Airflow, in the lineage backend, in the sinks."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx

from stack.demo import AirflowClient
from stack.environment import AIRFLOW_LOGIN
from stack.platform import Platform

PATIENCE_S = 900
LOG_TAIL = 4_000
Event = dict[str, Any]


class TaskTriedAgain(AssertionError):
    """A task's first try failed, and the second one is minutes away: the test fails now, with the task's own words."""

    def __init__(self, run: str, task_id: str, log: str) -> None:
        super().__init__(f"{run}: {task_id} waits for its second try. The end of its log:\n{log}")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One DAG run at an end: states and summaries by task. A cleared run has a later end of its own."""

    dag_id: str
    run_id: str
    state: str
    tasks: Mapping[str, str]
    summaries: Mapping[str, Mapping[str, Any]]
    seconds: float


def without_nulls(value: Any) -> Any:
    """As it was sent: the backend gives events back with a null for each standard facet that they lack."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


class Flow:
    """The platform as its users see it: Airflow's and the backend's APIs, SQL, files in the sinks."""

    def __init__(self, platform: Platform) -> None:
        user, password = AIRFLOW_LOGIN
        self.platform, self.environment = platform, platform.environment
        self.airflow = AirflowClient(self.environment["AIRFLOW_URL"], username=user, password=password)
        self.backend = httpx.Client(base_url=self.environment["MARQUEZ_URL"], timeout=60)

    def close(self) -> None:
        """Let go of the connections."""
        self.airflow.http.close()
        self.backend.close()

    # Airflow

    def run(self, dag_id: str) -> Run:
        """Start a run by hand and see it to its good end."""
        self.airflow.unpause(dag_id)
        run = self.end_of(dag_id, self.airflow.trigger(dag_id))
        failed = [name for name, state in run.tasks.items() if state == "failed"]
        assert run.state == "success", "\n".join(self.task_log(dag_id, run.run_id, name)[-LOG_TAIL:] for name in failed)
        return run

    def clear(self, run: Run, task_id: str) -> Run:
        """Clear a task and all after it, as a person does in the UI, and see the run to its new end."""
        body = {
            "dry_run": False,
            "dag_run_id": run.run_id,
            "task_ids": [task_id],
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        answer = self.airflow.http.post(f"/api/v2/dags/{run.dag_id}/clearTaskInstances", json=body)
        assert answer.status_code == httpx.codes.OK, answer.text
        return self.end_of(run.dag_id, run.run_id)

    def end_of(self, dag_id: str, run_id: str) -> Run:
        """Wait for the run's end.

        Raises:
            TaskTriedAgain: rather than wait minutes for the second try of a task.
        """
        begun = time.monotonic()
        while (state := self.airflow.state(dag_id, run_id)) not in ("success", "failed"):
            states = self.states(dag_id, run_id)
            for task_id in (name for name, state in states.items() if state == "up_for_retry"):
                raise TaskTriedAgain(f"{dag_id} {run_id}", task_id, self.task_log(dag_id, run_id, task_id)[-LOG_TAIL:])
            assert time.monotonic() - begun < PATIENCE_S, f"{dag_id} {run_id} is {state}: {states}"
            time.sleep(0.5)
        states = self.states(dag_id, run_id)
        return Run(
            dag_id=dag_id,
            run_id=run_id,
            state=state,
            tasks=states,
            summaries={name: self.airflow.summary(dag_id, run_id, name) for name in states},
            seconds=time.monotonic() - begun,
        )

    def try_again(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Let the time pass that a task waits before its second try: the scheduler finds that it is over."""
        import psycopg2

        address = self.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
        connection = psycopg2.connect(address)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE task_instance SET end_date = end_date - INTERVAL '1 day' "
                    "WHERE (dag_id, run_id, task_id, state) = (%s, %s, %s, 'up_for_retry')",
                    (dag_id, run_id, task_id),
                )
                assert cursor.rowcount == 1
        finally:
            connection.close()
        wait_for(lambda: self.states(dag_id, run_id)[task_id] != "up_for_retry", f"the second try of {task_id}")

    def task_log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """What a task wrote, all tries one after the other: messages, and errors without their stack."""
        folder = self.logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        lines = [json.loads(line) for path in sorted(folder.glob("*.log")) for line in path.read_text().splitlines()]
        return "\n".join(
            " ".join([line["level"], line["event"], *(error["exc_value"] for error in line.get("error_detail", ()))])
            for line in lines
        )

    @property
    def logs(self) -> Path:
        """Where Airflow keeps the logs of tasks."""
        return Path(self.environment["AIRFLOW__LOGGING__BASE_LOG_FOLDER"])

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Each task's state."""
        return {name: str(each["state"]) for name, each in self.airflow.tasks(dag_id, run_id).items()}

    # The lineage backend

    def ask(self, path: str, **params: object) -> Any:
        """What the backend's REST API answers."""
        answer = self.backend.get(f"/api/v1/{path}", params=dict(params))
        assert answer.status_code == httpx.codes.OK, f"{answer.request.url}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def events(self) -> list[Event]:
        """Every event that the backend took, oldest first, page by page."""
        found: list[Event] = []
        while page := self.ask("events/lineage", limit=100, offset=len(found), sortDirection="asc")["events"]:
            found += page
        return [without_nulls(event) for event in found]

    def events_of(self, run: Run) -> list[Event]:
        """The events of one DAG run: its own, its tasks', and those of what its tasks started."""
        return [event for event in self.events() if root(event) == self.id_of(run)]

    def id_of(self, run: Run) -> str:
        """The DAG run's id in lineage."""
        path = f"namespaces/{self.environment['AIRFLOW__OPENLINEAGE__NAMESPACE']}/jobs/{run.dag_id}/runs"
        for found in self.ask(path)["runs"]:
            if found["facets"]["airflowDagRun"]["dagRun"]["run_id"] == run.run_id:
                return str(found["id"])
        raise AssertionError(f"the backend knows no run {run.run_id} of {run.dag_id}")

    def settled(self) -> None:
        """Wait until the outbox is empty: every event is where it belongs."""
        pending = Path(self.environment["LINEAGE_OUTBOX"]) / "pending"
        wait_for(lambda: not any(path.is_file() for path in pending.rglob("*")), f"{pending} to become empty")

    # What people see

    def slack(self) -> list[dict[str, Any]]:
        """Messages that arrived in the chat, in order."""
        files = sorted(Path(self.environment["STACK_SLACK_FOLDER"]).glob("[0-9]*.json"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]

    def mail(self) -> list[tuple[str, str]]:
        """(subject, body) of mails that arrived, in order."""
        files = sorted(Path(self.environment["STACK_MAIL_FOLDER"]).glob("new/*"), key=lambda path: path.stat().st_mtime)
        mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        bodies = [mail.get_body() for mail in mails]
        return [
            (str(mail["subject"]), body.get_content() if body else "") for mail, body in zip(mails, bodies, strict=True)
        ]

    # Where the rows are

    def warehouse(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of one statement in the warehouse; none for one that gives none."""
        import psycopg2

        connection = psycopg2.connect(self.environment["WAREHOUSE_URL"])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def lake(self, table: str, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Rows of a lake table, read without Spark."""
        from pyiceberg.catalog import load_catalog

        known = self.environment
        access = {"access-key-id": known["AWS_ACCESS_KEY_ID"], "secret-access-key": known["AWS_SECRET_ACCESS_KEY"]}
        settings = {f"{service}.{key}": value for service in ("s3", "glue") for key, value in access.items()} | {
            f"{service}.{key}": value
            for service in ("s3", "glue")
            for key, value in (
                ("endpoint", known[f"AWS_ENDPOINT_URL_{service.upper()}"]),
                ("region", known["AWS_REGION"]),
            )
        }
        found = load_catalog("lake", type="glue", **settings).load_table(f"ecom.{table}")
        rows: list[dict[str, Any]] = found.scan(selected_fields=tuple(columns)).to_arrow().to_pylist()
        return rows

    def reference_data(self) -> dict[str, list[Any]]:
        """Products and users as lake, cache and warehouse hold them, sorted; the cache's time of refresh left out."""
        import redis

        found: dict[str, list[Any]] = {}
        for name in ("products", "users"):
            key = f"{name.removesuffix('s')}_id"
            found[f"lake.{name}"] = sorted(row[key] for row in self.lake(name, [key]))
            found[f"warehouse.dim_{name}"] = sorted(self.warehouse(f"SELECT * FROM dim_{name}"), key=repr)
        with redis.Redis.from_url(self.environment["REDIS_URL"], decode_responses=True) as cache:
            keys = sorted(cache.scan_iter("lookup:*", count=5_000))
            found["cache"] = [(key, sorted(cache.hgetall(key).items())) for key in keys]
        return found

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Objects of the lake's bucket by key."""
        import boto3

        known = self.environment
        s3 = boto3.client(
            "s3",
            endpoint_url=known["AWS_ENDPOINT_URL_S3"],
            region_name=known["AWS_REGION"],
            aws_access_key_id=known["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=known["AWS_SECRET_ACCESS_KEY"],
        )
        bucket = known["ECOMPULSE_LAKE_BUCKET"]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", ())]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def root(event: Event) -> str:
    """The id of the DAG run that an event belongs to: its parent's root, else its own."""
    parent = event["run"].get("facets", {}).get("parent")
    return str(parent["root"]["run"]["runId"] if parent else event["run"]["runId"])


def datasets(event: Event, *sides: str) -> Iterator[str]:
    """The names of an event's datasets."""
    for side in sides or ("inputs", "outputs"):
        yield from (f"{each['namespace']}/{each['name']}" for each in event.get(side, ()))


def wait_for(condition: Any, what: str, *, timeout_s: float = 120) -> None:
    """Look again and again until it holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s in vain for {what}"
        time.sleep(0.3)


def anonymous(text: str) -> str:
    """Without the ports that this machine happened to choose."""
    return re.sub(r"127\.0\.0\.1:\d+", "<host:port>", text)
