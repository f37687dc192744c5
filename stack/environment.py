"""What clients must know, as environment variables: addresses, keys, folders, Airflow's settings and connections."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from stack import jars, java
from stack.errors import SparkMissing
from stack.home import REPOSITORY, Home, Secrets
from stack.s3 import ACCESS_KEY

BUCKET = "lake"
GLUE_ACCOUNT = "123456789012"
REGION = "us-east-1"
NAMESPACE = "ecompulse"
AIRFLOW_LOGIN = ("admin", "admin")  # for this machine only: the API server listens on 127.0.0.1


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def servers(ports: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """Where the servers are and how to be let in."""
    database = f"stack:{secrets.postgres}@127.0.0.1:{ports['postgres']}"
    return {
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports['kafka']}",
        "MARQUEZ_URL": _url(ports["marquez"]),
        "REDIS_URL": f"redis://:{secrets.redis}@127.0.0.1:{ports['redis']}/0",
        "WAREHOUSE_URL": f"postgresql://{database}/warehouse",
        "SHOP_URL": _url(ports["shop"]),
        "CATALOG_URL": _url(ports["catalog"]),
        "AIRFLOW_URL": _url(ports["airflow-api"]),
        "STACK_SLACK_URL": _url(ports["slack"]),
        "STACK_SMTP_PORT": str(ports["mail"]),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": secrets.s3,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": _url(ports["s3"]),
        "AWS_ENDPOINT_URL_GLUE": _url(ports["glue"]),
        "ECOMPULSE_LAKE_BUCKET": BUCKET,
        "ECOMPULSE_GLUE_ACCOUNT_ID": GLUE_ACCOUNT,
    }


def folders(home: Home, *, jars_folder: Path, environ: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Where Java, Spark and our own files are, and when the home began."""
    try:
        submit = str(jars.spark_home(environ).parents[3] / "bin" / "spark-submit")
    except SparkMissing as missing:
        submit = str(missing.path / "bin" / "spark-submit")
    return {
        "STACK_HOME": str(home.root),
        "JAVA_HOME": str(java.for_spark(environ, home)),
        "ECOMPULSE_SPARK_SUBMIT": environ.get("ECOMPULSE_SPARK_SUBMIT", submit),
        "ECOMPULSE_SPARK_JARS": str(jars_folder / "spark"),
        "STACK_DAGS_FOLDER": environ.get("STACK_DAGS_FOLDER", str(REPOSITORY / "dags")),
        "LINEAGE_OUTBOX": str(home.data("outbox")),
        "ECOMPULSE_CATALOG": str(home.data("catalog") / "catalog.sqlite"),
        "ECOMPULSE_DATA_DOCS": str(home.data("data-docs")),
        "STACK_SLACK_FOLDER": str(home.data("slack")),
        "STACK_MAIL_FOLDER": str(home.data("mail")),
        "ECOMPULSE_SHOP_SEED": environ.get("ECOMPULSE_SHOP_SEED", "7"),  # the default of `shop generate`
        "ECOMPULSE_START_DATE": home.start_date(now).isoformat(),
        "ECOMPULSE_REVISION": environ.get("ECOMPULSE_REVISION") or _revision(),
    }


