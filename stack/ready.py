"""When a server is ready: one function each, for `stack up` and for test fixtures.

Each takes the environment that clients get and returns what is still missing, None when the server answers as it must.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from stack import objects

Environment = Mapping[str, str]
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of our 127.0.0.1


def _get(url: str, *, timeout_s: float = 2) -> tuple[int, bytes] | str:
    try:
        with _DIRECT.open(url, timeout=timeout_s) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code} from {url}"
    except (OSError, ValueError) as error:
        return f"no answer from {url}: {error}"


def answers(url: str, *, timeout_s: float = 2) -> str | None:
    """A GET of `url` is answered, with 2xx or 3xx."""
    answer = _get(url, timeout_s=timeout_s)
    return answer if isinstance(answer, str) else None


def _port_opens(host: str, port: int) -> str | None:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError as error:
        return f"port {port} is closed: {error}"
    return None


def kafka(environment: Environment) -> str | None:
    """The broker answers a metadata request."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
    host, _, port = servers.partition(":")
    if closed := _port_opens(host, int(port)):
        return closed
    client = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        brokers = client.list_topics(timeout=2).brokers
    except KafkaException as error:
        return f"no metadata: {error}"
    return None if brokers else "no broker is registered"


def postgres(environment: Environment) -> str | None:
    """The server lets its user into the warehouse."""
    import psycopg2

    try:
        psycopg2.connect(environment["WAREHOUSE_URL"], connect_timeout=2).close()
    except psycopg2.OperationalError as error:
        return str(error).strip()
    return None


def redis(environment: Environment) -> str | None:
    """PING is answered, that is: the password is right and the log of the last run is loaded."""
    from redis import Redis, RedisError

    client = Redis.from_url(environment["REDIS_URL"], socket_timeout=2)
    try:
        client.ping()
    except RedisError as error:
        return str(error)
    finally:
        client.close()
    return None


def s3(environment: Environment) -> str | None:
    """The buckets can be listed with our key."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        objects.client(environment).list_buckets()
    except (BotoCoreError, ClientError) as error:
        return str(error)
    return None


def glue(environment: Environment) -> str | None:
    """The port is open: the server opens it only when every table is registered again."""
    url = urlsplit(environment["AWS_ENDPOINT_URL_GLUE"])
    return _port_opens(url.hostname or "", url.port or 0)


def marquez(environment: Environment) -> str | None:
    """The lineage backend lists its namespaces; works for the embedded one and for the real one."""
    return answers(f"{environment['MARQUEZ_URL']}/api/v1/namespaces")


def shop(environment: Environment) -> str | None:
    """The shop's API says that it is healthy."""
    return answers(f"{environment['SHOP_URL']}/health")


def catalog(environment: Environment) -> str | None:
    """The catalog's pages answer."""
    return answers(environment["CATALOG_URL"])


def slack(environment: Environment) -> str | None:
    """The chat sink answers."""
    return answers(f"{environment['STACK_SLACK_URL']}/health")


def mail(environment: Environment) -> str | None:
    """The mail sink's port is open."""
    return _port_opens("127.0.0.1", int(environment["STACK_SMTP_PORT"]))


def airflow_api(environment: Environment) -> str | None:
    """The API server answers and reaches its database."""
    return _airflow(environment, "metadatabase")


def airflow_scheduler(environment: Environment) -> str | None:
    """The scheduler's heartbeat is fresh."""
    return _airflow(environment, "scheduler")


def airflow_dag_processor(environment: Environment) -> str | None:
    """The DAG processor's heartbeat is fresh."""
    return _airflow(environment, "dag_processor")


def airflow_triggerer(environment: Environment) -> str | None:
    """The triggerer's heartbeat is fresh."""
    return _airflow(environment, "triggerer")


def _airflow(environment: Environment, part: str) -> str | None:
    answer = _get(f"{environment['AIRFLOW_URL']}/api/v2/monitor/health", timeout_s=5)
    if isinstance(answer, str):
        return answer
    status = json.loads(answer[1])[part]["status"]
    return None if status == "healthy" else f"{part} is {status}"


def wait(probe: Callable[[], str | None], *, timeout_s: float, alive: Callable[[], bool] = lambda: True) -> str | None:
    """Ask `probe` until it is content; return what is still missing after `timeout_s` seconds, or once not `alive`."""
    deadline = time.monotonic() + timeout_s
    pause_s = 0.05
    while missing := probe():
        if time.monotonic() > deadline or not alive():
            return missing
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, 0.5)
    return None


def relay(environment: Environment) -> str | None:
    """The relay of lineage events listens nowhere: alive is ready, and the supervisor knows that."""
    return None


PROBES: Mapping[str, Callable[[Environment], str | None]] = {
    "kafka": kafka,
    "postgres": postgres,
    "redis": redis,
    "s3": s3,
    "glue": glue,
    "marquez": marquez,
    "slack": slack,
    "mail": mail,
    "shop": shop,
    "relay": relay,
    "catalog": catalog,
    "airflow-api": airflow_api,
    "airflow-scheduler": airflow_scheduler,
    "airflow-dag-processor": airflow_dag_processor,
    "airflow-triggerer": airflow_triggerer,
}

if __name__ == "__main__":  # `python -m stack.ready NAME`: the health checks of docker-compose.yaml
    sys.exit(PROBES[sys.argv[1]](os.environ))
