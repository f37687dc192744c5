"""What a change means, by tables: who reads, in which direction, and the word."""

from dataclasses import replace
from typing import Any, get_args

import pytest
import sqlglot.optimizer.scope  # noqa: F401  (the engine imports it with the first statement: not in a test with a deadline)
from hypothesis import given
from hypothesis import strategies as st

from catalog.drift import Check, Consumer, Part, Shape, classify, detect, worst
from catalog.drift.classify import DIRECTIONS, Engine, back
from catalog.drift.effect import OWN, ROWS
from catalog.drift.made import Made
from catalog.drift.reading import Reading
from catalog.drift.rule import RULES
from catalog.wire import Way

B, M, C, UNKNOWN = "breaking", "may break", "compatible", "cannot tell"
ROOT = Part(path="", type="struct", open=False)
OPEN = replace(ROOT, open=True)


def column(type: str = "bigint", path: str = "a", **more) -> Part:
    return Part(path=path, type=type, **more)


def limited(**limits: object) -> Part:
    return column("string", bounds=tuple(limits.items()))


def shape(*parts: Part, **more) -> Shape:
    return Shape(parts=parts, **more)


def words(before: Shape | None, after: Shape | None, engine: str, **more) -> tuple[str, ...]:
    """The worst word for a new reader, an old reader and the table."""
    changes = [one for one in detect(before, after) if one.rule != "column.perhaps_renamed"]
    return tuple(
        worst(classify(one, Consumer(name="x", engine=engine, direction=to, **more)) for one in changes)
        for to in DIRECTIONS
    )


LIST, MAP, ANY = column("array", "l"), column("struct", "m"), column("bigint", "m.*")
MUST = column(required=True)
JSON = [
    ("an optional member in a closed document", (ROOT,), (ROOT, column()), C, B),
    ("an optional member in an open document", (OPEN,), (OPEN, column()), M, C),
    ("a required member", (OPEN,), (OPEN, column(required=True)), B, C),
    ("a required member with a default: it fills nothing", (ROOT,), (ROOT, column(required=True, default="0")), B, B),
    ("a member that may be left out", (ROOT, column(required=True)), (ROOT, column()), C, B),
    ("an integer as a number", (ROOT, column("bigint")), (ROOT, column("double")), C, B),
    ("a date as a moment: another text", (ROOT, column("date")), (ROOT, column("timestamp")), B, B),
    ("a moment as any text", (ROOT, column("timestamp")), (ROOT, column("string")), C, B),
    ("one more type", (ROOT, column("string")), (ROOT, column("bigint|string")), C, B),
    ("null", (ROOT, column(nullable=False)), (ROOT, column()), C, B),
    ("one more value", (ROOT, column("string", enum=("x",))), (ROOT, column("string", enum=("x", "y"))), C, B),
    ("another list of values", (ROOT, column("string", enum=("x",))), (ROOT, column("string", enum=("y",))), B, B),
    ("a longer text", (ROOT, column("string", bounds=(("maxLength", 5),))), (ROOT, column("string")), C, B),
    ("a limit that every listed value keeps", (ROOT, column("string", enum=("x",), bounds=(("maxLength", 5),))),
     (ROOT, column("string", enum=("x",))), C, C),
    ("another pattern", (ROOT, limited(pattern="a")), (ROOT, limited(pattern="b")), UNKNOWN, UNKNOWN),
    ("another format", (ROOT, limited(format="uri")), (ROOT, limited(format="ipv4")), B, B),
    ("unknown members refused", (OPEN,), (ROOT,), B, C),
    ("elements of any type get one", (ROOT, LIST), (ROOT, LIST, column(path="l._element")), B, C),
    ("a text among numbers of any name", (ROOT, MAP, ANY), (ROOT, MAP, ANY, column("string", "m.x")), M, B),
    ("a number among numbers of any name", (ROOT, MAP, ANY), (ROOT, MAP, ANY, column("bigint", "m.x")), C, C),
    ("a name with a dot in a closed document", (ROOT,), (ROOT, column(path="x.y")), C, B),
    ("another description", (ROOT, column(description="x")), (ROOT, column(description="y")), C, C),
    ("another order", (ROOT, column(), column(path="b")), (ROOT, column(path="b"), column()), C, C),
    ("a rename with an alias", (ROOT, MUST), (ROOT, replace(MUST, path="b", aliases=frozenset({"a"}))), C, B),
]  # fmt: skip


