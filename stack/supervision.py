"""The supervisor of one home: a daemon that restarts what dies; we speak to it over a unix socket."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import xmlrpc.client
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import psutil

from stack import leftovers, ready
from stack.errors import ServerFailed
from stack.home import Home, write_private
from stack.server import Server, inherited

_DOWN = {"STOPPED", "EXITED", "FATAL", "UNKNOWN", "BACKOFF"}


def _quoted(text: object) -> str:
    return '"' + str(text).replace("%", "%%").replace('"', '\\"') + '"'


def configuration(home: Home, servers: Iterable[Server]) -> str:
    """The supervisor's configuration. It says nothing that changes between starts: commands are in scripts."""
    plain = str(home.root).replace("%", "%%")
    socket = str(home.sockets / "s").replace("%", "%%")
    lines = [
        f"[unix_http_server]\nfile={socket}\nchmod=0700",
        f"[supervisord]\nlogfile={plain}/logs/supervisord.log\npidfile={plain}/supervisord.pid\nchildlogdir={plain}/logs",
        "logfile_maxbytes=5MB\nlogfile_backups=1" + ("\nuser=root" if os.getuid() == 0 else ""),
        "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for one in servers:
        lines.append(
            f"[program:{one.name}]\ncommand=/bin/sh {_quoted(home.script(one.name))}\ndirectory={plain}\n"
            f"autostart=false\nautorestart=true\nstartsecs=1\nstartretries=4\n"
            f"stopsignal={one.stop_signal}\nstopwaitsecs={one.stop_s}\nkillasgroup=true\n"
            f"redirect_stderr=true\nstdout_logfile={plain}/logs/{one.name}.log\n"
            f"stdout_logfile_maxbytes=10MB\nstdout_logfile_backups=2"
        )
    return "\n".join([*lines, ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the supervisor says of one server. `since` is a Unix time, 0 before the first start."""

    name: str
    state: str = "UNKNOWN"
    pid: int = 0
    since: int = 0

    @property
    def has_given_up(self) -> bool:
        """Whether the server ended again and again, so that nothing will start it any more."""
        return self.state in {"FATAL", "STOPPED", "UNKNOWN"}


class Supervisor:
    """The daemon of `home`; need not run yet."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def _call(self, method: str, *arguments: object) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self._home.sockets / 's'}")
        with cast(Any, xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def is_running(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def clear(self) -> None:
        """End what an earlier daemon that was killed has left behind; needed before ports are chosen."""
        leftovers.end(self._home.root)
        (self._home.sockets / "s").unlink(missing_ok=True)

    def launch(self, servers: Iterable[Server]) -> None:
        """Start the daemon; call `clear` before.

        Raises:
            ServerFailed: the daemon itself does not start.
            ForeignFolder: the folder for its socket is somebody else's.
        """
        self._home.make_sockets()
        config = self._home.config("supervisord.conf")
        write_private(config, configuration(self._home, servers))
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
        marks = {"STACK_SUPERVISED": str(self._home.root), "STACK_SERVER": "supervisor"}
        marked = inherited(os.environ) | marks
        done = subprocess.run(command, env=marked, capture_output=True, text=True, check=False)
        if done.returncode or ready.wait(lambda: None if self.is_running() else "no answer", timeout_s=20):
            log = self._home.log("supervisord")
            raise ServerFailed("supervisor", f"exit code {done.returncode}", done.stderr or done.stdout, log)

    def states(self) -> dict[str, State]:
        """Every server's state by name; empty when the daemon does not run."""
        if not self.is_running():
            return {}
        found = [
            State(name=one["name"], state=one["statename"], pid=one["pid"], since=one["start"])
            for one in self._call("getAllProcessInfo")
        ]
        return {state.name: state for state in found}

    def is_up(self, name: str) -> bool:
        """Whether the server is there or on its way; one that is stopping is waited for, and is not."""
        ready.wait(lambda: "stopping" if self.state(name).state == "STOPPING" else None, timeout_s=60)
        return self.state(name).state not in _DOWN

    def start(self, name: str) -> None:
        """Start one server; does nothing when it is up or on its way. BACKOFF restarts by itself."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise

    def state(self, name: str) -> State:
        """One server's state, UNKNOWN when the daemon does not know it or does not run."""
        return self.states().get(name, State(name=name))

    def stop(self, names: Iterable[str]) -> None:
        """Stop servers side by side and wait until each has ended; those that are down are passed over."""
        states = self.states()
        going = [name for name in names if name in states and states[name].state not in {"STOPPED", "EXITED", "FATAL"}]
        for name in going:
            try:
                self._call("stopProcess", name, False)
            except xmlrpc.client.Fault as fault:
                if "NOT_RUNNING" not in fault.faultString:
                    raise
        ready.wait(lambda: "stopping" if self._any_left(going) else None, timeout_s=60)

    def _any_left(self, names: Iterable[str]) -> bool:
        states = self.states()
        return any(states[name].state not in {"STOPPED", "EXITED", "FATAL"} for name in names if name in states)

    def shut_down(self, *, report: Callable[[str], None]) -> None:
        """End the daemon, and every process of the home that is still there."""
        if self.is_running():
            pid = self._call("getPID")
            self._call("shutdown")
            # Asked, it wakes up and takes its next step towards the end; left alone, once a second.
            ready.wait(lambda: "running" if self.is_running() or psutil.pid_exists(pid) else None, timeout_s=60)
        if count := leftovers.end(self._home.root):
            report(f"ended {count} processes that were left over")
        shutil.rmtree(self._home.sockets, ignore_errors=True)
