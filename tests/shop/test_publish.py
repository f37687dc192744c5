"""Messages reach the topic as they are in the file; a broker that is not there is one sentence and exit code 3."""

import json
import os
import subprocess
import sys
import time
from collections import Counter

import pytest

from stack.shop.message import read

SERVERS = ("kafka",)


def _shop(*arguments):
    command = [sys.executable, "-c", "from stack.shop.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_broker_that_is_not_there_is_one_sentence_and_exit_code_3():
    done = _shop("publish", "--bootstrap", "127.0.0.1:1", "--timeout", 1, "--events", 10)
    assert done.returncode == 3
    assert "no Kafka broker answered at 127.0.0.1:1 within 1 s" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_publish_wants_a_file_or_a_number_of_events_and_not_both(tmp_path):
    file = tmp_path / "events.jsonl"
    file.touch()
    for arguments in ((), ("--file", file, "--events", 10)):
        done = _shop("publish", "--bootstrap", "127.0.0.1:1", *arguments)
        assert done.returncode == 2
        assert "either --file, or --events" in done.stderr


def test_lines_read_back_are_the_messages_that_were_written(stream, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(stream.lines))
    for line, message in zip(stream.lines, read(file), strict=True):
        written = json.loads(line)
        assert (message.key, message.timestamp_ms) == (written["key"], written["timestamp_ms"])
        if "value" in written:
            assert message.value == (None if written["value"] is None else written["value"].encode())
        else:
            assert b"\xff\xfe" in message.value


def test_a_line_that_is_no_message_is_named_by_its_number(tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_text('{"key":"a","value":"{}","timestamp_ms":1,"producer":"web"}\n{"key":"b"}\n')
    with pytest.raises(Exception, match=r"events\.jsonl:2 is no message line"):
        list(read(file))


def _consume(topic, count):
    from confluent_kafka import Consumer

    settings = {
        "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        "group.id": "shop-test",
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
    consumer = Consumer(settings)
    consumer.subscribe([topic])
    messages = []
    while len(messages) < count:
        messages += consumer.consume(count - len(messages), timeout=30) or pytest.fail(
            "the topic holds too few messages"
        )
    extra = consumer.consume(1, timeout=1)
    consumer.close()
    return messages + extra


@pytest.mark.integration
def test_every_message_of_the_file_is_in_the_topic_once_with_key_and_headers(make, platform, tmp_path):
    reading = make("--events", 3_000, "--seed", 5, "--users", 500)
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(reading.lines))
    bootstrap = os.environ["KAFKA_BOOTSTRAP_SERVERS"]

    refused = _shop("publish", "--bootstrap", bootstrap, "--topic", "shop-test", "--file", file)
    assert refused.returncode == 3
    assert "topic shop-test does not exist" in refused.stderr

    done = _shop("publish", "--bootstrap", bootstrap, "--topic", "shop-test", "--file", file, "--create-topic")
    assert done.returncode == 0, done.stderr
    assert "3000 messages delivered to shop-test, 0 failed" in done.stdout

    arrived = _consume("shop-test", 3_000)
    expected = Counter((message.key.encode(), message.value) for message in read(file))
    assert Counter((message.key(), message.value()) for message in arrived) == expected
    assert {message.partition() for message in arrived} == set(range(24))
    headers = [dict(message.headers()) for message in arrived]
    assert {found["version"] for found in headers} == {b"1.0.0"}
    assert Counter(found["producer_id"].decode() for found in headers) == reading.manifest["messages_by_producer"]
    assert all(found["timestamp"].startswith(b"2026-11-2") for found in headers)
    assert all(abs(message.timestamp()[1] / 1000 - time.time()) < 600 for message in arrived)


@pytest.mark.integration
def test_a_rate_is_kept(platform):
    bootstrap = os.environ["KAFKA_BOOTSTRAP_SERVERS"]
    arguments = ("--topic", "shop-rate", "--create-topic", "--events", 3_000, "--rate", 1_000)
    done = _shop("publish", "--bootstrap", bootstrap, *arguments)
    assert done.returncode == 0, done.stderr
    seconds = float(done.stdout.split(" in ")[1].split(" s")[0])
    assert 2.5 < seconds < 15
