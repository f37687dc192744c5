"""Every rule by a table of before and after, its mirror by the same table read backwards."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.contract import load_all
from catalog.drift import Check, Part, Shape, detect
from catalog.drift.classify import back
from catalog.drift.rule import RULES
from catalog.drift.shape import of_columns, of_contract, of_schema, of_suite
from catalog.entry import Column
from catalog.index.columns import promised
from catalog.schema import Field, Schema

SUITES = Path(__file__).parents[3] / "great_expectations" / "expectations"


def shape(*parts: Part, **more) -> Shape:
    return Shape(parts=parts, **more)


def column(type: str = "bigint", path: str = "a", **more) -> Part:
    return Part(path=path, type=type, **more)


LIMITED = {"maxLength": "string", "pattern": "string", "format": "string", "minItems": "array"}


def limited(type: str = "", **limits: object) -> Part:
    """A column of a type whose values the limits can refuse."""
    (fits, *_) = [LIMITED.get(name, "bigint") for name in limits]
    return column(type or fits, bounds=tuple(limits.items()))


A, B, C = column("int", "a"), column("string", "b"), column("date", "c")
CHECK = Check(type="expect_column_values_to_be_between", column="a", kwargs=(("min_value", 1), ("max_value", 9)))
LESS = replace(CHECK, kwargs=(("min_value", 0), ("max_value", 9)))
OTHER = replace(CHECK, kwargs=(("min_value", 0), ("max_value", 8)))
MOSTLY, GRAVE = replace(CHECK, kwargs=(*CHECK.kwargs, ("mostly", 0.9))), replace(CHECK, severity="critical")
STRUCT, MEMBER = column("struct", "s"), column("int", "s.m")
TABLE = [
    ("dataset.added", None, shape(A)),
    ("column.added", shape(A), shape(A, B)),
    ("column.added", shape(STRUCT), shape(STRUCT, MEMBER)),
    ("column.added", shape(column("array")), shape(column("array"), column("int", "a._element"))),
    ("column.renamed", shape(column(id=1)), shape(column(path="b", id=1))),
    ("column.moved", shape(A, B, C), shape(C, A, B)),
    ("column.moved", shape(STRUCT, MEMBER, column(path="s.n")), shape(STRUCT, column(path="s.n"), MEMBER)),
    ("type.widened", shape(column("int")), shape(column("bigint"))),
    ("type.widened", shape(column("date")), shape(column("timestamp"))),
    ("type.widened", shape(column("bigint|string")), shape(column("bigint|boolean|string"))),
    ("type.widened", shape(STRUCT, column("int", "s.m")), shape(STRUCT, column("double", "s.m"))),
    ("type.replaced", shape(column("string")), shape(column("bigint"))),
    ("type.replaced", shape(column("struct")), shape(column("array"))),
    ("precision.raised", shape(column("decimal(10,2)")), shape(column("decimal(12,2)"))),
    ("scale.raised", shape(column("decimal(12,2)")), shape(column("decimal(12,4)"))),
    ("length.raised", shape(column("string(10)")), shape(column("string(20)"))),
    ("length.raised", shape(column("string(10)")), shape(column("string"))),
    ("zone.added", shape(column("timestamp_ntz")), shape(column("timestamp"))),
    ("null.allowed", shape(column(nullable=False)), shape(column())),
    ("null.allowed", shape(column(nullable=False, required=True)), shape(column())),
    ("required.removed", shape(column(nullable=False, required=True)), shape(column(nullable=False))),
    ("default.added", shape(column()), shape(column(default="0"))),
    ("default.changed", shape(column(default="1")), shape(column(default="0"))),
    ("enum.value_added", shape(column(enum=("x",))), shape(column(enum=("x", "y")))),
    ("enum.removed", shape(column(enum=("x",))), shape(column())),
    ("bound.loosened", shape(limited(maximum=9)), shape(limited(maximum=10))),
    ("bound.loosened", shape(limited(exclusiveMinimum=0)), shape(limited(minimum=0))),
    ("bound.loosened", shape(limited(maxLength=9)), shape(column("string"))),
    ("bound.loosened", shape(limited(minItems=2)), shape(limited(minItems=1))),
    ("bound.loosened", shape(limited(pattern="^a")), shape(column("string"))),
    ("bound.loosened", shape(limited(format="uri")), shape(limited(format="uri-reference"))),
    ("bound.loosened", shape(limited(multipleOf=0.3)), shape(limited(multipleOf=0.1))),
    ("bound.changed", shape(limited(multipleOf=3)), shape(limited(multipleOf=2))),
    ("bound.loosened", shape(limited(variants=("p",))), shape(limited(variants=("p", "q")))),
    ("bound.changed", shape(limited(pattern="^a")), shape(limited(pattern="^b"))),
    ("open.allowed", shape(replace(STRUCT, open=False)), shape(STRUCT)),
    ("key.added", shape(A), shape(A, key=("a",))),
    ("key.changed", shape(A, B, key=("a",)), shape(A, B, key=("a", "b"))),
    ("unique.added", shape(column()), shape(column(unique=True))),
    ("partition.added", shape(A), shape(A, partitions=("a",))),
    ("partition.changed", shape(A, B, partitions=("a",)), shape(A, B, partitions=("b",))),
    ("sort.added", shape(A), shape(A, sorted_by=("a",))),
    ("sort.changed", shape(A, B, sorted_by=("a",)), shape(A, B, sorted_by=("b",))),
    ("description.added", shape(A), shape(replace(A, description="x"))),
    ("description.changed", shape(A, description="x"), shape(A, description="y")),
    ("owner.added", shape(A), shape(A, owner="x")),
    ("owner.changed", shape(A, owner="x"), shape(A, owner="y")),
    ("pii.added", shape(A), shape(replace(A, tags=frozenset({"pii"})))),
    ("tag.added", shape(A), shape(replace(A, tags=frozenset({"finance"})))),
    ("check.added", shape(A), shape(A, checks=(CHECK,))),
    ("check.weakened", shape(A, checks=(CHECK,)), shape(A, checks=(LESS,))),
    ("check.weakened", shape(A, checks=(CHECK,)), shape(A, checks=(MOSTLY,))),
    ("check.weakened", shape(A, checks=(GRAVE,)), shape(A, checks=(replace(GRAVE, severity="warning"),))),
    ("check.changed", shape(A, checks=(CHECK,)), shape(A, checks=(OTHER,))),
]  # fmt: skip


def rules(before: Shape | None, after: Shape | None) -> list[str]:
    return [change.rule for change in detect(before, after)]


@pytest.mark.parametrize(("rule", "before", "after"), TABLE)
def test_each_kind_of_change_is_found_and_nothing_else(rule, before, after):
    assert rules(before, after) == [rule]


@pytest.mark.parametrize(("rule", "before", "after"), TABLE)
def test_the_change_back_is_found_by_the_mirror(rule, before, after):
    assert rules(after, before) == [RULES[rule].mirror]


def test_every_rule_is_in_the_table_or_its_mirror_is():
    shown = {rule for rule, _, _ in TABLE}
    assert {rule for rule in RULES if rule not in shown and RULES[rule].mirror not in shown} == {
        "column.perhaps_renamed"
    }


def test_a_mirror_mirrors_back_and_a_rule_without_one_says_why():
    for rule in RULES.values():
        assert RULES[rule.mirror].mirror == rule.id if rule.mirror else rule.alone


def test_the_members_of_a_new_or_dropped_struct_are_told_with_it():
    assert rules(shape(A), shape(A, STRUCT, MEMBER)) == ["column.added"]
    assert rules(shape(A, STRUCT, MEMBER), shape(A)) == ["column.dropped"]


def test_the_members_that_a_new_type_brings_are_told_with_it():
    text = column("string", "s")
    assert rules(shape(text), shape(STRUCT, MEMBER)) == ["type.replaced"] == rules(shape(STRUCT, MEMBER), shape(text))


def test_a_name_with_a_dot_beside_its_beginning_is_a_column():
    text, dotted = column("string", "s"), column("string", "s.m")
    assert rules(shape(text), shape(text, dotted)) == ["column.added"]
    assert rules(shape(text, dotted), shape(text)) == ["column.dropped"]


def test_members_follow_a_struct_that_was_renamed():
    before = shape(column("struct", "s", id=1), MEMBER)
    after = shape(column("struct", "t", id=1), column("bigint", "t.m"))
    assert [str(one) for one in detect(before, after)] == ["column.renamed t: s → t", "type.widened t.m: int → bigint"]


def test_an_alias_proves_a_rename():
    assert rules(shape(A), shape(column("int", "z", aliases=frozenset({"a"})))) == ["column.renamed"]


def test_the_same_name_with_another_id_is_another_column():
    assert sorted(rules(shape(column(id=1)), shape(column(id=2)))) == ["column.added", "column.dropped"]


def test_what_an_id_found_is_not_found_again_by_its_path():
    before, after = shape(column(id=1)), shape(column(path="b", id=1), column())
    assert sorted(rules(before, after)) == ["column.added", "column.renamed"]


def test_a_probable_rename_stands_beside_the_removal_and_the_addition():
    before = shape(A, column("decimal(12,2)", "total_amount", description="what the customer pays"))
    after = shape(A, column("decimal(12,2)", "order_total_amount", description="what the customer pays"))
    found = detect(before, after)
    assert [one.rule for one in found] == ["column.added", "column.dropped", "column.perhaps_renamed"]
    assert found[-1].score and found[-1].score > 0.9


def test_a_rename_in_place_is_likelier():
    old, new = column(path="amount"), column(path="amount_due")
    likeness = [
        one.score
        for after in ((A, new, B), (A, B, new))
        for one in detect(shape(A, old, B), shape(*after))
        if one.rule == "column.perhaps_renamed"
    ]
    assert len(likeness) == 2 and likeness[0] > likeness[1]


def test_two_candidates_alike_are_no_guess():
    before = shape(column(path="amount"))
    assert rules(before, shape(column(path="gross_amount"), column(path="total_amount"))) == [
        "column.added", "column.added", "column.dropped",
    ]  # fmt: skip


def test_a_column_that_was_inserted_moves_no_other():
    assert rules(shape(A, B, C), shape(A, column(path="n"), B, C)) == ["column.added"]


def test_a_moved_column_moves_only_itself():
    parts = [column(path=f"c{n}") for n in range(9)]
    found = detect(shape(*parts), shape(*parts[1:8], parts[0], parts[8]))
    assert [(one.rule, one.path) for one in found] == [("column.moved", "c0")]


@pytest.mark.parametrize("contract", load_all().values(), ids=load_all().keys())
def test_a_contract_does_not_differ_from_itself(contract):
    assert detect(of_contract(contract), of_contract(contract)) == ()


def recorded(contract, *, details: bool) -> list[Column]:
    """The columns of a contract as the record gives them, by a witness that knows details, or names and types only."""
    return [
        Column(
            path=path, ordinal=n, type=one["type"] if details else one["type"].split("(")[0],
            nullable=one["nullable"] if details else None, description=one["description"] if details else "",
            tags=tuple(one["tags"]) if details else (), details=one["details"] if details else {},
        )
        for n, (path, one) in enumerate(promised(contract).items())
    ]  # fmt: skip


@pytest.mark.parametrize("contract", load_all().values(), ids=load_all().keys())
def test_what_was_recorded_as_promised_has_not_drifted(contract):
    shape = of_contract(contract)
    told = of_columns(recorded(contract, details=True))
    assert detect(shape, replace(told, owner=contract.owner, description=contract.description)) == ()
    assert detect(shape, of_columns(recorded(contract, details=False), untold=shape)) == ()


def test_what_a_witness_of_names_and_types_saw_differently_is_drift():
    known = shape(column("string(10)", "a", nullable=False), column("int", "b"))
    seen = [
        Column(path="a", ordinal=1, type="string"),
        Column(path="b", ordinal=2, type="bigint"),
        Column(path="c", ordinal=3, type="int"),
    ]
    assert rules(known, of_columns(seen, untold=known)) == ["type.widened", "column.added"]


def test_numbers_of_a_type_may_be_told_as_details():
    seen = [Column(path="a", ordinal=1, type="decimal", nullable=True, details={"precision": 12, "scale": 2})]
    assert of_columns(seen).parts[0].type == "decimal(12,2)"


def test_a_schema_of_ours_with_a_column_that_may_be_null_now():
    before = Schema(
        fields=(Field(name="a", type="array", fields=(Field(name="_element", type="int", nullable=False),)),)
    )
    after = Schema(fields=(Field(name="a", type="array", fields=(Field(name="_element", type="int"),)),))
    assert [str(one) for one in detect(of_schema(before), of_schema(after))] == ["null.allowed a._element"]


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.json")), ids=lambda path: path.stem)
def test_a_suite_of_ours_is_read_with_every_rule(path):
    suite = json.loads(path.read_text(encoding="utf-8"))
    checks = of_suite(suite)
    assert len(checks) == len(suite["expectations"]) > 0
    less = rules(shape(A, checks=checks), shape(A, checks=checks[1:]))
    assert less in (["check.removed"], ["check.changed", "check.removed"])


def test_a_severer_rule_of_a_suite_file_is_told():
    suite = {
        "expectations": [
            {"type": "expect_x", "severity": "warning", "kwargs": {"column": "a", "value_set": ["p", "q"]}}
        ]
    }
    severe = {"expectations": [suite["expectations"][0] | {"severity": "critical"}]}
    found = detect(shape(A, checks=of_suite(suite)), shape(A, checks=of_suite(severe)))
    assert [(one.rule, one.path) for one in found] == [("check.strengthened", "a")]


NAMES = st.sampled_from(["a", "b", "c", "s", "s.m", "s.n", "t._element"])
PARTS = st.builds(
    Part,
    path=NAMES,
    type=st.sampled_from(["int", "bigint", "string", "string(5)", "decimal(9,2)", "decimal(12,4)", "date", "struct"]),
    nullable=st.booleans(),
    required=st.booleans(),
    open=st.booleans(),
    default=st.sampled_from([None, "0", "1"]),
    enum=st.sampled_from([(), ("x",), ("x", "y")]),
    bounds=st.sampled_from([(), (("maxLength", 3),), (("maximum", 3), ("minimum", 0)), (("pattern", "a"),)]),
    tags=st.frozensets(st.sampled_from(["pii", "x"])),
    description=st.sampled_from(["", "one", "two"]),
)
SHAPES = st.builds(
    Shape,
    parts=st.lists(PARTS, unique_by=lambda part: part.path, max_size=6).map(tuple),
    key=st.sampled_from([(), ("a",), ("a", "b")]),
    owner=st.sampled_from(["", "x", "y"]),
    checks=st.lists(st.sampled_from([CHECK, LESS, OTHER]), max_size=2).map(tuple),
)


@given(SHAPES)
def test_a_shape_does_not_differ_from_itself(one):
    assert detect(one, one) == ()


@given(SHAPES, SHAPES)
def test_the_rules_of_the_way_back_are_the_mirrors(before, after):
    there = sorted(one.rule for one in map(back, detect(before, after)) if one.rule != "column.perhaps_renamed")
    assert sorted(one for one in rules(after, before) if one not in {"column.perhaps_renamed", "column.moved"}) == [
        one for one in there if one != "column.moved"
    ]


@given(SHAPES, SHAPES)
def test_shapes_that_differ_have_a_change(before, after):
    if (
        before != after
        and before.checks == after.checks
        and {p.path: p for p in before.parts} != {p.path: p for p in after.parts}
    ):
        assert detect(before, after)


@pytest.mark.parametrize(
    ("plain", "other"),
    [
        (column("bigint"), limited("bigint", minLength=3)),
        (column("string"), limited("string", maximum=3)),
        (column("boolean"), limited("boolean", pattern="^a")),
        (column("string"), limited("string", minItems=1)),
        (column("string"), limited("string", pattern=".*")),
    ],
)
def test_a_limit_that_no_value_of_the_type_can_break_is_no_change(plain: Part, other: Part) -> None:
    """JSON Schema 2020-12, Validation §6: a keyword limits values of its own type only."""
    assert detect(shape(plain), shape(other)) == () == detect(shape(other), shape(plain))


def test_a_limit_on_a_column_of_unknown_type_may_refuse_values() -> None:
    (found,) = detect(shape(column("unknown")), shape(limited("unknown", maxLength=3)))
    assert found.rule == "bound.tightened"
