"""Who types this wants that on top: sixty queries written before the ranking, and laws of every answer."""

from pathlib import Path

import pytest
import yaml

from catalog.contract import load_all
from catalog.entry import Hit
from catalog.index import Index
from catalog.search import search
from tests.catalog.record import named

QUERIES = yaml.safe_load((Path(__file__).parent / "queries.yaml").read_text(encoding="utf-8"))
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


def test_the_mean_reciprocal_rank_of_what_people_want_is_at_least_0_9(shop, record_property):
    ranks = {asked["query"]: reciprocal_rank(shop, asked) for asked in QUERIES}
    mean = sum(ranks.values()) / len(ranks)
    record_property("mrr", mean)
    print(f"MRR {mean:.3f}")
    missed = {query: round(rank, 2) for query, rank in ranks.items() if rank < 1}
    assert mean >= 0.9, missed
