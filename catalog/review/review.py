"""What a review says, as frozen values: whatever is posted, annotated or printed is made from these."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from catalog.drift import Finding

Basis = Literal["snapshot", "backend", "declared"]
"""Where the observed side and the consumers come from; `declared`: from contracts, suites and SQL only."""
Outcome = Literal["fine", "breaking", "unknown"]
Observed = Literal["", "already so", "not yet", "otherwise"]
"""What the record says of a change: "" nothing is recorded, else whether the data is as the branch declares already."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A line of a file, relative to the repository; of what the branch removes, in the base's version of the file."""

    path: str
    line: int = 1
    removed: bool = False
    near: int = 1
    """Of what is removed, a line of the branch's version that stands near it; what marks lines knows no other."""

    @property
    def now(self) -> int:
        """A line of the branch's version."""
        return self.near if self.removed else self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Somebody's word that one finding may pass: until when, and for which circumstances (`basis`)."""

    fingerprint: str
    reason: str
    owner: str
    expires: date
    basis: str = ""
    """A digest of the change, its base and its consumers: when one of them is another, the waiver has lapsed."""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One finding of the branch: where it is written, what the record says, and who waived it."""

    finding: Finding
    place: Place | None = None
    observed: Observed = ""
    waiver: Waiver | None = None
    """Only one that holds."""
    basis: str = ""
    """What a waiver must name to hold (Waiver.basis)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with the review itself: an expired, lapsed or unused waiver, a file that cannot be read."""

    kind: str
    """waiver_expired, waiver_lapsed, waiver_unused, waiver_invalid, file_unreadable."""
    message: str
    place: Place | None = None
    breaking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a branch means to those who read its data."""

    base: str
    """Commit that the branch is compared with (its merge base), and `head`, the one that is reviewed."""
    head: str
    basis: Basis
    as_of: datetime | None
    """When the record was read; None without one."""
    reasons: tuple[str, ...] = ()
    """What the record may lack: then a verdict is unknown, never fine."""
    findings: tuple[Reviewed, ...] = ()
    """The destructive first, then the worst, then by place."""
    problems: tuple[Problem, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """breaking when an unwaived finding or a problem breaks; else unknown when the record was asked and lacks
        something, or a finding cannot be told; else fine."""
        open_words = {one.finding.word for one in self.findings if one.waiver is None}
        if "breaking" in open_words or any(one.breaking for one in self.problems):
            return "breaking"
        return "unknown" if self.reasons or "cannot tell" in open_words else "fine"

    @property
    def exit_code(self) -> int:
        """0 fine; 1 something breaks, or a question waits for an answer; 3 the record lacks something."""
        if self.outcome == "unknown":
            return 3 if self.reasons else 1
        return 0 if self.outcome == "fine" else 1
