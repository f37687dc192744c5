"""The index is a function of the set of events, and says who did what to which dataset."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.concern import concerns
from catalog.contract import load_all
from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.errors import Ambiguous, NotFound
from catalog.event import Event, read
from catalog.index import Added, Index, glance, store
from catalog.search import search
from catalog.wire import ACCEPT_JOB, SCHEMA_BASELINE, SCHEMA_DRIFT, VERDICTS
from tests.catalog import record
from tests.catalog.events import EXAMPLES, at, checks, columns_from, dataset, event, facet, run_id
from tests.catalog.tables import dump

T, U = Dataset("db://h", "t"), Dataset("db://h", "u")


def filled(*documents: Any, contracts: Any = None) -> Index:
    index = Index.open(":memory:", contracts or {})
    index.add(documents)
    return index


def drift(*verdicts: str) -> dict[str, Any]:
    found = [{"fingerprint": f"{n:016x}", "path": "a", "verdict": verdict} for n, verdict in enumerate(verdicts)]
    return facet(baseline={"name": "main"}, open=found, complete=True)


def accepted(name: str, *columns: str) -> dict[str, Any]:
    told = [{"path": path, "type": "string"} for path in columns]
    return facet(name=name, acceptedBy="ana", reason="as released", acceptedAt=at(0).isoformat(), columns=told)


# The law

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
    if draw(st.integers(0, 4)) == 0:
        facets[SCHEMA_DRIFT] = drift(*draw(st.lists(st.sampled_from(VERDICTS), max_size=2)))
    if draw(st.integers(0, 4)) == 0:
        facets[SCHEMA_BASELINE] = accepted(draw(st.sampled_from(["main", "old"])), draw(st.sampled_from("ab")))
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


@EXAMPLES
def test_the_same_events_give_the_same_tables_in_any_order_batches_and_repetitions(examples: int) -> None:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]

    @settings(max_examples=examples, deadline=None, suppress_health_check=slow)
    @given(st.lists(documents(), min_size=1, max_size=9), st.data())
    def law(events: Any, data: Any) -> None:
        same_tables(events, data)

    law()


def same_tables(events: Any, data: Any) -> None:
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


# What it knows


def test_added_says_what_became_of_the_documents() -> None:
    index = Index.open(":memory:", {})
    one = event("load", 1)
    assert index.add([one, event("load", 2), one, {"nonsense": 1}]) == Added(new=2, repeated=1, unusable=1)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lake.enriched_events", "warehouse/ecom.db/enriched_events"),
        ("enriched_events", "warehouse/ecom.db/enriched_events"),
        ("s3://lake/warehouse/ecom.db/enriched_events", "warehouse/ecom.db/enriched_events"),
        ("warehouse.public.events", "warehouse.public.events"),
        ("data_ingestion_dag", "data_ingestion_dag"),
        ("update_data_warehouse", "data_ingestion_dag.update_data_warehouse"),
        ("ecompulse/reference_data_dag", "reference_data_dag"),
    ],
)
def test_things_are_found_by_every_name_they_go_by(shop: Index, text: str, name: str) -> None:
    assert shop.find(text).name == name


def test_a_name_of_several_things_is_answered_with_all_of_them(shop: Index) -> None:
    with pytest.raises(Ambiguous) as problem:
        shop.find("user_sessions")
    assert len(problem.value.candidates) == 2 and problem.value.exit_code == 2


def test_a_name_of_nothing_is_answered_with_what_comes_near(shop: Index) -> None:
    with pytest.raises(NotFound) as problem:
        shop.find("enriched_event_table")
    assert any("enriched" in name for name in problem.value.alike)


def test_a_dataset_shows_what_was_seen_beside_what_is_promised(shop: Index) -> None:
    raw = shop.find("kafka.ecommerce-events-raw")
    assert isinstance(raw, Dataset)
    entry = shop.dataset(raw)
    assert (entry.kind, entry.owner, entry.tier, entry.contract) == (
        "kafka", "events-platform", "gold", "kafka.ecommerce-events-raw@1.0.0",
    )  # fmt: skip
    assert entry.drifted and [one.path for one in entry.differences] == ["coupon_code"]
    columns = {one.path: one for one in entry.columns}
    assert columns["coupon_code"].promised is None and columns["event_id"].promised == "string"
    since = columns["coupon_code"].since
    assert since is not None and since.time - record.START > timedelta(days=record.DAYS - 1)


def test_a_contract_of_which_nothing_was_told_is_listed_as_never_seen(shop: Index) -> None:
    unseen = [one for one in shop.datasets() if one.first_seen is None]
    assert all(one.dataset.namespace == "contract" and one.contract for one in unseen)
    seen = {(one.contract or "").split("@")[0] for one in shop.datasets()}
    assert seen >= set(load_all())


def test_other_contracts_are_taken_over_when_the_index_is_opened_again(tmp_path: Path) -> None:
    documents = record.events(days=1)
    with Index.open(tmp_path / "i.sqlite", {}) as index:
        index.add(documents)
        assert all(one.promised_every is None for one in index.datasets())
    with Index.open(tmp_path / "i.sqlite") as index, Index.open(":memory:") as fresh:
        fresh.add(documents)
        assert any(one.promised_every for one in index.datasets())
        assert dump(index.db) == dump(fresh.db)


def test_freshness_is_the_age_of_the_last_write_at_the_newest_event(shop: Index) -> None:
    state = {(one.contract or "").split("@")[0]: one.freshness for one in shop.datasets()}
    assert state["warehouse.daily_summary"] == "stale" and state["lake.enriched_events"] == "fresh"


def test_a_failed_critical_check_makes_a_dataset_failing_and_a_warning_one_a_warning() -> None:
    def checked(severity: str, *results: tuple[str, bool]) -> str:
        part = dataset("t", ["a"], input_facets=checks(*results, severity=severity))
        return filled(event("check", 1, inputs=[part])).dataset(T).health

    assert checked("error", ("x", True), ("y", False)) == "failing"
    assert checked("warn", ("x", True), ("y", False)) == "warning"
    assert checked("error", ("x", True)) == "healthy"
    assert filled(event("check", 1, inputs=[dataset("t")])).dataset(T).health == "unchecked"


def test_a_check_that_fails_is_as_grave_for_the_dataset_as_for_itself_and_for_whoever_looks() -> None:
    for severity, grave in (("error", "failing"), ("critical", "failing"), ("warn", "warning"), ("info", "warning")):
        part = dataset("t", ["a"], input_facets=checks(("x", False), severity=severity))
        index = filled(event("check", 1, inputs=[part]))
        told = [index.dataset(T).health, index.checks(T)[0].health, concerns(index).value[0].kind]
        assert told == [grave] * 3, severity


def test_a_check_knows_since_when_it_is_so_and_its_last_results() -> None:
    def run(hours: float, success: bool) -> Any:
        return event("check", hours, inputs=[dataset("t", input_facets=checks(("x", success)))])

    (entry,) = filled(*(run(hours, hours < 2 or hours == 5) for hours in range(8))).checks(T)
    assert (entry.success, entry.since, entry.time) == (False, at(6), at(7))
    assert [success for _, success in entry.history] == [True, True, False, False, False, True, False, False]


def test_a_check_that_its_job_no_longer_makes_says_nothing_of_health() -> None:
    old = event("check", 1, inputs=[dataset("t", input_facets=checks(("gone", False), ("kept", True)))])
    new = event("check", 2, inputs=[dataset("t", input_facets=checks(("kept", True)))])
    index = filled(old, new)
    assert index.dataset(T).health == "healthy"
    assert [(one.name, one.current) for one in index.checks(T)] == [("kept", True), ("gone", False)]


def test_reads_are_task_runs_of_the_last_30_days_before_the_newest_event() -> None:
    step = event("task.step", 1.1, inputs=[dataset("t")], parent=("task", "t1"))
    index = filled(event("task", 1, run="t1", inputs=[dataset("t")]), step, event("other", 2, inputs=[dataset("t")]))
    assert index.dataset(T).reads_30d == 2
    index.add([event("later", 24 * 31, inputs=[dataset("u")])])
    assert index.dataset(T).reads_30d == 0


def test_a_run_has_state_times_revision_and_what_it_moved() -> None:
    counts = {"ecompulse_taskCounts": facet(rowsIn=5, rowsOut=4, rowsRejected=1)}
    index = filled(
        event("load", 1, kind="START", run="r", parent=("dag", "d")),
        event("load", 1.5, kind="FAIL", run="r", inputs=[dataset("s")], outputs=[dataset("t")],
              run_facets={**counts, "errorMessage": facet(message="no space", programmingLanguage="x")}),
    )  # fmt: skip
    run = index.run(run_id("r"))
    assert (run.state, run.started, run.ended, run.duration) == ("FAIL", at(1), at(1.5), timedelta(minutes=30))
    assert (run.rows_in, run.rows_out, run.rows_rejected, run.error) == (5, 4, 1, "no space")
    assert (run.inputs, run.outputs, run.parent_job) == ((Dataset("db://h", "s"),), (T,), Job("shop", "dag"))
    assert index.children(run_id("d")) == (run,)
    assert index.job(Job("shop", "load")).last_run == run


def test_a_late_start_does_not_bring_an_ended_run_back() -> None:
    index = filled(event("load", 2, run="r"), event("load", 1, kind="START", run="r"))
    assert index.run(run_id("r")).state == "COMPLETE"


def test_a_series_has_one_point_per_run_by_whoever_is_no_step() -> None:
    def rows(job: str, hours: float, count: int, **more: Any) -> Any:
        figures = {"outputStatistics": facet(rowCount=count)}
        return event(job, hours, outputs=[dataset("t", output_facets=figures)], **more)

    index = filled(
        rows("load", 1, 10, run="r1", kind="RUNNING"), rows("load", 2, 20, run="r1"), rows("load", 3, 30, run="r2"),
        rows("load.step", 3.5, 31, parent=("load", "r2")),
    )  # fmt: skip
    assert [(one.value, one.time) for one in index.series(T, None, "row_count")] == [(20, at(2)), (30, at(3))]
    assert (None, "row_count") in index.metrics(T)
    assert [one.value for one in index.series(T, None, "row_count", job=Job("shop", "load.step"))] == [31]


def test_a_job_that_ran_regularly_and_is_silent_makes_answers_incomplete() -> None:
    index = filled(*(event("hourly", hours) for hours in range(6)), event("other", 20))
    assert any("hourly" in reason for reason in index.completeness().reasons)
    assert not any("hourly" in reason for reason in index.completeness([Job("shop", "other")]).reasons)


def test_whoever_accepts_drift_has_no_interval_to_be_silent_for() -> None:
    index = filled(*(event(ACCEPT_JOB, hours) for hours in range(6)), event("other", 20))
    assert not any(ACCEPT_JOB in reason for reason in index.completeness().reasons)


def test_an_index_of_an_older_shape_is_emptied_and_says_so(tmp_path: Path) -> None:
    with Index.open(tmp_path / "i.sqlite", {}) as index:
        index.add([event("load", 1)])
        index.db.execute("PRAGMA user_version = 1")
    with Index.open(tmp_path / "i.sqlite", {}) as index:
        assert index.jobs() == () and index.completeness().as_of is None


def test_readers_see_the_state_before_while_one_writes(tmp_path: Path) -> None:
    with Index.open(tmp_path / "i.sqlite", {}) as writer, Index.open(tmp_path / "i.sqlite", {}) as reader:
        writer.add([event("load", 1)])
        with store.writing(writer.db):
            writer.take([read(event("load", 2))])
            assert len(reader.runs()) == 1
        assert len(reader.runs()) == 2


def test_a_column_without_a_name_is_left_out_and_stops_nobody() -> None:
    with Index.open(":memory:") as index:
        added = index.add([event("load", 1, outputs=[dataset("t", ["a", "", "b"])])])
        assert added.new == 1
        found = index.find("t")
        assert isinstance(found, Dataset)
        assert [column.path for column in index.dataset(found).columns] == ["a", "b"]


# Drift and baselines


def compared(hours: float, name: str = "t", **facets: Any) -> Any:
    return event("detect", hours, inputs=[dataset(name, **facets)])


def test_the_newest_drift_of_a_dataset_holds_whatever_came_last_and_its_worst_verdict_is_that_of_the_dataset() -> None:
    index = filled(
        compared(3, **{SCHEMA_DRIFT: drift("compatible", "may break")}),
        compared(2, **{SCHEMA_DRIFT: drift("breaking")}),
        event("load", 1, outputs=[dataset("t", ["a"]), dataset("u", ["a"])]),
    )
    found = index.facet(T, SCHEMA_DRIFT)
    assert found is not None and [one["verdict"] for one in found[0]["open"]] == ["compatible", "may break"]
    assert (found[1].time, found[1].job, found[1].run_id) == (at(3), Job("shop", "detect"), run_id("detect@3"))
    assert index.drifts() == {T: found[0]} and not {"_producer", "_schemaURL"} & set(found[0])
    assert (index.dataset(T).drift, index.dataset(T).drifted) == ("may break", True)
    assert (index.dataset(U).drift, index.dataset(U).drifted) == (None, False)
    index.add([compared(4, **{SCHEMA_DRIFT: drift()})])
    assert (index.dataset(T).drift, index.dataset(T).drifted) == ("", False)
    assert index.drifts()[T]["open"] == []


def test_baselines_are_kept_by_name_and_have_no_part_in_drift() -> None:
    index = filled(
        compared(1, **{SCHEMA_BASELINE: accepted("main", "a")}),
        compared(2, **{SCHEMA_BASELINE: accepted("release 4's", "b")}),
        compared(3, **{SCHEMA_BASELINE: accepted("main", "a", "c")}),
    )
    paths = {
        name: [one["path"] for one in found[0]["columns"]]
        for name in ("main", "release 4's", "other")
        if (found := index.facet(T, f"{SCHEMA_BASELINE}:{name}"))
    }
    assert paths == {"main": ["a", "c"], "release 4's": ["b"]}
    assert index.facet(T, SCHEMA_DRIFT) is None and index.drifts() == {} and index.dataset(T).drift is None


def test_drift_told_of_an_alias_is_that_of_the_dataset_behind_it() -> None:
    alias = facet(identifiers=[{"namespace": "db://h", "name": "u", "type": "TABLE"}])
    index = filled(
        compared(1, "u", **{SCHEMA_DRIFT: drift("breaking"), SCHEMA_BASELINE: accepted("main", "a")}),
        event("load", 2, outputs=[dataset("t", ["a"], symlinks=alias)]),
    )
    assert index.facet(U, SCHEMA_DRIFT) == index.facet(T, SCHEMA_DRIFT) is not None
    assert list(index.drifts()) == [T] and index.dataset(U).drift == "breaking"
    assert index.facet(T, f"{SCHEMA_BASELINE}:main") is not None


def test_who_compares_is_no_reader_and_no_witness_and_brings_nothing_back() -> None:
    index = filled(
        event("load", 1, outputs=[dataset("t", ["a"])]),
        event("load", 2, outputs=[dataset("t", lifecycleStateChange=facet(lifecycleStateChange="DROP"))]),
    )
    before = index.dataset(T)
    index.add([compared(3, **{SCHEMA_BASELINE: accepted("main", "z"), SCHEMA_DRIFT: drift()})])
    after = index.dataset(T)
    assert after.vanished and after == replace(before, drift="")
    assert T in index.run(run_id("detect@3")).inputs


def test_drift_that_is_not_as_its_schema_says_is_left_out_and_named() -> None:
    for broken in (facet(open=[{"verdict": "dreadful"}]), facet(open="none"), facet()):
        found = read(compared(1, **{SCHEMA_DRIFT: broken, SCHEMA_BASELINE: facet(name="main", columns=[{}])}))
        assert isinstance(found, Event) and len(found.problems) == 2 and found.told[0].compared is None


def test_a_dataset_with_open_drift_is_found_by_it() -> None:
    index = filled(event("load", 1, outputs=[dataset("t", ["a"])]), compared(2, **{SCHEMA_DRIFT: drift("breaking")}))
    assert [hit.subject for hit in search(index, "is:drifted").value.hits if hit.kind == "dataset"] == [T]
    assert glance.datasets(index)[T].drifted
