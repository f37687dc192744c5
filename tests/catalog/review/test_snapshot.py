"""A snapshot answers what a review asks as the index does, is small, and is only read."""

import sqlite3
from pathlib import Path

import pytest

from catalog import history
from catalog.consumer import consumers
from catalog.contract import load_all
from catalog.errors import SnapshotUnusable
from catalog.index import Index
from catalog.review.snapshot import export, opened


def test_it_answers_as_the_index_does(shop: Index, snapshot_file: Path) -> None:
    with opened(snapshot_file, load_all()) as small:
        for entry in shop.datasets():
            at = entry.dataset
            assert small.dataset(at) == shop.dataset(at)
            assert consumers(small, at) == consumers(shop, at)
            told, known = history.versions(small, at).value, history.versions(shop, at).value
            assert [(one.content, one.columns, one.since) for one in told] == [
                (one.content, one.columns, one.since) for one in known
            ]
            assert small.find(str(at)) == at
        assert small.completeness() == shop.completeness()


def test_it_is_smaller_and_the_same_index_gives_the_same_bytes(
    shop: Index, shop_file: Path, snapshot_file: Path, tmp_path: Path
) -> None:
    export(shop, tmp_path / "again.sqlite")
    assert (tmp_path / "again.sqlite").read_bytes() == snapshot_file.read_bytes()
    assert snapshot_file.stat().st_size < 0.75 * shop_file.stat().st_size
    assert [one.name for one in tmp_path.iterdir()] == ["again.sqlite"]


def test_reading_writes_nothing(snapshot_file: Path) -> None:
    before = snapshot_file.read_bytes()
    with opened(snapshot_file, load_all()) as index:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            index.db.execute("DELETE FROM dataset")
        index.datasets()
    assert snapshot_file.read_bytes() == before
    assert [one.name for one in snapshot_file.parent.iterdir()] == [snapshot_file.name]


def test_what_is_no_snapshot_is_told(snapshot_file: Path, tmp_path: Path) -> None:
    text, other = tmp_path / "text", tmp_path / "other"
    text.write_text("no database at all, but long enough to be taken for one" * 40, encoding="utf-8")
    other.write_bytes(snapshot_file.read_bytes())
    with sqlite3.connect(other) as db:
        db.execute("PRAGMA user_version = 1")
    db.close()
    for file, why in ((tmp_path / "none", "no such file"), (text, "is no snapshot"), (other, "another version")):
        with pytest.raises(SnapshotUnusable, match=why), opened(file, {}):
            pass
