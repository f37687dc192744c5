"""From an Outcome to OpenLineage: the standard facets. Pure, but for the look-up of a class's source file.

Spec: openlineage.io/spec 2-0-2 and the facets' own versions (see the client's `generated` classes).
"""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openlineage.client import facet_v2 as ol
from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.generated.base import DatasetFacet, JobFacet, RunFacet

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.schema import Field, Schema
from catalog.wire import COLUMN_DETAILS, PROFILE, READING, REPOSITORY, SCHEMA_BASELINE, SCHEMA_DRIFT, TASK_COUNTS
from lineage import facets
from lineage.outcome import Check, ColumnMetrics, ColumnSource, Compared, Lifecycle, Outcome, Read, Written

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

ROOT = Path(__file__).resolve().parent.parent
TAG_SOURCE = "CONTRACT"


def operator_lineage(outcome: Outcome, *, source: type) -> "OperatorLineage[Any, Any]":
    """Everything OpenLineage can carry of this outcome; `source` is the class whose code did it."""
    from airflow.providers.openlineage.extractors import OperatorLineage

    return OperatorLineage(
        inputs=[_input(read) for read in outcome.inputs],
        outputs=[_output(written) for written in outcome.outputs],
        run_facets=run_facets(outcome),
        job_facets=job_facets(outcome, source=source),
    )


def run_facets(outcome: Outcome) -> dict[str, RunFacet]:
    """Our counts, one test entry per expectation (TestRunFacet 1-0-1), and the data interval.

    Airflow tells the interval only of runs that have one themselves: not of those that an asset triggered.
    """
    found: dict[str, RunFacet] = {TASK_COUNTS: facets.task_counts(outcome)}
    if outcome.interval:
        start, end = (at.isoformat() for at in outcome.interval)
        found["nominalTime"] = ol.nominal_time_run.NominalTimeRunFacet(nominalStartTime=start, nominalEndTime=end)
    if outcome.checks:
        found["test"] = ol.test_run.TestRunFacet(tests=[_test(check) for check in outcome.checks])
    return found


def job_facets(outcome: Outcome, *, source: type) -> dict[str, JobFacet]:
    """Where the code is, the SQL that ran, and how inputs are read."""
    path = Path(inspect.getfile(source)).resolve()
    inside = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    revision = os.environ.get("ECOMPULSE_REVISION", "main")
    found: dict[str, JobFacet] = {
        "sourceCodeLocation": ol.source_code_location_job.SourceCodeLocationJobFacet(
            type="git", url=f"{REPOSITORY}/blob/{revision}/{inside}", repoUrl=REPOSITORY, path=inside, version=revision
        )
    }
    if reading := facets.reading(outcome):
        found[READING] = reading
    if outcome.sql:
        found["sql"] = ol.sql_job.SQLJobFacet(query=";\n".join(statement.strip() for statement in outcome.sql))
    return found


def dataset_facets(
    dataset: Dataset, *, contract: Contract | None, schema: Schema | None = None
) -> dict[str, DatasetFacet]:
    """What is known of a dataset whoever touches it: the observed schema when given, else the contract's."""
    known = schema or (contract.schema if contract else None)
    found: dict[str, DatasetFacet] = {
        "dataSource": ol.datasource_dataset.DatasourceDatasetFacet(name=dataset.namespace, uri=dataset.namespace)
    }
    if known is not None:
        found["schema"] = ol.schema_dataset.SchemaDatasetFacet(fields=_schema_fields(known.fields))
        found[COLUMN_DETAILS] = facets.column_details(known, contract, observed=schema is not None)
    if contract is not None:
        found |= promises(contract)
    return found


def summary(outcome: Outcome) -> dict[str, Any]:
    """The outcome in JSON, for XCom and for people: counts, datasets, checks, messages, links."""
    return {
        "rows_in": outcome.rows_in,
        "rows_out": outcome.rows_out,
        "rows_rejected": outcome.rows_rejected,
        "rows_duplicate": outcome.rows_duplicate,
        "rejected": dict(outcome.rejected),
        "interval": [at.isoformat() for at in outcome.interval] if outcome.interval else None,
        "counts": dict(outcome.counts),
        "offsets": [facets.offset_range(at) for at in outcome.offsets],
        "inputs": [str(read.dataset) for read in outcome.inputs],
        "outputs": {str(written.dataset): written.rows for written in outcome.outputs},
        "checks": [_check(check, read.dataset) for read in outcome.inputs for check in read.checks],
        "messages": [f"{message.channel}: {message.subject}" for message in outcome.messages],
        "links": dict(outcome.links),
        "seconds": outcome.usage.seconds if outcome.usage else None,
        "cpu_seconds": outcome.usage.cpu_s if outcome.usage else None,
        "peak_memory_bytes": outcome.usage.peak_bytes if outcome.usage else None,
    }


def promises(contract: Contract) -> dict[str, DatasetFacet]:
    """Whose a dataset is, what it is, and its tags: what a contract says whoever touches the dataset."""
    tags: list[tuple[str, str, str | None]] = [("tier", contract.tier, None)]
    tags += [(tag, "true", None) for tag in contract.tags]
    tags += [("pii", "true", path) for path in contract.pii]
    return {
        "ownership": ol.ownership_dataset.OwnershipDatasetFacet(
            owners=[ol.ownership_dataset.Owner(name=f"team:{contract.owner}", type="MAINTAINER")]
        ),
        "documentation": ol.documentation_dataset.DocumentationDatasetFacet(description=contract.description),
        "tags": ol.tags_dataset.TagsDatasetFacet(
            tags=[
                ol.tags_dataset.TagsDatasetFacetFields(key=key, value=value, source=TAG_SOURCE, field=path)
                for key, value, path in tags
            ]
        ),
    }


