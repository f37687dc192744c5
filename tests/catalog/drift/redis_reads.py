"""Runs inside Spark's environment: reads hashes as `lineage.jobs.lookup` does, prints what came as JSON.

Usage: redis_reads.py CONTRACT, with {"keys": [...], "columns": [...]} on standard input and the cache at $REDIS_URL.
"""

import json
import os
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from lineage.jobs import conf, lookup


def main(contract_id: str) -> None:
    asked = json.load(sys.stdin)
    builder = SparkSession.builder.master("local[1]").config("spark.driver.memory", "700m")
    spark = builder.config(map={**conf.ALWAYS, **conf.LOCAL}).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    cache, columns = lookup.connect(os.environ["REDIS_URL"]), asked["columns"]
    rows, _ = lookup.found(spark, cache, contract_id, asked["keys"], tuple(columns))
    texts = rows.select(rows.columns[0], *(F.col(name).cast("string") for name in columns))  # Python knows fewer dates
    print(json.dumps([list(row) for row in texts.collect()]))


if __name__ == "__main__":
    main(sys.argv[1])
