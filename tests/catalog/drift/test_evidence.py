"""What lineage, suites and frequent values say of a rename; that they say nothing certain, and nothing of the rest."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.dataset import Dataset
from catalog.drift import Check, Part, Shape, detect
from catalog.drift.evidence import Evidence, evidence
from catalog.entry import ColumnEdge, Job

HERE, THERE = Dataset("db", "orders"), Dataset("lake", "orders")
ASKED = "column.perhaps_renamed"


def shape(*paths: str) -> Shape:
    return Shape(parts=tuple(Part(path=path, type="string") for path in paths))


def fed(column: str, by: str, subtype: str = "IDENTITY") -> ColumnEdge:
    return ColumnEdge(origin=THERE, origin_column=by, target=HERE, target_column=column, job=Job("shop", "load"),
                      subtype=subtype)  # fmt: skip


def feeds(column: str, to: str) -> ColumnEdge:
    return replace(fed(to, column), origin=HERE, target=THERE)


def rule(column: str, type: str = "in_set", **kwargs: object) -> Check:
    return Check(type=type, column=column, kwargs=tuple(sorted(kwargs.items())))


def lineage(before: list[ColumnEdge], after: list[ColumnEdge]) -> Evidence:
    return evidence(HERE, lineage=(before, after))


def rules(before: list[Check], after: list[Check]) -> Evidence:
    return evidence(suites=(before, after))


def asked(before: Shape, after: Shape, known: Evidence | None) -> list[str]:
    return [f"{one.before} {one.after}" for one in detect(before, after, known) if one.rule == ASKED]


BEFORE, AFTER = shape("id", "colour"), shape("id", "tint", "weight")
EVERYBODY = [rule(f"column_{n}", "not_null") for n in range(20)]


@pytest.mark.parametrize(
    ("known", "questions"),
    [
        pytest.param(None, [], id="nothing is known"),
        pytest.param(lineage([fed("colour", "c")], [fed("tint", "c")]), ["colour tint"], id="fed by the same"),
        pytest.param(lineage([feeds("colour", "c")], [feeds("tint", "c")]), ["colour tint"], id="feeds the same"),
        pytest.param(lineage([fed("colour", "c")], [fed("tint", "c", "MASKING")]), [], id="fed in another way"),
        pytest.param(lineage([fed("colour", "c")], [feeds("tint", "c")]), [], id="fed by what it fed"),
        pytest.param(
            lineage([fed("colour", "c")], [fed("tint", "c"), fed("weight", "c")]), [], id="two are fed by the same"
        ),
        pytest.param(
            lineage([fed(one, "day", "FILTER") for one in ("colour", *"abcdefgh")], [fed("tint", "day", "FILTER")]),
            [],
            id="everybody was fed by the same",
        ),
        pytest.param(
            rules([rule("colour", value_set=("red",))], [rule("tint", value_set=("red",))]), ["colour tint"],
            id="a rule moved",
        ),
        pytest.param(
            rules([rule("colour", value_set=("red",))], [rule("tint", value_set=("blue",))]), [],
            id="a rule with other parameters",
        ),
        pytest.param(
            rules([rule("colour", "not_null"), *EVERYBODY], [rule("tint", "not_null"), *EVERYBODY]), [],
            id="a rule that every column has",
        ),
        pytest.param(
            evidence(values=({"colour": ["red", "blue"]}, {"tint": ["blue", "red"], "weight": ["heavy"]})),
            ["colour tint"], id="the same values",
        ),
        pytest.param(
            evidence(values=({"colour": ["true", "0"]}, {"tint": ["true", "0"]})), [], id="values that are anybody's"
        ),
    ],
)  # fmt: skip
def test_what_is_asked(known, questions):
    assert asked(BEFORE, AFTER, known) == questions


def test_lineage_outweighs_a_likelier_name():
    before, after = shape("id", "order_total"), shape("id", "order_total_gross", "amount")
    known = lineage([fed("order_total", "total")], [fed("amount", "total"), fed("order_total_gross", "gross")])
    assert (asked(before, after, None), asked(before, after, known)) == (
        ["order_total order_total_gross"], ["order_total amount"],
    )  # fmt: skip


def test_among_many_new_columns_one_without_a_word_in_common_is_found():
    many = [f"field_{n}" for n in range(200)]
    known = lineage([fed("colour", "c")], [fed("tint", "c"), *(fed(one, one) for one in many)])
    assert asked(BEFORE, shape("id", "tint", *many), known) == ["colour tint"]


def test_marks_of_all_times_on_both_sides_say_as_much():
    edges, moved = [fed("colour", "c"), fed("tint", "c")], [rule("colour", top=1), rule("tint", top=1)]
    always = evidence(HERE, lineage=(edges, edges), suites=(moved, moved))
    once = evidence(HERE, lineage=(edges[:1], edges[1:]), suites=(moved[:1], moved[1:]))
    assert always.pairs(["colour"], ["tint"]) == once.pairs(["colour"], ["tint"])
    assert once.pairs(["colour"], ["tint"])["colour"]["tint"].lineage == 1


HELD = ("shop", "day", "tax._element", "tax._element.rate")


def struct(name: str, members: tuple[str, ...], type: str = "struct") -> tuple[Part, ...]:
    return Part(path=name, type=type), *(Part(path=f"{name}.{one}", type="string") for one in members)


@pytest.mark.parametrize(
    ("before", "after", "questions"),
    [
        pytest.param(struct("event", HELD), struct("payload", HELD), ["event payload"], id="all members"),
        pytest.param(struct("event", HELD), struct("payload", (*HELD, "id")), ["event payload"], id="one more"),
        pytest.param(
            struct("event", (*HELD, "customer_id")), struct("payload", (*HELD, "customer_identifier_v2")),
            ["event payload", "event.customer_id payload.customer_identifier_v2"], id="one by another name",
        ),
        pytest.param(struct("event", ("_element",)), struct("payload", ("_element",)), [], id="two arrays"),
        pytest.param(
            struct("event", HELD), struct("payload", ("x", "y", "z", "day")), ["event.day payload.day"],
            id="one of many",
        ),
        pytest.param(
            struct("event", HELD), (*struct("payload", HELD), *struct("body", HELD)), [], id="two hold the same"
        ),
    ],
)  # fmt: skip
def test_a_struct_is_asked_about_by_its_members_and_they_with_it(before, after, questions):
    assert asked(Shape(parts=before), Shape(parts=after), None) == questions


NAMES = st.lists(st.sampled_from(["a", "b", "a_b", "b_c", "c", "d", "e_f"]), unique=True, min_size=1)
EDGES = st.lists(st.builds(fed, NAMES.map(lambda names: names[0]), st.sampled_from("xyz")))


@given(NAMES, NAMES, EDGES, EDGES)
def test_evidence_changes_questions_only(old, new, before, after):
    known = lineage(before, after)
    plain, found = detect(shape(*old), shape(*new)), detect(shape(*old), shape(*new), known)
    certain = [[one for one in changes if one.rule != ASKED] for changes in (plain, found)]
    assert certain[0] == certain[1]
    assert detect(shape(*old), shape(*new), Evidence()) == plain
    assert all(one.before in set(old) - set(new) and one.after in set(new) - set(old) for one in found
               if one.rule == ASKED)  # fmt: skip
