"""What every page is made from: an index opened for reading, the settings, and whether a server answers queries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from catalog.dataset import Dataset
from catalog.entry import CheckEntry, Completeness, DatasetEntry, Job, JobEntry, Node
from catalog.index import Index, glance
from catalog.index.glance import DatasetMark, JobMark
from catalog.observe import told
from catalog.settings import Settings
from catalog.site import address, render
from catalog.wire import SCHEMA_DRIFT

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class NoSuchPage(LookupError):
    """Nothing in the record has this address; `words` are what the address seems to name, to search for."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.words = path.rsplit("/", 1)[-1].removesuffix(".html").rsplit("-", 1)[0].replace("-", " ")
        super().__init__(f"nothing in the record has the page {path!r}")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One generation of the record; what several pages need is read once. Not changed after it is made."""

    index: Index
    settings: Settings
    live: bool = True
    """Whether a server answers: queries and depths can be links."""

    @cached_property
    def completeness(self) -> Completeness:
        """How far the record can be trusted."""
        return self.index.completeness()

    @cached_property
    def now(self) -> datetime:
        """When the record was read last, else its newest run began: what "this week" counts back from."""
        newest = self.index.runs(limit=1)
        return self.completeness.as_of or (newest[0].started if newest else None) or LONG_AGO

    @cached_property
    def datasets(self) -> Mapping[Dataset, DatasetMark]:
        """How every dataset stands."""
        return glance.datasets(self.index)

    @cached_property
    def jobs(self) -> Mapping[Job, JobMark]:
        """How every job stands."""
        return glance.jobs(self.index)

    @cached_property
    def drifts(self) -> Mapping[Dataset, told.Standing]:
        """How each dataset that schema_evolution_dag has looked at stands to its baseline: dear, too."""
        return {one: told.standing(one, facet) for one, facet in self.index.drifts().items()}

    def standing(self, dataset: Dataset) -> told.Standing | None:
        """How one dataset stands to its baseline; None when nobody has looked."""
        found = self.index.facet(dataset, SCHEMA_DRIFT)
        return told.standing(dataset, found[0]) if found else None

    @cached_property
    def entries(self) -> tuple[DatasetEntry, ...]:
        """Every dataset in full but for its columns: dear, for pages that list them all."""
        return tuple(entry for entry in self.index.datasets() if not entry.vanished)

    @cached_property
    def work(self) -> Mapping[Job, JobEntry]:
        """Every job in full: dear, too."""
        return {entry.job: entry for entry in self.index.jobs()}

    @cached_property
    def checks(self) -> tuple[CheckEntry, ...]:
        """Every check that the newest run of its job still told."""
        return tuple(check for check in self.index.checks() if check.current)

    @cached_property
    def _nodes(self) -> Mapping[str, Node]:
        return {address.slug(node): node for node in self.nodes()}

    def nodes(self) -> list[Node]:
        """Every dataset, then every job."""
        return [*self.datasets, *self.jobs]

    def node(self, slug: str, *, path: str) -> Node:
        """The dataset or job with this word in its address.

        Raises:
            NoSuchPage: there is none.
        """
        if slug not in self._nodes:
            raise NoSuchPage(path)
        return self._nodes[slug]

    def page(self, template: str, *, path: str, **parts: object) -> str:
        """The template filled in, with what all pages show."""
        return render.page(
            template,
            path=path,
            completeness=self.completeness,
            settings=self.settings,
            live=self.live,
            site=self,
            **parts,
        )

    def kind(self, node: Node) -> str:
        """The icon of a node: a dataset's kind or a job's role; reports have their own."""
        if isinstance(node, Job):
            return self.jobs[node].role if node in self.jobs else "task"
        mark = self.datasets.get(node)
        if mark is None:
            return "object"
        return "report" if "report" in (mark.contract or "") else mark.kind
