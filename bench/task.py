"""Milliseconds that lineage adds to a whole Airflow task: on, off, and with a backend that is down or hangs.

    python -m bench.task [--runs 12] [--tasks 5]

Runs a DAG of tasks that do nothing but say what `update_data_warehouse` says (4 inputs, 4 outputs, column lineage, SQL:
the most talkative task) with `dag.test()`, warm, one process for each condition. The conditions take turns, run by run,
so that a busy machine is busy for all of them. A figure is the time of one DAG run divided by its tasks: Airflow's
bookkeeping, the listener, START, the work, COMPLETE.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import click

CONNECTIONS = {
    "AIRFLOW_CONN_LAKE_DEFAULT": {"conn_type": "aws", "extra": {"bucket": "lake"}},
    "AIRFLOW_CONN_WAREHOUSE_DEFAULT": {"conn_type": "postgres", "host": "warehouse", "schema": "warehouse"},
}
OFF = {"AIRFLOW__OPENLINEAGE__DISABLED": "True"}


def settings(folder: Path, *, tasks: int) -> dict[str, str]:
    """Airflow in this folder, on SQLite; `dag.test()` wants the DAG to be in a file too."""
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "talkative_dag.py").write_text(
        f"from bench.task import talkative\n\ndag = talkative({tasks})  # airflow\n"
    )
    own = {
        "AIRFLOW_HOME": folder,
        "AIRFLOW__CORE__DAGS_FOLDER": folder / "dags",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "bench",
    }
    return {key: str(value) for key, value in own.items()} | {
        key: json.dumps(value) for key, value in CONNECTIONS.items()
    }


def transport(url: str, outbox: Path) -> dict[str, str]:
    """Lineage through an outbox of its own to this backend."""
    found = {"type": "lineage.transport.OutboxTransport", "url": url, "outbox": str(outbox)}
    return {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(found), "LINEAGE_OUTBOX": str(outbox)}


def talkative(tasks: int) -> Any:
    """A DAG of this many tasks, one after the other."""
    from airflow.sdk import DAG, chain

    from lineage.operators.warehouse import LoadWarehouseOperator
    from lineage.outcome import Outcome

    class Talkative(LoadWarehouseOperator):
        def run(self, context: Any) -> Outcome:
            """What the task says, without doing it."""
            return self.expected()

    with DAG("bench", schedule=None) as dag:
        chain(*(Talkative(task_id=f"task_{number}") for number in range(tasks)))
    return dag


def work(tasks: int) -> None:
    """A process of one condition: for each line on standard input one DAG run, answered by its milliseconds a task."""
    answers, sys.stdout = sys.stdout, sys.stderr
    dag = talkative(tasks)
    for _ in sys.stdin:
        begun = perf_counter()
        run = dag.test()
        spent = (perf_counter() - begun) * 1000 / tasks
        print(spent if run.state == "success" else "nan", file=answers, flush=True)


@contextmanager
def process(environment: Mapping[str, str], *, tasks: int, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that waits for work."""
    command = [sys.executable, "-m", "bench.task", "--work", "--tasks", str(tasks)]
    with log.open("w") as errors:
        found = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with found:
        try:
            yield found
        finally:
            found.communicate(timeout=60)


def one_run(worker: "subprocess.Popen[str]") -> float:
    """Milliseconds a task of one DAG run there."""
    assert worker.stdin and worker.stdout
    worker.stdin.write("\n")
    worker.stdin.flush()
    return float(worker.stdout.readline())


def conditions(opened: ExitStack, folder: Path) -> dict[str, dict[str, str]]:
    """What each process finds in its environment; the servers run until `opened` is closed."""
    from bench.transport import hanging_answer, refusing, relay_beside
    from stack import platform
    from stack.home import Home

    running = platform.start(Home.locate(folder / "stack", os.environ), ("marquez", "relay"))
    opened.callback(running.stop)
    found = {
        "off": OFF,
        "on": transport(running.environment["MARQUEZ_URL"], Path(running.environment["LINEAGE_OUTBOX"])),
    }
    for name, backend in (("backend down", refusing), ("backend hanging", hanging_answer)):
        url, outbox = opened.enter_context(backend()), folder / name.replace(" ", "-")
        opened.enter_context(relay_beside(outbox, url))
        found[name] = transport(url, outbox)
    return found


def start(opened: ExitStack, folder: Path, *, tasks: int) -> "dict[str, subprocess.Popen[str]]":
    """Condition → its process, on a database of its own."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    plain["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    empty = settings(folder / "empty", tasks=tasks)
    subprocess.run(["airflow", "db", "migrate"], env=plain | empty | OFF, check=True, capture_output=True)
    workers = {}
    for name, own in conditions(opened, folder).items():
        home = folder / f"airflow {name}".replace(" ", "-")
        known = settings(home, tasks=tasks)
        shutil.copy(folder / "empty" / "airflow.db", home)
        workers[name] = opened.enter_context(process(plain | known | own, tasks=tasks, log=home / "log"))
    return workers


def measure(runs: int, tasks: int) -> None:
    """The table: median, quartiles, and what the median of the differences to the run without lineage is."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder, ExitStack() as opened:
        workers = start(opened, Path(folder), tasks=tasks)
        for worker in workers.values():  # the first run builds Airflow's execution API, the second warms what is left
            one_run(worker), one_run(worker)
        spent: dict[str, list[float]] = {name: [] for name in workers}
        for _ in range(runs):
            for name, worker in workers.items():
                spent[name].append(one_run(worker))
    click.echo(f"{runs} runs of {tasks} tasks, load {os.getloadavg()[0]:.1f}; milliseconds a task")
    click.echo(f"{'':<16} {'median':>8} {'quartiles':>17} {'added by lineage':>18}")
    for name, values in spent.items():
        low, middle, high = statistics.quantiles(values, n=4)
        added = statistics.median(one - off for one, off in zip(values, spent["off"], strict=True))
        click.echo(f"{name:<16} {middle:8.0f} {low:8.0f} {high:8.0f} {added:18.0f}")


@click.command()
@click.option("--runs", default=12, show_default=True, help="DAG runs of each condition.")
@click.option("--tasks", default=5, show_default=True, help="Tasks of a DAG run.")
@click.option("--work", "worker", is_flag=True, hidden=True)
def main(runs: int, tasks: int, worker: bool) -> None:
    """Measure; nothing is asserted."""
    work(tasks) if worker else measure(runs, tasks)


if __name__ == "__main__":
    main()
