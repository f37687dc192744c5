"""Events and facets that OpenLineage and Marquez publish: each is taken, and its facets come back as they were."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.marquez.conftest import POSTGRES, SHARED, Api, dataset, event

pytestmark = pytest.mark.integration

DATA = SHARED / "data/openlineage"
RUN = "7a0d54b8-0e59-4ad0-a09a-27e3d7a4e6f1"
TYPED_TIMES = {"nominalTime"}  # instants are given back at UTC


def documents(pattern: str) -> list[Any]:
    files = sorted(DATA.glob(pattern))
    missing = pytest.param(None, marks=pytest.mark.skip(reason="../shared/data/openlineage is not here"))
    return [pytest.param(f, id=f"{f.parent.name}/{f.stem}") for f in files] or [missing]


@pytest.mark.parametrize("file", documents("events/marquez/open_lineage/*.json"))
def test_an_event_that_marquez_takes_is_taken(api: Api, file: Path) -> None:
    api.post(json.loads(file.read_text()))
    assert api.get("/events/lineage")["totalCount"] == 1


@pytest.mark.parametrize("file", documents("events/marquez/metadata.template.json"))
def test_the_seed_events_of_marquez_are_taken(api: Api, file: Path) -> None:
    text = re.sub(r"\{\{[A-Z0-9_]+\}\}", "2026-03-10T00:00:00Z", file.read_text())
    for seed in json.loads(text):
        api.post(seed)
    assert len(api.get("/jobs")["jobs"]) > 5


@pytest.mark.parametrize("file", documents("spec-examples/*.json"))
def test_the_full_example_of_the_specification_is_taken(api: Api, file: Path) -> None:
    api.post(json.loads(file.read_text()))


@pytest.mark.parametrize("file", documents("spec-examples/*/*.json"))
def test_an_example_facet_comes_back_unchanged(api: Api, file: Path) -> None:
    facets = json.loads(file.read_text())
    kind = file.parent.name
    run_facets = facets if "Run" in kind else {}
    job_facets = facets if "Job" in kind or file.stem.endswith("-to-job") else {}
    dataset_facets = {} if run_facets or job_facets else facets
    written = dataset("t", facets=dataset_facets)
    api.post(event("COMPLETE", RUN, 1, run_facets=run_facets, job_facets=job_facets, outputs=[written]))
    shown = {
        **api.get(f"/jobs/runs/{RUN}")["facets"],
        **api.get(f"/namespaces/shop/jobs/{_job_name(api)}")["facets"],
        **api.dataset("t", f"/versions/{api.dataset('t')['currentVersion']}", namespace=POSTGRES)["facets"],
    }
    assert {k: v for k, v in shown.items() if k not in TYPED_TIMES} == {
        k: v for k, v in facets.items() if k not in TYPED_TIMES
    }


def _job_name(api: Api) -> str:
    return str(next(j["name"] for j in api.get("/jobs")["jobs"] if j["latestRun"] and j["latestRun"]["id"] == RUN))
