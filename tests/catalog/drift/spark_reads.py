"""Runs inside Spark's environment: writes each type to Parquet, reads it as each other, prints what came as JSON.

Usage: spark_reads.py FOLDER, with {"values": {type: [SQL literal]}, "files": {type: path}, "pairs": [[before, after,
zone]]} on standard input. Where the reader's zone is not UTC, values are changed back to the former type there.
"""

import json
import sys

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession


def main(folder: str) -> None:
    asked = json.load(sys.stdin)
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.session.timeZone", "UTC").config("spark.driver.memory", "700m").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    written: dict[str, str] = asked["files"]
    for number, (type, literals) in enumerate(asked["values"].items()):
        rows = " UNION ALL ".join(f"SELECT CAST({literal} AS {type}) AS value" for literal in literals)
        written[type] = f"{folder}/{number}"
        spark.sql(rows).coalesce(1).write.parquet(written[type])
    told = []
    for before, after, zone in asked["pairs"]:
        spark.conf.set("spark.sql.session.timeZone", zone)
        back = "value" if zone == "UTC" else f"CAST(CAST(value AS {before}) AS STRING) AS value"
        told.append([before, after, zone, *read(spark, written[before], after, back)])
    print(json.dumps(told))


def read(spark: SparkSession, path: str, type: str, column: str) -> tuple[bool, list[str]]:
    """Whether it can be read, and the values as text, in order."""
    try:
        rows = spark.read.schema(f"value {type}").parquet(path).selectExpr(column).collect()
    except (PySparkException, Py4JJavaError):
        return False, []
    return True, sorted(str(row.value) for row in rows)


if __name__ == "__main__":
    main(sys.argv[1])
