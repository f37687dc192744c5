"""A lake with events and sessions in it, made from the contracts, and the warehouse beside it."""

import json
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.contract import Contract, load
from lineage.hooks.lake import LakeHook, arrow_schema
from lineage.hooks.warehouse import WarehouseHook

Row = dict[str, Any]
FIRST_DAY = datetime(2026, 3, 1, tzinfo=UTC)
PLAIN = {"string": "x", "boolean": True, "int": 1, "bigint": 1, "double": 1.0}


def an_event(seed: int, *, batch: int = 1, **given: Any) -> Row:
    """One enriched event, the same for the same seed; `batch` is the hour in which it was enriched."""
    dice = random.Random(seed)
    kind = given.get(
        "event_type", dice.choice(["page_view", "product_view", "add_to_cart", "purchase", "order_cancelled"])
    )
    at = given.get("event_time", FIRST_DAY + timedelta(hours=dice.uniform(0, 71)))
    amount = Decimal(dice.randrange(100, 90000)) / 100
    items = [{"product_id": f"p{dice.randrange(9)}", "product_name": None, "price": amount, "quantity": 1}]
    return {
        "event_id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(seed))),
        "event_type": kind,
        "event_time": at,
        "processing_date": at.date(),
        "user_id": dice.choice([None, "u1", "u2", 'u"3,é']),
        "source": dice.choice(["web", "mobile"]),
        "items": items if kind in ("purchase", "order_cancelled") else None,
        "extra": json.dumps({"note": "a, \"b\"\n"}) if dice.random() < 0.3 else None,
        "total_amount": {"purchase": amount, "order_cancelled": -amount}.get(kind),
        "event_revenue": {"purchase": amount, "order_cancelled": -amount}.get(kind, Decimal(0)),
        "expected_revenue": round(amount / 10, 2) if kind == "add_to_cart" else Decimal(0),
        "enriched_timestamp": FIRST_DAY + timedelta(days=9, hours=batch),
    } | given  # fmt: skip


def a_session(seed: int, *, batch: int = 1, **given: Any) -> Row:
    """One session, the same for the same seed."""
    dice = random.Random(seed)
    start = given.get("session_start", FIRST_DAY + timedelta(hours=dice.uniform(0, 71)))
    cart, bought = dice.random() < 0.6, dice.random() < 0.3
    return {
        "session_key": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{seed} {start}")),
        "session_id": f"s{seed}",
        "session_start": start,
        "session_date": start.date(),
        "session_end": start + timedelta(minutes=seed % 50),
        "session_duration_minutes": float(seed % 50),
        "page_views": dice.randrange(3),
        "source": "web",
        "event_sequence": ["page_view", "add_to_cart"],
        "has_cart_activity": cart,
        "has_purchase": bought,
        "abandoned_cart": cart and not bought,
        "conversion_rate": float(bought) if cart else None,
        "analysed_timestamp": FIRST_DAY + timedelta(days=9, hours=batch),
    } | given


def filled(contract: Contract, row: Row) -> Row:
    """The row with something plain in every required column that it does not name."""
    return {
        field.name: row.get(field.name, None if field.nullable else PLAIN.get(field.base, Decimal(1)))
        for field in contract.schema.fields
    }


class Lake:
    """What Spark leaves behind: rows appended to, or taken out of, the two tables."""

    def __init__(self) -> None:
        self.hook = LakeHook()
        self.contracts = {name: load(f"lake.{name}") for name in ("enriched_events", "user_sessions")}

    def append(self, name: str, rows: list[Row]) -> None:
        import pyarrow as pa

        contract = self.contracts[name]
        complete = [filled(contract, row) for row in rows]
        self.hook.create(contract).append(pa.Table.from_pylist(complete, schema=arrow_schema(contract.schema)))

    def remove(self, name: str, where: str) -> None:
        self.hook.table(name).delete(where)

    def forget(self) -> None:
        for name in self.contracts:
            if self.hook.catalog.table_exists(("ecom", name)):
                self.hook.catalog.drop_table(("ecom", name))


@pytest.fixture
def lake(platform: object) -> Iterator[Lake]:
    """Both tables, empty."""
    lake = Lake()
    for contract in lake.contracts.values():
        lake.hook.create(contract)
    yield lake
    lake.forget()


@pytest.fixture
def query(platform: object) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Rows of a query on the warehouse, which is emptied afterwards."""
    hook = WarehouseHook()

    def rows(text: str) -> list[tuple[Any, ...]]:
        with hook.transaction() as session:
            return session.fetch(text)

    yield rows
    with hook.transaction() as session:
        session.execute("DROP SCHEMA public CASCADE")
        session.execute("CREATE SCHEMA public")


@pytest.fixture
def batch() -> Callable[[str, list[Row]], Any]:
    """A function: lake table, rows → one Arrow batch as the lake gives it."""

    def made(name: str, rows: list[Row]) -> Any:
        import pyarrow as pa

        contract = load(f"lake.{name}")
        complete = [filled(contract, row) for row in rows]
        return pa.RecordBatch.from_pylist(complete, schema=arrow_schema(contract.schema))

    return made


@pytest.fixture
def event() -> Callable[..., Row]:
    return an_event


@pytest.fixture
def session() -> Callable[..., Row]:
    return a_session
