"""Airflow 3: API server, scheduler, DAG processor and triggerer, with their metadata in our PostgreSQL."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from threading import Lock

from stack import part, ready
from stack.environment import AIRFLOW_LOGIN
from stack.errors import StepFailed
from stack.home import write_private
from stack.server import Probe, Server, Site, inherited, step

_PROGRAM = (sys.executable, "-m", "stack.part")


def _prepare(site: Site) -> None:
    home = site.home.data("airflow")
    home.mkdir(exist_ok=True)
    site.home.data("outbox").mkdir(exist_ok=True)
    write_private(home / "passwords.json", json.dumps(dict([AIRFLOW_LOGIN])))


def _migrate(site: Site) -> None:
    if part.is_migrated(site.environment):
        return
    log, environment = site.home.log("airflow-migrate"), {**inherited(os.environ), **site.environment}
    step("airflow db migrate", [*_PROGRAM, "db", "migrate"], log=log, environment=environment)
    connection = part.database(site.environment)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON DATABASE airflow IS '{part.sign()}'")
    connection.close()


def _warm_execution_api(site: Site) -> None:
    """The API for tasks is built at its first request, 7-22 s: not in the first task's time."""
    url = f"{site.environment['AIRFLOW_URL']}/execution/health"
    if missing := ready.answers(url, timeout_s=180):
        raise StepFailed("airflow-api warm-up", missing)


def servers(site: Site) -> tuple[Server, ...]:
    """The four components, about 1.4 GB together. No log servers: all logs are in one folder of this machine, and
    they would listen on all addresses."""
    lock = Lock()

    def alone(work: Callable[[Site], None]) -> Callable[[], None]:
        """For all four: whoever comes first does it, the others find it done."""

        def do() -> None:
            with lock:
                work(site)

        return do

    make = partial(_component, site, prepare=alone(_prepare), provide=alone(_migrate))
    return (
        make("api-server", probe=ready.airflow_api),
        make("scheduler", "--skip-serve-logs", probe=ready.airflow_scheduler),
        make("dag-processor", probe=ready.airflow_dag_processor),
        # Of ten stops, three find its child gone and wait 10 s for a word from it; an end in peace takes less than one.
        make("triggerer", "--skip-serve-logs", probe=ready.airflow_triggerer, stop_s=4),
    )


def _component(
    site: Site,
    name: str,
    *options: str,
    prepare: Callable[[], None],
    provide: Callable[[], None],
    probe: Probe,
    stop_s: int = 30,
) -> Server:
    is_api = name == "api-server"
    return Server(
        name="airflow-api" if is_api else f"airflow-{name}",
        command=(*_PROGRAM, name, *options),
        ready=probe,
        environment=site.environment,
        prepare=prepare,
        awaits=("postgres",),
        provide=provide,
        settle=partial(_warm_execution_api, site) if is_api else (lambda: None),
        start_s=300,
        stop_s=stop_s,
        sweeps=True,
    )
