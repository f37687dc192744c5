"""What the shop sells and to whom: products with fixed prices and user profiles, all from one seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Literal

Producer = Literal["web", "android", "ios"]
PRODUCERS: tuple[Producer, ...] = ("web", "android", "ios")

#: The catalogue knows no clock: everything in it was last touched on or before this day.
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)

PRODUCT_COUNT, USER_COUNT = 2_000, 5_000

#: category → (subcategory, noun); the six categories of the platform's own generator.
SHELVES: dict[str, tuple[tuple[str, str], ...]] = {
    "electronics": (("audio", "Headphones"), ("computers", "Laptop"), ("phones", "Phone"), ("cameras", "Camera")),
    "clothing": (("shoes", "Sneakers"), ("outerwear", "Jacket"), ("tops", "Shirt"), ("accessories", "Scarf")),
    "books": (("fiction", "Novel"), ("cooking", "Cookbook"), ("travel", "Atlas"), ("science", "Handbook")),
    "home": (("kitchen", "Kettle"), ("lighting", "Lamp"), ("furniture", "Chair"), ("garden", "Planter")),
    "sports": (("cycling", "Helmet"), ("running", "Watch"), ("outdoor", "Tent"), ("fitness", "Dumbbell")),
    "beauty": (("skin", "Cream"), ("hair", "Shampoo"), ("fragrance", "Perfume"), ("make-up", "Palette")),
}
BRANDS = ("Aldermoor", "Bexley", "Corvane", "Dunmere", "Elstow", "Fenwick", "Garrow", "Hartsel", "Ivybridge", "Kestrel")
ADJECTIVES = ("Classic", "Compact", "Everyday", "Lightweight", "Premium", "Quiet", "Rugged", "Slim", "Soft", "Urban")
FIRST_NAMES = ("Ada", "Bruno", "Carla", "Deniz", "Elif", "Farid", "Grete", "Hugo", "Ines", "Jonas", "Kaya", "Lena")
LAST_NAMES = ("Abbott", "Brandt", "Costa", "Dietrich", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanov", "Jansen")
AGE_GROUPS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
LOCATIONS = ("Berlin, DE", "Lyon, FR", "Leeds, GB", "Porto, PT", "Austin, US", "Denver, US", "Turku, FI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One article; `price_cents` never changes. `margin` is price - cost."""

    product_id: str
    product_name: str
    category: str
    subcategory: str
    brand: str
    price_cents: int
    cost_cents: int
    inventory_level: int
    last_updated: datetime

    @property
    def price(self) -> float:
        """USD."""
        return self.price_cents / 100

    def record(self) -> dict[str, object]:
        """The product as the API and the export give it (domain §5.4); money in USD, times ISO-8601 UTC."""
        return {
            "product_id": self.product_id,
            "product_name": self.product_name,
            "category": self.category,
            "subcategory": self.subcategory,
            "brand": self.brand,
            "price": self.price,
            "cost": self.cost_cents / 100,
            "margin": (self.price_cents - self.cost_cents) / 100,
            "inventory_level": self.inventory_level,
            "last_updated": _iso(self.last_updated),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One profile. `user_id` is the bare UUID: web events carry it with the prefix `user_`, mobile ones without."""

    user_id: str
    first_name: str
    last_name: str
    age_group: str
    location: str
    customer_segment: str
    registration_date: datetime
    last_activity: datetime
    total_orders: int
    total_spent_cents: int

    def record(self) -> dict[str, object]:
        """The profile as the API and the export give it (domain §5.4); money in USD, times ISO-8601 UTC."""
        return {
            "user_id": self.user_id,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "email": f"{self.first_name}.{self.last_name}.{self.user_id[:8]}@example.com".lower(),
            "age_group": self.age_group,
            "location": self.location,
            "customer_segment": self.customer_segment,
            "registration_date": self.registration_date.date().isoformat(),
            "last_activity": _iso(self.last_activity),
            "total_orders": self.total_orders,
            "total_spent": self.total_spent_cents / 100,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Products, most popular first, and users: the first 60 % shop on the web, then 25 % on Android and 15 % on iOS."""

    products: tuple[Product, ...]
    users: tuple[User, ...]

    @classmethod
    def build(cls, seed: int, *, products: int = PRODUCT_COUNT, users: int = USER_COUNT) -> Catalogue:
        """The catalogue of one seed; the same arguments give the same catalogue everywhere."""
        goods, people = Random(f"{seed}/products"), Random(f"{seed}/users")
        return cls(
            products=tuple(_product(goods) for _ in range(products)),
            users=tuple(_user(people) for _ in range(users)),
        )

    def users_of(self, producer: Producer) -> tuple[User, ...]:
        """The users whose device is `producer`'s; one user has one device."""
        web, mobile = round(len(self.users) * 0.60), round(len(self.users) * 0.85)
        bounds = {"web": (0, web), "android": (web, mobile), "ios": (mobile, len(self.users))}
        first, end = bounds[producer]
        return self.users[first:end]


def zipf_weights(count: int, *, exponent: float, shift: float) -> list[float]:
    """Cumulative Zipf-Mandelbrot weights 1 / (rank + shift) ** exponent, for `Random.choices` and bisection."""
    return list(accumulate(1 / (rank + shift) ** exponent for rank in range(1, count + 1)))


def random_uuid(draw: Callable[[int], int]) -> str:
    """A version-4 UUID from `Random.getrandbits`, several times faster than through `uuid.UUID`."""
    text = draw(128).to_bytes(16, "big").hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _product(rng: Random) -> Product:
    category = rng.choice(tuple(SHELVES))
    subcategory, noun = rng.choice(SHELVES[category])
    brand = rng.choice(BRANDS)
    price_cents = rng.randint(1_000, 50_000)
    return Product(
        product_id=random_uuid(rng.getrandbits),
        product_name=f"{brand} {rng.choice(ADJECTIVES)} {noun} {rng.randint(100, 999)}",
        category=category,
        subcategory=subcategory,
        brand=brand,
        price_cents=price_cents,
        cost_cents=round(price_cents * rng.uniform(0.4, 0.8)),
        inventory_level=rng.randint(0, 500),
        last_updated=AS_OF - timedelta(minutes=rng.randint(0, 30 * 1440)),
    )


def _user(rng: Random) -> User:
    orders = min(int(rng.paretovariate(0.9)) - 1, 60)
    spent_cents = sum(rng.randint(1_500, 20_000) for _ in range(orders))
    registered = AS_OF - timedelta(days=rng.randint(1, 1_500))
    return User(
        user_id=random_uuid(rng.getrandbits),
        first_name=rng.choice(FIRST_NAMES),
        last_name=rng.choice(LAST_NAMES),
        age_group=rng.choice(AGE_GROUPS),
        location=rng.choice(LOCATIONS),
        customer_segment=_segment(orders=orders, spent_cents=spent_cents),
        registration_date=registered,
        last_activity=registered + (AS_OF - registered) * rng.random(),
        total_orders=orders,
        total_spent_cents=spent_cents,
    )


def _segment(*, orders: int, spent_cents: int) -> str:
    """The platform's own thresholds (domain §5.4, customer_value_segment)."""
    if spent_cents > 100_000 and orders > 10:
        return "VIP"
    if spent_cents > 50_000 and orders > 5:
        return "Premium"
    if spent_cents > 10_000 and orders > 2:
        return "Regular"
    return "New"


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
