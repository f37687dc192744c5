"""What all tests share: an Airflow home of their own, and real servers for those that ask for them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is; a law that takes too long shows in the whole (`--durations`).
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Before anything imports Airflow: it reads its configuration once.
_HOME = Path(tempfile.mkdtemp(prefix="ecompulse-tests-"))
os.environ.update(
    AIRFLOW_HOME=str(_HOME / "airflow"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    AIRFLOW__OPENLINEAGE__DISABLED="True",
)
# Each of two processes has ports of its own: a server that one has stopped for a while keeps its port.
os.environ["STACK_PORT_OFFSET"] = str(100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))
for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
    del os.environ[name]

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Write what was seen into the golden files.")


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """`--dist loadscope` keeps a folder's tests in one process: they share servers."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return nodeid.partition("::")[0].rpartition("/")[0]

    return ByFolder(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder that takes longest begins, so that the other process is not left waiting for it."""
    items.sort(key=lambda item: item.path.parent.name != "e2e")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real inputs and recorded answers beside the repository."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder ../shared with real inputs and recorded answers")
    return SHARED


@pytest.fixture(scope="module")
def platform(request: pytest.FixtureRequest) -> Iterator["stack.platform.Platform"]:  # noqa: F821
    """The servers that the test module names in SERVERS, on free ports, in a home and an environment of their own."""
    from stack import platform as servers
    from stack.home import Home

    with tempfile.TemporaryDirectory(prefix="ecompulse-", ignore_cleanup_errors=True) as folder:
        home = Home.locate(Path(folder), os.environ)
        before = dict(os.environ)
        running = servers.start(home, request.module.SERVERS)
        os.environ.update({key: value for key, value in running.environment.items() if not key.startswith("AIRFLOW__")})
        try:
            yield running
        finally:
            os.environ.clear()
            os.environ.update(before)
            running.stop()
