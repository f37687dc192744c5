"""All servers of one home together: `start`, `stop`, `status`, and the environment for their clients."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stack import airflow, glue, jars, java, kafka, ports, postgres, ready, redis, s3, services, sinks
from stack import environment as variables
from stack.errors import NeverStarted, UnknownServer
from stack.home import Home, alone, check_disk, write_private
from stack.launch import Launch, Report
from stack.server import Server, Site
from stack.supervision import Supervisor

AIRFLOW = ("airflow-api", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer")
# Each tuple is stopped together, in this order: first who asks, then who answers.
STOP_ORDER = (
    AIRFLOW,
    ("relay", "catalog"),
    ("marquez", "shop", "slack", "mail", "glue"),
    ("kafka", "s3"),
    ("postgres", "redis"),
)
NAMES = tuple(ready.PROBES)
NEEDED_BYTES = 2_000_000_000


def _silent(line: str) -> None:
    """Report to nobody."""


def expand(names: Iterable[str], *, without: Iterable[str] = ()) -> tuple[str, ...]:
    """The servers that are meant, in the order of NAMES: `airflow` is all its four parts; no names mean all servers.

    Each part brings PostgreSQL along, and the API server, which is who knows how the others are.

    Raises:
        UnknownServer: for a name that is none of them.
    """
    wanted, unwanted = ({part for name in some for part in _parts(name)} for some in (names, without))
    chosen = {name for name in (wanted or NAMES) if name not in unwanted}
    if chosen & set(AIRFLOW):
        chosen |= {"postgres", "airflow-api"}
    return tuple(name for name in NAMES if name in chosen)


def _parts(name: str) -> tuple[str, ...]:
    if name == "airflow":
        return AIRFLOW
    if name not in NAMES:
        raise UnknownServer(name, (*NAMES, "airflow"))
    return (name,)


def servers(site: Site) -> dict[str, Server]:
    """All servers by name, whether they are wanted or not."""
    single = (kafka.server, postgres.server, redis.server, s3.server, glue.server)
    own = (services.marquez, sinks.slack, sinks.mail, services.shop, services.relay, services.catalog)
    return {one.name: one for one in (*(make(site) for make in (*single, *own)), *airflow.servers(site))}


def _survey(
    home: Home, supervisor: Supervisor, *, usable: Callable[[int], bool], environ: Mapping[str, str], report: Report
) -> Site:
    """Choose what this start runs with, and write it where clients find it."""
    java_home = java.find(environ)
    jars_folder = jars.prepare(environ, report)
    running = [name for name in supervisor.states() if supervisor.is_up(name)]
    ours = [*running, *(["kafka-controller"] if "kafka" in running else [])]
    numbers, secrets = ports.assign(home, ours=ours, environ=environ, usable=usable), home.secrets()
    known = variables.build(
        home,
        ports=numbers,
        secrets=secrets,
        jars_folder=jars_folder,
        environ=environ,
        now=datetime.now(UTC),
    )
    write_private(home.root / "env", variables.as_shell(known))
    return Site(home=home, ports=numbers, secrets=secrets, environment=known, jars=jars_folder, java_home=java_home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Servers that are up. `environment` is what their clients need."""

    home: Home
    names: tuple[str, ...]
    environment: Mapping[str, str]

    def stop(self) -> None:
        """Stop every server of the home; the data stays."""
        stop(self.home)


def start(
    home: Home | Path,
    names: Iterable[str] = (),
    *,
    without: Iterable[str] = (),
    report: Report = _silent,
    environ: Mapping[str, str] = os.environ,
) -> Platform:
    """Start what does not run yet of the named servers (all when none is named), and wait until each is ready.

    Safe to repeat, and to run after anything: what an earlier start has left behind, however it ended, is used or
    cleared away.

    Raises:
        StackError: one of its kinds; the servers that did come up stay up.
    """
    home = home if isinstance(home, Home) else Home.locate(home, environ)
    chosen = expand(names, without=without)
    home.make()
    # Databases that cannot write stop in ugly ways.
    check_disk(home.root, needed_bytes=NEEDED_BYTES, variable="STACK_HOME")
    with alone(home.root):
        known = _start(home, chosen, report=report, environ=environ)
    return Platform(home=home, names=chosen, environment=known)


def _start(home: Home, chosen: Sequence[str], *, report: Report, environ: Mapping[str, str]) -> Mapping[str, str]:
    supervisor = Supervisor(home)
    is_new = not supervisor.is_running()
    if is_new:
        supervisor.clear()
    with ports.claims() as usable:
        site = _survey(home, supervisor, usable=usable, environ=environ, report=report)
        every = servers(site)
        if is_new:
            supervisor.launch(every.values())
        Launch(site, supervisor).run([every[name] for name in chosen], report)
    return site.environment


def stop(home: Home, *, report: Report = _silent) -> None:
    """Stop every server of the home in good order, and its supervisor. Does nothing when nothing runs."""
    if not home.root.exists():
        return
    with alone(home.root):
        supervisor = Supervisor(home)
        for group in STOP_ORDER:
            begun, states = time.monotonic(), supervisor.states()
            up = [name for name in group if name in states and states[name].pid]
            supervisor.stop(group)
            if up:
                report(f"stopped {', '.join(up)} in {time.monotonic() - begun:.1f} s")
        supervisor.shut_down(report=report)


def forget(home: Home, names: Iterable[str]) -> None:
    """Delete the data of some servers; call `stop` before. Airflow's metadata is in PostgreSQL, its logs here."""
    for name in names:
        shutil.rmtree(home.data("airflow" if name in AIRFLOW else name), ignore_errors=True)


def environment(home: Home) -> dict[str, str]:
    """What the clients of this home need, as the last start wrote it to the file `env`.

    Raises:
        NeverStarted: there was no start.
    """
    path = home.root / "env"
    if not path.exists():
        raise NeverStarted(home.root)
    return variables.from_shell(path.read_text())


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One line of `stack status`. `problem` is None when the server is ready; `memory_mb` counts its children too."""

    name: str
    state: str
    pid: int | None
    port: int | None
    uptime_s: int | None
    memory_mb: int | None
    problem: str | None


def status(home: Home) -> tuple[Condition, ...]:
    """How every server is, in the order of NAMES; those that were never asked for are STOPPED."""
    states, numbers = Supervisor(home).states(), ports.read(home)
    known = environment(home) if states else {}

    def condition(name: str) -> Condition:
        state = states.get(name)
        is_running = state is not None and state.pid > 0
        return Condition(
            name=name,
            state=state.state if state else "STOPPED",
            pid=state.pid if state and is_running else None,
            port=numbers.get(name),
            uptime_s=int(time.time()) - state.since if state and is_running else None,
            memory_mb=_memory_mb(state.pid) if state and is_running else None,
            problem=ready.PROBES[name](known) if is_running else "not started",
        )

    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(condition, NAMES))


def _memory_mb(pid: int) -> int | None:
    """Proportional memory of a process and its children; pages that they share count once."""
    import psutil

    try:
        parent = psutil.Process(pid)
        return sum(one.memory_full_info().pss for one in (parent, *parent.children(recursive=True))) // 1_000_000
    except psutil.Error:
        return None
