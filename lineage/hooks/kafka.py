"""Kafka by connection id: topics as their contracts want them, what was produced, how far a group has come."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from catalog import dataset
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage.errors import ConfigurationError, ServiceUnavailable
from lineage.hooks import security
from lineage.hooks.connection import ConnectedHook
from lineage.outcome import TopicOffsets

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

logger = logging.getLogger(__name__)
TIMEOUT_S = 15
IN_SYNC = "min.insync.replicas"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """One topic as the broker has it; `settings` in the spelling of a contract's settings, with its `replication`."""

    name: str
    settings: Mapping[str, str]

    def differs_from(self, contract: Contract, *, replication: int = 1) -> dict[str, tuple[str, str]]:
        """Setting → (wanted, found): what the contract names, and too few copies, all in all or in sync."""
        copies = min(replication, int(self.settings.get("replication", "1")))
        least = {"replication": replication, IN_SYNC: in_sync(copies)}
        exact = {key: (wanted, self.settings.get(key, "absent")) for key, wanted in contract.settings}
        found = {key: (str(wanted), self.settings.get(key, "1")) for key, wanted in least.items()}
        few = {key: pair for key, pair in found.items() if int(pair[1]) < int(pair[0])}
        return {key: pair for key, pair in exact.items() if pair[0] != pair[1]} | few


def in_sync(copies: int) -> int:
    """How many copies must have a message before it counts as sent: all but one, so that one broker may be away."""
    return max(copies - 1, 1)


