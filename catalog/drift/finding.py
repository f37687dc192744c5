"""A change of a dataset with the verdict for each of its consumers: what is shown, alerted and reviewed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from catalog.drift.change import Change
from catalog.drift.classify import Consumer, Verdict, classify, worst
from catalog.drift.remedy import remedy
from catalog.wire import VERDICTS, Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One change of one dataset, judged for everybody who is known to be affected."""

    dataset: str
    """What people call the dataset: its contract's id, else namespace/name."""
    change: Change
    verdicts: tuple[Verdict, ...]
    """The worst first, then by the consumer's name."""
    complete: bool = True
    """Whether all consumers are known: otherwise nobody may say that nobody is affected."""
    since: datetime | None = None
    """When it was first observed; None for what is only declared."""
    remedy: str = ""
    """What to do to make it safe, or what has to be said by whom; "" when it is compatible."""

    @property
    def word(self) -> Word:
        """The verdict for all; of an incomplete list of consumers it is "cannot tell" where it would be compatible."""
        found = worst(self.verdicts)
        return "cannot tell" if found == "compatible" and not self.complete else found

    @property
    def fingerprint(self) -> str:
        """The same for the same change of the same dataset: 16 hexadecimal digits."""
        return sha256(f"{self.dataset}\x00{self.change.fingerprint}".encode()).hexdigest()[:16]


def judge(
    dataset: str, changes: Iterable[Change], consumers: Iterable[Consumer], *, complete: bool = True
) -> tuple[Finding, ...]:
    """Every change with its verdicts and a way on, the worst first, else in the order of the changes."""
    known = tuple(consumers)
    found = []
    for change in changes:
        verdicts = sorted((classify(change, one) for one in known), key=_severity)
        finding = Finding(dataset=dataset, change=change, verdicts=tuple(verdicts), complete=complete)
        found.append(replace(finding, remedy=remedy(change, finding.word)))
    return tuple(sorted(found, key=lambda one: VERDICTS.index(one.word)))


def _severity(verdict: Verdict) -> tuple[int, str]:
    return VERDICTS.index(verdict.word), verdict.consumer.name
