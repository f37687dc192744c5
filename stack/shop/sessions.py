"""Visits with a purpose: who comes when, what is looked at, carted and bought.

Targets (tests/shop/test_funnel.py holds the bounds): product views : carted : bought lines = 800 : 52 : 10 as in the
OTTO sessions, so that about 3.7 % of the visits end in a purchase and 20 % have a cart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import log
from random import Random
from typing import Literal, NamedTuple

from stack.shop.catalogue import (
    PRODUCERS,
    SHELVES,
    Catalogue,
    Producer,
    Product,
    User,
    random_uuid,
    zipf_weights,
)
from stack.shop.clock import HOUR_MS, MINUTE_MS, Window
from stack.shop.errors import TooFewUsers

EventType = Literal[
    "page_view",
    "product_view",
    "add_to_cart",
    "remove_from_cart",
    "checkout_started",
    "purchase",
    "user_login",
    "payment_failed",
]
#: web, Android, iOS: 60, 25 and 15 %; and of what is carted one, two, three pieces. Cumulated, for `Random.choices`.
PRODUCER_SHARES = tuple(accumulate((0.60, 0.25, 0.15)))
QUANTITY_SHARES = tuple(accumulate((80, 15, 5)))
IDLE_MS = 30 * MINUTE_MS
#: Three pauses in a row stay below IDLE_MS, so that a message lost to damage does not split a visit.
LONGEST_PAUSE_MS = 9 * MINUTE_MS
_USUAL_PAUSE_RATE, _LONG_PAUSE_RATE = 1 / 45_000, 1 / 240_000
MOBILE_SESSION_MS = 24 * HOUR_MS
NEVER_MS = 2**62
BUYER_SHARE, CARTER_SHARE = 0.038, 0.145
ANONYMOUS_SHARE = {"web": 0.0, "android": 0.10, "ios": 0.25}
LOGIN_SHARE, PROMPT_SHARE = 0.25, 0.40


class Order(NamedTuple):
    """What is bought: lines of product and quantity; total = sum of the lines - discount, all in cents.

    A total of None: the shop lost the cart, and sends neither figures nor lines.
    """

    order_id: str
    lines: tuple[tuple[Product, int], ...]
    discount_cents: int
    total_cents: int | None
    payment: int
    shipping: int


class Step(NamedTuple):
    """One thing a visitor does. `cart_cents` is the running sum after it (None: lost); `page` only for page views."""

    type: EventType
    product: Product | None = None
    quantity: int = 0
    cart_cents: int | None = 0
    cart_lines: int = 0
    order: Order | None = None
    page: str = ""

    @property
    def revenue_cents(self) -> int:
        """What the shop can book: a purchase's total where it is known, else 0."""
        return (self.order.total_cents or 0) if self.order is not None and self.type == "purchase" else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What happens in one visit: `steps[i]` at `start_ms + offsets_ms[i]`; `device` picks phone or browser."""

    producer: Producer
    steps: tuple[Step, ...]
    offsets_ms: tuple[int, ...]
    start_ms: int
    anonymous: bool
    device: int

    @property
    def end_ms(self) -> int:
        """When the last step happens."""
        return self.start_ms + self.offsets_ms[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A visit with its visitor; `user` is None for an anonymous one. Mobile session ids live 24 h and span visits."""

    visit: Visit
    user: User | None
    session_id: str


#: Steps that look the same whoever takes them are made once: they are nine of ten, and a stream has millions.
LANDING, SEARCH, CART, CHECKOUT = (Step("page_view", page=page) for page in ("/", "/search", "/cart", "/checkout"))
CATEGORIES = {name: Step("page_view", page=f"/category/{name}") for name in SHELVES}
LOGIN = Step("user_login")


def sessions(
    *, catalogue: Catalogue, window: Window, entropy: str, events: int, busy: frozenset[str] = frozenset()
) -> list[Session]:
    """Sessions in order of start with exactly `events` steps altogether; the one drawn last may be cut short.

    Two visits of one user are more than 30 minutes apart, two steps of one visit at most 9: a 30-minute idle gap gives
    the sessions back. Users whose ids are in `busy` do not come.

    Raises:
        TooFewUsers: the window is too crowded for the number of users.
    """
    visits = sorted(
        _visits(catalogue=catalogue, window=window, entropy=entropy, events=events), key=lambda v: v.start_ms
    )
    rng = Random(f"{entropy}/visitors")
    crowds = {
        producer: _Crowd(producer=producer, users=catalogue.users_of(producer), busy=busy) for producer in PRODUCERS
    }
    return [crowds[visit.producer].admit(visit, rng=rng) for visit in visits]


def _visits(*, catalogue: Catalogue, window: Window, entropy: str, events: int) -> Iterator[Visit]:
    rng = Random(f"{entropy}/visits")
    views = tuple(Step("product_view", product=product) for product in catalogue.products)
    shopper = _Shopper(rng=rng, views=views, popularity=_popularity(len(views)))
    longest_ms = (window.end_ms - window.start_ms) // 2
    left = events
    while left > 0:
        (producer,) = rng.choices(PRODUCERS, cum_weights=PRODUCER_SHARES)
        anonymous = rng.random() < ANONYMOUS_SHARE[producer]
        steps = tuple(shopper.walk(may_log_in=not anonymous))[:left]
        offsets = _offsets(len(steps), rng=rng, longest_ms=longest_ms)
        yield Visit(
            producer=producer,
            steps=steps,
            offsets_ms=offsets,
            start_ms=window.start_of_visit(share=rng.random(), duration_ms=offsets[-1]),
            anonymous=anonymous,
            device=rng.getrandbits(8),
        )
        left -= len(steps)


