"""The pages in a real browser: search, open, follow a column to its source, see the failing check."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from catalog.contract import load_all
from catalog.index import Index
from catalog.site import address, build
from catalog.site.app import create
from tests.catalog import record
from tests.catalog.site import drifted
from tests.catalog.site.conftest import SETTINGS

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not which("chromium"), reason="needs a Chromium on the machine"),
]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
FUNNEL, DAILY = (record.named(load_all()[name]) for name in ("lake.session_funnel", "warehouse.daily_summary"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=which("chromium"), args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def served(index: Index) -> Iterator[str]:
    """The address of a real server."""
    import uvicorn

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create(SETTINGS, index=index), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def published(index: Index, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the folder."""
    return build(index, tmp_path_factory.mktemp("published")).folder.as_uri() + "/"


@pytest.fixture(params=["served", "published"])
def root(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


@pytest.fixture()
def tab(browser: Any) -> Iterator[Any]:
    """A page that fails the test when a script or the content policy complains."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield opened
    opened.close()
    assert problems == []


def test_searching_opening_and_seeing_the_failing_check(root: str, tab: Any) -> None:
    tab.goto(root + "index.html")
    tab.keyboard.press("/")
    tab.keyboard.type("session_funnel")
    tab.keyboard.press("Enter")
    tab.locator(".hit h2 a").first.click()
    assert tab.locator("h1").inner_text() == "session_funnel"
    alert = tab.locator(".alert", has_text="failing")
    assert "41 of 9,211 rows" in alert.inner_text()


def test_following_a_column_to_its_source_by_the_drawing(root: str, tab: Any) -> None:
    tab.goto(root + address.column(DAILY, "total_revenue"))
    tab.locator(".graph a.box", has_text="ecommerce-events-raw").first.click()
    assert tab.locator(".crumbs").inner_text().startswith("ecommerce-events-raw")


def test_the_keyboard_reaches_the_content_and_the_drawing(root: str, tab: Any) -> None:
    tab.goto(root + address.of(FUNNEL))
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.locator(".graph a.box").first.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url(lambda url: not url.endswith(address.of(FUNNEL)))


def test_from_the_first_page_to_who_breaks_and_what_to_do_by_keyboard(root: str, tab: Any) -> None:
    tab.goto(root + "index.html")
    tab.get_by_role("navigation", name="Main").get_by_role("link", name="Drift").focus()
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name="properties.total_amount").focus()
    tab.keyboard.press("Enter")
    found = tab.locator("section:target")
    assert "start_spark_enrichment_job" in found.inner_text()
    assert "What to do: Keep filling properties.total_amount" in found.inner_text()
    assert found.evaluate("it => it.getBoundingClientRect().top") >= 0


def test_facets_narrow_down_and_widen_again(root: str, tab: Any) -> None:
    tab.goto(root + address.search("revenue"))
    before = tab.locator(".hit").count()
    tab.locator(".facets a", has_text="analytics").first.click()
    assert 0 < tab.locator(".hit").count() < before
    tab.locator(".facets a[aria-current]").first.click()
    assert tab.locator(".hit").count() == before


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "dark")])
def test_no_page_scrolls_sideways_or_asks_another_host(served: str, browser: Any, width: int, scheme: str) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for path in (
        "", "search.html", address.search("revenue"), "changes.html?days=0", "quality.html", "flows.html",
        address.of(FUNNEL), address.column(DAILY, "total_revenue"), address.graph(FUNNEL), address.flow(DAILY), "drift",
        address.drift(drifted.RAW),
    ):  # fmt: skip
        tab.goto(served + path)
        assert tab.evaluate("document.documentElement.scrollWidth") == width, path
    assert all(url.startswith(served) for url in asked)
    tab.close()


def test_text_can_be_read_on_its_ground(served: str, browser: Any) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, in light and dark."""
    for scheme in ("light", "dark"):
        tab = browser.new_page(color_scheme=scheme)
        for path in (address.of(FUNNEL), "drift", address.drift(drifted.RAW), address.drift(drifted.EVENTS)):
            tab.goto(served + path)
            weak = tab.evaluate((Path(__file__).parent / "contrast.js").read_text())
            assert weak == [], (scheme, path)
        tab.close()