def _revision() -> str:
    """The commit that is checked out, which lineage tells with each job; `main` where this is no git clone."""
    try:
        told = subprocess.run(
            ["git", "-C", str(REPOSITORY), "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return "main"
    return told.stdout.strip()


def connections(known: Mapping[str, str], ports: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """Airflow's connections, as AIRFLOW_CONN_* in JSON."""
    local = {"host": "127.0.0.1"}
    endpoints = {
        "s3": {"endpoint_url": known["AWS_ENDPOINT_URL_S3"]},
        "glue": {"endpoint_url": known["AWS_ENDPOINT_URL_GLUE"]},
    }
    kafka = {"bootstrap.servers": known["KAFKA_BOOTSTRAP_SERVERS"], "security.protocol": "PLAINTEXT"}
    lake = {"region_name": REGION, "service_config": endpoints, "bucket": BUCKET, "glue_account_id": GLUE_ACCOUNT}
    spark = {
        "mode": "local",
        "spark_submit": known["ECOMPULSE_SPARK_SUBMIT"],
        "jars": known["ECOMPULSE_SPARK_JARS"],
        "java_home": known["JAVA_HOME"],
        "driver_memory": "1g",
    }
    all_of_them = {
        "kafka_default": {"conn_type": "kafka", "extra": kafka},
        "lake_default": {"conn_type": "aws", "login": ACCESS_KEY, "password": secrets.s3, "extra": lake},
        "warehouse_default": {
            "conn_type": "postgres",
            **local,
            "port": ports["postgres"],
            "schema": "warehouse",
            "login": "stack",
            "password": secrets.postgres,
        },
        "cache_default": {
            "conn_type": "redis",
            **local,
            "port": ports["redis"],
            "password": secrets.redis,
            "extra": {"db": 0},
        },
        "shop_default": {"conn_type": "http", **local, "port": ports["shop"], "schema": "http"},
        "slack_default": {
            "conn_type": "slackwebhook",
            "host": f"{known['STACK_SLACK_URL']}/services",
            "password": "T0LOCAL/B0LOCAL/local",
        },
        "smtp_default": {
            "conn_type": "smtp",
            **local,
            "port": ports["mail"],
            "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "pipeline@ecompulse.test"},
        },
        "spark_default": {"conn_type": "generic", "extra": spark},
    }
    return {f"AIRFLOW_CONN_{name.upper()}": json.dumps(value) for name, value in all_of_them.items()}


def airflow(home: Home, known: Mapping[str, str], ports: Mapping[str, int], secrets: Secrets) -> dict[str, str]:
    """Airflow's settings: LocalExecutor with four slots, metadata in PostgreSQL, lineage through our outbox."""
    root, url = home.data("airflow"), known["AIRFLOW_URL"]
    transport = {
        "type": "lineage.transport.OutboxTransport",
        "url": known["MARQUEZ_URL"],
        "outbox": known["LINEAGE_OUTBOX"],
    }
    database = f"postgresql+psycopg2://stack:{secrets.postgres}@127.0.0.1:{ports['postgres']}/airflow"
    settings = {
        "CORE__DAGS_FOLDER": known["STACK_DAGS_FOLDER"],
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 4,
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "CORE__FERNET_KEY": secrets.fernet,
        "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{AIRFLOW_LOGIN[0]}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": root / "passwords.json",
        "DATABASE__SQL_ALCHEMY_CONN": database,
        "DATABASE__CHECK_MIGRATIONS": False,  # each part would look once more
        "API__HOST": "127.0.0.1",
        "API__PORT": ports["airflow-api"],
        "API__BASE_URL": url,
        "API__WORKERS": 1,
        "API__SECRET_KEY": secrets.api,
        "API_AUTH__JWT_SECRET": secrets.jwt,
        "LOGGING__BASE_LOG_FOLDER": root / "logs",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.3,
        "DAG_PROCESSOR__REFRESH_INTERVAL": 30,
        "OPENLINEAGE__TRANSPORT": json.dumps(transport),
        "OPENLINEAGE__NAMESPACE": NAMESPACE,
        "OPENLINEAGE__EXECUTE_IN_THREAD": True,
    }
    return {"AIRFLOW_HOME": str(root), **{f"AIRFLOW__{key}": str(value) for key, value in settings.items()}}


def build(
    home: Home,
    *,
    ports: Mapping[str, int],
    secrets: Secrets,
    jars_folder: Path,
    environ: Mapping[str, str],
    now: datetime,
) -> dict[str, str]:
    """The whole environment of one home's clients."""
    known = servers(ports, secrets)
    known |= folders(home, jars_folder=jars_folder, environ=environ, now=now)
    return known | connections(known, ports, secrets) | airflow(home, known, ports, secrets)


def as_shell(environment: Mapping[str, str]) -> str:
    """`export` lines for `. .stack/env`, sorted by name."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))


def from_shell(text: str) -> dict[str, str]:
    """The environment that `as_shell` wrote."""
    words = (word.partition("=") for word in shlex.split(text) if word != "export")
    return {name: value for name, _, value in words}
