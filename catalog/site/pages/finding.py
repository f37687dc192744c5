"""The search page, and the page for an address that is none."""

from dataclasses import dataclass

from catalog import search as searching
from catalog.search.query import STATES
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
    token = _token(name, value)
    chosen = f" {token} " in f" {query} "
    asked = f" {query} ".replace(f" {token} ", " ") if chosen else f"{query} {token}"
    return Choice(value=value, count=count, link=address.search(" ".join(asked.split())), chosen=chosen)


def lost(site: Reading, problem: NoSuchPage) -> str:
    """A page that helps on: what the address may have meant."""
    hits = searching.search(site.index, problem.words, limit=6).value.hits if problem.words else ()
    return site.page("lost.html", path=problem.path, words=problem.words, hits=hits)


def _token(name: str, value: str) -> str:
    """What to type to find only what has this value."""
    if value in STATES:
        return f"is:{value}"
    if name == "drift":
        return "-is:drifted"
    return f'{name}:"{value}"' if any(letter in value for letter in " :") else f"{name}:{value}"
