"""Rules on a dataset as a whole, decided on facts that were measured while its rows were read: no second pass.

The facts come in as run-time parameters (`{"$PARAMETER": "rows_in_table"}`), so that a suite file stays a file.
Import inside a run only (it needs great_expectations).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.expectations.expectation import BatchExpectation, render_suite_parameter_string
from great_expectations.render.components import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer

from lineage.expectations.rule import Instant, RowRule


class TableRule(BatchExpectation):
    """A rule that needs no metric of GX: `problem` says what is wrong, or nothing."""

    sentence: ClassVar[str]
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def problem(self) -> str:
        """What is wrong, for people; empty when the rule holds."""
        raise NotImplementedError

    def found(self) -> str:
        """What was measured, when nothing is wrong."""
        return "as expected"

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        problem = self.problem()
        return {"success": not problem, "result": {"observed_value": problem or self.found()}}

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **kwargs: Any
    ) -> list[RenderedStringTemplateContent]:
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={"template": cls.sentence, "params": {}},
            )
        ]


class ExpectTableToHaveRows(TableRule):
    """The dataset, not the batch: a rerun that finds nothing new is fine, an empty table is not."""

    sentence: ClassVar[str] = "the dataset holds at least one row"
    success_keys: ClassVar[tuple[str, ...]] = ("rows_in_table",)

    rows_in_table: int | SuiteParameterDict[str, Any]

    def problem(self) -> str:
        """No rows at all."""
        return "" if self.rows_in_table else "no rows"

    def found(self) -> str:
        """How many there are."""
        return f"{self.rows_in_table} rows"


class ExpectTableNotToHaveLostItsRows(TableRule):
    """An hour without events leaves a new dataset empty, which is no fault; a dataset does not become empty again."""

    sentence: ClassVar[str] = "a dataset that once held rows still holds some"
    success_keys: ClassVar[tuple[str, ...]] = ("rows_in_table", "held_rows")

    rows_in_table: int | SuiteParameterDict[str, Any]
    held_rows: bool | SuiteParameterDict[str, Any]

    def problem(self) -> str:
        """All rows are gone."""
        return "no rows, and there were some before" if self.held_rows and not self.rows_in_table else ""


class ExpectColumnTypesToMatchContract(TableRule):
    """Type words of `catalog.schema`; lengths of text are a rule of their own."""

    sentence: ClassVar[str] = "every column of the contract has the contract's type"
    success_keys: ClassVar[tuple[str, ...]] = ("types", "seen_types")

    types: dict[str, str]
    seen_types: dict[str, str] | SuiteParameterDict[str, Any]

    def problem(self) -> str:
        """Columns of another type; a missing column is told by another rule."""
        wrong = [
            f"{name} is {self.seen_types[name]}, not {word}"
            for name, word in self.types.items()
            if name in self.seen_types and self.seen_types[name] != word
        ]
        return "; ".join(wrong)


class ExpectNoUnknownColumns(TableRule):
    """A new column is drift to look at, not a reason to stop."""

    sentence: ClassVar[str] = "there is no column that the contract does not name"
    success_keys: ClassVar[tuple[str, ...]] = ("known", "seen_types")

    known: list[str]
    seen_types: dict[str, str] | SuiteParameterDict[str, Any]

    def problem(self) -> str:
        """The columns nobody declared."""
        return ", ".join(name for name in self.seen_types if name not in self.known)


class ExpectNewestToBeFresh(TableRule):
    """The newest mark is no older than the contract's latency, seen from a given moment."""

    sentence: ClassVar[str] = "the newest row is no older than the contract promises"
    success_keys: ClassVar[tuple[str, ...]] = ("max_age_s", "newest", "as_of")

    max_age_s: int = pydantic.Field(ge=1)
    newest: datetime | SuiteParameterDict[str, Any] | None
    as_of: Instant

    def problem(self) -> str:
        """How old the newest row is."""
        if not isinstance(self.newest, datetime) or not isinstance(self.as_of, datetime):
            return ""
        age = self.as_of - self.newest
        return (
            f"newest row is from {self.newest:%Y-%m-%d %H:%M:%S} UTC" if age > timedelta(seconds=self.max_age_s) else ""
        )


class ExpectTextToFit(RowRule):
    """Text is no longer than the contract's `string(n)`: what the warehouse would refuse to load."""

    sentence: ClassVar[str] = "text fits the contract's lengths"
    shown: ClassVar[tuple[str, ...]] = ()
    violation: ClassVar[str] = ""
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "lengths")

    lengths: dict[str, int]

    def condition(self, template: str) -> str:
        """Any column that is too long."""
        return template or " or ".join(f'length("{name}") > {limit}' for name, limit in self.lengths.items())

    def example(self) -> dict[str, str]:
        """Lengths, not values: which column is too long, by how much."""
        return {f"length of {name}": f'length("{name}")' for name in self.lengths}
