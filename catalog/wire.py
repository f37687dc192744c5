"""What both sides of the wire must spell alike: who we are, our facets' keys and schemas, the words of a verdict."""

from typing import Literal, get_args

REPOSITORY = "https://github.com/ecompulse/pipeline"
SCHEMA_BASE = f"{REPOSITORY}/blob/main/lineage/schemas"

COLUMN_DETAILS = "ecompulse_columnDetails"
"""Dataset facet: nullability, keys, enums, length, precision, defaults, partitioning (lineage/schemas)."""
TASK_COUNTS = "ecompulse_taskCounts"
"""Run facet: rows in, out and rejected, topic offsets read, data interval (lineage/schemas)."""
PROFILE = "ecompulse_profile"
"""Dataset facet: of a sample's columns the top values, what kinds of values they are, mean, span (lineage/schemas)."""
SCHEMA_DRIFT = "ecompulse_schemaDrift"
"""Dataset facet: the changes against a baseline that nobody has accepted, with their verdicts (lineage/schemas)."""
SCHEMA_BASELINE = "ecompulse_schemaBaseline"
"""Dataset facet: the columns that somebody accepted as a named baseline, who and why (lineage/schemas)."""
READING = "ecompulse_reading"
"""Job facet: of each input that the job does not read strictly, how it reads it (lineage/schemas)."""
Way = Literal["cast", "any"]
"""How a job reads values: it casts each, and one that cannot be cast is null or set aside, what it does not know is
passed on; or it takes whatever comes. A job that says nothing reads as strictly as its dataset's kind is read."""
WAYS: tuple[Way, ...] = get_args(Way)
MAIN = "main"
"""The baseline that is meant where none is named."""
Word = Literal["breaking", "cannot tell", "may break", "compatible"]
"""What a change is to whoever reads the dataset."""
VERDICTS: tuple[Word, ...] = get_args(Word)
"""The worst first."""
ACCEPT_JOB = "catalog.accept_drift"
"""The job that tells a baseline whenever somebody accepts one: its runs have no rhythm."""
