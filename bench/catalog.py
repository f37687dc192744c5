"""The index at the size of a large company: rebuild from event documents, a day's update, search, impact.

Size: 5,000 datasets of 20 columns, 5,000 jobs in 500 DAGs, 100,000 column edges, two runs of everything (20,000
events); a day is 2,000 events of 1,000 runs. Run: `python -m bench.catalog [--small]` (as a script it would hide the
package that it measures). Asserts orders of magnitude of processor time only.
"""

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from catalog import graph, history
from catalog.dataset import Dataset
from catalog.index import Index
from catalog.search import search

START = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = 20
BATCH = 2000
LIMITS = {"rebuild": 60.0, "update": 1.0, "search": 0.05, "impact": 0.1}
WORDS = (
    "order", "customer", "product", "price", "revenue", "session", "click", "stock", "invoice", "supplier", "region",
    "campaign", "basket", "refund",
)  # fmt: skip
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
                    "documentation": {"description": f"Loads {self.name(n)}."},
                    "ownership": {"owners": [{"name": f"team-{n % 40}"}]},
                    "sourceCodeLocation": {"type": "git", "url": "u", "path": f"dags/{n}.py", "version": f"r{number}"},
                }},
                "inputs": [self.dataset(source) for source in self.sources(n)],
                "outputs": [self.output(n, number, extra=extra, done=kind == "COMPLETE")],
            }  # fmt: skip

    def dataset(self, n: int, *, extra: bool = False) -> Json:
        names = [self.column(n, position) for position in range(COLUMNS)] + ["added_later"] * extra
        fields = [{"name": name, "type": "string(40)", "description": f"The {name} of dataset {n}"} for name in names]
        details = [{"path": name, "nullable": True, "length": 40} for name in names]
        return {"namespace": "postgres://h:5432", "name": self.name(n), "facets": {
            "schema": {"fields": fields}, "ecompulse_columnDetails": {"columns": details, "observed": True},
            "documentation": {"description": f"Everything about {self.name(n)}, once a day."},
            "ownership": {"owners": [{"name": f"team:team-{n % 40}"}]},
            "tags": {"tags": [{"key": "tier", "value": ("gold", "silver", "bronze")[n % 3]}]},
        }}  # fmt: skip

    def output(self, n: int, number: int, *, extra: bool, done: bool) -> Json:
        """Figures and checks come with the end: of 252 events that this pipeline sent, no START had any."""
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
        if not done:
            return found
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


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of each call: by the clock, and on the processor, which a busy machine does not blur."""

    clock: list[float]
    cpu: list[float]


def timed(calls: Iterable[Callable[[], object]]) -> Spent:
    spent = Spent([], [])
    for call in calls:
        clock, cpu = time.perf_counter(), time.process_time()
        call()
        spent.clock.append(time.perf_counter() - clock)
        spent.cpu.append(time.process_time() - cpu)
    return spent


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, round(0.95 * len(seconds)) - 1)]


def row(name: str, spent: Spent, limit: str = "") -> float:
    times = (statistics.median(spent.clock), p95(spent.clock), statistics.median(spent.cpu), p95(spent.cpu))
    print(f"{name:36} {len(spent.clock):5}" + "".join(f"{1000 * at:10.1f}" for at in times) + f"  {limit}", flush=True)
    return p95(spent.cpu)


def each(function: Callable[..., object], values: Iterable[Any], **more: Any) -> Iterator[Callable[[], object]]:
    """Calls with these values, each made when it is its turn: documents of other days are not held meanwhile."""
    return (partial(function, value, **more) for value in values)


def main() -> None:
    small = _arguments().small
    world, chance = World(500 if small else 5000), random.Random(7)
    with tempfile.TemporaryDirectory() as folder, Index.open(Path(folder) / "catalog.sqlite", {}) as index:
        print(f"{'':36} {'n':>5}{'median ms':>10}{'p95 ms':>10}{'median CPU':>10}{'p95 CPU':>10}  limit (p95)")
        spent = {
            "rebuild": _build(index, world),
            "update": _update(index, world),
            "search": _search(index, world, chance),
        }
        spent["impact"] = _walks(index, world, chance)
        tables = "(SELECT count(*) FROM event), (SELECT count(*) FROM entry WHERE kind = 'column'), count(*)"
        count = index.db.execute(f"SELECT {tables} FROM column_source").fetchone()
        size, memory = (
            (Path(folder) / "catalog.sqlite").stat().st_size,
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        )
        print(f"{count[0]:,} events, {count[1]:,} columns, {count[2]:,} column edges")
        print(f"file {size / 1e6:.0f} MB, memory {memory / 1024:.0f} MB")
    for name, seconds in spent.items():
        assert seconds < 5 * LIMITS[name], f"{name}: {seconds:.2f} CPU s, far beyond {LIMITS[name]} s"


def _build(index: Index, world: World) -> float:
    days = (world.events(number, range(world.size), START + timedelta(days=number)) for number in (1, 2))
    documents = chain.from_iterable(days)
    spent = timed(each(index.add, iter(lambda: list(islice(documents, BATCH)), [])))
    whole = Spent([sum(spent.clock)], [sum(spent.cpu)])
    return row(f"rebuild from {4 * world.size:,} events", whole, "< 60 s")


def _update(index: Index, world: World) -> float:
    part = world.size // 5
    days = (
        list(world.events(n + 3, range(n % 5 * part, (n % 5 + 1) * part), START + timedelta(days=n + 3), changed=50))
        for n in range(20)
    )
    return row(f"update, {2 * part:,} events of a day", timed(each(index.add, days)), "< 1 s")


def _search(index: Index, world: World, chance: random.Random) -> float:
    queries = [f"{chance.choice(WORDS)} {chance.choice(WORDS)}" for _ in range(100)]
    queries += [world.name(chance.randrange(world.size)) for _ in range(100)]
    return row("search", timed([partial(search, index, query) for query in queries]), "< 50 ms")


def _walks(index: Index, world: World, chance: random.Random) -> float:
    start = _table(world, 0)
    impact, lineage = partial(graph.impact, index), partial(graph.lineage, index, upstream=3, downstream=3)
    row("impact, first after a change", timed([partial(impact, start)]))
    sources = [_table(world, chance.randrange(world.size // 50)) for _ in range(60)]
    row("impact of a dataset near the sources", timed(each(impact, sources)), "< 100 ms")
    asked = [_table(world, chance.randrange(world.size)) for _ in range(200)]
    row("impact of a column", timed([partial(impact, one, column=_column(index, one)) for one in asked]), "< 100 ms")
    row("lineage, 3 hops", timed(each(lineage, asked)))
    row("dataset", timed(each(index.dataset, asked)))
    row("all datasets", timed([index.datasets] * 5))
    row("versions", timed(each(partial(history.versions, index), asked)))
    row("changes of a week", timed([partial(history.changes, index, since=START + timedelta(days=3))] * 5))
    return row("impact of any dataset", timed(each(impact, asked)), "< 100 ms")


def _table(world: World, n: int) -> Dataset:
    return Dataset("postgres://h:5432", world.name(n))


def _column(index: Index, dataset: Dataset) -> str:
    return index.dataset(dataset).columns[3].path


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    return parser.parse_args()


if __name__ == "__main__":
    main()
