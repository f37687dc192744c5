"""How long the first page, a dataset, a search and a graph take over a record of 10,000 datasets.

    python -P bench/pages.py [--datasets 10000]

Cold: the first answer of a fresh application over an index file that exists, compiling templates; warmed: the same half
a second after it was made with `warm`, as `catalog serve` and the plugin inside Airflow do; new record: the first one
after the index took in an event; warm: pages that were not asked for before, over what is already read; again: the
same page once more. Milliseconds, through the application without a socket. Prints the machine, so that figures can be
compared.
"""

import os
import platform as machine
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

WIDTH = 10
"""Columns of a dataset."""


def documents(count: int) -> Iterator[dict[str, Any]]:
    """One job per dataset, each reading one or two earlier ones: chains, fans and joins of a company's size."""
    chance = random.Random(7)
    for at in range(count):
        inputs = {chance.randrange(max(0, at - 400), at) for _ in range(chance.choice((1, 1, 2)))} if at else set()
        yield {
            "eventType": "COMPLETE", "eventTime": f"2026-11-{1 + at % 20:02}T{at % 24:02}:00:00Z", "producer": "bench",
            "run": {"runId": f"{at:08x}-0000-4000-8000-000000000000", "facets": {}},
            "job": {"namespace": "bench", "name": f"dag_{at // 20}.build_{at}", "facets": {}},
            "inputs": [table(other) for other in sorted(inputs)], "outputs": [table(at)],
        }  # fmt: skip


def table(at: int) -> dict[str, Any]:
    """A dataset as an event tells it."""
    fields = [{"name": f"column_{number}", "type": "string"} for number in range(WIDTH)]
    schema = {
        "_producer": "bench",
        "_schemaURL": "https://openlineage.io/spec/facets/1-1-1/SchemaDatasetFacet.json",
        "fields": fields,
    }
    return {
        "namespace": "postgres://bench:5432",
        "name": f"shop.schema_{at % 50}.table_{at}",
        "facets": {"schema": schema},
    }


@click.command()
@click.option("--datasets", default=10_000, show_default=True)
def main(datasets: int) -> None:
    """Measure, and print a line per page."""
    from starlette.testclient import TestClient

    from catalog.index import Index
    from catalog.settings import Settings
    from catalog.site import address
    from catalog.site.app import create

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite"
        with Index.open(path) as index:
            index.add(documents(datasets))
            middle = [entry.dataset for entry in index.datasets()][datasets // 2 :: 7][:40]
            client = TestClient(create(Settings(index=path)))
            report("first page, cold", [timed(client, "/index.html")])
            warmed = TestClient(create(Settings(index=path), warm=True))
            time.sleep(0.5)
            report("first page, warmed", [timed(warmed, "/index.html")])
            index.add(list(documents(datasets + 1))[-1:])
            report("first page, new record", [timed(client, "/index.html")])
        report("first page again", [timed(client, "/index.html") for _ in range(20)])
        report("dataset, warm", [timed(client, f"/{address.of(one)}") for one in middle])
        report("search, warm", [timed(client, f"/{address.search(f'table_{at}')}") for at in range(40)])
        report("graph of 200, warm", [timed(client, f"/{address.graph(one)}") for one in middle[:10]])
        for name in ("search.html", "changes.html", "quality.html", "flows.html"):
            report(f"{name}, warm", [timed(client, f"/{name}")])
    click.echo(
        f"{datasets:,} datasets; {machine.platform()}, {os.cpu_count()} cores, Python {machine.python_version()}"
    )


def timed(client: Any, path: str) -> float:
    """Milliseconds until the page is there."""
    begin = time.perf_counter()
    answer = client.get(path)
    took = (time.perf_counter() - begin) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return took


def report(name: str, times: list[float]) -> None:
    """One line: median and the slowest of twenty."""
    ordered = sorted(times)
    middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    click.echo(f"{name:<22} median {middle:8.1f} ms   p95 {late:8.1f} ms   of {len(times)}")


if __name__ == "__main__":
    main()
