"""Checking data: a Great Expectations suite on what was just written, with severity that decides what follows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from catalog import contract as contracts
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage import sample
from lineage.errors import ChecksFailed, ConfigurationError
from lineage.expectations.schema import ASPECTS, Aspect
from lineage.hooks import place
from lineage.operators.base import ConnectedOperator
from lineage.outcome import Outcome, Read, Reading

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

    from lineage.expectations.batch import Batch
    from lineage.expectations.project import Validation

FailOn = Literal["critical", "warning", "never"]
MAX_ROWS = 500_000
READING = Reading(way="any", says="its rules say what they ask for")


class GreatExpectationsOperator(ConnectedOperator):
    """Run each contract's suite on its dataset, where the data is: SQL in the warehouse, Arrow for the rest.

    A failed critical expectation fails the task, without retries: the same rows fail again. A failed warning is in the
    outcome, for whoever notifies. Rows: in the lake the newest batch, or those above a mark; in the warehouse all, or
    those of `where`; of a cache or a topic at most `max_rows`. An empty batch passes (a rerun finds nothing), an empty
    dataset is a warning (an hour without events on a new deployment), one that has lost its rows is critical.

    Args:
        contract_ids: the datasets, by the ids of their contracts: `lake.enriched_events`.
        suite: a suite for all of them; by default each contract names its own.
        above: ISO time; lake rows with a greater mark are checked. Empty: the newest batch.
        loads_into: contract id → warehouse table; every lake row that the warehouse has not taken is checked, so that a
            batch which failed stays in the way of later ones until it is repaired.
        where: contract id → SQL condition on a warehouse table's rows.
        aspects: which expectations are checked: schema, completeness, business; by default all.
        offsets: JSON of the topic's offsets to check, as another task's outcome tells them; empty: the newest messages.
        as_of: ISO time that "now" means in rules; empty: when the task runs.
        fail_on: the mildest severity that fails the task.
        load: contract → batch, in the place of the connections (data frames of your own).
    """

    template_fields: Sequence[str] = (
        *ConnectedOperator.template_fields,
        "contract_ids",
        "suite",
        "above",
        "where",
        "as_of",
        "offsets",
    )
    ui_color = "#f3e1c0"

    def __init__(
        self,
        *,
        contract_ids: Sequence[str],
        suite: str | None = None,
        above: str = "",
        loads_into: Mapping[str, str] | None = None,
        where: Mapping[str, str] | None = None,
        aspects: Sequence[Aspect] = ASPECTS,
        offsets: str = "",
        as_of: str = "",
        fail_on: FailOn = "critical",
        max_rows: int = MAX_ROWS,
        load: "Callable[[Contract], Batch] | None" = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contract_ids, self.suite = list(contract_ids), suite
        self.above, self.where, self.as_of = above, dict(where or {}), as_of
        self.aspects, self.offsets = tuple(aspects), offsets
        self.loads_into = dict(loads_into or {})
        self.fail_on, self.max_rows, self.load = fail_on, max_rows, load

    def run(self, context: "Context") -> Outcome:
        """Check every dataset, then decide: what is wrong is told in one go, not dataset by dataset."""
        outcome = self._outcome(tuple(self._validate(context)))
        self._log(outcome)
        stopping = {"critical": ("critical",), "warning": ("critical", "warning"), "never": ()}[self.fail_on]
        if any(check.severity in stopping for check in outcome.failed):
            raise ChecksFailed(outcome, where=", ".join(str(read.dataset) for read in outcome.inputs))
        return outcome

    def expected(self) -> Outcome:
        """The datasets that will be read."""
        found = (Read(dataset=self._dataset(one), contract=one, reading=READING) for one in self._contracts())
        return Outcome(inputs=tuple(found))

    def _contracts(self) -> Iterator[Contract]:
        return (contracts.load(contract_id) for contract_id in self.contract_ids)

    def _validate(self, context: "Context") -> "Iterator[Validation]":
        from lineage.expectations.project import Project

        project = Project.from_environment()
        as_of = datetime.fromisoformat(self.as_of) if self.as_of else datetime.now(UTC)
        run = f"{self.dag_id}.{self.task_id} {context['run_id']}" if "run_id" in context else self.task_id
        for contract in self._contracts():
            suite = self.suite or contract.suite
            if suite is None:
                raise ConfigurationError("suite", f"contract {contract.id} names none, nor does task {self.task_id}")
            batch = self.load(contract) if self.load else self._read(contract)
            self.log.info("checking %s with %s: %s", batch.dataset, suite, batch.scope)
            yield project.validate(batch, suite=suite, as_of=as_of, run=run, aspects=self.aspects)

    def _read(self, contract: Contract) -> "Batch":
        from lineage.expectations import reader

        hook = self._hook(contract)
        if contract.kind == "lake":
            return reader.of_lake(hook, contract, above=self._mark(contract), max_rows=self.max_rows)
        if contract.kind == "warehouse":
            return reader.of_warehouse(hook, contract, where=self.where.get(contract.id, ""))
        if contract.kind == "cache":
            return reader.of_cache(hook, contract, max_rows=self.max_rows)
        offsets = [at for at in sample.from_text(self.offsets) if at.topic == contract.name]
        return reader.of_topic(hook, contract, max_rows=self.max_rows, offsets=offsets)

    def _mark(self, contract: Contract) -> datetime | None:
        from lineage.expectations import reader

        if table := self.loads_into.get(contract.id):
            return reader.loaded_until(self.warehouse, table) or datetime(1970, 1, 1, tzinfo=UTC)
        return datetime.fromisoformat(self.above) if self.above else None

    def _dataset(self, contract: Contract) -> Dataset:
        found: Dataset = self._hook(contract).dataset(contract.name)
        return found

    def _hook(self, contract: Contract) -> Any:
        return place.hook(
            contract,
            lake=self.lake_conn_id,
            warehouse=self.warehouse_conn_id,
            cache=self.cache_conn_id,
            kafka=self.kafka_conn_id,
        )

    def _outcome(self, validations: "tuple[Validation, ...]") -> Outcome:
        return Outcome(
            inputs=tuple(replace(one.read, reading=READING) for one in validations),
            rows_in=sum(one.read.rows or 0 for one in validations),
            rows_rejected=sum(one.rejected for one in validations),
            offsets=tuple(at for one in validations for at in one.offsets),
            links={f"data docs of {one.read.contract.id}": one.page for one in validations if one.read.contract},
        )

    def _log(self, outcome: Outcome) -> None:
        self.log.info("%d of %d expectations hold", len(outcome.checks) - len(outcome.failed), len(outcome.checks))
        for check in outcome.failed:
            self.log.warning(
                "%s %s%s: expected %s, found %s",
                check.severity, check.name, f"({check.column})" if check.column else "", check.expected, check.actual,
            )  # fmt: skip
        for name, page in outcome.links.items():
            self.log.info("%s: %s", name, page)
