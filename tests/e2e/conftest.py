"""One platform for all tests of this folder, and its DAG runs in the order in which they build on each other.

Each fixture runs a DAG once and keeps what was there right after it, so that tests may come in any order.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from catalog import dataset
from catalog.index import Index
from catalog.index.sync import sync
from catalog.marquez import Marquez
from catalog.observe import Baseline, acceptance, observe
from catalog.settings import Settings
from stack import platform as servers
from stack.home import Home
from stack.shop.clock import parse_time
from stack.shop.generate import Scenario, Stream
from stack.shop.message import Message
from stack.shop.publish import publish
from stack.shop.replay import Replay
from stack.supervision import Supervisor
from tests.conftest import SHARED
from tests.e2e.flow import Event, Flow, Run, wait_for
from tests.lineage.conftest import problems  # noqa: F401  (a fixture)

EVENTS, SEED = 20_000, 7
START = "2026-11-20T00:00:00Z"
RAW = "kafka.ecommerce-events-raw"
RETAIL_START, RETAIL_DAYS = date(2010, 12, 1), 3


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What lake and warehouse hold at one moment."""

    lake_events: int
    events: int
    event_ids: int
    sessions: int
    revenue: Decimal
    days: dict[Any, tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One DAG run, and what was there right after it."""

    run: Run
    events: list[Event]
    figures: Figures
    slack: list[dict[str, Any]]
    mail: list[tuple[str, str]]


def figures(flow: Flow) -> Figures:
    """Lake and warehouse as they are now."""
    ((events, ids, revenue),) = flow.warehouse(
        "SELECT count(*), count(DISTINCT event_id), sum(event_revenue) FROM events"
    )
    ((sessions,),) = flow.warehouse("SELECT count(*) FROM user_sessions")
    days = flow.warehouse("SELECT report_date, total_events, total_orders, total_revenue FROM daily_summary")
    return Figures(
        lake_events=len(flow.lake("enriched_events", ["event_id"])),
        events=events,
        event_ids=ids,
        sessions=sessions,
        revenue=revenue,
        days={day: tuple(rest) for day, *rest in days},
    )


def chapter(flow: Flow, run: Run, *, slack: int, mail: int) -> Chapter:
    """A run with its events and the messages after the first `slack` and `mail` ones."""
    flow.settled()
    events, now = flow.events_of(run), figures(flow)
    return Chapter(run=run, events=events, figures=now, slack=flow.slack()[slack:], mail=flow.mail()[mail:])


@pytest.fixture(scope="package")
def flow() -> Iterator[Flow]:
    """All servers, on free ports, in a home of their own."""
    with tempfile.TemporaryDirectory(prefix="ecompulse-e2e-", ignore_cleanup_errors=True) as folder:
        running = servers.start(Home.locate(Path(folder), {}))
        try:
            with closing(Flow(running)) as found:
                yield found
        finally:
            running.stop()


@pytest.fixture(scope="package")
def reference(flow: Flow) -> tuple[Run, list[Event]]:
    """reference_data_dag on a new platform."""
    run = flow.run("reference_data_dag")
    flow.settled()
    return run, flow.events_of(run)


@dataclass(frozen=True, kw_only=True)
class Retried:
    """A run whose task found its server down at the first try, and up at the second."""

    task_id: str
    before: dict[str, list[Any]]
    """What was stored before the run, by where."""
    after: dict[str, list[Any]]
    run: Run
    events: list[Event]
    slack: list[dict[str, Any]]


@pytest.fixture(scope="package")
def retried(flow: Flow, reference: tuple[Run, list[Event]]) -> Retried:
    """reference_data_dag again; the cache is down when it is to be filled, and comes back before the second try."""
    dag_id, task_id, home = "reference_data_dag", "refresh_lookup_cache", flow.platform.home
    before, slack = flow.reference_data(), len(flow.slack())
    Supervisor(home).stop(["redis"])
    try:
        run_id = flow.airflow.trigger(dag_id)
        wait_for(lambda: flow.states(dag_id, run_id)[task_id] == "up_for_retry", f"the first try of {task_id}")
    finally:
        servers.start(home, ["redis"])
    flow.try_again(dag_id, run_id, task_id)
    run = flow.end_of(dag_id, run_id)
    flow.settled()
    after, told = flow.reference_data(), flow.slack()[slack:]
    return Retried(task_id=task_id, before=before, after=after, run=run, events=flow.events_of(run), slack=told)


@pytest.fixture(scope="package")
def manifest(flow: Flow) -> dict[str, Any]:
    """The shop's events are in the topic; what they are."""
    flow.airflow.unpause("data_ingestion_dag")
    stream = Stream(scenario=Scenario(events=EVENTS, seed=SEED, start_ms=parse_time(START)))
    publish(stream.messages(), bootstrap=flow.environment["KAFKA_BOOTSTRAP_SERVERS"], create_topic=True)
    return stream.manifest()


@pytest.fixture(scope="package")
def shop(flow: Flow, reference: tuple[Run, list[Event]], manifest: dict[str, Any]) -> Chapter:
    """data_ingestion_dag on the shop's events. Its asset starts data_quality_dag: only where that is on already."""
    flow.airflow.unpause("data_quality_dag")
    return chapter(flow, flow.run("data_ingestion_dag"), slack=0, mail=0)


LACKED = "properties.method"
"""A key that the shop sends and no contract names."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What followed the main job by assets, one after the other."""

    quality: Run
    evolution: Run
    drift: dict[str, Any]
    """The topic's drift facet after that."""
    slack: list[dict[str, Any]]
    """Messages of both."""


@pytest.fixture(scope="package")
def followed(flow: Flow, shop: Chapter) -> Followed:
    """data_quality_dag, started by the asset of the main job, and schema_evolution_dag by its; off again afterwards.

    Left on they would run after every later run of the main job, beside what other tests look at.
    """
    slack, dags = len(flow.slack()), ("data_quality_dag", "schema_evolution_dag")
    try:
        _accept_without(flow, LACKED)
        flow.airflow.unpause("schema_evolution_dag")  # an asset starts only what is on already
        quality = flow.end_of("data_quality_dag", flow.airflow.caused("data_quality_dag", shop.run.run_id))
        evolution = flow.end_of("schema_evolution_dag", flow.airflow.caused("schema_evolution_dag", quality.run_id))
    finally:
        for dag_id in dags:
            flow.airflow.http.patch(f"/api/v2/dags/{dag_id}", json={"is_paused": True})
    flow.settled()
    return Followed(quality=quality, evolution=evolution, drift=_drift(flow), slack=flow.slack()[slack:])


@pytest.fixture(scope="package")
def quality(flow: Flow, followed: Followed) -> tuple[Run, list[Event]]:
    """data_quality_dag after the main job."""
    return followed.quality, flow.events_of(followed.quality)


@dataclass(frozen=True, kw_only=True)
class Evolution:
    """Two runs of schema_evolution_dag: one that finds what the baseline lacks, and one after it was accepted."""

    lacked: str
    """The key that the baseline lacks."""
    found: Run
    events: list[Event]
    open: dict[str, Any]
    """The topic's drift facet in the backend after the first run."""
    told: list[dict[str, Any]]
    listed: subprocess.CompletedProcess[str]
    accepted: subprocess.CompletedProcess[str]
    closed: Run
    closing: list[dict[str, Any]]
    shut: dict[str, Any]
    """The facet after the second run."""


@pytest.fixture(scope="package")
def evolution(flow: Flow, followed: Followed) -> Evolution:
    """schema_evolution_dag finds a key that is not in the baseline; somebody accepts it; the DAG once more, by hand."""
    found = followed.evolution
    told = [one for one in followed.slack if "Schema drift" in one["text"]]
    listed = _catalog(flow, "drift", "list", "--sync", "--json")
    accepted = _catalog(flow, "drift", "accept", RAW, "--by", "ada", "--reason", "the shop logs how people sign in")
    slack = len(flow.slack())
    try:
        closed = flow.run("schema_evolution_dag")
    finally:
        flow.airflow.http.patch("/api/v2/dags/schema_evolution_dag", json={"is_paused": True})
    flow.settled()
    return Evolution(
        lacked=LACKED, found=found, events=flow.events_of(found), open=followed.drift, told=told, listed=listed,
        accepted=accepted, closed=closed, closing=flow.slack()[slack:], shut=_drift(flow),
    )  # fmt: skip


def _drift(flow: Flow) -> dict[str, Any]:
    """The topic's drift facet, as the backend has it."""
    at = dataset.topic(flow.environment["KAFKA_BOOTSTRAP_SERVERS"], "ecommerce-events-raw")
    path = f"namespaces/{quote(at.namespace, safe='')}/datasets/{at.name}"
    return dict(flow.ask(path)["facets"]["ecompulse_schemaDrift"])


def _accept_without(flow: Flow, path: str) -> None:
    """What was observed of the topic, less one key, becomes its baseline: as if that key came with a release."""
    settings = Settings(marquez_url=flow.environment["MARQUEZ_URL"])
    with Index.open(":memory:") as index, Marquez.open(settings) as client:
        sync(index, client)
        topic = index.find(RAW)
        assert isinstance(topic, dataset.Dataset)
        columns = tuple(one for one in observe(index, topic).value.columns if one.path != path)
        now = datetime.now(UTC)
        kept = Baseline(name="main", columns=columns, accepted_by="the former release", reason="in production",
                        since=now - timedelta(days=1))  # fmt: skip
        namespace = flow.environment["AIRFLOW__OPENLINEAGE__NAMESPACE"]
        client.tell(acceptance(index.dataset(topic), kept, namespace=namespace, at=now))


@pytest.fixture(scope="package")
def again(flow: Flow, shop: Chapter, quality: tuple[Run, list[Event]]) -> Chapter:
    """data_ingestion_dag with nothing new."""
    return chapter(flow, flow.run("data_ingestion_dag"), slack=len(flow.slack()), mail=len(flow.mail()))


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A run that a critical check stopped, its new events and messages; then the same run after the repair."""

    damaged: str
    stopped: Chapter
    repaired: Chapter


@pytest.fixture(scope="package")
def failure(flow: Flow, again: Chapter) -> Failure:
    """Somebody changes a purchase in the warehouse by hand and clears the last run's check; then puts it right."""
    ((damaged, kept),) = flow.warehouse(
        "SELECT event_id, event_revenue FROM events WHERE event_type = 'purchase' ORDER BY event_id LIMIT 1"
    )
    change = "UPDATE events SET event_revenue = {} WHERE event_id = '{}'"
    flow.warehouse(change.format(-1, damaged))
    slack, mail = len(flow.slack()), len(flow.mail())
    try:
        stopped = chapter(flow, flow.clear(again.run, "validate_warehouse_data"), slack=slack, mail=mail)
    finally:
        flow.warehouse(change.format(kept, damaged))
    slack, mail = len(flow.slack()), len(flow.mail())
    repaired = chapter(flow, flow.clear(again.run, "validate_warehouse_data"), slack=slack, mail=mail)
    return Failure(
        damaged=damaged,
        stopped=_only_new(stopped, before=again.events),
        repaired=_only_new(repaired, before=stopped.events),
    )


def _only_new(one: Chapter, *, before: list[Event]) -> Chapter:
    return replace(one, events=[event for event in one.events if event not in before])


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A whole run while the lineage backend was down, looked at after it came back."""

    chapter: Chapter
    waiting: int
    """Events in the outbox at the end of the run."""
    relay: subprocess.CompletedProcess[str]
    """`lineage relay --once`, when the backend was back."""
    status: dict[str, Any]
    """What `lineage outbox status` said after that."""


@pytest.fixture(scope="package")
def orders() -> Path | None:
    """The real order log, None where it is not at hand."""
    path = SHARED / "data" / "retail" / "online_retail_cc0.parquet"
    return path if path.exists() else None


@pytest.fixture(scope="package")
def outage(flow: Flow, failure: Failure, orders: Path | None) -> Outage:
    """data_ingestion_dag on three real days (else on some more visits), the backend being down from before to after."""
    slack, mail = len(flow.slack()), len(flow.mail())
    messages = Replay(orders=orders, start=RETAIL_START, days=RETAIL_DAYS).messages() if orders else _more_visits()
    publish(messages, bootstrap=flow.environment["KAFKA_BOOTSTRAP_SERVERS"])
    home = flow.platform.home
    Supervisor(home).stop(["marquez"])
    try:
        run = flow.run("data_ingestion_dag")
        waiting = len(list((Path(flow.environment["LINEAGE_OUTBOX"]) / "pending").rglob("*.json")))
    finally:
        servers.start(home, ["marquez"])
    relay = _lineage(flow, "relay", "--once")
    status = json.loads(_lineage(flow, "outbox", "status", "--json").stdout)
    return Outage(
        chapter=chapter(flow, run, slack=slack, mail=mail),
        waiting=waiting,
        relay=relay,
        status={key: status[key] for key in ("pending", "rejected")},
    )


def _lineage(flow: Flow, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _command(flow, "lineage", *arguments)


def _catalog(flow: Flow, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _command(flow, "catalog", *arguments)


def _command(flow: Flow, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Our command, as an operator of the platform calls it."""
    command, environment = Path(sys.executable).with_name(name), {**os.environ, **flow.environment}
    return subprocess.run(
        [command, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def _more_visits() -> Iterator[Message]:
    return Stream(scenario=Scenario(events=2_000, seed=SEED, start_ms=parse_time("2026-11-21T00:00:00Z"))).messages()
