"""# schema_evolution_dag

What the data looks like now against what somebody accepted: schema changes found in the lineage record, judged for each
reader, followed to everything they reach, and told once.

- **Healthy when** a run takes less than a minute and no task warns. Open drift does not fail a run: it is told to the
  owners when it is new and when it is over, and stands in the record until then (`catalog drift list`).
- **Look at** `catalog drift show NAME`, the drift facet of the dataset in the lineage backend, or the newest report
  (`reports/drift/latest.json` in the lake's bucket; its link is in the log of assess_impact).
- **Safe to rerun?** Yes, any task, at any time: the data is only looked at through the record. Who has been told of a
  finding is not told again.

A change that is meant is accepted by a person: `catalog drift accept NAME --by WHO --reason WHY`. The next run tells
that it is over.

| it fails | it means | do |
|---|---|---|
| read_schema_history, detect_schema_drift | no lineage backend | `stack status`, the variable MARQUEZ_URL |
| detect_schema_drift, "was not taken by" | neither Slack nor mail took the message | the connections; clear it |
| assess_impact, document_flow | the lake's object store | the connection lake_default, `stack status` |
"""

from airflow.sdk import DAG

from dags.settings import CATALOGUED, DEFAULTS, START_DATE
from lineage.operators.drift import (
    AssessImpactOperator,
    DetectSchemaDriftOperator,
    DocumentFlowOperator,
    ReadSchemaHistoryOperator,
)

with DAG(
    "schema_evolution_dag",
    description="Schema changes found in the lineage record, judged for each reader, followed and told once",
    doc_md=__doc__,
    schedule=[CATALOGUED],
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["ecompulse", "schema"],
) as dag:
    read = ReadSchemaHistoryOperator(task_id="read_schema_history")
    detect = DetectSchemaDriftOperator(task_id="detect_schema_drift", read_by="read_schema_history")
    assess = AssessImpactOperator(task_id="assess_impact", found_by="detect_schema_drift")
    document = DocumentFlowOperator(task_id="document_flow", reached_by="assess_impact")

    read >> detect >> assess >> document