@pytest.mark.parametrize(("case", "before", "after", "new", "old"), JSON, ids=[one[0] for one in JSON])
def test_documents(case, before, after, new, old):
    assert words(shape(*before), shape(*after), "json")[:2] == (new, old)


TABLES = [
    ("spark", shape(column("int")), shape(column("bigint")), (C, B, C)),
    ("spark", shape(column()), shape(column(), column(path="b")), (C, C, C)),
    ("spark", shape(column(), column(path="b")), shape(column()), (C, M, C)),
    ("iceberg", shape(column("int")), shape(column("bigint")), (C, B, C)),
    ("iceberg", shape(column("int")), shape(column("double")), (B, B, B)),
    ("iceberg", shape(column("decimal(10,2)")), shape(column("decimal(12,2)")), (C, B, C)),
    ("iceberg", shape(column("decimal(10,2)")), shape(column("decimal(12,4)")), (B, B, B)),
    ("iceberg", shape(column(id=1)), shape(column(id=1, path="b")), (C, B, C)),
    ("iceberg", shape(column()), shape(column(), column(path="b", nullable=False)), (B, C, B)),
    ("iceberg", shape(column()), shape(column(), column(path="b", nullable=False, default="0")), (C, C, C)),
    ("iceberg", shape(column(), partitions=("a",)), shape(column()), (C, C, C)),
    ("redshift", shape(column("int")), shape(column("bigint")), (B, M, B)),
    ("redshift", shape(column("string(10)")), shape(column("string(20)")), (C, M, C)),
    ("redshift", shape(column("string(20)")), shape(column("string(10)")), (M, C, M)),
    ("redshift", shape(column(), column(path="b")), shape(column(path="b"), column()), (M, M, M)),
    ("redshift", shape(column(nullable=False)), shape(column()), (C, M, B)),
    ("postgres", shape(column("int")), shape(column("bigint")), (C, M, C)),
    ("postgres", shape(column("bigint")), shape(column("int")), (M, C, M)),
    ("postgres", shape(column("string")), shape(column("int")), (B, B, B)),
    ("postgres", shape(column()), shape(column(nullable=False)), (M, C, M)),
    ("postgres", shape(column("timestamp_ntz")), shape(column("timestamp")), (M, B, M)),
    ("redshift", shape(column("string(10)", default="x")), shape(column("string(20)", default="x")), (B, M, B)),
    ("redshift", shape(column("string(10)", unique=True)), shape(column("string(20)", unique=True)), (B, M, B)),
    ("redis", shape(column("int")), shape(column("string")), (C, M, C)),
    ("redis", shape(column("string(20)")), shape(column("string(10)")), (C, C, C)),
    ("redis", shape(column("int")), shape(column("double")), (C, B, C)),
    ("redis", shape(column("int")), shape(column("uuid")), (UNKNOWN, UNKNOWN, C)),
    ("redis", shape(column(), column(path="b")), shape(column()), (C, B, B)),
    ("redis", shape(column(), key=("a",)), shape(column(), column(path="b"), key=("b",)), (B, B, C)),
    ("table", shape(column()), shape(column(), column(path="b", nullable=False, required=True)), (C, C, C)),
    ("table", shape(column()), shape(column(nullable=False, required=True)), (B, C, B)),
    ("postgres", shape(column()), None, (C, B, B)),
    ("spark", None, shape(column()), (C, C, C)),
]  # fmt: skip


@pytest.mark.parametrize(("engine", "before", "after", "expected"), TABLES)
def test_tables_and_files(engine, before, after, expected):
    assert words(before, after, engine) == expected


