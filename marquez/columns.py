"""Column lineage: which column is made of which, as a graph and as part of a dataset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from sqlite3 import Connection, Row
from typing import Literal

from marquez.errors import PageNotFound
from marquez.wire import Json

# The newest edge of each pair of columns, with the names of both ends: found first and then joined, since there is one
# for every version that was written.
_EDGES = """
SELECT e.*, ov.uuid AS output_uuid, iv.uuid AS input_uuid,
       od.namespace AS output_namespace, od.name AS output_dataset, f.name AS output_field, f.type AS output_type,
       id.namespace AS input_namespace, id.name AS input_dataset, g.name AS input_field,
       od.hidden OR id.hidden AS hidden
FROM (SELECT *, max(updated) FROM column_edge WHERE created <= ? AND {side} IN ({marks}) GROUP BY output, input) e
JOIN field f ON f.id = e.output JOIN dataset od ON od.id = f.dataset JOIN version ov ON ov.id = e.output_version
JOIN field g ON g.id = e.input JOIN dataset id ON id.id = g.dataset JOIN version iv ON iv.id = e.input_version
"""
_FOREVER = 1 << 62


def _edges(db: Connection, side: Literal["output", "input"], ids: Iterable[int], *, until: int = _FOREVER) -> list[Row]:
    listed = sorted(set(ids))
    marks = ",".join("?" * len(listed))
    return db.execute(_EDGES.format(side=side, marks=marks), (until, *listed)).fetchall()


def of_dataset(db: Connection, dataset_id: int) -> list[Json]:
    """The dataset's columns that are known to come from others, each with its input columns."""
    grouped: dict[str, list[Json]] = defaultdict(list)
    fields = [i for (i,) in db.execute("SELECT id FROM field WHERE dataset = ?", (dataset_id,))]
    for edge in _edges(db, "output", fields):
        grouped[edge["output_field"]].append(
            {
                "namespace": edge["input_namespace"],
                "dataset": edge["input_dataset"],
                "field": edge["input_field"],
                "transformationDescription": edge["description"],
                "transformationType": edge["type"],
            }
        )
    return [
        {"name": name, "inputFields": inputs, "transformationDescription": None, "transformationType": None}
        for name, inputs in grouped.items()
    ]


def graph(db: Connection, fields: list[int], *, depth: int, downstream: bool, until: int | None = None) -> list[Json]:
    """Columns up to `depth` edges upstream of the given ones, at least one, and from there downstream too when asked.

    With `until` (microseconds) it is the graph of that time, and its node ids carry dataset versions.

    A column that nothing flows into starts no graph, whatever flows out of it: that is Marquez's rule. Deleted datasets
    are not shown; what lies beyond them is.

    Raises:
        PageNotFound: no such column.
    """
    if not fields:
        raise PageNotFound("Could not find node")
    last = _FOREVER if until is None else until
    found: dict[tuple[int, int], Row] = {}
    frontier = _edges(db, "output", fields, until=last)
    for _ in range(max(depth, 1)):
        fresh = [edge for edge in frontier if (edge["output"], edge["input"]) not in found]
        if not fresh:
            break
        found.update({(edge["output"], edge["input"]): edge for edge in fresh})
        frontier = _edges(db, "output", [edge["input"] for edge in fresh], until=last)
        if downstream:
            frontier += _edges(db, "input", [edge["output"] for edge in fresh], until=last)
    return _nodes([edge for edge in found.values() if not edge["hidden"]], versioned=until is not None)


def _nodes(edges: list[Row], *, versioned: bool) -> list[Json]:
    outputs: dict[int, list[Row]] = defaultdict(list)
    nodes: dict[str, Json] = {}
    links: dict[str, tuple[list[Json], list[Json]]] = defaultdict(lambda: ([], []))
    for edge in edges:
        outputs[edge["output"]].append(edge)
    for made in outputs.values():
        nodes[_node_id(made[0], "output", versioned)] = _output_node(made)
    for edge in edges:
        origin, destination = _node_id(edge, "input", versioned), _node_id(edge, "output", versioned)
        nodes.setdefault(origin, _input_node(edge))
        links[destination][0].append({"origin": destination, "destination": origin})
        links[origin][1].append({"origin": origin, "destination": destination})
    return [
        {
            "id": node_id,
            "type": "DATASET_FIELD",
            "data": nodes[node_id],
            "inEdges": links[node_id][0],
            "outEdges": links[node_id][1],
        }
        for node_id in sorted(nodes)
    ]


def _node_id(edge: Row, side: str, versioned: bool) -> str:
    name = f"datasetField:{edge[side + '_namespace']}:{edge[side + '_dataset']}:{edge[side + '_field']}"
    return f"{name}#{edge[side + '_uuid']}" if versioned else name


def _column(edge: Row, side: str) -> Json:
    return {
        "namespace": edge[f"{side}_namespace"],
        "dataset": edge[f"{side}_dataset"],
        "datasetVersion": edge[f"{side}_uuid"],
        "field": edge[f"{side}_field"],
    }


def _output_node(edges: list[Row]) -> Json:
    newest = max(edges, key=lambda e: (e["updated"], e["output_version"]))
    same = [e for e in edges if e["output_version"] == newest["output_version"]]
    inputs = [
        {**_column(e, "input"), "transformationDescription": e["description"], "transformationType": e["type"]}
        for e in same
    ]
    return {**_column(newest, "output"), "fieldType": newest["output_type"], **_UNSAID, "inputFields": inputs}


def _input_node(edge: Row) -> Json:
    return {**_column(edge, "input"), "fieldType": "", **_UNSAID, "inputFields": []}


_UNSAID: Json = {"transformationDescription": None, "transformationType": None}
