"""The three producers and how they disagree about one and the same step (the table in docs/shop.md, after domain §5.2).

Web sends the documented envelope. The mobile encoders know no metadata object and drop every nested value and null; iOS
also writes whole numbers without a fraction.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random
from typing import Any

from stack.shop.catalogue import Producer, random_uuid
from stack.shop.clock import iso
from stack.shop.sessions import EventType, Order, Session, Step

#: A message body while it is still an object.
Event = dict[str, Any]

#: What the mobile SDKs call the documented event types.
MOBILE_NAMES: dict[EventType, str] = {
    "page_view": "screen_viewed",
    "product_view": "product_viewed",
    "add_to_cart": "product_added",
    "remove_from_cart": "product_removed",
    "checkout_started": "checkout_started",
    "purchase": "purchase_completed",
    "user_login": "user_login",
    "payment_failed": "payment_failed",
}
PAYMENT_METHODS: dict[Producer, tuple[str, ...]] = {
    "web": ("credit_card", "credit_card", "paypal", "google_pay"),
    "android": ("credit_card", "paypal", "google_pay", "google_pay"),
    "ios": ("credit_card", "paypal", "apple_pay", "apple_pay"),
}
SHIPPING_METHODS = ("standard", "standard", "express", "overnight")
SHOP_URL = "https://shop.example.com"
REFERRERS = ("https://search.example.org/", "https://social.example.net/", "https://news.example.org/deals")
BROWSERS = (
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
        "1920x1080",
    ),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 Version/18.1 Safari/605.1.15",
        "1440x900",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "1366x768"),
)
ANDROID_PHONES = (("Pixel 9", "15"), ("SM-S921B", "14"), ("moto g84", "13"))
IPHONES = (("iPhone16,1", "18.1"), ("iPhone14,5", "17.6"), ("iPhone17,3", "18.2"))


#: Makes the event of a step at a time (epoch ms); the chance that it is given makes the event id where there is one.
Build = Callable[[Step, int, Random], Event]


def builder(session: Session) -> Build:
    """What makes the events of one visit, as the session's producer sends them."""
    return _BUILDERS[session.visit.producer](session)


def key_of(session: Session) -> str:
    """The message key: the user id as this producer writes it, the session id for an anonymous visitor."""
    if session.user is None:
        return session.session_id
    return f"user_{session.user.user_id}" if session.visit.producer == "web" else session.user.user_id


def _web(session: Session) -> Build:
    browser, viewport = BROWSERS[session.visit.device % len(BROWSERS)]
    user_id, session_id, started = key_of(session), session.session_id, iso(session.visit.start_ms)

    def build(step: Step, at_ms: int, rng: Random) -> Event:
        properties = _properties(step, producer="web")
        if step.type == "page_view":
            properties["page_title"] = _title(step.page)
            properties["viewport_size"] = viewport
            if rng.random() < 0.30:
                properties["referrer"] = rng.choice(REFERRERS)
        properties["user_agent"] = browser
        properties["ip_address"] = None
        return {
            "event_id": random_uuid(rng.getrandbits),
            "event_type": step.type,
            "timestamp": iso(at_ms),
            "user_id": user_id,
            "session_id": session_id,
            "source": "web",
            "properties": properties,
            "metadata": {
                "sdk_version": "1.0.0",
                "platform": "web",
                "environment": "prod",
                "session_start_time": started,
            },
        }

    return build


@cache
def _title(page: str) -> str:
    return f"{page.strip('/').replace('/', ' - ') or 'home'} | shop"


def _android(session: Session) -> Build:
    flattened = _flattening(session, device=ANDROID_PHONES[session.visit.device % len(ANDROID_PHONES)], sdk="2.1.0")
    user_id, session_id = None if session.user is None else session.user.user_id, session.session_id

    def build(step: Step, at_ms: int, rng: Random) -> Event:
        return {
            "eventName": MOBILE_NAMES[step.type],
            "timestamp": at_ms,
            "userId": user_id,
            "sessionId": session_id,
            "properties": flattened(step, at_ms + 7),
        }

    return build


