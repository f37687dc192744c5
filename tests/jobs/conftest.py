"""Running a Spark job as the operator does, and looking at what it left behind without Spark."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lineage.jobs import conf
from lineage.jobs.archive import ClassArchive
from lineage.jobs.report import Report

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Run:
    code: int
    output: str
    report: Report | None
    events: list[dict[str, Any]]


@pytest.fixture(scope="session")
def submit() -> Callable[..., subprocess.Popen]:
    """Start a file of the repository with spark-submit; the environment names Java, Spark and the jars."""

    def start(file: str, *arguments: str, more: Mapping[str, str] = {}, **options: Any) -> subprocess.Popen:
        if not Path(os.environ.get("ECOMPULSE_SPARK_SUBMIT", "/none")).exists():
            pytest.skip("needs Spark's virtual environment")
        settings = {
            "spark.driver.extraClassPath": os.environ["ECOMPULSE_SPARK_JARS"] + "/*",
            **conf.ALWAYS,
            **conf.LOCAL,
        }
        folders = {"submit": "ECOMPULSE_SPARK_SUBMIT", "jars": "ECOMPULSE_SPARK_JARS", "java_home": "JAVA_HOME"}
        archive = ClassArchive.of(**{key: os.environ[name] for key, name in folders.items()})
        settings["spark.driver.extraJavaOptions"] += f" {archive.option(claimed=False)}"
        flags = [part for key, value in {**settings, **more}.items() for part in ("--conf", f"{key}={value}")]
        environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": str(Path(os.environ["ECOMPULSE_SPARK_SUBMIT"]).with_name("python")),
            **options.pop("env", {}),
        }
        command = [
            os.environ["ECOMPULSE_SPARK_SUBMIT"],
            "--master",
            "local[2]",
            *flags,
            str(REPOSITORY / file),
            *arguments,
        ]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
        return subprocess.Popen(command, env=environment, **streams, **options)

    return start


@pytest.fixture(scope="session")
def run_job(submit, tmp_path_factory) -> Callable[..., Run]:
    """Run a job to its end on the servers of the environment, with the lineage listener on."""

    def run(job: str, *arguments: str, die_after: str = "", wait_for: Callable[..., None] | None = None) -> Run:
        folder = tmp_path_factory.mktemp(job)
        lake = conf.Lake(
            bucket=os.environ["ECOMPULSE_LAKE_BUCKET"],
            region=os.environ["AWS_REGION"],
            account_id=os.environ["ECOMPULSE_GLUE_ACCOUNT_ID"],
            s3_endpoint=os.environ["AWS_ENDPOINT_URL_S3"],
            glue_endpoint=os.environ["AWS_ENDPOINT_URL_GLUE"],
        )
        spool, outcome = folder / "spool.jsonl", folder / "outcome.json"
        listener = conf.listener("ecompulse", {"type": "file", "location": str(spool)})
        if wait_for is not None:
            arguments = (*arguments, "--owner", "the stream")
        broker = ("--bootstrap", os.environ["KAFKA_BOOTSTRAP_SERVERS"], "--outcome", str(outcome))
        process = submit(
            f"lineage/jobs/{job}.py",
            *broker,
            *arguments,
            more=lake.conf() | listener,
            env={"ECOMPULSE_DIE_AFTER": die_after},
        )
        if wait_for is not None:
            wait_for(process)
        output, _ = process.communicate(timeout=600)
        report = Report.read(outcome.read_text()) if outcome.exists() else None
        events = (
            [json.loads(line) for line in spool.read_text().splitlines() if line.endswith("}")]
            if spool.exists()
            else []
        )
        return Run(code=process.returncode, output=output, report=report, events=events)

    return run


def table(name: str) -> list[dict[str, Any]]:
    """All rows of a lake table, read without Spark; none when there is no such table."""
    from pyiceberg.catalog import load_catalog
    from pyiceberg.exceptions import NoSuchTableError

    keys = {"access-key-id": os.environ["AWS_ACCESS_KEY_ID"], "secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"]}
    settings = {f"{service}.{key}": value for service in ("s3", "glue") for key, value in keys.items()} | {
        "type": "glue",
        "glue.endpoint": os.environ["AWS_ENDPOINT_URL_GLUE"],
        "glue.region": os.environ["AWS_REGION"],
        "s3.endpoint": os.environ["AWS_ENDPOINT_URL_S3"],
        "s3.region": os.environ["AWS_REGION"],
    }
    try:
        return load_catalog("lake", **settings).load_table(f"ecom.{name}").scan().to_arrow().to_pylist()
    except NoSuchTableError:
        return []


def messages(topic: str) -> list[tuple[str | None, dict[str, Any] | None]]:
    """(key, body) of every message of a topic; body None is a tombstone."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"], "group.id": "tests"})
    parts = [TopicPartition(topic, part, 0) for part in consumer.list_topics(topic).topics[topic].partitions]
    ends = {part.partition: consumer.get_watermark_offsets(part)[1] for part in parts}
    consumer.assign(parts)
    found: list[tuple[str | None, dict[str, Any] | None]] = []
    while len(found) < sum(ends.values()):
        for message in consumer.consume(10_000, timeout=1):
            body = message.value()
            found.append((message.key() and message.key().decode(), None if body is None else json.loads(body)))
    consumer.close()
    return found


@pytest.fixture(scope="session")
def look() -> Any:
    """`look.table(name)` and `look.messages(topic)`."""
    from types import SimpleNamespace

    return SimpleNamespace(table=table, messages=messages)
