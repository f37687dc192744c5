"""How long the profile of 1,000,000 shop events takes: `python -m bench.profile [--events N]`. Prints one line.

Messages are the shop's own, of all producers, made before the clock starts; the limit is 20 s on 2 cores.
"""

import argparse
import os
import time
from itertools import islice

from catalog import contract
from lineage import profile
from stack.shop.clock import parse_time
from stack.shop.generate import Scenario, Stream

LIMIT_S = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    users = max(5_000, events // 60)
    scenario = Scenario(events=events, seed=7, start_ms=parse_time("2026-11-20T00:00:00Z"), users=users)
    stream = Stream(scenario=scenario)
    values = [message.value or b"" for message in islice(stream.messages(), events)]
    begun, cpu = time.perf_counter(), time.process_time()
    found = profile.of_messages(values, contract.load("kafka.ecommerce-events-raw"))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    size = sum(map(len, values)) / 1e6
    print(
        f"{found.rows:,} messages ({size:,.0f} MB), {len(found.columns)} columns, {found.unreadable:,} unreadable: "
        f"{seconds:.1f} s, {cpu:.1f} CPU s on {os.cpu_count()} cores (limit {LIMIT_S} s for 1,000,000 x 30)"
    )


if __name__ == "__main__":
    main()
