"""How long a review takes on a snapshot of 5,000 datasets: export, and a branch that changes 50 of their contracts.

Usage: python -m bench.review [--small]; limit: a review in less than 10 s.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bench.catalog import BATCH, COLUMNS, World
from catalog.index import Index
from catalog.review.affected import Record
from catalog.review.compare import review
from catalog.review.declared import CONTRACTS
from catalog.review.repository import branch
from catalog.review.snapshot import export, opened

CHANGED = 50
LIMIT_S = 10.0
START = datetime(2026, 11, 1, tzinfo=UTC)


def contract(world: World, n: int, *, changed: bool) -> str:
    """Dataset n as a contract; changed: without its fourth column."""
    name = world.name(n).rsplit(".", 1)[-1]
    columns = [world.column(n, at) for at in range(COLUMNS) if not (changed and at == 3)]
    rows = "".join(f"      - {{name: {one}, logicalType: string, physicalType: string(40)}}\n" for one in columns)
    return (
        f"apiVersion: v3.2.0\nkind: DataContract\nid: warehouse.{name}\nname: {name}\nversion: 1.0.0\nstatus: active\n"
        f"team: {{name: team-{n % 40}}}\ncustomProperties:\n  - {{property: tier, value: gold}}\nschema:\n"
        f"  - name: {name}\n    physicalName: {name}\n    properties:\n{rows}"
    )


def write(folder: Path, world: World, *, changed: bool) -> None:
    every = world.size // CHANGED
    for n in range(world.size):
        if not changed or n % every == 0:
            name = world.name(n).rsplit(".", 1)[-1]
            (folder / f"warehouse.{name}.yaml").write_text(contract(world, n, changed=changed), encoding="utf-8")


def repository(top: Path, world: World) -> None:
    """Every dataset's contract committed, then some changed in the working tree."""
    folder = top / CONTRACTS
    folder.mkdir(parents=True)
    write(folder, world, changed=False)
    who = ("-c", "user.name=bench", "-c", "user.email=bench@example.com")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "base")):
        subprocess.run(["git", "-C", str(top), *words], check=True)
    write(folder, world, changed=True)


def fill(index: Index, world: World) -> None:
    for number in (1, 2):
        documents = list(world.events(number, range(world.size), START + timedelta(days=number)))
        for start in range(0, len(documents), BATCH):
            index.add(documents[start : start + BATCH])


def timed(name: str, call: Callable[[], object]) -> float:
    clock, cpu = time.perf_counter(), time.process_time()
    call()
    spent = time.perf_counter() - clock
    print(f"{name:44} {spent:8.2f} s  CPU {time.process_time() - cpu:7.2f} s", flush=True)
    return spent


def reviewed(top: Path, file: Path) -> None:
    both = branch(top, "HEAD")
    with opened(file, both.before.contracts) as index:
        found = review(both, record=Record(index=index, basis="snapshot"), today=date(2026, 11, 25))
    assert len(found.findings) >= CHANGED, found.problems
    verdicts = sum(len(one.finding.verdicts) for one in found.findings)
    named = sum(1 for one in found.findings if one.observed)
    print(f"  {len(found.findings)} findings, {verdicts} verdicts, {named} held against the record")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    world = World(500 if parser.parse_args().small else 5000)
    with tempfile.TemporaryDirectory() as folder:
        top, file, full = Path(folder) / "repository", Path(folder) / "snapshot.sqlite", Path(folder) / "index.sqlite"
        with Index.open(full, {}) as index:
            timed(f"index of {world.size:,} datasets", lambda: fill(index, world))
            timed("export", lambda: export(index, file))
        print(f"index {full.stat().st_size / 1e6:.0f} MB, snapshot {file.stat().st_size / 1e6:.0f} MB")
        repository(top, world)
        spent = timed(f"review of {CHANGED} changed contracts", lambda: reviewed(top, file))
        timed("the same, declared only", lambda: review(branch(top, "HEAD"), record=None, today=date(2026, 11, 25)))
        assert spent < LIMIT_S, f"{spent:.1f} s is not below {LIMIT_S} s"


if __name__ == "__main__":
    main()
