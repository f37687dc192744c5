"""What the record tells of a dataset's columns without naming them: evidence for which of them were renamed.

Past and present together: a column that is gone has what was told of it while it was there.
"""

from typing import TYPE_CHECKING

import orjson

from catalog import graph
from catalog.dataset import Dataset
from catalog.drift import Check
from catalog.drift.evidence import Evidence, evidence
from catalog.index.fold import names_of
from catalog.index.store import rows_in

if TYPE_CHECKING:
    from catalog.index import Index

CHECKED = (
    'SELECT DISTINCT name, "column" AS path, params FROM expectation WHERE dataset IN ({ids}) AND "column" <> \'\''
)
COUNT = "count:"


def recorded(index: "Index", dataset: Dataset) -> Evidence:
    """Its lineage, the rules that checked it, and the values that its profiles counted."""
    edges = graph.ever(index, dataset)
    values: dict[str, list[str]] = {}
    for path, metric in index.metrics(dataset):
        if path and metric.startswith(COUNT):
            values.setdefault(path, []).append(metric.removeprefix(COUNT))
    rows = rows_in(index.db, CHECKED, names_of(index.db, index.id_of(dataset)))
    checks = [
        Check(type=row["name"].partition("(")[0], column=row["path"], kwargs=tuple(sorted(_told(row["params"]))))
        for row in rows
    ]
    present = [edge for edge in edges if edge.current]
    return evidence(dataset, lineage=(edges, present), suites=(checks, checks), values=(values, values))


def _told(params: str) -> list[tuple[str, str]]:
    """The parameters as the record writes them, without the column itself."""
    return [(name, str(value)) for name, value in orjson.loads(params).items() if name != "column"]
