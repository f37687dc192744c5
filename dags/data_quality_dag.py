"""# data_quality_dag

What the data looks like after each ingestion: profiled, checked, compared with its own history, told to the catalog.

- **Healthy when** a run takes two or three minutes and the last task is green: no critical expectation failed.
- **Look at** the newest report (`reports/quality/latest.html` in the lake's bucket; its link is in the last task's
  log).
- **Safe to rerun?** Yes, any task, at any time: nothing here changes the data. The same messages are looked at again
  when a run is triggered with the offsets of an earlier one: `{"offsets": [...]}`, as `profile_raw_events` told them.

A failed expectation does not stop what follows: its owner is alerted at once, the finding has to reach the catalog and
the report, and the last task fails the run when a critical one is among them, after the report is written.

| it fails | it means | do |
|---|---|---|
| profile_raw_events | no broker, or the offsets asked for are deleted | `stack status`; trigger it without offsets |
| validate_…, check_… | a dataset cannot be read | the message names the connection or the missing table |
| detect_anomalies, update_data_catalog | no lineage backend | `stack status`, the variable MARQUEZ_URL |
| generate_quality_report | a critical expectation failed | open the report: rows, owner, what is downstream |
"""

from airflow.sdk import DAG, Param

from dags.settings import CATALOGUED, DEFAULTS, INGESTED, START_DATE
from lineage.operators.anomaly import DetectAnomaliesOperator
from lineage.operators.catalog import UpdateCatalogOperator
from lineage.operators.gx import GreatExpectationsOperator
from lineage.operators.profile import ProfileTopicOperator
from lineage.operators.quality import GenerateQualityReportOperator
from lineage.watch import Watch

RAW = "kafka.ecommerce-events-raw"
CHECKED = [
    RAW,
    "lake.enriched_events",
    "lake.user_sessions",
    "lake.session_funnel",
    "warehouse.events",
    "warehouse.user_sessions",
    "warehouse.daily_summary",
    "cache.product",
    "cache.user",
]
SAMPLED = "{{ ti.xcom_pull(task_ids='profile_raw_events')['offsets'] | tojson }}"
WATCHED = [
    Watch(
        contract_id="lake.enriched_events",
        told_by="data_ingestion_dag.start_spark_enrichment_job",
        figures=["row_count"],
    ),
    Watch(
        contract_id="lake.enriched_events",
        told_by="data_ingestion_dag.validate_enriched_data_quality",
        figures=["null_count(user_id)", "null_count(total_amount)", "mean(total_amount)", "mean(price)", "freshness"],
    ),
    Watch(
        contract_id="lake.user_sessions",
        told_by="data_ingestion_dag.trigger_session_analytics",
        figures=["row_count"],
    ),
    Watch(
        contract_id="lake.user_sessions",
        told_by="data_ingestion_dag.validate_session_metrics",
        figures=["mean(session_duration_minutes)"],
    ),
    Watch(
        contract_id=RAW,
        told_by="data_quality_dag.profile_raw_events",
        figures=[
            "null_count(user_id)",
            "distinct_count(session_id)",
            "mean(properties.price)",
            "mix(event_type)",
            "mix(eventName)",
            "mix(event_name)",
            "mix(properties.payment_method)",
        ],
    ),
]

with DAG(
    "data_quality_dag",
    description="Profile, check and compare what an ingestion brought, and tell the catalog and the people",
    doc_md=__doc__,
    schedule=[INGESTED],
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    params={"offsets": Param([], type="array", description="Messages to look at again, as an earlier run told them")},
    tags=["ecompulse", "quality"],
) as dag:
    profile = ProfileTopicOperator(
        task_id="profile_raw_events",
        contract_id=RAW,
        offsets="{{ params.offsets | tojson }}",
        follows="start_spark_enrichment_job",
    )
    check_schema = GreatExpectationsOperator(
        task_id="validate_schema_compliance",
        contract_ids=CHECKED,
        aspects=["schema"],
        offsets=SAMPLED,
        fail_on="never",
    )
    check_completeness = GreatExpectationsOperator(
        task_id="check_completeness_rates",
        contract_ids=CHECKED,
        aspects=["completeness"],
        offsets=SAMPLED,
        fail_on="never",
    )
    check_rules = GreatExpectationsOperator(
        task_id="validate_business_rules",
        contract_ids=CHECKED,
        aspects=["business"],
        offsets=SAMPLED,
        fail_on="never",
        owner="analytics",
    )
    detect = DetectAnomaliesOperator(
        task_id="detect_anomalies", watches=WATCHED, after=["profile_raw_events", "validate_business_rules"]
    )
    update = UpdateCatalogOperator(task_id="update_data_catalog", outlets=[CATALOGUED])
    report = GenerateQualityReportOperator(
        task_id="generate_quality_report",
        task_ids=[
            "validate_schema_compliance",
            "check_completeness_rates",
            "validate_business_rules",
            "detect_anomalies",
        ],
        contract_ids=CHECKED,
        profiled_by="profile_raw_events",
    )

    profile >> check_schema >> check_completeness >> check_rules >> detect >> update >> report
