"""The words that both sides of the wire must spell alike: who we are, our facets' keys, where their schemas are."""

REPOSITORY = "https://github.com/ecompulse/pipeline"
SCHEMA_BASE = f"{REPOSITORY}/blob/main/lineage/schemas"

COLUMN_DETAILS = "ecompulse_columnDetails"
"""Dataset facet: nullability, keys, enums, length, precision, defaults, partitioning (lineage/schemas)."""
TASK_COUNTS = "ecompulse_taskCounts"
"""Run facet: rows in, out and rejected, topic offsets read, data interval (lineage/schemas)."""
PROFILE = "ecompulse_profile"
"""Dataset facet: of a sample's columns the top values, what kinds of values they are, mean, span (lineage/schemas)."""
