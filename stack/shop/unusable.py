"""The ways in which about one message in a hundred is unusable; each kind has a name that the manifest counts by.

Cart changes (add_to_cart, remove_from_cart) are spared, so that running sums can be checked on what arrives.
A message above the topic's 1 MiB is no kind: the broker refuses it, so it can never reach a dead-letter topic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson

from stack.shop.producers import Event

UNUSABLE_SHARE = 0.01
SPARED = frozenset({"add_to_cart", "remove_from_cart"})
#: A device clock set wrong by a century: late enough for every rule about times in the future.
CENTURY_MS = 36_525 * 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """One kind of damage: `damage` gives the bytes that are sent in place of the event (None: no value at all)."""

    name: str
    description: str
    damage: Callable[[Event], bytes | None]


def _without(event: Event, *names: str) -> bytes:
    return orjson.dumps({name: value for name, value in event.items() if name not in names})


def _truncated(event: Event) -> bytes:
    body = orjson.dumps(event)
    return body[: len(body) * 2 // 3]


def _invalid_utf8(event: Event) -> bytes:
    body = orjson.dumps(event)
    middle = len(body) // 2
    return body[:middle] + b"\xff\xfe" + body[middle:]


def _unparseable_time(event: Event) -> bytes:
    return orjson.dumps({**event, "timestamp": "20/11/26 8h15"})


def _future_time(event: Event) -> bytes:
    """The body's own way to write times is kept: text stays text, a number a number."""
    sent = event["timestamp"]
    late = f"{int(sent[:4]) + 100}{sent[4:]}" if isinstance(sent, str) else sent + CENTURY_MS
    return orjson.dumps({**event, "timestamp": late})


KINDS: tuple[Unusable, ...] = (
    Unusable(name="truncated_json", description="the body stops after two thirds", damage=_truncated),
    Unusable(
        name="not_json",
        description="a proxy's HTML error page instead of the event",
        damage=lambda event: b"<html><body><h1>502 Bad Gateway</h1></body></html>",
    ),
    Unusable(name="empty_value", description="zero bytes", damage=lambda event: b""),
    Unusable(name="null_value", description="no value (a tombstone)", damage=lambda event: None),
    Unusable(name="invalid_utf8", description="two bytes in the middle are no UTF-8", damage=_invalid_utf8),
    Unusable(
        name="body_is_array",
        description="a JSON array around the event",
        damage=lambda event: b"[%b]" % orjson.dumps(event),
    ),
    Unusable(
        name="double_encoded",
        description="a JSON text that contains the event",
        damage=lambda event: orjson.dumps(orjson.dumps(event).decode()),
    ),
    Unusable(
        name="missing_event_type",
        description="neither event_type nor eventName nor event_name",
        damage=lambda event: _without(event, "event_type", "eventName", "event_name"),
    ),
    Unusable(
        name="missing_timestamp",
        description="no top-level timestamp (the second one of mobile, in properties, says when it was queued)",
        damage=lambda event: _without(event, "timestamp"),
    ),
    Unusable(name="unparseable_timestamp", description="a time that no rule reads", damage=_unparseable_time),
    Unusable(name="future_timestamp", description="a hundred years ahead", damage=_future_time),
)
#: Name → kind, in the order of the table in docs/shop.md.
UNUSABLE: dict[str, Unusable] = {kind.name: kind for kind in KINDS}
