"""The index at the size of a large company: rebuild from event documents, a day's update, search, impact.

Size: 5,000 datasets of 20 columns, 5,000 jobs in 500 DAGs, 100,000 column edges, two runs of everything (about 21,000
events); a day is 2,000 events of 1,000 runs. Run: python -m bench.catalog [--small] (as a script it would hide the package it measures). Asserts orders of magnitude only.
"""

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from catalog import graph, history
from catalog.dataset import Dataset
from catalog.index import Index
from catalog.search import search

START = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = 20
LIMITS = {"rebuild": 60.0, "update": 1.0, "search": 0.05, "impact": 0.1}
WORDS = (
    ["order", "customer", "product", "price", "revenue", "session", "click", "stock", "invoice", "supplier", "region", "campaign", "basket", "refund"]
)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """Dataset n is written by job n from a few datasets before it, in layers, so that changes reach far but not all."""

    size: int

    def name(self, n: int) -> str:
        return f"wh.{WORDS[n % 14]}.{WORDS[n // 14 % 14]}_{WORDS[n // 196 % 14]}_{n}"

    def sources(self, n: int) -> list[int]:
        chance = random.Random(n)
        return sorted({max(0, n - chance.randint(1, 400)) for _ in range(chance.randint(1, 3))} - {n})

    def column(self, n: int, position: int) -> str:
        return f"{WORDS[(n + position) % 14]}_{WORDS[position % 14]}_{position}"

    def run(self, n: int, number: int, at: datetime, *, extra: bool = False) -> Iterator[Json]:
        dag = {"job": {"namespace": "etl", "name": f"dag_{n // 10}"}, "run": {"runId": _uuid(f"dag{n // 10}-{number}")}}
        for kind, when in (("START", at), ("COMPLETE", at + timedelta(minutes=2))):
            yield {
                "eventType": kind, "eventTime": when.isoformat(), "producer": "bench",
                "run": {"runId": _uuid(f"{n}-{number}"), "facets": {"parent": dag}},
                "job": {"namespace": "etl", "name": f"dag_{n // 10}.load_{n}", "facets": {
                    "documentation": {"description": f"Loads {self.name(n)}."}, "ownership": {"owners": [{"name": f"team-{n % 40}"}]},
                    "sourceCodeLocation": {"type": "git", "url": "u", "path": f"dags/{n}.py", "version": f"r{number}"},
                }},
                "inputs": [self.dataset(source) for source in self.sources(n)],
                "outputs": [self.output(n, number, extra=extra)],
            }  # fmt: skip

    def dataset(self, n: int, *, extra: bool = False) -> Json:
        names = [self.column(n, position) for position in range(COLUMNS)] + ["added_later"] * extra
        return {"namespace": "postgres://h:5432", "name": self.name(n), "facets": {
            "schema": {"fields": [{"name": name, "type": "string(40)", "description": f"The {name} of dataset {n}"} for name in names]},
            "ecompulse_columnDetails": {"columns": [{"path": name, "nullable": True, "length": 40} for name in names], "observed": True},
            "documentation": {"description": f"Everything about {self.name(n)}, once a day."},
            "ownership": {"owners": [{"name": f"team:team-{n % 40}"}]},
            "tags": {"tags": [{"key": "tier", "value": ("gold", "silver", "bronze")[n % 3]}]},
        }}  # fmt: skip

    def output(self, n: int, number: int, *, extra: bool) -> Json:
        sources = self.sources(n)
        found = self.dataset(n, extra=extra)
        if sources:
            found["facets"]["columnLineage"] = {"fields": {
                self.column(n, position): {"inputFields": [{
                    "namespace": "postgres://h:5432", "name": self.name(sources[position % len(sources)]),
                    "field": self.column(sources[position % len(sources)], position),
                    "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
                }]} for position in range(COLUMNS)
            }}  # fmt: skip
        figures = {self.column(n, position): {"nullCount": position, "distinctCount": number} for position in range(4)}
        found["outputFacets"] = {"outputStatistics": {"rowCount": 1000 + number, "size": 10_000}}
        found["inputFacets"] = {
            "dataQualityMetrics": {"rowCount": 1000, "columnMetrics": figures},
            "dataQualityAssertions": {
                "assertions": [{"assertion": "not_null", "success": n % 97 > 0, "column": self.column(n, 0)}]
            },
        }
        return found

    def events(self, number: int, jobs: range, begin: datetime, *, changed: int = 0) -> Iterator[Json]:
        for n in jobs:
            yield from self.run(
                n, number, begin + timedelta(seconds=10 * (n - jobs.start)), extra=changed > 0 and n % changed == 0
            )


