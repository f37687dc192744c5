"""What tests of the catalog share: an index of the small record of this shop, read as from a backend."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.index import Index
from catalog.index.sync import sync
from tests.catalog.record import DAYS, START, events
from tests.lineage.conftest import problems  # noqa: F401  (a fixture)

READ = START + timedelta(days=DAYS)


class Recorded:
    """A backend that holds the record (catalog.index.sync.Backend)."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.documents = sorted(documents, key=self.time)

    @staticmethod
    def time(document: dict[str, Any]) -> datetime:
        return datetime.fromisoformat(document["eventTime"])

    def total(self, after: datetime | None = None, before: datetime | None = None) -> int:
        return len(list(self.events(after, before)))

    def events(self, after: datetime | None = None, before: datetime | None = None) -> Iterator[dict[str, Any]]:
        for document in self.documents:
            if (after is None or self.time(document) >= after) and (before is None or self.time(document) < before):
                yield document


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an index that holds tests/catalog/record.py."""
    path = tmp_path_factory.mktemp("catalog") / "shop.sqlite"
    with Index.open(path) as index:
        sync(index, Recorded(events()), now=lambda: READ)
    return path


@pytest.fixture(scope="session")
def shop(shop_file: Path) -> Iterator[Index]:
    """That index, opened for reading."""
    with Index.open(shop_file) as index:
        yield index
