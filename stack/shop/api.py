"""The catalogue over HTTP: `python -m stack.shop.api --port P`, products and users in pages."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated

import click
import orjson
import uvicorn
from fastapi import FastAPI, Query, Request, Response

from stack.shop.catalogue import PRODUCT_COUNT, USER_COUNT, Catalogue

Record = dict[str, object]
Page = Annotated[int, Query(ge=1)]
Size = Annotated[int, Query(ge=1, le=1000)]
Since = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}(T.*)?$")]


def create_app(catalogue: Catalogue) -> FastAPI:
    """The API of one catalogue; every answer carries an ETag, and an `If-None-Match` that names it gets 304."""
    app = FastAPI(title="shop catalogue")
    products = [product.record() for product in catalogue.products]
    users = [user.record() for user in catalogue.users]

    @app.get("/health")
    def health() -> Record:
        """Up, and how much there is."""
        return {"status": "ok", "products": len(products), "users": len(users)}

    @app.get("/api/v1/products")
    def list_products(request: Request, page: Page = 1, size: Size = 100, updated_since: Since = None) -> Response:
        """Products in the order of the catalogue; `updated_since` compares with last_updated."""
        return _answer(request, _page(products, page=page, size=size, since=updated_since, moment="last_updated"))

    @app.get("/api/v1/users")
    def list_users(request: Request, page: Page = 1, size: Size = 100, updated_since: Since = None) -> Response:
        """Profiles in the order of the catalogue; `updated_since` compares with last_activity."""
        return _answer(request, _page(users, page=page, size=size, since=updated_since, moment="last_activity"))

    return app


def _page(records: list[Record], *, page: int, size: int, since: str | None, moment: str) -> Record:
    """One page, first is 1; a page past the end has no items. ISO texts in UTC compare like times."""
    chosen = [record for record in records if str(record[moment]) >= since] if since else records
    first = (page - 1) * size
    return {
        "items": chosen[first : first + size],
        "page": page,
        "size": size,
        "total": len(chosen),
        "pages": -(-len(chosen) // size),
    }


def _answer(request: Request, page: Record) -> Response:
    body = orjson.dumps(page)
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers={"ETag": etag})
    return Response(body, media_type="application/json", headers={"ETag": etag})


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--seed", type=int, default=7, show_default=True, help="The seed of `shop generate`.")
@click.option("--products", type=click.IntRange(min=1), default=PRODUCT_COUNT, show_default=True)
@click.option("--users", type=click.IntRange(min=20), default=USER_COUNT, show_default=True)
def main(port: int, host: str, seed: int, products: int, users: int) -> None:
    """Serve the catalogue of one seed until stopped."""
    app = create_app(Catalogue.build(seed, products=products, users=users))
    uvicorn.run(app, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    main()
