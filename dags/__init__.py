"""The DAG files: wiring only."""
