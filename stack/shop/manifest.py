"""What a generated stream holds, counted while it is made, so that everything downstream can compare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from stack.shop.clock import HOUR_MS, iso
from stack.shop.sessions import Session, Step
from stack.shop.unusable import UNUSABLE


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts messages one by one; usable ones once each, whatever is sent twice."""

    usable: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    unusable: Counter[tuple[str, str]] = field(default_factory=Counter)
    duplicates: Counter[str] = field(default_factory=Counter)
    visits: set[int] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    null_user: int = 0
    revenue_cents: int = 0
    damaged_revenue_cents: int = 0

    def count_usable(self, session: Session, step: Step, *, visit: int, at_ms: int) -> None:
        """A usable message, sent for the first time."""
        self.usable[session.visit.producer, step.type, at_ms // HOUR_MS] += 1
        self.visits.add(visit)
        if session.user is None:
            self.null_user += 1
        else:
            self.users.add(session.user.user_id)
        if step.order is not None:
            self.revenue_cents += step.revenue_cents

    def count_unusable(self, session: Session, step: Step, *, kind: str) -> None:
        """A damaged message."""
        self.unusable[kind, session.visit.producer] += 1
        self.damaged_revenue_cents += step.revenue_cents

    def count_duplicate(self, session: Session) -> None:
        """A usable message, sent for the second time."""
        self.duplicates[session.visit.producer] += 1

    def counts(self) -> dict[str, object]:
        """The manifest's counts; docs/shop.md says what each one means."""
        unique, unusable, duplicates = self.usable.total(), self.unusable.total(), self.duplicates.total()
        by_producer = _sum(self.usable, 0)
        by_type = _sum(self.usable, 1)
        sent = by_producer + _sum(self.unusable, 1) + self.duplicates
        return {
            "total": unique + unusable + duplicates,
            "expected_unique_events": unique,
            "duplicates": duplicates,
            "unusable_total": unusable,
            "unusable": {name: _sum(self.unusable, 0)[name] for name in UNUSABLE},
            "messages_by_producer": dict(sorted(sent.items())),
            "by_producer": dict(sorted(by_producer.items())),
            "by_event_type": dict(sorted(by_type.items())),
            "by_hour": {iso(int(hour) * HOUR_MS)[:13]: n for hour, n in sorted(_sum(self.usable, 2).items())},
            "null_user": self.null_user,
            "users": len(self.users),
            "sessions": len(self.visits),
            "purchases": by_type["purchase"],
            "revenue_cents": self.revenue_cents,
            "revenue": f"{self.revenue_cents // 100}.{self.revenue_cents % 100:02d}",
            "damaged_purchase_cents": self.damaged_revenue_cents,
        }


def _sum(counts: Counter[tuple[str, str, int]] | Counter[tuple[str, str]], part: int) -> Counter[str]:
    total: Counter[str] = Counter()
    pairs: Iterable[tuple[tuple[object, ...], int]] = counts.items()
    for key, number in pairs:
        total[str(key[part])] += number
    return total
