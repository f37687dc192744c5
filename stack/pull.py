"""A typical pull request: a contract edited on a copy of this repository, reviewed against what the demo recorded."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from stack.home import REPOSITORY

CONTRACT = "catalog/contracts/lake.enriched_events.yaml"
FORMER = '{name: price, logicalType: number, physicalType: "decimal(12,2)"'
LATTER = '{name: price, logicalType: string, physicalType: "string(20)"'
TITLE = "prices become text in lake.enriched_events"
TIMEOUT_S = 120
WIDTH = "140"
"""Columns of a terminal that tables are drawn for: what is caught in a pipe has none of its own."""


def command(*words: str, environment: Mapping[str, str]) -> str:
    """What our `catalog` command prints, as somebody at the terminal sees it; its exit code is part of its answer."""
    program = Path(sys.executable).with_name("catalog")
    done = subprocess.run(
        [program, *words], env={**os.environ, **environment, "COLUMNS": WIDTH}, capture_output=True, text=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    return done.stdout or done.stderr


def reviewed(environment: Mapping[str, str]) -> str:
    """The review's comment on a copy of the repository's last commit with the edit; one sentence where it has none."""
    if not shutil.which("git") or not (REPOSITORY / ".git").exists():
        return "No review: this is no git clone (or git is missing), and a review compares two commits.\n"
    with tempfile.TemporaryDirectory(prefix="ecompulse-pull-") as folder:
        copy = Path(folder) / "repository"
        cloned = subprocess.run(
            ["git", "clone", "-q", "--shared", str(REPOSITORY), str(copy)], capture_output=True, text=True, check=False
        )
        if cloned.returncode:
            return f"No review: the repository cannot be cloned ({cloned.stderr.strip()}).\n"
        text = (copy / CONTRACT).read_text(encoding="utf-8")
        if FORMER not in text:
            return f"No review: the demo's pull request edits `price` in {CONTRACT}, which is written otherwise now.\n"
        (copy / CONTRACT).write_text(text.replace(FORMER, LATTER, 1), encoding="utf-8")
        index = environment["ECOMPULSE_CATALOG"]
        return command(
            "review", "--base", "HEAD", "--repository", str(copy), "--index", index, "--format", "md",
            environment=environment,
        )  # fmt: skip
