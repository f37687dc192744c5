"""How every command asks: which index, brought up to date first or not, answered for people or machines."""

import functools
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from catalog.entry import Completeness
    from catalog.index import Index
    from catalog.index.sync import Synced
    from catalog.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How a command reads and answers: from which index, brought up to date first or not, for whom."""

    settings: "Settings"
    sync: bool
    as_json: bool

    @contextmanager
    def index(self) -> Iterator["Index"]:
        """The index, opened; read from the backend first when asked to, or when nothing has been read yet.

        When the backend does not answer, what was read before is as good as it was, and says so.

        Raises:
            MarquezError: nothing was read before, and the backend does not answer.
        """
        from catalog.errors import MarquezError
        from catalog.index import Index

        with Index.open(self.settings.index) as index:
            empty = not index.runs(limit=1)
            try:
                if self.sync or empty:
                    bring(index, self.settings, rebuild=False)
            except MarquezError as problem:
                if empty:
                    raise
                click.echo(f"catalog: {problem} The answer is from what was read before.", err=True)
            yield index

    def answer(
        self, command: str, value: object, completeness: "Completeness | None", text: Callable[[Any], None]
    ) -> None:
        """Print on stdout, and how complete it is on stderr (in JSON: inside)."""
        if self.as_json:
            from catalog.render import machine

            click.echo(machine.document(command, value, completeness))
            return
        from catalog.render.text import completeness as tell
        from catalog.render.text import console

        text(console(sys.stdout))
        if completeness is not None:
            tell(console(sys.stderr), completeness)


def completed(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Names that begin so, for the shell; from the index as it is."""
    from catalog.index import Index
    from catalog.render.wording import name_of, task

    settings = settings_of(context.params.get("index"))
    if not settings.index.exists():
        return []
    with Index.open(settings.index) as index:
        names = {name_of(entry) for entry in index.datasets()} | {task(entry.job) for entry in index.jobs()}
    return sorted(name for name in names if name.startswith(begun))


def asking(command: F) -> F:
    """The options that every reading command has, given to it as one `ask`."""

    @functools.wraps(command)
    def wrapped(*, index: Path | None, sync: bool, as_json: bool, **arguments: Any) -> Any:
        return command(ask=Ask(settings=settings_of(index), sync=sync, as_json=as_json), **arguments)

    json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (catalog/schemas/answers.json).")
    sync_option = click.option("--sync", is_flag=True, help="Read what is new in the backend first.")
    return index_option(sync_option(json_option(wrapped)))  # type: ignore[return-value]


def index_option(command: F) -> F:
    """The option that says which index file."""
    file = click.Path(dir_okay=False, path_type=Path)
    return click.option("--index", type=file, help="File of the index [ECOMPULSE_CATALOG].")(command)


def settings_of(index: Path | None) -> "Settings":
    """The settings of the environment, with this index file when one is given."""
    from dataclasses import replace

    from catalog.settings import Settings

    settings = Settings.from_environment()
    return replace(settings, index=index) if index else settings


def bring(index: "Index", settings: "Settings", *, rebuild: bool) -> "Synced":
    """Read what is new in the backend, telling on stderr how far it is."""
    from catalog.index import sync
    from catalog.marquez import Marquez

    with Marquez.open(settings) as client:
        return (sync.rebuild if rebuild else sync.sync)(index, client, say=functools.partial(click.echo, err=True))


def dataset_of(index: "Index", name: str) -> Any:
    """The dataset of this name; a job of this name is a usage error."""
    from catalog.dataset import Dataset

    node = index.find(name)
    if not isinstance(node, Dataset):
        raise click.UsageError(f"{name!r} is a job; this command wants a dataset.")
    return node


def moment(text: str, now: datetime) -> datetime:
    """A time, or one so long before `now`: 7d, 12h, 2026-11-24T12:00 (UTC unless told)."""
    if match := re.fullmatch(r"(\d+)([mhdw])", text):
        return now - timedelta(**{UNITS[match[2]]: int(match[1])})
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--since {text!r} is neither like 7d, 12h nor a time like 2026-11-24T12:00.") from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
