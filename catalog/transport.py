"""How the catalog speaks to the backend: one session, time limits, repeats, and failures as errors of the tree.

It takes the place of the transport of `marquez-python` 0.50.0, which has no pooling, no repeats and no status in its
errors, and keeps the API key in a dictionary that all clients of a process share.
"""

import json
import logging
import random
import time
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from marquez_client import MarquezClient
from requests.adapters import BaseAdapter, HTTPAdapter

from catalog.errors import AnswerInvalid, MarquezNotFound, MarquezRefused, MarquezUnavailable, SettingInvalid
from catalog.stored import Json

logger = logging.getLogger(__name__)

WAITS_S = (0.2, 0.8, 2.0)
"""Before the second, third and fourth attempt, give or take a half; Retry-After lengthens them."""
LONGEST_WAIT_S = 15.0
LATER = frozenset({429, 502, 503, 504})
"""Answers worth another attempt at once. 500 is not among them: 0.51.1 answers it to some calls for ever (/sources)."""
CONNECT_S = 4.0
EXCERPT = 300


class Transport(MarquezClient):  # type: ignore[misc]  # publishes no types
    """The calls of `marquez-python` over a session of its own; threads may share it.

    Reads, PUT and DELETE, and the tags that `catalog.marquez` posts, are repeated after a lost connection and after the
    statuses in LATER: done twice is done once. The runs that `marquez-python` can post are sent once.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        waits_s: tuple[float, ...] = WAITS_S,
        transport: BaseAdapter | None = None,
    ) -> None:
        """Speak to the server at `url`; `transport` stands in for the network in tests.

        Raises:
            SettingInvalid: the URL or the key cannot be one.
        """
        self.address = _address(url)
        super().__init__(url.rstrip("/"), timeout_ms=int(timeout_s * 1000))  # its key would go to every other client
        self._key = _header_safe(api_key)
        self._waits_s = waits_s
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "ecompulse-catalog"
        self._session.auth = self._authorise  # always set: a .netrc must not take the key's place
        self._session.mount(self._api_base, transport or HTTPAdapter(pool_connections=1, pool_maxsize=8))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r})"

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    # What marquez-python's own methods call.

    def _get(self, url: str, params: Json | None = None, as_json: bool = True) -> Any:
        return self._call("GET", url, params=params)

    def _put(self, url: str, payload: Json | None = None, as_json: bool = True) -> Any:
        return self._call("PUT", url, payload=payload)

    def _post(self, url: str, payload: Json | None = None, as_json: bool = True) -> Any:
        return self._attempt("POST", url, payload=payload)

    def _call(self, method: str, url: str, *, params: Json | None = None, payload: Json | None = None) -> Any:
        for wait_s in self._waits_s:
            try:
                return self._attempt(method, url, params=params, payload=payload)
            except MarquezUnavailable as problem:
                pause_s = max(wait_s * random.uniform(0.5, 1.5), min(problem.retry_after_s, LONGEST_WAIT_S))
                logger.info("%s; again in %.1f s", problem, pause_s)
                time.sleep(pause_s)
        return self._attempt(method, url, params=params, payload=payload)

    def _attempt(self, method: str, url: str, *, params: Json | None = None, payload: Json | None = None) -> Any:
        call, began = self._called(method, url), time.monotonic()
        limits = (CONNECT_S, self._timeout)
        try:
            answer = self._session.request(method, url, params=params, json=payload, timeout=limits)
        except requests.RequestException as problem:
            raise MarquezUnavailable(call, self.address, type(problem).__name__) from problem
        logger.debug("%s: %s in %.3f s", call, answer.status_code, time.monotonic() - began)
        self._refuse(call, answer)
        try:
            return json.loads(answer.content) if answer.content else None
        except ValueError as problem:
            raise AnswerInvalid(call, "no JSON") from problem

    def _refuse(self, call: str, answer: requests.Response) -> None:
        status = answer.status_code
        if status in LATER:
            raise MarquezUnavailable(call, self.address, f"status {status}", retry_after_s=_retry_after_s(answer))
        if status >= 400:
            excerpt = " ".join(answer.text.split())
            excerpt = excerpt.replace(self._key, "***") if self._key else excerpt
            raise (MarquezNotFound if status == 404 else MarquezRefused)(call, status, excerpt[:EXCERPT])

    def _called(self, method: str, url: str) -> str:
        return f"{method} {url.removeprefix(self._api_base)}"


def _address(url: str) -> str:
    """Scheme, host and port; what else a URL may hold is nobody's business."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise SettingInvalid("MARQUEZ_URL", "is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingInvalid("MARQUEZ_URL", "must begin with http:// or https:// and name a host")
    return f"{parts.scheme}://{parts.hostname}{port}"


def _header_safe(key: str | None) -> str | None:
    """Python's HTTP client shows the whole header when it refuses one: find out before."""
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        raise SettingInvalid("MARQUEZ_API_KEY", "holds a space, a line break or a character that no header can")
    return key or None


def _retry_after_s(answer: requests.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else 0.0
