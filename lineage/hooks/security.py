"""A Kafka connection's security in the words of Java's client: the same secrets, spelt differently.

librdkafka: github.com/confluentinc/librdkafka, CONFIGURATION.md; Java: kafka.apache.org/documentation, security_*.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lineage.errors import ConfigurationError

SAME = ("security.protocol", "ssl.endpoint.identification.algorithm", "ssl.key.password")
LOGIN = "org.apache.kafka.common.security"


def java_options(config: Mapping[str, Any], *, connection: str) -> dict[str, str]:
    """Java's settings for librdkafka's `security.*`, `sasl.*` and `ssl.*`; all other keys are left out.

    Files of certificates are named for the truststore and read for the client's own, which Java takes as text.

    Raises:
        ConfigurationError: a SASL mechanism that is neither PLAIN nor SCRAM.
    """
    found = {key: str(config[key]) for key in SAME if key in config}
    if ca := config.get("ssl.ca.location"):
        found |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(ca)}
    if certificate := config.get("ssl.certificate.location"):
        chain, key = (Path(at).read_text(encoding="utf-8") for at in (certificate, config["ssl.key.location"]))
        found |= {"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": chain, "ssl.keystore.key": key}
    if "SASL" in found.get("security.protocol", "").upper():
        found |= _login(config, connection)
    return found


def _login(config: Mapping[str, Any], connection: str) -> dict[str, str]:
    mechanism = str(config.get("sasl.mechanism") or config.get("sasl.mechanisms") or "")
    module = {"PLAIN": "plain.PlainLoginModule", "SCRAM": "scram.ScramLoginModule"}.get(mechanism.split("-")[0])
    if module is None:
        raise ConfigurationError(f"connection {connection}", f"sasl.mechanism {mechanism!r} is neither PLAIN nor SCRAM")
    name, password = (_quoted(str(config[f"sasl.{key}"])) for key in ("username", "password"))
    return {
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": f"{LOGIN}.{module} required username={name} password={password};",
    }


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
