"""What every DAG file shares: when this deployment's history begins, who is told, how a task is tried again."""

import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Asset

from lineage.notifier import AlertNotifier

START_DATE = datetime.fromisoformat(os.environ.get("ECOMPULSE_START_DATE", "2026-11-01T00:00:00+00:00"))
"""The first interval this deployment answers for: catch-up begins here (`stack up` sets it)."""

REPLICATION = os.environ.get("ECOMPULSE_TOPIC_REPLICATION", "1")
"""Copies of a topic that has to be created: 3 in production."""

INGESTED = Asset(name="ecompulse_ingested", uri="x-ecompulse://ingested")
"""What the ingestion produces and other DAGs are scheduled by."""

CATALOGUED = Asset(name="ecompulse_catalogued", uri="x-ecompulse://catalogued")
"""The record holds what an ingestion brought and what its checks found: whoever reads the record may begin. Not the end
of the quality run, which fails when a critical check does: then, most of all, somebody has to look at the schemas."""

DEFAULTS: dict[str, Any] = {
    "owner": "data-engineering",
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=30),
    "on_failure_callback": AlertNotifier(),
    "on_success_callback": AlertNotifier(),
}
