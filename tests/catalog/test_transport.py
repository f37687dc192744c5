"""How the client behaves when the network or the backend does not: repeats, limits, refusals, and the key's secrecy."""

import http.server
import json
import logging
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import marquez_client.client
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.adapters import BaseAdapter

from catalog.dataset import Dataset
from catalog.errors import AnswerInvalid, MarquezError, MarquezRefused, MarquezUnavailable, SettingInvalid
from catalog.marquez import Marquez
from catalog.settings import Settings
from tests.catalog.events import EXAMPLES

KEY = "s3cret-key"
EMPTY = {"events": [], "totalCount": 0}
ORDERS = Dataset("postgres://db:5432", "shop.public.orders")
Answer = tuple[int, Any] | Exception


class Script(BaseAdapter):
    """Gives these answers one after the other, the last one for ever, and keeps what it was asked."""

    def __init__(self, *answers: Answer, headers: dict[str, str] | None = None) -> None:
        super().__init__()
        self.answers, self.headers = list(answers), headers or {}
        self.asked: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.asked.append(request)
        told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(told, Exception):
            raise told
        answer = requests.Response()
        answer.request, answer.status_code = request, told[0]
        answer.headers.update(self.headers)
        answer._content = told[1] if isinstance(told[1], bytes) else json.dumps(told[1]).encode()
        return answer

    def close(self) -> None:
        """Nothing to let go of."""


def client(script: BaseAdapter, **more: Any) -> Marquez:
    return Marquez("http://user:pass@marquez:5000/", transport=script, **{"waits_s": (0, 0), **more})


@pytest.mark.parametrize(
    "trouble",
    [(503, b""), (502, b"<html>"), (504, b""), (429, b""), requests.ConnectionError(), requests.ReadTimeout(),
     requests.exceptions.ChunkedEncodingError()],
)  # fmt: skip
def test_a_passing_trouble_is_waited_out(trouble: Answer) -> None:
    script = Script(trouble, trouble, (200, {"tags": []}))
    assert list(client(script).tags()) == []
    assert len(script.asked) == 3


def test_tags_are_repeated_too_and_runs_of_marquez_python_are_not() -> None:
    script = Script((503, b""), (200, {}))
    client(script).tag(ORDERS, "gold")
    assert [request.method for request in script.asked] == ["POST", "POST"]
    script = Script((503, b""), (200, {}))
    with pytest.raises(MarquezUnavailable), pytest.warns(DeprecationWarning):
        client(script).create_job_run("shop", "load")
    assert len(script.asked) == 1


def test_after_the_last_attempt_it_says_what_was_asked_of_whom() -> None:
    script = Script(requests.ConnectionError("refused"))
    with pytest.raises(MarquezUnavailable) as failed:
        client(script).dataset(ORDERS)
    assert len(script.asked) == 3
    assert str(failed.value) == (
        "GET /namespaces/postgres%3A%2F%2Fdb%3A5432/datasets/shop.public.orders: no answer from Marquez at "
        "http://marquez:5000 (ConnectionError); is it up, is MARQUEZ_URL right?"
    )
    assert (failed.value.retryable, failed.value.exit_code) == (True, 3)


def test_a_server_that_names_a_time_is_given_it() -> None:
    with pytest.raises(MarquezUnavailable) as failed:
        client(Script((429, b""), headers={"Retry-After": "7"}), waits_s=()).total()
    assert failed.value.retry_after_s == 7


@pytest.mark.parametrize(("status", "retryable"), [(400, False), (401, False), (422, False), (500, True)])
def test_a_refusal_is_not_repeated_at_once(status: int, retryable: bool) -> None:
    script = Script((status, b"because\n of  this" + b"x" * 1000))
    with pytest.raises(MarquezRefused, match="because of this") as refused:
        client(script).put_tag("gold", "")
    assert (refused.value.status, refused.value.retryable, len(script.asked)) == (status, retryable, 1)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize(
    ("body", "problem"),
    [(b"<html>Airflow</html>", "no JSON"), (b"", "EventPage: "), (b"[]", "EventPage: "), (b'{"events": 3}', "events: "),
     (b'{"events": []}', "totalCount: Field required"), (b'{"events": [7], "totalCount": 1}', "events.0: ")],
)  # fmt: skip
def test_an_answer_of_another_server_is_told_from_marquez(body: bytes, problem: str) -> None:
    with pytest.raises(AnswerInvalid, match=problem) as invalid:
        client(Script((200, body))).total()
    assert (invalid.value.retryable, invalid.value.exit_code) == (False, 3)


def test_an_event_without_a_time_is_no_answer() -> None:
    page = {"events": [{"eventTime": "yesterday"}], "totalCount": 1}
    with pytest.raises(AnswerInvalid, match="without a time"):
        list(client(Script((200, page))).events())


def test_the_key_goes_with_every_request_of_its_own_client_only() -> None:
    with_key, without = Script((200, EMPTY)), Script((200, EMPTY))
    first, second = client(with_key, api_key=KEY), client(without)
    for one in (first, second):
        one.total()
        one.list_namespaces()  # marquez-python's own
    assert [request.headers.get("Authorization") for request in with_key.asked] == [f"Bearer {KEY}"] * 2
    assert not any("Bearer" in str(request.headers) for request in without.asked)
    assert "Authorization" not in marquez_client.client._HEADERS


