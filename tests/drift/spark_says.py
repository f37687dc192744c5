"""Runs inside Spark's environment: what `schema_of_variant_agg` says of JSON texts, as the enrichment asks it.

Usage: spark_says.py FILE, with {"name": [text]} in it; prints {"name": type}.
"""

import json
import sys
from pathlib import Path

from pyspark.sql import SparkSession

ASKED = """SELECT schema_of_variant_agg(CASE WHEN try_variant_get(sent, '$', 'map<string,variant>') IS NOT NULL
  THEN sent END) AS said FROM (SELECT try_parse_json(value) AS sent FROM sent)"""


def main(path: str) -> None:
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.driver.memory", "900m").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    asked = json.loads(Path(path).read_text(encoding="utf-8"))
    said = {}
    for name, texts in asked.items():
        spark.createDataFrame([(text,) for text in texts], "value string").createOrReplaceTempView("sent")
        said[name] = spark.sql(ASKED).first()["said"]
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1])