def test_what_a_consumer_does_not_read_does_not_concern_it():
    before, after = shape(column("struct", "s"), column("int", "s.m"), column()), shape(column("struct", "s"), column())
    assert words(before, after, "postgres", reads=frozenset({"a"}))[1] == C
    assert words(before, after, "postgres", reads=frozenset({"s"}))[1] == B
    assert words(before, after, "postgres", reads=frozenset({"s.m"}))[1] == B


def test_every_rule_has_a_word_in_every_engine():
    for engine in ROWS:
        assert set(ROWS[engine]) - {"column.added!"} <= set(RULES)
    typed = {rule for rule in RULES if rule.partition(".")[0] in {"type", "precision", "scale", "length", "zone"}}
    assert set(ROWS[""]) == (set(RULES) - typed) | {"column.added!"}
    assert all(address.startswith("https://") for address, _ in OWN.values())


def test_a_probable_rename_is_a_question():
    before, after = (
        shape(column(path="total_amount", description="to pay")),
        shape(column(path="order_total_amount", description="to pay")),
    )
    asked = [one for one in detect(before, after) if one.rule == "column.perhaps_renamed"]
    verdict = classify(asked[0], Consumer(name="x", engine="spark"))
    assert verdict.word == UNKNOWN and "total_amount" in verdict.reason and "likeness" in verdict.reason


def test_the_worst_word_is_breaking_then_cannot_tell():
    consumer = Consumer(name="x", engine="json")
    one = classify(detect(shape(column()), shape())[0], consumer)
    assert worst(replace(one, word=word) for word in (C, M, UNKNOWN)) == UNKNOWN
    assert worst(replace(one, word=word) for word in (UNKNOWN, B, C)) == B
    assert worst(()) == C


PARTS = st.builds(
    Part,
    path=st.sampled_from(["a", "b", "s", "s.m"]),
    type=st.sampled_from(["bigint", "double", "string", "date", "bigint|string"]),
    nullable=st.booleans(),
    required=st.booleans(),
    open=st.booleans(),
    enum=st.sampled_from([(), ("x",), ("x", "y")]),
    bounds=st.sampled_from([(), (("maxLength", 3),), (("format", "uri"),)]),
)
SHAPES = st.lists(PARTS, unique_by=lambda part: part.path, max_size=4).map(lambda parts: Shape(parts=(ROOT, *parts)))


@given(SHAPES, SHAPES)
def test_a_new_reader_of_old_documents_is_an_old_reader_of_the_change_back(before, after):
    for change in detect(before, after):
        new = classify(change, Consumer(name="x", engine="json", direction="new_reads_old"))
        old = classify(back(change), Consumer(name="x", engine="json", direction="old_reads_new"))
        assert new.word == old.word


TYPES = st.sampled_from(
    ["int", "VARCHAR(MAX)", "array<struct<a:int>>", "", "decimal", "numeric(5)", "timestamptz", "x y|z", "map"]
)


@given(st.sampled_from(get_args(Engine)), st.sampled_from(DIRECTIONS), TYPES, TYPES, SHAPES, SHAPES)
def test_whoever_reads_whatever_changes_there_is_a_word_and_a_reason(engine, direction, one, other, before, after):
    consumer = Consumer(
        name="x", engine=engine, direction=direction, sql="SELECT a FROM t", dataset="t",
        checks=check("expect_column_values_to_not_be_null", "a"),
    )  # fmt: skip
    pairs = [(before, after), (shape(column(one)), shape(column(other))), (None, after), (before, None)]
    for change in (found for pair in pairs for found in detect(*pair)):
        verdict = classify(change, consumer)
        assert verdict.word in (B, M, C, UNKNOWN) and verdict.reason


