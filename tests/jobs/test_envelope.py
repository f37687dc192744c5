"""One message in, one row out: the producers' spellings, a changed producer, and every reason to refuse."""

import base64
import hashlib
import json
import os
import uuid

import pytest

from lineage.jobs.columns import IDS, REASONS

pytestmark = pytest.mark.integration
SENT = "2026-11-20T12:00:00+00:00"
WEB = {
    "event_id": "80154c99-c480-4620-a45f-ab83be3b6d8b",
    "event_type": "product_view",
    "timestamp": "2026-11-20T08:15:30.123Z",
    "user_id": "user_5497734b-86d6-43c9-abde-7cf0e092b5dd",
    "session_id": "session_6e1168d8",
    "source": "web",
    "properties": {"product_id": "p1", "price": 12.5, "currency": "usd", "page_title": "home", "ip_address": None},
    "metadata": {"sdk_version": "1.0.0", "platform": "web", "environment": "prod"},
}
ANDROID = {
    "eventName": "product_added",
    "timestamp": 1795132856664,
    "userId": None,
    "sessionId": "session_1_2",
    "properties": {"product_id": "p1", "price": 9, "quantity": 2, "platform": "android", "environment": "production",
                   "sdk_version": "2.1.0", "timestamp": 1795132856671},
}  # fmt: skip
IOS = {"event_name": "screen_viewed", "timestamp": 1795132856664.25, "session_id": "s", "user_id": "u",
       "properties": {"screen_name": "/cart", "platform": "ios"}}  # fmt: skip
ORDER = {"items": [{"product_id": "p1", "price": "5.00", "quantity": 1}], "total_amount": "5.00"}


def web(**changes):
    return {**WEB, **changes}


def properties(**changes):
    return {**WEB, "properties": {**WEB["properties"], **changes}}


USABLE = {
    "the web's envelope": (WEB, {
        "event_id": WEB["event_id"], "event_type": "product_view", "event_time": "2026-11-20T08:15:30.123000Z",
        "user_id": "5497734b-86d6-43c9-abde-7cf0e092b5dd", "session_id": "session_6e1168d8", "source": "web",
        "platform": "web", "environment": "prod", "sdk_version": "1.0.0", "price": 12.5, "currency": "USD",
        "has_properties": True, "has_metadata": True, "ip_address": None,
        "extra": {"properties.page_title": "home"},
    }),
    "Android's spelling": (ANDROID, {
        "event_id": None, "event_type": "add_to_cart", "event_time": "2026-11-20T00:00:56.664000Z", "user_id": None,
        "session_id": "session_1_2", "source": "mobile", "platform": "android", "environment": "prod", "quantity": 2,
        "price": 9, "has_metadata": True, "extra": {"properties.timestamp": 1795132856671},
    }),
    "iOS's spelling": (IOS, {
        "event_type": "page_view", "event_time": "2026-11-20T00:00:56.664250Z", "user_id": "u", "session_id": "s",
        "source": "mobile", "platform": "ios", "page_url": "/cart", "environment": None, "extra": None,
    }),
    "a price that became text": (properties(price="12.50"), {"price": 12.5}),
    "items whose price became text": (web(properties=ORDER), {
        "total_amount": 5, "items": [{"product_id": "p1", "product_name": None, "price": 5, "quantity": 1}],
    }),
    "a price that is no number is kept": (properties(price="free"), {
        "price": None, "extra": {"properties.page_title": "home", "properties.price": "free"},
    }),
    "items that are no list are kept": (web(properties={"items": "none"}), {
        "items": None, "extra": {"properties.items": "none"},
    }),
    "a field that was added": (properties(coupon_code="AUTUMN"), {
        "extra": {"properties.coupon_code": "AUTUMN", "properties.page_title": "home"},
    }),
    "a nested field that moved": (web(metadata={"platform": "web", "sdk": {"version": "2"}}), {
        "sdk_version": None, "extra": {"metadata.sdk": {"version": "2"}, "properties.page_title": "home"},
    }),
    "an unknown top-level field": (web(experiment=["a", 1]), {
        "extra": {"experiment": ["a", 1], "properties.page_title": "home"},
    }),
    "properties that are no object are kept": (web(properties="none"), {
        "has_properties": False, "product_id": None, "extra": {"properties": "none"},
    }),
    "an event type nobody knows": (web(event_type="wishlist_added"), {"event_type": "wishlist_added"}),
    "a time with a zone": (web(timestamp="2026-11-20T09:15:30+01:00"), {"event_time": "2026-11-20T08:15:30.000000Z"}),
    "blank ids are none": (web(event_id=" ", user_id=""), {"event_id": None, "user_id": None}),
    "an id too long for an id": (web(event_id="x" * 37), {"event_id": None}),
    "an exponent": (b'{"event_type":"a","timestamp":1.795132856664e12,"properties":{"total_amount":1e2}}', {
        "event_time": "2026-11-20T00:00:56.664000Z", "total_amount": 100,
    }),
    "a repeated key": (b'{"event_type":"a","event_type":"b","timestamp":1,"properties":{"x":1,"x":2}}', {
        "event_time": "1970-01-01T00:00:00.001000Z",
    }),
    "23 hours ahead": (web(timestamp="2026-11-21T11:00:00Z"), {"event_time": "2026-11-21T11:00:00.000000Z"}),
}  # fmt: skip
BODY = json.dumps(WEB).encode()
REFUSED = {
    "null_value": [None],
    "empty_value": [b""],
    "invalid_utf8": [BODY[:40] + b"\xff\xfe" + BODY[40:]],
    "truncated_json": [BODY[:100], b"{"],
    "not_json": [b"<html></html>", b"   "],
    "body_is_array": [b"[" + BODY + b"]", b"[]"],
    "double_encoded": [json.dumps(BODY.decode()).encode()],
    "not_an_object": [b"17", b"null", b'"hello"'],
    "missing_event_type": [b'{"timestamp": 1}', web(event_type=None), web(event_type="  ")],
    "missing_timestamp": [b'{"event_type": "purchase"}', web(timestamp=None)],
    "unparseable_timestamp": [
        web(timestamp="20/11/26 8h15"),
        web(timestamp=True),
        web(timestamp=1e30),
        web(timestamp=-5),
    ],
    "future_timestamp": [web(timestamp="2126-11-20T08:15:30.123Z"), web(timestamp="2026-11-21T12:00:01Z")],
}


