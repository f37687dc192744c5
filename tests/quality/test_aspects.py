"""Each expectation of each dataset is checked by exactly one of the quality DAG's three checking tasks."""

import pytest

from catalog import contract
from catalog.contract import Contract
from lineage.expectations.project import Project
from lineage.expectations.schema import ASPECTS

SUITED = [one for one in contract.load_all().values() if one.suite]


@pytest.mark.parametrize("one", SUITED, ids=lambda one: one.id)
def test_the_aspects_share_out_a_datasets_expectations_without_rest(one: Contract) -> None:
    project = Project.from_environment()
    everything = project.suite(str(one.suite), one)
    shared = [rule for aspect in ASPECTS for rule in project.suite(str(one.suite), one, aspects=(aspect,))]
    assert len(shared) == len(everything)
    assert all(rule in everything for rule in shared)


@pytest.mark.parametrize("one", SUITED, ids=lambda one: one.id)
def test_what_a_contract_says_of_nulls_and_age_is_completeness_and_of_columns_and_types_schema(one: Contract) -> None:
    rules = Project.from_environment().suite(str(one.suite), one)
    told = {rule["type"]: rule["meta"]["aspect"] for rule in rules if rule["meta"].get("from") == "contract"}
    assert told["expect_no_unknown_columns"] == "schema"
    assert {told[name] for name in told if "not_be_null" in name or "fresh" in name} <= {"completeness"}
    assert {told[name] for name in told if "type" in name or "unique" in name or "in_set" in name} <= {"schema"}


@pytest.mark.parametrize("aspect", ASPECTS)
def test_every_source_has_something_to_check_in_every_aspect(aspect: str) -> None:
    project = Project.from_environment()
    kinds = {one.kind for one in SUITED if project.suite(str(one.suite), one, aspects=(aspect,))}  # type: ignore[arg-type]
    assert kinds == {"kafka", "lake", "warehouse", "cache"}
