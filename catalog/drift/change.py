"""One difference between two shapes of a dataset: which rule found it, where, and what stood there before and after."""

from dataclasses import dataclass
from hashlib import sha256

from catalog.drift.shape import Check, Part
from catalog.wire import Word

Judged = tuple[Word, str, str]
"""What a change is to somebody, why, and where the rule is written."""
TYPES = frozenset({"type", "precision", "scale", "length", "zone"})
"""The nouns of rules that are about a type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one aspect of one part; `path` is "" for the dataset itself, the new path for a rename.

    `before` and `after` are the aspect in words, None where there was none. `old` and `new` are the whole parts: a
    judgement needs nothing else; of a column that came or went the other one is the schema that held for undeclared
    members, if there was one. `open_before` and `open_after`: whether undeclared members may stand beside it.
    """

    rule: str
    path: str
    before: str | None = None
    after: str | None = None
    old: Part | None = None
    new: Part | None = None
    check: Check | None = None
    open_before: bool = True
    open_after: bool = True
    score: float | None = None
    """The likeness of a probable rename, 0 to 1, no probability; None for everything that is certain."""

    @property
    def noun(self) -> str:
        """What its rule is about."""
        return self.rule.partition(".")[0]

    @property
    def retyped(self) -> bool:
        """Whether values are of another type, or have other limits that a type sets."""
        return self.noun in TYPES

    @property
    def gone(self) -> bool:
        """Whether nothing has the former name any more."""
        return self.rule in {"column.dropped", "column.renamed"}

    @property
    def former(self) -> str:
        """The path that it had before: another one only for renames."""
        return self.before or "" if self.rule.endswith("renamed") else self.path

    @property
    def fingerprint(self) -> str:
        """The same for the same change of the same part, wherever it is found: 16 hexadecimal digits."""
        words = (self.rule, self.path, self.before or "", self.after or "")
        return sha256("\x00".join(words).encode()).hexdigest()[:16]

    def __str__(self) -> str:
        values = [word for word in (self.before, self.after) if word is not None]
        return f"{self.rule} {self.path or 'dataset'}" + (f": {' → '.join(values)}" if values else "")
