"""Where each thing's page is: one relative address, the same on the server, behind a prefix, and in published files."""

import hashlib
import re
from urllib.parse import quote

from catalog.dataset import Dataset
from catalog.entry import Job, Node, short
from catalog.settings import Settings

HOME, SEARCH, CHANGES, QUALITY, FLOWS, DRIFT = (
    "index.html", "search.html", "changes.html", "quality.html", "flows.html", "drift.html",
)  # fmt: skip
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.-]{0,79}")


def slug(node: Node) -> str:
    """A word for an address: readable, and different for different nodes (8 hex digits of the whole name's SHA-256)."""
    readable = re.sub(r"[^a-z0-9_]+", "-", short(node).lower()).strip("-")[:60] or "unnamed"
    return f"{readable}-{_digest(str(node), 8)}"


def label(node: Node) -> str:
    """The shortest name that a box in a drawing can bear: a task without its DAG."""
    return short(node).rsplit(".", 1)[-1] if isinstance(node, Job) else short(node)


def of(node: Node) -> str:
    """The page of a dataset or a job."""
    return f"{'job' if isinstance(node, Job) else 'dataset'}/{slug(node)}.html"


def graph(node: Node) -> str:
    """The page with the whole lineage of a dataset or a job."""
    return f"graph/{slug(node)}.html"


def flow(dataset: Dataset) -> str:
    """The page that tells how data gets to a dataset."""
    return f"flow/{slug(dataset)}.html"


def drift(dataset: Dataset) -> str:
    """The page that tells where a dataset is no longer as accepted."""
    return f"drift/{slug(dataset)}.html"


def column(dataset: Dataset, path: str) -> str:
    """The page of one column; safe on file systems that do not tell upper from lower case. `*` is the whole dataset."""
    if path == "*":
        return of(dataset)
    return f"column/{slug(dataset)}/{column_slug(path)}.html"


def column_slug(path: str) -> str:
    """The path itself where a file can be named so, else its readable part and a digest."""
    if _PLAIN.fullmatch(path) and path != "index":
        return path
    return f"{re.sub(r'[^a-z0-9_]+', '-', path.lower()).strip('-')[:60]}-{_digest(path, 6)}"


def run(run_id: str) -> str:
    """The page of one run."""
    return f"run/{quote(run_id, safe='')}.html"


def search(query: str) -> str:
    """The search page with this query."""
    return f"{SEARCH}?q={quote(query, safe='')}" if query else SEARCH


def up(path: str) -> str:
    """What to write before an address on the page at `path`: one `../` per folder."""
    return "../" * path.count("/")


def marquez(settings: Settings, node: Node) -> str:
    """The lineage page of Marquez's web UI (route of 0.51.1), which the embedded server answers too."""
    kind = "job" if isinstance(node, Job) else "dataset"
    return f"{settings.marquez_web_url}/lineage/{kind}/{quote(node.namespace, safe='')}/{quote(node.name, safe='')}"


def airflow(settings: Settings, job: Job, *, run_id: str | None = None) -> str | None:
    """The DAG's or the task's page in the Airflow UI; None without `airflow_url`. Jobs are `dag` or `dag.task`."""
    if not settings.airflow_url:
        return None
    dag, _, task = job.name.partition(".")
    place = f"{settings.airflow_url.rstrip('/')}/dags/{quote(dag, safe='')}"
    if run_id:
        place += f"/runs/{quote(run_id, safe='')}"
    return f"{place}/tasks/{quote(task, safe='')}" if task else place


def _digest(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]
