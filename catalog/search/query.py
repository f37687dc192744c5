"""What was typed, read into words and filters. Any text is a query: what looks like a filter but is none is words."""

import re
from dataclasses import dataclass

from catalog.search import ranking
from catalog.word import split

KEYS = {
    "column": "column", "owner": "owner", "is": "is", "type": "type", "kind": "type", "ns": "namespace",
    "namespace": "namespace", "tier": "tier", "tag": "tag", "job": "job", "health": "health", "freshness": "freshness",
}  # fmt: skip
HEALTH = ("healthy", "warning", "failing", "unchecked")
FRESHNESS = ("fresh", "stale")
STATES = (*HEALTH, *FRESHNESS, "drifted", "undocumented", "unowned", "vanished")
"""What may follow `is:`."""
_TOKEN = re.compile(r'(?P<minus>-)?(?:(?P<key>[A-Za-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words that are looked for together: one typed word (which may split into several) or a quoted phrase."""

    words: tuple[str, ...]
    phrase: bool = False
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """`key:value`, or `-key:value` for its opposite. The key is one of KEYS' values, the value in lower case."""

    key: str
    value: str
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query in parts; `name` is what was typed without filters, as somebody would write a name."""

    name: str
    terms: tuple[Term, ...]
    filters: tuple[Filter, ...]


def parse(text: str) -> Query:
    """Read a query; never fails.

    `word`, `"a phrase"`, `key:value`, `key:"a value"`, each with `-` before it for its opposite. A key that is not in
    KEYS, or an `is:` that is nothing like one of STATES, is part of a name: `lookup:product:*`.
    """
    terms: list[Term] = []
    filters: list[Filter] = []
    names: list[str] = []
    for match in _TOKEN.finditer(text):
        one = _filter(match)
        if one is not None:
            filters.append(one)
            continue
        typed = match["quoted"] if match["quoted"] is not None else match["bare"]
        written = f"{match['key']}:{typed}" if match["key"] else typed
        words = split(written)
        if words:
            phrase = match["quoted"] is not None
            terms.append(Term(words=words, phrase=phrase, negative=bool(match["minus"])))
            if not match["minus"]:
                names.append(written)
    return Query(name=" ".join(names), terms=tuple(terms), filters=tuple(filters))


def _filter(match: re.Match[str]) -> Filter | None:
    key = KEYS.get((match["key"] or "").lower())
    value = (match["quoted"] if match["quoted"] is not None else match["bare"]).strip().lower()
    if key is None or not value or (key == "is" and not _state(value)):
        return None
    return Filter(key=key, value=value, negative=bool(match["minus"]))


def _state(value: str) -> bool:
    """Whether it is a state, or nearly: who searches mends it."""
    return value in STATES or ranking.mend(value, STATES, weight=lambda _: 0) is not None
