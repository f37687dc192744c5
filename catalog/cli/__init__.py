"""The `catalog` command: parse, call, print."""

import logging
import sys

import click

from catalog.cli import drift, keeping, reading, review
from catalog.errors import CatalogError


@click.group()
@click.version_option(package_name="ecompulse-pipeline")
def cli() -> None:
    """Find and understand the data of this pipeline: what there is, where it comes from, who owns it, how well it is.

    \b
    Answers come from an index of what the backend recorded. Reading does not ask the backend: each answer says as of
    when it is (on stderr); `catalog sync` or --sync brings the index up to date, and an empty index is filled first.

    \b
    NAME is a dataset (enriched_events, lake.enriched_events, namespace/name) or a job (update_data_warehouse).
    Exit codes: 0 fine, 1 `check` or `drift list` found something, 2 usage, 3 the backend does not answer.
    Completion: eval "$(catalog completion bash)".
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr)


COMMANDS = (*reading.COMMANDS, *keeping.COMMANDS, *drift.COMMANDS, *review.COMMANDS)
for command in COMMANDS:
    cli.add_command(command)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a shell needs to complete commands and options: eval "$(catalog completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "catalog", "_CATALOG_COMPLETE").source())


def main() -> None:
    """Entry point: one sentence and an exit code instead of a traceback."""
    try:
        cli(prog_name="catalog")
    except CatalogError as error:
        click.echo(f"catalog: {error}", err=True)
        sys.exit(error.exit_code)
