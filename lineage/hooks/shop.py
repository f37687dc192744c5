"""The shop's HTTP API by connection id: every record of a resource, page by page, with bounded waits and retries."""

import logging
import time
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog import dataset
from catalog.dataset import Dataset
from lineage.errors import AnswerUnusable, ServiceUnavailable
from lineage.hooks.connection import ConnectedHook

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)
PAGE_SIZE = 1000
TIMEOUT_S = 10.0
ATTEMPTS = 4
WAIT_S = 0.2  # before the second attempt; doubled for each one after it


class ShopHook(ConnectedHook):
    """A client of the catalogue. `transport` is httpx's seam; None is the network."""

    default_conn_name = "shop_default"
    needs = ("host",)

    def __init__(self, conn_id: str | None = None, *, transport: "httpx.BaseTransport | None" = None) -> None:
        super().__init__(conn_id)
        self.transport = transport

    @cached_property
    def base_url(self) -> str:
        """`scheme://host[:port]` of the connection, whose host may name the scheme itself (provider http)."""
        at = self.connection
        host = at.host if "://" in str(at.host) else f"{at.schema or 'http'}://{at.host}"
        return f"{host}{f':{at.port}' if at.port else ''}"

    def dataset(self, path: str) -> Dataset:
        """A resource's name in lineage."""
        return dataset.endpoint(self.base_url, path)

    def records(self, path: str) -> Iterator[object]:
        """The records of all pages, as the API sends them.

        Raises:
            ServiceUnavailable: no answer, or a server's error, four times running.
            AnswerUnusable: it refuses the request, or the answer has no `items` and `pages`.
        """
        import httpx

        at = self.connection
        login = (str(at.login), at.password or "") if at.login else None
        with httpx.Client(base_url=self.base_url, auth=login, timeout=TIMEOUT_S, transport=self.transport) as client:
            page, pages = 1, 1
            while page <= pages:
                answer = self._page(client, path, page)
                pages = answer["pages"]
                yield from answer["items"]
                page += 1
        logger.info("read %d pages of %s/%s", pages, self.base_url, path)

    def _page(self, client: "httpx.Client", path: str, page: int) -> dict[str, Any]:
        answer = self._get(client, path, page)
        try:
            body = answer.json()
            if isinstance(body["items"], list) and isinstance(body["pages"], int):
                return dict(body)
        except (ValueError, TypeError, KeyError) as error:
            raise AnswerUnusable(str(answer.url), "no JSON object with `items` and `pages`") from error
        raise AnswerUnusable(str(answer.url), "`items` is no list, or `pages` no number")

    def _get(self, client: "httpx.Client", path: str, page: int) -> "httpx.Response":
        import httpx

        problem = ""
        for attempt in range(ATTEMPTS):
            time.sleep(WAIT_S * 2 ** (attempt - 1) if attempt else 0)
            try:
                answer = client.get(f"/{path}", params={"page": page, "size": PAGE_SIZE})
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
                continue
            if answer.is_success:
                return answer
            problem = f"HTTP {answer.status_code}"
            if answer.status_code < 500 and answer.status_code != 429:
                raise AnswerUnusable(str(answer.url), problem)
        raise ServiceUnavailable("The shop's API", self.base_url, problem)
