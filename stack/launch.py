"""Bringing servers up side by side, each as soon as what it needs is ready."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from stack import ready
from stack.errors import ServerFailed
from stack.server import Server, Site, write_script
from stack.supervision import Supervisor

Report = Callable[[str], None]
STARTS = 3
"""A server that has ended as often while it was waited for will not come up: some begin to fail after seconds only."""


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log file; empty when there is none."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


class Launch:
    """A thread for each server, which waits for the servers that it needs: nothing waits for what it does not need."""

    def __init__(self, site: Site, supervisor: Supervisor) -> None:
        self._site, self._supervisor = site, supervisor
        self._errors: list[BaseException] = []  # the first is the cause, the others gave up because of it
        self._threads: dict[str, Future[float]] = {}

    def run(self, chosen: Sequence[Server], report: Report) -> None:
        """Bring up all of `chosen` and report each with its seconds; when one fails the others are not waited for.

        What makes data folders comes first, with the machine to itself: all that follows wants them, and wants the
        processor too.
        """
        with ThreadPoolExecutor(max_workers=len(chosen)) as pool:
            list(pool.map(self._prepare, chosen))
            for server in chosen:
                self._threads[server.name] = pool.submit(self._bring_up, server)
            try:
                self._report(report)
            except BaseException as error:  # Ctrl-C too: the threads look here and end
                self._errors.append(error)
                raise

    def _report(self, report: Report) -> None:
        waited_for = {thread: name for name, thread in self._threads.items()}
        while waited_for:
            done, _ = wait(waited_for, timeout=15, return_when=FIRST_COMPLETED)
            if self._errors:
                raise self._errors[0]
            for thread in done:
                report(f"{waited_for.pop(thread):<22} ready after {thread.result():5.1f} s")
            if not done:
                report(f"waiting for {', '.join(waited_for.values())}")

    def _prepare(self, server: Server) -> None:
        if not self._supervisor.is_up(server.name):
            server.prepare()
            write_script(server, home=self._site.home, python=sys.executable)

    def _bring_up(self, server: Server) -> float:
        self._join(server.needs)
        begun = time.monotonic()
        try:
            self._supervisor.start(server.name)
            self._join(server.awaits)
            server.provide()
            self._await(server)
        except BaseException as error:
            self._errors.append(error)
            raise
        return time.monotonic() - begun

    def _join(self, names: Sequence[str]) -> None:
        for name in names:
            self._threads[name].result()

    def _await(self, server: Server) -> None:
        pids: set[int] = set()

        def is_alive() -> bool:
            state = self._supervisor.state(server.name)
            pids.add(state.pid)
            return not (self._errors or state.has_given_up or len(pids - {0}) > STARTS)

        missing = ready.wait(lambda: server.ready(self._site.environment), timeout_s=server.start_s, alive=is_alive)
        if missing:
            log = self._site.home.log(server.name)
            if len(pids - {0}) > STARTS:
                missing = f"ended {STARTS} times; {missing}"
                self._supervisor.stop([server.name])
            raise ServerFailed(server.name, missing, tail(log), log)
        server.settle()
