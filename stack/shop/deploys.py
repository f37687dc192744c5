"""Schema changes that a producer's release brings from a moment on; each is documented in its own entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from stack.shop.catalogue import PRODUCERS, Producer
from stack.shop.errors import UnknownDeploy
from stack.shop.producers import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """One schema change: `apply` changes an event of one of `producers` in place; `path` is where a reader notices."""

    name: str
    description: str
    path: str
    producers: tuple[Producer, ...]
    apply: Callable[[Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A deploy and the simulated moment from which its producers send the new shape."""

    deploy: Deploy
    at_ms: int

    def reaches(self, producer: Producer, at_ms: int) -> bool:
        """Whether an event of this producer and time has the new shape."""
        return at_ms >= self.at_ms and producer in self.deploy.producers


def _add_coupon(event: Event) -> None:
    if event["event_type"] == "purchase":
        event["properties"]["coupon_code"] = "AUTUMN" if event["properties"]["discount_amount"] else None


def _rename_category(event: Event) -> None:
    properties = event["properties"]
    if "product_category" in properties:
        properties["category"] = properties.pop("product_category")


def _price_to_string(event: Event) -> None:
    properties = event["properties"]
    for priced in (properties, *(properties.get("items") or ())):
        if "price" in priced:
            priced["price"] = f"{priced['price']:.2f}"


def _klarna(event: Event) -> None:
    """About a third of the orders, chosen by order id, are paid the new way."""
    properties = event["properties"]
    if "payment_method" in properties and crc32(properties["order_id"].encode()) % 3 == 0:
        properties["payment_method"] = "klarna"


def _move_sdk_version(event: Event) -> None:
    metadata = event["metadata"]
    metadata["sdk"] = {"version": metadata.pop("sdk_version")}


def _drop_currency(event: Event) -> None:
    event["properties"].pop("currency", None)


def _drop_shipping(event: Event) -> None:
    event["properties"].pop("shipping_method", None)


DEPLOYS: dict[str, Deploy] = {
    deploy.name: deploy
    for deploy in (
        Deploy(
            name="add_field",
            description="web purchases gain properties.coupon_code (text, null without a discount)",
            path="properties.coupon_code",
            producers=("web",),
            apply=_add_coupon,
        ),
        Deploy(
            name="rename_field",
            description="web product events say properties.category instead of properties.product_category",
            path="properties.product_category",
            producers=("web",),
            apply=_rename_category,
        ),
        Deploy(
            name="price_to_string",
            description='properties.price and items[].price become text ("12.50") on web and Android',
            path="properties.price",
            producers=("web", "android"),
            apply=_price_to_string,
        ),
        Deploy(
            name="enum_value",
            description='properties.payment_method gains the value "klarna" (about a third of the orders)',
            path="properties.payment_method",
            producers=PRODUCERS,
            apply=_klarna,
        ),
        Deploy(
            name="move_nested",
            description="web moves metadata.sdk_version to metadata.sdk.version",
            path="metadata.sdk_version",
            producers=("web",),
            apply=_move_sdk_version,
        ),
        Deploy(
            name="drop_field",
            description="properties.currency is no longer sent by any producer",
            path="properties.currency",
            producers=PRODUCERS,
            apply=_drop_currency,
        ),
        Deploy(
            name="drop_shipping",
            description="a new checkout: properties.shipping_method is no longer sent by any producer",
            path="properties.shipping_method",
            producers=PRODUCERS,
            apply=_drop_shipping,
        ),
    )
}


def find(name: str) -> Deploy:
    """The deploy of that name.

    Raises:
        UnknownDeploy: there is none; the message lists them.
    """
    if name not in DEPLOYS:
        raise UnknownDeploy(name=name, known=tuple(DEPLOYS))
    return DEPLOYS[name]
