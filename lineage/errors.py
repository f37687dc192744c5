"""The errors of the Airflow side.

LineageError
 ├─ ConfigurationError      a setting is wrong: .setting, .problem                      exit 2
 ├─ OutboxUnwritable        the outbox cannot take an event: .path, .cause   retryable  exit 2
 ├─ EventNotFound           no such event in the outbox: .name, .path                   exit 2
 ├─ EventUnreadable         what was refused is no event: .name, .reason                exit 2
 ├─ BackendUnavailable      events wait for the backend: .pending, .reason   retryable  exit 3
 ├─ ServiceUnavailable      a server does not answer: .service, .address     retryable  exit 3
 ├─ AnswerUnusable          a server refuses, or answers nonsense: .url, .problem       exit 3
 ├─ StatementRefused        the warehouse does not accept it: .statement, .reason       exit 3
 ├─ TableMismatch           a table is not what its contract says: .table, .column      exit 2
 ├─ DatasetMissing          nothing has written it yet: .dataset             retryable  exit 3
 ├─ SampleGone              messages asked for again were deleted: .offsets, .first     exit 3
 ├─ SourceEmpty             nothing to replace good rows with: .dataset                 exit 3
 ├─ SparkFailed             an application ended badly: .job, .code, .tail   retryable  exit 3
 ├─ StreamNotRunning        nobody runs the job: .job, .since                           exit 3
 ├─ StreamStillRunning      it did not stop in time: .job, .holder           retryable  exit 3
 └─ ChecksFailed            a critical expectation does not hold: .outcome, .where      exit 1
     └─ QualityFailed       told at the end of a run: .titles, .report                  exit 1

Errors of tasks carry what was done before in `.outcome`, so that the FAIL event tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the relay that a task starts imports this module and must start fast
    from catalog.contract import Contract
    from catalog.dataset import Dataset
    from lineage.outcome import Outcome, TopicOffsets


class LineageError(Exception):
    """Anything of ours that goes wrong: `exit_code` is the command's, `retryable` says if trying again helps."""

    exit_code = 2
    retryable = False
    outcome: Outcome | None = None


class ConfigurationError(LineageError):
    """A setting is wrong."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"Setting '{setting}': {problem}.")
        self.setting, self.problem = setting, problem


class OutboxUnwritable(LineageError):
    """The outbox cannot take an event: disk full, no permission, not a folder."""

    retryable = True

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(
            f"The outbox {path} cannot take an event ({cause.strerror or cause}). "
            "Free some space, or make the folder writable for the user that runs the tasks."
        )
        self.path, self.cause = path, cause


class EventNotFound(LineageError):
    """No event in the outbox has this name, or more than one begins with it."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(f"Not exactly one event in {path} begins with '{name}'. `lineage outbox status` lists them.")
        self.name, self.path = name, path


