"""Finding things: queries read, matched and ranked."""

from catalog.search.finding import search

__all__ = ["search"]
