"""The folder that one set of servers lives in: data, logs, secrets, and what they must remember between starts."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from stack.errors import DiskFull, ForeignFolder

_FOLDERS = ("data", "logs", "config", "run", "jre-spark")
_FILES = ("env", "ports.json", "secrets.json", "start-date", "supervisord.pid", ".lock")
REPOSITORY = Path(__file__).resolve().parent.parent


def write_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace `path` by `text` in one step, readable by its owner only; after a kill it is the old text or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(mode)
    partial.replace(path)


def check_disk(path: Path, *, needed_bytes: int, variable: str) -> None:
    """Refuse to begin on a disk that is nearly full; `variable` is what puts the folder elsewhere.

    Raises:
        DiskFull
    """
    free = shutil.disk_usage(path).free
    if free < needed_bytes:
        raise DiskFull(path, free_bytes=free, needed_bytes=needed_bytes, variable=variable)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process is alone in `folder`, made when missing; a killed process lets go by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """Passwords and keys of one home, made once and kept in a file of mode 0600."""

    postgres: str
    redis: str
    s3: str
    jwt: str  # >= 64 characters, or Airflow warns of a short HMAC key
    api: str
    fernet: str
    kafka_cluster: str


def _new_secrets() -> Secrets:
    import base64
    import uuid

    return Secrets(
        postgres=secrets.token_hex(16),
        redis=secrets.token_hex(16),
        s3=secrets.token_hex(16),
        jwt=secrets.token_hex(48),
        api=secrets.token_hex(32),
        fernet=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        kafka_cluster=base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="),
    )


def compose_variables(now: datetime) -> str:
    """The lines of a new `.env` for docker-compose.yaml: every variable that it insists on."""
    made = _new_secrets()
    lines = {
        "POSTGRES_PASSWORD": made.postgres,
        "MARQUEZ_DB_PASSWORD": secrets.token_hex(16),
        "REDIS_PASSWORD": made.redis,
        "S3_SECRET_KEY": made.s3,
        "AIRFLOW_JWT_SECRET": made.jwt,
        "AIRFLOW_FERNET_KEY": made.fernet,
        "ECOMPULSE_START_DATE": now.astimezone(UTC).isoformat(timespec="seconds"),
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Paths of one set of servers. `root` is absolute; nothing outside it belongs to one home but `sockets`."""

    root: Path

    @classmethod
    def locate(cls, path: Path | None, environ: Mapping[str, str]) -> Home:
        """The home at `path`, else at $STACK_HOME, else `.stack` in the current folder."""
        return cls(root=Path(path or environ.get("STACK_HOME") or ".stack").resolve())

    def data(self, name: str) -> Path:
        """The folder of what a server keeps; `stack reset NAME` deletes it."""
        return self.root / "data" / name

    def log(self, name: str) -> Path:
        """The file of what a server prints."""
        return self.root / "logs" / f"{name}.log"

    def config(self, name: str) -> Path:
        """A configuration file; written anew at each start."""
        return self.root / "config" / name

    def script(self, name: str) -> Path:
        """The shell script that becomes the server: the whole truth about how it is started."""
        return self.root / "run" / name

    @property
    def sockets(self) -> Path:
        """A short folder under the system's temporary one: a socket's path may have 107 bytes, a home's any length."""
        name = f"ecompulse-{os.getuid()}-{hashlib.sha256(str(self.root).encode()).hexdigest()[:10]}"
        return Path(tempfile.gettempdir()) / name

    def make(self) -> None:
        """Create the folders, readable by their owner only."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        for folder in ("data", "logs", "config", "run"):  # jre-spark is made where it is needed
            (self.root / folder).mkdir(exist_ok=True)

    def make_sockets(self) -> None:
        """Create the folder for sockets.

        Raises:
            ForeignFolder: it is there and belongs to another user, who could listen in our place.
        """
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.sockets.lstat().st_uid != os.getuid() or self.sockets.is_symlink():
            raise ForeignFolder(self.sockets)

    def delete(self) -> None:
        """Remove what we made here, and the folder itself when nothing else is in it."""
        for name in _FOLDERS:
            shutil.rmtree(self.root / name, ignore_errors=True)
        for name in _FILES:
            (self.root / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.root.rmdir()

    def secrets(self) -> Secrets:
        """The home's secrets, made at the first call. Keys added by a newer version are filled in."""
        path = self.root / "secrets.json"
        new = asdict(_new_secrets())
        kept = json.loads(path.read_text()) if path.exists() else {}
        merged = Secrets(**{field.name: kept.get(field.name, new[field.name]) for field in fields(Secrets)})
        if asdict(merged) != kept:
            write_private(path, json.dumps(asdict(merged), indent=1))
        return merged

    def start_date(self, now: datetime) -> datetime:
        """The moment (UTC) of this home's first start: the DAGs catch up from the first whole hour after it.

        The hour that has begun is nobody's interval: its run would come at the next full hour, perhaps in the middle of
        the first run by hand, and take a part of its messages.
        """
        path = self.root / "start-date"
        if not path.exists():
            write_private(path, now.astimezone(UTC).isoformat(timespec="seconds"))
        return datetime.fromisoformat(path.read_text())
