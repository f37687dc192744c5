"""Drift is what was observed against what somebody accepted: rare keys spared, versions' blind spots seen."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.drift import detect
from catalog.drift.shape import of_columns
from catalog.entry import Column
from catalog.index import Index
from catalog.observe import Baseline, Observation, acceptance, accepted, baseline, baseline_facet, observe
from catalog.schema import Field, Schema
from catalog.wire import SCHEMA_BASELINE
from tests.catalog.events import EXAMPLES, START, Json, at, dataset, event, facet

TOPIC, TABLE = Dataset("kafka://h:9092", "raw"), Dataset("postgres://h:5432", "db.public.orders")
PAID = ("card", "paypal")
PROMISED = Contract(
    id="kafka.raw", kind="kafka", name="raw", version="1.0.0", title="Raw", description="What is sent.", owner="events",
    tier="gold", tags=(), suite=None, freshness=None, drift_policy="review",
    schema=Schema(fields=(
        Field(name="id", type="string"), Field(name="price", type="double"), Field(name="coupon", type="string"),
        Field(name="paid", type="string", enum=PAID),
    )),
)  # fmt: skip


@pytest.fixture
def index():
    with Index.open(":memory:", {"kafka.raw": PROMISED}) as opened:
        yield opened


def looked(hour: float, columns: str, *, rows: int = 100) -> Json:
    """A run that read so many messages and met these columns (`name` or `name:type`)."""
    names = columns.split()
    details = {one.partition(":")[0]: {"nullable": True} for one in names}
    counted = {"dataQualityMetrics": facet(rowCount=rows, columnMetrics={})}
    return event("enrich", hour, inputs=[dataset(
        TOPIC.name, names, namespace=TOPIC.namespace, details=details, observed=True, input_facets=counted,
        contract="kafka.raw@1.0.0",
    )])  # fmt: skip


def profiled(hour: float, *, rows: int = 100, top: Json | None = None, **filled: int) -> Json:
    """A profile of a sample: how many of its rows had each column; `top`: values of `paid` with their counts."""
    metrics = {path: {"nullCount": rows - count, "count": count} for path, count in filled.items()}
    columns = [{"path": "paid", "listed": True, "shapes": {"text": filled.get("paid", rows)},
                "top": [{"value": value, "count": count} for value, count in top.items()]}] if top else []  # fmt: skip
    told = facet(rows=rows, unreadable=0, columns=columns)
    return event("profile", hour, inputs=[dataset(
        TOPIC.name, namespace=TOPIC.namespace, ecompulse_profile=told,
        input_facets={"dataQualityMetrics": facet(rowCount=rows, columnMetrics=metrics)},
    )])  # fmt: skip


def wrote(hour: float, **columns: Json) -> Json:
    """A load that told the table's columns with their details."""
    names = [f"{path}:{one.get('type', 'string')}" for path, one in columns.items()]
    details = {
        path: {"nullable": True} | {k: v for k, v in one.items() if k != "type"} for path, one in columns.items()
    }
    return event("load", hour, outputs=[dataset(TABLE.name, names, namespace=TABLE.namespace, details=details)])


def seen(index: Index, at: Dataset = TOPIC) -> Observation:
    return observe(index, at).value


def accept(index: Index, hour: float, at_: Dataset = TOPIC, columns: tuple[Column, ...] | None = None) -> None:
    """Somebody accepts what is there now."""
    kept = Baseline(name="main", columns=columns or seen(index, at_).columns, accepted_by="ada", reason="agreed",
                    since=at(hour))  # fmt: skip
    index.add([acceptance(index.dataset(at_), kept, namespace="shop", at=at(hour))])


def found(index: Index, at: Dataset = TOPIC) -> list[str]:
    return [str(one.change) for one in seen(index, at).findings]


def test_without_a_baseline_nothing_is_drift_and_what_was_met_is_what_the_first_one_is_made_from(index):
    index.add([looked(1, "id price:double"), looked(2, "id coupon")])
    one = seen(index)
    assert (one.baseline, one.findings, one.compared) == (None, (), False)
    assert {column.path for column in one.columns} == {"id", "price", "coupon"}


