"""What each command answers with `--json`: the types from which the published schema is made.

The schema is catalog/schemas/answers.json, written by `python -m catalog.render.answer`; a test says when it is stale.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.concern import Concern
from catalog.entry import (
    Change,
    CheckEntry,
    ColumnEdge,
    DatasetEntry,
    Impact,
    JobEntry,
    LineageGraph,
    Results,
    RunEntry,
    SchemaVersion,
)
from catalog.flow import Flow
from catalog.index.sync import Synced
from catalog.render import drifting, machine

FILE = Path(__file__).parents[1] / "schemas" / "answers.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One dataset with its checks, or one job with its last runs."""

    entry: DatasetEntry | JobEntry
    checks: tuple[CheckEntry, ...] = ()
    runs: tuple[RunEntry, ...] = ()


ANSWERS: Mapping[str, object] = {
    "search": Results,
    "show": Shown,
    "history": tuple[SchemaVersion, ...] | tuple[Change, ...],
    "lineage": LineageGraph | tuple[ColumnEdge, ...],
    "impact": Impact,
    "changes": tuple[Change, ...],
    "flow": Flow,
    "check": tuple[Concern, ...],
    "sync": Synced,
    "drift list": tuple[drifting.OpenDrift, ...],
    "drift show": drifting.Drift,
    "drift accept": drifting.Accepted,
}


def published() -> str:
    """The text of the schema as it should be published."""
    return json.dumps(machine.schema(ANSWERS), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(published(), encoding="utf-8")
