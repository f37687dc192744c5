"""The workflow, the action and the hook: valid, least rights, and no text of a pull request inside a script."""

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.conftest import REPOSITORY

WORKFLOW = REPOSITORY / ".github" / "workflows" / "schema-review.yml"
ACTION = REPOSITORY / ".github" / "actions" / "schema-review" / "action.yml"


def read(path: Path) -> Any:
    return yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # `on` is a key, not True


@pytest.mark.parametrize(("path", "schema"), [(WORKFLOW, "github-workflows"), (ACTION, "github-actions")])
def test_they_are_as_githubs_schemas_say(path: Path, schema: str) -> None:
    text = files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{schema}.json").read_text()
    told = {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text()).items()}
    found = jsonschema.validators.validator_for(json.loads(text))(json.loads(text)).iter_errors(told)
    assert [error.message for error in found] == []


def steps() -> list[dict[str, Any]]:
    (job,) = read(WORKFLOW)["jobs"].values()
    return [*job["steps"], *read(ACTION)["runs"]["steps"]]


def test_no_expression_stands_inside_a_script() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_every_action_is_pinned_to_a_major_version_or_ours() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert len(used) >= 5
    assert all(one.startswith("./") or re.fullmatch(r"[\w./-]+@v\d+", one) for one in used)


def test_rights_are_the_least_and_code_of_forks_runs_without_secrets() -> None:
    told = read(WORKFLOW)
    assert told["permissions"] == {"contents": "read", "pull-requests": "write", "security-events": "write"}
    assert list(told["on"]) == ["pull_request"]  # never pull_request_target
    checkout = next(step for step in steps() if "checkout" in step.get("uses", ""))
    assert checkout["with"] == {"fetch-depth": "0", "persist-credentials": "false"}


def test_what_needs_a_token_that_writes_is_left_out_for_forks() -> None:
    upload = next(step for step in steps() if "upload-sarif" in step.get("uses", ""))
    review = next(step for step in steps() if step.get("uses", "").startswith("./"))
    assert upload["if"] == "env.OURS == 'true'"
    assert review["with"]["pull"].startswith("${{ env.OURS == 'true' &&")


def test_the_hook_names_a_command_and_files_that_are_there() -> None:
    (hook,) = read(REPOSITORY / ".pre-commit-hooks.yaml")
    assert hook["entry"].startswith("catalog review --base")
    reviewed = ["catalog/contracts/lake.users.yaml", "great_expectations/expectations/raw_events_suite.json",
                "lineage/reports/daily_summary.sql"]  # fmt: skip
    assert all((REPOSITORY / path).is_file() and re.search(hook["files"], path) for path in reviewed)
    assert not re.search(hook["files"], "README.md")
