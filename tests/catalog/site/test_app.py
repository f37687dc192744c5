"""The application: headers, caching, prefixes, a host's login."""

import sqlite3
import threading
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI, HTTPException
from starlette.testclient import TestClient

from catalog.contract import load_all
from catalog.index import Index
from catalog.settings import Settings
from catalog.site import address
from catalog.site.app import create
from tests.catalog import record
from tests.catalog.site.conftest import SETTINGS, Pages

EVENTS = record.events(days=1)


def test_a_page_may_load_only_from_its_own_host(pages: Pages) -> None:
    answer = pages.client.get("/")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["", "search.html", "quality.html", address.of(record.named(load_all()["lake.enriched_events"]))]
)
def test_pages_have_no_inline_script_or_style_and_name_no_other_host(pages: Pages, path: str) -> None:
    text = pages(path)
    assert "<style" not in text
    assert " style=" not in text
    assert "onclick" not in text
    assert 'src="http' not in text
    assert "@import" not in pages.client.get("/static/site.css").text
    assert "url(" not in pages.client.get("/static/site.css").text


def test_who_has_a_page_is_told_that_it_is_unchanged_until_the_record_changes(tmp_path: Path) -> None:
    with Index.open(tmp_path / "i.sqlite") as index:
        index.add(EVENTS[:20])
        client = TestClient(create(SETTINGS, index=index))
        word = client.get("/").headers["etag"]
        assert client.get("/", headers={"If-None-Match": word}).status_code == 304
        assert client.get("/changes.html", headers={"If-None-Match": word}).status_code == 200
        index.add(EVENTS[20:])
        answer = client.get("/", headers={"If-None-Match": word})
        assert answer.status_code == 200
        assert answer.headers["etag"] != word


def test_it_works_under_a_prefix(index: Index) -> None:
    host = FastAPI()
    host.mount("/ecompulse", create(SETTINGS, index=index))
    client = TestClient(host)
    assert client.get("/ecompulse/").status_code == 200
    assert client.get("/ecompulse/static/site.css").headers["content-type"].startswith("text/css")
    assert 'href="/' not in client.get("/ecompulse/").text


@pytest.mark.parametrize("path", ["", "search.html?q=x", "static/site.css", "open?name=x", "no/such/page"])
def test_every_address_goes_through_the_hosts_login(index: Index, path: str) -> None:
    def refuse() -> None:
        raise HTTPException(401)

    client = TestClient(create(SETTINGS, index=index, dependencies=[Depends(refuse)]))
    assert client.get(f"/{path}").status_code == 401


def test_a_name_opens_the_page_of_what_it_names(pages: Pages) -> None:
    answer = pages.client.get("/open", params={"name": "lake.session_funnel"}, follow_redirects=False)
    assert answer.headers["location"] == address.of(record.named(load_all()["lake.session_funnel"]))
    answer = pages.client.get("/open", params={"name": "no such thing"}, follow_redirects=False)
    assert answer.headers["location"] == address.search("no such thing")


def test_an_empty_record_says_so_and_what_to_do(tmp_path: Path) -> None:
    client = TestClient(create(Settings(index=tmp_path / "i.sqlite")))
    for path in (address.HOME, address.SEARCH, address.CHANGES, address.QUALITY, address.FLOWS, address.DRIFT):
        answer = client.get(f"/{path}")
        assert answer.status_code == 200
        assert "catalog sync" in answer.text


def test_a_host_can_have_it_read_the_record_before_the_first_reader_comes(tmp_path: Path) -> None:
    file = tmp_path / "i.sqlite"
    create(Settings(index=file), warm=True)
    assert not file.exists(), "a host that has no record yet is not given one"
    with Index.open(file) as index:
        index.add(EVENTS[:20])
    client = TestClient(create(Settings(index=file), warm=True))
    for thread in threading.enumerate():
        if thread.name == "warm":
            thread.join()
    with sqlite3.connect(file) as db:
        db.execute("DROP TABLE dataset")
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("name", ["../app.py", "..%2Fapp.py", "missing.css"])
def test_only_the_sites_own_files_are_given_out(pages: Pages, name: str) -> None:
    assert pages.client.get(f"/static/{name}").status_code == 404


def test_a_reading_that_brings_nothing_new_is_still_told_on_every_page(tmp_path: Path) -> None:
    from catalog.index import store

    with Index.open(tmp_path / "i.sqlite") as index:
        index.add(EVENTS[:20])
        client = TestClient(create(SETTINGS, index=index))
        assert "has never been read in full" in client.get("/").text
        store.keep(index.db, "as_of", "1790000000000000")
        assert "has never been read in full" not in client.get("/").text
        assert "21 Sep 2026" in client.get("/quality.html").text