def test_a_baseline_is_read_back_as_it_was_told(index):
    index.add([looked(1, "id price:double")])
    accept(index, 2)
    kept = baseline(index, TOPIC)
    assert (kept.accepted_by, kept.reason, kept.since) == ("ada", "agreed", at(2))
    assert [(one.path, one.type) for one in kept.columns] == [("id", "string"), ("price", "double")]
    assert baseline(index, TOPIC, "release") is None


def test_a_new_key_is_drift_at_once_and_since_its_first_message(index):
    index.add([looked(1, "id price:double")])
    accept(index, 2)
    index.add([looked(3, "id price:double", rows=5_000), looked(4, "id price:double campaign", rows=3)])
    (one,) = seen(index).findings
    assert (str(one.change), one.since) == ("column.added campaign: string", at(4))


def test_a_new_key_stays_drift_while_it_is_rare_and_is_over_when_it_is_improbable_that_it_comes_again(index):
    index.add([looked(1, "id")])
    accept(index, 2)
    index.add([looked(3, "id campaign"), profiled(3.5, id=100, campaign=10), looked(4, "id", rows=50)])
    assert found(index) == ["column.added campaign: string"]
    index.add([looked(5, "id", rows=5_000)])
    assert found(index) == []


def test_a_key_that_the_contract_declares_may_appear_later(index):
    index.add([looked(1, "id price:double")])
    accept(index, 2)
    index.add([looked(3, "id price:double coupon")])
    assert found(index) == []


def test_a_rare_key_that_is_missing_is_no_drift_and_the_reason_has_the_figures(index):
    index.add([looked(1, "id price:double coupon"), profiled(1.5, id=100, coupon=2)])
    accept(index, 2)
    index.add([looked(3, "id price:double", rows=200)])
    assert found(index) == []
    (reason,) = seen(index).spared
    assert reason.startswith("coupon: absent by chance") and "200 since" in reason


def test_a_key_that_is_missing_where_that_is_no_chance_is_dropped_since_the_first_run_without_it(index):
    index.add([looked(1, "id price:double coupon"), profiled(1.5, id=100, coupon=50)])
    accept(index, 2)
    index.add([looked(3, "id price:double coupon"), looked(4, "id price:double", rows=10)])
    assert found(index) == []
    index.add([looked(5, "id price:double", rows=300)])
    (one,) = seen(index).findings
    assert (str(one.change), one.since) == ("column.dropped coupon: string", at(4))


SENT = {"id": 5_000, "eventName": 1_500, "sessionId": 1_500, "event_name": 1_000, "event_type": 2_500, "price": 2_000}
"""Of five thousand messages 1,500 are from one producer, 1,000 from another, the rest from a third."""
QUIET = {"id": 3_500, "event_name": 1_000, "event_type": 2_500, "price": 1_400}
"""The first producer sends nothing."""


def hour(at_: float, sent: dict[str, int]) -> list[Json]:
    return [looked(at_, " ".join(sent), rows=sent["id"]), profiled(at_ + 0.5, rows=sent["id"], **sent)]


@pytest.mark.parametrize(
    ("then", "gone"),
    [
        (QUIET, False),
        ({**QUIET, "id": 5_000, "price": 2_000}, True),
        ({**QUIET, "id": 5_000, "price": 2_000, "event_type": 4_000}, True),
        ({**QUIET, "id": 5_000, "price": 2_000, "name": 1_500, "session": 1_500}, True),
        ({**QUIET, "coupon": 3}, False),
        ({**QUIET, "sessionId": 3}, True),
    ],
    ids=["silent", "without them", "as another does", "by other names", "silent, with a rare key", "one key"],
)
def test_keys_that_are_missing_with_all_messages_of_a_producer_are_not_dropped(index, then, gone):
    index.add(hour(1, SENT))
    accept(index, 2)
    index.add(hour(3, then))
    dropped = [one.change.path for one in seen(index).findings if one.change.rule == "column.dropped"]
    assert ("eventName" in dropped) == gone
    assert any(one.startswith("eventName: absent with all who sent it") for one in seen(index).spared) != gone


def test_a_producer_that_comes_back_otherwise_has_dropped_its_keys(index):
    index.add(hour(1, SENT))
    accept(index, 2)
    for silent in (3, 4, 5, 6):
        index.add(hour(silent, QUIET))
        assert found(index) == []
    index.add(hour(7, {**{path: rows for path, rows in SENT.items() if path != "eventName"}, "name": 1_500}))
    assert "column.dropped eventName: string" in found(index)


