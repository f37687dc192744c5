"""The clients that others wrote, against a running server: OpenLineage's to send, Marquez's to read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

RUN = "11111111-1111-4111-8111-111111111111"


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_the_openlineage_client_sends_the_marquez_client_reads(
    serve: Callable[[Path], Any], tmp_path: Path
) -> None:
    from marquez_client import MarquezClient
    from openlineage.client import OpenLineageClient, event_v2
    from openlineage.client.facet_v2 import schema_dataset
    from openlineage.client.transport.http import HttpConfig, HttpTransport

    columns = [schema_dataset.SchemaDatasetFacetFields(name="id", type="bigint", description="key")]
    facets = {"schema": schema_dataset.SchemaDatasetFacet(columns)}
    written = event_v2.OutputDataset("postgres://db:5432", "shop.public.orders", facets=facets)
    with serve(tmp_path / "data") as (address, _):
        client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=address)))
        for state in (event_v2.RunState.START, event_v2.RunState.COMPLETE):
            when = datetime.now(UTC).isoformat()
            client.emit(
                event_v2.RunEvent(
                    eventType=state, eventTime=when, producer="https://example.org/tests", run=event_v2.Run(RUN),
                    job=event_v2.Job("shop", "load_orders"), outputs=[written],
                )
            )  # fmt: skip
        reader = MarquezClient(url=address)
        dataset = reader.get_dataset("postgres://db:5432", "shop.public.orders")
        version = reader.list_dataset_versions("postgres://db:5432", "shop.public.orders")["versions"][0]
        tagged = reader.tag_dataset_field("postgres://db:5432", "shop.public.orders", "id", "key")
        run = reader.get_job_run(RUN)
    assert dataset["fields"] == [{"name": "id", "type": "bigint", "tags": [], "description": "key"}]
    assert (version["version"], version["createdByRun"]["id"]) == (dataset["currentVersion"], RUN)
    assert tagged["fields"][0]["tags"] == ["KEY"]
    assert run["state"] == "COMPLETED"
