"""Which new column may be a former one by another name, scored by evidence. A guess: never applied, always asked.

Evidence, each 0 to 1: the words of the name (rare words among the candidates weigh more), its end, beginning, spelling,
the words of the description, shared values, the place among the neighbours, and what else is known of both: lineage,
rules of suites, frequent values, members of a struct (catalog.drift.evidence). Types that hold none of each other's
values speak against it. Nothing is said when two candidates come near each other.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import Indel

from catalog.drift import kind
from catalog.drift.candidate import Candidates, Read, Words, read
from catalog.drift.change import Change
from catalog.drift.evidence import Evidence, Strength, members
from catalog.drift.shape import Part

SURE, AHEAD = 0.56, 0.01
"""From this likeness on, the best candidate need not be far before the second."""
LEAST, RIVAL = 0.22, 0.55
"""Below `SURE` the second best may have this part of the best one's likeness; below `LEAST` all is chance."""
EXPLAINED = 0.75
"""What a word counts that only the other's description has."""
SPELLED = 0.86
SIBLING = 0.9
"""What is left of a likeness when one word stands in place of another."""
APART = 0.8
"""What is left of it when values of both are known and none is shared; examples may differ by chance."""
UNKNOWN: Mapping[str, Strength] = {}
NOTHING = Strength()
Places = Mapping[str, str]
Weights = Mapping[str, float]
ENDING = re.compile(r"(?<=..)(?:ation|ing|age|ion|ed|e)$")


class Likeness(NamedTuple):
    """How much a new column looks like a former one."""

    old: Part
    new: Part
    score: float


def probable(
    went: Sequence[Part], came: Sequence[Part], places: tuple[Places, Places] = ({}, {}),
    evidence: Evidence | None = None,
) -> Iterator[Change]:  # fmt: skip
    """A `column.perhaps_renamed` for each removed column whose best candidate is ahead, and is ahead for it too; of a
    struct with its members, one. The elements of an array have no name of their own.

    `places` say behind which remaining part the columns of either shape stand, for both by its new path.
    """
    went, came = ([one for one in side if not one.path.endswith("._element")] for side in (went, came))
    if not went or not came:
        return
    paths = [one.path for one in went], [one.path for one in came]
    held = (members(paths[0]), members(paths[1]))
    known = replace(evidence or Evidence(), members=held).pairs(*paths) if evidence or all(held) else {}
    near = Candidates(came)
    chosen = []
    for old in map(read, went):
        pairs = known.get(old.part.path, UNKNOWN)
        candidates = near.of(old, pairs)
        place = places[0].get(old.part.path)
        there = {new.part.path for new in candidates if place == places[1].get(new.part.path, "")}
        if found := _first(_ranked(old, candidates, there, pairs)):
            chosen.append(found)
    rivals = Counter(one.new.path for one in chosen)
    chosen = [one for one in chosen if rivals[one.new.path] == 1]
    implied = _implied({one.old.path: one.new.path for one in chosen}, *paths) if all(held) else ({}, frozenset())
    for one in chosen:
        if one.old.path not in implied[0] and one.new.path not in implied[1]:
            yield Change(
                rule="column.perhaps_renamed", path=one.new.path, before=one.old.path, after=one.new.path,
                old=one.old, new=one.new, score=round(one.score, 3),
            )  # fmt: skip


def _implied(
    pairs: Mapping[str, str], went: Iterable[str], came: Iterable[str]
) -> tuple[Mapping[str, str], Set[str]]:  # fmt: skip
    """The members that follow from pairs of structs: which are which, and the new ones of them."""
    found: dict[str, str] = {}
    there = set(came)
    for path in went:
        above = path.rpartition(".")[0]
        while above and path not in found:
            to = f"{pairs[above]}{path[len(above) :]}" if above in pairs else ""
            if to in there:
                found[path] = to
            above = above.rpartition(".")[0]
    return found, frozenset(found.values())


def _first(ranked: Sequence[Likeness]) -> Likeness | None:
    """The first one, if it is clearly so."""
    if not ranked:
        return None
    score, second = ranked[0].score, ranked[1].score if len(ranked) > 1 else 0.0
    clear = score - second >= AHEAD if score >= SURE else score >= LEAST and second <= RIVAL * score
    return ranked[0] if clear else None


def _ranked(
    old: Read, candidates: Sequence[Read], there: Set[str], pairs: Mapping[str, Strength]
) -> list[Likeness]:  # fmt: skip
    """Every candidate with its score, the likeliest first; `there` are paths that took its place."""
    seen: dict[str, int] = {}
    for one in candidates:
        for word in one.bag:
            seen[word] = seen.get(word, 0) + 1
    rare, many = math.log(len(candidates) + 2), len(candidates) + 1
    weight = {word: math.log(1 + many / count) for word, count in seen.items()}
    mine = {word: weight.get(word, rare) for word in old.name}
    scored = [
        _likeness(old, new, mine, weight, new.part.path in there, pairs.get(new.part.path, NOTHING))
        for new in candidates
    ]
    return sorted(scored, key=lambda one: (-one.score, one.new.path))


