"""Walks over lineage: depth, circles, steps, columns, impact, and what is no longer so."""

from typing import Any

from catalog import graph
from catalog.dataset import Dataset
from catalog.entry import ColumnEdge, Job, LineageGraph
from catalog.index import Index
from tests.catalog.events import at, checks, columns_from, dataset, event, facet


def index(*documents: Any) -> Index:
    opened = Index.open(":memory:", {})
    opened.add(documents)
    return opened


def table(name: str) -> Dataset:
    return Dataset("db://h", name)


def move(job: str, hours: float, origin: str, target: str, *, columns: Any = None, **more: Any) -> Any:
    facets = {"columnLineage": columns} if columns else {}
    return event(
        job, hours, inputs=[dataset(one) for one in origin.split()], outputs=[dataset(target, **facets)], **more
    )


def names(found: LineageGraph) -> list[str]:
    return [node.name for node in found.nodes]


def pairs(found: tuple[ColumnEdge, ...]) -> list[str]:
    return [f"{one.origin.name}.{one.origin_column}>{one.target.name}.{one.target_column}" for one in found]


CHAIN = [move("ab", 1, "a", "b"), move("bc", 2, "b", "c"), move("cd", 3, "c", "d")]


def test_lineage_goes_both_ways_nearest_first() -> None:
    found = graph.lineage(index(*CHAIN), table("b")).value
    assert names(found) == ["b", "ab", "bc", "a", "c", "cd", "d"]
    assert [(edge.origin.name, edge.target.name) for edge in found.edges] == [
        ("a", "ab"), ("b", "bc"), ("c", "cd"), ("ab", "b"), ("bc", "c"), ("cd", "d"),
    ]  # fmt: skip


def test_what_lies_beyond_the_depth_or_the_limit_is_counted() -> None:
    opened = index(*CHAIN)
    found = graph.lineage(opened, table("b"), upstream=1, downstream=2).value
    assert (names(found), found.hidden) == (["b", "ab", "bc", "c"], 2)
    found = graph.lineage(opened, table("b"), limit=3).value
    assert (names(found), found.hidden) == (["b", "ab", "bc"], 4)


def test_a_walk_from_a_job_starts_at_the_job() -> None:
    assert names(graph.lineage(index(*CHAIN), Job("shop", "bc"), upstream=1, downstream=1).value) == ["bc", "b", "c"]


def test_siblings_that_share_an_input_are_not_upstream_or_downstream() -> None:
    opened = index(move("ab", 1, "a", "b"), move("ax", 2, "a", "x"))
    assert names(graph.lineage(opened, table("b")).value) == ["b", "ab", "a"]


def test_a_circle_ends() -> None:
    opened = index(move("ab", 1, "a", "b"), move("ba", 2, "b", "a"))
    assert set(names(graph.lineage(opened, table("a")).value)) == {"a", "ab", "b", "ba"}
    assert graph.impact(opened, table("a")).value.datasets == (table("b"),)


def test_a_former_edge_is_shown_as_such_and_has_no_impact() -> None:
    opened = index(move("job", 1, "old", "t"), move("job", 2, "new", "t"))
    edges = {
        edge.origin.name: edge for edge in graph.lineage(opened, table("t")).value.edges if edge.target.name == "job"
    }
    assert (edges["old"].current, edges["old"].last_seen) == (False, at(1))
    assert edges["new"].current
    assert graph.impact(opened, table("old")).value.jobs == ()


def test_a_failed_or_unfinished_run_ends_no_edge() -> None:
    failed = event("job", 2, kind="FAIL", inputs=[dataset("new")])
    started = event("job", 3, kind="START", inputs=[dataset("new")])
    opened = index(move("job", 1, "old", "t"), failed, started)
    assert all(edge.current for edge in graph.lineage(opened, table("t")).value.edges)


def test_the_runs_of_one_parent_run_are_one_for_what_is_current() -> None:
    """A Spark application saves three datasets in three runs of one job name."""
    opened = index(*(move("save", n, "a", f"t{n}", parent=("app", "app1")) for n in (1, 2, 3)))
    assert {edge.target.name for edge in graph.lineage(opened, table("a")).value.edges if edge.current} >= {
        "t1",
        "t2",
        "t3",
    }


STEPS = [
    event("dag", 0, run="dag1"),
    move("dag.task", 1, "a", "b", run="task1", parent=("dag", "dag1")),
    event("app", 1.1, run="app1", parent=("dag.task", "task1")),
    move("app.save", 1.2, "a lookup", "b", parent=("app", "app1")),
]


def test_steps_are_drawn_as_the_task_that_caused_them_with_all_that_they_touch() -> None:
    opened = index(*STEPS)
    assert [(one.job.name, one.role) for one in opened.jobs()] == [
        ("app", "step"), ("app.save", "step"), ("dag", "dag"), ("dag.task", "task"),
    ]  # fmt: skip
    assert names(graph.lineage(opened, table("b")).value) == ["b", "dag.task", "a", "lookup"]
    assert "app.save" in names(graph.lineage(opened, table("b"), steps=True).value)