class KafkaHook(ConnectedHook):
    """One broker or cluster; `extra` of the connection is librdkafka's configuration (provider apache-kafka)."""

    default_conn_name = "kafka_default"

    @property
    def config(self) -> dict[str, Any]:
        """librdkafka's configuration."""
        return self.extra

    @property
    def bootstrap(self) -> str:
        """`host:port[,host:port]`.

        Raises:
            ConfigurationError: the connection does not say it.
        """
        if "bootstrap.servers" not in self.config:
            raise self.misconfigured('its extra has no "bootstrap.servers"')
        return str(self.config["bootstrap.servers"])

    @property
    def java_options(self) -> dict[str, str]:
        """What Java's client must be told beside the brokers: who we are and whom we trust. Holds secrets.

        Raises:
            ConfigurationError: a SASL mechanism that is neither PLAIN nor SCRAM.
        """
        return security.java_options(self.config, connection=self.conn_id)

    def dataset(self, topic: str) -> Dataset:
        """The topic's name in lineage."""
        return dataset.topic(self.bootstrap, topic)

    @cached_property
    def admin(self) -> "AdminClient":
        """One admin client, kept: its futures end with it.

        Raises:
            ConfigurationError: the connection is not defined, or librdkafka does not take its extra.
        """
        from airflow.providers.apache.kafka.hooks.client import KafkaAdminClientHook
        from confluent_kafka import KafkaException

        assert self.bootstrap  # the provider does not say which connection lacks them
        try:
            client: AdminClient = KafkaAdminClientHook(kafka_config_id=self.conn_id).get_conn
        except KafkaException as error:
            raise self.misconfigured(f"its extra cannot be used: {error.args[0].str()}") from error
        return client

    def topics(self, names: Iterable[str]) -> dict[str, TopicState]:
        """Those of the named topics that exist, with partitions, copies and configuration.

        Raises:
            ServiceUnavailable: no broker answers.
        """
        from confluent_kafka.admin import ConfigResource

        with self._reaching("topics"):
            known = self.admin.list_topics(timeout=TIMEOUT_S).topics
            wanted = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names if name in known]
            found: dict[str, TopicState] = {}
            for resource, future in self.admin.describe_configs(wanted).items() if wanted else ():
                settings = {key: entry.value for key, entry in future.result(timeout=TIMEOUT_S).items()}
                partitions = known[resource.name].partitions
                settings["partitions"] = str(len(partitions))
                settings["replication"] = str(min(len(one.replicas) for one in partitions.values()))
                found[resource.name] = TopicState(name=resource.name, settings=settings)
            return found

    def create(self, contract: Contract, *, replication: int) -> None:
        """Make the contract's topic.

        Raises:
            ConfigurationError: the broker refuses a setting, or has no place for so many copies.
        """
        from confluent_kafka.admin import NewTopic

        settings = {IN_SYNC: str(in_sync(replication))} | dict(contract.settings)
        partitions = int(settings.pop("partitions", "1"))
        topic = NewTopic(contract.name, num_partitions=partitions, replication_factor=replication, config=settings)
        with self._reaching(f"topic {contract.name}"):
            self.admin.create_topics([topic])[contract.name].result(timeout=TIMEOUT_S)
            settling(lambda: self._led(contract.name))
        logger.info("created topic %s with %d partitions", contract.name, partitions)

    def repair(self, contract: Contract, found: TopicState, *, replication: int = 1) -> None:
        """Bring a topic to its contract's settings; missing partitions are added.

        Too many partitions and too few copies stay: Kafka cannot take any away, and copies are placed by people.

        Raises:
            ConfigurationError: the broker refuses a setting.
        """
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions

        wrong = found.differs_from(contract, replication=replication)
        wrong.pop("replication", None)
        asked = {key: wanted for key, (wanted, _) in wrong.items()}
        partitions = int(asked.pop("partitions", "0"))
        entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in asked.items()]
        with self._reaching(f"topic {contract.name}"):
            if partitions > int(found.settings["partitions"]):
                more = [NewPartitions(contract.name, partitions)]
                self.admin.create_partitions(more)[contract.name].result(timeout=TIMEOUT_S)
                asked["partitions"] = str(partitions)
            if entries:
                resource = ConfigResource(ConfigResource.Type.TOPIC, contract.name, incremental_configs=entries)
                self.admin.incremental_alter_configs([resource])[resource].result(timeout=TIMEOUT_S)
            settling(lambda: asked.items() <= self.topics([contract.name])[contract.name].settings.items())
        if asked:
            logger.info("repaired topic %s: %s", contract.name, ", ".join(asked))

    def lag(self, group: str, topic: str, partitions: int) -> int:
        """Messages that a group has not read yet and that are still there."""
        from confluent_kafka.admin import OffsetSpec

        read = self._committed(group, topic, partitions)
        first, last = (self._offsets(topic, partitions, spec) for spec in (OffsetSpec.earliest(), OffsetSpec.latest()))
        return sum(max(end.offset - max(read[at], first[at].offset), 0) for at, end in last.items())

    def newest(self, topic: str, partitions: int) -> datetime | None:
        """Time of the newest message (UTC); None for an empty topic."""
        from confluent_kafka.admin import OffsetSpec

        found = self._offsets(topic, partitions, OffsetSpec.max_timestamp())
        newest = max((state.timestamp for state in found.values()), default=-1)
        return datetime.fromtimestamp(newest / 1000, tz=UTC) if newest > 0 else None

    def _committed(self, group: str, topic: str, partitions: int) -> dict[int, int]:
        """How far a group has come, per partition; 0 where it has never committed."""
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, at) for at in range(partitions)])

        def answers() -> dict[int, int]:
            found = self.admin.list_consumer_group_offsets([asked])[group].result(timeout=TIMEOUT_S)
            return {at.partition: max(at.offset, 0) for at in found.topic_partitions}

        with self._reaching(f"group {group}"):
            return settling(answers)

    def commit(self, group: str, offsets: tuple[TopicOffsets, ...]) -> None:
        """Publish how far a group has come, for lag monitors; the lake's snapshot stays the truth."""
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

        ends = [TopicPartition(at.topic, at.partition, at.end) for at in offsets]
        if ends:
            asked = ConsumerGroupTopicPartitions(group, ends)
            with self._reaching(f"group {group}"):
                settling(lambda: self.admin.alter_consumer_group_offsets([asked])[group].result(timeout=TIMEOUT_S))

    def _offsets(self, topic: str, partitions: int, spec: Any) -> dict[int, Any]:
        from confluent_kafka import TopicPartition

        asked = {TopicPartition(topic, at): spec for at in range(partitions)}

        def answers() -> dict[int, Any]:
            found = self.admin.list_offsets(asked).items()
            return {at.partition: future.result(timeout=TIMEOUT_S) for at, future in found}

        with self._reaching(f"topic {topic}"):
            return settling(answers)

    def _led(self, name: str) -> dict[int, Any]:
        """The partitions of a topic once each has a leader; empty until then."""
        found = self.admin.list_topics(name, timeout=TIMEOUT_S).topics[name]
        ready = not found.error and all(partition.leader >= 0 for partition in found.partitions.values())
        return dict(found.partitions) if ready else {}

    @contextmanager
    def _reaching(self, what: str) -> Iterator[None]:
        """Tell a broker that does not answer from one that refuses, which it will do again."""
        from confluent_kafka import KafkaError, KafkaException

        refusals = {
            KafkaError.INVALID_CONFIG, KafkaError.INVALID_PARTITIONS, KafkaError.INVALID_REPLICATION_FACTOR,
            KafkaError.INVALID_REQUEST, KafkaError.POLICY_VIOLATION, KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        }  # fmt: skip
        try:
            yield
        except KafkaException as error:
            problem = error.args[0]
            if problem.code() in refusals:
                reason = f"the broker of connection {self.conn_id} refuses it: {problem.str()}"
                raise ConfigurationError(what, reason.rstrip(".")) from error
            raise ServiceUnavailable("Kafka", self.bootstrap, f"connection {self.conn_id}: {problem.str()}") from error
        except TimeoutError as error:
            reason = f"connection {self.conn_id}: no answer in {TIMEOUT_S} s"
            raise ServiceUnavailable("Kafka", self.bootstrap, reason) from error


def settling(ask: Callable[[], T]) -> T:
    """Ask until an answer says something: a cluster needs a moment to agree on what has just been changed.

    After 15 seconds the last answer, or error, is taken as it is.
    """
    from confluent_kafka import KafkaError, KafkaException
    from tenacity import RetryCallState, Retrying, retry_if_exception, retry_if_result, stop_after_delay, wait_fixed

    # The client's own `retriable` flag is set for transactional producers only.
    unsettled = {
        KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE, KafkaError.NOT_COORDINATOR,
    }  # fmt: skip

    def passing(error: BaseException) -> bool:
        return isinstance(error, KafkaException) and error.args[0].code() in unsettled

    again = retry_if_exception(passing) | retry_if_result(lambda found: not found)

    def last(state: RetryCallState) -> T:
        assert state.outcome is not None
        found: T = state.outcome.result()
        return found

    stop, wait = stop_after_delay(TIMEOUT_S), wait_fixed(0.1)
    return Retrying(retry=again, stop=stop, wait=wait, retry_error_callback=last)(ask)
