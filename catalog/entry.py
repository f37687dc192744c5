"""What the catalog knows, as frozen values: the index gives them; pages, search, flow documents and commands show them.

Times are aware and in UTC. None means "not told", never "none": an answer says with its `Completeness` what it lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from catalog.dataset import Dataset

Health = Literal["healthy", "warning", "failing", "unchecked"]
Freshness = Literal["fresh", "stale", "unknown"]
Role = Literal["dag", "task", "step"]
"""A step is a job whose parent task tells the same lineage itself: a Spark query inside a submitted application."""
FAILED = ("FAIL", "ABORT")
"""Ends of a run that did not do what it should."""
BLOCKING = ("error", "critical")
"""Severities of checks that must hold; others warn."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """The two words that identify a job in events and in the backend."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


Node = Dataset | Job


def health_of(success: bool, severity: str) -> Health:
    """What a check's result makes of what it checks."""
    return "healthy" if success else "failing" if severity in BLOCKING else "warning"


def short(node: Node) -> str:
    """What a node is called among its kind: the table, the topic, the keys, the task with its DAG."""
    if isinstance(node, Job):
        return node.name
    if node.namespace.startswith(("postgres://", "redshift://")):
        return node.name.rsplit(".", 1)[-1]
    last = node.name.rstrip("/").rsplit("/", 1)[-1]
    return last if ".db/" in node.name else node.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How far an answer can be trusted: when the record was read last, and what may be missing."""

    as_of: datetime | None
    reasons: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.as_of is not None and not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Generic[T]):
    """A value read from the record, with how complete it is."""

    value: T
    completeness: Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who told a fact: the event's time, its run, the job and the code revision it ran from."""

    time: datetime
    run_id: str | None
    job: Job
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column or nested member as last observed, beside what the contract promises of it."""

    path: str
    ordinal: int
    type: str
    description: str = ""
    nullable: bool | None = None
    tags: tuple[str, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)
    """The rest of our column facet: primaryKey, unique, partition, enum, default, length, precision, scale."""
    since: Origin | None = None
    promised: str | None = None
    """The contract's type; None when there is no contract, or it has no such column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaVersion:
    """One content of a dataset's schema, with since when, who told it, and what was checked in that run."""

    content: str
    """Hash of the ordered columns with all their details: equal content, equal version."""
    columns: tuple[Column, ...]
    since: Origin
    until: datetime | None
    """The event that first told otherwise; None while it holds."""
    witnesses: tuple[Job, ...]
    seen: bool = True
    """Whether who told it first looked at the data; otherwise it is what a contract promised then."""
    checks_passed: int = 0
    checks_failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that became different, in words a reader can act on."""

    time: datetime
    subject: Node
    kind: str
    """dataset_new, dataset_vanished, column_added, column_removed, column_changed, owner_changed, described, moved."""
    path: str | None = None
    before: str | None = None
    after: str | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEntry:
    """One expectation on a dataset: its newest result, and when it began to be so."""

    dataset: Dataset
    name: str
    column: str | None
    severity: str
    success: bool
    expected: str
    actual: str
    time: datetime
    run_id: str
    job: Job
    since: datetime
    """Start of the present unbroken row of equal results."""
    history: tuple[tuple[datetime, bool], ...] = ()
    """Results of the last runs, oldest first."""
    params: Mapping[str, str] = field(default_factory=dict)
    current: bool = True
    """Whether the latest run of its job that checked this dataset still had it; former checks say nothing of health."""

    @property
    def health(self) -> Health:
        """What this result alone makes of its dataset."""
        return health_of(self.success, self.severity)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Offsets:
    """Messages of one partition of a topic, from `start` on and before `end`."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def count(self) -> int:
        """How many offsets; not all need be messages (a compacted topic, a transaction's marks)."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One run; counts are rows of our task-counts facet, None where it said nothing.

    `state` is its ending event's type, COMPLETE, FAIL or ABORT; RUNNING while there is none.
    """

    run_id: str
    job: Job
    state: str
    started: datetime | None
    ended: datetime | None
    nominal: datetime | None = None
    parent_run: str | None = None
    parent_job: Job | None = None
    revision: str | None = None
    error: str | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    rows_rejected: int | None = None
    offsets: tuple[Offsets, ...] = ()
    """What it read of topics, by topic and partition."""
    dag_run: str | None = None
    """What Airflow calls it; only of the run of a DAG, its tasks have it as their parent."""
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    checks_passed: int = 0
    checks_failed: int = 0

    @property
    def duration(self) -> timedelta | None:
        """From START to the end event."""
        return self.ended - self.started if self.started and self.ended else None

    @property
    def failed(self) -> bool:
        """Whether it ended without doing what it should."""
        return self.state in FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntry:
    """One job: a DAG, a task of it, or a step that a task caused."""

    job: Job
    role: Role
    kind: str = ""
    """The jobType facet's word: TASK, DAG, COMMAND..."""
    parent: Job | None = None
    description: str = ""
    owner: str | None = None
    sql: str | None = None
    source_path: str | None = None
    source_url: str | None = None
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    last_run: RunEntry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One point where what was observed is not what the contract promises."""

    path: str
    promised: str
    observed: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """One dataset: everything its page needs but history and lineage."""

    dataset: Dataset
    kind: str
    """kafka, lake, warehouse, cache, api, object; by contract, else by the namespace's scheme."""
    title: str = ""
    description: str = ""
    owner: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] = ()
    contract: str | None = None
    """Id and version: `lake.enriched_events@1.0.0`."""
    columns: tuple[Column, ...] = ()
    readers: tuple[Job, ...] = ()
    writers: tuple[Job, ...] = ()
    reads_30d: int = 0
    """Runs that read it in the 30 days before the record's newest event."""
    first_seen: datetime | None = None
    last_read: datetime | None = None
    last_written: datetime | None = None
    last_rows: int | None = None
    promised_every: timedelta | None = None
    freshness: Freshness = "unknown"
    health: Health = "unchecked"
    differences: tuple[Difference, ...] = ()
    vanished: bool = False
    """Its last event said DROP."""
    drift: str | None = None
    """The worst verdict of its open changes against the baseline; "" when none is open, None when nobody looked."""

    @property
    def contract_id(self) -> str:
        """The contract's id without its version; "" without a contract."""
        return (self.contract or "").partition("@")[0]

    @property
    def drifted(self) -> bool:
        """Whether what was observed differs from the contract, or from what somebody accepted."""
        return bool(self.differences or self.drift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Data went from `origin` to `target`; `current` when the job's newest run with lineage still told so."""

    origin: Node
    target: Node
    last_seen: datetime
    current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEdge:
    """One input column of one output column, by whom and how (ColumnLineageDatasetFacet 1-2-0)."""

    origin: Dataset
    origin_column: str
    target: Dataset
    target_column: str
    job: Job
    type: str = "DIRECT"
    subtype: str = ""
    description: str = ""
    masking: bool = False
    last_seen: datetime | None = None
    current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageGraph:
    """Datasets and jobs around a start, nearest first; `hidden` counts what lies beyond the asked depth or size."""

    start: Node
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """Everything that a change of a dataset, or of one of its columns, can reach, to full depth."""

    start: Dataset
    column: str | None
    datasets: tuple[Dataset, ...]
    columns: tuple[tuple[Dataset, str], ...]
    jobs: tuple[Job, ...]
    checks: tuple[CheckEntry, ...]
    owners: tuple[str, ...]
    runs_24h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measurement of a dataset or column: rows, null_count, distinct_count, mean, min, max, ..."""

    time: datetime
    value: float
    run_id: str
    job: Job | None = None
    """Who measured it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One search result; `kind` is dataset, column, job, report, check or owner."""

    kind: str
    name: str
    """What it is called on the page: the dataset's short name, `column of table`, the task."""
    subject: Node | None
    path: str | None
    title: str
    owner: str | None
    tier: str | None
    health: Health
    freshness: Freshness
    score: float
    why: str
    """What matched: exact name, prefix, words in the description..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """How many hits have each value of one property, most frequent first."""

    name: str
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Hits, best first, with facets over all matches and the word that was read for a mistyped one."""

    query: str
    hits: tuple[Hit, ...]
    total: int
    facets: tuple[Facet, ...]
    corrections: tuple[tuple[str, str], ...] = ()
