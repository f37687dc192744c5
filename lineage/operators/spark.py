"""Spark applications: enrichment and sessions, the same file on this machine and on Kubernetes."""

import ast
import json
import os
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from catalog.dataset import Dataset
from lineage import listener
from lineage.hooks.spark import ROOT, Application, SparkHook
from lineage.jobs import columns, conf, observed
from lineage.jobs.report import Report
from lineage.operators.base import ConnectedOperator
from lineage.outbox import Outbox
from lineage.outcome import ColumnSource, Outcome, Read, Reading, TopicOffsets, Transformation, Written

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

DRIVER = {"cores": 1, "memory": "2g"}
EXECUTOR = {"instances": 3, "cores": 2, "memory": "4g"}


def _about(application: str) -> str | None:
    """What the application says of itself; the operator would say the same of each."""
    file = ROOT / application
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) if file.is_file() else None


def reading(contract_id: str) -> Reading | None:
    """How our jobs read a dataset, as they declare it beside their code."""
    says = columns.CAST.get(contract_id)
    return Reading(way="cast", says=says) if says else None


class SparkKubernetesOperator(ConnectedOperator):
    """Runs one of our Spark applications and says what it did.

    On Kubernetes the provider's operator of the same name does the work (not a base class: importing it costs every
    DAG file the Kubernetes client, docs/decisions/0007). Spark's own lineage events become children of this task.

    :param application: the job's file, `lineage/jobs/enrich.py`.
    :param job: its name in Spark and in lineage.
    :param reads: contract ids of what it reads, the source first.
    :param writes: contract ids of what it writes, the main one first.
    :param arguments: of the application, templated; empty values are left out with their option.
    :param group: consumer group to publish the offsets to, for lag monitors.
    """

    template_fields: Sequence[str] = (*ConnectedOperator.template_fields, "arguments", "application")

    def __init__(
        self,
        *,
        application: str,
        job: str,
        reads: Sequence[str],
        writes: Sequence[str],
        arguments: Mapping[str, str] | None = None,
        group: str = "",
        driver_pod: Mapping[str, Any] = DRIVER,
        executor_pods: Mapping[str, Any] = EXECUTOR,
        spark_conn_id: str = SparkHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**({"doc_md": _about(application)} | kwargs))
        self.application, self.job = application, job
        self.reads, self.writes = list(reads), list(writes)
        self.arguments, self.group = dict(arguments or {}), group
        self.driver_pod, self.executor_pods = driver_pod, executor_pods
        self.spark_conn_id = spark_conn_id

    def run(self, context: "Context") -> Outcome:
        """The counts of the job's report; rows_out are those of its first output."""
        spool = self._spool(context)
        try:
            report = self._local(context, spool) if self.spark.is_local else self._kubernetes(context)
        finally:
            self._take(spool)
        outcome = self._outcome(report)
        if self.group:
            self.kafka.commit(self.group, outcome.offsets)
        return outcome

    def expected(self) -> Outcome:
        """What it reads and writes."""
        return self._outcome(None)

    def on_kill(self) -> None:
        """End a local driver."""
        self.spark.stop()

    def arranged(
        self,
        context: "Context | None",
        *,
        outcome: str,
        transport: Mapping[str, str],
        arguments: Mapping[str, str] | None = None,
        flags: tuple[str, ...] = (),
    ) -> Application:
        """The application with everything it needs; secrets only in its environment."""
        from airflow.providers.common.compat.openlineage.utils.spark import (
            inject_parent_job_information_into_spark_properties as parent_of,
        )

        options = {
            "bootstrap": self.kafka.bootstrap,
            "outcome": outcome,
            "owner": self._me(context),
            **(arguments or self.arguments),
        }
        lake = conf.Lake(
            bucket=self.lake.bucket,
            region=str(self.lake.extra.get("region_name", "us-east-1")),
            account_id=str(self.lake.extra["glue_account_id"]),
            s3_endpoint=self.lake.endpoint("s3"),
            glue_endpoint=self.lake.endpoint("glue"),
        )
        namespace = os.environ.get("AIRFLOW__OPENLINEAGE__NAMESPACE", "ecompulse")
        told = conf.listener(namespace, transport, parent=parent_of({}, context) if context else {})
        return Application(
            name=self.job,
            file=self.application,
            arguments=tuple(part for key, value in options.items() if value for part in (f"--{key}", str(value)))
            + flags,
            spark_conf={**lake.conf(), **told},
            environment=self._secrets() if self.spark.is_local else {},
        )

    @cached_property
    def spark(self) -> SparkHook:
        """Where it runs."""
        return SparkHook(self.spark_conn_id)

    def dataset(self, contract_id: str) -> Dataset:
        """The name in lineage of a contract's dataset, as Spark's listener spells it too."""
        contract = contracts.load(contract_id)
        hooks: Mapping[str, Callable[[str], Dataset]] = {
            "kafka": self.kafka.dataset, "lake": self.lake.dataset, "cache": self.cache.dataset,
        }  # fmt: skip
        return hooks[contract.kind](contract.name)

    def retell(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event of Spark's listener, in the words of our record."""
        known = {self.dataset(each): contracts.load(each) for each in (*self.reads, *self.writes)}
        return listener.retold(event, contracts=known)

    def _local(self, context: "Context", spool: Path) -> Report:
        with tempfile.TemporaryDirectory(prefix="spark-") as folder:
            path = Path(folder) / "outcome.json"
            transport = {"type": "file", "location": str(spool)}
            self.spark.submit(self.arranged(context, outcome=str(path), transport=transport))
            return Report.read(path.read_text(encoding="utf-8"))

    def _kubernetes(self, context: "Context") -> Report:
        key = f"outcomes/{self.job}/{uuid.uuid4()}.json"
        url = os.environ.get("MARQUEZ_URL", "")
        transport = {"type": "http", "url": url, "endpoint": "/api/v1/lineage"} if url else {"type": "console"}
        application = self.arranged(context, outcome=f"s3://{self.lake.bucket}/{key}", transport=transport)
        manifest = self.spark.manifest(application, driver=self.driver_pod, executor=self.executor_pods)
        self.spark.run_on_kubernetes(manifest, task_id=self.task_id, context=context)
        return Report.read(self.lake.get(key).decode())

    def _outcome(self, report: Report | None) -> Outcome:
        inputs, outputs = (report.inputs, report.outputs) if report else ({}, {})
        return Outcome(
            inputs=tuple(
                Read(
                    dataset=self.dataset(each),
                    contract=contracts.load(each),
                    rows=inputs.get(each, 0) if report else None,
                    schema=observed.schema(report.observed) if report and each == columns.RAW else None,
                    reading=reading(each),
                )
                for each in self.reads
            ),
            outputs=tuple(self._written(each, report) for each in self.writes),
            rows_in=inputs.get(self.reads[0], 0) if report else None,
            rows_out=outputs.get(self.writes[0], 0) if report else None,
            rows_rejected=sum(report.rejected.values()) if report else None,
            rows_duplicate=report.duplicates if report else None,
            rejected=dict(report.rejected) if report else {},
            offsets=tuple(
                TopicOffsets(topic=at.topic, partition=at.partition, start=at.start, end=at.end)
                for at in report.offsets
            )
            if report
            else (),
        )

    def _written(self, contract_id: str, report: Report | None) -> Written:
        """One output; only a lake's commit tells bytes and files."""
        contract = contracts.load(contract_id)
        promised = Written(dataset=self.dataset(contract_id), contract=contract, columns=self._columns(contract_id))
        if report is None:
            return promised
        sizes, files = (
            at.get(contract_id, 0) if contract.kind == "lake" else None for at in (report.sizes, report.files)
        )
        return replace(promised, rows=report.outputs.get(contract_id, 0), size_bytes=sizes, files=files)

    def _columns(self, written: str) -> dict[str, tuple[ColumnSource, ...]]:
        """What the job declares beside its code: Spark's listener sees no column behind a topic."""
        return {
            column: tuple(
                ColumnSource(dataset=self.dataset(origin), column=path, transformation=Transformation(subtype=subtype))
                for origin, path, subtype in sources
            )
            for column, sources in columns.origins(written).items()
        }

    def _secrets(self) -> dict[str, str]:
        """What a local driver finds in its environment: the lake's keys, the cache's address and Kafka's passwords."""
        found = {"REDIS_URL": self.cache.url, "ECOMPULSE_KAFKA_OPTIONS": json.dumps(self.kafka.java_options)}
        keys = self.lake.session.get_credentials()
        if keys is not None:
            found |= {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key}
            found |= {"AWS_SESSION_TOKEN": keys.token} if keys.token else {}
        return found | {"AWS_REGION": str(self.lake.extra.get("region_name", "us-east-1"))}

    def _me(self, context: "Context | None") -> str:
        if context is None:
            return "lineage stream"
        return f"{self.dag_id}.{self.task_id} {context['run_id']}"

    def _spool(self, context: "Context") -> Path:
        """Where the listener leaves its events: a file of this try, beside the outbox, so that it outlives a kill."""
        outbox = os.environ.get("LINEAGE_OUTBOX")
        folder = Path(outbox).with_name("spark-spool") if outbox else Path(tempfile.mkdtemp(prefix="spark-spool-"))
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder / f"{self.dag_id}.{self.task_id}.{uuid.uuid4().hex}.jsonl"

    def _take(self, spool: Path) -> None:
        """Bring this try's events, and those that a killed try left behind, into the outbox."""
        outbox = os.environ.get("LINEAGE_OUTBOX")
        if not outbox:
            return
        box = Outbox(Path(outbox))
        for file in sorted(spool.parent.glob(f"{self.dag_id}.{self.task_id}.*.jsonl")):
            taken = box.import_lines(file, retell=self.retell)
            self.log.info("took %d events of Spark into the outbox", taken)
            file.unlink()
            file.with_name(file.name + ".taken").unlink(missing_ok=True)
        box.wake()
