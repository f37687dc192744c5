"""A rename that the names do not tell: asked about when the record says the same of both columns."""

import pytest

from catalog.dataset import Dataset
from catalog.index import Index
from catalog.observe import Baseline, acceptance, observe
from tests.catalog.events import Json, at, dataset, event, facet

TABLE, LAKE, TOPIC = (
    Dataset("postgres://h:5432", "db.public.orders"),
    Dataset("lake", "orders"),
    Dataset("kafka://h", "raw"),
)
VALUES = {"red": 60, "blue": 40}
FED = {"colour": "c", "tint": "c", "id": "key"}
RULE = {"colour": ["red", "blue"], "tint": ["red", "blue"]}


@pytest.fixture
def index():
    with Index.open(":memory:", {}) as opened:
        yield opened


def load(
    hour: float, names: str, *, fed: dict[str, str] | None = None, rules: dict[str, list[str]] | None = None
) -> Json:
    """A load that told the table's columns; `fed`: by which column of the lake, `rules`: which values are allowed."""
    told = {}
    if fed:
        told["columnLineage"] = facet(fields={name: {"inputFields": [{
            "namespace": LAKE.namespace, "name": LAKE.name, "field": fed[name],
            "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
        }]} for name in names.split()})  # fmt: skip
    checked = {"dataQualityAssertions": facet(assertions=[
        {"assertion": f"expect_column_values_to_be_in_set({name})", "success": True, "column": name,
         "params": {"column": name, "value_set": str(rules[name])}} for name in names.split() if name in rules
    ])} if rules else {}  # fmt: skip
    details = {name: {"nullable": True} for name in names.split()}
    table = dataset(TABLE.name, names.split(), namespace=TABLE.namespace, details=details, **told)
    return event("load", hour, inputs=[dataset(LAKE.name, namespace=LAKE.namespace)],
                 outputs=[table | {"inputFacets": checked}])  # fmt: skip


def accept(index: Index, hour: float, one: Dataset) -> None:
    kept = Baseline(
        name="main", columns=observe(index, one).value.columns, accepted_by="ada", reason="agreed", since=at(hour)
    )
    index.add([acceptance(index.dataset(one), kept, namespace="shop", at=at(hour))])


def asked(index: Index, one: Dataset) -> list[str]:
    changes = [finding.change for finding in observe(index, one).value.findings]
    return [f"{one.before} {one.after}" for one in changes if one.rule == "column.perhaps_renamed"]


@pytest.mark.parametrize(
    ("told", "questions"),
    [({}, []), ({"fed": FED}, ["colour tint"]), ({"rules": RULE}, ["colour tint"])],
    ids=["nothing else is told", "fed by the same column", "checked by the same rule"],
)
def test_a_tables_column_by_another_name(index, told, questions):
    index.add([load(1, "id colour", **told)])
    accept(index, 2, TABLE)
    index.add([load(3, "id tint", **told)])
    assert asked(index, TABLE) == questions


def looked(hour: float, **filled: int) -> list[Json]:
    """A run that met these keys of the topic, and a profile of a thousand messages: so many had each."""
    details = {name: {"nullable": True} for name in filled}
    counted = {"dataQualityMetrics": facet(rowCount=1_000, columnMetrics={})}
    metrics = {name: {"nullCount": 1_000 - count, "count": count} for name, count in filled.items()}
    top = [{"value": value, "count": count} for value, count in VALUES.items()]
    profile = facet(rows=1_000, unreadable=0, columns=[
        {"path": name, "shapes": {"text": 100}, "top": top} for name in filled if name in ("colour", "tint")
    ])  # fmt: skip
    return [
        event("enrich", hour, inputs=[dataset(TOPIC.name, list(filled), namespace=TOPIC.namespace, details=details,
                                              observed=True, input_facets=counted)]),
        event("profile", hour + 0.5, inputs=[dataset(
            TOPIC.name, namespace=TOPIC.namespace, ecompulse_profile=profile,
            input_facets={"dataQualityMetrics": facet(rowCount=1_000, columnMetrics=metrics)})]),
    ]  # fmt: skip


def test_a_topics_key_that_some_producers_send_by_another_name_with_the_same_values(index):
    index.add(looked(1, id=1_000, colour=600))
    accept(index, 2, TOPIC)
    index.add(looked(3, id=1_000, colour=200, tint=400))
    assert asked(index, TOPIC) == ["colour tint"]
