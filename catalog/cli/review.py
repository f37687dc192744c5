"""Commands about a branch: `review`, with `waive` and `post`, and `snapshot export`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from catalog.cli.ask import bring, index_option, settings_of
from catalog.cli.post import post

if TYPE_CHECKING:
    from catalog.review.affected import Record
    from catalog.review.report import Form, Links
    from catalog.review.repository import Branch
    from catalog.review.review import Review

F = TypeVar("F", bound=Callable[..., Any])
FORMS: dict[str, "Form"] = {
    "text": "text", "md": "markdown", "markdown": "markdown", "json": "json", "sarif": "sarif", "junit": "junit",
    "annotations": "annotations",
}  # fmt: skip
FILE = click.Path(dir_okay=False, path_type=Path)


def _compared(command: F) -> F:
    """The options that say what is compared with what; given to the command as `found`, the review."""

    @wraps(command)
    def wrapped(*, base: str | None, repository: Path, snapshot_file: Path | None, declared: bool,
                index: Path | None, waivers: Path | None, today: datetime | None, **more: Any) -> Any:  # fmt: skip
        context = click.get_current_context()
        if context.invoked_subcommand:
            return None
        if base is None:
            raise click.UsageError("--base says which commit or branch to compare with, such as --base origin/main.")
        from catalog.review.compare import review as compare
        from catalog.review.repository import branch

        day = today.date() if today else datetime.now(UTC).date()
        both = branch(repository, base)
        with _record(snapshot_file, both, index, declared=declared) as record:
            found = compare(both, record=record, today=day, waivers=waivers)
        return command(found=found, repository=repository, waivers=waivers, **more)

    options = (
        click.option("--base", metavar="REF", help="What the branch is compared with: their merge base counts."),
        click.option("--repository", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path)),
        click.option(
            "--snapshot", "snapshot_file", type=FILE, help="The record as `catalog snapshot export` wrote it."
        ),
        click.option("--declared", is_flag=True, help="Without a record: contracts, suites and SQL only."),
        click.option("--waivers", type=FILE, help="Waivers [catalog/waivers.yaml]."),
        click.option("--today", type=click.DateTime(["%Y-%m-%d"]), hidden=True),
        index_option,
    )
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


@click.group(invoke_without_command=True)
@click.option("--format", "form", type=click.Choice(list(FORMS)), default="text", show_default=True)
@click.option("-o", "--output", type=FILE, help="A file instead of stdout.")
@click.option("--write", "writes", multiple=True, metavar="FORM=FILE", help="Instead: several at once; - is stdout.")
@_compared
def review(
    found: "Review", repository: Path, waivers: Path | None, form: str, output: Path | None, writes: tuple[str, ...]
) -> None:
    """Say what a branch changes in contracts, suites and SQL, whom it breaks, and how to make it safe.

    \b
    Compared are the merge base of --base and HEAD with the files as they are now. Who reads what comes from
      --snapshot FILE   a record that was exported
      MARQUEZ_URL       the backend, when it is set (or --index): what is new is read first
      otherwise         the files only (--declared says so)
    Exit codes: 0 fine, 1 something breaks or is a question, 2 usage, 3 the record lacks something.
    """
    from catalog.review.report import rendered

    links = _links()
    for name, file in _wanted(form, output, writes):
        text = rendered(found, FORMS[name], links=links)
        if file is None:
            click.echo(text, nl=False)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    sys.exit(found.exit_code)


@review.command()
@click.argument("fingerprint")
@click.option("--reason", required=True, help="Why it may pass.")
@click.option("--owner", required=True, help="Who answers for it.")
@click.option("--expires", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Its last day.")
@_compared
def waive(
    found: "Review", repository: Path, waivers: Path | None, fingerprint: str, reason: str, owner: str,
    expires: datetime,
) -> None:  # fmt: skip
    """Let a finding pass: writes into the waivers' file, for the change, base and consumers as they are now."""
    from catalog.review import Waiver, waiver

    known = {one.finding.fingerprint: one for one in found.findings}
    if fingerprint not in known:
        raise click.UsageError(f"no finding {fingerprint!r}; there are {', '.join(known) or 'none'}")
    file = waivers or repository / waiver.FILE
    told = Waiver(fingerprint=fingerprint, reason=reason, owner=owner, expires=expires.date(),
                  basis=known[fingerprint].basis)  # fmt: skip
    text = waiver.written(file.read_text(encoding="utf-8") if file.exists() else "", told)
    if told.basis not in {one.basis for one in waiver.read(str(file), text)[0]}:
        raise click.UsageError(f"{file} is no list that an entry can be added to at its end; write it by hand.")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    click.echo(f"{file}: {known[fingerprint].finding.change} may pass until {told.expires}")


review.add_command(post)


@click.group()
def snapshot() -> None:
    """The record as one small file, for reviews without a backend."""


@snapshot.command()
@click.argument("file", type=FILE)
@click.option("--sync", is_flag=True, help="Read what is new in the backend first.")
@index_option
def export(file: Path, sync: bool, index: Path | None) -> None:
    """Write what a review needs of the index into FILE: schemas, lineage, checks; no rows, no measurements."""
    from catalog.cli.ask import Ask
    from catalog.review.snapshot import export as write

    with Ask(settings=settings_of(index), sync=sync, as_json=False).index() as opened:
        write(opened, file)
    click.echo(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


@contextmanager
def _record(
    snapshot_file: Path | None, both: "Branch", index: Path | None, *, declared: bool
) -> Iterator["Record | None"]:
    """The record that is asked for; None for declared schemas only."""
    from catalog.index import Index
    from catalog.review import snapshot as snapshots
    from catalog.review.affected import Record

    if declared and (snapshot_file or index):
        raise click.UsageError("--declared is without a record; leave --snapshot and --index out.")
    if snapshot_file:
        with snapshots.opened(snapshot_file, both.before.contracts) as found:
            yield Record(index=found, basis="snapshot")
    elif not declared and (index or os.environ.get("MARQUEZ_URL")):
        settings = settings_of(index)
        with Index.open(settings.index) as found:
            if os.environ.get("MARQUEZ_URL"):
                bring(found, settings, rebuild=False)
            yield Record(index=found, basis="backend")
    else:
        yield None


def _wanted(form: str, output: Path | None, writes: tuple[str, ...]) -> Iterator[tuple[str, Path | None]]:
    if not writes:
        yield form, output
    for one in writes:
        name, _, file = one.partition("=")
        if name not in FORMS or not file:
            raise click.UsageError(f"--write {one!r} is not FORM=FILE, with one of {', '.join(FORMS)}")
        yield name, None if file == "-" else Path(file)


def _links() -> "Links":
    """Where GitHub shows the repository and this run, as its workflows are told."""
    from catalog.review.report import Links

    server, name, run = (os.environ.get(f"GITHUB_{word}", "") for word in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    page = f"{server}/{name}" if server and name else ""
    return Links(repository=page, report=f"{page}/actions/runs/{run}" if page and run else "")


COMMANDS = (review, snapshot)
