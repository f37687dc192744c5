"""A column of a contract by a name unlike its former one: the rules that move with it tell, or the record does."""

import json

import pytest

from catalog.index import Index
from catalog.review.affected import Record
from catalog.review.repository import branch
from tests.catalog.events import Json, dataset, event, facet
from tests.catalog.review.branch import EVENTS, SUITE, Work

RULE = {"type": "expect_column_values_to_match_regex", "kwargs": {"regex": "^[A-Z]{2}-"},
        "meta": {"contracts": ["warehouse.events"]}, "severity": "critical"}  # fmt: skip
BRAND = '{name: brand, logicalType: string, physicalType: string(80), description: "From the catalogue, else as sent"}'
MAKER = "{name: maker, logicalType: string, physicalType: string(80), description: Who made it}"


def ruled(work: Work, column: str) -> None:
    """The suite with one rule more, about this column."""
    suite = json.loads(work.read(SUITE))
    others = [one for one in suite["expectations"] if one["type"] != RULE["type"]]
    kwargs = {"column": column, **RULE["kwargs"]}
    work.write(SUITE, json.dumps({**suite, "expectations": [*others, {**RULE, "kwargs": kwargs}]}))


def asked(work: Work, record: Record | None = None) -> list[str]:
    """What a review asks about the brand, which is gone, and the maker, which is new."""
    changes = [one.finding.change for one in work.review(record=record).findings]
    assert {"column.dropped brand: string(80)", "column.added maker: string(80)"} <= set(map(str, changes))
    return [f"{one.before} → {one.after}" for one in changes if one.rule == "column.perhaps_renamed"]


@pytest.mark.parametrize(("moved", "questions"), [(True, ["brand → maker"]), (False, [])])
def test_a_rule_that_moves_to_the_new_column_asks_whether_it_is_the_former_one(work: Work, moved, questions) -> None:
    ruled(work, "brand")
    work.commit("a rule about the brand")
    work.edit(EVENTS, BRAND, MAKER)
    if moved:
        ruled(work, "maker")
    assert asked(work) == questions


def load(hour: int, column: str, source: str) -> Json:
    """A load that fed this column of the events, and the identifier, from the lake."""
    fields = {
        name: {"inputFields": [{"namespace": "lake", "name": "events", "field": origin,
                                "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}]}]}
        for name, origin in ((column, source), ("event_id", "id"))
    }  # fmt: skip
    events = dataset("warehouse.public.events", ["event_id", column], namespace="postgres://127.0.0.1:15432",
                     columnLineage=facet(fields=fields))  # fmt: skip
    return event("load", hour, inputs=[dataset("events", namespace="lake")], outputs=[events])


@pytest.mark.parametrize(("source", "questions"), [("by", ["brand → maker"]), ("from", [])])
def test_data_that_is_so_already_tells_whether_both_are_fed_by_the_same(work: Work, source, questions) -> None:
    with Index.open(":memory:", branch(work.folder, "HEAD").before.contracts) as index:
        index.add([load(1, "brand", "by"), load(2, "maker", source)])
        work.edit(EVENTS, BRAND, MAKER)
        assert asked(work, Record(index=index, basis="backend")) == questions
