"""Short event documents for tests: what matters is written, the rest is filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

EXAMPLES = pytest.mark.parametrize("examples", [25, pytest.param(250, marks=pytest.mark.integration)])
"""Of a law that is costly to try: a few in each run, many where the long tests run."""
START = datetime(2026, 11, 1, tzinfo=UTC)
PRODUCER = "https://github.com/ecompulse/pipeline/tests"
Json = dict[str, Any]


def at(hours: float) -> datetime:
    """So many hours after the beginning."""
    return START + timedelta(hours=hours)


def run_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


def event(
    job: str, hours: float, *, kind: str = "COMPLETE", run: str | None = None, inputs: Any = (), outputs: Any = (),
    parent: tuple[str, str] | None = None, root: tuple[str, str] | None = None, job_facets: Json | None = None,
    run_facets: Json | None = None,
) -> Json:  # fmt: skip
    """An event of `job`; a parent is (job, run). Without `run`, each moment is a run of its own."""
    facets = dict(run_facets or {})
    if parent:
        facets["parent"] = facet(**_ancestor(parent), **({"root": _ancestor(root)} if root else {}))
    return {
        "eventType": kind, "eventTime": at(hours).isoformat(), "producer": PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run_id(run or f"{job}@{hours}"), "facets": facets},
        "job": {"namespace": "shop", "name": job, "facets": dict(job_facets or {})},
        "inputs": list(inputs), "outputs": list(outputs),
    }  # fmt: skip


def dataset(
    name: str, columns: Any = None, *, namespace: str = "db://h", details: Any = None, observed: bool | None = None,
    contract: str | None = None, input_facets: Json | None = None, output_facets: Json | None = None, **facets: Any
) -> Json:  # fmt: skip
    """A dataset; `columns` are names or `name:type`; `details` per column go into our own facet."""
    said = dict(facets)
    if columns is not None:
        said["schema"] = facet(fields=[_field(one) for one in columns])
    if details is not None:
        told = {"columns": [{"path": path, **more} for path, more in details.items()], "contract": contract}
        said["ecompulse_columnDetails"] = facet(**told, observed=observed)
    return {"namespace": namespace, "name": name, "facets": said, "inputFacets": dict(input_facets or {}),
            "outputFacets": dict(output_facets or {})}  # fmt: skip


def facet(**content: Any) -> Json:
    return {"_producer": PRODUCER, "_schemaURL": "https://openlineage.io/spec/facets/1-0-0/Facet.json", **content}


def checks(*results: tuple[str, bool], severity: str = "error", column: str | None = None) -> Json:
    """An input facet with assertions (name, success)."""
    return {"dataQualityAssertions": facet(assertions=[
        {"assertion": name, "success": success, "severity": severity, "column": column} for name, success in results
    ])}  # fmt: skip


def columns_from(**sources: str) -> Json:
    """A columnLineage facet: column="table.column"."""

    def origin(text: str) -> Json:
        name, _, field = text.rpartition(".")
        return {"namespace": "db://h", "name": name, "field": field,
                "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}]}  # fmt: skip

    return facet(
        fields={column: {"inputFields": [origin(one) for one in text.split()]} for column, text in sources.items()}
    )


def _ancestor(one: tuple[str, str]) -> Json:
    return {"job": {"namespace": "shop", "name": one[0]}, "run": {"runId": run_id(one[1])}}


def _field(one: Any) -> Json:
    name, _, kind = one.partition(":")
    return {"name": name, "type": kind or "string"}
