"""Milliseconds that lineage adds to a task: building and emitting its START and COMPLETE, backend up, down and off.

    python bench/task.py [--tasks 50]

The task is `update_data_warehouse` of data_ingestion_dag, the one with most to say (4 inputs, 4 outputs, column lineage
and SQL). Airflow's own part (its listener thread, about 20 to 40 ms of processor time a task) is not in these figures.
"""

import os
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import click

os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")


def emitted(task: Any, client: Any) -> float:
    """Milliseconds of one task's two events; without a client only those of building them."""
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

    run_id, begun = str(uuid.uuid4()), time.perf_counter()
    for state in (RunState.START, RunState.COMPLETE):
        found = task.get_openlineage_facets_on_start()
        event = RunEvent(
            eventType=state,
            eventTime="2026-11-01T00:00:00Z",
            run=Run(runId=run_id, facets=found.run_facets),
            job=Job(namespace="bench", name="bench.task", facets=found.job_facets),
            inputs=found.inputs,
            outputs=found.outputs,
        )
        if client is not None:
            client.emit(event)
    return (time.perf_counter() - begun) * 1000


def measure(word: str, task: Any, transport: dict[str, Any] | None, *, tasks: int) -> None:
    """One line: median and worst of so many tasks."""
    from openlineage.client import OpenLineageClient

    client = OpenLineageClient(config={"transport": transport}) if transport else None
    emitted(task, client)
    spent = sorted(emitted(task, client) for _ in range(tasks))
    click.echo(f"{word:<14} median {statistics.median(spent):6.1f} ms   worst {spent[-1]:6.1f} ms   of {tasks} tasks")


@click.command()
@click.option("--tasks", default=50, show_default=True)
def main(tasks: int) -> None:
    """Print the three figures."""
    from stack import platform
    from stack.home import Home

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Home.locate(Path(folder), os.environ)
        running = platform.start(home, ("marquez", "relay", "postgres", "s3"))
        try:
            os.environ.update(running.environment)
            os.environ["AIRFLOW_HOME"] = folder
            from dags.data_ingestion_dag import dag

            task = dag.task_dict["update_data_warehouse"]
            outbox = {"type": "lineage.transport.OutboxTransport", "outbox": running.environment["LINEAGE_OUTBOX"]}
            measure("built only", task, None, tasks=tasks)
            measure("backend up", task, {**outbox, "url": running.environment["MARQUEZ_URL"]}, tasks=tasks)
            measure(
                "backend down", task, {**outbox, "outbox": f"{folder}/down", "url": "http://127.0.0.1:9"}, tasks=tasks
            )
        finally:
            running.stop()


if __name__ == "__main__":
    main()
