"""A rule on single rows, written once as SQL and run where the rows are: in the warehouse, or by DuckDB on a frame.

The SQL keeps to what PostgreSQL, Redshift and DuckDB all read (a test parses each as all three). `{name}` in it is
replaced by the expectation's own field, as a literal. GX is imported at module level: import this inside a run only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.suite_parameters import SuiteParameterDict
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, render_suite_parameter_string
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render.components import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
    RenderedTableContent,
)
from great_expectations.render.renderer.renderer import renderer
from great_expectations.validator.metric_configuration import MetricConfiguration

from lineage.expectations.batch import in_memory

if TYPE_CHECKING:
    from great_expectations.validator.validator import ValidationDependencies

EXAMPLES = 5
METRIC = "row_rule.violations"


def literal(value: object) -> str:
    """A Python value as an SQL literal: text quoted, an instant as a timestamptz, a sequence in parentheses.

    Raises:
        TypeError: no rule has a parameter of this type.
    """
    match value:
        case datetime():
            return f"cast({literal(value.isoformat())} as timestamptz)"
        case int() | float():
            return repr(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
        case list() | tuple():
            return "(" + ", ".join(literal(item) for item in value) + ")"
    raise TypeError(f"no SQL literal for {type(value).__name__}")


class RowRule(BatchExpectation):
    """Rows to which `applies` and for which `violation` holds are unexpected; at least `mostly` of them must be fine.

    A rule that applies to no row holds. Rows where `violation` is null (an operand is unknown) are fine.
    """

    applies: ClassVar[str] = "1 = 1"
    violation: ClassVar[str]
    shown: ClassVar[tuple[str, ...]]
    """Columns of the examples of failing rows, the key first."""
    sentence: ClassVar[str]
    """What must hold, for people; `{name}` as in the SQL."""

    mostly: float = pydantic.Field(default=1.0, ge=0.0, le=1.0)

    success_keys: ClassVar[tuple[str, ...]] = ("mostly",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def condition(self, template: str) -> str:
        """`template` with this expectation's fields in the place of their names."""
        return template.format_map({name: literal(value) for name, value in self.parameters().items()})

    def parameters(self) -> dict[str, object]:
        """What the SQL may name; a subclass adds what it derives."""
        own = set(self.__fields__) - set(RowRule.__fields__)
        return {name: getattr(self, name) for name in own}

    def example(self) -> dict[str, str]:
        """What is shown of a failing row: name → SQL."""
        return {name: name for name in self.shown}

    def get_validation_dependencies(
        self, execution_engine: Any = None, runtime_configuration: dict[str, Any] | None = None
    ) -> ValidationDependencies:
        """The one metric this needs: how many rows it concerns, how many violate it, and examples."""
        needs = super().get_validation_dependencies(execution_engine, runtime_configuration)
        needs.set_metric_configuration(
            METRIC,
            MetricConfiguration(
                METRIC,
                metric_domain_kwargs={"batch_id": self.configuration.kwargs.get("batch_id")},
                metric_value_kwargs={
                    "applies": self.condition(self.applies),
                    "violation": self.condition(self.violation),
                    "shown": self.example(),
                },
            ),
        )
        return needs

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        concerned, violating, examples = metrics[METRIC]
        share = 100 * violating / concerned if concerned else 0.0
        return {
            "success": concerned - violating >= self.mostly * concerned - 1e-9,  # 0.9 * 100 is not 90
            "result": {
                "element_count": concerned,
                "unexpected_count": violating,
                "unexpected_percent": share,
                "partial_unexpected_list": examples,
                "observed_value": f"{violating} of {concerned} rows",
            },
        }

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    @render_suite_parameter_string
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None, **kwargs: Any
    ) -> list[RenderedStringTemplateContent]:
        configuration = configuration or result.expectation_config
        values = {name: configuration.kwargs.get(name, field.default) for name, field in cls.__fields__.items()}
        text = cls.sentence.format_map(values)
        if values["mostly"] < 1:
            text += f", for at least {100 * values['mostly']:g} % of the rows"
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={"template": text.replace("$", "$$"), "params": {}},
            )
        ]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)
    def _diagnostic_unexpected_table_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> Any:
        examples = result.result.get("partial_unexpected_list") if result else None
        if not examples:
            return None
        return [
            RenderedTableContent(
                content_block_type="table",
                header_row=list(examples[0]),
                table=[list(example.values()) for example in examples],
                styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
            )
        ]


class RowRuleViolations(TableMetricProvider):
    """(rows concerned, rows violating, examples of those as column → text)."""

    metric_name = METRIC
    value_keys = ("applies", "violation", "shown")

    @metric_value(engine=PandasExecutionEngine)
    def _in_frame(
        cls,  # noqa: N805 - GX turns it into a class method
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[int, int, list[dict[str, str]]]:
        frame, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        with in_memory() as engine:
            engine.register("batch", frame)
            return _count(lambda sql: engine.execute(sql).fetchall(), metric_value_kwargs)

    @metric_value(engine=SqlAlchemyExecutionEngine)
    def _in_warehouse(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> tuple[int, int, list[dict[str, str]]]:
        import sqlalchemy

        rows, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        source = str(
            sqlalchemy.select(sqlalchemy.text("*"))
            .select_from(rows)
            .compile(dialect=execution_engine.dialect, compile_kwargs={"literal_binds": True})
        )

        def fetch(sql: str) -> list[Any]:
            statement = sqlalchemy.text(f"with batch as ({source}) {sql}".replace(":", r"\:"))
            return list(execution_engine.execute_query(statement).fetchall())

        return _count(fetch, metric_value_kwargs)


def statements(*, applies: str, violation: str, shown: Mapping[str, str]) -> tuple[str, str, str]:
    """Rows concerned, rows violating, and examples of those, over a relation named `batch`."""
    bad = f"from batch where ({applies}) and ({violation})"
    return (
        f"select count(*) from batch where ({applies})",
        f"select count(*) {bad}",
        f"select {', '.join(shown.values())} {bad} order by 1 limit {EXAMPLES}",
    )


def _count(fetch: Callable[[str], list[Any]], asked: dict[str, Any]) -> tuple[int, int, list[dict[str, str]]]:
    concern, violate, example = statements(**asked)
    ((concerned,),) = fetch(concern)
    ((violating,),) = fetch(violate)
    rows = fetch(example) if violating else []
    return int(concerned), int(violating), [dict(zip(asked["shown"], map(str, row), strict=True)) for row in rows]


Instant = datetime | SuiteParameterDict[str, Any]
"""A moment given when the suite is run: `{"$PARAMETER": "as_of"}` in the file."""