# ------------------------------------------------------------------ a reader that says how it reads
READINGS = [
    # the document, and what a reader has to expect that casts; one that takes whatever comes bears it all
    ("a number as a text", (ROOT, column("double")), (ROOT, column("string")), M),
    ("a text as a number", (ROOT, column("string")), (ROOT, column("double")), M),
    ("a longer number", (ROOT, column("bigint")), (ROOT, column("double")), M),
    ("a number that is one already", (ROOT, column("double")), (ROOT, column("bigint")), C),
    ("a text as an object", (ROOT, column("string")), (ROOT, column("struct")), B),
    ("now and then an object", (ROOT, column("string")), (ROOT, column("string|struct")), M),
    ("anything", (ROOT, column("struct")), (ROOT, column("any")), M),
    ("an array as a text", (ROOT, column("array<string>")), (ROOT, column("string")), B),
    ("one more value", (ROOT, column("string", enum=("x",))), (ROOT, column("string", enum=("x", "y"))), C),
    ("any value", (ROOT, column("string", enum=("x",))), (ROOT, column("string")), C),
    ("a member that nobody declared", (ROOT,), (ROOT, column()), C),
    ("undeclared members", (ROOT,), (OPEN,), C),
    ("null", (ROOT, column(nullable=False)), (ROOT, column()), M),
    ("a required member that is gone", (ROOT, MUST), (ROOT,), M),
    ("a longer text", (ROOT, limited(maxLength=5)), (ROOT, column("string")), M),
    ("another pattern", (ROOT, limited(pattern="a")), (ROOT, limited(pattern="b")), M),
]  # fmt: skip


def reads(way: Way, engine: Engine = "json", **more) -> dict[str, Any]:
    return {"engine": engine, "reading": Reading(way=way, says="what does not fit is null", **more)}


@pytest.mark.parametrize(("case", "before", "after", "cast"), READINGS, ids=[one[0] for one in READINGS])
def test_who_says_how_it_reads_is_judged_by_that(case, before, after, cast):
    one, other = shape(*before), shape(*after)
    assert words(one, other, **reads("cast"))[1] == cast
    assert words(other, one, **reads("cast"))[0] == cast  # a new reader of old data
    assert words(one, other, **reads("any"))[1] == C


def test_the_verdict_has_the_words_of_whoever_reads_so():
    (change,) = detect(shape(column("double")), shape(column("string")))
    own = classify(change, Consumer(name="x", **reads("cast")))
    through = classify(change, Consumer(name="x", **reads("cast", "table", by="dag.job")))
    assert own.reason == "casts it: what does not fit is null"
    assert (through.word, through.reason) == (M, "dag.job casts it: what does not fit is null")


@pytest.mark.parametrize("way", ["cast", "any"])
def test_nobody_bears_that_a_dataset_is_gone(way):
    assert words(shape(column()), None, **reads(way))[1] == B


@pytest.mark.parametrize(("way", "word"), [("cast", UNKNOWN), ("any", C)])
def test_who_casts_reads_by_name_and_cannot_tell_whether_it_was_renamed(way, word):
    before, after = shape(column(path="total_amount")), shape(column(path="order_total_amount"))
    (asked,) = [one for one in detect(before, after) if one.rule == "column.perhaps_renamed"]
    assert classify(asked, Consumer(name="x", **reads(way))).word == word


def test_a_stored_table_a_suite_and_a_statement_follow_or_break_however_others_read():
    number, text = shape(column("double")), shape(column("string"))
    assert words(number, text, **reads("any", "iceberg"))[2] == B
    of_type = check("expect_column_values_to_be_of_type", "a", type_="double")
    assert words(number, text, **reads("any", "gx"), checks=of_type)[1] == B
    assert words(number, shape(), **reads("any", "sql"), sql="SELECT a FROM t", dataset="t")[1] == B


@given(SHAPES, SHAPES, st.sampled_from(["json", "iceberg", "redis", "table"]))
def test_who_casts_is_never_worse_off_than_who_checks_but_for_a_question_and_who_takes_all_never_worse_than_who_casts(
    before, after, engine
):
    for change in detect(before, after):
        strict, cast, any_ = (
            classify(change, Consumer(name="x", engine=engine, reading=one)).word
            for one in (None, Reading(way="cast", says="s"), Reading(way="any", says="s"))
        )
        order = (C, M, UNKNOWN, B)
        assert order.index(any_) <= order.index(cast) <= max(order.index(strict), order.index(M) if strict != C else 0)