def test_a_key_that_nobody_counted_is_judged_by_runs(index):
    index.add([looked(hour, "id coupon") for hour in range(1, 31)])
    accept(index, 30.5)
    index.add([looked(31, "id", rows=9_999)])
    assert found(index) == []
    index.add([looked(hour, "id") for hour in range(32, 36)])
    assert found(index) == ["column.dropped coupon: string"]


def test_runs_without_messages_say_nothing(index):
    index.add([looked(1, "id coupon"), profiled(1.5, id=100, coupon=99)])
    accept(index, 2)
    bare = dataset(TOPIC.name, ["id", "coupon"], namespace=TOPIC.namespace, details={"id": {"nullable": True}},
                   input_facets={"dataQualityMetrics": facet(rowCount=0, columnMetrics={})})  # fmt: skip
    index.add([event("enrich", hour, inputs=[bare]) for hour in (3, 4, 5)])
    assert found(index) == []


@pytest.mark.parametrize("narrower", ["price:bigint", "price:void", ""])
def test_a_few_messages_with_whole_numbers_nulls_or_nothing_are_no_other_type(index, narrower):
    index.add([looked(1, "id price:double")])
    accept(index, 2)
    index.add([looked(3, f"id {narrower}", rows=3)])
    assert found(index) == []


def test_decimals_where_few_whole_numbers_had_come_are_news_only_where_the_contract_does_not_declare_them(index):
    index.add([looked(1, "id price:bigint count:bigint", rows=3)])
    accept(index, 2)
    index.add([looked(3, "id price:double count:double", rows=1_000)])
    assert found(index) == ["type.widened count: bigint → double"]


def test_a_text_where_numbers_were_is_drift_at_once_and_over_when_numbers_only_have_come_long_enough(index):
    index.add([looked(1, "id price:double")])
    accept(index, 2)
    index.add([looked(3, "id price:string", rows=1_000), looked(4, "id price:double", rows=1_000)])
    (one,) = seen(index).findings
    assert (str(one.change), one.since) == ("type.replaced price: double → string", at(3))
    index.add([looked(5, "id price:double", rows=1_000)])
    assert found(index) == []


def test_a_rare_number_that_came_with_nulls_only_is_no_text_until_that_is_improbable(index):
    index.add([looked(1, "id price:double", rows=1_000), profiled(1.5, rows=1_000, id=1_000, price=20)])
    accept(index, 2)
    index.add([looked(3, "id price:string", rows=100)])
    assert found(index) == []
    (reason,) = seen(index).spared
    assert reason.startswith("price: text, or nulls only")
    index.add([looked(4, "id price:string", rows=900)])
    assert found(index) == ["type.replaced price: double → string"]


def test_a_number_that_came_with_nulls_only_as_its_profile_counted_is_no_text_however_many_they_were(index):
    index.add([looked(1, "id price:double", rows=1_000), profiled(1.5, rows=1_000, id=1_000, price=200)])
    accept(index, 2)
    index.add([looked(3, "id price:string", rows=9_000), profiled(3.5, rows=9_000, id=9_000, price=0)])
    assert found(index) == []
    index.add([looked(4, "id price:string", rows=9_000), profiled(4.5, rows=9_000, id=9_000, price=1)])
    (one,) = seen(index).findings
    assert (str(one.change), one.since) == ("type.replaced price: double → string", at(4))


def test_members_of_an_array_are_missed_only_where_the_array_had_a_value(index):
    items = "id items:array items._element:struct"
    for hour in range(1, 31):
        index.add([looked(hour, items), profiled(hour + 0.5, id=100, items=10)])
    accept(index, 30.8)
    for hour in range(31, 41):
        index.add([looked(hour, "id items:array"), profiled(hour + 0.5, id=100, items=0)])
    assert found(index) == []
    for hour in range(41, 46):
        index.add([looked(hour, "id items:array"), profiled(hour + 0.5, id=100, items=10)])
    assert found(index) == ["column.dropped items._element: struct"]


def test_several_types_at_once_are_text_and_one_of_them_alone_is_no_drift(index):
    index.add([looked(1, "id stamp:string", rows=5_000)])
    accept(index, 2)
    index.add([looked(3, "id stamp:bigint", rows=10)])
    assert found(index) == []


