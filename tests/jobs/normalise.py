"""Run by spark-submit: messages (JSON lines: value as base64 or null, sent as ISO time) → rows as JSON lines."""

import base64
import json
import sys
from datetime import datetime
from pathlib import Path

from pyspark.sql import functions as F  # noqa: N812

from lineage.jobs import envelope, session

spark = session.start("normalise")
rows = []
for offset, line in enumerate(Path(sys.argv[1]).read_text().splitlines()):
    message = json.loads(line)
    value = None if message["value"] is None else bytearray(base64.b64decode(message["value"]))
    rows.append((None, value, "raw", 0, offset, datetime.fromisoformat(message["sent"]), []))
columns = "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, "
messages = spark.createDataFrame(rows, columns + "headers array<struct<key: string, value: binary>>")
found = (
    envelope.normalised(envelope.parsed(messages), future_hours=24).drop("key", "value", "headers").orderBy("offset")
)
as_json = F.to_json(F.struct("*"), {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSX"})
Path(sys.argv[2]).write_text("".join(row[0] + "\n" for row in found.select(as_json).collect()))
