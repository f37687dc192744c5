"""The one comment of a review in a pull request: found, written or brought up to date, never there twice."""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import httpx

from catalog.errors import GitHubRefused, GitHubUnavailable, SettingInvalid

logger = logging.getLogger(__name__)

API = "https://api.github.com"
AUTHOR = "github-actions[bot]"
"""Who writes with the token of a workflow; such a token cannot ask who it is."""
WAITS_S = (1.0, 4.0, 15.0)
TIMEOUT_S = 20.0
LONGEST_WAIT_S = 60.0
LIMIT = 65_536
"""The longest comment, in letters (GitHub answers 422 to a longer one)."""
PAGE = 100
EXCERPT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Where the comment is, and what became of it."""

    url: str
    how: Literal["created", "updated", "unchanged"]


class GitHub:
    """Comments of one repository's pull requests.

    Raises (each method):
        GitHubUnavailable: no answer in time, or only "later", after all attempts.
        GitHubRefused: it answered no.
    """

    def __init__(
        self, repository: str, token: str, *, url: str = API, author: str = "", waits_s: tuple[float, ...] | None = None
    ) -> None:
        """Speak for `repository` (owner/name). `author` is who the token belongs to; "" asks, and is a workflow's.

        Raises:
            SettingInvalid: the token or the repository's name cannot be one.
        """
        if not token:
            raise SettingInvalid("GITHUB_TOKEN", "is not set; in a workflow it is `github.token`")
        if not (token.isascii() and token.isprintable() and token.strip() == token):
            raise SettingInvalid("GITHUB_TOKEN", "holds a letter that no header can")
        if not re.fullmatch(r"[A-Za-z0-9_-]+/[A-Za-z0-9_.-]+", repository):
            raise SettingInvalid("repository", "must be like owner/name")
        self._issues = f"/repos/{repository}/issues"
        self._author, self._waits_s = author, WAITS_S if waits_s is None else waits_s
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "ecompulse-catalog",
        }
        self._client = httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def post(self, pull: int, body: str, *, marker: str) -> Posted:
        """Make `body`, which begins with the marker, the only comment of ours that does.

        A creation is not repeated blindly: one whose answer got lost may have been done, so it is looked for first.
        When two write at once, the older comment stays; when somebody deletes it meanwhile, there is a new one.
        """
        if not body.startswith(marker) or len(body) > LIMIT:
            raise ValueError(f"a comment begins with its marker and has at most {LIMIT:,} letters")
        author = self._author or self._me()
        for wait_s in (*self._waits_s, None):
            found = self._ours(pull, author, marker)
            if found and (kept := self._kept(found, body)):
                return kept
            try:
                created = self._attempt("POST", f"{self._issues}/{pull}/comments", {"body": body}).json()
                break
            except GitHubUnavailable as problem:
                if wait_s is None:
                    raise
                _pause(wait_s, problem)
        every = self._ours(pull, author, marker)
        kept = self._kept(every, body) if len(every) > 1 else None
        return kept or Posted(url=str(created["html_url"]), how="created")

    def _kept(self, found: list[dict[str, Any]], body: str) -> Posted | None:
        """The oldest comment with this text, None when somebody has deleted it; the others are deleted."""
        first, *others = found
        for one in others:
            self._call("DELETE", f"{self._issues}/comments/{one['id']}", gone=True)
        same = first["body"].replace("\r\n", "\n").strip() == body.strip()
        path = f"{self._issues}/comments/{first['id']}"
        if not same and self._call("PATCH", path, {"body": body}, gone=True).is_error:
            return None
        return Posted(url=str(first["html_url"]), how="unchanged" if same else "updated")

    def _ours(self, pull: int, author: str, marker: str) -> list[dict[str, Any]]:
        """Comments that this author began with the marker, the oldest first. Anybody may write the marker."""
        every = self._comments(f"{self._issues}/{pull}/comments")
        ours = [one for one in every if one["body"].startswith(marker) and (one["user"] or {}).get("login") == author]
        return sorted(ours, key=lambda one: int(one["id"]))

    def _comments(self, path: str) -> Iterator[dict[str, Any]]:
        """All pages; they are counted, not followed by address: the token goes to one server only."""
        page = 1
        while True:
            answer = self._call("GET", f"{path}?per_page={PAGE}&page={page}")
            yield from answer.json()
            if "next" not in answer.links:
                return
            page += 1

    def _me(self) -> str:
        """Whose token it is. A workflow's may not ask (403)."""
        try:
            return str(self._call("GET", "/user").json()["login"])
        except GitHubRefused as refusal:
            if refusal.status == 403:
                return AUTHOR
            raise

    def _call(
        self, method: str, path: str, body: dict[str, str] | None = None, *, gone: bool = False
    ) -> httpx.Response:
        """A call that does the same when it is done twice; `gone`: 404 is as good as done."""
        for wait_s in self._waits_s:
            try:
                return self._attempt(method, path, body, gone=gone)
            except GitHubUnavailable as problem:
                _pause(wait_s, problem)
        return self._attempt(method, path, body, gone=gone)

    def _attempt(
        self, method: str, path: str, body: dict[str, str] | None = None, *, gone: bool = False
    ) -> httpx.Response:
        call = f"{method} {path}"
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.TransportError as problem:
            raise GitHubUnavailable(call, type(problem).__name__) from problem
        if answer.is_success or (gone and answer.status_code == 404):
            return answer
        if _later(answer):
            what = f"status {answer.status_code}"
            if answer.status_code < 500:
                what += ", a limit of calls: come back later"
            raise GitHubUnavailable(call, what, retry_after_s=_after_s(answer))
        raise GitHubRefused(call, answer.status_code, " ".join(answer.text.split())[:EXCERPT])


def _later(answer: httpx.Response) -> bool:
    """5xx, or a limit of calls (docs.github.com, rate limits: 403 or 429 with Retry-After or nothing remaining)."""
    limited = "Retry-After" in answer.headers or answer.headers.get("X-RateLimit-Remaining") == "0"
    return answer.status_code >= 500 or answer.status_code == 429 or (answer.status_code == 403 and limited)


def _after_s(answer: httpx.Response) -> float:
    """How long it asks to wait: for so many seconds, or until a time (both as docs.github.com tells limits)."""
    told, until = (answer.headers.get(name, "") for name in ("Retry-After", "X-RateLimit-Reset"))
    if told.isdecimal():
        return float(told)
    return max(0.0, float(until) - time.time()) if until.isdecimal() else 0.0


def _pause(wait_s: float, problem: GitHubUnavailable) -> None:
    pause_s = max(wait_s, min(problem.retry_after_s, LONGEST_WAIT_S))
    logger.warning("%s; again in %.0f s", problem, pause_s)
    time.sleep(pause_s)
