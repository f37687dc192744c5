"""The shape of every operator: `run` does the work and returns an Outcome, `lineage` turns it into OpenLineage."""

import inspect
import re
import resource
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from catalog import contract as contracts
from lineage import extraction, trigger
from lineage.errors import LineageError
from lineage.outcome import Outcome, Read, Usage, Written

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk.definitions.context import Context
    from jinja2 import Environment

    from lineage.hooks.cache import CacheHook
    from lineage.hooks.catalog import CatalogHook
    from lineage.hooks.kafka import KafkaHook
    from lineage.hooks.lake import LakeHook
    from lineage.hooks.warehouse import WarehouseHook


def described(docstring: str | None) -> str | None:
    """A docstring without its list of parameters: what a reader of the task wants to know."""
    return re.split(r"\n(?::param|Args:)", docstring or "", maxsplit=1)[0].strip() or None


def _meter() -> Callable[[], Usage]:
    """Start to measure; what it returns says what was used since."""

    def spent() -> tuple[float, float, int]:
        both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.monotonic(), sum(one.ru_utime + one.ru_stime for one in both), max(one.ru_maxrss for one in both)

    began, before, _ = spent()

    def used() -> Usage:
        now, cpu_s, peak_kib = spent()
        return Usage(seconds=round(now - began, 1), cpu_s=round(cpu_s - before, 1), peak_bytes=peak_kib * 1024)

    return used


class LineageOperator(BaseOperator):
    """Base of all our operators. A subclass writes `run` and `expected`.

    `execute` keeps the Outcome on the instance for the listener, which runs after it in the same process (or a fork
    of it: provider openlineage 2.20), also when `run` raised an error that carries one (`LineageError.outcome`).
    """

    outcome: Outcome | None = None
    data_interval: trigger.Interval | None = None
    """That of the run, or of the runs that triggered it; a run by hand has none."""

    def __init__(self, **kwargs: Any) -> None:
        # Airflow tells a task's doc_md as the job's documentation; without one it would repeat the DAG's for each task.
        super().__init__(**({"doc_md": described(inspect.getdoc(type(self)))} | kwargs))

    def render_template_fields(self, context: "Context", jinja_env: "Environment | None" = None) -> None:
        """Keep the data interval: of Airflow's calls before the START event this is the one that brings the context."""
        super().render_template_fields(context, jinja_env)
        self.data_interval = trigger.interval(context)

    @abstractmethod
    def run(self, context: "Context") -> Outcome:
        """Do the work; raise a LineageError with `.outcome` for what was done before it failed."""

    @abstractmethod
    def expected(self) -> Outcome:
        """What is known before running: datasets and contracts, no counts. No I/O but connection look-ups."""

    def execute(self, context: "Context") -> dict[str, Any]:
        """Run, keep the outcome for the listener, and return its summary as XCom."""
        used = _meter()
        try:
            self.outcome = replace(self.run(context), interval=self.data_interval, usage=used())
        except LineageError as error:
            if error.outcome is not None:
                self.outcome = replace(error.outcome, interval=self.data_interval, usage=used())
                context["ti"].xcom_push(key="outcome", value=extraction.summary(self.outcome))
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error
        return extraction.summary(self.outcome)

    def lineage(self, outcome: Outcome | None) -> "OperatorLineage[Any, Any]":
        """OpenLineage of one state: `None` at the start (what is expected), the outcome on completion and failure."""
        told = outcome or replace(self.expected(), interval=self.data_interval)
        return extraction.operator_lineage(told, source=type(self))

    def get_openlineage_facets_on_start(self) -> "OperatorLineage[Any, Any]":
        """Called by Airflow's listener before `execute`."""
        return self.lineage(None)

    def get_openlineage_facets_on_complete(self, task_instance: object) -> "OperatorLineage[Any, Any]":
        """Called by Airflow's listener after success."""
        return self.lineage(self.outcome)

    def get_openlineage_facets_on_failure(self, task_instance: object) -> "OperatorLineage[Any, Any]":
        """Called by Airflow's listener after failure."""
        return self.lineage(self.outcome)


class ConnectedOperator(LineageOperator):
    """An operator between the platform's places: a connection id and a hook for each, made when it is asked for."""

    template_fields: Sequence[str] = ("lake_conn_id", "warehouse_conn_id", "cache_conn_id", "kafka_conn_id")

    def __init__(
        self,
        *,
        lake_conn_id: str = "lake_default",
        warehouse_conn_id: str = "warehouse_default",
        cache_conn_id: str = "cache_default",
        kafka_conn_id: str = "kafka_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.lake_conn_id, self.warehouse_conn_id = lake_conn_id, warehouse_conn_id
        self.cache_conn_id, self.kafka_conn_id = cache_conn_id, kafka_conn_id

    @cached_property
    def lake(self) -> "LakeHook":
        """Iceberg tables, and objects beside them."""
        from lineage.hooks.lake import LakeHook

        return LakeHook(self.lake_conn_id)

    @cached_property
    def warehouse(self) -> "WarehouseHook":
        """Tables for reports."""
        from lineage.hooks.warehouse import WarehouseHook

        return WarehouseHook(self.warehouse_conn_id)

    @cached_property
    def cache(self) -> "CacheHook":
        """Products and profiles to look up."""
        from lineage.hooks.cache import CacheHook

        return CacheHook(self.cache_conn_id)

    @cached_property
    def kafka(self) -> "KafkaHook":
        """Topics."""
        from lineage.hooks.kafka import KafkaHook

        return KafkaHook(self.kafka_conn_id)


class RecordOperator(ConnectedOperator):
    """An operator that reads what the lineage backend recorded, and may leave objects in the lake."""

    @cached_property
    def hook(self) -> "CatalogHook":
        """Where the record is read."""
        from lineage.hooks.catalog import CatalogHook

        return CatalogHook()

    def record(self) -> Read:
        """The record as an input like any other."""
        promised = contracts.load("api.lineage_events")
        return Read(dataset=self.hook.dataset(promised.name), contract=promised)

    def objects(
        self, contract_id: str, *, rows: int | None = None, size_bytes: int | None = None, files: int | None = None
    ) -> Written:
        """The contract's objects in the lake as an output."""
        promised = contracts.load(contract_id)
        place = self.lake.object_dataset(promised.name)
        return Written(dataset=place, contract=promised, rows=rows, size_bytes=size_bytes, files=files)
