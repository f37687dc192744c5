"""What a server is: how it is started, when it is ready, how it is stopped. The modules beside this make one each."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from stack.errors import PackageMissing, StepFailed
from stack.home import Home, Secrets, write_private

Environment = Mapping[str, str]
Probe = Callable[[Environment], str | None]  # what is still missing, None when ready


def _nothing() -> None:
    """A server with no step at this point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that the servers of one home are made from."""

    home: Home
    ports: Mapping[str, int]
    secrets: Secrets
    environment: Environment  # what clients need, see stack.environment
    jars: Path
    java_home: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One supervised process.

    `prepare` runs before the start, `provide` after it, and `settle` once it is ready; each does nothing when its work
    is already done, and runs in a thread of its own server. The server itself waits for what `provide` brings.
    `sweeps`: it leaves children behind when it is killed, which must end before the next one starts.
    """

    name: str
    command: tuple[str, ...]
    ready: Probe
    environment: Environment = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # servers that must be ready before `prepare`
    prepare: Callable[[], None] = _nothing
    awaits: tuple[str, ...] = ()  # servers that must be ready before `provide`
    provide: Callable[[], None] = _nothing
    settle: Callable[[], None] = _nothing
    stop_signal: str = "TERM"
    start_s: float = 180  # a server that ends is noticed at once; this is for one that is slow
    stop_s: int = 20
    sweeps: bool = False


def package_folder(name: str) -> Path:
    """The folder of an installed package that we want for its binaries, without running its code."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise PackageMissing(name)
    return Path(spec.origin).parent


def inherited(environ: Environment) -> dict[str, str]:
    """What servers take over from the caller: all but Airflow's settings, which are the home's alone."""
    return {key: value for key, value in environ.items() if not key.startswith("AIRFLOW_")}


def script(server: Server, *, home: Home, python: str) -> str:
    """The shell script that turns into `server`, so that the supervisor's child is the server itself."""
    marks = {"STACK_SUPERVISED": str(home.root), "STACK_SERVER": server.name, "SPT_NOENV": "1"}
    exports = [f"export {key}={shlex.quote(value)}" for key, value in sorted({**server.environment, **marks}.items())]
    sweep = [shlex.join([python, "-m", "stack.leftovers", str(home.root), server.name])] if server.sweeps else []
    return "\n".join(["#!/bin/sh", *exports, *sweep, f"exec {shlex.join(server.command)}", ""])


def write_script(server: Server, *, home: Home, python: str) -> None:
    """Write the server's script; it holds passwords, so only its owner may read it."""
    write_private(home.script(server.name), script(server, home=home, python=python), mode=0o700)


def step(
    name: str, command: list[str], *, log: Path, environment: Environment | None = None, words: str | None = None
) -> None:
    """Run one command to its end with its output in `log`; `words` is what it reads.

    Raises:
        StepFailed: it ended with an error; carries the last lines.
    """
    with log.open("a") as out:
        start = out.tell()
        done = subprocess.run(
            command, input=words, text=True, stdout=out, stderr=subprocess.STDOUT, env=environment, check=False
        )
    if done.returncode:
        raise StepFailed(name, "\n".join(log.read_text(errors="replace")[start:].splitlines()[-15:]))
