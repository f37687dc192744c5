"""What this repository brings itself: the lineage backend, the relay that delivers to it, the catalog, the shop."""

from __future__ import annotations

import sys
from pathlib import Path

from stack import ready
from stack.server import Server, Site

CATALOG_SETTINGS = ("MARQUEZ_URL", "AIRFLOW_URL", "ECOMPULSE_CATALOG")


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


def relay(site: Site) -> Server:
    """Delivers lineage events from the outbox, also after an outage and when no task runs."""
    environment = site.environment
    options = ("relay", "--outbox", environment["LINEAGE_OUTBOX"], "--url", environment["MARQUEZ_URL"])
    return Server(
        name="relay",
        command=(str(Path(sys.executable).with_name("lineage")), *options),
        ready=ready.relay,
        prepare=lambda: Path(environment["LINEAGE_OUTBOX"]).mkdir(mode=0o700, exist_ok=True, parents=True),
    )


def catalog(site: Site) -> Server:
    """The catalog's pages, brought up to date from the backend every few seconds."""
    options = ("serve", "--port", str(site.ports["catalog"]), "--sync-every", "10")
    return Server(
        name="catalog",
        command=(str(Path(sys.executable).with_name("catalog")), *options),
        ready=ready.catalog,
        environment={name: site.environment[name] for name in CATALOG_SETTINGS},
        needs=("marquez",),
    )