class EventUnreadable(LineageError):
    """What was refused is not an event, so it cannot be sent again."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"'{name}' is not an event ({reason}) and cannot be sent again. Delete the file when done with it."
        )
        self.name, self.reason = name, reason


class BackendUnavailable(LineageError):
    """Events wait in the outbox because the backend does not take them."""

    exit_code = 3
    retryable = True

    def __init__(self, pending: int, reason: str) -> None:
        super().__init__(f"{pending} event(s) wait in the outbox: {reason}. They are kept and sent when it answers.")
        self.pending, self.reason = pending, reason


class ServiceUnavailable(LineageError):
    """A server that a task needs does not answer."""

    exit_code = 3
    retryable = True

    def __init__(self, service: str, address: str, reason: str) -> None:
        super().__init__(
            f"{service} at {address} does not answer ({reason}). "
            "Start it (`stack up`, `stack status`) or correct the connection."
        )
        self.service, self.address, self.reason = service, address, reason


class AnswerUnusable(LineageError):
    """A server refuses a request, or its answer is not what was agreed."""

    exit_code = 3

    def __init__(self, url: str, problem: str) -> None:
        super().__init__(
            f"The answer of {url} cannot be used: {problem}. Correct the connection, or ask the API's owner."
        )
        self.url, self.problem = url, problem


class StatementRefused(LineageError):
    """The warehouse answers a statement with an error: the same statement will not do better later."""

    exit_code = 3

    def __init__(self, statement: str, reason: str) -> None:
        beginning = statement.strip().splitlines()[0][:60]
        super().__init__(
            f"The warehouse refuses '{beginning} …': {reason}. The transaction was rolled back; "
            "correct the rows or the contract, then clear this task."
        )
        self.statement, self.reason = statement, reason


class TableMismatch(LineageError):
    """A table of the warehouse is not what its contract says."""

    def __init__(self, contract: Contract, column: str, problem: str) -> None:
        super().__init__(
            f"Table {contract.name}, column {column}: {problem}. Alter the table, "
            f"or correct catalog/contracts/{contract.id}.yaml, then clear this task."
        )
        self.table, self.column, self.problem = contract.name, column, problem


class DatasetMissing(LineageError):
    """A table or an object that is to be read is not there."""

    exit_code = 3
    retryable = True

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(f"{dataset} does not exist. Run the task that writes it first.")
        self.dataset = dataset


class SampleGone(LineageError):
    """The messages of an earlier sample are no longer all there."""

    exit_code = 3

    def __init__(self, offsets: TopicOffsets, first: int) -> None:
        super().__init__(
            f"Messages {offsets.start} to {first - 1} of {offsets.topic}, partition {offsets.partition}, are deleted: "
            "the sample cannot be read again. Run it without offsets for a new one."
        )
        self.offsets, self.first = offsets, first


class SourceEmpty(LineageError):
    """A dataset that replaces another has no rows; what is there stays."""

    exit_code = 3

    def __init__(self, dataset: Dataset, remedy: str) -> None:
        super().__init__(f"{dataset} has no rows, so nothing was replaced. {remedy}")
        self.dataset = dataset


class SparkFailed(LineageError):
    """A Spark application ended with another exit code than 0."""

    exit_code = 3
    retryable = True

    def __init__(self, job: str, code: int, tail: str) -> None:
        super().__init__(f"Spark application {job} ended with exit code {code}. Its last lines:\n{tail}")
        self.job, self.code, self.tail = job, code, tail


class StreamNotRunning(LineageError):
    """Nobody runs the long-running job."""

    exit_code = 3

    def __init__(self, job: str, since: str) -> None:
        super().__init__(
            f"{job} is not running; its last word is of {since}. Start it with `lineage stream start {job}`."
        )
        self.job, self.since = job, since


class StreamStillRunning(LineageError):
    """The long-running job did not end in time."""

    exit_code = 3
    retryable = True

    def __init__(self, job: str, holder: str, patience: timedelta) -> None:
        super().__init__(
            f"{job} still runs after {patience}: {holder}. Its batch takes longer; ask again, or end the process."
        )
        self.job, self.holder = job, holder


class ChecksFailed(LineageError):
    """A critical expectation does not hold: what follows must not run on these rows."""

    exit_code = 1

    def __init__(
        self,
        outcome: Outcome,
        *,
        where: str,
        remedy: str = "Look at the failing rows, repair the source, then clear this task.",
    ) -> None:
        critical = [check for check in outcome.failed if check.severity == "critical"]
        named = "; ".join(f"{check.title}: expected {check.expected}, found {check.actual}" for check in critical)
        super().__init__(f"{len(critical)} critical check(s) failed on {where}: {named}. {remedy}")
        self.outcome, self.where = outcome, where


class QualityFailed(ChecksFailed):
    """Critical checks failed earlier in the run; everything after them was done, the report is written."""

    def __init__(self, outcome: Outcome, *, titles: Sequence[str], report: str) -> None:
        LineageError.__init__(
            self,
            f"{len(titles)} critical check(s) of this run failed: {'; '.join(titles)}. "
            f"The report {report} shows rows, owner and what is downstream; repair the source, then run again.",
        )
        self.outcome, self.titles, self.report = outcome, tuple(titles), report
