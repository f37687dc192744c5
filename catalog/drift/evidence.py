"""What speaks for a rename beyond how two columns look: what is said of a column without naming it, before and after.

That is a mark: the other end of a lineage edge, a rule of a suite with its parameters, a frequent value, a member of a
struct. A column that is gone and a new one that share marks which few others have may be one; marks that everybody has
say nothing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, fields
from typing import NamedTuple

from catalog.dataset import Dataset
from catalog.drift.shape import Check
from catalog.entry import ColumnEdge

Mark = tuple[object, ...]
Marks = Mapping[str, Set[Mark]]
"""The marks of each path."""
Values = Mapping[str, Iterable[str]]
ANY_MEMBER = frozenset({"_element", "key", "value"})
COMMON = 40
"""Marks that more columns have find no pair."""
ANYBODY = frozenset({"true", "false", "yes", "no"})
"""Values that are as much as a type; so are those without a letter."""


class Strength(NamedTuple):
    """How much of each kind of evidence speaks for a pair, 0 to 1."""

    lineage: float = 0.0
    rules: float = 0.0
    values: float = 0.0
    members: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The marks of every column, before and after; made by `evidence`."""

    lineage: tuple[Marks, Marks] = ({}, {})
    rules: tuple[Marks, Marks] = ({}, {})
    values: tuple[Marks, Marks] = ({}, {})
    members: tuple[Marks, Marks] = ({}, {})

    def pairs(self, went: Iterable[str], came: Iterable[str]) -> dict[str, dict[str, Strength]]:
        """The pairs of a path that is gone and one that is new for which anything speaks, by the former one."""
        old, new = set(went), set(came)
        found: dict[str, dict[str, Strength]] = {}
        for kind in fields(self):
            sides: tuple[Marks, Marks] = getattr(self, kind.name)
            for (before, after), much in _strengths(sides, old, new, most=kind.name == "members"):
                pairs = found.setdefault(before, {})
                pairs[after] = pairs.get(after, Strength())._replace(**{kind.name: much})
        return found


def evidence(
    dataset: Dataset | None = None, *, lineage: tuple[Iterable[ColumnEdge], Iterable[ColumnEdge]] = ((), ()),
    suites: tuple[Iterable[Check], Iterable[Check]] = ((), ()), values: tuple[Values, Values] = ({}, {}),
) -> Evidence:  # fmt: skip
    """What edges of a dataset, rules of its suites and frequent values tell, each before and after."""

    def rules(checks: Iterable[Check]) -> Marks:
        return _gathered((one.column, (one.type, repr(one.kwargs))) for one in checks if one.column)

    def ends(edges: Iterable[ColumnEdge]) -> Marks:
        return _gathered(end for edge in edges for end in _ends(dataset, edge))

    def frequent(told: Values) -> Marks:
        return _gathered((path, (one,)) for path, several in told.items() for one in several if _telling(one))

    return Evidence(
        lineage=(ends(lineage[0]), ends(lineage[1])), rules=(rules(suites[0]), rules(suites[1])),
        values=(frequent(values[0]), frequent(values[1])),
    )  # fmt: skip


def members(paths: Iterable[str]) -> Marks:
    """What structs hold, by the paths from them on; that an array has elements or a map keys tells nothing."""
    known = dict.fromkeys(paths)
    found: dict[str, set[Mark]] = {}
    for path in known:
        above, _, name = path.rpartition(".")
        while above and name not in ANY_MEMBER:
            if above in known:
                found.setdefault(above, set()).add((path[len(above) + 1 :],))
            above = above.rpartition(".")[0]
    return found


def _gathered(told: Iterable[tuple[str, Mark]]) -> Marks:
    found: dict[str, set[Mark]] = {}
    for path, mark in told:
        found.setdefault(path, set()).add(mark)
    return found


def _ends(dataset: Dataset | None, edge: ColumnEdge) -> Iterator[tuple[str, Mark]]:
    """The other end of an edge and what is done on the way, for its end in the dataset."""
    how = (edge.type, edge.subtype, edge.masking)
    if edge.target == dataset:
        yield edge.target_column, ("from", edge.origin, edge.origin_column, *how)
    if edge.origin == dataset:
        yield edge.origin_column, ("into", edge.target, edge.target_column, *how)


def _telling(value: str) -> bool:
    return any(map(str.isalpha, value)) and value.lower() not in ANYBODY


def _strengths(
    sides: tuple[Marks, Marks], went: Set[str], came: Set[str], *, most: bool
) -> Iterator[tuple[tuple[str, str], float]]:  # fmt: skip
    """A mark that n columns have, before or after, weighs 1/n; marks of all times are told apart by who is there.

    A pair: how improbable that all shared ones are chance, by how much of the weight of the one with less (`most`:
    with more) they are.
    """
    before = {path: marks for path, marks in sides[0].items() if path not in came}
    after = {path: marks for path, marks in sides[1].items() if path not in went}
    many = Counter(mark for marks in before.values() for mark in marks)
    many |= Counter(mark for marks in after.values() for mark in marks)
    having: dict[Mark, list[str]] = {}
    for path in came & after.keys():
        for mark in after[path]:
            if many[mark] <= COMMON:
                having.setdefault(mark, []).append(path)
    all_of = {path: math.fsum(1 / many[mark] for mark in after[path]) for path in came & after.keys()}
    for old in went & before.keys():
        mine = math.fsum(1 / many[mark] for mark in before[old])
        for new in {path for mark in before[old] for path in having.get(mark, ())}:
            shared = sorted(1 / many[mark] for mark in before[old] & after[new])
            part = math.fsum(shared) / (max if most else min)(mine, all_of[new])
            yield (old, new), part * (1 - math.prod(1 - weight for weight in shared))