def _likeness(
    old: Read, new: Read, mine: Weights, weight: Weights, there: bool, known: Strength
) -> Likeness:  # fmt: skip
    alike, contrast = _alike(old, new, mine, weight)
    near = min(1.0, 2.5 * alike)
    lineage, rules, values, held = known
    shared = _shared(old.values, new.values) if old.values and new.values else None
    score = _together(
        alike,
        contrast,
        _ends(old.name, new.name),
        _begins(old.name, new.name),
        Indel.normalized_similarity(old.lower, new.lower),
        _described(old.told, new.told) if old.told and new.told else 0.0,
        max(shared * near, values) if shared else values,  # examples alone may be anybody's
        there * near,
        lineage,
        rules,
        held,
    )
    if _siblings(old.name, new.name):
        score *= SIBLING
    if shared == 0 and not values:
        score *= APART
    before, after = old.part.type, new.part.type
    if before != after and "unknown" not in (before, after) and kind.compare(before, after) == "other":
        score *= 0.5
    return Likeness(old.part, new.part, score)


def _together(
    alike: float, contrast: float, end: float, begin: float, spelling: float, description: float, values: float,
    place: float, lineage: float, rules: float, members: float,
) -> float:  # fmt: skip
    name = 0.6 * alike + 0.2 * spelling + 0.2 * end + 0.1 * begin - contrast
    doubt = (1 - min(1.0, max(0.0, name))) * (1 - 0.9 * description**2) * (1 - 0.4 * values)
    return 1 - doubt * (1 - 0.2 * place) * (1 - 0.8 * lineage) * (1 - 0.5 * rules) * (1 - 0.8 * members)


def _alike(old: Read, new: Read, mine: Weights, weight: Weights) -> tuple[float, float]:
    """How much of the weight of all words is in both names; and how much each has that the other lacks.

    A name that only gained or lost words may be the same by a longer or shorter path; one that has other words in
    their place (`process.cpu`, `system.cpu`) is rather its sibling. A word that the other's description has is
    explained by it: `db.table` may have become `db.collection`, "a collection (table, container)".
    """
    left, yours = dict(mine), {word: weight[word] for word in new.name}
    total = (sum(left.values()) + sum(yours.values())) or 1.0
    shared = 0.0
    for word in mine:
        if word in yours:
            shared += left.pop(word) + yours.pop(word)
    for word in list(left) if yours else ():
        near, nearest = 0.0, ""
        for to in yours:
            if (found := _near(word, to)) and (found, to) > (near, nearest):
                near, nearest = found, to
        if near >= 0.75:
            shared += near * (left.pop(word) + yours.pop(nearest))
    for rest, text in ((left, new.told), (yours, old.plain)) if new.told or old.plain else ():
        for word in [word for word in rest if word in text]:
            shared += EXPLAINED * rest.pop(word)
    contrast = min(sum(left.values()), sum(yours.values())) if left and yours else 0.0
    return min(1.0, shared / total), contrast / total


@lru_cache(maxsize=1 << 16)
def _near(one: str, other: str) -> float:
    """1 for the same word, less for a spelling or a short form of it."""
    if one == other:
        return 1.0
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if _stem(one) == _stem(other):
        return 0.85
    near = Indel.normalized_similarity(one, other) if len(short) > 3 or len(long) == 3 else 0.0
    return near if near >= (SPELLED if len(long) > 3 else 0.8) else 0.0


@lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    """A word without the ending that a verb or a noun gives it: usage, used, using."""
    return ENDING.sub("", word)


def _ends(one: Words, other: Words) -> float:
    """1 if a name is the end of the other, which has a prefix more, or none."""
    short, long = (one, other) if len(one) < len(other) else (other, one)
    return float(len(short) > 1 and short == long[-len(short) :])


def _begins(one: Words, other: Words) -> float:
    """How much of the shorter name both begin with: names go from the group to the one in it."""
    alike = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        alike += 1
    return alike / min(len(one), len(other)) if alike else 0.0


def _siblings(one: Words, other: Words) -> bool:
    """Whether one word stands for another and all the rest is the same: `host.ip`, `peer.ip` live side by side."""
    if len(one) != len(other):
        return False
    return sum(left != right and _near(left, right) < 0.75 for left, right in zip(one, other, strict=True)) == 1


def _described(one: Set[str], other: Set[str]) -> float:
    return len(one & other) / len(one | other)


def _shared(one: Set[str], other: Set[str]) -> float:
    return len(one & other) / min(len(one), len(other))
