"""Which port each server listens on: the usual one when free, else a free one, and the same again after a restart."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from stack.errors import BadPort, PortTaken
from stack.home import Home, write_private

DEFAULTS: Mapping[str, int] = {
    "kafka": 19092,
    "kafka-controller": 19093,
    "postgres": 15432,
    "redis": 16379,
    "s3": 15001,
    "glue": 15002,
    "marquez": 5000,
    "slack": 15080,
    "mail": 15025,
    "shop": 15090,
    "catalog": 8090,
    "airflow-api": 8080,
}


def variable(name: str) -> str:
    """The environment variable that pins the port of `name`."""
    return f"STACK_PORT_{name.upper().replace('-', '_')}"


OFFSET = "STACK_PORT_OFFSET"


def usual(environ: Mapping[str, str]) -> Mapping[str, int]:
    """The usual ports, moved by STACK_PORT_OFFSET: a second set of servers on one machine with ports of its own.

    Raises:
        BadPort: that is no number, or leads to something that is no port.
    """
    text = environ.get(OFFSET) or "0"
    if not text.isdecimal() or max(DEFAULTS.values()) + int(text) > 65535:
        raise BadPort(OFFSET, text)
    return {name: port + int(text) for name, port in DEFAULTS.items()}


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def claims() -> Iterator[Callable[[int], bool]]:
    """Ports for one start: gives a function that says whether a port is free, and if so keeps it for us until the end.

    Between the choice of a port and the moment when its server listens there are seconds, in which the start of another
    home must not choose it too. What it sees is an abstract socket of the port's name: the system forgets it with us.
    """
    with ExitStack() as held:

        def claim(port: int) -> bool:
            name = held.enter_context(socket.socket(socket.AF_UNIX))
            try:
                name.bind(f"\0ecompulse/port/{port}")
            except OSError:
                return False
            return is_free(port)

        yield claim


def _any_free(usable: Callable[[int], bool], taken: Collection[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken and usable(port):
            return port


def choose(
    *,
    kept: Mapping[str, int],
    pinned: Mapping[str, int],
    ours: Collection[str],
    usable: Callable[[int], bool],
    wished: Mapping[str, int] = DEFAULTS,
) -> dict[str, int]:
    """A port for every name of DEFAULTS, no two alike.

    Args:
        kept: the ports of the last start. pinned: the ports the user asks for.
        ours: names whose server runs now, so that its kept port is busy because of us.
        usable: whether a port is free; asked once for each.
        wished: the ports to take when nothing else is said.

    Raises:
        PortTaken: a pinned port is somebody else's.
    """
    chosen: dict[str, int] = {name: kept[name] for name in ours if name in kept}
    for name, port in pinned.items():
        if name not in chosen and (port in chosen.values() or not usable(port)):
            raise PortTaken(name, port, variable(name))
        chosen.setdefault(name, port)
    for name, default in wished.items():
        if name not in chosen:
            wishes = dict.fromkeys(port for port in (kept.get(name), default) if port not in {None, *chosen.values()})
            free = next((port for port in wishes if port and usable(port)), None)
            chosen[name] = free or _any_free(usable, {*chosen.values(), *wished.values()})
    return {name: chosen[name] for name in DEFAULTS}


def pins(environ: Mapping[str, str]) -> dict[str, int]:
    """The ports that STACK_PORT_* ask for.

    Raises:
        BadPort: one of them is no number of a port.
    """
    asked = {name: environ[variable(name)] for name in DEFAULTS if environ.get(variable(name))}
    for name, value in asked.items():
        if not value.isdecimal() or not 0 < int(value) < 65536:
            raise BadPort(variable(name), value)
    return {name: int(value) for name, value in asked.items()}


def read(home: Home) -> dict[str, int]:
    """The ports of the last start; empty before the first."""
    path = home.root / "ports.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def assign(
    home: Home, *, ours: Collection[str], environ: Mapping[str, str], usable: Callable[[int], bool]
) -> dict[str, int]:
    """Choose the ports of this start and write them to `ports.json`."""
    ports = choose(kept=read(home), pinned=pins(environ), ours=ours, usable=usable, wished=usual(environ))
    write_private(home.root / "ports.json", json.dumps(ports, indent=1))
    return ports
