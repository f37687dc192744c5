"""`post` as a command: settings, what it says, and how it ends."""

import pytest
from click.testing import CliRunner

from catalog.cli.post import post
from catalog.errors import GitHubUnavailable, SettingInvalid
from catalog.review.report.markdown import MARKER


def test_what_is_no_review_is_not_posted() -> None:
    ended = CliRunner().invoke(post, ["--pull", "7", "--repo", "a/b"], input="hello")
    assert (ended.exit_code, "not the marker" in ended.output) == (2, True)


@pytest.mark.parametrize(("token", "error"), [("", SettingInvalid), ("t", GitHubUnavailable)])
def test_a_missing_token_and_a_server_that_is_not_there_are_told(
    token: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.review.github.WAITS_S", ())
    monkeypatch.setenv("GITHUB_TOKEN", token)
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    ended = CliRunner().invoke(post, ["--pull", "7", "--repo", "a/b", "--author", "x"], input=f"{MARKER}\n")
    assert isinstance(ended.exception, error)
