"""Java's classes, read once: the archive of those that a Spark driver loads. No Spark in here.

A driver loads 20,000 classes and looks each of them up in 300 jars, which takes as long as the work on 20,000 events.
The first driver that ends well writes them to a file beside the jars (250 MB); later ones map it into memory. Java uses
it for exactly the Java and the jars that it was made with, and goes without when anything is wrong with it
("class data sharing", openjdk.org/jeps/350).
"""

import hashlib
import shlex
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

#: Room that must be left to begin with: a Java that cannot write its archive fails, and with it a job that was done.
NEEDED_BYTES = 1_000_000_000
_QUIET = "-Xlog:cds*=off"  # else a line for each class that cannot be archived


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassArchive:
    """The archive at `path`; while that is empty somebody makes it, or it cannot be made here."""

    path: Path

    @classmethod
    def of(cls, *, java_home: str, submit: str, jars: str) -> "ClassArchive":
        """The archive for this Java, this Spark and these jars, in the folder that holds the folder of jars."""
        spark = Path(submit).parents[1].glob("lib/python3*/site-packages/pyspark/jars/*.jar")
        java = Path(java_home).resolve() / "bin" / "java"
        files = [java, *sorted(spark), *sorted(Path(jars).glob("*.jar"))]
        seen = [(str(file), *_age(file)) for file in files]
        return cls(path=Path(jars).with_name(f"spark-{hashlib.sha256(repr(seen).encode()).hexdigest()[:12]}.jsa"))

    def claim(self) -> bool:
        """Whether the caller is the one to write it: nobody has tried before, and the folder has room for it."""
        try:
            if shutil.disk_usage(self.path.parent).free < NEEDED_BYTES:
                return False
            self.path.touch(exist_ok=False)
        except OSError:
            return False
        return True

    def option(self, *, claimed: bool) -> str:
        """For Java: write the archive at the end, or use it; nothing while there is none."""
        if claimed:
            return f"-XX:ArchiveClassesAtExit={shlex.quote(str(self._new))} {_QUIET}"
        there = self.path.is_file() and self.path.stat().st_size
        return f"-XX:SharedArchiveFile={shlex.quote(str(self.path))} {_QUIET}" if there else ""

    def settle(self, code: int) -> None:
        """For the one who claimed it, once the driver has ended with this exit code: keep what it wrote.

        After a failure the next one may try. Not when Java itself broke down: the writing may be the reason, and a
        task's next try must not meet it again.
        """
        if code == 0 and self._new.exists():
            self._new.replace(self.path)
        self._new.unlink(missing_ok=True)
        if code not in (0, -signal.SIGABRT):
            self.path.unlink()

    @property
    def _new(self) -> Path:
        return self.path.with_suffix(".new")


def _age(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