def _schema_fields(fields: tuple[Field, ...]) -> list[ol.schema_dataset.SchemaDatasetFacetFields]:
    return [
        ol.schema_dataset.SchemaDatasetFacetFields(
            name=field.name,
            type=field.type,
            description=field.description or None,
            ordinal_position=position,
            fields=_schema_fields(field.fields),
        )
        for position, field in enumerate(fields, start=1)
    ]


def _input(read: Read) -> InputDataset:
    found: dict[str, Any] = {}
    if read.checks:
        found["dataQualityAssertions"] = ol.data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
            assertions=[_assertion(check) for check in read.checks]
        )
    if read.metrics or read.rows is not None:
        found["dataQualityMetrics"] = ol.data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
            columnMetrics={name: _metrics(metrics) for name, metrics in read.metrics.items()},
            rowCount=read.rows,
            lastUpdated=read.newest.isoformat() if read.newest else None,
        )
    described = dataset_facets(read.dataset, contract=read.contract, schema=read.schema)
    if read.lifecycle:
        described["lifecycleStateChange"] = _lifecycle(read.lifecycle)
    if read.profile is not None:
        described[PROFILE] = facets.profile(read.profile)
    if read.compared is not None:
        described = _compared(read.compared, described)
    return facets.Input(
        namespace=read.dataset.namespace,
        name=read.dataset.name,
        facets=described,
        inputFacets=found,
    )


def _compared(found: Compared, described: dict[str, DatasetFacet]) -> dict[str, DatasetFacet]:
    """What is known of the dataset but its schema, and what the comparison found."""
    known = {key: value for key, value in described.items() if key not in ("schema", COLUMN_DETAILS)}
    if found.description and "documentation" not in known:
        known["documentation"] = ol.documentation_dataset.DocumentationDatasetFacet(description=found.description)
    if found.drift is not None:
        known[SCHEMA_DRIFT] = facets.SchemaDriftDatasetFacet(**found.drift)
    if found.baseline is not None:
        known[SCHEMA_BASELINE] = facets.SchemaBaselineDatasetFacet(**found.baseline)
    return known


def _output(written: Written) -> OutputDataset:
    described = dataset_facets(written.dataset, contract=written.contract, schema=written.schema)
    if written.columns:
        described["columnLineage"] = ol.column_lineage_dataset.ColumnLineageDatasetFacet(
            fields={column: _origins(sources) for column, sources in written.columns.items()}
        )
    if written.lifecycle:
        described["lifecycleStateChange"] = _lifecycle(written.lifecycle)
    figures: dict[str, Any] = {}
    if written.rows is not None or written.size_bytes is not None:
        figures["outputStatistics"] = ol.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            rowCount=written.rows, size=written.size_bytes, fileCount=written.files
        )
    return facets.Output(
        namespace=written.dataset.namespace, name=written.dataset.name, facets=described, outputFacets=figures
    )


def _lifecycle(change: Lifecycle) -> DatasetFacet:
    found = ol.lifecycle_state_change_dataset.LifecycleStateChange(change)
    return ol.lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(found)


def _origins(sources: tuple[ColumnSource, ...]) -> ol.column_lineage_dataset.Fields:
    """Per-input transformations, and the older summary beside them: Marquez stores only that one (#2851)."""
    kinds = sorted({source.transformation.subtype for source in sources})
    return ol.column_lineage_dataset.Fields(
        inputFields=[
            ol.column_lineage_dataset.InputField(
                namespace=source.dataset.namespace,
                name=source.dataset.name,
                field=source.column,
                transformations=[
                    ol.column_lineage_dataset.Transformation(
                        type=source.transformation.type,
                        subtype=source.transformation.subtype,
                        description=source.transformation.description or None,
                        masking=source.transformation.masking,
                    )
                ],
            )
            for source in sources
        ],
        transformationDescription="; ".join(
            dict.fromkeys(source.transformation.description for source in sources if source.transformation.description)
        )
        or None,
        transformationType=",".join(kinds),
    )


def _metrics(metrics: ColumnMetrics) -> ol.data_quality_metrics_input_dataset.ColumnMetrics:
    return ol.data_quality_metrics_input_dataset.ColumnMetrics(
        count=metrics.row_count,
        nullCount=metrics.null_count,
        distinctCount=metrics.distinct_count,
        sum=metrics.total,
        min=metrics.minimum,
        max=metrics.maximum,
        quantiles=dict(metrics.quantiles) or None,
    )


def _check(check: Check, dataset: Dataset) -> Mapping[str, Any]:
    return {
        "dataset": str(dataset), "name": check.name, "column": check.column, "title": check.title,
        "success": check.success, "severity": check.severity, "expected": check.expected, "actual": check.actual,
        "params": dict(check.params), "examples": list(check.examples),
    }  # fmt: skip


def _assertion(check: Check) -> ol.data_quality_assertions_dataset.Assertion:
    return ol.data_quality_assertions_dataset.Assertion(
        assertion=check.name, success=check.success, column=check.column, name=check.title, **_verdict(check)
    )


def _test(check: Check) -> ol.test_run.TestExecution:
    status = "pass" if check.success else "fail"
    return ol.test_run.TestExecution(name=check.title, status=status, type="expectation", **_verdict(check))


def _verdict(check: Check) -> dict[str, Any]:
    return {
        "severity": {"critical": "error", "warning": "warn"}[check.severity],
        "expected": check.expected,
        "actual": check.found,
        "params": dict(check.params),
    }
