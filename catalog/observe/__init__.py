"""Drift in the record: what was observed against a named baseline, judged for everybody who reads it."""

from catalog.observe.baseline import Baseline, acceptance, accepted, baseline, baseline_facet
from catalog.observe.observation import Observation, called, drift_facet, observe
from catalog.observe.reach import Reach, reach
from catalog.wire import ACCEPT_JOB, MAIN

__all__ = [
    "ACCEPT_JOB", "MAIN", "Baseline", "Observation", "Reach", "acceptance", "accepted", "baseline", "baseline_facet",
    "called", "drift_facet", "observe", "reach",
]  # fmt: skip
