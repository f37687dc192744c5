"""The jars of the broker, the S3 server and Spark: fetched by Ivy, compared with jars.lock, put in place in one step.

They lie in $STACK_JARS or ~/.cache/ecompulse/jars, shared by all homes, in a folder named after the lock file:
a folder that exists is complete and was verified, whatever killed the process that made the one before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack import java
from stack.errors import JarMismatch, JarsUnavailable, SparkMissing
from stack.home import REPOSITORY, alone, check_disk

IVY_FILE = Path(__file__).with_name("ivy.xml")
LOCK_FILE = Path(__file__).with_name("jars.lock")
SETS = ("kafka", "s3", "spark")
NEEDED_BYTES = 1_000_000_000  # 450 MB of jars, and once more in Ivy's cache until they are in place
_PATTERN = "[conf]/[organisation]@[artifact]@[revision](@[classifier]).[ext]"
_HEADER = "# set org:name:version[:classifier] sha256, one jar a line; made by `python -m stack.jars` from ivy.xml\n"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Jar:
    """One line of the lock file."""

    set: str
    coordinate: str
    sha256: str

    @property
    def file(self) -> str:
        """Its path below the folder of jars."""
        return f"{self.set}/{'-'.join(self.coordinate.split(':')[1:])}.jar"


def parse_lock(text: str) -> tuple[Jar, ...]:
    """The jars that a lock file names, in its order."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return tuple(Jar(set=group, coordinate=coordinate, sha256=sha256) for group, coordinate, sha256 in lines)


def cache(environ: Mapping[str, str]) -> Path:
    """The folder of all versions of the jars."""
    return Path(environ.get("STACK_JARS") or Path.home() / ".cache" / "ecompulse" / "jars").absolute()


def folder(environ: Mapping[str, str]) -> Path:
    """Where the jars of this lock file are, or will be: `kafka/`, `s3/` and `spark/` below it."""
    return cache(environ) / hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:12]


def spark_home(environ: Mapping[str, str]) -> Path:
    """The folder of pyspark (with `bin/` and `jars/`) in Spark's own virtual environment.

    Raises:
        SparkMissing: that environment, or pyspark in it, is not there.
    """
    environment = Path(environ.get("STACK_SPARK_VENV") or REPOSITORY / ".venv-spark")
    found = sorted(environment.glob("lib/python3*/site-packages/pyspark"))
    if not found:
        raise SparkMissing(environment)
    return found[-1]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ivy(target: Path, ivy_cache: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """Run Ivy into `target` and give its lines as they come."""
    java_home = java.find(environ)
    shipped = spark_home(environ) / "jars"
    class_path = ":".join(str(next(shipped.glob(name))) for name in ("ivy-2.*.jar", "commons-cli-*.jar"))
    options = [f"-Divy.default.ivy.user.dir={ivy_cache}", *java.trust_options(java_home, environ, target)]
    command = [str(java_home / "bin/java"), *options, "-cp", class_path, "org.apache.ivy.Main", "-ivy", str(IVY_FILE)]
    command += ["-confs", *SETS, "-types", "jar", "bundle", "-retrieve", f"{target}/{_PATTERN}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        tail: list[str] = []
        for line in process.stdout:
            tail = [*tail[-14:], line.rstrip()]
            yield line.strip()
    if process.returncode:
        raise JarsUnavailable("\n".join(tail))


def _fetched(target: Path) -> Iterator[tuple[Jar, Path]]:
    for path in sorted(target.glob("*/*@*.jar")):
        yield Jar(set=path.parent.name, coordinate=path.stem.replace("@", ":"), sha256=_digest(path)), path


def _verify_and_rename(target: Path) -> None:
    """Compare what was fetched with the lock file, and give the files their usual names."""
    expected = {(jar.set, jar.coordinate): jar for jar in parse_lock(LOCK_FILE.read_text())}
    for jar, path in list(_fetched(target)):
        locked = expected.pop((jar.set, jar.coordinate), None)
        if locked is None:
            raise JarMismatch(jar.coordinate, "is not in the lock file")
        if locked.sha256 != jar.sha256:
            raise JarMismatch(jar.coordinate, f"has sha256 {jar.sha256}, not {locked.sha256}")
        path.rename(target / jar.file)
    for _, coordinate in expected:
        raise JarMismatch(coordinate, "was not delivered")


def prepare(environ: Mapping[str, str], report: Callable[[str], None]) -> Path:
    """Make sure that all jars are there, and return their folder. Does nothing when they are.

    Raises:
        JavaMissing, SparkMissing, DiskFull, JarsUnavailable, JarMismatch: and then nothing is in the folder's place.
    """
    ready = folder(environ)
    if ready.is_dir():
        return ready
    with alone(ready.parent):
        partial = ready.with_name(f"{ready.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        if not ready.is_dir():
            check_disk(ready.parent, needed_bytes=NEEDED_BYTES, variable="STACK_JARS")
            partial.mkdir()
            for line in _ivy(partial, ready.parent / "ivy", environ):
                if line.startswith("downloading"):
                    report(f"jars: {line.split('/')[-1].removesuffix(' ...')}")
            _verify_and_rename(partial)
            partial.rename(ready)
            shutil.rmtree(ready.parent / "ivy", ignore_errors=True)
    return ready


def write_lock(environ: Mapping[str, str]) -> None:
    """Resolve ivy.xml anew and replace jars.lock; for the one who changes a version."""
    target = cache(environ) / "relock"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for _ in _ivy(target, target / "ivy", environ):
        pass
    lines = [f"{jar.set} {jar.coordinate} {jar.sha256}\n" for jar in sorted(jar for jar, _ in _fetched(target))]
    LOCK_FILE.write_text(_HEADER + "".join(lines))
    shutil.rmtree(target)


if __name__ == "__main__":
    write_lock(os.environ)
