"""The same arguments give the same stream, of the size and in the time asked for."""

import json
import os
import re
import subprocess
import sys
from collections import Counter

import pytest
from click.testing import CliRunner

from stack.shop.cli import shop
from stack.shop.clock import parse_time
from stack.shop.generate import Scenario, Stream

ARGUMENTS = ("--events", 2_000, "--seed", 11, "--hours", 6, "--products", 200, "--users", 1_500)


def _bytes_in_a_process_of_its_own(hash_seed: str) -> bytes:
    command = [sys.executable, "-c", "from stack.shop.cli import main; main()", "generate", *map(str, ARGUMENTS)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": f"Etc/GMT+{hash_seed}"}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def test_the_same_arguments_give_the_same_bytes_in_another_process_and_time_zone(make):
    assert (
        _bytes_in_a_process_of_its_own("1") == _bytes_in_a_process_of_its_own("9") == b"".join(make(*ARGUMENTS).lines)
    )


def test_another_seed_gives_another_stream_and_another_catalogue(make):
    assert make(*ARGUMENTS).lines != make(*ARGUMENTS, "--seed", 12).lines


def test_there_are_exactly_as_many_messages_as_asked_for(make):
    for events in (1, 2, 101, 2_000):
        assert len(make("--events", events, "--users", 300).lines) == events


def test_a_line_has_the_four_documented_fields(make):
    for line in make(*ARGUMENTS).lines:
        body = {"value_base64"} if b'"value_base64"' in line else {"value"}
        assert json.loads(line).keys() == {"key", "timestamp_ms", "producer"} | body


def test_messages_come_in_order_of_time_but_for_retries(stream):
    first_sent = list(dict.fromkeys(stream.lines))
    times = [json.loads(line)["timestamp_ms"] for line in first_sent]
    assert times == sorted(times)


def test_every_usable_event_lies_inside_the_window(make):
    reading = make("--events", 2_000, "--hours", 1, "--products", 200, "--users", 1_500)
    times_ms = [event.at_ms for event in reading.events]
    assert min(times_ms) >= 1_795_132_800_000
    assert max(times_ms) < 1_795_132_800_000 + 3_600_000


def test_evenings_are_busier_than_nights(stream):
    hours = Counter(int(event.at_ms // 3_600_000) % 24 for event in stream.events)
    assert sum(hours[h] for h in (18, 19, 20, 21)) > 5 * sum(hours[h] for h in (2, 3, 4, 5))


def test_every_retry_has_the_bytes_and_key_of_its_original_and_comes_later(stream):
    places: dict[bytes, list[int]] = {}
    for place, line in enumerate(stream.lines):
        places.setdefault(line, []).append(place)
    repeated = [found for line, found in places.items() if len(found) > 1 and b'"event' in line]
    assert len(repeated) == stream.manifest["duplicates"] == round(0.003 * 40_000)
    assert all(len(found) == 2 and found[0] < found[1] for found in repeated)


def test_too_many_events_for_the_users_is_a_sentence_that_names_the_remedy():
    result = CliRunner().invoke(shop, ["generate", "--events", "20000", "--hours", "1", "--users", "100"])
    assert "raise --users" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--events", "10", "--deploy", "rewrite"], "choose one of add_field"),
        (["--events", "10", "--deploy", "add_field@soon"], "no ISO-8601 time"),
        (["--events", "10", "--start", "yesterday"], "no ISO-8601 time"),
    ],
)
def test_a_wrong_argument_ends_with_exit_code_2_and_one_sentence(arguments, sentence):
    command = [sys.executable, "-c", "from stack.shop.cli import main; main()", "generate", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_generate_without_a_number_of_events_asks_for_it():
    result = CliRunner().invoke(shop, ["generate"])
    assert result.exit_code == 2
    assert "--events is needed" in result.output


def test_another_day_of_the_same_seed_brings_other_events_of_the_same_catalogue():
    days = [
        list(Stream(scenario=Scenario(events=400, seed=7, start_ms=parse_time(day))).messages())
        for day in ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")
    ]
    ids = [set(re.findall(rb'"event_id":"([^"]+)"', b"".join(m.value or b"" for m in day))) for day in days]
    assert len(ids[0]) > 100 and not ids[0] & ids[1]
