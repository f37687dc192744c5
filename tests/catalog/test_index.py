"""The index is a function of the set of events, and says who did what to which dataset."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.dataset import Dataset
from catalog.index import Index
from catalog.index.store import dump
from tests.catalog import record
from tests.catalog.events import checks, columns_from, dataset, event, facet

T = Dataset("db://h", "t")


def filled(*documents: Any, contracts: Any = None) -> Index:
    index = Index.open(":memory:", contracts or {})
    index.add(documents)
    return index


# The law ---------------------------------------------------------------------------------------------------------------

NAMES = ("t", "u", "v")
COLUMNS = st.sampled_from([None, (), ("a",), ("a", "b"), ("b", "a"), ("a:int", "b")])


@st.composite
def told(draw: st.DrawFn, side: str) -> Any:
    columns = draw(COLUMNS)
    details = {"a": {"nullable": draw(st.booleans())}} if columns and draw(st.booleans()) else None
    facets: dict[str, Any] = {}
    if draw(st.booleans()):
        facets["documentation"] = facet(description=draw(st.sampled_from(["one", "two"])))
    if draw(st.integers(0, 5)) == 0:
        facets["lifecycleStateChange"] = facet(lifecycleStateChange=draw(st.sampled_from(["DROP", "CREATE"])))
    if draw(st.integers(0, 5)) == 0:
        other = draw(st.sampled_from(NAMES))
        facets["symlinks"] = facet(identifiers=[{"namespace": "db://h", "name": other, "type": "TABLE"}])
    if side == "out" and draw(st.booleans()):
        facets["columnLineage"] = columns_from(a=draw(st.sampled_from(["t.a", "u.b", "v.a t.b"])))
    more: dict[str, Any] = {}
    if draw(st.booleans()):
        more["input_facets"] = checks(("not_null", draw(st.booleans())))
    if side == "out" and draw(st.booleans()):
        more["output_facets"] = {"outputStatistics": facet(rowCount=draw(st.integers(0, 9)))}
    observed = draw(st.sampled_from([None, True]))
    return dataset(draw(st.sampled_from(NAMES)), columns, details=details, observed=observed, **more, **facets)


@st.composite
def documents(draw: st.DrawFn) -> Any:
    job = draw(st.sampled_from(["dag", "load", "load.step", "check"]))
    parents = {"load": ("dag", "dag1"), "load.step": ("load", "load1"), "check": ("dag", "dag2")}
    return event(
        job, draw(st.sampled_from([0, 1, 2, 30, 900, 1000])),
        kind=draw(st.sampled_from(["START", "RUNNING", "COMPLETE", "COMPLETE", "FAIL"])),
        run=f"{job}{draw(st.integers(1, 3))}",
        parent=parents.get(job) if draw(st.booleans()) else None,
        inputs=draw(st.lists(told("in"), max_size=2)), outputs=draw(st.lists(told("out"), max_size=2)),
        job_facets={"ownership": facet(owners=[{"name": draw(st.sampled_from(["team:a", "b"]))}])},
    )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(documents(), min_size=1, max_size=9), st.data())
def test_the_same_events_give_the_same_tables_in_any_order_batches_and_repetitions(events: Any, data: Any) -> None:
    whole = filled(*events)
    shuffled = data.draw(st.permutations([*events, *data.draw(st.lists(st.sampled_from(events), max_size=3))]))
    pieces = Index.open(":memory:", {})
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        pieces.add(shuffled[:size])
        shuffled = shuffled[size:]
    one, other = dump(whole.db), dump(pieces.db)
    for table in one:
        assert one[table] == other[table], table


def test_a_record_added_event_by_event_backwards_equals_the_record_added_at_once() -> None:
    events = record.events(days=1)
    one, other = Index.open(":memory:"), Index.open(":memory:")
    one.add(events)
    for document in reversed(events):
        other.add([document])
    assert dump(one.db) == dump(other.db)
