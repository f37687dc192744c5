"""Drift as the record tells it: the facet that schema_evolution_dag leaves on a dataset, read; nothing is judged here.

Facets are told by others: what a part lacks is empty, a word that is none of ours is "cannot tell".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.dataset import Dataset
from catalog.drift.rule import RULES
from catalog.wire import VERDICTS, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a change means to one consumer."""

    name: str
    word: Word
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One change against the baseline that nobody has accepted."""

    fingerprint: str
    dataset: Dataset
    called: str
    """What people call the dataset."""
    rule: str
    path: str
    """Of the column or member; "" for the dataset itself."""
    before: str
    after: str
    word: Word
    since: datetime | None
    readers: tuple[Reader, ...]
    """The worst first, then by name."""
    remedy: str

    @property
    def words(self) -> str:
        """What happened."""
        return ruled(self.rule)

    def having(self, word: Word) -> list[Reader]:
        """The readers with this verdict."""
        return [one for one in self.readers if one.word == word]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a dataset stands to its baseline."""

    dataset: Dataset
    open: tuple[Drift, ...]
    """The worst first, then the oldest."""
    complete: bool
    """Whether all readers are known: otherwise nobody may say that nobody is affected."""
    baseline: str
    """Its name; "" when there is none to compare with yet: then nothing can be open."""
    since: datetime | None
    accepted_by: str
    reason: str

    @property
    def known(self) -> dict[str, datetime | None]:
        """Since when each change is open, by its fingerprint."""
        return {one.fingerprint: one.since for one in self.open}

    @property
    def clean(self) -> bool:
        """Whether it is known to be as accepted."""
        return bool(self.baseline) and self.complete and not self.open

    @property
    def word(self) -> Word:
        """The worst of all."""
        return self.open[0].word if self.open else "compatible"


def standing(dataset: Dataset, facet: Mapping[str, Any]) -> Standing:
    """What one drift facet says."""
    found = [_drift(dataset, one) for one in _list(facet.get("open"))]
    base = facet.get("baseline")
    base = base if isinstance(base, Mapping) else {}
    return Standing(
        dataset=dataset, open=tuple(sorted(found, key=urgency)), complete=facet.get("complete") is True,
        baseline=_text(base, "name"), since=_time(base.get("since")),
        accepted_by=_text(base, "acceptedBy"), reason=_text(base, "reason"),
    )  # fmt: skip


def ruled(rule: str) -> str:
    """What a rule says happened."""
    return RULES[rule].words if rule in RULES else rule.replace(".", " ").replace("_", " ")


def _drift(dataset: Dataset, told: Mapping[str, Any]) -> Drift:
    readers = [
        Reader(name=_text(one, "name"), word=word_of(one.get("word")), reason=_text(one, "reason"))
        for one in _list(told.get("consumers"))
    ]
    return Drift(
        fingerprint=_text(told, "fingerprint"), dataset=dataset,
        called=_text(told, "dataset") or str(dataset), rule=_text(told, "rule"), path=_text(told, "path"),
        before=_text(told, "before"), after=_text(told, "after"), word=word_of(told.get("verdict")),
        since=_time(told.get("since")), remedy=_text(told, "remedy"),
        readers=tuple(sorted(readers, key=lambda one: (VERDICTS.index(one.word), one.name))),
    )  # fmt: skip


def urgency(one: Drift) -> tuple[Any, ...]:
    """The worst first, then what breaks most, then the oldest."""
    since = one.since or datetime.max.replace(tzinfo=UTC)
    return (VERDICTS.index(one.word), -len(one.having("breaking")), since, one.dataset, one.path, one.rule)


def _list(told: object) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []


def _text(told: Mapping[str, Any], key: str) -> str:
    value = told.get(key)
    return "" if value is None else str(value)


def word_of(told: object) -> Word:
    """A verdict; what is none of ours is no good news."""
    return told if told in VERDICTS else "cannot tell"


def _time(told: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
