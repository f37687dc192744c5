"""The `catalog` command: tables for people, JSON with a published schema for machines, exit codes, a quick start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from catalog.cli import cli
from catalog.index import Index
from catalog.render import answer
from tests.catalog.record import events
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.integration

NOWHERE = "http://127.0.0.1:9"
"""Nobody listens on the discard port."""
QUESTIONS = [
    ("search", "revenue"),
    ("search", "sesion", "funel", "is:failing"),
    ("search",),
    ("show", "lake.enriched_events"),
    ("show", "update_data_warehouse"),
    ("history", "kafka.ecommerce-events-raw"),
    ("history", "kafka.ecommerce-events-raw", "--column", "coupon_code"),
    ("lineage", "warehouse.daily_summary"),
    ("lineage", "warehouse.daily_summary", "--column", "total_revenue"),
    ("impact", "lake.enriched_events", "--column", "event_revenue"),
    ("changes", "--since", "2d"),
    ("flow", "--to", "object.business_report"),
    ("check",),
]


@pytest.fixture
def ask(shop_file: Path):
    def ask(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(
            cli, [arguments[0], "--index", str(shop_file), *arguments[1:]], catch_exceptions=False
        )
        assert result.exit_code == code, result.output
        return result

    return ask


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "catalog.cli", *arguments],
        env={**os.environ, "MARQUEZ_URL": NOWHERE, **environment}, cwd=REPOSITORY, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_json_is_as_the_published_schema_says_and_tells_how_complete_it_is(ask, question):
    told = json.loads(ask(*question, "--json", code=int(question[0] == "check")).stdout)
    schema = json.loads(answer.FILE.read_text(encoding="utf-8"))
    jsonschema.validate(told, schema, format_checker=jsonschema.FormatChecker())
    assert told["command"] == question[0]
    assert told["completeness"]["complete"] is True
    assert told["completeness"]["as_of"] == "2026-11-21T00:00:00+00:00"


def test_the_published_schema_is_that_of_the_code():
    stale = "write it anew: python -m catalog.render.answer"
    assert answer.FILE.read_text(encoding="utf-8") == answer.published(), stale


def test_the_schema_refuses_what_no_command_prints():
    schema = json.loads(answer.FILE.read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"command": "search", "completeness": None, "answer": {"hits": []}}, schema)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_text_in_a_pipe_is_plain_and_says_on_stderr_as_of_when_it_is(ask, question):
    result = ask(*question, code=int(question[0] == "check"))
    assert "\x1b" not in result.stdout
    assert not any(line != line.rstrip() for line in result.stdout.splitlines() if question[0] != "flow")
    if question[0] != "flow":
        assert "2026-11-21 00:00 UTC" in result.stderr


def test_search_shows_the_best_first_with_owner_and_mended_words(ask):
    text = ask("search", "sesion funel").stdout
    assert text.startswith("Nothing is called 'sesion'; read as 'session'.")
    hit = next(line for line in text.splitlines() if line.startswith("dataset"))
    assert hit.split()[:4] == ["dataset", "session_funnel", "analytics", "silver"]
    assert "failing" in hit


def test_show_tells_a_dataset_with_columns_checks_and_where_it_differs(ask):
    text = ask("show", "kafka.ecommerce-events-raw").stdout
    differing = next(line for line in text.splitlines() if line.startswith("coupon_code"))
    assert "string" in differing
    assert "2026-11-20 00:2" in differing
    assert "consumer_lag" in text
    assert "events-platform" in text


def test_show_tells_a_job_with_its_runs(ask):
    text = ask("show", "validate_session_metrics").stdout
    assert "FAIL" in text
    assert "data_ingestion_dag.validate_session_metrics" in text


def test_impact_names_whom_to_tell(ask):
    lines = dict(line.split("  ", 1) for line in ask("impact", "lake.enriched_events").stdout.splitlines()[1:])
    assert "analytics" in lines["tell"]
    assert "reports/business" in lines["datasets"]


def test_changes_counts_back_from_when_the_record_was_read(ask):
    assert "coupon_code" in ask("changes", "--since", "2d").stdout
    assert "coupon_code" not in ask("changes", "--since", "1h").stdout
    assert "coupon_code" in ask("changes", "--since", "2026-11-20").stdout


def test_check_ends_with_1_and_lists_what_to_look_at(ask):
    lines = ask("check", code=1).stdout.splitlines()
    kinds = [line.split()[0] for line in lines[1:]]
    assert kinds[0] == "failing"
    assert {"failing", "stale", "drifted", "unowned", "undocumented"} <= set(kinds)


def test_check_lists_what_a_contract_promises_and_nobody_has_seen(ask):
    lines = [line for line in ask("check", code=1).stdout.splitlines() if line.startswith("unseen")]
    assert any(line.endswith("promised by api.lineage_events@1.0.0, never seen") for line in lines)
    assert not any("enriched_events" in line for line in lines)


def test_check_of_a_sound_dataset_ends_with_0(ask):
    ask("check", "lake.users")


def test_exit_codes_tell_usage_from_backend(shop_file, tmp_path):
    unknown = run("show", "nonsense", "--index", str(shop_file))
    assert (unknown.returncode, "Traceback" in unknown.stderr) == (2, False)
    assert "nonsense" in unknown.stderr
    job = run("impact", "update_data_warehouse", "--index", str(shop_file))
    assert (job.returncode, "is a job" in job.stderr) == (2, True)


def test_an_answer_after_the_backend_went_away_says_what_may_be_missing(shop_file, tmp_path):
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(shop_file.read_bytes())
    down = run("sync", "--index", str(copy))
    assert (down.returncode, "Traceback" in down.stderr) == (3, False)
    result = run("search", "revenue", "--index", str(copy))
    assert result.returncode == 0
    assert "incomplete" in result.stderr
    assert "could not be read" in result.stderr


def test_with_sync_and_a_dead_backend_the_answer_is_from_what_was_read_before_and_says_so(shop_file, tmp_path):
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(shop_file.read_bytes())
    result = run("search", "revenue", "--sync", "--json", "--index", str(copy))
    assert result.returncode == 0
    assert NOWHERE in result.stderr
    assert "from what was read before" in result.stderr
    told = json.loads(result.stdout)
    assert told["answer"]["hits"]
    assert told["completeness"]["complete"] is False
    empty = run("search", "revenue", "--sync", "--index", str(tmp_path / "empty.sqlite"))
    assert (empty.returncode, empty.stdout, "Traceback" in empty.stderr) == (3, "", False)


def test_help_starts_quickly_for_it_loads_nothing_heavy():
    heavy = "pydantic", "sqlite3", "httpx", "requests", "rich", "fastapi", "yaml", "rapidfuzz", "marquez_client"
    code = f"import sys, catalog.cli; print([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [[], *([name] for name in sorted(cli.commands)), ["site", "build"]], ids=" ".join)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(cli, [*command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_commands(shell):
    assert "_CATALOG_COMPLETE" in CliRunner().invoke(cli, ["completion", shell]).output


def test_names_complete_to_datasets_and_jobs(shop_file):
    result = run(
        _CATALOG_COMPLETE="bash_complete",
        COMP_WORDS="catalog show lake.",
        COMP_CWORD="2",
        ECOMPULSE_CATALOG=str(shop_file),
    )
    assert "lake.enriched_events" in result.stdout
    assert "warehouse.events" not in result.stdout


def test_a_flow_goes_to_a_file_when_asked(ask, tmp_path):
    file = tmp_path / "flow.svg"
    assert ask("flow", "--to", "object.business_report", "--format", "svg", "-o", str(file)).stdout == ""
    assert file.read_text(encoding="utf-8").startswith("<svg")


def test_the_site_is_written_into_a_folder(tmp_path):
    with Index.open(tmp_path / "small.sqlite") as index:
        index.add(events(days=1)[:2])
    arguments = ["site", "build", "--index", str(tmp_path / "small.sqlite"), str(tmp_path / "site")]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "site" / "index.html").is_file()
