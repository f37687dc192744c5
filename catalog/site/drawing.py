"""A lineage graph laid out in layers, left to right, as shapes that a template writes as SVG.

Layout: Sugiyama's method by the library fast-sugiyama. What it needs (0.5.3): integers from zero as nodes, else the
order of a set of strings decides the picture; one connected part at a time, else its numbers for bends are those of
other nodes; no edge from a node to itself, which aborts the process; and no cycle, so edges that close one are laid out
backwards here and drawn with `back` set.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 228, 46
STEP_X, STEP_Y, MARGIN = 284, 60, 16
_LETTERS = 22
"""That fit into a box beside the icon, at the style sheet's 12.5 px in a wide font."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What a node shows: `kind` and `mood` are classes of the style sheet."""

    key: str
    label: str
    note: str
    kind: str
    title: str
    link: str | None = None
    mood: str = ""
    focus: bool = False

    @property
    def shown(self) -> str:
        """The label as it fits, its middle left out when it is long."""
        return shorten(self.label, _LETTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What an edge shows."""

    origin: str
    target: str
    title: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A box with its upper left corner, in pixels."""

    box: Box
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """An edge as SVG path data; `back` when it runs against the reading direction."""

    line: Line
    path: str
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything a picture needs; pixels."""

    placed: tuple[Placed, ...]
    curves: tuple[Curve, ...]
    width: int
    height: int


_Point = tuple[int, int]


def draw(boxes: Iterable[Box], lines: Iterable[Line]) -> Drawing:
    """The picture of a graph; equal graphs give equal pictures.

    Lines to unknown boxes, or from a box to itself, are left out.
    """
    known = {box.key: box for box in boxes}
    kept = {(ln.origin, ln.target): ln for ln in lines if ln.origin in known and ln.target in known}
    pairs = sorted(pair for pair in kept if pair[0] != pair[1])
    backwards = _closing(sorted(known), pairs)
    places, ways = _laid_out(sorted(known), [pair[::-1] if pair in backwards else pair for pair in pairs])
    curves = []
    for pair in pairs:
        back = pair in backwards
        way = ways[pair[::-1] if back else pair]
        curves.append(Curve(line=kept[pair], path=_path(way[::-1] if back else way, back=back), back=back))
    return Drawing(
        placed=tuple(Placed(box=known[key], x=x, y=y) for key, (x, y) in sorted(places.items(), key=lambda at: at[1])),
        curves=tuple(curves),
        width=max((x for x, _ in places.values()), default=0) + WIDTH + MARGIN,
        height=max((y for way in (places.values(), *ways.values()) for _, y in way), default=0) + HEIGHT + MARGIN,
    )


def shorten(text: str, most: int) -> str:
    """The text, its middle replaced by one letter when it is longer than `most`."""
    if len(text) <= most:
        return text
    head = (most - 1) * 3 // 5
    return f"{text[:head]}…{text[head + 1 - most :]}"


def _closing(nodes: Sequence[str], pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """Edges that lead back to a node still on the way there, found by depth first search in the nodes' order."""
    after: dict[str, list[str]] = {}
    for origin, target in pairs:
        after.setdefault(origin, []).append(target)
    has_before = {target for _, target in pairs}
    open_, done, found = set[str](), set[str](), set[tuple[str, str]]()
    for start in sorted(nodes, key=lambda node: (node in has_before, node)):
        stack = [] if start in done else [(start, iter(after.get(start, ())))]
        open_.update(node for node, _ in stack)
        while stack:
            node, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                open_.discard(stack.pop()[0])
                done.add(node)
            elif following in open_:
                found.add((node, following))
            elif following not in done:
                open_.add(following)
                stack.append((following, iter(after.get(following, ()))))
    return found


def _laid_out(
    nodes: Sequence[str], pairs: Iterable[tuple[str, str]]
) -> tuple[dict[str, _Point], dict[tuple[str, str], list[_Point]]]:
    """Corners by node, and for each edge the corners that it passes, ends included; nodes without edges come last."""
    places: dict[str, _Point] = {}
    ways: dict[tuple[str, str], list[_Point]] = {}
    below = MARGIN
    for part in _parts(sorted(set(pairs))):
        spots, passed = _part(part, below)
        places |= spots
        ways |= passed
        below = max(y for way in (spots.values(), *passed.values()) for _, y in way) + STEP_Y
    for at, node in enumerate(node for node in nodes if node not in places):
        places[node] = (MARGIN + at % 3 * STEP_X, below + at // 3 * STEP_Y)
    return places, ways


def _parts(pairs: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The edges of each connected part, the part with the most edges first."""
    beside: dict[str, set[str]] = defaultdict(set)
    for origin, target in pairs:
        beside[origin].add(target)
        beside[target].add(origin)
    part_of: dict[str, str] = {}
    for start in sorted(beside):
        waiting = [] if start in part_of else [start]
        while waiting:
            node = waiting.pop()
            part_of[node] = start
            waiting.extend(other for other in beside[node] if other not in part_of)
    parts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for pair in pairs:
        parts[part_of[pair[0]]].append(pair)
    return sorted(parts.values(), key=lambda part: (-len(part), part))


def _part(
    pairs: Sequence[tuple[str, str]], below: int
) -> tuple[dict[str, _Point], dict[tuple[str, str], list[_Point]]]:
    """One connected part, its top at `below`: the library's layers go down from the highest y, ours to the right."""
    import fast_sugiyama

    for talker in ("rust-sugiyama", "connected_components"):  # a dozen INFO lines for each drawing
        logging.getLogger(talker).setLevel(logging.WARNING)
    nodes = sorted({node for pair in pairs for node in pair})
    number = {node: at for at, node in enumerate(nodes)}
    edges = sorted((number[origin], number[target]) for origin, target in pairs)
    [(positions, *_, hops)] = fast_sugiyama.from_edges(edges, vertex_spacing=STEP_Y, transpose=True)
    at = {int(key): spot for key, spot in positions}
    top, left = max(y for _, y in at.values()), min(x for x, _ in at.values())
    spots = {key: (MARGIN + round((top - y) / STEP_Y) * STEP_X, below + round(x - left)) for key, (x, y) in at.items()}
    return {node: spots[key] for node, key in number.items()}, _ways(nodes, spots, hops or ())


def _ways(
    nodes: Sequence[str], spots: Mapping[int, _Point], hops: Iterable[tuple[int | str, int | str]]
) -> dict[tuple[str, str], list[_Point]]:
    """The corners passed from node to node; numbers beyond the nodes are the library's bends, each with one way on."""
    after: dict[int, list[int]] = defaultdict(list)
    for origin, target in hops:
        after[int(origin)].append(int(target))
    found = {}
    for start in range(len(nodes)):
        for following in after[start]:
            way = [spots[start], spots[following]]
            while following >= len(nodes):
                [following] = after[following]
                way.append(spots[following])
            found[nodes[start], nodes[following]] = way
    return found


def _path(way: Sequence[_Point], *, back: bool) -> str:
    """A smooth line through the middles of the sides; level across each column that it only passes."""
    middle = HEIGHT // 2
    out, into = (0, WIDTH) if back else (WIDTH, 0)
    x, y = way[0][0] + out, way[0][1] + middle
    parts = [f"M{x} {y}"]
    for at, (left, top) in enumerate(way[1:], 1):
        to_x, to_y = left + into, top + middle
        bend = (to_x - x) // 2
        parts.append(f"C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}")
        x, y = left + out, to_y
        if at < len(way) - 1:
            parts.append(f"H{x}")
    return "".join(parts)
