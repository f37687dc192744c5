"""Where the catalog reads and keeps things, from the environment, once."""

import os
from dataclasses import dataclass, field
from pathlib import Path

MARQUEZ_URL = "http://127.0.0.1:5000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The backend, the index file, and the other pages that a reader may want to go to."""

    marquez_url: str = MARQUEZ_URL
    marquez_web_url: str = MARQUEZ_URL
    marquez_api_key: str | None = field(default=None, repr=False)
    airflow_url: str | None = None
    catalog_url: str | None = None
    index: Path = Path("catalog.sqlite")

    @classmethod
    def from_environment(cls) -> "Settings":
        """MARQUEZ_URL, MARQUEZ_WEB_URL, MARQUEZ_API_KEY, AIRFLOW_URL, CATALOG_URL, and ECOMPULSE_CATALOG (without it, a
        file in the user's cache)."""
        url = os.environ.get("MARQUEZ_URL", MARQUEZ_URL).rstrip("/")
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ecompulse" / "catalog.sqlite"
        return cls(
            marquez_url=url,
            marquez_web_url=os.environ.get("MARQUEZ_WEB_URL", url).rstrip("/"),
            marquez_api_key=os.environ.get("MARQUEZ_API_KEY"),
            airflow_url=os.environ.get("AIRFLOW_URL"),
            catalog_url=os.environ.get("CATALOG_URL"),
            index=Path(os.environ.get("ECOMPULSE_CATALOG", str(cache))),
        )
