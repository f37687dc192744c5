"""The index of the data docs as a page that needs nothing but itself: GX's own is empty without scripts of other hosts.

great_expectations.yml names both classes; GX calls the first with the site's links, and the second with what it gave.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Links = Mapping[str, Any]


class IndexLinks:
    """In the place of GX's renderer: the links as they are."""

    def render(self, links: Links) -> Links:
        """The same links."""
        return links


class IndexPage:
    """In the place of GX's view: the newest results first, and the suites."""

    def render(self, links: Links, **given: object) -> str:
        """The page."""
        from lineage.reports.page import environment

        results = [one | {"at": _moment(one["run_time"])} for one in links.get("validations_links", ())]
        results.sort(key=lambda one: (one["at"], one["batch_identifier"]), reverse=True)
        suites = sorted(links.get("expectations_links", ()), key=lambda one: str(one["expectation_suite_name"]))
        return environment().get_template("checks.html").render(results=results, suites=suites)


def _moment(told: datetime | str) -> datetime:
    at = datetime.fromisoformat(told) if isinstance(told, str) else told
    return at.astimezone(UTC)
