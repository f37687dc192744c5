"""One Kafka message before it is sent, and its line in a file.

A line is a JSON object: `key` (text or null), `value` (the body as text; null is a tombstone) or in its place
`value_base64` when the body is no UTF-8, `timestamp_ms` (simulated time of sending) and `producer`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, get_args

import orjson

from stack.shop.catalogue import Producer
from stack.shop.errors import MessageFileInvalid


class Message(NamedTuple):
    """Key, body and simulated time of one message, and which producer sends it."""

    key: str | None
    value: bytes | None
    timestamp_ms: int
    producer: Producer


def to_line(message: Message) -> bytes:
    """The message as one JSON line with its newline."""
    key, value, timestamp_ms, producer = message
    try:
        body = {"value": None if value is None else value.decode()}
    except UnicodeDecodeError:
        body = {"value_base64": b64encode(value or b"").decode()}
    line = {"key": key, **body, "timestamp_ms": timestamp_ms, "producer": producer}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def from_line(line: bytes) -> Message:
    """The message of one line; ValueError or KeyError when it is none."""
    fields = orjson.loads(line)
    if "value_base64" in fields:
        value: bytes | None = b64decode(fields["value_base64"])
    else:
        value = None if fields["value"] is None else fields["value"].encode()
    if fields["producer"] not in get_args(Producer):
        raise ValueError(fields["producer"])
    return Message(fields["key"], value, fields["timestamp_ms"], fields["producer"])


def read(path: Path) -> Iterator[Message]:
    """The messages of a file in order, read as they are needed.

    Raises:
        MessageFileInvalid: a line is no message; the lines before it have been given.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield from_line(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise MessageFileInvalid(path=str(path), line=number) from error


def write(messages: Iterable[Message], out: BinaryIO) -> None:
    """Write every message as a line to `out`, a thousand at a time."""
    lines = map(to_line, messages)
    while some := b"".join(islice(lines, 1_000)):
        out.write(some)
