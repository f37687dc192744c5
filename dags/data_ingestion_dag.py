"""# data_ingestion_dag

Shop events from Kafka to the reports, once an hour.

- **Healthy when** a run takes a few minutes, `start_spark_enrichment_job` rejects about 1 % and every check is green.
  An hour without events is green too; on a new deployment it warns that tables have no rows yet.
- **Look at** the task's log, then its run in the lineage backend (rows in, out, rejected; offsets), then the data docs.
- **Safe to rerun?** Yes, any task, at any time: each stage continues from a mark committed together with its rows.

| it fails | it means | do |
|---|---|---|
| validate_kafka_connectivity | no broker, or a topic cannot be made | `stack status`, the connection kafka_default |
| start_spark_enrichment_job | Spark, the lake or the cache | the last lines of the driver's log are in the task's log |
| validate_… | a critical expectation does not hold | the message names it, the rows and the owner |
| update_data_warehouse | the transaction was rolled back | nothing is half loaded; clear it |
"""

from datetime import timedelta

from airflow.sdk import DAG, AsyncCallback, CronDataIntervalTimetable, DeadlineAlert, DeadlineReference

from dags.settings import DEFAULTS, INGESTED, REPLICATION, START_DATE
from lineage.notifier import tell_late
from lineage.operators.gx import GreatExpectationsOperator
from lineage.operators.kafka import KafkaTopicOperator
from lineage.operators.report import GenerateReportsOperator
from lineage.operators.slack import SlackNotificationOperator
from lineage.operators.spark import SparkKubernetesOperator
from lineage.operators.warehouse import LoadWarehouseOperator

GROUP = "spark-enrichment-consumer"
TOPICS = [
    "kafka.ecommerce-events-raw",
    "kafka.ecommerce-events-enriched",
    "kafka.ecommerce-events-dlq",
    "kafka.user-sessions",
    "kafka.realtime-metrics",
    "kafka.system-alerts",
    "kafka.data-quality-issues",
    "kafka.config-changes",
]
# A scheduled or backfilled run takes the messages of its interval, one by hand all there is (docs/decisions/0005).
UNTIL = "{{ data_interval_end.isoformat() if dag_run.run_type in ('scheduled', 'backfill') else '' }}"
LATE = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(minutes=50),
    callback=AsyncCallback(tell_late, kwargs={"limit": "50 minutes"}),
)

with DAG(
    "data_ingestion_dag",
    description="Shop events from Kafka through Spark, lake and warehouse to the reports",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("@hourly", timezone="UTC"),
    start_date=START_DATE,
    catchup=True,
    max_active_runs=1,
    default_args=DEFAULTS,
    deadline=LATE,
    tags=["ecompulse", "ingestion"],
) as dag:
    connect = KafkaTopicOperator(
        task_id="validate_kafka_connectivity", contract_ids=TOPICS, group=GROUP, replication=REPLICATION
    )
    enrich = SparkKubernetesOperator(
        task_id="start_spark_enrichment_job",
        application="lineage/jobs/enrich.py",
        job="enrich_events",
        reads=["kafka.ecommerce-events-raw", "cache.product", "cache.user"],
        writes=[
            "lake.enriched_events",
            "kafka.ecommerce-events-enriched",
            "kafka.ecommerce-events-dlq",
            "kafka.data-quality-issues",
        ],
        arguments={"until": UNTIL},
        group=GROUP,
    )
    check_enriched = GreatExpectationsOperator(
        task_id="validate_enriched_data_quality",
        contract_ids=["lake.enriched_events"],
        loads_into={"lake.enriched_events": "events"},
    )
    analyse = SparkKubernetesOperator(
        task_id="trigger_session_analytics",
        application="lineage/jobs/sessions.py",
        job="analyse_sessions",
        reads=["lake.enriched_events"],
        writes=[
            "lake.user_sessions",
            "lake.session_funnel",
            "kafka.user-sessions",
            "kafka.realtime-metrics",
            "kafka.system-alerts",
        ],
        owner="analytics",
    )
    check_sessions = GreatExpectationsOperator(
        task_id="validate_session_metrics",
        contract_ids=["lake.user_sessions", "lake.session_funnel"],
        loads_into={"lake.user_sessions": "user_sessions"},
        owner="analytics",
    )
    load = LoadWarehouseOperator(task_id="update_data_warehouse")
    check_warehouse = GreatExpectationsOperator(
        task_id="validate_warehouse_data",
        contract_ids=["warehouse.events", "warehouse.user_sessions", "warehouse.daily_summary"],
    )
    report = GenerateReportsOperator(task_id="generate_business_reports", owner="analytics")
    tell = SlackNotificationOperator(
        task_id="send_completion_notification",
        title="data_ingestion_dag",
        about=["object.business_report"],
        task_ids=[
            "validate_kafka_connectivity",
            "start_spark_enrichment_job",
            "validate_enriched_data_quality",
            "trigger_session_analytics",
            "validate_session_metrics",
            "update_data_warehouse",
            "validate_warehouse_data",
            "generate_business_reports",
        ],
        outlets=[INGESTED],
    )

    connect >> enrich >> check_enriched >> analyse >> check_sessions
    check_sessions >> load >> check_warehouse >> report >> tell
