"""Who types this wants that on top: sixty queries written before the ranking, and laws of every answer."""

from pathlib import Path

import pytest
import yaml

from catalog.contract import load_all
from catalog.entry import Hit
from catalog.index import Index
from catalog.search import search
from catalog.search.ranking import Standing, Text, match, mend, worth
from catalog.word import key, words
from tests.catalog.record import named

HERE = Path(__file__).parent
QUERIES = yaml.safe_load((HERE / "queries.yaml").read_text(encoding="utf-8"))
HELD_OUT = yaml.safe_load((HERE / "held_out.yaml").read_text(encoding="utf-8"))
IDS = {named(contract): contract.id for contract in load_all().values()}


def spelled(hit: Hit) -> str:
    """A hit as queries.yaml writes it."""
    if hit.kind in ("job", "owner"):
        return f"{hit.kind} {hit.name}"
    subject = IDS.get(hit.subject, hit.subject.name)
    if hit.kind in ("dataset", "report"):
        return f"{hit.kind} {subject}"
    return f"{hit.kind} {subject}/{hit.path if hit.kind == 'column' else hit.name}"


def reciprocal_rank(index: Index, asked: dict) -> float:
    found = [spelled(hit) for hit in search(index, asked["query"], limit=20).value.hits]
    places = [found.index(wanted) + 1 for wanted in asked["wanted"] if wanted in found]
    return 1 / min(places) if places else 0.0


def test_there_are_sixty_different_queries():
    assert len({asked["query"] for asked in QUERIES}) == 60


@pytest.mark.parametrize(("asked", "name"), [(QUERIES, "sixty"), (HELD_OUT, "held out")], ids=["sixty", "held-out"])
def test_the_mean_reciprocal_rank_of_what_people_want_is_at_least_0_9(shop, asked, name, record_property):
    ranks = {one["query"]: reciprocal_rank(shop, one) for one in asked}
    mean = sum(ranks.values()) / len(ranks)
    record_property(f"mrr {name}", mean)
    print(f"MRR {name}: {mean:.3f}")
    assert mean >= 0.9, {query: round(rank, 2) for query, rank in ranks.items() if rank < 1}


TYPED = ("daily", "summary")


def text(name: str, title: str = "", description: str = "") -> Text:
    return Text(written=name, keys=(key(name),), name=words(name), title=words(title), description=words(description))


def test_the_name_beats_its_beginning_beats_words_in_name_title_and_description():
    better_first = [
        text("daily_summary"),
        text("other", title="Daily summary"),
        text("daily_summary_of_orders"),
        text("summary_daily"),
        text("other_table", title="Summary, daily, of orders"),
        text("other_table", description="a summary, daily"),
    ]
    scores = [match(TYPED, one, written="daily_summary")[0] for one in better_first]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_the_name_as_written_beats_another_spelling_of_it():
    assert match(("session", "id"), text("sessionId"), written="sessionId") > match(
        ("session", "id"), text("session_id"), written="sessionId"
    )


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"reads": 50}, {"reads": 5}),
        ({"tier": "gold"}, {"tier": "silver"}),
        ({"tier": "silver"}, {"tier": "bronze"}),
        ({"health": "healthy"}, {"health": "failing"}),
        ({"freshness": "fresh"}, {"freshness": "stale"}),
        ({}, {"vanished": True}),
        ({"kind": "dataset"}, {"kind": "column"}),
        ({"kind": "column"}, {"kind": "check"}),
    ],
)
def test_use_tier_kind_and_state_weigh(better, worse):
    def of(**known) -> float:
        return worth(Standing(**({"kind": "dataset"} | known)), most_reads=100)

    assert of(**better) > of(**worse)


def test_no_use_lifts_the_beginning_of_a_name_over_the_name_itself():
    popular = worth(Standing(kind="dataset", reads=10**6, tier="gold"), most_reads=10**6)
    forgotten = worth(Standing(kind="dataset"), most_reads=10**6)
    exact, _ = match(TYPED, text("daily_summary"), written="daily_summary")
    beginning, _ = match(TYPED, text("daily_summary2"))
    assert exact * forgotten > beginning * popular


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("sesion", "session"), ("funel", "funnel"), ("ingetsion", "ingestion"), ("wharehouse", "warehouse")],
)
def test_the_nearest_word_is_read(typed, meant):
    known = {"session": 5, "funnel": 1, "ingestion": 2, "warehouse": 9, "person": 100}
    assert mend(typed, list(known), weight=known.__getitem__) == meant


@pytest.mark.parametrize("typed", ["xyz", "id", "zzzzzzzz"])
def test_short_and_strange_words_are_not_mended(typed):
    assert mend(typed, ["xy", "ids", "warehouse"], weight=lambda _: 1) is None
