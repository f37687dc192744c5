"""The repository that tests of reviews change, and snapshots of the small record of this shop."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.index import Index
from catalog.review.affected import Record
from catalog.review.repository import branch
from catalog.review.snapshot import export, opened
from tests.catalog.review.branch import Work


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Work.new(tmp_path_factory.mktemp("base") / "repository").folder


@pytest.fixture
def work(template: Path, tmp_path: Path) -> Work:
    copy = Work(shutil.copytree(template, tmp_path / "repository"))
    copy.git("update-index", "-q", "--refresh")  # git knows files by their inodes, too
    return copy


@pytest.fixture(scope="session")
def snapshot_file(shop: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("snapshot") / "record.sqlite"
    export(shop, file)
    return file


@pytest.fixture
def record(snapshot_file: Path, work: Work) -> Iterator[Record]:
    with opened(snapshot_file, branch(work.folder, "HEAD").before.contracts) as index:
        yield Record(index=index, basis="snapshot")