def _popularity(count: int) -> list[float]:
    return zipf_weights(count, exponent=0.95, shift=3.0)


def _offsets(count: int, *, rng: Random, longest_ms: int) -> tuple[int, ...]:
    """Milliseconds from the start: pauses of 1 s to 9 min, median about half a minute as in the OTTO sessions."""
    draw, longest_draw = rng.random, LONGEST_PAUSE_MS - 1_000
    at, offsets = 0, [0]
    for _ in range(count - 1):
        rate = _USUAL_PAUSE_RATE if draw() < 0.95 else _LONG_PAUSE_RATE
        at += 1_000 + min(int(-log(1.0 - draw()) / rate), longest_draw)  # Random.expovariate, without its call
        offsets.append(at)
    if at > longest_ms:
        return tuple(offset * longest_ms // at for offset in offsets)
    return tuple(offsets)


@dataclass(slots=True, kw_only=True)
class _Crowd:
    """The users of one producer: who is free, and the session id each device holds."""

    producer: Producer
    users: tuple[User, ...]
    busy: frozenset[str] = frozenset()
    cumulative: list[float] = field(init=False)
    free_at: list[int] = field(init=False)
    device_sessions: dict[int, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cumulative = zipf_weights(len(self.users), exponent=0.6, shift=20)
        self.free_at = [NEVER_MS if user.user_id in self.busy else 0 for user in self.users]

    def admit(self, visit: Visit, *, rng: Random) -> Session:
        number = self._free_user(visit.start_ms, rng=rng)
        self.free_at[number] = visit.end_ms + IDLE_MS + 1
        return Session(
            visit=visit,
            user=None if visit.anonymous else self.users[number],
            session_id=self._session_id(number, at_ms=visit.start_ms, rng=rng),
        )

    def _free_user(self, at_ms: int, *, rng: Random) -> int:
        for _ in range(12):
            number = bisect_right(self.cumulative, rng.random() * self.cumulative[-1])
            if self.free_at[number] <= at_ms:
                return number
        number = min(range(len(self.users)), key=self.free_at.__getitem__)
        if self.free_at[number] > at_ms:
            raise TooFewUsers(producer=self.producer, users=len(self.users))
        return number

    def _session_id(self, number: int, *, at_ms: int, rng: Random) -> str:
        """Web: new for each visit. Mobile: kept for 24 h; the number at its end is the device's and makes it unique."""
        if self.producer == "web":
            return f"session_{random_uuid(rng.getrandbits)}"
        held, since_ms = self.device_sessions.get(number, ("", 0))
        if not held or at_ms - since_ms >= MOBILE_SESSION_MS:
            held = f"session_{at_ms}_{number if self.producer == 'android' else number + 500_000}"
            self.device_sessions[number] = (held, at_ms)
        return held


@dataclass(slots=True, kw_only=True)
class _Shopper:
    """Draws what one visitor does; the cart is empty again after each walk."""

    rng: Random
    views: tuple[Step, ...]
    popularity: list[float]
    cart: dict[Product, int] = field(default_factory=dict)
    cart_cents: int = 0

    def walk(self, *, may_log_in: bool) -> Iterator[Step]:
        """Landing page, perhaps a login, products; a buyer's cart is not empty at the end and is bought."""
        draw = self.rng.random
        self.cart, self.cart_cents = {}, 0
        mood = draw()
        buys, carts = mood < BUYER_SHARE, mood < BUYER_SHARE + CARTER_SHARE
        yield LANDING
        if may_log_in and draw() < LOGIN_SHARE:
            yield LOGIN
        views = 1 + min(int(self.rng.expovariate(0.24)), 40)
        seen = self.rng.choices(self.views, cum_weights=self.popularity, k=views)
        for number, view in enumerate(seen, start=1):
            product = view.product
            assert product is not None
            if draw() < 0.45:
                yield CATEGORIES[product.category] if draw() < 0.7 else SEARCH
            yield view
            if carts and product not in self.cart and (draw() < 0.28 or (number == len(seen) and not self.cart)):
                yield from self._put(product)
        if buys:
            yield from self._buy()
        elif self.cart and draw() < PROMPT_SHARE:
            yield self._cart_step("checkout_started") if draw() < 0.5 else CART

    def _put(self, product: Product) -> Iterator[Step]:
        quantity = self.rng.choices((1, 2, 3), cum_weights=QUANTITY_SHARES)[0]
        self.cart[product] = quantity
        self.cart_cents += product.price_cents * quantity
        yield self._cart_step("add_to_cart", product=product, quantity=quantity)
        if len(self.cart) > 1 and self.rng.random() < 0.15:
            dropped = self.rng.choice(tuple(self.cart))
            quantity = self.cart.pop(dropped)
            self.cart_cents -= dropped.price_cents * quantity
            yield self._cart_step("remove_from_cart", product=dropped, quantity=quantity)

    def _buy(self) -> Iterator[Step]:
        yield CART
        yield self._cart_step("checkout_started")
        yield CHECKOUT
        percent = self.rng.randint(1, 20) if self.rng.random() < 0.4 else 0
        discount_cents = self.cart_cents * percent // 100
        order = Order(
            order_id=f"order_{random_uuid(self.rng.getrandbits)}",
            lines=tuple(self.cart.items()),
            discount_cents=discount_cents,
            total_cents=self.cart_cents - discount_cents,
            payment=self.rng.getrandbits(8),
            shipping=self.rng.getrandbits(8),
        )
        yield self._cart_step("purchase", order=order)

    def _cart_step(
        self, kind: EventType, *, product: Product | None = None, quantity: int = 0, order: Order | None = None
    ) -> Step:
        return Step(kind, product, quantity, self.cart_cents, len(self.cart), order)
