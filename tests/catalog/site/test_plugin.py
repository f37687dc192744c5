"""The catalog inside Airflow."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from catalog.index import Index
from tests.catalog import record

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
PATHS = ["/", "/index.html", "/search.html?q=email", "/static/site.css", "/open?name=x", "/column/a/b.html"]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Our plugin, mounted as Airflow's server mounts it, with the auth manager that the server would have."""
    from airflow import settings
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.models.revoked_token import RevokedToken
    from fastapi import FastAPI

    from lineage.plugin import CatalogPlugin

    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("airflow") / "catalog.sqlite"
        with Index.open(path) as index:
            index.add(record.events(days=1)[:12])
        patch.setenv("ECOMPULSE_CATALOG", str(path))
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "s" * 64)
        RevokedToken.__table__.create(settings.engine, checkfirst=True)  # where Airflow looks every token up
        host = FastAPI()
        init_auth_manager(host)
        for plugged in CatalogPlugin().fastapi_apps:
            host.mount(plugged["url_prefix"], plugged["app"])
        yield TestClient(host, follow_redirects=False)


@pytest.mark.parametrize("path", PATHS)
def test_nobody_sees_a_page_without_airflows_login(airflow: TestClient, path: str) -> None:
    assert airflow.get(f"/ecompulse{path}").status_code == 401


def test_who_is_logged_in_sees_the_catalog_by_cookie_or_token(airflow: TestClient) -> None:
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="ana", role="viewer"))
    for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}):
        answer = airflow.get("/ecompulse/", headers=headers)
        assert answer.status_code == 200
        assert "E-ComPulse" in answer.text
        assert airflow.get("/ecompulse/static/site.css", headers=headers).status_code == 200


def test_a_process_that_serves_no_pages_does_not_load_the_site() -> None:
    program = (
        "import sys; from lineage.plugin import CatalogPlugin; CatalogPlugin.on_load();"
        "print([name for name in ('fastapi', 'jinja2.ext', 'catalog.site') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_page_has_a_place_in_the_navigation_at_the_address_it_is_mounted_at() -> None:
    from lineage.plugin import PREFIX, CatalogPlugin

    [view] = CatalogPlugin.external_views
    [app] = CatalogPlugin().fastapi_apps
    assert view["href"] == f"{PREFIX}/"
    assert app["url_prefix"] == PREFIX
    assert (view["destination"], view["url_route"]) == ("nav", "ecompulse")


def test_airflow_finds_it_by_the_projects_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["airflow.plugins"] == {"ecompulse": "lineage.plugin:CatalogPlugin"}
