"""The catalog as a page inside the Airflow UI, behind Airflow's own login.

Airflow serves a plugin's application to everybody unless the application asks for a user itself, so ours does, for
every address of it: the page in the UI's frame sends the `_token` cookie, a program a Bearer token.
"""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/ecompulse"


class CatalogPlugin(AirflowPlugin):
    """A place in the navigation, and the application that it shows."""

    name = "ecompulse"
    external_views: list[Any] = [  # noqa: RUF012 - so declared by Airflow
        {
            "name": "Catalog",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "url_route": "ecompulse",
            "nav_top_level": True,
        }
    ]

    @cached_property
    def fastapi_apps(self) -> list[Any]:  # type: ignore[override]  # Airflow reads it from an instance
        """Asked for in the process that serves pages only; tasks and schedulers load plugins too, and stay quick."""
        return [{"app": application(), "url_prefix": PREFIX, "name": "E-ComPulse catalog"}]


def application() -> Any:
    """The catalog, asking for Airflow's user; it reads the record while the server starts."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    from catalog.settings import Settings
    from catalog.site.app import create

    return create(Settings.from_environment(), dependencies=[Depends(get_user)], warm=True)