def test_columns_are_followed_to_their_sources_and_to_what_derives_from_them() -> None:
    opened = index(
        move("ab", 1, "a", "b", columns=columns_from(x="a.p a.q", y="a.q")),
        move("bc", 2, "b", "c", columns=columns_from(z="b.x", w="b.y")),
    )
    assert pairs(graph.columns(opened, table("b"), "x").value) == ["a.p>b.x", "a.q>b.x", "b.x>c.z"]
    assert pairs(graph.columns(opened, table("c"), "z", upstream=1).value) == ["b.x>c.z"]
    assert pairs(graph.columns(opened, table("b")).value) == ["a.p>b.x", "a.q>b.x", "a.q>b.y", "b.y>c.w", "b.x>c.z"]


def test_a_column_that_decides_about_a_whole_dataset_feeds_each_of_its_columns() -> None:
    whole = {"fields": {"x": {"inputFields": [{"namespace": "db://h", "name": "a", "field": "p"}]}},
             "dataset": [{"namespace": "db://h", "name": "a", "field": "filter",
                          "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}]}]}  # fmt: skip
    opened = index(
        move("ab", 1, "a", "b", columns=facet(**whole)), move("bc", 2, "b", "c", columns=columns_from(z="b.x"))
    )
    assert pairs(graph.columns(opened, table("b"), "x").value) == ["a.filter>b.*", "a.p>b.x", "b.x>c.z"]
    assert graph.impact(opened, table("a"), column="filter").value.columns == ((table("c"), "z"),)


def test_a_mapping_that_its_job_told_anew_replaces_the_former_one() -> None:
    opened = index(
        move("ab", 1, "a", "b", columns=columns_from(x="a.p")), move("ab", 2, "a", "b", columns=columns_from(x="a.q"))
    )
    assert pairs(graph.columns(opened, table("b"), "x").value) == ["a.q>b.x"]


def test_a_task_that_tells_a_column_itself_is_heard_instead_of_its_step() -> None:
    opened = index(
        move("task", 1, "a", "b", run="t1", columns=columns_from(x="a.p")),
        move("step", 1.1, "a", "b", parent=("task", "t1"), columns=columns_from(x="a.p", y="a.q")),
    )
    found = graph.columns(opened, table("b")).value
    assert pairs(found) == ["a.p>b.x", "a.q>b.y"]
    assert {one.job.name for one in found} == {"task"}


def test_the_impact_of_a_dataset_is_all_that_lies_downstream_with_checks_owners_and_runs() -> None:
    owned = {"ownership": facet(owners=[{"name": "team:reports"}])}
    tested = dataset("c", input_facets=checks(("not_null", True)), **owned)
    opened = index(*CHAIN, event("check", 4, inputs=[tested]))
    value = graph.impact(opened, table("b")).value
    assert value.datasets == (table("c"), table("d"))
    assert [job.name for job in value.jobs] == ["bc", "cd", "check"]
    assert [(one.dataset.name, one.name) for one in value.checks] == [("c", "not_null")]
    assert (value.owners, value.runs_24h) == (("reports",), 3)


def test_the_impact_of_a_column_leaves_out_what_does_not_derive_from_it() -> None:
    opened = index(
        move("ab", 1, "a", "b", columns=columns_from(x="a.p", y="a.q")),
        move("bc", 2, "b", "c", columns=columns_from(z="b.x")), move("bd", 3, "b", "d", columns=columns_from(w="b.y")),
        event("check", 4, inputs=[dataset("b", input_facets=checks(("ok", True), column="y"))]),
        event("test", 5, inputs=[dataset("b", input_facets=checks(("fine", True), column="x"))]),
    )  # fmt: skip
    value = graph.impact(opened, table("a"), column="p").value
    assert value.columns == ((table("b"), "x"), (table("c"), "z"))
    assert value.datasets == (table("b"), table("c"))
    assert [job.name for job in value.jobs] == ["ab", "bc"]
    assert [one.name for one in value.checks] == ["fine"]


def test_an_alias_is_the_same_dataset() -> None:
    link = facet(identifiers=[{"namespace": "db://h", "name": "glue.b", "type": "TABLE"}])
    write = event("ab", 1, inputs=[dataset("a")], outputs=[dataset("b", symlinks=link)])
    opened = index(write, move("bc", 2, "glue.b", "c"))
    assert names(graph.lineage(opened, table("a")).value) == ["a", "ab", "b", "bc", "c"]
    assert graph.impact(opened, table("glue.b")).value.datasets == (table("c"),)
    assert opened.dataset(table("glue.b")).dataset == table("b")


def test_a_revenue_figure_of_the_shop_is_followed_to_the_topic(shop: Index) -> None:
    summary = shop.find("warehouse.daily_summary")
    assert isinstance(summary, Dataset)
    told = graph.columns(shop, summary, "total_revenue")
    assert {edge.origin.name for edge in told.value} >= {"ecommerce-events-raw", "warehouse/ecom.db/enriched_events"}
    assert told.completeness == shop.completeness()