def as_bytes(message):
    return message if isinstance(message, bytes) or message is None else json.dumps(message).encode()


@pytest.fixture(scope="module")
def rows(submit, tmp_path_factory, spark_environment):
    """Bytes of a message → its row, all cases in one run of Spark."""
    bodies = [as_bytes(message) for message, _ in USABLE.values()] + [
        as_bytes(m) for all_ in REFUSED.values() for m in all_
    ]
    folder = tmp_path_factory.mktemp("normalise")
    lines = ({"value": None if body is None else base64.b64encode(body).decode(), "sent": SENT} for body in bodies)
    (folder / "in").write_text("".join(json.dumps(line) + "\n" for line in lines))
    process = submit("tests/jobs/normalise.py", str(folder / "in"), str(folder / "out"), env=spark_environment)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output[-3000:]
    return dict(zip(bodies, map(json.loads, (folder / "out").read_text().splitlines()), strict=True))


@pytest.mark.parametrize("case", USABLE)
def test_a_usable_message_becomes_the_documented_envelope(case, rows):
    message, expected = USABLE[case]
    row = rows[as_bytes(message)]
    found = {**dict.fromkeys(expected), **{key: value for key, value in row.items() if key in expected}}
    found["extra"] = json.loads(row["extra"]) if "extra" in row else None
    if expected.get("event_id", "") is None:
        digest = uuid.UUID(bytes=hashlib.sha1(IDS.bytes + as_bytes(message)).digest()[:16], version=5)
        expected = {**expected, "event_id": str(digest)}
    if expected.get("items"):
        found["items"] = [{"product_name": None, **item} for item in found["items"]]
    assert row.get("error_type") is None
    assert found == {**expected, "extra": expected.get("extra", found["extra"])}


@pytest.mark.parametrize(
    ("reason", "number"), [(reason, n) for reason, all_ in REFUSED.items() for n in range(len(all_))]
)
def test_an_unusable_message_is_refused_by_name(reason, number, rows):
    assert rows[as_bytes(REFUSED[reason][number])]["error_type"] == reason


def test_every_reason_has_a_case():
    assert set(REFUSED) == set(REASONS)


@pytest.fixture(scope="module")
def spark_environment():
    """Java, Spark and the jars; no server is needed."""
    from stack import jars, java

    folder = jars.folder(os.environ)
    if not folder.is_dir():
        pytest.skip("needs the jars: run `stack prepare`")
    submit = jars.spark_home(os.environ).parents[3] / "bin" / "spark-submit"
    found = {
        "ECOMPULSE_SPARK_SUBMIT": str(submit),
        "ECOMPULSE_SPARK_JARS": str(folder / "spark"),
        "JAVA_HOME": str(java.find(os.environ)),
    }
    before = dict(os.environ)
    os.environ.update(found)
    yield found
    os.environ.clear()
    os.environ.update(before)
