"""Schema history: each witness has a timeline of its own, and only who tells otherwise than before tells a change."""

from typing import Any

import pytest

from catalog import history
from catalog.dataset import Dataset
from catalog.entry import Change, SchemaVersion
from catalog.index import Index
from tests.catalog import record
from tests.catalog.events import at, checks, dataset, event, facet, run_id

T = Dataset("db://h", "t")
WIDE = {"a": {"nullable": False}, "b": {"nullable": True}}


def index(*documents: Any) -> Index:
    opened = Index.open(":memory:", {})
    opened.add(documents)
    return opened


def wrote(hours: float, columns: Any, *, job: str = "load", **more: Any) -> Any:
    details = more.pop("details", None)
    observed = more.pop("observed", None)
    return event(job, hours, outputs=[dataset("t", columns, details=details, observed=observed)], **more)


def read(hours: float, columns: Any, *, job: str = "check", **more: Any) -> Any:
    details = more.pop("details", None)
    return event(job, hours, inputs=[dataset("t", columns, details=details)], **more)


def changes(*documents: Any) -> list[tuple[str, str | None, str | None, str | None]]:
    found = history.changes(index(*documents), since=at(-1)).value
    return [(one.kind, one.path, one.before, one.after) for one in reversed(found) if one.kind != "dataset_new"]


def versions(*documents: Any, every: bool = False) -> tuple[SchemaVersion, ...]:
    return history.versions(index(*documents), T, every=every).value


def spans(*documents: Any) -> list[tuple[int, float, float | None]]:
    """(columns, since, until) in hours, oldest first."""

    def hours(time: Any) -> Any:
        return None if time is None else (time - at(0)).total_seconds() / 3600

    return [(len(one.columns), hours(one.since.time), hours(one.until)) for one in reversed(versions(*documents))]


def test_equal_schemas_are_one_version_however_often_they_are_told() -> None:
    assert spans(*(wrote(hours, ["a", "b"]) for hours in range(5))) == [(2, 0, None)]


def test_a_column_that_came_and_went_makes_three_versions_and_two_changes() -> None:
    documents = [wrote(0, ["a"]), wrote(1, ["a", "b"]), wrote(2, ["a"])]
    assert spans(*documents) == [(1, 0, 1), (2, 1, 2), (1, 2, None)]
    assert changes(*documents) == [("column_added", "b", None, "string"), ("column_removed", "b", "string", None)]


def test_a_dataset_that_is_only_read_has_a_history_too() -> None:
    assert changes(read(0, ["a"]), read(1, ["a:int"])) == [("column_changed", "a", "string", "int")]


@pytest.mark.parametrize(
    "silent",
    [
        wrote(1, ["a"], kind="START"),
        wrote(1, None),
        wrote(1, []),
        wrote(1, ["a"], kind="FAIL"),
        wrote(1, ["a"], kind="ABORT"),
    ],
    ids=["start", "no schema", "no fields", "failed without looking", "aborted"],
)
def test_an_event_that_knows_no_schema_changes_nothing(silent: Any) -> None:
    documents = [wrote(0, ["a", "b"]), silent, wrote(2, ["a", "b"])]
    assert changes(*documents) == [] and spans(*documents) == [(2, 0, None)]


def test_a_failed_run_that_checked_the_dataset_has_looked() -> None:
    looked = event("check", 1, kind="FAIL", inputs=[dataset("t", ["a", "x"], input_facets=checks(("columns", False)))])
    assert changes(read(0, ["a"]), looked) == [("column_added", "x", None, "string")]


def test_two_producers_that_alternate_with_schemas_of_their_own_tell_no_change() -> None:
    documents = [wrote(hours, ["a"] if hours % 2 else ["a", "b"], job=f"load{hours % 2}") for hours in range(8)]
    assert changes(*documents) == []
    assert spans(*documents) == [(2, 0, None), (1, 1, None)]


def test_a_spark_step_that_says_less_than_its_task_tells_no_change_of_its_own() -> None:
    def run(hours: int, columns: Any, details: Any) -> list[Any]:
        task = ("load", f"load{hours}")
        return [
            wrote(hours, columns, job="load.step", parent=task, root=("dag", f"dag{hours}")),
            wrote(hours + 0.1, [f"{one}:string(64)" for one in columns], details=details, run=task[1],
                  parent=("dag", f"dag{hours}")),
        ]  # fmt: skip

    documents = [*run(0, ["a"], {"a": {"nullable": False}}), *run(1, ["a", "b"], WIDE)]
    assert changes(*documents) == [("column_added", "b", None, "string(64), nullable")]
    assert [one.type for one in index(*documents).dataset(T).columns] == ["string(64)", "string(64)"]
    assert len(versions(*documents)) == 2 and len(versions(*documents, every=True)) == 4