def _uuid(text: str) -> str:
    return str(uuid5(NAMESPACE_URL, text))


def timed(calls: list[Callable[[], object]]) -> list[float]:
    spent = []
    for call in calls:
        begin = time.perf_counter()
        call()
        spent.append(time.perf_counter() - begin)
    return spent


def row(name: str, spent: list[float], limit: str) -> float:
    p95 = sorted(spent)[max(0, round(0.95 * len(spent)) - 1)]
    print(
        f"{name:34} {len(spent):5} {statistics.median(spent) * 1000:10.1f} {p95 * 1000:10.1f} {max(spent) * 1000:10.1f}  {limit}"
    )
    return p95


def main() -> None:
    small = _arguments().small
    world, chance = World(500 if small else 5000), random.Random(7)
    documents = [
        one for number in (1, 2) for one in world.events(number, range(world.size), START + timedelta(days=number))
    ]
    with tempfile.TemporaryDirectory() as folder, Index.open(Path(folder) / "catalog.sqlite", {}) as index:
        print(f"{'':34} {'n':>5} {'median ms':>10} {'p95 ms':>10} {'max ms':>10}  limit")
        parts = [documents[at : at + 2000] for at in range(0, len(documents), 2000)]
        build = timed([lambda part=part: index.add(part) for part in parts])  # type: ignore[misc]
        print(f"{'rebuild, whole':34} {len(documents):5} {'':10} {'':10} {sum(build) * 1000:10.1f}  < 60 s")
        days = [
            list(
                world.events(number, range(begin, begin + world.size // 5), START + timedelta(days=number), changed=50)
            )
            for number, begin in ((n + 3, n % 5 * world.size // 5) for n in range(12))
        ]
        update = row("update, 2,000 events of a day", timed([lambda day=day: index.add(day) for day in days]), "< 1 s")  # type: ignore[misc]
        queries = [f"{chance.choice(WORDS)} {chance.choice(WORDS)}" for _ in range(100)] + [
            world.name(chance.randrange(world.size)) for _ in range(100)
        ]
        searched = row("search", timed([lambda q=q: search(index, q) for q in queries]), "< 50 ms")  # type: ignore[misc]
        start = Dataset("postgres://h:5432", world.name(0))
        row("impact, first after a change", timed([lambda: graph.impact(index, start)]), "")
        asked = [Dataset("postgres://h:5432", world.name(chance.randrange(world.size // 50))) for _ in range(60)]
        impact = row(
            "impact of a dataset near the source",
            timed([lambda d=d: graph.impact(index, d) for d in asked]),
            "< 100 ms",
        )  # type: ignore[misc]
        asked = [Dataset("postgres://h:5432", world.name(chance.randrange(world.size))) for _ in range(200)]
        impact = row("impact of any dataset", timed([lambda d=d: graph.impact(index, d) for d in asked]), "< 100 ms")  # type: ignore[misc]
        row(
            "impact of a column",
            timed([lambda d=d: graph.impact(index, d, column=index.dataset(d).columns[3].path) for d in asked]),
            "< 100 ms",
        )  # type: ignore[misc]
        row(
            "lineage, 3 hops", timed([lambda d=d: graph.lineage(index, d, upstream=3, downstream=3) for d in asked]), ""
        )  # type: ignore[misc]
        row("dataset", timed([lambda d=d: index.dataset(d) for d in asked]), "")  # type: ignore[misc]
        row("all datasets", timed([index.datasets] * 5), "")
        row("versions", timed([lambda d=d: history.versions(index, d) for d in asked]), "")  # type: ignore[misc]
        row("changes of a week", timed([lambda: history.changes(index, since=START + timedelta(days=3))] * 5), "")
        count = index.db.execute(
            "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM entry WHERE kind = 'column'), (SELECT count(*) FROM column_source)"
        ).fetchone()
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count[0]:,} events, {count[1]:,} columns, {count[2]:,} column edges; file {(Path(folder) / 'catalog.sqlite').stat().st_size / 1e6:.0f} MB, memory {used:.0f} MB"
        )
    for name, spent in {"rebuild": sum(build), "update": update, "search": searched, "impact": impact}.items():
        assert spent < 5 * LIMITS[name], f"{name}: {spent:.2f} s, far beyond {LIMITS[name]} s"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    return parser.parse_args()


if __name__ == "__main__":
    main()
