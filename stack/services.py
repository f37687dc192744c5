"""The servers that this repository brings itself: the embedded lineage backend and the shop's API."""

from __future__ import annotations

import sys
from pathlib import Path

from stack import ready
from stack.server import Server, Site


def marquez(site: Site) -> Server:
    """The embedded lineage backend, on one SQLite file."""
    data = site.home.data("marquez")
    options = ("serve", "--port", str(site.ports["marquez"]), "--data", str(data / "marquez.db"))
    return Server(
        name="marquez",
        command=(str(Path(sys.executable).with_name("marquez")), *options),
        ready=ready.marquez,
        prepare=lambda: data.mkdir(exist_ok=True),
    )


def shop(site: Site) -> Server:
    """The shop's API: the product catalogue and the profiles."""
    options = ("--port", str(site.ports["shop"]), "--seed", site.environment["ECOMPULSE_SHOP_SEED"])
    return Server(name="shop", command=(sys.executable, "-m", "stack.shop.api", *options), ready=ready.shop)