def _ios(session: Session) -> Build:
    flattened = _flattening(session, device=IPHONES[session.visit.device % len(IPHONES)], sdk="2.0.3")
    user, session_id = session.user, session.session_id

    def build(step: Step, at_ms: int, rng: Random) -> Event:
        properties = flattened(step, at_ms + 11.5)
        for name, value in properties.items():
            if type(value) is float and value.is_integer():
                properties[name] = int(value)
        event: Event = {
            "event_name": MOBILE_NAMES[step.type],
            "timestamp": at_ms + rng.randrange(1, 1000) / 1000,
            "session_id": session_id,
            "properties": properties,
        }
        if user is not None:
            event["user_id"] = user.user_id
        return event

    return build


_BUILDERS: dict[Producer, Callable[[Session], Build]] = {"web": _web, "android": _android, "ios": _ios}


def _flattening(session: Session, *, device: tuple[str, str], sdk: str) -> Callable[[Step, float], Event]:
    """What gives a step's properties, with metadata and user properties flattened into them and a second timestamp.

    Nested values and nulls are dropped.
    """
    producer, user = session.visit.producer, session.user
    common: Event = {"sdk_version": sdk, "platform": producer, "app_version": "5.4.1"}
    common |= {"device_model": device[0], "os_version": device[1], "environment": "production"}
    if user is not None:
        common |= {"customer_segment": user.customer_segment, "age_group": user.age_group}

    def flattened(step: Step, second_timestamp: float) -> Event:
        properties = {
            name: value
            for name, value in _properties(step, producer=producer).items()
            if isinstance(value, (str, int, float, bool))
        }
        properties["event_category"] = "ecommerce" if step.cart_lines or step.product else "engagement"
        properties["timestamp"] = second_timestamp
        return properties | common

    return flattened


def _properties(step: Step, *, producer: Producer) -> Event:
    """The documented properties of a step (domain §5.1), before a producer has its way with them."""
    if step.type == "page_view":
        return {"page_url": f"{SHOP_URL}{step.page}"} if producer == "web" else {"screen_name": step.page}
    if step.type == "user_login":
        return {"method": "password"}
    if step.order is not None:
        shown = _failed_payment if step.type == "payment_failed" else _order
        return shown(step.order, producer=producer)
    if step.product is None:
        lines = None if step.cart_cents is None else step.cart_lines
        return {"cart_total": _usd(step.cart_cents), "item_count": lines, "currency": "USD"}
    if step.type == "remove_from_cart":
        return {
            "product_id": step.product.product_id,
            "quantity": step.quantity,
            "cart_total": _usd(step.cart_cents),
            "currency": "USD",
        }
    return _product(step, producer=producer)


def _product(step: Step, *, producer: Producer) -> Event:
    product = step.product
    assert product is not None
    properties: Event = {
        "product_id": product.product_id,
        "product_name": product.product_name,
        "product_category": product.category,
        "price": product.price_cents / 100,
        "currency": "USD",
    }
    if step.type == "add_to_cart":
        properties["quantity"] = step.quantity
        properties["cart_total"] = _usd(step.cart_cents)
    else:
        properties["brand"] = product.brand
        if producer == "web":
            properties["page_url"] = f"{SHOP_URL}/products/{product.product_id}"
    return properties


def payment_method(order: Order, *, producer: Producer) -> str:
    """How the customer pays on this producer."""
    return PAYMENT_METHODS[producer][order.payment % 4]


def _order(order: Order, *, producer: Producer) -> Event:
    lost = order.total_cents is None
    items = [
        {
            "product_id": product.product_id,
            "product_name": product.product_name,
            "price": product.price_cents / 100,
            "quantity": quantity,
        }
        for product, quantity in order.lines
    ]
    return {
        "order_id": order.order_id,
        "total_amount": _usd(order.total_cents),
        "currency": "USD",
        "items": None if lost else items,
        "item_count": None if lost else len(items),
        "payment_method": payment_method(order, producer=producer),
        "shipping_method": SHIPPING_METHODS[order.shipping % 4],
        "discount_amount": None if lost else _usd(order.discount_cents),
    }


def _failed_payment(order: Order, *, producer: Producer) -> Event:
    return {
        "order_id": order.order_id,
        "attempted_amount": _usd(order.total_cents),
        "currency": "USD",
        "payment_method": payment_method(order, producer=producer),
        "error": "gateway_timeout",
    }


def _usd(cents: int | None) -> float | None:
    return None if cents is None else cents / 100
