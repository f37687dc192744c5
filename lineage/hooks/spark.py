"""Spark by connection id: `spark-submit` on this machine, or a SparkApplication for the operator on Kubernetes."""

import logging
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook

from lineage.errors import ConfigurationError, SparkFailed
from lineage.jobs import conf
from lineage.jobs.archive import ClassArchive
from lineage.redaction import redact_text

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent.parent
IMAGE_ROOT = "/opt/ecompulse"
TAIL_LINES = 25
STOP_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One run of one job: what to run, with which arguments, settings and secrets."""

    name: str
    file: str
    """Relative to the repository: `lineage/jobs/enrich.py`."""
    arguments: tuple[str, ...]
    spark_conf: Mapping[str, str]
    environment: Mapping[str, str]


class SparkHook(BaseHook):
    """Where Spark runs. Extra of the connection: `mode` local (spark_submit, jars, java_home, driver_memory) or
    kubernetes (namespace, image, service_account, secret: its keys become the driver's environment).
    """

    conn_name_attr = "spark_conn_id"
    default_conn_name = "spark_default"

    def __init__(self, spark_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.spark_conn_id = spark_conn_id
        self.process: subprocess.Popen[str] | None = None

    @property
    def extra(self) -> dict[str, Any]:
        """The connection's extra."""
        return dict(self.get_connection(self.spark_conn_id).extra_dejson)

    @property
    def is_local(self) -> bool:
        """Whether Spark runs on this machine.

        Raises:
            ConfigurationError: the mode is neither local nor kubernetes.
        """
        mode = self.extra.get("mode", "kubernetes")
        if mode not in ("local", "kubernetes"):
            raise ConfigurationError(
                f"connection {self.spark_conn_id}", f"mode {mode!r} is neither local nor kubernetes"
            )
        return bool(mode == "local")

    def _archive(self) -> ClassArchive:
        extra = self.extra
        return ClassArchive.of(java_home=_java_home(extra), submit=str(extra["spark_submit"]), jars=str(extra["jars"]))

    def _command(self, application: Application, java_option: str = "") -> tuple[list[str], dict[str, str]]:
        """The command line and the environment of a local run."""
        extra = self.extra
        settings = {
            "spark.master": "local[2]",
            "spark.driver.memory": str(extra.get("driver_memory", "1g")),
            "spark.driver.extraClassPath": f"{extra['jars']}/*",
            **conf.ALWAYS,
            **conf.LOCAL,
            **application.spark_conf,
        }
        settings["spark.driver.extraJavaOptions"] += f" {java_option}"
        flags = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        command = [str(extra["spark_submit"]), *flags, str(ROOT / application.file), *application.arguments]
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "PYTHON"))},
            "JAVA_HOME": _java_home(extra),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": str(Path(extra["spark_submit"]).with_name("python")),  # spark-submit finds pyspark by it
            **application.environment,
        }
        return command, environment

    def start(self, application: Application, *, log: Path) -> int:
        """Start the application here and leave it alone, its lines in `log`; its process id."""
        command, environment = self._command(application, self._archive().option(claimed=False))
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as lines:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=lines, stderr=lines, start_new_session=True
            )
        logger.info("%s runs as process %d, its log is %s", application.name, process.pid, log)
        return process.pid

    def submit(self, application: Application) -> None:
        """Run the application here to its end; its log lines become the task's.

        Raises:
            SparkFailed: it ended with another exit code than 0; the error carries its last lines.
        """
        archive = self._archive()
        claimed = archive.claim()
        command, environment = self._command(application, archive.option(claimed=claimed))
        logger.info("starting %s: %s %s", application.name, application.file, " ".join(application.arguments))
        last: deque[str] = deque(maxlen=TAIL_LINES)
        with subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # driver and Python are one group: none outlives the other
        ) as self.process:
            for line in self.process.stdout or ():
                last.append(redact_text(line.rstrip()))
                logger.info("%s", last[-1])
            code = self.process.wait()
        if claimed:
            archive.settle(code)
        if code != 0:
            raise SparkFailed(application.name, code, "\n".join(last))

    def stop(self) -> None:
        """End a local run. The batch in hand is dropped: what it committed is whole, the rest is read again."""
        if self.process is None or self.process.poll() is not None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)

    def manifest(
        self, application: Application, *, driver: Mapping[str, Any], executor: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The SparkApplication (sparkoperator.k8s.io/v1beta2) that runs the same file from the image."""
        extra = self.extra
        secret = [{"secretRef": {"name": str(extra["secret"])}}] if extra.get("secret") else []
        variables = [{"name": key, "value": value} for key, value in application.environment.items()]
        pod = {"envFrom": secret, "env": variables, "serviceAccount": extra.get("service_account", "spark")}
        return {
            "apiVersion": "sparkoperator.k8s.io/v1beta2",
            "kind": "SparkApplication",
            "metadata": {"name": application.name.replace("_", "-"), "namespace": self.namespace},
            "spec": {
                "type": "Python",
                "mode": "cluster",
                "sparkVersion": "4.1.1",
                "image": str(extra["image"]),
                "mainApplicationFile": f"local://{IMAGE_ROOT}/{application.file}",
                "arguments": list(application.arguments),
                "sparkConf": {**conf.ALWAYS, **application.spark_conf},
                "restartPolicy": {"type": "Never"},
                "driver": {**driver, **pod},
                "executor": {**executor, **pod},
            },
        }

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace of the applications."""
        return str(self.extra.get("namespace") or os.environ.get("SPARK_OPERATOR_NAMESPACE", "spark-jobs"))

    def run_on_kubernetes(self, manifest: Mapping[str, Any], *, task_id: str, context: Any) -> None:
        """Hand the application to the provider's operator, which submits, follows the log and re-attaches."""
        from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator

        operator = SparkKubernetesOperator(
            task_id=f"{task_id}_application",
            namespace=self.namespace,
            name=str(manifest["metadata"]["name"]),
            template_spec={"spark": dict(manifest)},
            get_logs=True,
            kubernetes_conn_id=str(self.extra.get("kubernetes_conn_id", "kubernetes_default")),
        )
        operator.execute(context)


def _java_home(extra: Mapping[str, Any]) -> str:
    return str(extra.get("java_home") or os.environ.get("JAVA_HOME", ""))