def test_the_same_change_seen_later_by_another_witness_is_no_second_change() -> None:
    documents = [
        wrote(0, ["a"]), read(0.5, ["a"]), wrote(1, ["a", "b"]), wrote(2, ["a", "b"]), read(30, ["a", "b"]),
    ]  # fmt: skip
    assert changes(*documents) == [("column_added", "b", None, "string")]


def test_what_happens_again_after_it_was_undone_is_told_again() -> None:
    documents = [wrote(hours, ["a", "b"] if hours % 2 else ["a"]) for hours in range(4)]
    assert [kind for kind, *_ in changes(*documents)] == ["column_added", "column_removed", "column_added"]


def test_a_late_event_takes_its_place_in_the_history() -> None:
    opened = index(wrote(0, ["a"]), wrote(4, ["a"]))
    assert [one.kind for one in history.changes(opened, since=at(-1)).value] == ["dataset_new"]
    opened.add([wrote(2, ["a", "b"])])
    found = history.changes(opened, since=at(1)).value
    assert [(one.kind, one.time) for one in found] == [("column_removed", at(4)), ("column_added", at(2))]


def test_who_looks_at_the_data_is_heard_only_when_it_looked() -> None:
    seen = {"a": {"nullable": True}, "x": {"nullable": True}}
    promised = {"a": {"nullable": True}}
    documents = [
        wrote(0, ["a", "x"], details=seen, observed=True),
        wrote(1, ["a"], details=promised),  # an hour without rows: what the contract promises
        wrote(2, ["a", "x"], details=seen, observed=True),
    ]
    assert changes(*documents) == [] and spans(*documents) == [(2, 0, None)]
    assert versions(*documents)[0].seen and not versions(documents[1])[0].seen


def test_who_looked_leads_before_who_repeats_a_contract_even_if_that_one_spoke_last() -> None:
    seen = dataset("t", ["a", "x"], details={"a": {}, "x": {}}, observed=True)
    promise = dataset("t", ["a"], details={"a": {}})
    opened = index(event("look", 0, inputs=[seen]), event("repeat", 1, outputs=[promise]))
    assert [one.path for one in opened.dataset(T).columns] == ["a", "x"]


def test_a_witness_that_has_gone_leads_no_more_but_its_history_stays() -> None:
    days = 24
    documents = [wrote(0, ["a", "b"], details=WIDE), *(read(day * days, ["a"]) for day in range(1, 40))]
    assert [one.path for one in index(*documents).dataset(T).columns] == ["a"]
    assert spans(*documents) == [(2, 0, None), (1, 24, None)]


def test_during_a_run_the_last_word_counts_and_at_its_end_only_that() -> None:
    documents = [
        wrote(0, ["a"], run="r1"), wrote(1, ["a", "tmp"], kind="RUNNING", run="r2"), wrote(2, ["a"], run="r2"),
    ]  # fmt: skip
    assert changes(*documents[:2]) == [("column_added", "tmp", None, "string")]
    assert changes(*documents) == []


def test_members_of_a_struct_are_columns_and_a_new_struct_is_one_change() -> None:
    def nested(*members: str) -> Any:
        fields = [{"name": "s", "type": "struct", "fields": [{"name": one, "type": "int"} for one in members]}]
        return event("load", len(members), outputs=[dataset("t", None, schema=facet(fields=fields))])

    plain = wrote(0, ["k"])
    assert changes(nested("x"), nested("x", "y")) == [("column_added", "s.y", None, "int")]
    assert ("column_added", "s", None, "struct") in changes(plain, nested("x", "y"))
    assert not any(path == "s.x" for _, path, _, _ in changes(plain, nested("x", "y")))


def test_details_are_part_of_a_column_and_told_in_words() -> None:
    before, after = {"a": {"nullable": True}}, {"a": {"nullable": False, "primaryKey": 1, "enum": ["x", "y"]}}
    documents = [wrote(0, ["a"], details=before), wrote(1, ["a"], details=after)]
    assert changes(*documents) == [
        ("column_changed", "a", "string, nullable", "string, not null, one of x, y, key 1")
    ]  # fmt: skip


