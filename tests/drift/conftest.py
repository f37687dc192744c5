"""Fixtures shared with the other rooms."""

from tests.lineage.conftest import problems  # noqa: F401  (a fixture)
