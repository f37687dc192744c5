"""A small git repository with this one's contracts, suites and SQL, and a branch that is not yet committed."""

import shutil
import subprocess
from datetime import date
from pathlib import Path

from catalog.drift import Finding
from catalog.review import Review, Reviewed
from catalog.review.affected import Record
from catalog.review.compare import review
from catalog.review.repository import branch
from tests.conftest import REPOSITORY

TODAY = date(2026, 11, 25)
EVENTS, SUMMARY = "catalog/contracts/warehouse.events.yaml", "catalog/contracts/warehouse.daily_summary.yaml"
REPORT = "lineage/reports/daily_summary.sql"
SUITE = "great_expectations/expectations/data_warehouse_suite.json"


class Work:
    """The repository's folder; edits are of the working tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def new(cls, folder: Path) -> "Work":
        """With everything that declares something here, committed."""
        self = cls(folder)
        for name in ("catalog/contracts", "great_expectations/expectations"):
            shutil.copytree(REPOSITORY / name, folder / name)
        (folder / REPORT).parent.mkdir(parents=True)
        shutil.copy(REPOSITORY / REPORT, folder / REPORT)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "somebody@example.com")
        self.git("config", "user.name", "Somebody")
        self.commit("base")
        return self

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", "-C", str(self.folder), *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def read(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new, 1))

    def without(self, path: str, words: str) -> int:
        """Take out the line that has these words; gives its number."""
        lines = self.read(path).splitlines(keepends=True)
        n = next(n for n, line in enumerate(lines) if words in line)
        self.write(path, "".join(lines[:n] + lines[n + 1 :]))
        return n + 1

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def line(self, path: str, words: str) -> int:
        return next(n for n, line in enumerate(self.read(path).splitlines(), start=1) if words in line)

    def review(self, base: str = "HEAD", *, record: Record | None = None, today: date = TODAY) -> Review:
        return review(branch(self.folder, base), record=record, today=today)


def one(found: Review, rule: str, path: str = "", dataset: str = "") -> Reviewed:
    """The finding of this rule and path."""
    fits = [
        each for each in found.findings
        if (each.finding.change.rule, each.finding.change.path) == (rule, path)
        and dataset in ("", each.finding.dataset)
    ]  # fmt: skip
    assert len(fits) == 1, [str(each.finding.change) for each in found.findings]
    return fits[0]


def words(finding: Finding) -> dict[str, str]:
    """The verdict of each consumer; of two of the same name the worse one."""
    return {each.consumer.name: each.word for each in reversed(finding.verdicts)}
