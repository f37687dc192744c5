"""The search page, and the page for an address that is none."""

from dataclasses import dataclass

from catalog import search as searching
from catalog.search.query import STATES, parse
from catalog.site import address
from catalog.site.reading import NoSuchPage, Reading

SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of a facet: following it adds it to the query, or takes it out again."""

    value: str
    count: int
    link: str
    chosen: bool


def find(site: Reading, query: str, *, limit: int = SHOWN) -> str:
    """What matches, best first, with facets as links; without a query everything, most used first."""
    answer = searching.search(site.index, query, limit=limit)
    facets = [
        (facet.name, [choice(query, facet.name, value, count) for value, count in facet.values])
        for facet in answer.value.facets
        if facet.values
    ]
    return site.page("search.html", path=address.SEARCH, query=query, results=answer.value, facets=facets, limit=limit)


def choice(query: str, name: str, value: str, count: int) -> Choice:
    """A facet's value as a link to the query with it, or without it when it is already there."""
    token = f"is:{value}" if value in STATES else f"{name}:{_quoted(value)}"
    chosen = token in query.split() or any(f.value == value.lower() and not f.negative for f in parse(query).filters)
    rest = query.replace(token, "").split() if chosen else [*query.split(), token]
    return Choice(value=value, count=count, link=address.search(" ".join(rest)), chosen=chosen)


def lost(site: Reading, problem: NoSuchPage) -> str:
    """A page that helps on: what the address may have meant."""
    hits = searching.search(site.index, problem.words, limit=6).value.hits if problem.words else ()
    return site.page("lost.html", path=problem.path, words=problem.words, hits=hits)


def _quoted(value: str) -> str:
    return f'"{value}"' if any(letter in value for letter in " :") else value
