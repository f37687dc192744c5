"""Where data comes from and where it goes: walks over what the index knows, safe on circles, and never silent about
what they leave out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from sqlite3 import Row

from catalog.dataset import Dataset
from catalog.entry import Answer, CheckEntry, ColumnEdge, Edge, Impact, Job, LineageGraph, Node
from catalog.event import moment
from catalog.index import Index, adjacency, facts, values
from catalog.index.adjacency import EVERY, Book, Cell, Cells, Flows
from catalog.index.fold import names_of
from catalog.index.store import rows_in

FAR = 1 << 30
TOLD = attrgetter("target", "target_column", "origin", "origin_column", "job", "type", "subtype", "description")
EDGES = f"""SELECT coalesce(b.dataset, s.origin) AS origin, s.origin_column, coalesce(a.dataset, m.dataset) AS target,
  s.target_column, j.task, j.id = j.task AS told, s.type, s.subtype, s.description, s.masking, m.last_seen,
  {adjacency.PRESENT} AS current
  FROM mapping m JOIN job j ON j.id = m.job JOIN flow f ON f.job = m.job AND f.dataset = m.dataset AND f.side = 'out'
  JOIN column_source s ON s.lineage = m.lineage LEFT JOIN alias a ON a.alias = m.dataset
  LEFT JOIN alias b ON b.alias = s.origin WHERE m.dataset IN ({{ids}})"""


def lineage(
    index: Index, node: Node, *, upstream: int = 20, downstream: int = 20, steps: bool = False, limit: int | None = None
) -> Answer[LineageGraph]:
    """What flows into a node and out of it, so many hops far (from dataset to job, or job to dataset), nearest first.

    Steps are drawn as the tasks that caused them, unless `steps`. With `limit`, the nearest nodes. `hidden` counts what
    lies one hop beyond the depth, or beyond the limit.
    """
    flows = adjacency.flows(index.db, steps=steps)
    start = index.id_of(node) if isinstance(node, Dataset) else facts.job_id(node)
    up, down = _walk(flows.before, start, upstream), _walk(flows.after, start, downstream)
    kept = {at for at, depth in up.items() if depth <= upstream} | {
        at for at, depth in down.items() if depth <= downstream
    }
    names = _names(index, kept, flows)
    depth = {at: min(up.get(at, FAR), down.get(at, FAR)) for at in kept & set(names)}
    order = sorted(depth, key=lambda at: (depth[at], names[at].namespace, names[at].name))[:limit]
    graph = LineageGraph(
        start=names.get(start, node),
        nodes=tuple(names[at] for at in order),
        edges=_edges(flows, names, set(order), up, down),
        hidden=len({*up, *down}) - len(order),
    )
    jobs = [facts.job_id(one) for one in graph.nodes if not isinstance(one, Dataset)]
    return Answer(value=graph, completeness=index.completeness(values.job_names(index.db, jobs).values()))


def columns(
    index: Index, dataset: Dataset, column: str | None = None, *, upstream: int = 20, downstream: int = 20
) -> Answer[tuple[ColumnEdge, ...]]:
    """The present column edges that lead to a column and on from it, so many hops far, nearest first.

    Without a column: those of every column of the dataset. `*` as a column stands for the whole dataset: a filter, a
    join or a grouping decides about every column of what it makes.
    """
    cells, at = adjacency.cells(index.db), index.id_of(dataset)
    starts = cells.starts(at, column or EVERY)
    ends = starts if column is None else cells.exactly(at, column) or cells.exactly(at, EVERY)
    found: dict[tuple[Cell, Cell], int] = {}
    for depth, origin, target in chain(
        _pairs(cells, ends, upstream, backwards=True), _pairs(cells, starts, downstream, backwards=False)
    ):
        found.setdefault((cells.cells[origin], cells.cells[target]), depth)
    return Answer(value=_column_edges(index, found), completeness=index.completeness())


def ever(index: Index, dataset: Dataset) -> tuple[ColumnEdge, ...]:
    """Every column edge that was told into a dataset or out of it; `current`: whether it is a present one."""
    names = names_of(index.db, index.id_of(dataset))
    rows = [
        row for sql in (EDGES, EDGES.replace("m.dataset IN", "s.origin IN")) for row in rows_in(index.db, sql, names)
    ]
    datasets = values.dataset_names(index.db, {one for row in rows for one in (row["origin"], row["target"])})
    jobs = values.job_names(index.db, {row["task"] for row in rows})
    return tuple(dict.fromkeys(_edge(row, datasets, jobs) for row in rows))


def impact(index: Index, dataset: Dataset, *, column: str | None = None) -> Answer[Impact]:
    """Everything that a change can reach by present edges, to full depth, steps counted as their tasks.

    With a column: the columns that derive from it, their datasets, and the jobs that make those; a check of a dataset
    counts when it looks at a column that is reached, or at the whole dataset.
    """
    at, flows, cells = index.id_of(dataset), adjacency.flows(index.db, steps=False), adjacency.cells(index.db)
    book, starts = adjacency.book(index.db), cells.starts(at, column or EVERY)
    reached = _reach(cells, starts)
    if column is None:
        nodes = set(_walk(flows.after, at, FAR, only=flows.seen)) - {at}
        datasets, jobs = nodes - flows.jobs, nodes & flows.jobs
    else:
        reached -= {*starts}
        datasets = {cells.cells[one][0] for one in reached} - {at}
        made_by = {job for one in datasets for job in flows.before.get(one, ()) if flows.seen[job, one][1]}
        jobs = {job for job in made_by if {at, *datasets} & set(flows.before.get(job, ()))}
        jobs |= {job for job in flows.after.get(at, ()) if flows.seen[at, job][1] and not flows.after.get(job)}
    looked = None if column is None else {(at, column), *(cells.cells[one] for one in reached)}
    named = [book.jobs[job] for job in sorted(jobs, key=book.rank.__getitem__)]
    value = Impact(
        start=dataset, column=column, jobs=tuple(named),
        datasets=tuple(book.datasets[one] for one in sorted(datasets, key=book.rank.__getitem__)),
        columns=tuple((book.datasets[one], path) for one, path in map(cells.cells.__getitem__, sorted(reached))
                      if path != EVERY),
        checks=tuple(_checks(book, {at, *datasets}, looked)),
        owners=tuple(sorted({name for one in datasets | jobs for name in book.owners.get(one, "").split(", ")} - {""})),
        runs_24h=sum(book.runs.get(job, 0) for job in jobs),
    )  # fmt: skip
    return Answer(value=value, completeness=index.completeness(named))


def _walk(
    edges: Mapping[int, list[int]],
    start: int,
    steps: int,
    *,
    only: Mapping[tuple[int, int], tuple[int, bool]] | None = None,
) -> dict[int, int]:
    """Depth of everything up to one hop beyond `steps`; with `only`, along present edges."""
    depth, layer = {start: 0}, [start]
    while layer and depth[layer[0]] <= steps:
        following = []
        for at in layer:
            for to in edges.get(at, ()):
                if to not in depth and (only is None or only[at, to][1]):
                    depth[to] = depth[at] + 1
                    following.append(to)
        layer = following
    return depth


def _edges(
    flows: Flows, names: Mapping[int, Node], shown: set[int], up: Mapping[int, int], down: Mapping[int, int]
) -> tuple[Edge, ...]:
    """The edges on the way to the start or on from it; not those between two shown nodes that bypass it."""
    pairs = ((at, to) for at in shown for to in flows.after.get(at, ()) if to in shown)
    found = [
        Edge(origin=names[at], target=names[to], last_seen=moment(flows.seen[at, to][0]), current=flows.seen[at, to][1])
        for at, to in pairs
        if (at in up and to in up) or (at in down and to in down)
    ]
    return tuple(sorted(found, key=lambda edge: (str(edge.origin), str(edge.target))))


def _names(index: Index, ids: Iterable[int], flows: Flows) -> dict[int, Node]:
    asked = set(ids)
    found: dict[int, Node] = dict(values.dataset_names(index.db, asked - flows.jobs))
    return found | values.job_names(index.db, asked - set(found))


def _pairs(cells: Cells, starts: Iterable[int], steps: int, *, backwards: bool) -> Iterable[tuple[int, int, int]]:
    """(depth, origin, target) of every edge that is met within so many hops."""
    layer = list(starts)
    seen = set(layer)
    for depth in range(1, steps + 1):
        following: dict[int, None] = {}
        for cell in layer:
            for origin, target in cells.into(cell) if backwards else cells.out_of(cell):
                yield depth, origin, target
                following[origin if backwards else target] = None
        layer = [cell for cell in following if cell not in seen]
        seen.update(layer)
        if not layer:
            return


def _reach(cells: Cells, starts: Iterable[int]) -> set[int]:
    """Everything behind these; they themselves where a circle leads back."""
    reached: set[int] = set()
    layer = set(starts)
    while layer:
        layer = {to for at in layer for to in cells.onwards(at)} - reached
        reached |= layer
    return reached


def _column_edges(index: Index, found: Mapping[tuple[Cell, Cell], int]) -> tuple[ColumnEdge, ...]:
    """What was told about these edges; where a task tells one itself, its steps' words for it are left out."""
    targets = {target for _, (target, _) in found}
    names = [
        *targets,
        *(row[0] for row in rows_in(index.db, "SELECT alias FROM alias WHERE dataset IN ({ids})", targets)),
    ]
    rows = [row for row in rows_in(index.db, EDGES, names) if row["current"] and _where(row) in found]
    own = {(_where(row), row["task"]) for row in rows if row["told"]}
    datasets = values.dataset_names(index.db, {one for row in rows for one in (row["origin"], row["target"])})
    jobs = values.job_names(index.db, {row["task"] for row in rows})
    told: dict[ColumnEdge, tuple[int, int]] = {}
    for row in rows:
        if row["told"] or (_where(row), row["task"]) not in own:
            edge = _edge(row, datasets, jobs)
            told[edge] = (found[_where(row)], max(row["last_seen"], told.get(edge, (0, 0))[1]))
    order = sorted(told.items(), key=lambda one: (one[1][0], *TOLD(one[0])))
    return tuple(replace(edge, last_seen=moment(at)) for edge, (_, at) in order)


def _edge(row: Row, datasets: Mapping[int, Dataset], jobs: Mapping[int, Job]) -> ColumnEdge:
    return ColumnEdge(
        origin=datasets[row["origin"]], origin_column=row["origin_column"], target=datasets[row["target"]],
        target_column=row["target_column"], job=jobs[row["task"]], type=row["type"], subtype=row["subtype"],
        description=row["description"], masking=bool(row["masking"]), current=bool(row["current"]),
    )  # fmt: skip


def _where(row: Row) -> tuple[Cell, Cell]:
    return (row["origin"], row["origin_column"]), (row["target"], row["target_column"])


def _checks(book: Book, datasets: set[int], looked: set[Cell] | None) -> Iterable[CheckEntry]:
    for at, one in book.checks:
        if at in datasets and (looked is None or one.column is None or {(at, one.column), (at, EVERY)} & looked):
            yield one
