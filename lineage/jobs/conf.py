"""What Spark must be told before it starts: the lake's catalog, the lineage listener, a local driver.

Plain dictionaries, so that `spark-submit --conf`, a SparkApplication's `spec.sparkConf` and a test use the same ones.
Keys and passwords are never in here: the AWS clients find them in the environment (on Kubernetes: the role).
"""

from collections.abc import Mapping
from dataclasses import dataclass

CATALOG = "lake"
DATABASE = "ecom"
LISTENER = "io.openlineage.spark.agent.OpenLineageSparkListener"

ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",  # a sender that repeats a JSON key must not stop the batch
    "spark.sql.variant.allowDuplicateKeys": "true",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    # What costs every run and serves none: a look at the Python stack, told to the JVM, for each column that we name;
    # Unicode's tables, for currencies in capitals; the best of six encodings for each column that is kept for minutes.
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.icu.caseMappings.enabled": "false",
    "spark.sql.inMemoryColumnarStorage.compressed": "false",
}

LOCAL = {
    # Most of a short run is compiling: 33 s of processor time instead of 60 s for 20,000 events. With one tier the JVM
    # reserves only 48 MB for code, and our plans fill that ("Out of space in CodeCache"): as much as with all tiers.
    # The parallel collector takes a fifth less processor time than G1, which is for heaps larger than this.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseParallelGC",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.enabled": "false",  # nothing to adapt on one machine, and each stage would be planned again
}

#: Plans that carry no dataset of ours, and facets that repeat the machine's settings.
_LISTENER_ALWAYS = {
    "spark.extraListeners": LISTENER,
    "spark.openlineage.filter.rddEventsDisabled": "true",
    "spark.openlineage.filter.deniedSparkNodes": (
        "[org.apache.spark.sql.catalyst.plans.logical.CommandResult"
        ";org.apache.spark.sql.catalyst.plans.logical.DeserializeToObject]"
    ),
    "spark.openlineage.facets.spark_properties.disabled": "true",
    "spark.openlineage.facets.environment-properties.disabled": "true",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """Where the lake is. The endpoints are given only when they are not Amazon's own."""

    bucket: str
    region: str
    account_id: str
    s3_endpoint: str | None = None
    glue_endpoint: str | None = None

    def conf(self) -> dict[str, str]:
        """Iceberg's catalog over Glue with S3FileIO.

        `catalog-impl`, not `type`, and `spark.glue.accountId`: openlineage-spark 1.53 drops the tables otherwise.
        """
        catalog = f"spark.sql.catalog.{CATALOG}"
        found = {
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            catalog: "org.apache.iceberg.spark.SparkCatalog",
            f"{catalog}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
            f"{catalog}.warehouse": f"s3://{self.bucket}/warehouse",
            f"{catalog}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            f"{catalog}.client.region": self.region,
            f"{catalog}.http-client.type": "urlconnection",
            f"{catalog}.cache-enabled": "false",  # another writer's commit is seen at once
            "spark.glue.accountId": self.account_id,
        }
        if self.s3_endpoint:
            found |= {f"{catalog}.s3.endpoint": self.s3_endpoint, f"{catalog}.s3.path-style-access": "true"}
        if self.glue_endpoint:
            found[f"{catalog}.glue.endpoint"] = self.glue_endpoint
        return found


def listener(
    namespace: str, transport: Mapping[str, str], *, parent: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The OpenLineage listener: `transport` by its own keys (type, location, url), `parent` as the whole Spark keys."""
    sent = {f"spark.openlineage.transport.{key}": value for key, value in transport.items()}
    return _LISTENER_ALWAYS | {"spark.openlineage.namespace": namespace} | sent | dict(parent or {})
