"""Airflow's four parts on PostgreSQL, with the lineage backend and the shop: the whole of `stack up`."""

import json
import os
import urllib.request
from importlib.metadata import version

import psutil
import psycopg2
import pytest

from stack import environment, leftovers, part, platform
from stack.home import Home

pytestmark = pytest.mark.e2e
DAG = '''
"""A DAG of one task."""
from airflow.sdk import DAG, task
with DAG("greet", schedule=None, is_paused_upon_creation=False):
    @task
    def greet():
        return "hello"
    greet()
'''


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("airflow")
    (folder / "dags").mkdir()
    (folder / "dags" / "greet.py").write_text(DAG)
    home = Home(root=folder / "home")
    try:
        yield platform.start(home, environ={**os.environ, "STACK_DAGS_FOLDER": str(folder / "dags")})
    finally:
        platform.stop(home)
    assert not list(leftovers.find(home.root))


def ask(url, *, token=None, body=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=body and json.dumps(body).encode(), headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_all_servers_are_ready(running):
    assert {one.name: one.problem for one in platform.status(running.home)} == dict.fromkeys(platform.NAMES)


def test_the_database_says_by_which_version_it_was_migrated(running):
    assert part.is_migrated(running.environment)
    with psycopg2.connect(running.environment["WAREHOUSE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'airflow'")
        assert cursor.fetchone() == (f"migrated by Airflow {version('apache-airflow')}",)


def test_no_part_of_airflow_listens_beyond_this_machine(running):
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in leftovers.find(running.home.root)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_printed_login_runs_a_dag_to_its_end(running):
    url, (user, password) = running.environment["AIRFLOW_URL"], environment.AIRFLOW_LOGIN
    token = ask(f"{url}/auth/token", body={"username": user, "password": password})["access_token"]

    def missing():
        try:
            runs = ask(f"{url}/api/v2/dags/greet/dagRuns", token=token)["dag_runs"]
            if not runs:
                ask(f"{url}/api/v2/dags/greet/dagRuns", token=token, body={"logical_date": None})
        except urllib.error.HTTPError as error:
            return f"not parsed yet: {error}"
        return None if runs and runs[0]["state"] == "success" else f"runs: {[run['state'] for run in runs]}"

    assert platform.ready.wait(missing, timeout_s=120) is None


def test_airflow_takes_no_settings_from_the_shell_that_started_it(running):
    assert os.environ["AIRFLOW__OPENLINEAGE__DISABLED"] == "True", "tests/conftest.py sets it"
    parts = [one.pid for one in platform.status(running.home) if one.name in platform.AIRFLOW]
    settings = [key for pid in parts for key in psutil.Process(pid).environ() if key.startswith("AIRFLOW_")]
    assert set(settings) == {key for key in running.environment if key.startswith("AIRFLOW_")}


def test_what_a_task_did_is_in_the_lineage_backend(running):
    jobs = f"{running.environment['MARQUEZ_URL']}/api/v1/namespaces/{environment.NAMESPACE}/jobs"

    def missing():
        names = {job["name"] for job in ask(jobs)["jobs"]}
        return None if "greet.greet" in names else f"jobs: {names}"

    assert platform.ready.wait(missing, timeout_s=60) is None


def test_the_memory_in_use_leaves_room_for_spark_on_a_small_machine(running):
    assert sum(one.memory_mb for one in platform.status(running.home)) < 4000
