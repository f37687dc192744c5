"""The report's page and its CSV."""

import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from shutil import which

import pytest

from catalog.contract import load
from lineage.reports.figures import Ranked
from lineage.reports.page import as_csv, as_html, conversions, tiles


class Elements(HTMLParser):
    """The elements of a page, as (name, attributes)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture
def page(figures) -> str:
    return as_html(figures).decode()


def test_the_same_figures_give_the_same_bytes_in_another_process_too(figures, tmp_path):
    import pickle

    (tmp_path / "figures").write_bytes(pickle.dumps(figures))
    program = (
        "import pickle, pathlib, sys; from lineage.reports.page import as_html;"
        "sys.stdout.buffer.write(as_html(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "figures")]
    other = subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": "5"})
    assert other.stdout == as_html(figures)


def test_the_page_needs_nothing_but_itself(page):
    elements = Elements(page)
    assert not [tag for tag, _ in elements.found if tag in ("script", "link", "iframe", "img")]
    assert {link["href"] for link in elements.all("a")} == {"report.csv"}
    outside = set(re.findall(r"https?://[^\s\"'<]+", page))
    assert all(url.startswith("http://www.w3.org/") for url in outside), "only names of XML namespaces"


def test_every_plot_has_a_text_and_ids_of_its_own(page):
    elements = Elements(page)
    drawn = [svg for svg in elements.all("svg") if svg.get("role") == "img"]
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(drawn) == 8, "nine plots, one of which has nothing to show"
    assert {svg["aria-labelledby"] for svg in drawn} <= set(ids)
    assert len(ids) == len(set(ids))


def test_names_from_the_data_cannot_become_markup(page):
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_plots_take_their_colours_from_the_page(page):
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL))
    assert "var(--one)" in drawn
    assert not re.search(r"(fill|stroke): #(?!none)", drawn)


def test_each_definition_of_conversion_is_there_with_its_explanation(figures):
    promised = [
        field for field in load("warehouse.daily_summary").schema.fields if field.name.startswith("conversion_")
    ]
    assert [(name, text) for name, text, _, _ in conversions(figures)] == [
        (field.name, field.description) for field in promised
    ]
    assert len(promised) == 5
    values = {name: now for name, _, now, _ in conversions(figures)}
    assert values["conversion_event_rate"] == "–"
    assert values["conversion_orders_per_session_pct"] == "2.50 %"


@pytest.mark.parametrize(
    ("label", "value", "change", "mood"),
    [
        ("Revenue", "90.10", "▼ 9.9 % against the day before", "bad"),
        ("Cart abandonment", "40.0 %", "▼ 20.0 % against the day before", "good"),
        ("Orders", "10", "as on the day before", "even"),
    ],
)
def test_a_figure_is_compared_with_the_day_before_and_less_can_be_better(figures, label, value, change, mood):
    (tile,) = [tile for tile in tiles(figures) if tile.label == label]
    assert (tile.value, tile.change, tile.mood) == (value, change, mood)


def test_a_day_that_is_not_over_says_so(figures):
    morning = tuple(hour if hour.hour < 7 else replace(hour, users=0, sessions=0) for hour in figures.hours)
    assert "from before 07:00" in as_html(replace(figures, hours=morning)).decode()
    assert "The day so far" not in as_html(figures).decode()


def test_without_a_day_before_nothing_is_compared(figures):
    alone = replace(figures, days=figures.days[1:])
    assert {(tile.change, tile.mood) for tile in tiles(alone)} == {("nothing to compare with", "even")}
    shown = as_html(alone).decode()
    assert shown.count("nothing to compare with") == 1, "once for the page, not once for each figure"


def test_days_keep_their_place_on_the_axis_when_some_are_missing(page):
    (drawn,) = re.findall(r"<h2>Revenue by day</h2>.*?</figure>", page, flags=re.DOTALL)
    words = re.findall(r'<th scope="row">(.*?)</th><td class="n">(.*?)</td>', drawn)
    assert words == [*((f"{day} Feb", "–") for day in range(17, 29)), ("1 Mar", "100.00"), ("2 Mar", "90.10")]
    axis = re.findall(r"<text[^>]*>(\d+ \w{3})</text>", drawn)
    assert axis[-1] == "2 Mar"


def test_long_names_keep_their_end_which_tells_them_apart(figures):
    long = tuple(Ranked(name=f"Hartsel Classic Headphones Pro {number}", amount=Decimal(9)) for number in (414, 415))
    shown = as_html(replace(figures, products=long)).decode()
    assert "Hartsel Classic…es Pro 414" in shown and "Hartsel Classic…es Pro 415" in shown


@pytest.mark.parametrize(("rate", "word"), [(0.99, "low"), (1, "fair"), (2.99, "fair"), (3, "good")])
def test_conversion_is_low_below_one_and_good_from_three(figures, rate, word):
    day = dict(figures.summary) | {"conversion_orders_per_session_pct": rate}
    (tile,) = [tile for tile in tiles(replace(figures, days=(day,))) if tile.label == "Conversion"]
    assert tile.note.endswith(word)


def test_the_csv_has_the_columns_of_its_contract_and_one_line(figures):
    promised = load("object.business_report")
    header, line = as_csv(figures, promised).decode().splitlines()
    assert tuple(header.split(",")) == promised.schema.names()
    values = dict(zip(header.split(","), line.split(","), strict=True))
    assert (values["report_date"], values["total_revenue"], values["conversion_event_rate"]) == (
        "2026-03-02",
        "90.10",
        "",
    )


@pytest.mark.skipif(not which("chromium"), reason="needs a Chromium on the machine")
@pytest.mark.integration
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1200, "dark")])
def test_a_browser_shows_it_without_scrolling_sideways_and_asks_nobody(page, tmp_path: Path, width, scheme):
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    file.write_text(page)
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    asked: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=which("chromium"), args=quiet)
        tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(file.as_uri())
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        browser.close()
    assert asked == [file.as_uri()]
