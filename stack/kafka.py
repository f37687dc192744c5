"""The Kafka broker: one node that is its own controller (KRaft), with timeouts that make a restart quick."""

from __future__ import annotations

from stack import ready
from stack.home import write_private
from stack.server import Server, Site, step

# A killed broker is let in again when the session of its predecessor has ended: 13-15 s by default, 4 s with these.
_QUICK_RESTART = {
    "broker.heartbeat.interval.ms": 200,
    "broker.session.timeout.ms": 2000,
    "controller.quorum.election.timeout.ms": 200,
    "controller.quorum.election.backoff.max.ms": 200,
    "controller.quorum.fetch.timeout.ms": 1000,
}
_ONE_NODE = {
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    "group.initial.rebalance.delay.ms": 0,
    "log.cleaner.dedupe.buffer.size": 2097152,
    "num.network.threads": 2,
    "num.io.threads": 2,
    "background.threads": 2,
}
_LOGGING = """<Configuration>
<Appenders><Console name="out"><PatternLayout pattern="%d{ISO8601} %p %c{1}: %m%n"/></Console></Appenders>
<Loggers><Root level="INFO"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""


def properties(site: Site) -> str:
    """The broker's `server.properties`. Topics are made by who needs them, never by a typing error."""
    broker, controller = (f"127.0.0.1:{site.ports[name]}" for name in ("kafka", "kafka-controller"))
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{broker}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": site.home.data("kafka"),
        "auto.create.topics.enable": "false",
        **_ONE_NODE,
        **_QUICK_RESTART,
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def server(site: Site) -> Server:
    """The broker; 256 MB of heap, about 150 MB in use."""
    config, logging = site.home.config("kafka.properties"), site.home.config("kafka-log4j2.xml")
    java = [str(site.java_home / "bin/java"), "-Xmx256m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    java += [f"-Dlog4j2.configurationFile={logging}", "-cp", f"{site.jars}/kafka/*"]

    def prepare() -> None:
        write_private(config, properties(site))
        write_private(logging, _LOGGING)
        if not (site.home.data("kafka") / "meta.properties").exists():
            # With `=`, because an identifier may begin with a dash: one in 64 does.
            cluster = f"--cluster-id={site.secrets.kafka_cluster}"
            form = ["kafka.tools.StorageTool", "format", cluster, "-c", str(config), "--ignore-formatted"]
            step("kafka format", [*java, *form], log=site.home.log("kafka"))

    return Server(
        name="kafka", command=(*java, "kafka.Kafka", str(config)), ready=ready.kafka, prepare=prepare, stop_s=30
    )
