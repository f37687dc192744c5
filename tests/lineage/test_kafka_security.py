"""Kafka's passwords on their way from the connection to a Spark job: in its environment, and nowhere else."""

import json
from pathlib import Path

import pytest

from lineage.errors import ConfigurationError
from lineage.hooks.kafka import KafkaHook
from lineage.hooks.spark import SparkHook
from lineage.operators.spark import SparkKubernetesOperator

SCRAM = {
    "bootstrap.servers": "b-1.msk:9096",
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": "pipeline",
    "sasl.password": 'pass"word\\',
    "ssl.ca.location": "/etc/ssl/msk.pem",
    "group.id": "anything",
}


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = {"bucket": "lake", "region_name": "eu-central-1", "glue_account_id": "123456789012"}
    spark = {"mode": "local", "spark_submit": "/spark/bin/spark-submit", "jars": "/spark/jars"}
    for name, kind, extra in (("lake", "aws", aws), ("cache", "redis", {}), ("spark", "generic", spark)):
        found = {"conn_type": kind, "host": "somewhere", "login": "me", "password": "any", "extra": extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}_DEFAULT", json.dumps(found))


def options(monkeypatch: pytest.MonkeyPatch, **extra: str) -> dict[str, str]:
    monkeypatch.setenv("AIRFLOW_CONN_KAFKA_DEFAULT", json.dumps({"conn_type": "kafka", "extra": extra}))
    return KafkaHook().java_options


def test_a_login_and_a_certificate_authority_are_said_in_java_s_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options(monkeypatch, **SCRAM) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="pipeline" password="pass\\"word\\\\";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/etc/ssl/msk.pem",
    }


def test_a_client_s_own_certificate_goes_as_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "chain").write_text("CERTIFICATE")
    (tmp_path / "key").write_text("KEY")
    files = {"ssl.certificate.location": str(tmp_path / "chain"), "ssl.key.location": str(tmp_path / "key")}
    assert options(monkeypatch, **files, **{"security.protocol": "SSL"}) == {
        "security.protocol": "SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": "CERTIFICATE",
        "ssl.keystore.key": "KEY",
    }


def test_a_broker_without_security_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options(monkeypatch, **{"bootstrap.servers": "localhost:9092"}) == {}


def test_a_mechanism_that_java_would_need_more_for_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"kafka_default.*OAUTHBEARER"):
        options(monkeypatch, **SCRAM | {"sasl.mechanism": "OAUTHBEARER"})


def test_the_password_is_in_the_job_s_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = options(monkeypatch, **SCRAM)
    operator = SparkKubernetesOperator(
        task_id="enrich", application="lineage/jobs/enrich.py", job="enrich_events", reads=(), writes=()
    )
    application = operator.arranged(None, outcome="/tmp/outcome", transport={"type": "console"})
    command, environment = SparkHook()._command(application)
    assert "pipeline" not in " ".join(command) and "pass" not in " ".join(command)

    assert json.loads(environment["ECOMPULSE_KAFKA_OPTIONS"]) == wanted
