"""What all addresses share: the store, paging parameters, names in paths, answers and refusals."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from marquez import hashes, namespaces
from marquez.errors import InvalidParameter, MalformedRequest, PageNotFound, RequestRefused
from marquez.events import NAMESPACE
from marquez.store import Store
from marquez.wire import dumps, parse_instant, to_micros

logger = logging.getLogger(__name__)


class _Name(Convertor[str]):
    """One path segment, which may hold encoded slashes: namespaces are URLs."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("name", _Name())


class EncodedPath:
    """Routes on the path as it was sent; servers decode `%2F` before routing otherwise, and names fall apart.

    HEAD is answered like GET; the server leaves the body out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its raw path."""
        if scope["type"] == "http" and scope.get("raw_path"):
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            scope = {**scope, "method": method, "path": scope["raw_path"].partition(b"?")[0].decode("latin-1")}
        await self.app(scope, receive, send)


async def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Opened = Annotated[Store, Depends(_store)]
Limit = Annotated[int, Query(ge=0, le=2**31 - 1)]  # Java's int; there is no maximum of its own
Offset = Limit
Depth = Annotated[int, Query(ge=-(2**31), le=2**31 - 1)]
TAGGING = ["POST", "DELETE"]  # on, off
Namespace = Annotated[str, Path(pattern=f"^{NAMESPACE}$")]


def answer(document: object, status: int = 200) -> Response:
    """A JSON answer; None is an empty body."""
    return Response(b"" if document is None else dumps(document), status, media_type="application/json")


def told(store: Store, ask: Callable[[sqlite3.Connection], object]) -> Response:
    """What is asked of the store, as the answer."""
    with store.read() as db:
        return answer(ask(db))


def changed(store: Store, do: Callable[[sqlite3.Connection], object]) -> Response:
    """What a change leaves behind, as the answer, once it is on disk."""
    with store.write() as db:
        document = do(db)
    return answer(document)


def named(
    row_of: Callable[[sqlite3.Connection, str, str], sqlite3.Row],
    namespace: str,
    name: str,
    ask: Callable[[sqlite3.Connection, sqlite3.Row], object],
) -> Callable[[sqlite3.Connection], object]:
    """Asking something of the dataset or job of this name; the namespace is looked up first, as Marquez does."""

    def ask_it(db: sqlite3.Connection) -> object:
        namespaces.get(db, namespace)
        return ask(db, row_of(db, namespace, name))

    return ask_it


def run_id(text: str) -> str:
    """A run id from a path.

    Raises:
        PageNotFound: it is no UUID.
    """
    found = hashes.uuid_or_none(text)
    if found is None:
        raise PageNotFound
    return found


def one_of(parameter: str, text: str, known: Sequence[str]) -> str:
    """One of the known words, however its letters are.

    Raises:
        InvalidParameter: it is none of them.
    """
    word = text.upper()
    if word not in known:
        raise InvalidParameter(parameter, f"must be one of [{', '.join(known)}]")
    return word


def moment(parameter: str, text: str) -> int:
    """Microseconds of a query parameter's date-time, which has a zone (an event's need not).

    Raises:
        InvalidParameter: it is none.
    """
    try:
        return to_micros(parse_instant(text, zoned=True))
    except ValueError as problem:
        raise InvalidParameter(parameter, f"is invalid: {problem}") from problem


def install_refusals(app: FastAPI, *, page: Callable[[RequestRefused], Response]) -> None:
    """Every refusal in the form that Marquez gives it; outside the API as a page."""

    @app.exception_handler(RequestRefused)
    async def refused(request: Request, refusal: RequestRefused) -> Response:
        return answer(refusal.document, refusal.status) if request.url.path.startswith("/api/") else page(refusal)

    @app.exception_handler(sqlite3.OperationalError)
    async def unable(_: Request, problem: sqlite3.OperationalError) -> Response:
        logger.error("the store cannot be used: %s", problem)
        return answer({"code": 503, "message": f"The store cannot be used: {problem}. Is the disk full?"}, 503)

    @app.exception_handler(HTTPException)
    async def unrouted(_: Request, problem: HTTPException) -> Response:
        document = {"code": problem.status_code, "message": f"HTTP {problem.status_code} {problem.detail}"}
        return answer(document, problem.status_code)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, problem: RequestValidationError) -> Response:
        refusal = _of_validation(problem.errors()[0])
        return answer(refusal.document, refusal.status)


def _of_validation(problem: Any) -> RequestRefused:
    parameter = str(problem["loc"][-1])
    if problem["type"] == "missing":
        return InvalidParameter(parameter, "must not be null")
    if problem["type"] == "greater_than_equal":
        return InvalidParameter(parameter, f"must be greater than or equal to {problem['ctx']['ge']}")
    if problem["loc"][0] == "body":
        return MalformedRequest(str(problem["msg"]))
    return PageNotFound()
