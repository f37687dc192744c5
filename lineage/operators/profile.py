"""Profiling a topic: what a bounded sample of its messages looks like, column by column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from catalog import contract
from lineage import profile, sample, trigger
from lineage.operators.base import ConnectedOperator
from lineage.outcome import Outcome, Read, Reading, TopicOffsets

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

MAX_ROWS = 200_000
READING = Reading(way="any", says="counts whatever comes")


class ProfileTopicOperator(ConnectedOperator):
    """Profile the newest messages of a topic. The outcome names their offsets: given back, the same come again.

    The whole profile is the task's XCom `profile`.

    Args:
        contract_id: the topic, by the id of its contract.
        offsets: JSON list of topic, partition, start and end, as an earlier run told it; empty: the newest messages.
        follows: a task of the run that triggered this one: the offsets it read are profiled, else the newest messages.
        max_rows: messages of all partitions together, when no offsets are given.
    """

    template_fields: Sequence[str] = (*ConnectedOperator.template_fields, "contract_id", "offsets", "follows")
    ui_color = "#d9e8f5"

    def __init__(
        self,
        *,
        contract_id: str,
        offsets: str = "",
        follows: str = "",
        max_rows: int = MAX_ROWS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contract_id, self.max_rows = contract_id, max_rows
        self.offsets, self.follows = offsets, follows

    def run(self, context: "Context") -> Outcome:
        """Rows are messages; those that are no JSON object are rejected."""
        promised, hook = contract.load(self.contract_id), self.kafka
        asked = self._asked(context, promised.name)
        if asked is None:
            asked = sample.newest(hook, promised.name, max_rows=self.max_rows)
        found = profile.of_messages(list(sample.messages(hook, asked)), promised)
        for column in found.columns:
            self.log.info(
                "%s: %d null, %d distinct, %s", column.path, column.metrics.null_count or 0,
                column.metrics.distinct_count or 0, ", ".join(f"{n} {shape}" for shape, n in column.shapes.items()),
            )  # fmt: skip
        context["ti"].xcom_push(key="profile", value=profile.told(found))
        self.log.info("profiled %d messages, %d of them unreadable", found.rows, found.unreadable)
        read = Read(
            dataset=hook.dataset(promised.name), contract=promised, rows=found.rows, metrics=found.metrics,
            profile=found, reading=READING,
        )  # fmt: skip
        return Outcome(inputs=(read,), rows_in=found.rows, rows_rejected=found.unreadable, offsets=asked)

    def _asked(self, context: "Context", topic: str) -> tuple[TopicOffsets, ...] | None:
        """The offsets given; else those of the task that this one follows, bounded: none at all when it read nothing.

        None where nothing was given and nothing is followed: a run by hand.
        """
        if given := sample.from_text(self.offsets):
            return given
        told = list(trigger.summaries(context, task_id=self.follows)) if self.follows else []
        if not told:
            return None
        read = [at for one in told for at in sample.from_list(one.get("offsets") or ()) if at.topic == topic]
        return sample.bounded(read, max_rows=self.max_rows)

    def expected(self) -> Outcome:
        """The topic."""
        promised = contract.load(self.contract_id)
        topic = self.kafka.dataset(promised.name)
        return Outcome(inputs=(Read(dataset=topic, contract=promised, reading=READING),))