def test_of_a_list_of_values_only_those_are_told_that_are_others() -> None:
    fewer, more = {"a": {"nullable": True, "enum": ["x", "y"]}}, {"a": {"nullable": True, "enum": ["z", "y", "x"]}}
    small, large = (wrote(hour, ["a"], details=each) for hour, each in enumerate((fewer, more)))
    assert changes(small, large) == [("column_changed", "a", "string", "string, also z")]


def test_another_order_of_the_same_columns_is_one_change() -> None:
    assert changes(wrote(0, ["a", "b", "c"]), wrote(1, ["c", "a", "b"])) == [
        ("column_changed", None, "order a, b, c", "order c, a, b")
    ]


def test_a_version_knows_its_run_task_revision_and_the_checks_of_that_run() -> None:
    place = {"sourceCodeLocation": facet(type="git", url="u", path="p", version="abc123")}
    tested = dataset("t", ["a", "b"], input_facets=checks(("x", True), ("y", False)))
    documents = [
        wrote(0, ["a"]),
        wrote(1, ["a", "b"], run="r", parent=("dag", "dag1"), job_facets=place),
        event("check", 1.5, inputs=[tested], parent=("dag", "dag1")),
        event("check", 5, inputs=[dataset("t", ["a", "b"], input_facets=checks(("x", False)))], parent=("dag", "dag2")),
    ]
    newest = versions(*documents)[0]
    assert (newest.since.run_id, newest.since.job.name, newest.since.revision) == (run_id("r"), "load", "abc123")
    assert (newest.checks_passed, newest.checks_failed) == (1, 1)


def test_a_table_that_is_dropped_has_vanished_until_it_is_told_of_again() -> None:
    drop = event("load", 1, outputs=[dataset("t", [], lifecycleStateChange=facet(lifecycleStateChange="DROP"))])
    assert index(wrote(0, ["a"]), drop).dataset(T).vanished
    again = index(wrote(0, ["a"]), drop, wrote(2, ["a"]))
    assert not again.dataset(T).vanished
    kinds = [one.kind for one in reversed(history.changes(again, since=at(-1)).value)]
    assert kinds == ["dataset_new", "dataset_vanished", "dataset_new"]


def test_a_table_that_one_run_drops_and_makes_again_lives_on() -> None:
    def part(hours: float, what: str) -> Any:
        change = facet(lifecycleStateChange=what)
        return event("load", hours, outputs=[dataset("t", ["a"], lifecycleStateChange=change)],
                     parent=("dag", "dag1"))  # fmt: skip

    assert changes(wrote(0, ["a"]), part(1, "DROP"), part(1.1, "CREATE")) == []


def test_owner_and_description_changes_are_told_by_whom_they_changed() -> None:
    def owned(hours: float, owner: str, text: str) -> Any:
        said = {"ownership": facet(owners=[{"name": owner}]), "documentation": facet(description=text)}
        return event("load", hours, outputs=[dataset("t", ["a"], **said)])

    assert sorted(changes(owned(0, "team:a", "one"), wrote(1, ["a"]), owned(2, "b", "two"))) == [
        ("described", None, "one", "two"), ("owner_changed", None, "a", "b"),
    ]  # fmt: skip


def test_a_columns_history_is_that_of_its_members_and_of_what_it_is_in() -> None:
    opened = index(wrote(0, ["a", "b"]), wrote(1, ["a:int", "b"]), wrote(2, ["a:int"]))
    assert [one.kind for one in history.column(opened, T, "a").value] == ["column_changed"]
    assert [one.kind for one in history.column(opened, T, "b").value] == ["column_removed"]


def test_changes_are_given_from_a_time_on() -> None:
    opened = index(*(wrote(hours, ["a", "b"][: hours + 1]) for hours in range(2)))
    found: tuple[Change, ...] = history.changes(opened, since=at(0)).value
    assert [one.kind for one in found] == ["column_added", "dataset_new"]
    assert [one.kind for one in history.changes(opened, since=at(1), dataset=T).value] == ["column_added"]


def test_the_column_that_nobody_promised_is_found_in_the_shops_record_with_its_run(shop: Index) -> None:
    raw = shop.find("kafka.ecommerce-events-raw")
    assert isinstance(raw, Dataset)
    added = [one for one in history.changes(shop, since=record.START).value if one.kind == "column_added"]
    assert {(one.subject, one.path) for one in added} == {(raw, "coupon_code")}
    difference = shop.dataset(raw).differences
    assert [(one.path, one.promised, one.since) for one in difference] == [("coupon_code", "", added[0].time)]
