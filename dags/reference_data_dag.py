"""# reference_data_dag

The shop's products and user profiles: from its HTTP API to the lake, the lookup cache and the warehouse's dimensions.

- **Healthy when** a run takes seconds and rejects nothing. Enrichment joins with what this DAG left in the cache.
- **Look at** the rejected records under `landing/rejected/` in the lake's bucket when a fetch rejects some.
- **Safe to rerun?** Yes: each step replaces its target in one step.

| it fails | it means | do |
|---|---|---|
| fetch_product_catalog | the shop's API does not answer | it is tried again; then the connection shop_default |
| land_in_lake | the lake or its catalog | the connection lake_default, `stack status` |
| refresh_lookup_cache | the cache, or an empty lake table (the old cache stays) | the connection cache_default |
| load_dimensions | the transaction was rolled back | clear it |
| validate_lookup_cache | a critical expectation on the cache | the message names it; tell the owner it names |
"""

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable

from dags.settings import DEFAULTS, START_DATE
from lineage.operators.gx import GreatExpectationsOperator
from lineage.operators.reference import FetchCatalogOperator, LandInLakeOperator, RefreshLookupCacheOperator
from lineage.operators.warehouse import LoadDimensionsOperator

REFERENCE = Asset(name="ecompulse_reference_data", uri="x-ecompulse://reference-data")

with DAG(
    "reference_data_dag",
    description="Products and user profiles from the shop's API to lake, cache and warehouse",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["ecompulse", "reference"],
) as dag:
    fetch = FetchCatalogOperator(task_id="fetch_product_catalog", owner="catalog-team")
    land = LandInLakeOperator(task_id="land_in_lake")
    refresh = RefreshLookupCacheOperator(task_id="refresh_lookup_cache")
    load = LoadDimensionsOperator(task_id="load_dimensions")
    validate = GreatExpectationsOperator(
        task_id="validate_lookup_cache", contract_ids=["cache.product", "cache.user"], outlets=[REFERENCE]
    )

    fetch >> land >> refresh >> load >> validate
