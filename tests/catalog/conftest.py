"""What tests of the catalog share: an index of the small record of this shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.index import Index
from tests.catalog.record import events


@pytest.fixture(scope="session")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an index that holds tests/catalog/record.py."""
    path = tmp_path_factory.mktemp("catalog") / "shop.sqlite"
    with Index.open(path) as index:
        index.add(events())
    return path


@pytest.fixture(scope="session")
def shop(shop_file: Path) -> Iterator[Index]:
    """That index, opened for reading."""
    with Index.open(shop_file) as index:
        yield index
