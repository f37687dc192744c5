"""Events per second of `shop generate` to a file, on one core: `python bench/shop.py [EVENTS]`.

Target: 50,000 events/s, building the catalogue included; about 80,000 are reached. CPU seconds are given beside the
clock's, because the clock says little on a busy machine.
"""

from __future__ import annotations

import platform
import resource
import sys
import tempfile
import time
from pathlib import Path

from stack.shop.generate import Scenario, Stream, uncollected
from stack.shop.message import write


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 500_000
    stream = Stream(
        scenario=Scenario(events=events, seed=7, start_ms=1_795_132_800_000, users=max(5_000, events // 60))
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        started, cpu = time.perf_counter(), time.process_time()
        with path.open("wb") as out, uncollected():
            write(stream.messages(), out)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        megabytes = path.stat().st_size / 1e6
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{events:,} events, {megabytes:,.0f} MB, peak memory {peak_mb:,.0f} MB, Python {platform.python_version()}")
    print(
        f"{seconds:.2f} s: {events / seconds:,.0f} events/s; {cpu_seconds:.2f} CPU s: {events / cpu_seconds:,.0f}/CPU s"
    )


if __name__ == "__main__":
    main()
