"""The site as files."""

import json
import re
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from catalog.index import Index
from catalog.site import address, build
from catalog.site.publish import Published
from tests.catalog import record


@pytest.fixture(scope="module")
def site(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return build(index, tmp_path_factory.mktemp("site"))


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_link_leads_to_a_file(site: Published) -> None:
    there = files(site.folder)
    for path, content in there.items():
        if path.endswith(".html"):
            for link in re.findall(r'(?:href|src)="([^"#?:]+)', content.decode()):
                assert normpath(join(dirname(path), link)) in there, f"{path} links to {link}"
    assert site.pages == sum(path.endswith(".html") for path in there) > 300


def test_the_same_record_gives_the_same_bytes(index: Index, site: Published, tmp_path: Path) -> None:
    build(index, tmp_path / "again")
    assert files(tmp_path / "again") == files(site.folder)


def test_what_is_no_more_goes_and_what_others_put_there_stays(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    with Index.open(tmp_path / "one.sqlite") as one, Index.open(tmp_path / "two.sqlite") as two:
        one.add(record.events(days=1)[:12])
        two.add(record.events(days=1)[-4:])
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
