"""The project folder: every suite loads as GX's own format, and says how bad each failure is and whose it is."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlglot

from catalog import contract
from lineage.expectations.project import FOLDER, Project

SUITES = sorted((FOLDER / "expectations").glob("*.json"))
README = {"raw_events_suite", "enriched_events_suite", "business_metrics_suite", "data_warehouse_suite"}


def test_the_suites_of_the_readme_are_there() -> None:
    assert {path.stem for path in SUITES} >= README


def test_the_folder_does_not_shadow_the_library() -> None:
    assert not list(FOLDER.rglob("*.py"))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_expectation_has_a_severity_a_description_and_an_owner(path: Path) -> None:
    for rule in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
        assert rule["severity"] in ("critical", "warning"), rule
        assert rule["description"], rule
        assert rule["meta"]["owner"], rule


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_suite_is_named_by_a_contract_and_its_rules_by_contracts_of_that_suite(path: Path) -> None:
    mine = {one.id for one in contract.load_all().values() if one.suite == path.stem}
    named = {
        contract_id
        for rule in json.loads(path.read_text(encoding="utf-8"))["expectations"]
        for contract_id in rule["meta"].get("contracts", [])
    }
    assert mine
    assert named <= mine


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_rule_on_rows_says_which_columns_its_sql_asks_about(path: Path) -> None:
    from great_expectations.expectations.registry import get_expectation_impl

    from lineage.expectations import event, session, table  # noqa: F401
    from lineage.expectations.rule import RowRule

    for rule in json.loads(path.read_text(encoding="utf-8"))["expectations"]:
        impl = get_expectation_impl(rule["type"])
        if issubclass(impl, RowRule):
            told = " ".join([impl.applies, impl.violation, *impl.shown, *map(str, rule["kwargs"].values())])
            told = re.sub(r"(\w+) ->> '\$\.(\w+)'", r"\1.\2", told)  # a member of a JSON text
            words = set(re.findall(r"[\w.]+", re.sub("'[^']*'", "", told)))
            names = {
                name
                for one in contract.load_all().values()
                if one.suite == path.stem and one.id in rule["meta"].get("contracts", [one.id])
                for name, _ in one.schema.walk()
            }
            assert set(rule["meta"]["columns"]) == words & names, rule["type"]


@pytest.mark.parametrize("one", [one for one in contract.load_all().values() if one.suite], ids=lambda one: one.id)
def test_every_rule_of_a_dataset_is_one_that_gx_knows(one: contract.Contract, project: Project) -> None:
    from great_expectations import ExpectationSuite
    from lineage.expectations import event, session, table  # noqa: F401

    rules = project.suite(str(one.suite), one)
    suite = ExpectationSuite(name="any", expectations=[dict(rule) for rule in rules])
    assert len(suite.expectations) == len(rules)
    assert {str(rule.severity.value) for rule in suite.expectations} <= {"critical", "warning"}


def test_the_folder_opens_as_a_file_context(tmp_path: Path) -> None:
    """For people who work with GX itself; in a copy, because opening one writes into it."""
    import shutil

    import great_expectations as gx
    from lineage.expectations import event, session, table  # noqa: F401

    shutil.copytree(FOLDER, tmp_path / "gx", ignore=shutil.ignore_patterns("uncommitted"))
    context = gx.get_context(mode="file", context_root_dir=tmp_path / "gx")
    assert {suite.name for suite in context.suites.all()} == {path.stem for path in SUITES}


@pytest.mark.parametrize("dialect", ["postgres", "redshift", "duckdb"])
def test_every_row_rule_of_the_warehouse_parses_in_every_dialect(dialect: str, project: Project) -> None:
    from great_expectations.expectations.registry import get_expectation_impl

    from lineage.expectations import event, session, table  # noqa: F401
    from lineage.expectations.rule import RowRule, statements

    as_of = "2026-03-04T12:00:00+00:00"
    parsed = 0
    for one in (one for one in contract.load_all().values() if one.kind == "warehouse" and one.suite):
        for rule in project.suite(str(one.suite), one):
            kind = get_expectation_impl(rule["type"])
            if issubclass(kind, RowRule):
                given = {name: as_of if name == "as_of" else value for name, value in rule["kwargs"].items()}
                made = kind(**given)
                conditions = {"applies": made.condition(made.applies), "violation": made.condition(made.violation)}
                for sql in statements(**conditions, shown=made.example()):
                    parsed += len(sqlglot.parse(sql, read=dialect, error_level=sqlglot.ErrorLevel.RAISE))
    assert parsed >= 3 * 6


def test_importing_the_operator_does_not_import_gx() -> None:
    code = (
        "import sys, lineage.operators.gx\n"
        "heavy = {'great_expectations', 'pandas', 'pyarrow', 'duckdb', 'pyiceberg'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr.strip()[-200:]) == (0, "")
