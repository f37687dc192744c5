"""What a verdict on a suite's rule promises, run by Great Expectations itself on data that the change allows.

may break: a frame that the rule refuses, and one that it passes. compatible: one that uses the change, and passes.
"""

import pytest

from catalog.drift import Check, Consumer, Part, Shape, classify, detect, worst

ID, KIND = Part(path="id", type="bigint"), Part(path="kind", type="string(5)")


def part(type: str, path: str = "a", **more) -> Part:
    return Part(path=path, type=type, **more)


def ruled(name: str, column: str | None = "a", **kwargs: object) -> Check:
    return Check(type=f"expect_{name}", column=column, kwargs=tuple(sorted(kwargs.items())))


SHORT = ruled("column_value_lengths_to_be_between", max_value=3)
FEW = ruled("column_values_to_be_between", min_value=0, max_value=9)
LISTED = ruled("column_values_to_be_in_set", value_set=["x", "y"])
FORM = ruled("column_values_to_match_regex", regex="^[a-z]{1,3}$")
FILLED = ruled("column_values_to_not_be_null")
ONCE = ruled("column_values_to_be_unique")
BOTH = ruled("compound_columns_to_be_unique", None, column_list=["a", "b"])
ENUM = part("string", enum=("x", "y"))
UNIQUE = part("string", unique=True)
MAY_BREAK = [
    ("a null", FILLED, (part("string", nullable=False),), (part("string"),), {"a": ["x", None]}, {"a": ["x"]}),
    ("a longer text", SHORT, (part("string(3)"),), (part("string(9)"),), {"a": ["abcde"]}, {"a": ["abc"]}),
    ("a longer text of a form", FORM, (part("string(3)"),), (part("string(9)"),), {"a": ["abcde"]}, {"a": ["ab"]}),
    ("any value", LISTED, (ENUM,), (part("string"),), {"a": ["z"]}, {"a": ["x"]}),
    ("a wider integer", FEW, (part("int"),), (part("bigint"),), {"a": [2**40]}, {"a": [9]}),
    ("more digits", FEW, (part("decimal(1,0)"),), (part("decimal(4,0)"),), {"a": [1000]}, {"a": [9]}),
    ("a limit gone", FEW, (part("int", bounds=(("maximum", 9),)),), (part("int"),), {"a": [10]}, {"a": [9]}),
    ("values that repeat", ONCE, (UNIQUE,), (part("string"),), {"a": ["x", "x"]}, {"a": ["x", "y"]}),
]  # fmt: skip
COMPATIBLE = [
    ("a rule on another column", ruled("column_values_to_not_be_null", "b"), (part("string"), part("int", "b")),
     (part("bigint"), part("int", "b")), {"a": [2**40], "b": [1]}),
    ("a longer text that must be there", FILLED, (part("string(3)"),), (part("string(9)"),), {"a": ["abcde"]}),
    ("a longer text that stands once", ONCE, (part("string(3)"),), (part("string(9)"),), {"a": ["abcde", "abcdf"]}),
    ("a value less", LISTED, (ENUM,), (part("string", enum=("x",)),), {"a": ["x"]}),
    ("a narrower integer", FEW, (part("bigint"),), (part("int"),), {"a": [9]}),
    ("a null that nothing asks about", LISTED, (part("string", enum=("x", "y"), nullable=False),), (ENUM,),
     {"a": ["x", None]}),
    ("a key of two columns that stays", BOTH, (part("int"), part("int", "b")), (part("int"), part("bigint", "b")),
     {"a": [1, 1], "b": [2, 2**40]}),
]  # fmt: skip


@pytest.fixture(scope="module")
def passes():
    """Whether a rule passes on columns with these values."""
    import pandas as pd

    import great_expectations as gx

    source = gx.get_context(mode="ephemeral").data_sources.add_pandas("p")
    whole = source.add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")

    def run(check: Check, columns: dict[str, list]) -> bool:
        kwargs = dict(check.kwargs) | ({"column": check.column} if check.column else {})
        expectation = getattr(gx.expectations, "".join(one.title() for one in check.type.split("_")))(**kwargs)
        return bool(whole.get_batch({"dataframe": pd.DataFrame(columns)}).validate(expectation).success)

    return run


def verdict(check: Check, before: tuple[Part, ...], after: tuple[Part, ...]) -> str:
    reader = Consumer(name="suite", engine="gx", checks=(check,))
    return worst(classify(one, reader) for one in detect(Shape(parts=before), Shape(parts=after)))


@pytest.mark.parametrize(("check", "before", "after", "bad", "good"), [one[1:] for one in MAY_BREAK],
                         ids=[one[0] for one in MAY_BREAK])  # fmt: skip
def test_what_may_break_does_and_does_not(passes, check, before, after, bad, good):
    assert verdict(check, before, after) == "may break"
    assert (passes(check, bad), passes(check, good)) == (False, True)


@pytest.mark.parametrize(("check", "before", "after", "data"), [one[1:] for one in COMPATIBLE],
                         ids=[one[0] for one in COMPATIBLE])  # fmt: skip
def test_what_is_compatible_passes(passes, check, before, after, data):
    assert verdict(check, before, after) == "compatible"
    assert passes(check, data)
