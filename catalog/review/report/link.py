"""Where a reader of a report goes from it: the line of a finding on the web, and the whole report."""

from dataclasses import dataclass
from urllib.parse import quote

from catalog.review.review import Place, Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses outside of the review; "" where there is none, then a place is named and not linked."""

    repository: str = ""
    """The repository's page, such as https://github.com/ecompulse/pipeline."""
    report: str = ""
    """Where everything is that a short form leaves out, such as the page of the workflow's run."""

    def of(self, place: Place, review: Review) -> str:
        """The line, in the commit in which it stands; "" without a repository's page."""
        if not self.repository:
            return ""
        commit = review.base if place.removed else review.head
        return f"{self.repository.rstrip('/')}/blob/{quote(commit)}/{quote(place.path)}#L{place.line}"
