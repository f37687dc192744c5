"""The catalog as a web application: on its own, or mounted under a prefix, behind whatever login the host asks for."""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from catalog.errors import CatalogError
from catalog.index import Index
from catalog.settings import Settings
from catalog.site import address, render, routes
from catalog.site.pages import finding
from catalog.site.reading import NoSuchPage, Reading

logger = logging.getLogger(__name__)

SAFE = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
KEPT = 256
"""Pages remembered until the record changes."""
STATIC = render.FOLDER / "static"


class Shelf:
    """Pages of the present generation of the record, each made once. Safe from several threads: one reads at a time.

    Without an index the settings' file is opened at the first request: a host may be up before there is a record.
    """

    def __init__(self, settings: Settings, index: Index | None = None) -> None:
        self._settings, self._given = settings, index
        self._lock = threading.Lock()
        self._generation = ""
        self._site: Reading | None = None
        self._pages: OrderedDict[tuple[str, str], str] = OrderedDict()

    @cached_property
    def _index(self) -> Index:
        return self._given or Index.open(self._settings.index)

    def warm(self) -> None:
        """Compile templates and read the record, so that the first reader does not wait."""
        self.page(address.HOME, {})

    def generation(self) -> str:
        """A word that is another one whenever the record is, or was read again."""
        with self._lock:
            return self._turned()

    def page(self, path: str, query: dict[str, str]) -> str:
        """The page, made or remembered.

        Raises:
            NoSuchPage: there is none.
        """
        key = (path, repr(sorted(query.items())))
        with self._lock:
            self._turned()
            if key not in self._pages:
                self._pages[key] = routes.render(self._reading(), path, query)
                if len(self._pages) > KEPT:
                    self._pages.popitem(last=False)
            self._pages.move_to_end(key)
            return self._pages[key]

    def lost(self, problem: NoSuchPage) -> str:
        """The page that helps on."""
        with self._lock:
            self._turned()
            return finding.lost(self._reading(), problem)

    def find(self, name: str) -> str:
        """The address of what a name names.

        Raises:
            CatalogError: nothing, or several things.
        """
        with self._lock:
            return address.of(self._index.find(name))

    def _turned(self) -> str:
        now = f"{self._index.generation} {self._index.completeness()}"
        if now != self._generation:
            self._generation, self._site = now, None
            self._pages.clear()
        return now

    def _reading(self) -> Reading:
        if self._site is None:
            self._site = Reading(index=self._index, settings=self._settings)
        return self._site


def create(
    settings: Settings, *, index: Index | None = None, dependencies: Sequence[Any] = (), warm: bool = False
) -> FastAPI:
    """The application; every address goes through `dependencies`, which may refuse (a host's login).

    Without an index the file that the settings name is opened at the first request; with `warm`, when there is such a
    file, in a thread of its own at once.
    """
    shelf = Shelf(settings, index)
    if warm and settings.index.exists():
        threading.Thread(target=shelf.warm, name="warm", daemon=True).start()
    return _application(shelf, dependencies)


def _application(shelf: Shelf, dependencies: Sequence[Any]) -> FastAPI:
    app = FastAPI(
        title="E-ComPulse catalog", docs_url=None, redoc_url=None, openapi_url=None, dependencies=dependencies
    )

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        file = STATIC / Path(name).name
        if not file.is_file():
            return Response(status_code=404, headers=SAFE)
        return FileResponse(file, headers=SAFE | {"Cache-Control": "no-cache"})

    @app.get("/open")
    def open_(name: str) -> Response:
        try:
            return RedirectResponse(shelf.find(name), status_code=302, headers=SAFE)
        except CatalogError:
            return RedirectResponse(address.search(name), status_code=302, headers=SAFE)

    @app.api_route("/{path:path}", methods=["GET", "HEAD"])
    def page(path: str, request: Request) -> Response:
        return answer(shelf, path or address.HOME, request)

    return app


def answer(shelf: Shelf, path: str, request: Request) -> Response:
    """A page with an ETag (templates, record, address), 304 for who has it, 404 with help for what is not there."""
    query = dict(request.query_params)
    made_of = f"{render.looks()} {shelf.generation()} {path} {sorted(query.items())}"
    word = hashlib.sha256(made_of.encode()).hexdigest()[:20]
    headers = SAFE | {"ETag": f'"{word}"', "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        return HTMLResponse(shelf.page(path, query), headers=headers)
    except NoSuchPage as problem:
        return HTMLResponse(shelf.lost(problem), status_code=404, headers=SAFE)


def serve(settings: Settings, *, host: str = "127.0.0.1", port: int = 5080) -> None:
    """Serve the pages until stopped."""
    import uvicorn

    shelf = Shelf(settings)
    shelf.warm()
    logger.info("the catalog is on http://%s:%s/", host, port)
    uvicorn.run(_application(shelf, ()), host=host, port=port, log_level="warning")
