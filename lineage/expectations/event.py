"""Rules on shop events: revenue, totals, items, time, currency, joins, and the envelope of a raw message."""

from __future__ import annotations

from typing import ClassVar

from great_expectations.compatibility import pydantic

from lineage.expectations.rule import Instant, RowRule

CENT = 0.005
"""Money is decimal(…,2): a difference below half a cent is none."""
WIDE = "decimal(28,2)"
"""What a price is multiplied as: the product of the largest price and quantity has its place in it."""


class ExpectRevenueToFollowEventType(RowRule):
    """Reports sum `event_revenue`: a purchase brings its total, a cancellation takes it away, nothing else counts."""

    violation: ClassVar[str] = (
        "case event_type"
        " when 'purchase' then event_revenue < 0 or event_revenue <> coalesce(total_amount, 0)"
        " when 'order_cancelled' then event_revenue > 0 or event_revenue <> -abs(coalesce(total_amount, 0))"
        " else event_revenue <> 0 end"
    )
    shown: ClassVar[tuple[str, ...]] = ("event_id", "event_type", "event_revenue", "total_amount")
    sentence: ClassVar[str] = (
        "revenue is a purchase's total (never negative), a cancellation's negative total, and 0 for every other event"
    )


class ExpectOrderTotalToEqualItems(RowRule):
    """What was charged is what was in the cart: sum of price x quantity, less the discount (lake: items are nested)."""

    applies: ClassVar[str] = "event_type = 'purchase' and total_amount is not null and len(items) > 0"
    violation: ClassVar[str] = (
        f"abs(list_sum(list_transform(items, lambda item: cast(item.price as {WIDE}) * item.quantity))"
        " - coalesce(discount_amount, 0) - total_amount) > {tolerance}"
    )
    shown: ClassVar[tuple[str, ...]] = ("event_id", "order_id", "total_amount", "discount_amount", "items")
    sentence: ClassVar[str] = "an order's total equals the sum of its items less the discount, within {tolerance}"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "tolerance")

    tolerance: float = pydantic.Field(default=CENT, ge=0)


class ExpectCartTotalToCoverItem(RowRule):
    """After something was added, the cart is worth at least that; an empty or negative cart is a producer's mistake."""

    applies: ClassVar[str] = "cart_total is not null"
    violation: ClassVar[str] = (
        "cart_total < 0"
        f" or (event_type = 'add_to_cart' and cart_total < cast(price as {WIDE}) * quantity - {{tolerance}})"
    )
    shown: ClassVar[tuple[str, ...]] = ("event_id", "event_type", "price", "quantity", "cart_total")
    sentence: ClassVar[str] = "the cart's total covers price x quantity of what was just added, and is never negative"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "tolerance")

    tolerance: float = pydantic.Field(default=CENT, ge=0)


class ExpectCartTotalToEqualSum(RowRule):
    """Within a visit, the cart's total is the sum of what was added up to that event.

    Known only as long as nothing was removed or bought in the visit; a mobile session id outlives the visit and its
    cart, so producers are named. Visits cut by a batch's edge, or with a lost message, are why suites use `mostly`.
    """

    applies: ClassVar[str] = (
        "event_type = 'add_to_cart' and cart_total is not null and event_id in (select event_id from"
        " (select event_id, max(case when event_type in ('remove_from_cart', 'purchase') then 1 else 0 end)"
        " over (partition by session_id order by event_time, event_id rows unbounded preceding) as ended"
        " from batch where source in {sources}) as carts where ended = 0)"
    )
    violation: ClassVar[str] = (
        f"event_id in (select event_id from (select event_id, cart_total, sum(cast(price as {WIDE}) * quantity)"
        " over (partition by session_id order by event_time, event_id rows unbounded preceding) as running"
        " from batch where event_type = 'add_to_cart') as carts where abs(running - cart_total) > {tolerance})"
    )
    shown: ClassVar[tuple[str, ...]] = ("event_id", "session_id", "price", "quantity", "cart_total")
    sentence: ClassVar[str] = "the cart's total equals the sum of what was added in the visit, within {tolerance}"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "tolerance", "sources")

    sources: list[str] = pydantic.Field(default=["web", "synthetic"], min_items=1)
    tolerance: float = pydantic.Field(default=CENT, ge=0)