def test_a_key_that_some_producers_send_by_another_name_is_asked_about(index):
    index.add([looked(1, "id product_category"), profiled(1.5, rows=1_000, id=1_000, product_category=600)])
    accept(index, 2)
    renamed = profiled(3.5, rows=1_000, id=1_000, product_category=200, category=400)
    index.add([looked(3, "id product_category category"), renamed])
    assert set(found(index)) == {
        "column.added category: string", "column.perhaps_renamed category: product_category → category",
    }  # fmt: skip


def test_a_key_that_some_producers_move_into_a_new_object_is_asked_about_once_even_when_nobody_sends_it_any_more(index):
    index.add([looked(1, "id sdk_version"), profiled(1.5, rows=1_000, id=1_000, sdk_version=600)])
    accept(index, 2)
    moved = profiled(3.5, rows=1_000, id=1_000, sdk_version=200)
    index.add([looked(3, "id sdk_version sdk:struct sdk.version"), moved])
    asked = "column.perhaps_renamed sdk.version: sdk_version → sdk.version"
    assert set(found(index)) == {"column.added sdk: struct", asked}
    index.add([looked(4, "id sdk:struct sdk.version", rows=1_000), profiled(4.5, rows=1_000, id=1_000)])
    assert sorted(found(index)) == ["column.added sdk: struct", "column.dropped sdk_version: string", asked]


def test_a_key_that_took_the_place_of_one_that_is_gone_is_asked_about_for_that_one_only(index):
    sent = {"id": 1_000, "meta": 600, "meta.sdk_version": 600, "properties": 1_000, "properties.sdk_version": 400}
    index.add([looked(1, " ".join(sent), rows=1_000), profiled(1.5, rows=1_000, **sent)])
    accept(index, 2)
    then = {"id": 1_000, "meta": 800, "meta.sdk": 800, "meta.sdk.version": 800, "properties.sdk_version": 200}
    index.add([looked(3, "properties " + " ".join(then), rows=1_000), profiled(3.5, rows=1_000, **then)])
    asked = [one for one in found(index) if "perhaps_renamed" in one]
    assert asked == ["column.perhaps_renamed meta.sdk.version: meta.sdk_version → meta.sdk.version"]


def test_a_new_key_beside_an_unchanged_one_of_like_name_is_no_question(index):
    index.add([looked(1, "id product_category"), profiled(1.5, rows=1_000, id=1_000, product_category=600)])
    accept(index, 2)
    index.add([looked(3, "id product_category category"),
               profiled(3.5, rows=1_000, id=1_000, product_category=560, category=400)])  # fmt: skip
    assert found(index) == ["column.added category: string"]


def test_a_value_that_the_contract_does_not_list_is_drift_since_it_was_counted(index):
    index.add([looked(1, "id paid"), profiled(1.5, paid=90, top={"card": 60, "paypal": 30})])
    accept(index, 2)
    index.add([looked(3, "id paid"), profiled(3.5, paid=90, top={"card": 60, "klarna": 30})])
    (one,) = seen(index).findings
    assert (str(one.change), one.since) == ("enum.value_added paid: klarna", at(3.5))
    index.add([looked(4, "id paid"), profiled(4.5, paid=90, top={"card": 60, "paypal": 30})])
    assert found(index) == []


def test_so_many_values_beside_the_list_are_one_change_since_the_first_of_them_and_accepted_as_such(index):
    index.add([looked(1, "id paid"), profiled(1.5, paid=90, top={"card": 60, "paypal": 30})])
    accept(index, 2)
    index.add([looked(3, "id paid"), profiled(3.5, paid=90, top={f"gift {n}": 1 for n in range(5)})])
    assert found(index) == [f"enum.value_added paid: gift {n}" for n in range(5)]
    index.add([looked(4, "id paid"), profiled(4.5, paid=90, top={f"coupon {n}": 1 for n in range(10)})])
    (one,) = seen(index).findings
    assert (str(one.change), one.since) == ("enum.removed paid: card, paypal", at(3.5))
    accept(index, 5)
    index.add([looked(6, "id paid"), profiled(6.5, paid=90, top={f"voucher {n}": 1 for n in range(10)})])
    assert found(index) == []


def test_values_of_a_column_without_a_list_are_no_drift(index):
    index.add([looked(1, "id"), profiled(1.5, id=100, top={"a": 90})])
    accept(index, 2)
    assert found(index) == []