# ------------------------------------------------------------------ what is made of a column
NESTED = shape(column("struct", "s"), column("string", "s.a"), column("string", "s.b"))
MADE = [
    # which paths it is made of, whether of nothing else, what is gone, the word
    ({"s.a"}, True, ("s.a",), B),
    ({"s.a"}, False, ("s.a",), M),
    ({"s.a", "s.b"}, True, ("s.a",), M),
    ({"s.a", "s.b"}, True, ("s", "s.a", "s.b"), B),
    ({"s"}, True, ("s.a",), M),  # it takes the other members as they come
    ({"s.ab"}, True, ("s.a",), M),
]  # fmt: skip


@pytest.mark.parametrize(("of", "alone", "gone", "word"), MADE)
def test_what_is_made_of_a_lost_column_alone_is_lost_too(of, alone, gone, word):
    made = (Made(column="out", dataset="lake.t", of=frozenset(of), alone=alone),)
    after = shape(*(one for one in NESTED.parts if one.path not in gone))
    assert words(NESTED, after, "json", made=made)[1] == word
    (first, *_) = detect(NESTED, after)
    reason = classify(first, Consumer(name="x", engine="json", made=made)).reason
    assert (reason == "nothing else makes out of lake.t") is (word == B)
    assert words(NESTED, after, "json", made=made)[0] == words(NESTED, after, "json")[0]  # old data has the column


def test_a_proven_rename_loses_it_too():
    made = (Made(column="out", dataset="lake.t", of=frozenset({"a"})),)
    assert words(shape(column(id=1)), shape(column(id=1, path="b")), "json", made=made)[1] == B


def test_a_table_loses_what_is_made_of_the_column_and_keeps_what_has_other_sources():
    for alone, word in ((True, B), (False, M)):
        made = (Made(column="out", dataset="lake.t", of=frozenset({"a"}), alone=alone),)
        assert words(shape(column()), shape(), "table", made=made)[1] == word


def test_several_lost_columns_are_named_up_to_two():
    made = tuple(Made(column=f"c{n}", dataset="t", of=frozenset({"a"})) for n in range(4))
    (gone,) = detect(shape(column()), shape())
    reason = classify(gone, Consumer(name="x", engine="json", made=made)).reason
    assert reason == "nothing else makes c0 of t, c1 of t and 2 more"


# ------------------------------------------------------------------ SQL of a downstream job
ORDERS = shape(column("bigint", "id"), column("decimal(12,2)", "amount"), column("string", "note"))
NO_NOTE = shape(*ORDERS.parts[:2])
MORE = shape(*ORDERS.parts, column(path="extra"))
SQL = [
    ("SELECT id, amount FROM orders", NO_NOTE, C),
    ("SELECT id, note FROM wh.orders", NO_NOTE, B),
    ("SELECT o.NOTE FROM orders AS o JOIN users u ON u.id = o.id", NO_NOTE, B),
    ("SELECT u.note FROM orders AS o JOIN users u ON u.id = o.id", NO_NOTE, C),
    ("SELECT note FROM orders AS o JOIN users u ON u.id = o.id", NO_NOTE, UNKNOWN),
    ("SELECT * FROM orders", NO_NOTE, M),
    ("SELECT count(*) FROM orders", NO_NOTE, C),
    ("WITH x AS (SELECT note FROM orders) SELECT count(*) FROM x", NO_NOTE, B),
    ("SELECT id FROM users", NO_NOTE, C),
    ("SELECT id FROM orders WHERE note IS NOT NULL", NO_NOTE, B),
    ("SELECT id FROM orders", MORE, C),
    ("SELECT * FROM orders", MORE, M),
    ("INSERT INTO orders SELECT 1, 2, 'x'", MORE, B),
    ("INSERT INTO orders (id, amount, note) SELECT 1, 2, 'x'", MORE, C),
    ("INSERT INTO orders (id, amount, note) SELECT 1, 2, 'x'", NO_NOTE, B),
    ("INSERT INTO report SELECT * FROM orders", MORE, M),
    ("SELECT sum(amount) FROM orders", shape(ORDERS.parts[0], column("double", "amount"), ORDERS.parts[2]), M),
    ("UPDATE orders SET note = 'x' WHERE id = 1", NO_NOTE, B),
    ("SELECT id FROM orders", None, B),
    ("SELECT FROM WHERE (", NO_NOTE, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "after", "expected"), SQL)
