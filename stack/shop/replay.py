"""A real order log as events: the layout of the UCI Online Retail data, one event per invoice, day and kind.

| rows | event | sign |
|---|---|---|
| InvoiceNo of digits, Quantity ≥ 0 | `purchase` | as in the file |
| InvoiceNo `C…` or `c…` | `order_cancelled` | negative quantities and total, as in the file |
| negative Quantity without `C` | `order_adjusted`, adjustment `stock` | as in the file (the UCI data has price 0) |
| any other InvoiceNo (`A…`) | `order_adjusted`, adjustment `account` | as in the file, negative prices included |

Every row is one entry of `items`, exact duplicates too: rows = number of items, net revenue = sum of total_amount over
all events, null customers = items of events whose user_id is null. Amounts are sums of Quantity × UnitPrice in GBP.
An invoice that names two customers becomes two events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson

from stack.shop.clock import iso
from stack.shop.message import Message
from stack.shop.orders import Row, read

EVENT_NAMESPACE = uuid5(NAMESPACE_URL, "https://shop.example.com/orders")


@dataclass(slots=True, kw_only=True)
class Replay:
    """The messages of an order log's days, made as they are read; `manifest()` is complete when all have been."""

    orders: Path
    start: date | None = None
    days: int | None = None
    events: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    null_customers: Counter[str] = field(default_factory=Counter)
    revenue: dict[str, Decimal] = field(default_factory=dict)

    def messages(self) -> Iterator[Message]:
        """One message per invoice, day and kind, in order of time; equal arguments give equal bytes.

        Raises:
            OrdersFileInvalid: the file cannot be read, or a value in it is none; names row and column.
        """
        for rows in _invoices(read(self.orders, start=self.start, days=self.days)):
            event = _event(rows)
            self._count(event, rows)
            yield Message(
                key=event["user_id"] or event["session_id"],
                value=orjson.dumps(event),
                timestamp_ms=_epoch_ms(rows[0]["InvoiceDate"]),
                producer="web",
            )

    def manifest(self) -> dict[str, object]:
        """Counts by event type; money as decimal text in GBP, `net_revenue` is the sum over all types."""
        return {
            "orders": self.orders.name,
            "start": self.start.isoformat() if self.start else None,
            "days": self.days,
            "total": self.events.total(),
            "by_event_type": dict(sorted(self.events.items())),
            "rows": self.rows.total(),
            "rows_by_event_type": dict(sorted(self.rows.items())),
            "null_customer_events": self.null_customers["events"],
            "null_customer_rows": self.null_customers["rows"],
            "revenue_by_event_type": {kind: _plain(amount) for kind, amount in sorted(self.revenue.items())},
            "net_revenue": _plain(sum(self.revenue.values(), Decimal())),
        }

    def _count(self, event: dict[str, Any], rows: list[Row]) -> None:
        kind = event["event_type"]
        self.events[kind] += 1
        self.rows[kind] += len(rows)
        self.revenue[kind] = self.revenue.get(kind, Decimal()) + _total(rows)
        if event["user_id"] is None:
            self.null_customers["events"] += 1
            self.null_customers["rows"] += len(rows)


def _invoices(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows grouped by invoice, day, kind and customer; groups in order of their first time, rows too."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(_identity(row), []).append(row)
    for group in groups.values():
        group.sort(key=lambda row: row["InvoiceDate"])
    yield from sorted(groups.values(), key=lambda group: (group[0]["InvoiceDate"], _identity(group[0])))


def _identity(row: Row) -> str:
    """What makes two rows one event."""
    return "/".join((row["InvoiceNo"], str(row["InvoiceDate"].date()), *_kind(row), _customer(row) or ""))


def _customer(row: Row) -> str | None:
    return None if row["CustomerID"] is None else f"{row['CustomerID']:.0f}"


def _kind(row: Row) -> tuple[str, str]:
    """Event type and adjustment (empty for none) of a row: the table at the top of this module."""
    number = row["InvoiceNo"]
    if number.startswith(("C", "c")):
        return "order_cancelled", ""
    if not number.isdigit():
        return "order_adjusted", "account"
    return ("order_adjusted", "stock") if row["Quantity"] < 0 else ("purchase", "")


def _event(rows: list[Row]) -> dict[str, Any]:
    """The web envelope of one invoice; event id and session id are UUIDv5 of what makes it one."""
    first = rows[0]
    kind, adjustment = _kind(first)
    identity, customer = uuid5(EVENT_NAMESPACE, _identity(first)), _customer(first)
    timestamp = iso(_epoch_ms(first["InvoiceDate"]))
    properties = {
        "order_id": first["InvoiceNo"],
        "total_amount": float(_total(rows)),
        "currency": "GBP",
        "items": [_item(row) for row in rows],
        "item_count": len(rows),
        "country": first["Country"],
    }
    if adjustment:
        properties["adjustment"] = adjustment
    return {
        "event_id": str(identity),
        "event_type": kind,
        "timestamp": timestamp,
        "user_id": f"user_{customer}" if customer else None,
        "session_id": f"session_{uuid5(identity, 'session')}",
        "source": "web",
        "properties": properties,
        "metadata": {
            "sdk_version": "1.0.0",
            "platform": "web",
            "environment": "prod",
            "session_start_time": timestamp,
        },
    }


def _item(row: Row) -> dict[str, object]:
    quantity = row["Quantity"]
    return {
        "product_id": row["StockCode"],
        "product_name": row["Description"],
        "price": row["UnitPrice"],
        "quantity": int(quantity) if float(quantity).is_integer() else quantity,
    }


def _total(rows: list[Row]) -> Decimal:
    return sum((Decimal(str(row["Quantity"])) * Decimal(str(row["UnitPrice"])) for row in rows), Decimal())


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _epoch_ms(moment: datetime) -> int:
    """The log has no zone: its times are taken as UTC."""
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)