def test_a_netrc_file_does_not_take_the_place_of_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine marquez login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    script = Script((200, EMPTY))
    Marquez("http://marquez:5000", api_key=KEY, transport=script).total()
    assert script.asked[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "answer", [(401, f"no rights for Bearer {KEY}".encode()), (503, KEY.encode()), requests.ConnectionError("x")]
)
def test_no_error_and_no_log_shows_the_key(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    reader = client(Script(answer), api_key=KEY)
    with pytest.raises(MarquezError) as failed:
        reader.dataset(ORDERS)
    shown = "".join(traceback.format_exception(failed.value)) + repr(reader) + repr(failed.value.__dict__) + caplog.text
    assert KEY not in shown
    assert "user:pass" not in shown
    assert KEY not in repr(Settings(marquez_api_key=KEY))


@pytest.mark.parametrize("key", ["line\nbreak", "two words", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(key: str) -> None:
    with pytest.raises(SettingInvalid, match="MARQUEZ_API_KEY") as refused:
        Marquez("http://marquez:5000", api_key=key)
    assert key not in str(refused.value)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("url", ["marquez:5000", "ftp://marquez", "http://", "http://marquez:port", ""])
def test_a_url_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(SettingInvalid, match="MARQUEZ_URL"):
        Marquez(url)


# Over a real socket ------------------------------------------------------------------------------------------------


class _Counting(http.server.ThreadingHTTPServer):
    connections = 0

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    released = threading.Event()

    def do_GET(self) -> None:
        if "slow" in self.path:
            self.released.wait(10)
        body = json.dumps(EMPTY).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[_Counting]:
    _Handler.released.clear()
    server = _Counting(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server
    finally:
        _Handler.released.set()
        server.shutdown()
        server.server_close()


def test_one_connection_serves_many_calls() -> None:
    with listening() as server, Marquez(f"http://127.0.0.1:{server.server_port}") as reader:
        for _ in range(5):
            reader.total()
        assert server.connections == 1


def test_a_backend_that_never_answers_is_left_after_the_limit() -> None:
    with listening() as server:
        reader = Marquez(f"http://127.0.0.1:{server.server_port}/slow", timeout_s=0.2, waits_s=())
        with reader, pytest.raises(MarquezUnavailable, match="ReadTimeout"):
            reader.total()


def test_nobody_there_is_unavailable() -> None:
    with Marquez("http://127.0.0.1:9", waits_s=()) as reader, pytest.raises(MarquezUnavailable, match="at http"):
        reader.total()


# Laws of paging ----------------------------------------------------------------------------------------------------


class Log(BaseAdapter):
    """An event log that keeps to Marquez's rules: by time in microseconds, ties in any order, different each time."""

    def __init__(self, events: list[dict[str, str]], shuffle: Any) -> None:
        super().__init__()
        self.events, self.shuffle, self.pages = events, shuffle, 0

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        asked = {key: value[0] for key, value in parse_qs(urlsplit(str(request.url)).query).items()}
        self.pages += 1
        after = _micros(asked["after"]) if "after" in asked else 0
        mixed = self.shuffle([event for event in self.events if _micros(event["eventTime"]) >= after])
        listed = sorted(mixed, key=lambda event: _micros(event["eventTime"]))
        answer = requests.Response()
        answer.request, answer.status_code = request, 200
        told = {"events": listed[: int(asked["limit"])], "totalCount": len(listed)}
        answer._content = json.dumps(told).encode()
        return answer

    def close(self) -> None:
        """Nothing to let go of."""


def _micros(text: str) -> int:
    """As the backend stores it: nanoseconds rounded half up."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = round((datetime.fromisoformat(whole) - datetime(1970, 1, 1)).total_seconds())  # noqa: DTZ001
    return (seconds * 10**9 + int(fraction.ljust(9, "0")) + 500) // 1000


COARSE = ["00", "00.5", "01", "02"]
FINE = ["00.0000004", "00.0000006", "00.000001"]


@EXAMPLES
def test_every_event_comes_whatever_the_page_and_however_ties_fall(examples: int) -> None:
    @settings(max_examples=2 * examples, deadline=None)
    @given(
        st.lists(st.sampled_from(COARSE), max_size=40) | st.lists(st.sampled_from(COARSE + FINE), max_size=40),
        st.integers(1, 7),
        st.randoms(use_true_random=False),
    )
    def law(times: list[str], page: int, random: Any) -> None:
        every_event_comes(times, page, random)

    law()


def every_event_comes(times: list[str], page: int, random: Any) -> None:
    events = [{"eventTime": f"2026-03-10T00:00:{time}Z", "id": str(n)} for n, time in enumerate(times)]
    log = Log(events, lambda listed: random.sample(listed, len(listed)))
    came = list(Marquez("http://log", transport=log).events(page=page))
    assert {event["id"] for event in came} == {event["id"] for event in events}
    micros = [_micros(event["eventTime"]) for event in came]
    assert micros == sorted(micros)
    if not set(times) & set(FINE):  # else two texts are one moment to Marquez, and may come again
        assert len(came) == len(events)
    assert log.pages <= 3 * len(events) + 2


def test_what_changes_behind_the_reader_hides_nothing_from_it() -> None:
    events = [{"eventTime": f"2026-03-10T00:{n:02}:00Z", "id": str(n)} for n in range(30)]
    log = Log(list(events), list)
    came = []
    for event in Marquez("http://log", transport=log).events(page=5):
        came.append(event["id"])
        if event["id"] == "12":
            del log.events[:8]  # retention
        if event["id"] == "20":
            log.events[:0] = [{"eventTime": f"2026-03-10T00:00:0{n}Z", "id": f"late {n}"} for n in range(6)]
    assert came == [event["id"] for event in events]