def test_of_a_table_order_nullability_enums_and_keys_are_seen_which_the_backends_versions_do_not_tell(index):
    index.add([wrote(1, id={"nullable": False, "primaryKey": 1}, day={"partition": 1}, state={"enum": ["a", "b"]})])
    accept(index, 2, TABLE)
    index.add([wrote(3, day={}, id={"nullable": True}, state={"enum": ["a", "c"]})])
    assert sorted(found(index, TABLE)) == [
        "column.moved day", "enum.value_added state: c", "enum.value_removed state: b", "key.removed dataset: id",
        "null.allowed id", "partition.removed dataset: day",
    ]  # fmt: skip
    assert {one.since for one in seen(index, TABLE).findings} == {at(3)}


def test_a_table_that_its_load_reads_and_writes_is_compared_too(index):
    both = dataset(TABLE.name, ["id"], namespace=TABLE.namespace, details={"id": {"nullable": True}})
    index.add([event("load", 1, inputs=[both], outputs=[both])])
    accept(index, 2, TABLE)
    index.add([wrote(3, id={}, note={})])
    assert found(index, TABLE) == ["column.added note: string"]


def test_a_table_that_is_dropped_is_drift_since_then(index):
    index.add([wrote(1, id={})])
    accept(index, 2, TABLE)
    state = facet(lifecycleStateChange="DROP")
    index.add([event("clean", 3, outputs=[dataset(TABLE.name, namespace=TABLE.namespace, lifecycleStateChange=state)])])
    (one,) = seen(index, TABLE).findings
    assert (str(one.change), one.since) == ("dataset.dropped dataset", at(3))
    accept(index, 4, TABLE)
    assert found(index, TABLE) == []
    index.add([wrote(5, id={})])
    assert found(index, TABLE) == ["dataset.added dataset"]


def test_a_witness_that_knows_names_only_takes_nothing_back(index):
    index.add([wrote(1, id={"nullable": False, "primaryKey": 1}, state={"enum": ["a"]})])
    accept(index, 2, TABLE)
    day = 24 * 40  # who knew more has been silent for weeks
    index.add([event("script", day, outputs=[dataset(TABLE.name, ["id", "state"], namespace=TABLE.namespace)])])
    assert found(index, TABLE) == []


def test_nesting_is_seen(index):
    def nested(hour: float, *members: str) -> Json:
        told = dataset(TABLE.name, ["at:struct"], namespace=TABLE.namespace)
        told["facets"]["schema"]["fields"][0]["fields"] = [{"name": one, "type": "string"} for one in members]
        return event("load", hour, outputs=[told])

    index.add([nested(1, "city", "street")])
    accept(index, 2, TABLE)
    index.add([nested(3, "city")])
    assert found(index, TABLE) == ["column.dropped at.street: string"]


def test_a_promise_is_no_baseline_for_what_was_looked_at(index):
    promise = dataset(TOPIC.name, ["id", "price:decimal(9,2)"], namespace=TOPIC.namespace,
                      details={"id": {"nullable": False}, "price": {"nullable": False}})  # fmt: skip
    index.add([event("check", 1, inputs=[promise])])
    accept(index, 2)
    index.add([looked(3, "id price:double")])
    one = seen(index)
    assert (one.baseline, one.findings, one.compared) == (None, (), False)


def test_accepting_closes_everything_and_is_neither_a_write_nor_a_schema(index):
    index.add([wrote(1, id={}, state={"enum": ["a"]})])
    accept(index, 2, TABLE)
    index.add([wrote(3, id={"type": "bigint"}, state={"enum": ["a", "b"]}, note={})])
    before = index.dataset(TABLE)
    assert len(found(index, TABLE)) == 3
    accept(index, 40, TABLE)
    after = index.dataset(TABLE)
    assert found(index, TABLE) == []
    assert (after.columns, after.last_written, after.freshness) == (
        before.columns, before.last_written, before.freshness,
    )  # fmt: skip


def test_the_newest_acceptance_holds_in_whatever_order_they_are_read(index):
    index.add([wrote(1, id={})])
    first = Baseline(name="main", columns=(), accepted_by="ada", reason="", since=at(2))
    later = Baseline(name="main", columns=(), accepted_by="bob", reason="", since=at(3))
    entry = index.dataset(TABLE)
    index.add([acceptance(entry, one, namespace="shop", at=one.since) for one in (later, first)])
    assert baseline(index, TABLE).accepted_by == "bob"


