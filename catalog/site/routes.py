"""Which page is at which address: one table for the server and for published files."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from catalog.dataset import Dataset
from catalog.entry import Job
from catalog.site import address
from catalog.site.pages import drifting, finding, flows, overview, things
from catalog.site.reading import NoSuchPage, Reading

Query = Mapping[str, str]
N = TypeVar("N", Dataset, Job)
_Page = Callable[[Reading, str, Query], str]


def render(site: Reading, path: str, query: Query) -> str:
    """The page at a path, which may lack its `.html`, with what stands after the question mark.

    Raises:
        NoSuchPage: there is none.
    """
    path = path if path.endswith(".html") else f"{path or 'index'}.html"
    if path in _TOP:
        return _TOP[path](site, path, query)
    match = re.fullmatch(r"(dataset|job|graph|column|run|flow|drift)/(.+)\.html", path)
    if match is None:
        raise NoSuchPage(path)
    return _THINGS[match[1]](site, match[2], query)


def starts(site: Reading) -> Iterator[str]:
    """The addresses from which links lead to all others, in order."""
    yield from _TOP
    for node in site.nodes():
        yield address.of(node)


def _whole(query: Query, name: str, *, default: int, most: int) -> int:
    given = query.get(name, "")
    return min(int(given), most) if given.isascii() and given.isdecimal() and len(given) < 10 else default


def _one(site: Reading, kind: type[N], slug: str, *, path: str) -> N:
    node = site.node(slug, path=path)
    if not isinstance(node, kind):
        raise NoSuchPage(path)
    return node


def _of(kind: type[N], page: Callable[[Reading, N], str], place: str) -> _Page:
    """Pages of datasets, or of jobs, in a folder."""
    return lambda site, slug, _: page(site, _one(site, kind, slug, path=f"{place}/{slug}.html"))


def _column(site: Reading, rest: str, _: Query) -> str:
    path = f"column/{rest}.html"
    slug, _slash, column = rest.partition("/")
    return things.column(site, _one(site, Dataset, slug, path=path), column, path=path)


def _graph(site: Reading, slug: str, query: Query) -> str:
    limit = things.LARGEST if query.get("all") else _whole(query, "limit", default=things.DRAWN, most=things.LARGEST)
    depth = _whole(query, "depth", default=0, most=100) or None
    return things.lineage(site, site.node(slug, path=f"graph/{slug}.html"), limit=limit, depth=depth)


_TOP: Mapping[str, _Page] = {
    address.HOME: lambda site, _, query: overview.home(site),
    address.SEARCH: lambda site, _, query: finding.find(
        site, query.get("q", "")[:400].strip(), limit=_whole(query, "limit", default=finding.SHOWN, most=500)
    ),
    address.CHANGES: lambda site, _, query: overview.changed(site, days=_whole(query, "days", default=30, most=36500)),
    address.QUALITY: lambda site, _, query: overview.quality(site),
    address.DRIFT: lambda site, _, query: drifting.listed(site),
    address.FLOWS: lambda site, _, query: flows.listed(site),
}
_THINGS: Mapping[str, _Page] = {
    "dataset": _of(Dataset, things.dataset, "dataset"),
    "job": _of(Job, things.job, "job"),
    "column": _column,
    "graph": _graph,
    "run": lambda site, run_id, _: things.run(site, run_id, path=f"run/{run_id}.html"),
    "drift": _of(Dataset, drifting.dataset, "drift"),
    "flow": _of(Dataset, flows.flow, "flow"),
}