def test_statements(sql, after, expected):
    assert words(ORDERS, after, "sql", sql=sql, dataset="warehouse.public.orders", dialect="postgres")[1] == expected


# ------------------------------------------------------------------ a Great Expectations suite
def check(type: str, column: str | None = None, **kwargs: object) -> tuple[Check, ...]:
    return (Check(type=type, column=column, kwargs=tuple(kwargs.items())),)


KIND = shape(column("bigint", "id", nullable=False), column("string", "kind", enum=("x", "y")))
WIDER = shape(KIND.parts[0], replace(KIND.parts[1], enum=("x", "y", "z")))
GONE, EXTRA = shape(KIND.parts[0]), shape(*KIND.parts, column(path="extra"))
TEXT_ID = shape(column("string", "id", nullable=False), KIND.parts[1])
SUITE = [
    (check("expect_column_values_to_be_in_set", "kind", value_set=["x", "y"]), WIDER, B),
    (check("expect_column_values_to_be_in_set", "kind", value_set=["x", "y", "z"]), WIDER, C),
    (check("expect_column_values_to_not_be_null", "kind"), GONE, B),
    (check("expect_column_values_to_not_be_null", "id"), GONE, C),
    (check("expect_table_columns_to_match_set", column_set=["id", "kind"]), EXTRA, B),
    (check("expect_table_columns_to_match_set", column_set=["id", "kind"], exact_match=False), EXTRA, C),
    (check("expect_table_column_count_to_equal", value=2), GONE, B),
    (check("expect_table_columns_to_match_ordered_list", column_list=["id", "kind"]), shape(*reversed(KIND.parts)), B),
    (check("expect_column_values_to_not_be_null", "id"), shape(column("bigint", "id"), KIND.parts[1]), M),
    (check("expect_column_values_to_be_of_type", "id", type_="int64"), TEXT_ID, B),
    ((), GONE, C),
]  # fmt: skip


EMPTY = [
    # a column with nulls only: GX leaves nulls out, or counts and measures what is there
    ("expect_column_values_to_not_be_null", {}, B),
    ("expect_column_values_to_be_in_set", {"value_set": ["x"]}, C),
    ("expect_column_values_to_match_regex", {"regex": "x"}, C),
    ("expect_column_values_to_be_unique", {}, C),
    ("expect_column_value_lengths_to_equal", {"value": 3}, C),
    ("expect_column_distinct_values_to_be_in_set", {"value_set": ["x"]}, C),
    ("expect_column_distinct_values_to_contain_set", {"value_set": ["x"]}, B),
    ("expect_column_unique_value_count_to_be_between", {"min_value": 1}, B),
    ("expect_column_most_common_value_to_be_in_set", {"value_set": ["x"]}, B),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "kwargs", "word"), EMPTY)
def test_a_suite_behind_loses_the_values_that_it_asks_for(kind, kwargs, word):
    made = (Made(column="out", dataset="lake.t", of=frozenset({"a"}), asked=check(kind, "out", **kwargs)),)
    assert words(shape(column()), shape(), "gx", made=made)[1] == word
    warning = tuple(replace(one, severity="warning") for one in made[0].asked)
    assert words(shape(column()), shape(), "gx", made=(replace(made[0], asked=warning),))[1] == (M if word == B else C)
    assert words(shape(column()), shape(), "gx", made=(replace(made[0], alone=False),))[1] == C


def test_of_several_rules_the_one_that_asks_about_the_fewest_columns_is_named():
    rules = (
        check("expect_total_to_be", columns=("out", "id"))
        + check("expect_column_values_to_not_be_null", "out")
        + tuple(replace(one, severity="warning") for one in check("expect_any", "out"))
    )
    made = (Made(column="out", dataset="lake.t", of=frozenset({"a"}), asked=rules),)
    (gone,) = detect(shape(column()), shape())
    verdict = classify(gone, Consumer(name="x", engine="gx", made=made))
    why = "expect_column_values_to_not_be_null(out) asks about out of lake.t, which nothing else makes"
    assert (verdict.word, verdict.reason) == (B, why)


