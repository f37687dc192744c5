"""The lineage backend: configuration of the real server, and an embedded one with the same REST API."""
