"""The workflow, the action and the hook: valid, least rights, and no text of a pull request inside a script."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from catalog.index import store
from tests.catalog.review.branch import EVENTS, Work
from tests.conftest import REPOSITORY

WORKFLOW = REPOSITORY / ".github" / "workflows" / "schema-review.yml"
ACTION = REPOSITORY / ".github" / "actions" / "schema-review" / "action.yml"


@cache
def read(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # `on` is a key, not True


@pytest.mark.parametrize(("path", "schema"), [(WORKFLOW, "github-workflows"), (ACTION, "github-actions")])
def test_they_are_as_githubs_schemas_say(path: Path, schema: str) -> None:
    text = files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{schema}.json").read_text()
    told = {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text()).items()}
    found = jsonschema.validators.validator_for(json.loads(text))(json.loads(text)).iter_errors(told)
    assert [error.message for error in found] == []


def steps(*jobs: str) -> list[dict[str, Any]]:
    """The steps of these jobs, else of all, and those of the action."""
    told = read(WORKFLOW)["jobs"]
    return [*(step for job in jobs or told for step in told[job]["steps"]), *read(ACTION)["runs"]["steps"]]


def using(action: str, *jobs: str) -> dict[str, Any]:
    """The only step of these jobs that uses this action."""
    (found,) = (step for step in steps(*jobs) if action in step.get("uses", ""))
    return found


def test_no_expression_stands_inside_a_script() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_every_action_is_pinned_to_a_major_version_or_ours() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) >= 5
    assert all(one.startswith("./") or re.fullmatch(r"[\w./-]+@v\d+", one) for one in used)


def test_rights_are_the_least_and_code_of_forks_runs_without_secrets() -> None:
    told = read(WORKFLOW)
    rights = {"contents": "read", "pull-requests": "write", "security-events": "write"}
    assert (told["permissions"], told["jobs"]["review"]["permissions"]) == ({"contents": "read"}, rights)
    assert "permissions" not in told["jobs"]["snapshot"]
    assert set(told["on"]) == {"pull_request", "push", "schedule", "workflow_dispatch"}  # never pull_request_target
    assert told["jobs"]["review"]["if"] == "github.event_name == 'pull_request'"
    assert using("actions/checkout", "review")["with"] == {"fetch-depth": "0", "persist-credentials": "false"}
    assert using("actions/checkout", "snapshot")["with"] == {"persist-credentials": "false"}


def test_what_needs_a_token_that_writes_is_left_out_for_forks() -> None:
    assert using("upload-sarif")["if"] == "env.OURS == 'true'"
    assert using("./")["with"]["pull"].startswith("${{ env.OURS == 'true' &&")


def test_the_snapshot_that_is_restored_is_the_one_that_main_saves() -> None:
    saved, restored = using("cache/save", "snapshot")["with"], using("cache/restore", "review")["with"]
    exported = next(step["run"] for step in steps("snapshot") if "snapshot export" in step.get("run", ""))
    assert exported.split()[3] == saved["path"] == restored["path"] == using("./", "review")["with"]["snapshot"]
    (prefix,) = restored["restore-keys"].splitlines()
    assert saved["key"].startswith(prefix) and restored["key"].startswith(prefix)
    assert "github.run_attempt" in saved["key"].removeprefix(prefix)  # a cache is never written twice
    told = read(WORKFLOW)
    assert told["on"]["push"]["branches"] == ["main"] and told["on"]["schedule"]
    assert told["jobs"]["snapshot"]["if"].endswith("github.ref == 'refs/heads/main'")  # else no other branch finds it


def test_a_snapshot_of_another_index_is_not_restored() -> None:
    """A review refuses one (exit 2); what makes its version is in the key."""
    (made_of,) = re.findall(r"hashFiles\((.*?)\)", using("cache/restore")["with"]["restore-keys"])
    named = {REPOSITORY / path.strip(" '") for path in made_of.split(",")}
    assert named == {Path(store.__file__), Path(store.__file__).with_name("schema.sql")}
    assert Path(store.__file__).with_name("schema.sql").read_text(encoding="utf-8") == store.SCHEMA


def test_without_a_backend_nothing_is_exported_or_saved() -> None:
    first, *others = read(WORKFLOW)["jobs"]["snapshot"]["steps"]
    assert first["if"] == "env.MARQUEZ_URL == ''"
    assert {step["if"] for step in others} == {"env.MARQUEZ_URL != ''"}


@pytest.mark.parametrize(
    ("base", "edit", "code", "ended"), [("HEAD", True, "1", 0), ("HEAD", False, "0", 0), ("nowhere", True, "2", 2)]
)
def test_the_actions_script_writes_every_report_and_says_how_it_ended(
    base: str, edit: bool, code: str, ended: int, work: Work, tmp_path: Path
) -> None:
    """As a runner runs it; a verdict ends the job in a later step, so that the comment is posted first."""
    if edit:
        work.without(EVENTS, "{name: user_id, ")
    script = next(step["run"] for step in read(ACTION)["runs"]["steps"] if step["name"] == "Review")
    output, summary = tmp_path / "output", tmp_path / "summary"
    told = {"BASE": base, "SNAPSHOT": "none.sqlite", "FOLDER": "reports", "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary)}  # fmt: skip
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "XDG_CACHE_HOME") if name in os.environ}
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=work.folder, capture_output=True,
        text=True, env={**kept, **told, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}, check=False,
    )  # fmt: skip
    assert (done.returncode, output.read_text()) == (ended, f"exit-code={code}\n"), done.stderr
    written = {path.name for path in (work.folder / "reports").iterdir()}
    if ended:
        assert (written, summary.exists(), f"no commit {base!r}" in done.stderr) == (set(), False, True)
    else:
        assert written == {"review.md", "review.sarif", "review.xml", "review.json"}
        assert summary.read_text() == (work.folder / "reports" / "review.md").read_text()
        assert "::notice title=Schema review::" in done.stdout and ("::error" in done.stdout) is edit


def test_the_hook_names_a_command_and_files_that_are_there() -> None:
    (hook,) = read(REPOSITORY / ".pre-commit-hooks.yaml")
    assert hook["entry"].startswith("catalog review --base")
    reviewed = ["catalog/contracts/lake.users.yaml", "great_expectations/expectations/raw_events_suite.json",
                "lineage/reports/daily_summary.sql"]  # fmt: skip
    assert all((REPOSITORY / path).is_file() and re.search(hook["files"], path) for path in reviewed)
    assert not re.search(hook["files"], "README.md")
