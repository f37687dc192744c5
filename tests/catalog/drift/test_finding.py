"""Findings: a change with its verdicts, worst first, with a way on; and never "none" where nobody knows."""

import pytest

from catalog.drift import Change, Consumer, Part, Shape, detect, judge
from catalog.drift.remedy import remedy

PRICE, NOTE = Part(path="price", type="int"), Part(path="note", type="string")
READER = Consumer(name="report", engine="sql", sql="SELECT price FROM events", dataset="events")
TABLE = Consumer(name="events", engine="postgres", direction="table")
DROPPED, ADDED = detect(Shape(parts=(PRICE,)), Shape(parts=(NOTE,)))[::-1]


def test_every_finding_has_a_way_on_as_its_word_demands():
    assert {DROPPED.rule, ADDED.rule} == {"column.dropped", "column.added"}
    for finding in judge("warehouse.events", (DROPPED, ADDED), (READER, TABLE)):
        assert finding.remedy == remedy(finding.change, finding.word)
    assert [one.word for one in judge("e", (ADDED, DROPPED), (READER, TABLE))] == ["breaking", "compatible"]


def test_the_worst_verdict_comes_first():
    (finding,) = judge("warehouse.events", (DROPPED,), (Consumer(name="a", engine="table", reads=frozenset()), READER))
    assert [one.consumer.name for one in finding.verdicts] == ["report", "a"]


@pytest.mark.parametrize("consumers", [(), (Consumer(name="other", engine="sql", sql="SELECT 1"),)])
def test_where_not_all_consumers_are_known_nobody_says_that_nobody_is_affected(consumers):
    (finding,) = judge("warehouse.events", (DROPPED,), consumers, complete=False)
    assert finding.word == "cannot tell" and finding.remedy.startswith("Nobody can judge it from here")
    (known,) = judge("warehouse.events", (DROPPED,), consumers)
    assert known.word == "compatible" and known.remedy == ""


def test_what_breaks_breaks_even_where_not_all_are_known():
    (finding,) = judge("warehouse.events", (DROPPED,), (READER,), complete=False)
    assert finding.word == "breaking"


def test_a_finding_is_the_same_wherever_the_same_change_of_the_same_dataset_is_found():
    one, same, other = (judge(name, (DROPPED,), who)[0] for name, who in (("a", ()), ("a", (READER,)), ("b", ())))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert judge("a", (Change(rule="column.dropped", path="x"),), ())[0].fingerprint != one.fingerprint
