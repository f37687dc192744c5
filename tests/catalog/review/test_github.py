"""The review's comment on a server that behaves as GitHub does: pages, limits of calls, failures, two at once."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from catalog.errors import GitHubRefused, GitHubUnavailable, SettingInvalid
from catalog.review.github import AUTHOR, GitHub

MARK = "<!-- ecompulse-schema-review -->"
TOKEN = "ghs_secret"
REPOSITORY = "ecompulse/pipeline"


class Server:
    """A pull request's comments behind GitHub's API. `script` holds answers to give instead, by method, once each."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.script: list[tuple[str, int, dict[str, str]]] = []
        self.done_though = False
        """Whether a scripted failure comes after the creation was done."""
        self.login = ""
        self.rival: str | None = None
        """Somebody who creates the comment at the same time, before our creation is done."""
        self.vanishing = False
        """Whether somebody deletes a comment right before it is brought up to date."""
        self.next_id, self.url = 1, ""

    def add(self, body: str, login: str = AUTHOR) -> dict[str, Any]:
        one = {"id": self.next_id, "body": body, "user": {"login": login}, "html_url": f"https://x/#{self.next_id}"}
        self.next_id += 1
        self.comments.append(one)
        return one

    @property
    def bodies(self) -> list[str]:
        return [one["body"] for one in self.comments]


def refused(status: int, message: str, **headers: str) -> JSONResponse:
    return JSONResponse({"message": message}, status, {name.replace("_", "-"): told for name, told in headers.items()})


def application(server: Server) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def scripted(request: Request, go_on: Any) -> Any:
        server.asked.append(f"{request.method} {request.url.path}")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refused(401, "Bad credentials")
        for one in server.script:
            if one[0] == request.method:
                server.script.remove(one)
                if server.done_though:
                    await go_on(request)
                return refused(one[1], "You have exceeded a secondary rate limit", **one[2])
        return await go_on(request)

    @app.get("/user")
    def user() -> Any:
        return {"login": server.login} if server.login else refused(403, "Resource not accessible by integration")

    @app.get("/repos/ecompulse/pipeline/issues/{pull}/comments")
    def listed(pull: int, per_page: int = 30, page: int = 1) -> Any:
        if pull != 7:
            return refused(404, "Not Found")
        end = page * per_page
        more = {"Link": f'<{server.url}/anything?page={page + 1}>; rel="next"'} if end < len(server.comments) else {}
        return JSONResponse(server.comments[end - per_page : end], headers=more)

    @app.post("/repos/ecompulse/pipeline/issues/{pull}/comments", status_code=201)
    async def created(pull: int, request: Request) -> Any:
        if server.rival:
            server.add(server.rival)
            server.rival = None
        return server.add((await request.json())["body"])

    @app.patch("/repos/ecompulse/pipeline/issues/comments/{number}")
    async def updated(number: int, request: Request) -> Any:
        if server.vanishing:
            server.vanishing = False
            server.comments[:] = [one for one in server.comments if one["id"] != number]
        one = next((one for one in server.comments if one["id"] == number), None)
        if one is None:
            return refused(404, "Not Found")
        one["body"] = (await request.json())["body"]
        return one

    @app.delete("/repos/ecompulse/pipeline/issues/comments/{number}", status_code=204)
    def deleted(number: int) -> None:
        server.comments[:] = [one for one in server.comments if one["id"] != number]

    return app


@pytest.fixture(scope="module")
def listening() -> Iterator[Server]:
    server = Server()
    run = uvicorn.Server(uvicorn.Config(application(server), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=run.run, daemon=True)
    thread.start()
    while not run.started:
        time.sleep(0.01)
    server.url = f"http://127.0.0.1:{run.servers[0].sockets[0].getsockname()[1]}"
    yield server
    run.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def server(listening: Server) -> Server:
    url = listening.url
    listening.__init__()  # type: ignore[misc]
    listening.url = url
    return listening


def client(server: Server, **more: Any) -> GitHub:
    return GitHub(REPOSITORY, more.pop("token", TOKEN), url=server.url, **{"waits_s": (0.0, 0.0), **more})


def post(server: Server, body: str, **more: Any) -> str:
    with client(server, **more) as github:
        return github.post(7, f"{MARK}\n{body}", marker=MARK).how


def test_the_first_comment_is_created_and_later_ones_take_its_place(server: Server) -> None:
    assert [post(server, body) for body in ("one", "two", "two")] == ["created", "updated", "unchanged"]
    assert server.bodies == [f"{MARK}\ntwo"]


def test_the_comment_is_found_behind_hundreds_of_others(server: Server) -> None:
    for number in range(250):
        server.add(f"remark {number}", "somebody")
    post(server, "one")
    assert post(server, "two") == "updated"
    assert len(server.comments) == 251


def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(server: Server) -> None:
    server.add(f"{MARK}\nforged", "mallory")
    server.add(f"> {MARK} quoted", AUTHOR)
    assert post(server, "one") == "created"
    assert server.bodies[0] == f"{MARK}\nforged" and len(server.comments) == 3


def test_with_a_person_s_token_the_person_s_comment_is_the_one(server: Server) -> None:
    server.login = "ada"
    mine = server.add(f"{MARK}\nold", "ada")
    assert post(server, "new") == "updated"
    assert mine["body"] == f"{MARK}\nnew"


def test_when_two_create_at_once_one_comment_stays_with_the_later_text(server: Server) -> None:
    server.rival = f"{MARK}\nrival"
    assert post(server, "ours") == "updated"
    assert server.bodies == [f"{MARK}\nours"]


def test_two_comments_left_by_a_crash_become_one(server: Server) -> None:
    server.add(f"{MARK}\na")
    server.add(f"{MARK}\nb")
    post(server, "c")
    assert [(one["id"], one["body"]) for one in server.comments] == [(1, f"{MARK}\nc")]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "answer", [(502, {}), (403, {"Retry_After": "0"}), (403, {"X_RateLimit_Remaining": "0"}), (429, {})]
)
def test_a_failure_and_a_limit_of_calls_are_waited_out(server: Server, method: str, answer: tuple[int, Any]) -> None:
    server.script = [(method, *answer)]
    assert post(server, "one", author=AUTHOR) == "created"
    assert not server.script and server.bodies == [f"{MARK}\none"]


