"""Limits of values: which are the same by another word, which admit more, and what listed values decide."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.drift import Consumer, Part, Shape, bound, classify, detect, worst
from catalog.drift.classify import DIRECTIONS

B, M, C, UNKNOWN = "breaking", "may break", "compatible", "cannot tell"


def part(type: str = "bigint", *enum: object, **limits: object) -> Part:
    return Part(path="a", type=type, nullable=False, enum=tuple(map(bound.text, enum)), bounds=tuple(limits.items()))


def verdicts(before: Part, after: Part) -> tuple[str, str]:
    """For a new reader of old documents, and for an old reader of new ones."""
    changes = detect(Shape(parts=(before,)), Shape(parts=(after,)))
    return tuple(
        worst(classify(one, Consumer(name="x", engine="json", direction=to)) for one in changes)
        for to in DIRECTIONS[:2]
    )  # type: ignore[return-value]


UUID = "123e4567-e89b-42d3-a456-426614174000"
SAME = [
    (part(exclusiveMinimum=0), part(minimum=1)),
    (part(minimum=0.5), part(minimum=1)),
    (part(exclusiveMaximum=9), part(maximum=8)),
    (part(minimum=0, exclusiveMinimum=True), part(minimum=1)),
    (part("double", multipleOf=1, exclusiveMaximum=4), part(maximum=3)),
    (part("double", multipleOf=2, minimum=1), part("double", multipleOf=2, exclusiveMinimum=0)),
    (part("double", multipleOf=1), part()),
    (part("double", multipleOf=2), part(multipleOf=2)),
    (part(multipleOf=0.5), part()),
    (part(multipleOf=1.5), part(multipleOf=3)),
    (part("string", format="uuid", minLength=36, maxLength=36), part("string", format="uuid")),
    (part("timestamp", format="date-time"), part("timestamp", format="date-time", minLength=1)),
    (part("string", format="a word of ours"), part("string")),
    (part("boolean", True, False), part("boolean")),
    (part("bigint", 1, 2), part("double", 1.0, 2)),
    (part("bigint", 1, 2), part("bigint|string", 1, 2)),
    (part("string", "a"), part("string", "a", maxLength=3)),
    (part("string", "ab"), part("string", "ab", pattern="^a")),
    (part("string", "a@b", format="email"), part("bigint|string", "a@b", format="email")),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_values_by_other_words_break_nobody(one: Part, other: Part) -> None:
    assert verdicts(one, other) == verdicts(other, one) == (C, C)


LOOSER = [
    (part(exclusiveMinimum=0), part(minimum=0)),
    (part(maximum=9223372036854775806), part(maximum=9223372036854775807)),
    (part("double", multipleOf=2), part()),
    (part("double", multipleOf=0.5), part("double", multipleOf=0.1)),
    (part("string", format="uuid"), part("string", format="uri-reference")),
    (part("string", format="uuid"), part("string", maxLength=36)),
    (part("string", "a"), part("bigint|string", "a", 1)),
    (part("bigint|string", 1), part("bigint|string", 1, "1")),
    (part("bigint|boolean", 1), part("bigint|boolean", 1, True)),
    (part("bigint", 1, 2), part("bigint", maximum=2)),
    (part("string", "a"), part("string", "a", "b", maxLength=3)),
    (part("bigint", 1), part("any", 1, None)),
    (part("struct"), part("any")),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), LOOSER)
def test_more_values_break_an_old_reader_only(one: Part, other: Part) -> None:
    assert verdicts(one, other) == (C, B)
    assert verdicts(other, one) == (B, C)


def test_multiples_of_numbers_of_which_none_divides_the_other_are_others() -> None:
    assert verdicts(part(multipleOf=2), part(multipleOf=3)) == (B, B)


def test_a_value_may_fit_the_branch_that_the_writer_does_not_have() -> None:
    """Whether branches exclude each other, and whether one of them has to fit or just one, nobody tells."""
    assert verdicts(part(variants=("p",)), part(variants=("p", "q"))) == (M, B)
    assert verdicts(part(variants=("p", "q")), part(variants=("p", "r"))) == (UNKNOWN, UNKNOWN)
    assert verdicts(part(), part(variants=("p", "q"))) == (B, C)


def test_a_list_whose_values_cannot_be_read_decides_nothing() -> None:
    assert verdicts(part("bigint", "one"), part("string", "one")) == (B, B)


def test_values_of_a_type_that_nobody_told_are_not_listed() -> None:
    assert bound.listed(part("unknown")) is None
    assert bound.admits(part("unknown"), 1) is None
    assert verdicts(part("unknown"), part("boolean"))[1] == B


def test_a_format_that_cannot_be_evaluated_here_is_no_proof() -> None:
    assert bound.admits(part("date"), "2020-01-02") is None
    assert bound.admits(part("string", format="date"), "2020-01-02", known=part("string", format="date")) is True


def test_limits_are_told_as_they_were_meant() -> None:
    told = detect(Shape(parts=(part("double", minimum=-0.5),)), Shape(parts=(part("double", exclusiveMinimum=2**53),)))
    assert [(one.before, one.after) for one in told] == [("minimum -0.5", "minimum 9007199254740992 excluded")]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(LEAVES, LEAVES)
@example("NaN", "Infinity")
@example("1", 1)
@example(1.0, 1)
@example(True, 1)
@example(None, "null")
def test_equal_values_are_equal_texts(one: object, other: object) -> None:
    """As JSON has it: 1 is 1.0, and neither true nor "1"."""
    same = one == other and isinstance(one, bool) is isinstance(other, bool)
    assert (bound.text(one) == bound.text(other)) is same


@given(LEAVES.filter(lambda one: one is not None))
def test_a_listed_value_is_admitted_by_its_own_part(one: object) -> None:
    assert bound.admits(part("any", one), one) is True
    assert bound.listed(part("any", one)) == [one]
