"""`catalog review`, `catalog review waive` and `catalog snapshot export` as they are typed."""

import json
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from catalog.cli import cli
from catalog.errors import MarquezUnavailable, RepositoryUnusable
from tests.catalog.backend import embedded
from tests.catalog.events import dataset, event, facet
from tests.catalog.review.branch import EVENTS, Work

USER = "{name: user_id, "


@pytest.fixture
def branch(work: Work, monkeypatch: pytest.MonkeyPatch) -> Work:
    for name in ("MARQUEZ_URL", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(work.folder)
    return work


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def test_without_a_backend_the_files_are_all_and_it_says_so(branch: Work) -> None:
    branch.without(EVENTS, USER)
    done = run("review", "--base", "HEAD", "--format", "json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["outcome"], told["record"]["basis"]) == (1, "breaking", "declared")


def test_a_branch_that_changes_nothing_ends_with_0_and_three_lines(branch: Work) -> None:
    done = run("review", "--base", "HEAD", "--format", "md")
    assert (done.exit_code, len(done.stdout.splitlines()), "nothing changes" in done.stdout) == (0, 5, True)


def test_a_snapshot_is_written_and_reviewed(branch: Work, shop_file: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "s.sqlite")
    assert run("snapshot", "export", file, "--index", str(shop_file)).exit_code == 0
    branch.without(EVENTS, USER)
    done = run("review", "--base", "HEAD", "--snapshot", file, "--format", "md")
    assert done.exit_code == 1
    assert "by a snapshot of the record, as of 2026-11-21" in done.stdout


def test_an_index_is_read_as_it_is_without_a_backend(branch: Work, shop_file: Path) -> None:
    branch.without(EVENTS, USER)
    done = run("review", "--base", "HEAD", "--index", str(shop_file), "--format", "json")
    assert json.loads(done.stdout)["record"]["basis"] == "backend"


def test_several_forms_are_written_at_once(branch: Work, tmp_path: Path) -> None:
    branch.without(EVENTS, USER)
    forms = {"markdown": "r.md", "sarif": "r.sarif", "junit": "r.xml", "json": "r.json", "text": "r.txt"}
    writes = [word for form, name in forms.items() for word in ("--write", f"{form}={tmp_path / 'out' / name}")]
    done = run("review", "--base", "HEAD", *writes, "--write", "annotations=-")
    assert done.exit_code == 1
    assert done.stdout.startswith("::error")
    assert all("user_id" in (tmp_path / "out" / name).read_text(encoding="utf-8") for name in forms.values())


def test_a_waiver_lets_a_finding_pass(branch: Work) -> None:
    branch.without(EVENTS, USER)
    (found,) = json.loads(run("review", "--base", "HEAD", "--format", "json").stdout)["findings"]
    waived = run("review", "waive", found["fingerprint"], "--base", "HEAD", "--reason", "the report follows",
                 "--owner", "analytics", "--expires", "2099-12-31")  # fmt: skip
    assert waived.exit_code == 0, waived.output
    done = run("review", "--base", "HEAD", "--format", "json")
    assert (done.exit_code, json.loads(done.stdout)["findings"][0]["waiver"]["owner"]) == (0, "analytics")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("review",), "--base"),
        (("review", "--base", "HEAD", "--write", "pdf=x"), "FORM=FILE"),
        (("review", "--base", "HEAD", "--declared", "--snapshot", "x"), "--declared"),
        (("review", "waive", "abc", "--base", "HEAD", "--reason", "r", "--owner", "o", "--expires", "2099-12-31"),
         "no finding"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_says_what_to_do(words: tuple[str, ...], says: str, branch: Work) -> None:
    done = run(*words)
    assert (done.exit_code, says in done.stderr) == (2, True)


def test_an_unknown_base_is_usage_too(branch: Work) -> None:
    done = run("review", "--base", "nowhere")
    assert isinstance(done.exception, RepositoryUnusable)
    assert done.exception.exit_code == 2


def test_a_backend_that_does_not_answer_is_no_review(
    branch: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARQUEZ_URL", "http://127.0.0.1:1")
    branch.without(EVENTS, USER)
    done = run("review", "--base", "HEAD", "--index", str(tmp_path / "i.sqlite"), "--write", f"md={tmp_path / 'r.md'}")
    assert isinstance(done.exception, MarquezUnavailable)
    assert (done.exception.exit_code, done.stdout, (tmp_path / "r.md").exists()) == (3, "", False)


@pytest.mark.integration
def test_a_backend_is_exported_on_one_machine_and_reviewed_on_another(
    branch: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the workflow does: main exports and saves; a fork's pull request has the file and no backend."""
    events = dataset("warehouse.public.events", ["user_id"], namespace="postgres://wh:5432")
    sql = {"sql": facet(query="SELECT user_id FROM events")}
    file = str(tmp_path / "catalog-snapshot.sqlite")
    with embedded(tmp_path) as url:
        for one in (event("load", 1, outputs=[events]), event("nightly", 2, inputs=[events], job_facets=sql)):
            httpx.post(f"{url}/api/v1/lineage", json=one).raise_for_status()
        monkeypatch.setenv("MARQUEZ_URL", url)
        monkeypatch.setenv("ECOMPULSE_CATALOG", str(tmp_path / "index.sqlite"))
        assert run("snapshot", "export", file, "--sync").exit_code == 0
        branch.without(EVENTS, USER)
        asked = run("review", "--base", "HEAD", "--format", "json")
    monkeypatch.delenv("MARQUEZ_URL")
    offline = run("review", "--base", "HEAD", "--snapshot", file, "--format", "json")
    told = [json.loads(done.stdout) for done in (asked, offline)]
    assert [(done.exit_code, one["record"]["basis"]) for done, one in zip((asked, offline), told, strict=True)] == [
        (1, "backend"), (1, "snapshot"),
    ]  # fmt: skip
    assert told[0]["findings"] == told[1]["findings"]
    names = {one["name"]: one["verdict"] for one in told[0]["findings"][0]["consumers"]}
    assert names["nightly"] == "breaking"


def test_posting_needs_no_base(branch: Work) -> None:
    assert "not the marker" in CliRunner().invoke(cli, ["review", "post", "--pull", "7", "--repo", "a/b"]).output