BEFORE: tuple[dict[str, Any], ...] = (
    {"path": "id", "type": "bigint", "nullable": False, "details": {"primaryKey": 1}},
    {"path": "at", "type": "struct"}, {"path": "at.city", "type": "string"}, {"path": "at.street", "type": "string"},
    {"path": "state", "type": "string", "details": {"enum": ["a", "b"]}}, {"path": "gone", "type": "date"},
)  # fmt: skip
AFTER: tuple[dict[str, Any], ...] = (
    {"path": "first", "type": "double"}, {"path": "id", "type": "string", "nullable": True},
    {"path": "state", "type": "string", "details": {"enum": ["a", "c"]}}, {"path": "at", "type": "struct"},
    {"path": "at.zip", "type": "string"}, {"path": "at.city", "type": "string"},
)  # fmt: skip


def columns(told: tuple[dict[str, Any], ...]) -> tuple[Column, ...]:
    return tuple(Column(ordinal=n, **one) for n, one in enumerate(told, 1))


VALUES = st.lists(st.sampled_from("abc"), min_size=1, unique=True)
DETAILS = st.fixed_dictionaries({}, optional={"primaryKey": st.just(1), "partition": st.integers(1, 2), "enum": VALUES})
COLUMNS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", "s", "s.x", "s.y"]), st.sampled_from(["string", "bigint", "struct"]),
              st.booleans(), DETAILS),
    unique_by=lambda one: one[0], max_size=7,
)  # fmt: skip


def made(told: list[tuple[str, str, bool, dict[str, Any]]]) -> tuple[Column, ...]:
    """Columns in this order, members behind what they are members of."""
    there = {path for path, *_ in told}
    kept = [one for one in told if "." not in one[0] or one[0].split(".")[0] in there]
    places = [path for path, *_ in kept]
    kept.sort(key=lambda one: (places.index(one[0].split(".")[0]), "." in one[0], places.index(one[0])))
    return tuple(
        Column(path=path, ordinal=n, type=kind, nullable=nullable, details=details)
        for n, (path, kind, nullable, details) in enumerate(kept, 1)
    )


@EXAMPLES
def test_accepting_one_change_after_the_other_ends_where_accepting_all_does(examples):
    @settings(max_examples=examples, deadline=None)
    @example(before=[], after=[("s", "struct", True, {}), ("s.x", "string", True, {})])
    @given(before=COLUMNS, after=COLUMNS)
    def law(before, after):
        ends_where_accepting_all_does(before, after)

    law()


def ends_where_accepting_all_does(before, after):
    kept, wanted = made(before), made(after)
    for _ in range(60):
        changes = detect(of_columns(kept), of_columns(wanted))
        if not changes:
            break
        kept = accepted(kept, wanted, changes[0])
        assert changes[0].fingerprint not in {one.fingerprint for one in detect(of_columns(kept), of_columns(wanted))}
    assert detect(of_columns(kept), of_columns(wanted)) == ()


def test_accepting_one_change_leaves_the_others_open():
    kept, after = columns(BEFORE), columns(AFTER)
    (added,) = [one for one in detect(of_columns(kept), of_columns(after)) if str(one).startswith("column.added first")]
    left = [str(one) for one in detect(of_columns(accepted(kept, after, added)), of_columns(after))]
    assert "type.replaced id: bigint → string" in left and not any("first" in one for one in left)


def test_the_baseline_facet_is_as_its_schema_says(index, problems):
    index.add([wrote(1, id={"nullable": False, "primaryKey": 1})])
    kept = Baseline(name="main", columns=index.dataset(TABLE).columns, accepted_by="ada", reason="agreed",
                    since=START + timedelta(hours=2))  # fmt: skip
    told = acceptance(index.dataset(TABLE), kept, namespace="shop", at=at(2))
    assert problems(told) == []
    (column,) = told["inputs"][0]["facets"][SCHEMA_BASELINE]["columns"]
    assert column == {"path": "id", "type": "string", "nullable": False, "details": {"primaryKey": 1}}
    assert baseline_facet(kept)["acceptedAt"] == "2026-11-01T02:00:00+00:00"
