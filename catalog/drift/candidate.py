"""Which new columns a former one is compared with: of a few all, of many those that share its rarest words."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from catalog.drift.shape import Part
from catalog.word import words as split

FEW, NEAREST, COMMON = 12, 4, 40
"""Of more than a few candidates only so many that share the rarest words are compared; common words find none."""
CUTS = ((0, 1), (1, 0))
"""How many words a name may have gained or lost at its beginning and end, where no single word finds it."""
Words = tuple[str, ...]
SHORT = {
    "db": "database", "addr": "address", "net": "network", "sock": "socket", "desc": "description", "num": "number",
    "qty": "quantity", "amt": "amount", "ts": "timestamp", "cnt": "count", "msg": "message", "err": "error",
    "avg": "average", "cust": "customer", "prod": "product", "cat": "category", "org": "organization",
    "env": "environment", "config": "configuration", "info": "information", "temp": "temperature",
    "id": "identifier", "src": "source", "dst": "destination", "lat": "latitude", "lon": "longitude",
    "lng": "longitude", "pct": "percent", "dt": "date",
}  # fmt: skip
QUOTED = re.compile(r"`[^`]*`")
EMPTY = frozenset(
    {"a", "an", "the", "of", "in", "is", "to", "or", "and", "for", "that", "this", "as", "by", "on", "be"}
)


class Read(NamedTuple):
    """A column and what is compared of it, taken apart once."""

    part: Part
    lower: str
    name: Words
    bag: frozenset[str]
    told: frozenset[str]
    """The words of its description, and `plain`, without those that it quotes: a column named in it is another one."""
    plain: frozenset[str]
    values: frozenset[str]


@lru_cache(maxsize=1 << 16)
def words(text: str) -> Words:
    """The words of a name or a sentence as search knows them, without those that say nothing."""
    return tuple(SHORT.get(word, word) for word in split(text) if word not in EMPTY)


def read(part: Part) -> Read:
    """A column taken apart."""
    told = frozenset(words(part.description)) if part.description else frozenset()
    plain = frozenset(words(QUOTED.sub(" ", part.description))) if "`" in part.description else told
    name = words(part.path)
    return Read(part, part.path.lower(), name, frozenset(name), told, plain, frozenset(part.values))


class Candidates:
    """The new columns of a dataset, indexed when they are many."""

    def __init__(self, came: Iterable[Part]) -> None:
        self.all = [read(part) for part in sorted(came, key=lambda one: one.path)]

    def of(self, old: Read, known: Iterable[str] = ()) -> Sequence[Read]:
        """Those that may be a former column; `known` are paths for which something else speaks."""
        if len(self.all) <= FEW:
            return self.all
        near = _nearest(_terms(old), self._by_word) or _nearest(_wholes(old, "-", "+"), self._by_whole)
        more = {self._place[path] for path in known}.difference(near) if known else ()
        return [self.all[at] for at in (*near, *sorted(more))]

    @cached_property
    def _place(self) -> dict[str, int]:
        return {one.part.path: at for at, one in enumerate(self.all)}

    @cached_property
    def _by_word(self) -> dict[str, list[int]]:
        return _index(map(_terms, self.all))

    @cached_property
    def _by_whole(self) -> dict[str, list[int]]:
        return _index(_wholes(one, "+", "-") for one in self.all)


def _terms(one: Read) -> Iterable[str]:
    """What a column is found by: the words of its name, all of them in one, and its description."""
    part, name = one.part, one.name
    told = [f"={part.description}"] if part.description else []
    return dict.fromkeys([*name, "".join(name), "".join(words(part.name)), *told])


def _wholes(one: Read, cut: str, full: str) -> Iterator[str]:
    """Its name in one, and without a word at either end: in a wide table every word may be a common one.

    Marked, so that whole names find those that gained or lost words, and no siblings.
    """
    name = one.name
    yield full + "".join(name)
    for start, end in CUTS:
        if len(name) - start - end > 1:
            yield cut + "".join(name[start : len(name) - end])


def _index(terms: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """The places of those that have a term."""
    found: dict[str, list[int]] = {}
    for at, several in enumerate(terms):
        for term in several:
            found.setdefault(term, []).append(at)
    return found


def _nearest(terms: Iterable[str], index: Mapping[str, Sequence[int]]) -> Sequence[int]:
    """The places of those that share the rarest terms, of several alike the first."""
    shared: dict[int, float] = {}
    for term in terms:
        found = index.get(term, ())
        if 0 < len(found) <= COMMON:
            much = 1 / len(found)
            for at in found:
                shared[at] = shared.get(at, 0.0) + much
    return sorted(sorted(shared), key=shared.__getitem__, reverse=True)[:NEAREST]