def test_retry_after_lengthens_the_wait(server: Server) -> None:
    server.script = [("GET", 403, {"Retry_After": "1"})]
    began = time.monotonic()
    post(server, "one", author=AUTHOR)
    assert time.monotonic() - began >= 1


def test_the_end_of_a_limit_is_waited_for_when_it_is_told_as_a_time(server: Server) -> None:
    until = str(int(time.time()) + 2)
    server.script = [("GET", 403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": until})]
    post(server, "one", author=AUTHOR)
    assert time.time() >= int(until)


def test_a_limit_that_does_not_end_is_called_by_its_name(server: Server) -> None:
    server.script = [("GET", 429, {})] * 3
    with pytest.raises(GitHubUnavailable, match="status 429, a limit of calls"):
        post(server, "one", author=AUTHOR)


@pytest.mark.parametrize("left", [0, 1])
def test_a_comment_that_somebody_deletes_meanwhile_is_written_anew(left: int, server: Server) -> None:
    for _ in range(left + 1):
        server.add(f"{MARK}\nold")
    server.vanishing = True
    assert post(server, "new", author=AUTHOR) == "created"
    assert server.bodies == [f"{MARK}\nnew"]


def test_a_creation_whose_answer_got_lost_is_not_done_again(server: Server) -> None:
    server.script, server.done_though = [("POST", 502, {})], True
    assert post(server, "one", author=AUTHOR) == "unchanged"
    assert server.bodies == [f"{MARK}\none"]


def test_after_the_last_attempt_it_says_what_was_asked(server: Server) -> None:
    server.script = [("GET", 502, {})] * 3
    with pytest.raises(
        GitHubUnavailable, match=r"GET /repos/ecompulse/pipeline/issues/7/comments.*status 502"
    ) as failed:
        post(server, "one", author=AUTHOR)
    assert (failed.value.retryable, failed.value.exit_code) == (True, 3)
    assert server.comments == []


def test_a_bad_token_is_refused_at_once_and_not_shown(server: Server) -> None:
    with pytest.raises(GitHubRefused, match="Bad credentials") as failed:
        post(server, "one", token="ghs_wrong")
    assert (failed.value.status, len(server.asked)) == (401, 1)
    assert "ghs_wrong" not in f"{failed.value}{failed.value.__cause__}"


def test_a_token_that_may_not_write_is_refused(server: Server) -> None:
    server.script = [("POST", 403, {})]
    with pytest.raises(GitHubRefused, match="pull-requests: write"):
        post(server, "one", author=AUTHOR)


def test_a_server_that_is_not_there_is_unavailable() -> None:
    github = GitHub(REPOSITORY, TOKEN, url="http://127.0.0.1:1", waits_s=())
    with github, pytest.raises(GitHubUnavailable, match="ConnectError"):
        github.post(7, MARK, marker=MARK)


@pytest.mark.parametrize(
    ("repository", "token"), [("a/b/c", "t"), ("a/b?x=", "t"), ("../b", "t"), ("a/b", ""), ("a/b", "t\n")]
)
def test_names_and_tokens_that_cannot_be_one_are_refused(repository: str, token: str) -> None:
    with pytest.raises(SettingInvalid):
        GitHub(repository, token)


def test_a_token_that_is_missing_is_said_to_be() -> None:
    with pytest.raises(SettingInvalid, match="GITHUB_TOKEN: is not set"):
        GitHub(REPOSITORY, "")
