"""One part of Airflow, quicker up and down: `python -m stack.part scheduler` does what `airflow scheduler` does.

Three things cost seconds of each start and stop and do nothing for anybody:

- the garbage collector looks through a few 100,000 classes and functions again and again while they are made, and
  all of them stay: a fifth of the time. It looks more seldom here; processes that are forked off, as those of tasks,
  get Python's usual setting back.
- all parts want the database migrated before they begin. Here they import meanwhile.
- Python takes the whole of it to pieces at the end: 4 s for the API server. What Airflow registered to be done at the
  end is done; then the process ends.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from typing import Any

SELDOM = (500_000, 10, 10)
# What each part imports by itself later on; `airflow.__main__` comes for all of them.
MODULES = {
    "api-server": ("airflow.api_fastapi.app", "airflow.api_fastapi.core_api.routes.public"),
    "scheduler": ("airflow.jobs.scheduler_job_runner",),
    "dag-processor": ("airflow.jobs.dag_processor_job_runner",),
    "triggerer": ("airflow.jobs.triggerer_job_runner",),
}


def database(environment: Mapping[str, str]) -> Any:
    """A new connection to Airflow's metadata."""
    import psycopg2

    return psycopg2.connect(environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", ""))


def sign() -> str:
    """The comment that a migrated database carries, so that whoever deletes it deletes both."""
    return f"migrated by Airflow {version('apache-airflow')}"


def is_migrated(environment: Mapping[str, str]) -> bool:
    """Whether the database was migrated by this version of Airflow; no while it does not let us in."""
    import psycopg2

    try:
        connection = database(environment)
    except psycopg2.OperationalError:
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
            )
            return bool(cursor.fetchone() == (sign(),))
    finally:
        connection.close()


def main() -> None:
    """Run Airflow's command with the words of this one's command line."""
    usual, pid, status = gc.get_threshold(), os.getpid(), 1
    gc.set_threshold(*SELDOM)
    os.register_at_fork(after_in_child=lambda: gc.set_threshold(*usual))

    def leave() -> None:
        if os.getpid() == pid:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    atexit.register(leave)  # the first that is registered is the last that is called
    run = import_module("airflow.__main__").main
    part = sys.argv[1]
    for name in MODULES.get(part, ()):
        import_module(name)
    while part in MODULES and not is_migrated(os.environ):
        time.sleep(0.1)
    sys.argv[0] = "airflow"
    try:
        run()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


if __name__ == "__main__":
    main()
