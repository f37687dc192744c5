"""The site as files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import pytest

from catalog.index import Index
from catalog.site import address, build
from catalog.site.publish import Published
from tests.catalog import record
from tests.catalog.site import drifted
from tests.catalog.site.conftest import SETTINGS

pytestmark = pytest.mark.integration


def small(folder: Path, events: list[dict[str, Any]]) -> Index:
    opened = Index.open(folder / f"{len(events)}.sqlite", contracts={})
    opened.add(events)
    return opened


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with small(tmp_path_factory.mktemp("small"), [*record.events(days=1)[:40], drifted.event()]) as opened:
        yield opened


@pytest.fixture(scope="module")
def site(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return build(index, tmp_path_factory.mktemp("site"), settings=SETTINGS)


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_link_of_every_page_leads_to_a_file(site: Published) -> None:
    there = files(site.folder)
    for path, content in there.items():
        if path.endswith(".html"):
            for link in re.findall(r'(?:href|src)="([^"#?:]+)(?=["#?])', content.decode()):
                assert normpath(join(dirname(path), link)) in there, f"{path} links to {link}"
    assert site.pages == sum(path.endswith(".html") for path in there)
    kinds = {path.partition("/")[0] for path in there}
    assert kinds >= {
        "dataset",
        "column",
        "job",
        "run",
        "graph",
        "flow",
        "search.html",
        "changes.html",
        "quality.html",
        "drift.html",
    }


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    events = record.events(days=1)[:12]
    with small(tmp_path, events) as index, small(tmp_path, events[::-1] + events[:1]) as again:
        build(index, tmp_path / "one")
        build(again, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_what_is_no_more_goes_and_what_others_put_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    with small(tmp_path, record.events(days=1)[:6]) as one, small(tmp_path, record.events(days=1)[6:13]) as two:
        build(one, folder)
        (folder / "CNAME").write_text("catalog.example")
        before = set(files(folder))
        gone = build(two, folder).removed
        after = set(files(folder))
        build(two, tmp_path / "fresh")
    assert gone > 0
    assert len(before - after) == gone
    assert after == set(files(tmp_path / "fresh")) | {"CNAME"}


def test_the_list_for_the_search_names_every_dataset_column_and_job(index: Index, site: Published) -> None:
    text = (site.folder / "search-index.js").read_text()
    rows = json.loads(text.removeprefix("globalThis.CATALOG = ").removesuffix(";\n"))
    assert {row["to"] for row in rows if row["kind"] == "job"} == {address.of(entry.job) for entry in index.jobs()}
    columns = sum(len(index.dataset(entry.dataset).columns) for entry in index.datasets())
    assert sum(row["kind"] == "column" for row in rows) == columns > 100
