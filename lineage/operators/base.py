"""The shape of every operator: `run` does the work and returns an Outcome, `lineage` turns it into OpenLineage."""

import logging
import time
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from lineage import extraction, trigger
from lineage.errors import LineageError
from lineage.outcome import Outcome

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk.definitions.context import Context

logger = logging.getLogger(__name__)


def dated(outcome: Outcome, context: "Context") -> Outcome:
    """The outcome with the run's data interval, that of its triggers where an asset started it; by hand it has none."""
    found = trigger.interval(context)
    return replace(outcome, interval=found) if found else outcome


class LineageOperator(BaseOperator):
    """Base of all our operators. A subclass writes `run` and `expected`.

    `execute` keeps the Outcome on the instance for the listener, which runs after it in the same process (or a fork
    of it: provider openlineage 2.20), also when `run` raised an error that carries one (`LineageError.outcome`).
    """

    outcome: Outcome | None = None

    @abstractmethod
    def run(self, context: "Context") -> Outcome:
        """Do the work; raise a LineageError with `.outcome` for what was done before it failed."""

    @abstractmethod
    def expected(self) -> Outcome:
        """What is known before running: datasets and contracts, no counts. No I/O but connection look-ups."""

    def execute(self, context: "Context") -> dict[str, Any]:
        """Run, keep the outcome for the listener, and return its summary as XCom."""
        started = time.monotonic()
        try:
            self.outcome = dated(self.run(context), context)
        except LineageError as error:
            if error.outcome is not None:
                self.outcome = dated(error.outcome, context)
                context["ti"].xcom_push(key="outcome", value=extraction.summary(self.outcome))
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error
        return {**extraction.summary(self.outcome), "seconds": round(time.monotonic() - started, 1)}

    def lineage(self, outcome: Outcome | None) -> "OperatorLineage[Any, Any]":
        """OpenLineage of one state: `None` at the start (what is expected), the outcome on completion and failure."""
        return extraction.operator_lineage(outcome or self.expected(), source=type(self))

    def get_openlineage_facets_on_start(self) -> "OperatorLineage[Any, Any]":
        """Called by Airflow's listener before `execute`."""
        return self.lineage(None)

    def get_openlineage_facets_on_complete(self, task_instance: object) -> "OperatorLineage[Any, Any]":
        """Called by Airflow's listener after success."""
        return self.lineage(self.outcome)

    def get_openlineage_facets_on_failure(self, task_instance: object) -> "OperatorLineage[Any, Any]":
        """Called by Airflow's listener after failure."""
        return self.lineage(self.outcome)
