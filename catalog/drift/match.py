"""Which part of one shape is which part of another, and which of them stand elsewhere among their neighbours."""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise

from catalog.drift.shape import Part, Shape


def matched(before: Shape, after: Shape) -> dict[str, Part]:
    """The old part of each new part's path, where there is one."""
    by_id: dict[int | None, Part] = {part.id: part for part in before.parts if part.id is not None}
    by_path = {part.path: part for part in before.parts}
    pairs = {part.path: by_id[part.id] for part in after.parts if part.id in by_id}
    taken = {old.path for old in pairs.values()}
    for part in after.parts:
        other = by_path.get(part.path)
        if part.path not in pairs and other and other.path not in taken and None in (other.id, part.id):
            pairs[part.path] = other
            taken.add(other.path)
    for part in after.parts:
        for alias in sorted(part.aliases) if part.path not in pairs else ():
            path = alias if "." in alias or not part.parent else f"{part.parent}.{alias}"
            if path in by_path and path not in taken:
                pairs[part.path] = by_path[path]
                taken.add(path)
                break
    _members_follow(before, after, pairs)
    return pairs


def _members_follow(before: Shape, after: Shape, pairs: dict[str, Part]) -> None:
    """Members of a renamed struct are the same members: parents come first, so one pass is enough."""
    renamed = {path: old.path for path, old in pairs.items() if old.path != path}
    if not renamed:
        return
    by_path, taken = {part.path: part for part in before.parts}, {old.path for old in pairs.values()}
    for part in after.parts:
        if part.path not in pairs and part.parent in renamed:
            path = f"{renamed[part.parent]}.{part.name}"
            if path in by_path and path not in taken:
                pairs[part.path] = by_path[path]
                taken.add(path)
                renamed[part.path] = path


def moved_parts(before: Shape, after: Shape, pairs: dict[str, Part]) -> set[str]:
    """Paths that stand elsewhere among the parts that both have: those outside the longest row that kept its order."""
    place = {part.path: n for n, part in enumerate(before.parts)}
    groups: dict[str, list[str]] = {}
    for part in after.parts:
        if part.path in pairs:
            groups.setdefault(part.parent, []).append(part.path)
    moved: set[str] = set()
    for paths in groups.values():
        ranks = [place[pairs[path].path] for path in paths]
        if any(one > other for one, other in pairwise(ranks)):
            moved |= {path for path, stays in zip(paths, _in_order(ranks), strict=True) if not stays}
    return moved


def _in_order(ranks: list[int]) -> list[bool]:
    """Which members belong to a longest increasing row of these distinct numbers (patience sorting)."""
    tails: list[int] = []
    ends: list[int] = []
    above: list[int] = []
    for n, rank in enumerate(ranks):
        at = bisect_left(tails, rank)
        above.append(ends[at - 1] if at else -1)
        tails[at : at + 1], ends[at : at + 1] = [rank], [n]
    kept = [False] * len(ranks)
    n = ends[-1] if ends else -1
    while n >= 0:
        kept[n], n = True, above[n]
    return kept


def around(part: Part, known: Mapping[str, Part]) -> str:
    """The nearest part that it is in: names may have dots of their own."""
    path = part.parent
    while path and path not in known:
        path = path.rpartition(".")[0]
    return path


def places(shape: Shape, remaining: dict[str, str]) -> dict[str, str]:
    """For each part that does not remain, its neighbour before it that does, by the path that `remaining` gives it."""
    last: dict[str, str] = {}
    found: dict[str, str] = {}
    for part in shape.parts:
        if part.path in remaining:
            last[part.parent] = remaining[part.path]
        else:
            found[part.path] = last.get(part.parent, f"{part.parent}.")
    return found