class ExpectPurchaseToHaveItems(RowRule):
    """Only where the producer can send them: the mobile encoders drop nested values."""

    applies: ClassVar[str] = "event_type = 'purchase' and source in {sources}"
    violation: ClassVar[str] = "items is null or len(items) = 0"
    shown: ClassVar[tuple[str, ...]] = ("event_id", "order_id", "source", "platform")
    sentence: ClassVar[str] = "a purchase from {sources} names what was bought"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "sources")

    sources: list[str] = pydantic.Field(default=["web", "synthetic"], min_items=1)


class ExpectEventTimeNotInFuture(RowRule):
    """Relative to a moment that is given, never the clock, so that a rerun of an old interval decides the same."""

    violation: ClassVar[str] = "event_time > {as_of} + {tolerance_s} * interval '1 second'"
    shown: ClassVar[tuple[str, ...]] = ("event_id", "event_time", "source")
    sentence: ClassVar[str] = "an event happened at most {tolerance_s} s after {as_of}"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "as_of", "tolerance_s")

    as_of: Instant
    tolerance_s: int = pydantic.Field(default=300, ge=0)


class ExpectCurrencyToBeKnown(RowRule):
    """Sums of money need one meaning: ISO 4217 codes that are tender somewhere today (Unicode CLDR, by Babel)."""

    applies: ClassVar[str] = "currency is not null or total_amount is not null"
    violation: ClassVar[str] = "currency is null or currency not in {currencies}"
    shown: ClassVar[tuple[str, ...]] = ("event_id", "event_type", "currency", "total_amount")
    sentence: ClassVar[str] = "where there is an amount, its currency is one of ISO 4217"

    def parameters(self) -> dict[str, object]:
        """The known currencies, beside the fields."""
        return {**super().parameters(), "currencies": currencies()}


class ExpectReferenceToMatch(RowRule):
    """The join with reference data found a partner: `found` is filled where `key` is."""

    applies: ClassVar[str] = "{key} is not null"
    violation: ClassVar[str] = "{found} is null"
    shown: ClassVar[tuple[str, ...]] = ("event_id", "event_type", "source")
    sentence: ClassVar[str] = "where there is a {key}, reference data gave a {found}"
    success_keys: ClassVar[tuple[str, ...]] = ("mostly", "key", "found")

    key: str = pydantic.Field(regex=r"^[a-z_]+$")
    found: str = pydantic.Field(regex=r"^[a-z_]+$")

    def condition(self, template: str) -> str:
        """The fields are names of columns, not values."""
        return template.format(key=self.key, found=self.found)


class ExpectMessageToNameItsEvent(RowRule):
    """Each producer spells it its own way (web, Android, iOS); one of the spellings must be there."""

    violation: ClassVar[str] = 'coalesce(event_type, "eventName", event_name) is null'
    shown: ClassVar[tuple[str, ...]] = ("event_id", "source")
    sentence: ClassVar[str] = "a message names its event as event_type, eventName or event_name"


class ExpectMessageToNameItsVisit(RowRule):
    """Without a session id an event can never become part of a visit."""

    violation: ClassVar[str] = 'coalesce(session_id, "sessionId") is null'
    shown: ClassVar[tuple[str, ...]] = ("event_id", "source")
    sentence: ClassVar[str] = "a message names its visit as session_id or sessionId"


class ExpectSentPriceToBePossible(RowRule):
    """As sent, in whatever spelling: a price and a quantity are numbers, not negative (topic: properties are JSON)."""

    applies: ClassVar[str] = "json_valid(properties)"
    violation: ClassVar[str] = (
        "coalesce(try_cast(properties ->> '$.price' as double) not between 0 and 1e300,"
        " (properties ->> '$.price') is not null)"
        " or coalesce(try_cast(properties ->> '$.quantity' as double) not between 0 and 1e300,"
        " (properties ->> '$.quantity') is not null)"
    )
    shown: ClassVar[tuple[str, ...]] = ("event_id", "source", "price", "quantity")
    sentence: ClassVar[str] = "a price and a quantity are numbers as sent, and not negative"

    def example(self) -> dict[str, str]:
        """Of the properties only those that the rule is about."""
        sent = {name: f"properties ->> '$.{name}'" for name in ("price", "quantity")}
        return {name: sent.get(name, name) for name in self.shown}


def currencies() -> tuple[str, ...]:
    """Codes that are legal tender in some territory and have no end date, sorted."""
    from babel.core import get_global

    territories = get_global("territory_currencies").values()
    return tuple(sorted({code for spans in territories for code, _, end, tender in spans if tender and end is None}))
