"""A lineage graph laid out in layers: what is read stands left of what is made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_STEP_X, _STEP_Y, _WIDTH, _HEIGHT, _MARGIN = 300, 46, 236, 32, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node at its place; pixels from the top left corner."""

    id: str
    name: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Boxes, and the curves between them as SVG path data."""

    boxes: tuple[Box, ...]
    curves: tuple[str, ...]
    width: int
    height: int


def draw(names: Mapping[str, str], edges: Iterable[tuple[str, str]]) -> Drawing:
    """Places for all nodes, given as names by id; edges are pairs of ids (from, to). Cycles are cut somewhere."""
    pairs = sorted(set(edges))
    before: dict[str, list[str]] = defaultdict(list)
    for origin, destination in pairs:
        before[destination].append(origin)
    layers: dict[int, list[str]] = defaultdict(list)
    for node, layer in _layers(sorted(names), before).items():
        layers[layer].append(node)
    rows: dict[str, float] = {}
    for layer in sorted(layers):
        layers[layer].sort(key=lambda node: (_middle(before[node], rows), node))
        rows |= {node: row for row, node in enumerate(layers[layer])}
    boxes = {
        node: Box(id=node, name=names[node], x=_MARGIN + layer * _STEP_X, y=_MARGIN + row * _STEP_Y)
        for layer, members in layers.items()
        for row, node in enumerate(members)
    }
    return Drawing(
        boxes=tuple(boxes.values()),
        curves=tuple(_curve(boxes[origin], boxes[destination]) for origin, destination in pairs),
        width=_MARGIN * 2 + _WIDTH + _STEP_X * max(layers, default=0),
        height=_MARGIN * 2 + _STEP_Y * max(map(len, layers.values()), default=1),
    )


def _layers(nodes: Iterable[str], before: Mapping[str, list[str]]) -> dict[str, int]:
    """The longest way to each node from one that nothing leads to, without recursion: chains can be long."""
    found: dict[str, int] = {}
    for start in nodes:
        stack = [start]
        on_way = {start}
        while stack:
            node = stack[-1]
            waiting = [n for n in before.get(node, ()) if n not in found and n not in on_way]
            if waiting:
                stack.append(waiting[0])
                on_way.add(waiting[0])
                continue
            found[stack.pop()] = max((found[n] + 1 for n in before.get(node, ()) if n in found), default=0)
    return found


def _middle(neighbours: Iterable[str], rows: Mapping[str, float]) -> float:
    placed = [rows[n] for n in neighbours if n in rows]
    return sum(placed) / len(placed) if placed else 0.0


def _curve(origin: Box, destination: Box) -> str:
    x1, y1, x2, y2 = origin.x + _WIDTH, origin.y + _HEIGHT // 2, destination.x, destination.y + _HEIGHT // 2
    bend = max(30, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
