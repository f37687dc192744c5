"""Which new column may be a former one by another name, scored by evidence. A guess: never applied, always asked.

Evidence, each 0 to 1: the words of the name (rare words among the candidates weigh more), how the name is spelled,
the words of the description, shared values, and the place among the neighbours. Types that hold none of each
other's values speak against it. Nothing is said when two candidates come near each other.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Indel

from catalog.drift import kind
from catalog.drift.change import Change
from catalog.drift.shape import Part
from catalog.word import words as split

SURE, AHEAD = 0.6, 0.01
"""From this likeness on, the best candidate need not be far before the second."""
LEAST, RIVAL = 0.22, 0.6
"""Below `SURE` the second best may have this part of the best one's likeness; below `LEAST` all is chance."""
EXPLAINED = 0.75
"""What a word counts that only the other's description has."""
SPELLED = 0.86
SIBLING = 0.9
"""What is left of a likeness when one word stands in place of another."""
FEW, NEAREST, COMMON = 12, 4, 40
"""Of more than a few candidates only so many that share the rarest words are compared; common words find none."""
Words = tuple[str, ...]
Places = Mapping[str, str]
Weigh = Callable[[str], float]
ENDING = re.compile(r"(?<=..)(?:ation|ing|age|ion|ed|e)$")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How much a new column looks like a former one, and by what."""

    old: Part
    new: Part
    score: float
    evidence: tuple[tuple[str, float], ...]


@lru_cache(maxsize=1 << 16)
def words(text: str) -> Words:
    """The words of a name or a sentence as search knows them, without those that say nothing."""
    return tuple(SHORT.get(word, word) for word in split(text) if word not in EMPTY)


def probable(went: Sequence[Part], came: Sequence[Part], places: tuple[Places, Places] = ({}, {})) -> Iterator[Change]:
    """A `column.perhaps_renamed` for each removed column whose best candidate is ahead, and is ahead for it too.

    `places` say behind which remaining part the columns of either shape stand, for both by its new path.
    """
    if not went or not came:
        return
    near = _index(came) if len(came) > FEW else {}
    chosen = []
    for old in went:
        candidates = _nearest(old, near) if near else came
        there = frozenset(new.path for new in candidates if places[0].get(old.path) == places[1].get(new.path, ""))
        if found := best(old, candidates, there):
            chosen.append(found)
    rivals = Counter(one.new.path for one in chosen)
    for one in chosen:
        if rivals[one.new.path] == 1:
            yield Change(
                rule="column.perhaps_renamed", path=one.new.path, before=one.old.path, after=one.new.path,
                old=one.old, new=one.new, score=round(one.score, 3),
            )  # fmt: skip


def _terms(part: Part) -> set[str]:
    """What a column is found by: the words of its name, all of them in one, and its description."""
    name = words(part.path)
    return {*name, "".join(name), "".join(words(part.name)), f"={part.description}"} - {"="}


def _index(came: Sequence[Part]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in came:
        for term in _terms(part):
            found.setdefault(term, []).append(part)
    return found


def _nearest(old: Part, index: dict[str, list[Part]]) -> Sequence[Part]:
    shared: dict[str, float] = {}
    parts: dict[str, Part] = {}
    for term in _terms(old):
        having = index.get(term, ())
        for part in having if len(having) <= COMMON else ():
            parts[part.path] = part
            shared[part.path] = shared.get(part.path, 0.0) + 1 / len(having)
    return [parts[path] for path in sorted(shared, key=lambda path: (-shared[path], path))[:NEAREST]]


def best(old: Part, candidates: Sequence[Part], there: Set[str] = frozenset()) -> Likeness | None:
    """The candidate that looks like `old`, None when none does or several do; `there`: paths that took its place."""
    ranked = rank(old, candidates, there)
    if not ranked:
        return None
    score, second = ranked[0].score, ranked[1].score if len(ranked) > 1 else 0.0
    clear = score - second >= AHEAD if score >= SURE else score >= LEAST and second <= RIVAL * score
    return ranked[0] if clear else None


def rank(old: Part, candidates: Iterable[Part], there: Set[str] = frozenset()) -> list[Likeness]:
    """Every candidate with its score, the likeliest first."""
    parts = list(candidates)
    seen = Counter(word for part in parts for word in set(words(part.path)))
    weight = {word: math.log(1 + (len(parts) + 1) / count) for word, count in seen.items()}
    rare = math.log(len(parts) + 2)
    scored = [_likeness(old, new, lambda word: weight.get(word, rare), new.path in there) for new in parts]
    return sorted(scored, key=lambda one: (-one.score, one.new.path))


def _likeness(old: Part, new: Part, weigh: Weigh, there: bool) -> Likeness:
    one, other = words(old.path), words(new.path)
    told = (frozenset(words(_plain(old.description))), frozenset(words(new.description)))
    alike, contrast = _alike(one, other, told, weigh)
    evidence = {
        "words": alike,
        "contrast": contrast,
        "end": float(_ends(one, other) or _ends(other, one)),
        "spelling": Indel.normalized_similarity(old.path.lower(), new.path.lower()),
        "description": _described(old.description, new.description),
        "values": _shared(old.values, new.values) * min(1.0, 2.5 * alike),  # an example alone may be anybody's
        "place": there * min(1.0, 2.5 * alike),
    }
    score = _together(evidence)
    if _siblings(one, other):
        score *= SIBLING
    if "unknown" not in (old.type, new.type) and kind.compare(old.type, new.type) == "other":
        score *= 0.5
    return Likeness(old=old, new=new, score=score, evidence=tuple(evidence.items()))


def _together(evidence: dict[str, float]) -> float:
    name = 0.6 * evidence["words"] + 0.2 * evidence["spelling"] + 0.2 * evidence["end"] - evidence["contrast"]
    doubt = (1 - max(0.0, name)) * (1 - 0.9 * evidence["description"] ** 2) * (1 - 0.4 * evidence["values"])
    return 1 - doubt * (1 - 0.2 * evidence["place"])


def _alike(one: Words, other: Words, told: tuple[Set[str], Set[str]], weigh: Weigh) -> tuple[float, float]:
    """How much of the weight of all words is in both names; and how much each has that the other lacks.

    A name that only gained or lost words may be the same by a longer or shorter path; one that has other words in
    their place (`process.cpu`, `system.cpu`) is rather its sibling. A word that the other's description has is
    explained by it: `db.table` may have become `db.collection`, "a collection (table, container)".
    """
    mine, yours, shared = {word: weigh(word) for word in one}, {word: weigh(word) for word in other}, 0.0
    total = (sum(mine.values()) + sum(yours.values())) or 1.0
    for word in [word for word in mine if word in yours]:
        shared += mine.pop(word) + yours.pop(word)
    for word in list(mine):
        near = max(((_near(word, to), to) for to in yours), default=(0.0, ""))
        if near[0] >= 0.75:
            shared += near[0] * (mine.pop(word) + yours.pop(near[1]))
    for left, text in ((mine, told[1]), (yours, told[0])):
        for word in [word for word in left if word in text]:
            shared += EXPLAINED * left.pop(word)
    return min(1.0, shared / total), min(sum(mine.values()), sum(yours.values())) / total


def _near(one: str, other: str) -> float:
    """1 for the same word, less for a spelling or a short form of it."""
    if one == other:
        return 1.0
    short, long = sorted((one, other), key=len)
    if _stem(one) == _stem(other):
        return 0.85
    near = Indel.normalized_similarity(one, other) if len(short) > 3 or len(long) == 3 else 0.0
    return near if near >= (SPELLED if len(long) > 3 else 0.8) else 0.0


@lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    """A word without the ending that a verb or a noun gives it: usage, used, using."""
    return ENDING.sub("", word)


def _ends(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a name is the end of another: it lost or gained a prefix only."""
    return len(one) > 1 and one == other[-len(one) :]


def _plain(description: str) -> str:
    """A description without what it quotes: a column named in it is another one."""
    return QUOTED.sub(" ", description)


def _siblings(one: Words, other: Words) -> bool:
    """Whether one word stands for another and all the rest is the same: `host.ip`, `peer.ip` live side by side."""
    differ = [(left, right) for left, right in zip(one, other, strict=False) if _near(left, right) < 0.75]
    return len(one) == len(other) and len(differ) == 1


def _described(one: str, other: str) -> float:
    left, right = set(words(one)), set(words(other))
    return len(left & right) / len(left | right) if left and right else 0.0


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    left, right = set(one), set(other)
    return len(left & right) / min(len(left), len(right)) if left and right else 0.0
