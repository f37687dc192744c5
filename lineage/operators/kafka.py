"""Topics and consumer groups: are they there, are they as promised, is anything new, how far behind are we."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from catalog import contract as contracts
from catalog.contract import Contract
from lineage.errors import ChecksFailed
from lineage.hooks.kafka import KafkaHook
from lineage.operators.base import ConnectedOperator
from lineage.outcome import Check, Outcome, Read

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context


class KafkaTopicOperator(ConnectedOperator):
    """Create or repair the topics of these contracts, then check freshness and lag of the first one.

    Lag and freshness are warnings: this pipeline is what brings the lag down, so a high one must not stop it
    (the original's consumer paused while lag was high, so that it could never fall).

    :param contract_ids: contracts of kind kafka; the first is the topic that is consumed.
    :param group: consumer group whose committed offsets count as "read".
    :param max_lag: messages; domain rule: 10,000.
    :param max_age: age of the newest message, from `as_of` (now when empty).
    :param replication: of topics that have to be created; 3 in production, 1 on one broker.
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
        found = hook.topics(tuple(contract.name for contract in wanted))
        reads = [
            Read(dataset=hook.dataset(contract.name), contract=contract, checks=self._settle(hook, contract, found))
            for contract in wanted
        ]
        source = wanted[0]
        lag, newest = self._state(hook, source)
        first = reads[0]
        reads[0] = Read(
            dataset=first.dataset,
            contract=source,
            rows=lag,
            checks=(*first.checks, self._lag(lag), self._freshness(newest, as_of=datetime.now(UTC))),
        )
        outcome = Outcome(inputs=tuple(reads), rows_in=lag)
        if any(check.severity == "critical" for check in outcome.failed):
            raise ChecksFailed(outcome, where="Kafka")
        return outcome

    def expected(self) -> Outcome:
        """The topics."""
        wanted = [contracts.load(name) for name in self.contract_ids]
        return Outcome(inputs=tuple(Read(dataset=self.kafka.dataset(each.name), contract=each) for each in wanted))

    def _settle(self, hook: KafkaHook, contract: Contract, found: dict[str, Any]) -> tuple[Check, ...]:
        """Create or repair, then look again: what still differs is a failed check."""
        before = found.get(contract.name)
        if before is None:
            hook.create(contract, replication=int(self.replication))
        elif before.differs_from(contract):
            hook.repair(contract, before)
        after = hook.topics((contract.name,)).get(contract.name)
        wrong = after.differs_from(contract) if after else {"topic": ("present", "absent")}
        did = "created" if before is None else "repaired" if before.differs_from(contract) else "as promised"
        return (
            Check(
                name="topic_settings",
                success=not wrong,
                severity="critical" if after is None else "warning",
                expected=", ".join(f"{key}={value}" for key, value in contract.settings),
                actual=", ".join(f"{key}={value}" for key, (_, value) in wrong.items()) or did,
            ),
        )

    def _state(self, hook: KafkaHook, source: Contract) -> tuple[int, datetime | None]:
        partitions = int(hook.topics((source.name,))[source.name].settings["partitions"])
        ends = hook.ends(source.name, partitions)
        read = hook.committed(self.group, source.name, partitions)
        return sum(max(end - read.get(at, 0), 0) for at, end in ends.items()), hook.newest(source.name, partitions)

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
