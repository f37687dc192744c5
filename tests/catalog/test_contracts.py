"""Every contract is ODCS v3, keeps to our rules, and says a thing once."""

import importlib.resources
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import jsonschema
import pytest
import yaml

from catalog.contract import FOLDER, LOADER, Contract, load, load_all, parse
from catalog.errors import ContractInvalid, ContractMissing

FILES = sorted(FOLDER.glob("*.yaml"))
ODCS = jsonschema.Draft201909Validator(
    json.loads(importlib.resources.files("open_data_contract_standard").joinpath("schema.json").read_text())
)
SOURCES = [
    path
    for folder in ("catalog", "dags", "lineage")
    for path in (FOLDER.parent.parent / folder).rglob("*")
    if path.suffix in {".py", ".sql", ".json"} and "__pycache__" not in path.parts
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_contract_is_valid_odcs(path: Path) -> None:
    problems = [error.message for error in ODCS.iter_errors(yaml.load(path.read_text(encoding="utf-8"), LOADER))]
    assert problems == []


@pytest.mark.parametrize("contract", load_all().values(), ids=lambda contract: contract.id)
def test_a_contract_names_owner_tier_and_describes_every_column(contract: Contract) -> None:
    assert contract.owner
    assert contract.tier in {"gold", "silver", "bronze"}
    assert contract.description
    undescribed = [path for path, field in contract.schema.walk() if not field.description and "_element" not in path]
    assert undescribed == []


@pytest.mark.parametrize("contract", load_all().values(), ids=lambda contract: contract.id)
def test_key_and_partition_columns_are_required(contract: Contract) -> None:
    for name in (*contract.schema.key(), *contract.schema.partitions()):
        assert not contract.schema[name].nullable, name


def test_the_suite_of_a_contract_is_a_file() -> None:
    wanted = {contract.suite for contract in load_all().values() if contract.suite}
    there = {path.stem for path in (FOLDER.parent.parent / "great_expectations" / "expectations").glob("*.json")}
    assert wanted <= there


def test_no_file_holds_a_second_copy_of_a_column_list() -> None:
    """Six columns of one contract, in its order and with nothing but punctuation between, are a copy."""
    lists = {run for contract in load_all().values() for run in sixes(contract.schema.names())}
    assert len(lists) > 100
    copies = []
    for path in SOURCES:
        words = re.findall(r"[a-z_][a-z0-9_]*", path.read_text(encoding="utf-8"))
        copies += [(path.name, run) for run in sixes(words) if run in lists]
    assert copies == []


def sixes(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[at:] for at in range(6)), strict=False)


def test_an_unknown_contract_is_named_with_those_there_are() -> None:
    with pytest.raises(ContractMissing, match=r"no contract named 'lake\.nothing'.*lake\.enriched_events"):
        load("lake.nothing")


def test_a_wrong_contract_file_is_named_with_its_problem(tmp_path: Path) -> None:
    text = (FOLDER / "lake.products.yaml").read_text(encoding="utf-8")
    path = tmp_path / "lake.products.yaml"
    for before, after, problem in (
        ("decimal(12,2)", "money", "unknown physicalType 'money'"),
        ("id: lake.products", "id: lake.other", "its id is 'lake.other'"),
        ("kind: DataContract", "kind: DataContract\nnonsense: 1", "nonsense"),
        ("schema:", "schema: [", "expected"),
    ):
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        with pytest.raises(ContractInvalid, match=r"lake\.products\.yaml: ") as caught:
            parse(path)
        assert problem in str(caught.value)
