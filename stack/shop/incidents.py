"""What goes wrong in the shop for a while: each incident changes what visitors do, for all producers that it names.

Events outside an incident's time stay as they were, byte for byte: an incident takes away, changes or adds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stack.shop.catalogue import Producer
from stack.shop.clock import HOUR_MS, iso, parse_time
from stack.shop.errors import SpanInvalid, UnknownIncident
from stack.shop.producers import payment_method
from stack.shop.sessions import Step

#: The producer that falls silent, and the method whose gateway fails.
SILENT: Producer = "android"
FAILING_METHOD = "credit_card"
#: A spike brings this many times the usual traffic.
SPIKE = 3


def _as_usual(step: Step, producer: Producer) -> Step | None:
    return step


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that goes wrong: `becomes` gives what a step turns into, None when it is not sent at all."""

    name: str
    description: str
    seen: str
    """Where a reader of the stream notices."""
    hours: float
    """How long it lasts when no end is given."""
    becomes: Callable[[Step, Producer], Step | None] = _as_usual
    traffic: int = 1
    """How many times the usual number of visits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An incident and its simulated time [from_ms, until_ms)."""

    incident: Incident
    from_ms: int
    until_ms: int

    @classmethod
    def parse(cls, text: str, *, default_ms: int) -> Episode:
        """The episode of NAME, NAME@FROM or NAME@FROM..UNTIL; without FROM it begins at `default_ms`.

        Raises:
            UnknownIncident: the name is none of INCIDENTS.
            TimeInvalid: a moment is no ISO-8601 time.
            SpanInvalid: UNTIL is not after FROM.
        """
        name, _, span = text.partition("@")
        begin, _, end = span.partition("..")
        incident = find(name)
        from_ms = parse_time(begin) if begin else default_ms
        until_ms = parse_time(end) if end else from_ms + round(incident.hours * HOUR_MS)
        if until_ms <= from_ms:
            raise SpanInvalid(text=text)
        return cls(incident=incident, from_ms=from_ms, until_ms=until_ms)

    def covers(self, at_ms: int) -> bool:
        """Whether it is going on at this moment."""
        return self.from_ms <= at_ms < self.until_ms

    def describe(self) -> dict[str, str]:
        """The episode as the manifest gives it."""
        return {"name": self.incident.name, "from": iso(self.from_ms), "until": iso(self.until_ms)}


def _nothing(step: Step, producer: Producer) -> Step | None:
    return None


def _nothing_from_one(step: Step, producer: Producer) -> Step | None:
    return None if producer == SILENT else step


def _without_cart(step: Step, producer: Producer) -> Step | None:
    if step.type == "checkout_started":
        return step._replace(cart_cents=None)
    if step.type == "purchase" and step.order is not None:
        return step._replace(order=step.order._replace(total_cents=None))
    return step


def _unpaid(step: Step, producer: Producer) -> Step | None:
    if step.order is not None and payment_method(step.order, producer=producer) == FAILING_METHOD:
        return step._replace(type="payment_failed")
    return step


INCIDENTS: dict[str, Incident] = {
    incident.name: incident
    for incident in (
        Incident(
            name="spike",
            description=f"{SPIKE} times the usual traffic, made of more visitors who behave as usual",
            seen="events, distinct users, purchases",
            hours=2,
            traffic=SPIKE,
        ),
        Incident(
            name="outage",
            description="no producer sends anything; nothing is sent later",
            seen="events; the age of the newest event",
            hours=2,
            becomes=_nothing,
        ),
        Incident(
            name="producer_outage",
            description=f"{SILENT} sends nothing; nothing is sent later",
            seen="the mix of producers",
            hours=3,
            becomes=_nothing_from_one,
        ),
        Incident(
            name="checkout_bug",
            description="after a release the cart is lost at the checkout: checkout_started has no cart_total and "
            "item_count, purchase no total_amount, items, item_count and discount_amount (null; mobile drops nulls)",
            seen="nulls in these columns, revenue",
            hours=6,
            becomes=_without_cart,
        ),
        Incident(
            name="gateway_failure",
            description=f"every payment by {FAILING_METHOD} fails: payment_failed in place of purchase, with order_id, "
            "attempted_amount, payment_method and error",
            seen="the mix of event types and of payment methods",
            hours=3,
            becomes=_unpaid,
        ),
    )
}


def find(name: str) -> Incident:
    """The incident of that name.

    Raises:
        UnknownIncident: there is none; the message lists them.
    """
    if name not in INCIDENTS:
        raise UnknownIncident(name=name, known=tuple(INCIDENTS))
    return INCIDENTS[name]
