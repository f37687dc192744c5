"""A generated stream and a reading of it that shares no code with the shop."""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from stack.shop.cli import shop

START = datetime(2026, 11, 20, tzinfo=UTC)
NAMES = {
    "screen_viewed": "page_view",
    "product_viewed": "product_view",
    "product_added": "add_to_cart",
    "product_removed": "remove_from_cart",
    "purchase_completed": "purchase",
}


@dataclass(kw_only=True)
class Seen:
    """One usable event, as far as every producer tells it."""

    producer: str
    type: str
    at_ms: float
    user: str | None
    session: str
    body: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        return self.body["properties"]

    @property
    def visitor(self) -> tuple[str | None, str]:
        return self.user, self.session


@dataclass(kw_only=True)
class Reading:
    """What a stranger finds in a file of message lines."""

    lines: list[bytes]
    manifest: dict[str, Any]
    events: list[Seen] = field(default_factory=list)
    unusable: list[tuple[str, str]] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)

    def visits(self) -> dict[tuple[str | None, str, int], list[Seen]]:
        """Events grouped by user, session id and a 30-minute idle gap."""
        groups: dict[tuple[str | None, str, int], list[Seen]] = {}
        last: dict[tuple[str | None, str], tuple[float, int]] = {}
        for event in self.events:
            before, number = last.get(event.visitor, (event.at_ms, 0))
            number += event.at_ms - before > 30 * 60_000
            last[event.visitor] = event.at_ms, number
            groups.setdefault((*event.visitor, number), []).append(event)
        return groups


def read(lines: Iterable[bytes], manifest: dict[str, Any]) -> Reading:
    reading = Reading(lines=list(lines), manifest=manifest)
    seen: set[bytes] = set()
    latest_ms = (START.timestamp() + 365 * 86_400) * 1000
    for line in reading.lines:
        message = json.loads(line)
        producer = message["producer"]
        found = _understand(message, latest_ms=latest_ms)
        if isinstance(found, str):
            reading.unusable.append((found, producer))
        elif line in seen:
            reading.duplicates.append(producer)
        else:
            seen.add(line)
            reading.events.append(found)
    return reading


def _understand(message: dict[str, Any], *, latest_ms: float) -> Seen | str:
    """The event, or the name of what is wrong with the message."""
    if "value_base64" in message:
        with pytest.raises(UnicodeDecodeError):
            base64.b64decode(message["value_base64"]).decode()
        return "invalid_utf8"
    value = message["value"]
    if not value:
        return "null_value" if value is None else "empty_value"
    try:
        body = json.loads(value)
    except ValueError:
        return "not_json" if value.startswith("<") else "truncated_json"
    if not isinstance(body, dict):
        return "body_is_array" if isinstance(body, list) else "double_encoded"
    name = body.get("event_type") or body.get("eventName") or body.get("event_name")
    if name is None:
        return "missing_event_type"
    if "timestamp" not in body:
        return "missing_timestamp"
    at_ms = _epoch_ms(body["timestamp"])
    if at_ms is None:
        return "unparseable_timestamp"
    if at_ms > latest_ms:
        return "future_timestamp"
    user = body.get("user_id") or body.get("userId")
    return Seen(
        producer=message["producer"],
        type=NAMES.get(name, name),
        at_ms=at_ms,
        user=user.removeprefix("user_") if user else None,
        session=body.get("session_id") or body["sessionId"],
        body=body,
    )


def _epoch_ms(sent: str | float) -> float | None:
    if not isinstance(sent, str):
        return sent
    try:
        return datetime.fromisoformat(sent).timestamp() * 1000
    except ValueError:
        return None


@pytest.fixture(scope="session")
def run_shop() -> Callable[..., Result]:
    """Run a command that must succeed."""

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(shop, [str(argument) for argument in arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return run


@pytest.fixture(scope="session")
def make(run_shop: Callable[..., Result], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Reading]:
    """Generate a stream into files, and read it."""

    def generate(*arguments: object) -> Reading:
        folder = tmp_path_factory.mktemp("stream")
        out, manifest = folder / "events.jsonl", folder / "manifest.json"
        run_shop("generate", "--start", START.isoformat(), "--out", out, "--manifest", manifest, *arguments)
        return read(out.read_bytes().splitlines(keepends=True), json.loads(manifest.read_text()))

    return generate


@pytest.fixture(scope="session")
def stream(make: Callable[..., Reading]) -> Reading:
    """One day of 40,000 messages."""
    return make("--events", 40_000, "--seed", 7)


@pytest.fixture(scope="session")
def products(run_shop: Callable[..., Result]) -> dict[str, dict[str, Any]]:
    """The exported products of seed 7 by id."""
    return {row["product_id"]: row for row in map(json.loads, run_shop("catalog", "--products").stdout.splitlines())}


@pytest.fixture(scope="session")
def users(run_shop: Callable[..., Result]) -> dict[str, dict[str, Any]]:
    """The exported users of seed 7 by id."""
    return {row["user_id"]: row for row in map(json.loads, run_shop("catalog", "--users").stdout.splitlines())}


@pytest.fixture(scope="session")
def documentation() -> str:
    return (Path(__file__).parents[2] / "docs" / "shop.md").read_text()
