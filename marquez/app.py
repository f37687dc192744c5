"""The server put together: addresses, refusals, health, and the store that they answer from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from marquez import pages
from marquez.api import catalogue, lineage, work
from marquez.api.answers import EncodedPath, Opened, answer, install_refusals
from marquez.store import Store


def create_app(store: Store) -> FastAPI:
    """An application that answers from the store, and closes it when it ends."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(title="Marquez, embedded", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.store = store
    app.add_middleware(EncodedPath)
    install_refusals(app, page=pages.refusal_page)
    for router in (lineage.router, catalogue.router, work.router, pages.router):
        app.include_router(router)
    app.add_api_route("/ping", ping)
    app.add_api_route("/healthcheck", healthcheck)
    return app


async def ping() -> Response:
    """The process answers."""
    return PlainTextResponse("pong\n")


def healthcheck(store: Opened) -> Response:
    """The store answers too."""
    with store.read() as db:
        db.execute("SELECT count(*) FROM namespace").fetchone()
    return answer({"store": {"healthy": True, "path": str(store.path)}})
