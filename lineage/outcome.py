"""What a task did, as one frozen value: the only thing lineage is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.schema import Schema
from catalog.wire import Way

if TYPE_CHECKING:
    from lineage.profile import Profile

Severity = Literal["critical", "warning"]
Lifecycle = Literal["ALTER", "CREATE", "DROP", "OVERWRITE", "RENAME", "TRUNCATE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One expectation on one dataset and what came of it; values are JSON-ready words for people and machines."""

    name: str
    success: bool
    severity: Severity
    column: str | None = None
    expected: str = ""
    actual: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    """What makes it this check, the same from run to run."""
    examples: tuple[str, ...] = ()
    """Some of what failed, nothing personal: values, or rows as JSON."""

    @property
    def found(self) -> str:
        """What was found, with examples of what failed."""
        return self.actual + (f", such as {'; '.join(self.examples)}" if self.examples else "")

    @property
    def title(self) -> str:
        """What people call it: `expect_column_values_to_not_be_null(user_id)`."""
        return f"{self.name}({self.column})" if self.column else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMetrics:
    """Figures of one column; None where not measured."""

    row_count: int | None = None
    """Values that are there."""
    null_count: int | None = None
    distinct_count: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    total: float | None = None
    quantiles: Mapping[str, float] = field(default_factory=dict)
    """Share below → value: {"0.5": 19.0}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformation:
    """How an input column reaches an output column (ColumnLineageDatasetFacet 1-2-0)."""

    type: Literal["DIRECT", "INDIRECT"] = "DIRECT"
    subtype: str = "IDENTITY"
    description: str = ""
    masking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSource:
    """One input column of an output column."""

    dataset: Dataset
    column: str
    transformation: Transformation = Transformation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What comparing a dataset's schema with a baseline brought, as our facets tell it (catalog.observe)."""

    drift: Mapping[str, Any] | None = None
    baseline: Mapping[str, Any] | None = None
    """Told only when it is a new one."""
    description: str = ""
    """The dataset's own: the backend forgets it with every event that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a task reads values that are not as they were promised, declared beside the code that does it."""

    way: Way
    says: str
    """What becomes of such a value, in words that a reviewer reads behind "it casts: ..."."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A dataset that a task read, with what was counted and checked on it."""

    dataset: Dataset
    contract: Contract | None = None
    schema: Schema | None = None
    """What was seen, when it differs from the contract's."""
    rows: int | None = None
    newest: datetime | None = None
    """When the newest row was written."""
    checks: tuple[Check, ...] = ()
    metrics: Mapping[str, ColumnMetrics] = field(default_factory=dict)
    profile: "Profile | None" = None
    """Of a sample, what the standard metrics have no room for."""
    reading: Reading | None = None
    """None: strictly, as data of this kind is read."""
    compared: Compared | None = None
    """Then no schema is told: who compares is no witness of it."""
    lifecycle: Lifecycle | None = None
    """What became of it by the hand of a task that keeps it but writes no rows: a topic is created or altered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A dataset that a task wrote."""

    dataset: Dataset
    contract: Contract | None = None
    schema: Schema | None = None
    rows: int | None = None
    size_bytes: int | None = None
    files: int | None = None
    lifecycle: Lifecycle | None = None
    columns: Mapping[str, tuple[ColumnSource, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicOffsets:
    """The half-open range [start, end) read from one partition."""

    topic: str
    partition: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notification that was sent: where to, and its first line."""

    channel: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run took of its machine: the task's process and every process that it started and waited for (Spark's
    driver too). Pods and servers that work for it elsewhere are not in here.
    """

    seconds: float
    cpu_s: float
    peak_bytes: int
    """The most memory that one of these processes held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run of a task read, wrote, counted and checked. Counts are rows (messages for a topic)."""

    inputs: tuple[Read, ...] = ()
    outputs: tuple[Written, ...] = ()
    rows_in: int | None = None
    rows_out: int | None = None
    rows_rejected: int | None = None
    rows_duplicate: int | None = None
    """Left out because the same key was there before: neither out nor rejected."""
    rejected: Mapping[str, int] = field(default_factory=dict)
    """Rows rejected, by reason."""
    offsets: tuple[TopicOffsets, ...] = ()
    interval: tuple[datetime, datetime] | None = None
    usage: Usage | None = None
    sql: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    alerted: bool = False
    """The task itself has told whom its checks concern: nobody is told again."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Other things counted, by what people call them: {"new": 2, "stale": 1}."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Where a person can look: {"report": "s3://...", "data docs": "file://..."}."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check of every input, in order."""
        return tuple(check for read in self.inputs for check in read.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not hold, critical ones first."""
        return tuple(sorted((check for check in self.checks if not check.success), key=lambda check: check.severity))
