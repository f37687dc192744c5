"""The drift pages: what is open, who breaks, what to do; and never "none" for what nobody knows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from catalog.drift.rule import RULES
from catalog.index import Index
from catalog.observe import told
from catalog.site import address
from catalog.site.app import create
from tests.catalog import record
from tests.catalog.site import drifted
from tests.catalog.site.conftest import SETTINGS, Pages
from tests.catalog.site.drifted import EVENTS, FUNNEL, RAW, USERS
from tests.catalog.site.test_pages import links, words

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "open", "word"]), inner),
    max_leaves=8,
)


@pytest.fixture
def unseen(tmp_path: Path) -> Iterator[Pages]:
    """Pages of a record in which nobody has looked for drift."""
    with Index.open(tmp_path / "i.sqlite") as opened:
        opened.add(record.events(days=1))
        yield Pages(client=TestClient(create(SETTINGS, index=opened)))


def test_all_open_drift_is_listed_the_worst_first_with_who_breaks(pages: Pages) -> None:
    said = words(pages("drift.html"))
    order = [said.index(path) for path in ("properties.total_amount", "device_type", "coupon_code", "payment_method")]
    assert order == sorted(order)
    assert "lake.enriched_events, start_spark_enrichment_job" in said
    assert "1 breaking 1 to be answered 2 may break 0 compatible" in said


def test_what_nobody_looked_at_and_what_may_lack_readers_is_not_told_as_sound(pages: Pages) -> None:
    said = words(pages("drift.html"))
    before, clean = said.split("As accepted")
    assert "session_funnel" in before.split("Verdicts that may lack somebody")[1]
    assert "session_funnel" not in clean
    assert "users" in clean
    assert "nobody can say whether they drifted" in before


def test_without_any_look_the_page_says_so(unseen: Pages) -> None:
    said = words(unseen("drift.html"))
    assert "Nobody has looked yet" in said
    assert "That is not the same as no drift" in said
    assert "As accepted" not in said
    assert "Nobody has looked yet" in words(unseen(address.drift(RAW)))


def test_a_datasets_drift_tells_baseline_verdict_per_reader_impact_history_and_what_to_do(pages: Pages) -> None:
    said = words(pages(address.drift(RAW)))
    for part in (
        "main", "ana@shop.example", "“as released with 4.2”", "detect_schema_drift",
        "reads properties.total_amount, which is gone: every value is null", "1 reader not harmed",
        "What to do: Keep filling properties.total_amount until", "Tell: analytics , data-engineering",
        "new column coupon_code string", "catalog drift accept kafka.ecommerce-events-raw",
    ):  # fmt: skip
        assert part in said, part
    assert "<code>properties.total_amount</code>" in pages(address.drift(RAW))


def test_a_dataset_as_accepted_says_so_and_one_whose_readers_are_not_all_known_does_not(pages: Pages) -> None:
    assert "It is as it was accepted." in words(pages(address.drift(USERS)))
    assert "It is as it was accepted." not in words(pages(address.drift(FUNNEL)))
    assert "Not all readers are known" in words(pages(address.drift(FUNNEL)))


def test_without_a_baseline_nothing_is_said_to_be_as_accepted() -> None:
    standing = told.standing(RAW, {"baseline": None, "open": [], "complete": True})
    assert not standing.clean


@pytest.mark.parametrize("path", ["drift"])
def test_every_link_of_a_drift_page_is_answered(pages: Pages, path: str) -> None:
    for link in links(pages(path), at=path):
        pages(link)


def test_first_page_dataset_page_and_search_lead_to_the_drift(pages: Pages) -> None:
    for path in ("", address.of(RAW), address.search("ecommerce-events-raw")):
        assert address.drift(RAW) in links(pages(path), at=path)
        assert "drift: breaking" in words(pages(path))
    assert "2 drifted, 1 breaking" in words(pages(""))


def test_a_columns_page_leads_to_its_open_drift(pages: Pages) -> None:
    path = address.column(RAW, "properties.total_amount")
    assert address.drift(RAW) in links(pages(path), at=path)
    assert "Drift: a column or member is gone breaking" in words(pages(path))
    assert "Drift:" not in words(pages(address.column(RAW, "user_id")))


def test_is_drifted_finds_open_drift_of_a_dataset_that_keeps_its_contract(pages: Pages) -> None:
    text = pages(address.search("is:drifted"))
    assert {address.of(RAW), address.of(EVENTS)} <= links(text, at=address.SEARCH)
    assert address.of(USERS) not in links(text, at=address.SEARCH)


def test_a_page_can_be_asked_for_without_its_suffix(pages: Pages) -> None:
    assert pages("drift") == pages("drift.html")
    assert pages(address.drift(RAW).removesuffix(".html")) == pages(address.drift(RAW))
    pages("no/such/page", status=404)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_words(rule: str) -> None:
    assert told.ruled(rule) == RULES[rule].words


@given(st.dictionaries(st.sampled_from(["baseline", "open", "complete"]), JSON))
def test_whatever_a_facet_holds_is_read_and_a_strange_verdict_is_no_good_news(facet: dict[str, Any]) -> None:
    standing = told.standing(RAW, facet)
    assert {one.word for one in standing.open} <= {"cannot tell"}
    assert standing.complete is (facet.get("complete") is True)


def test_what_a_facet_says_is_shown_and_never_run(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    found = drifted.event()
    for one in found["inputs"][0]["facets"].values():
        one["baseline"]["reason"] = evil
        for change in one["open"]:
            change |= {"path": evil, "before": evil, "remedy": f"`{evil}`", "rule": evil, "fingerprint": evil}
            change["consumers"] = [{"name": evil, "word": evil, "reason": evil}]
    with Index.open(tmp_path / "i.sqlite") as opened:
        opened.add([*record.events(days=1)[:60], found])
        client = TestClient(create(SETTINGS, index=opened))
        for path in ("drift", address.drift(RAW), "", address.of(RAW)):
            text = client.get(f"/{path}").text
            assert "<img" not in text, path
