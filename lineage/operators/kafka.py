"""Topics and consumer groups: are they there, are they as promised, is anything new, how far behind are we."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from catalog.contract import Contract
from lineage.errors import ChecksFailed
from lineage.hooks.kafka import KafkaHook, TopicState
from lineage.operators.base import ConnectedOperator
from lineage.outcome import Check, Lifecycle, Outcome, Read

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

LIFECYCLE: dict[str, Lifecycle] = {"created": "CREATE", "repaired": "ALTER"}


class KafkaTopicOperator(ConnectedOperator):
    """Create or repair the topics of these contracts, then check freshness and lag of the first one.

    What cannot be repaired is a warning: too many partitions, or too few copies (Kafka's own tools place those).
    Lag and freshness are warnings: this pipeline is what brings the lag down, so a high one must not stop it
    (the original's consumer paused while lag was high, so that it could never fall).

    :param contract_ids: contracts of kind kafka; the first is the topic that is consumed.
    :param group: consumer group whose committed offsets count as "read".
    :param max_lag: messages; domain rule: 10,000.
    :param max_age: of the newest message, now.
    :param replication: least copies of a topic; 3 in production (all but one in sync), 1 on one broker.
    """

    template_fields: Sequence[str] = (
        *ConnectedOperator.template_fields,
        "contract_ids",
        "group",
        "max_lag",
        "replication",
    )

    def __init__(
        self,
        *,
        contract_ids: Sequence[str],
        group: str,
        max_lag: int = 10_000,
        max_age: timedelta = timedelta(hours=1),
        replication: int | str = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.contract_ids = list(contract_ids)
        self.group = group
        self.max_lag = max_lag
        self.max_age = max_age
        self.replication = replication

    def run(self, context: "Context") -> Outcome:
        """One Read per topic with its checks; rows_in is the number of messages not yet read."""
        hook, wanted = self.kafka, [contracts.load(name) for name in self.contract_ids]
        names, copies = [contract.name for contract in wanted], int(self.replication)
        found = hook.topics(names)
        did = {contract.name: self._settle(hook, contract, found.get(contract.name), copies) for contract in wanted}
        found = hook.topics(names)
        checks = {each.name: [_as_promised(each, found.get(each.name), copies, did[each.name])] for each in wanted}
        lag, source = None, wanted[0].name
        if source in found:
            partitions = int(found[source].settings["partitions"])
            lag, newest = hook.lag(self.group, source, partitions), hook.newest(source, partitions)
            checks[source] += [self._lag(lag), self._freshness(newest, as_of=datetime.now(UTC))]
        reads = [
            Read(
                dataset=hook.dataset(each.name),
                contract=each,
                checks=tuple(checks[each.name]),
                rows=lag if each.name == source else None,
                lifecycle=LIFECYCLE.get(did[each.name]),
            )
            for each in wanted
        ]
        outcome = Outcome(inputs=tuple(reads), rows_in=lag)
        if any(check.severity == "critical" for check in outcome.failed):
            raise ChecksFailed(outcome, where="Kafka")
        return outcome

    def expected(self) -> Outcome:
        """The topics."""
        wanted = [contracts.load(name) for name in self.contract_ids]
        return Outcome(inputs=tuple(Read(dataset=self.kafka.dataset(each.name), contract=each) for each in wanted))

    def _settle(self, hook: KafkaHook, contract: Contract, before: TopicState | None, copies: int) -> str:
        """Create or repair a topic; what was done."""
        if before is None:
            hook.create(contract, replication=copies)
            return "created"
        if before.differs_from(contract, replication=copies):
            hook.repair(contract, before, replication=copies)
            return "repaired"
        return "as promised"

    def _lag(self, lag: int) -> Check:
        return Check(
            name="consumer_lag",
            success=lag <= int(self.max_lag),
            severity="warning",
            expected=f"at most {int(self.max_lag):,} messages",
            actual=f"{lag:,} messages",
            params={"group": self.group},
        )

    def _freshness(self, newest: datetime | None, *, as_of: datetime) -> Check:
        age = as_of - newest if newest else None
        return Check(
            name="topic_freshness",
            success=age is not None and age <= self.max_age,
            severity="warning",
            expected=f"a message in the last {self.max_age}",
            actual=f"newest is {str(age).split('.')[0]} old" if age is not None else "no message at all",
        )


def _as_promised(contract: Contract, found: TopicState | None, copies: int, did: str) -> Check:
    """What still differs after creating or repairing is a failed check; a topic that is not there stops the run."""
    wrong = found.differs_from(contract, replication=copies) if found else {"topic": ("present", "absent")}
    expected = (*contract.settings, ("replication", f"{copies} or more"))
    return Check(
        name="topic_settings",
        success=not wrong,
        severity="warning" if found else "critical",
        expected=", ".join(f"{key}={value}" for key, value in expected),
        actual=", ".join(f"{key}={value}" for key, (_, value) in wrong.items()) or did,
    )
