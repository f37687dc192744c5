"""A site that is never started: what servers are made from."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from stack import environment, ports
from stack.home import Home
from stack.server import Site

NOON = datetime(2026, 11, 24, 12, 34, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    home = Home(root=tmp_path / "a home, 100% ours")
    home.make()
    secrets, java_home, jars = home.secrets(), Path("/opt/java"), Path("/opt/jars")
    known = environment.build(
        home,
        ports=ports.DEFAULTS,
        secrets=secrets,
        jars_folder=jars,
        environ={"STACK_SPARK_VENV": "/opt/spark"},
        now=NOON,
    )
    return Site(home=home, ports=ports.DEFAULTS, secrets=secrets, environment=known, jars=jars, java_home=java_home)
