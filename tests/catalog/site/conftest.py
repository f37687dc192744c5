"""The small record of tests/catalog/record.py as an index, served without a socket."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from catalog.index import Index
from catalog.settings import Settings
from catalog.site.app import create
from tests.catalog import record
from tests.catalog.site import drifted

SETTINGS = Settings(marquez_web_url="http://marquez.test", airflow_url="http://airflow.test/")


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with Index.open(tmp_path_factory.mktemp("index") / "catalog.sqlite") as opened:
        opened.add([*record.events(), drifted.event()])
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Pages as somebody reads them."""

    client: TestClient

    def __call__(self, path: str, *, status: int = 200) -> str:
        answer = self.client.get(f"/{path}")
        assert answer.status_code == status, answer.text[:2000]
        assert answer.headers["content-type"].startswith("text/html")
        return answer.text


@pytest.fixture(scope="session")
def pages(index: Index) -> Pages:
    return Pages(client=TestClient(create(SETTINGS, index=index)))
