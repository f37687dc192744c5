"""A flow as a Mermaid drawing (mermaid.js.org, flowchart), as GitHub and most Markdown readers show it."""

from catalog.dataset import Dataset
from catalog.entry import DatasetEntry, Job, Node, short
from catalog.flow import Flow
from catalog.render.wording import name_of, task

SHAPES = {"kafka": ('[/"', '"/]'), "api": ('(["', '"])'), "object": ('["', '"]'), "cache": ('{{"', '"}}')}
STORE = ('[("', '")]')
STYLES = (
    "classDef job fill:#eef2ff,stroke:#4f46e5,color:#1e1b4b",
    "classDef data fill:#ecfdf5,stroke:#059669,color:#022c22",
    "classDef bad fill:#fef2f2,stroke:#dc2626,color:#450a0a,stroke-width:2px",
    "classDef late fill:#fffbeb,stroke:#d97706,color:#451a03,stroke-width:2px",
    "classDef target stroke-width:3px",
)


def drawing(flow: Flow) -> str:
    """The flow from top to bottom: jobs and what they write inside their DAG; red fails, yellow is late."""
    ids = _ids(flow)
    dag_of = {hop.job.job: hop.job.parent for hop in flow.hops}
    home = {result.dataset.dataset: dag_of[hop.job.job] for hop in flow.hops for result in hop.results}
    lines = ["flowchart TD"]
    lines += [f"  {_dataset(entry, ids)}" for entry in flow.datasets if home.get(entry.dataset) is None]
    lines += [f"  {_job(job, ids)}" for job, dag in dag_of.items() if dag is None]
    for number, dag in enumerate(dag.job for dag in flow.dags):
        lines.append(f'  subgraph g{number}["{_safe(short(dag))}"]')
        lines += [f"    {_job(job, ids)}" for job, parent in dag_of.items() if parent == dag]
        lines += [f"    {_dataset(entry, ids)}" for entry in flow.datasets if home.get(entry.dataset) == dag]
        lines.append("  end")
    lines += [f"  {line}" for line in _arrows(flow, ids)]
    lines += [f"  {style}" for style in STYLES]
    lines.append(f"  class {ids[flow.target.dataset]} target")
    return "\n".join(lines) + "\n"


def _ids(flow: Flow) -> dict[Node, str]:
    ids: dict[Node, str] = {entry.dataset: f"d{number}" for number, entry in enumerate(flow.datasets)}
    return ids | {hop.job.job: f"j{number}" for number, hop in enumerate(flow.hops)}


def _dataset(entry: DatasetEntry, ids: dict[Node, str]) -> str:
    left, right = SHAPES.get(entry.kind, STORE)
    mood = "bad" if entry.health == "failing" else "late" if entry.freshness == "stale" else "data"
    label = f"{_safe(name_of(entry))}"
    return f"{ids[entry.dataset]}{left}{label}{right}:::{mood}"


def _job(job: Job, ids: dict[Node, str]) -> str:
    return f'{ids[job]}["{_safe(task(job))}"]:::job'


def _arrows(flow: Flow, ids: dict[Node, str]) -> list[str]:
    """An arrow per edge; one with two heads where a job reads back what it wrote."""
    pairs = set(flow.edges)
    arrows = []
    for origin, target in flow.edges:
        if (target, origin) not in pairs:
            arrows.append(f"{ids[origin]} --> {ids[target]}")
        elif isinstance(origin, Job) and isinstance(target, Dataset):
            arrows.append(f"{ids[origin]} <--> {ids[target]}")
    return arrows


def _safe(text: str) -> str:
    """Text inside a quoted label: what Mermaid or HTML would read as its own is written as a character code."""
    flat = " ".join(text.split()) or "unnamed"
    return "".join(f"#{ord(one)};" if one in '"#<>&;`\\' or not one.isprintable() else one for one in flat)
