"""Drift in the record: what was observed against a named baseline, judged for everybody who reads it."""
