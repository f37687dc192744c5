"""Put a review's comment into its pull request."""

import os
from typing import TextIO

import click


@click.command()
@click.option("--pull", type=click.IntRange(min=1), required=True, help="Number of the pull request.")
@click.option("--repo", envvar="GITHUB_REPOSITORY", required=True, metavar="OWNER/NAME", help="[GITHUB_REPOSITORY]")
@click.option(
    "--body", type=click.File(encoding="utf-8"), default="-", help="The review as Markdown; stdin unless told."
)
@click.option("--author", default="", help="Whose token it is, when it is neither a person's nor a workflow's.")
def post(pull: int, repo: str, body: TextIO, author: str) -> None:
    """Write the review's comment, or bring the one of an earlier review up to date.

    \b
    Needs GITHUB_TOKEN, which may write pull requests; GITHUB_API_URL for an enterprise's server.
    Ends with 0 when the comment is there, whatever it says, 2 for a wrong setting, 3 when GitHub does not take it: the
    review's own exit code is that of `catalog review`.
    """
    from catalog.review.github import API, GitHub
    from catalog.review.report.markdown import MARKER

    text = body.read()
    if not text.startswith(MARKER):
        raise click.UsageError("--body is no review in Markdown: its first line is not the marker.")
    url = os.environ.get("GITHUB_API_URL") or API
    with GitHub(repo, os.environ.get("GITHUB_TOKEN", ""), url=url, author=author) as github:
        posted = github.post(pull, text, marker=MARKER)
    click.echo(f"{posted.how}: {posted.url}")
