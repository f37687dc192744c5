"""Processes of a home that outlived their supervisor or parent: found by marks that each of them carries, and ended."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

# They write their title over their environment, so the folder that they work in must do as a mark.
_BY_FOLDER = {"postgres": "postgres", "redis-server": "redis"}


def _belongs(process: psutil.Process, root: Path, server: str | None) -> bool:
    try:
        if folder := _BY_FOLDER.get(process.name()):
            return server in (None, folder) and Path(process.cwd()) == root / "data" / folder
        environ = process.environ()
    except (psutil.Error, OSError):
        return False
    return environ.get("STACK_SUPERVISED") == str(root) and server in (None, environ.get("STACK_SERVER"))


def find(root: Path, server: str | None = None) -> Iterator[psutil.Process]:
    """The processes that were started for the home `root` (for one of its servers), this one and its parents not."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        if process.pid not in mine and _belongs(process, root, server):
            yield process


def end(root: Path, server: str | None = None, *, grace_s: float = 10) -> int:
    """Ask them to stop, and kill those that do not within `grace_s` seconds. Returns how many there were."""
    processes = list(find(root, server))
    for process in processes:
        try:
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
        except psutil.NoSuchProcess:
            continue
    _, stubborn = psutil.wait_procs(processes, timeout=grace_s)
    for process in stubborn:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(stubborn, timeout=5)
    return len(processes)


if __name__ == "__main__":
    end(Path(sys.argv[1]), sys.argv[2], grace_s=4)
