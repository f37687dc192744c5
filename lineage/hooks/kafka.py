"""Kafka by connection id: topics as their contracts want them, what was produced, how far a group has come."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseHook

from catalog import dataset
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage.errors import ServiceUnavailable
from lineage.hooks import security
from lineage.outcome import TopicOffsets

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

logger = logging.getLogger(__name__)
TIMEOUT_S = 15
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """One topic as the broker has it; `settings` in the spelling of a contract's settings."""

    name: str
    settings: Mapping[str, str]

    def differs_from(self, contract: Contract) -> dict[str, tuple[str, str]]:
        """Setting → (wanted, found), for those the contract names."""
        return {
            key: (wanted, self.settings.get(key, "absent"))
            for key, wanted in contract.settings
            if self.settings.get(key) != wanted
        }


class KafkaHook(BaseHook):
    """One broker or cluster; `extra` of the connection is librdkafka's configuration (provider apache-kafka)."""

    conn_name_attr = "kafka_conn_id"
    default_conn_name = "kafka_default"

    def __init__(self, kafka_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.kafka_conn_id = kafka_conn_id

    @cached_property
    def config(self) -> dict[str, Any]:
        """librdkafka's configuration."""
        return dict(self.get_connection(self.kafka_conn_id).extra_dejson)

    @property
    def bootstrap(self) -> str:
        """`host:port[,host:port]`."""
        return str(self.config["bootstrap.servers"])

    @property
    def java_options(self) -> dict[str, str]:
        """What Java's client must be told beside the brokers: who we are and whom we trust. Holds secrets.

        Raises:
            ConfigurationError: a SASL mechanism that is neither PLAIN nor SCRAM.
        """
        return security.java_options(self.config, connection=self.kafka_conn_id)

    def dataset(self, topic: str) -> Dataset:
        """The topic's name in lineage."""
        return dataset.topic(self.bootstrap, topic)

    @cached_property
    def admin(self) -> "AdminClient":
        """One admin client, kept: its futures end with it."""
        from airflow.providers.apache.kafka.hooks.client import KafkaAdminClientHook

        client: AdminClient = KafkaAdminClientHook(kafka_config_id=self.kafka_conn_id).get_conn
        return client

    def topics(self, names: tuple[str, ...]) -> dict[str, TopicState]:
        """Those of the named topics that exist, with partitions and configuration.

        Raises:
            ServiceUnavailable: no broker answers.
        """
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import ConfigResource

        try:
            known = self.admin.list_topics(timeout=TIMEOUT_S).topics
        except KafkaException as error:
            raise ServiceUnavailable("Kafka", self.bootstrap, str(error)) from error
        present = [name for name in names if name in known]
        wanted = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in present]
        if not wanted:
            return {}
        found: dict[str, TopicState] = {}
        for resource, future in self.admin.describe_configs(wanted).items():
            settings = {key: entry.value for key, entry in future.result(timeout=TIMEOUT_S).items()}
            settings["partitions"] = str(len(known[resource.name].partitions))
            found[resource.name] = TopicState(name=resource.name, settings=settings)
        return found

    def create(self, contract: Contract, *, replication: int) -> None:
        """Make the contract's topic."""
        from confluent_kafka.admin import NewTopic

        settings = dict(contract.settings)
        partitions = int(settings.pop("partitions", "1"))
        topic = NewTopic(contract.name, num_partitions=partitions, replication_factor=replication, config=settings)
        self.admin.create_topics([topic])[contract.name].result(timeout=TIMEOUT_S)
        settling(lambda: self._led(contract.name))
        logger.info("created topic %s with %d partitions", contract.name, partitions)

    def repair(self, contract: Contract, found: TopicState) -> None:
        """Bring a topic to its contract's settings; more partitions are added, too many are left (Kafka cannot)."""
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions

        wrong = found.differs_from(contract)
        wanted, present = (int(word) for word in wrong.pop("partitions", ("0", "0")))
        if wanted > present:
            self.admin.create_partitions([NewPartitions(contract.name, wanted)])[contract.name].result(
                timeout=TIMEOUT_S
            )
        entries = [
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, (value, _) in wrong.items()
        ]
        if entries:
            resource = ConfigResource(ConfigResource.Type.TOPIC, contract.name, incremental_configs=entries)
            self.admin.incremental_alter_configs([resource])[resource].result(timeout=TIMEOUT_S)
        asked = {key: value for key, (value, _) in wrong.items()}
        settling(lambda: asked.items() <= self.topics((contract.name,))[contract.name].settings.items())
        logger.info("repaired topic %s: %s", contract.name, ", ".join(wrong) or "partitions")

    def ends(self, topic: str, partitions: int) -> dict[int, int]:
        """One past the last offset of each partition."""
        from confluent_kafka.admin import OffsetSpec

        return {at: found.offset for at, found in self._offsets(topic, partitions, OffsetSpec.latest()).items()}

    def newest(self, topic: str, partitions: int) -> datetime | None:
        """Time of the newest message (UTC); None for an empty topic."""
        from confluent_kafka.admin import OffsetSpec

        found = self._offsets(topic, partitions, OffsetSpec.max_timestamp())
        newest = max((state.timestamp for state in found.values()), default=-1)
        return datetime.fromtimestamp(newest / 1000, tz=UTC) if newest > 0 else None

    def committed(self, group: str, topic: str, partitions: int) -> dict[int, int]:
        """How far a group has come, per partition; 0 where it has never committed."""
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, at) for at in range(partitions)])

        def answers() -> dict[int, int]:
            found = self.admin.list_consumer_group_offsets([asked])[group].result(timeout=TIMEOUT_S)
            return {at.partition: max(at.offset, 0) for at in found.topic_partitions}

        return settling(answers)

    def commit(self, group: str, offsets: tuple[TopicOffsets, ...]) -> None:
        """Publish how far a group has come, for lag monitors; the lake's snapshot stays the truth."""
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

        ends = [TopicPartition(at.topic, at.partition, at.end) for at in offsets]
        if ends:
            asked = ConsumerGroupTopicPartitions(group, ends)
            settling(lambda: self.admin.alter_consumer_group_offsets([asked])[group].result(timeout=TIMEOUT_S))

    def _offsets(self, topic: str, partitions: int, spec: Any) -> dict[int, Any]:
        from confluent_kafka import TopicPartition

        asked = {TopicPartition(topic, at): spec for at in range(partitions)}

        def answers() -> dict[int, Any]:
            found = self.admin.list_offsets(asked).items()
            return {at.partition: future.result(timeout=TIMEOUT_S) for at, future in found}

        return settling(answers)

    def _led(self, name: str) -> dict[int, Any]:
        """The partitions of a topic once each has a leader; empty until then."""
        found = self.admin.list_topics(name, timeout=TIMEOUT_S).topics[name]
        ready = not found.error and all(partition.leader >= 0 for partition in found.partitions.values())
        return dict(found.partitions) if ready else {}


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
