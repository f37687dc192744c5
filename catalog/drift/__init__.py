"""Drift: what changed between two shapes of a dataset, and what it means to each of its consumers. Pure."""

from catalog.drift.change import Change
from catalog.drift.classify import Consumer, Verdict, classify, worst
from catalog.drift.detect import detect
from catalog.drift.finding import Finding, judge
from catalog.drift.shape import Check, Part, Shape

__all__ = ["Change", "Check", "Consumer", "Finding", "Part", "Shape", "Verdict", "classify", "detect", "judge", "worst"]
