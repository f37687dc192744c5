"""Airflow 3: API server, scheduler, DAG processor and triggerer, with their metadata in our PostgreSQL."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Lock

from stack import ready
from stack.environment import AIRFLOW_LOGIN
from stack.errors import StepFailed
from stack.home import write_private
from stack.server import Probe, Server, Site, inherited, step

_PROGRAM = str(Path(sys.executable).with_name("airflow"))


def _migrated(site: Site) -> bool:
    """Whether this database was migrated by this version of Airflow."""
    import psycopg2

    done = site.home.data("airflow") / "migrated"
    if not done.exists() or done.read_text() != version("apache-airflow"):
        return False
    url = site.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.alembic_version')")
            return cursor.fetchone() != (None,)
    finally:
        connection.close()


def _prepare(site: Site) -> None:
    home = site.home.data("airflow")
    home.mkdir(exist_ok=True)
    site.home.data("outbox").mkdir(exist_ok=True)
    write_private(home / "passwords.json", json.dumps(dict([AIRFLOW_LOGIN])))
    if not _migrated(site):
        log, environment = site.home.log("airflow-migrate"), {**inherited(os.environ), **site.environment}
        step("airflow db migrate", [_PROGRAM, "db", "migrate"], log=log, environment=environment)
        write_private(home / "migrated", version("apache-airflow"))


def _warm_execution_api(site: Site) -> None:
    """The API for tasks is built at its first request, 7-22 s: not in the first task's time."""
    url = f"{site.environment['AIRFLOW_URL']}/execution/health"
    if missing := ready.answers(url, timeout_s=180):
        raise StepFailed("airflow-api warm-up", missing)


def servers(site: Site) -> tuple[Server, ...]:
    """The four components, about 1.4 GB together. No log servers: all logs are in one folder of this machine, and
    they would listen on all addresses."""
    lock = Lock()

    def prepare() -> None:  # for all four: whoever comes first migrates, the others find it done
        with lock:
            _prepare(site)

    make = partial(_component, site, prepare)
    return (
        make("api-server", (), ready.airflow_api),
        make("scheduler", ("--skip-serve-logs",), ready.airflow_scheduler),
        make("dag-processor", (), ready.airflow_dag_processor),
        make("triggerer", ("--skip-serve-logs",), ready.airflow_triggerer),
    )


def _component(site: Site, prepare: Callable[[], None], command: str, options: tuple[str, ...], probe: Probe) -> Server:
    is_api = command == "api-server"
    return Server(
        name="airflow-api" if is_api else f"airflow-{command}",
        command=(_PROGRAM, command, *options),
        ready=probe,
        environment=site.environment,
        prepare=prepare,
        settle=partial(_warm_execution_api, site) if is_api else (lambda: None),
        needs=("postgres",),
        start_s=300,
        stop_s=30,
        sweeps=True,
    )