ASKS = check("expect_column_values_to_not_be_null", "curency")
LACKS = (
    "expect_column_values_to_not_be_null(curency) asks about curency, which is not there (nearest: currency)"
)  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "severity", "word", "reason"),
    [
        ({"currency", "price"}, "critical", B, LACKS), ({"currency", "price"}, "", B, LACKS),
        ({"currency", "price"}, "warning", M, f"{LACKS}, and only warns"),
        (set(), "critical", B, LACKS.partition(" (nearest")[0]),
        ({"curency"}, "critical", C, "no rule of the suite asks about it"),
        (None, "critical", C, "no rule of the suite asks about it"),
    ],
)  # fmt: skip
def test_a_new_rule_on_a_column_that_is_not_there_breaks_its_suite(columns, severity, word, reason):
    rules = tuple(replace(one, severity=severity) for one in ASKS)
    known = None if columns is None else frozenset(columns)
    (added,) = detect(shape(column()), shape(column(), checks=rules))
    verdict = classify(added, Consumer(name="x", engine="gx", checks=rules, columns=known))
    assert (verdict.word, verdict.reason) == (word, reason)
    other = Consumer(name="x", engine="gx", checks=check("expect_column_values_to_be_unique", "a"), columns=known)
    assert classify(added, other).word == C  # a suite that does not have the rule
    (removed,) = detect(shape(column(), checks=rules), shape(column()))
    assert classify(removed, Consumer(name="x", engine="gx", checks=rules, columns=known)).word == C


def test_a_rule_that_is_extended_to_a_column_that_is_not_there_breaks_its_suite_too():
    one, other = (check("expect_compound_columns_to_be_unique", column_list=names) for names in (["a"], ["a", "z"]))
    (changed,) = detect(shape(column(), checks=one), shape(column(), checks=other))
    assert classify(changed, Consumer(name="x", engine="gx", checks=other, columns=frozenset({"a"}))).word == B


@pytest.mark.parametrize(("checks", "after", "expected"), SUITE)
def test_suites(checks, after, expected):
    assert words(KIND, after, "gx", checks=checks)[1] == expected


def test_great_expectations_does_what_the_suite_verdicts_say():
    """Data that uses what the change allows: what is breaking fails there, what is compatible passes."""
    import pandas as pd

    import great_expectations as gx

    full = {"id": [1, 2, 3], "kind": ["x", "y", "z"], "extra": [1, 2, 3]}
    text_id = {"id": ["1", "2"], "kind": ["x", "y"]}
    frames = {id(WIDER): ["id", "kind"], id(GONE): ["id"], id(EXTRA): ["id", "kind", "extra"]}
    source = gx.get_context(mode="ephemeral").data_sources.add_pandas("p")
    whole = source.add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
    for checks, after, expected in SUITE:
        if not checks or expected == M:
            continue
        columns = frames.get(id(after), [part.path for part in after.parts])
        rows = pd.DataFrame(text_id if after.parts[0].type == "string" else full)[columns]
        rows = rows if id(after) == id(WIDER) else rows[:2]
        one = checks[0]
        kwargs = dict(one.kwargs) | ({"column": one.column} if one.column else {})
        expectation = getattr(gx.expectations, "".join(word.title() for word in one.type.split("_")))(**kwargs)
        passed = whole.get_batch({"dataframe": rows}).validate(expectation).success
        assert passed is (expected == C), (one, expected)
    empty = pd.DataFrame({"out": [None, None, None]})
    for kind, kwargs, word in EMPTY:
        expectation = getattr(gx.expectations, "".join(part.title() for part in kind.split("_")))(
            column="out", **kwargs
        )
        passed = whole.get_batch({"dataframe": empty}).validate(expectation).success
        assert passed is (word == C), (kind, word)
    lacking = gx.expectations.ExpectColumnValuesToNotBeNull(column="curency")
    found = whole.get_batch({"dataframe": empty}).validate(lacking)
    assert not found.success and found.exception_info  # a rule on a column that is not there
