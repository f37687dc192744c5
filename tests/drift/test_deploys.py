"""Every deploy of the shop is found, judged and told as deploys.yaml says; an hour without one is not."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.drift import Finding
from catalog.observe import Observation, drift_facet
from lineage import drift
from lineage.jobs import observed
from lineage.notice import as_text
from stack.shop.deploys import DEPLOYS
from tests.drift.observed_shop import HOUR, START, Messages, Record, hours, spoken
from tests.lineage.test_dags import CONNECTIONS

WANTED: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("deploys.yaml").read_text("utf-8"))
DAY = {"events": 14_000, "length": 7}
"""About 2,000 messages an hour; the baseline is accepted after the third, what is new comes with the fifth."""
ACCEPTED, CHANGED = 3, 4
SHAPE = ("rule", "path", "before", "after")
Later = Callable[..., list[Observation]]


@pytest.fixture(scope="module", autouse=True)
def _connections() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CONNECTIONS.items():
            patch.setenv(f"AIRFLOW_CONN_{name.upper()}_DEFAULT", json.dumps(value))
        yield


@pytest.fixture(scope="module")
def before(_connections: None) -> Record:
    """Three regular hours, accepted."""
    record = Record()
    for hour in hours(**DAY)[:ACCEPTED]:
        record.run(hour)
    record.accept()
    return record


@pytest.fixture(scope="module")
def later(before: Record) -> Later:
    """What is observed after each of the hours that follow, one without and those with what happens."""

    @cache
    def observe(upto: int, **happens: str) -> list[Observation]:
        record, seen = before.fork(), []
        for hour in hours(**DAY, **happens, at=CHANGED)[ACCEPTED:upto]:
            record.run(hour)
            seen.append(record.observation())
        return seen

    return observe


def shape(one: Finding | dict[str, Any]) -> tuple[str, ...]:
    if isinstance(one, Finding):
        return tuple(getattr(one.change, name) or "" for name in SHAPE)
    return tuple(one.get(name, "") for name in SHAPE)


def test_the_table_has_every_deploy_of_the_shop() -> None:
    assert WANTED.keys() == DEPLOYS.keys()


@pytest.mark.parametrize("name", WANTED)
def test_a_deploy_is_found_as_soon_as_it_can_be_and_nothing_else_is(later: Later, name: str) -> None:
    regular, *seen = later(6, deploy=name)
    assert regular.findings == ()
    for hour, found in enumerate(seen, start=1):
        wanted = sorted(shape(one) for one in WANTED[name]["findings"] if one.get("hour", 1) <= hour)
        assert sorted(map(shape, found.findings)) == wanted
    begin = START + (CHANGED + 1) * HOUR  # when the first messages with the deploy are read
    assert all(one.since and begin <= one.since < begin + HOUR for one in seen[-1].findings)


@pytest.mark.parametrize("name", WANTED)
def test_a_deploy_is_judged_for_those_who_really_read_the_topic(later: Later, name: str) -> None:
    found = {shape(one): one for one in later(6, deploy=name)[-1].findings}
    for wanted in WANTED[name]["findings"]:
        one = found[shape(wanted)]
        harmed = {each.consumer.name: each.word for each in one.verdicts if each.word != "compatible"}
        assert (one.word, harmed) == (wanted["verdict"], wanted.get("readers", {})), one.change


@pytest.mark.parametrize("name", WANTED)
def test_each_finding_of_a_deploy_is_told_once(before: Record, later: Later, name: str) -> None:
    told, known = "", None
    for found in later(6, deploy=name):
        former = drift_facet(known, complete=True) if known else {}
        told += "".join(map(as_text, drift.notices(before.index.dataset(found.dataset), found, former, links=())))
        known = found
    assert [words for words in WANTED[name]["said"] if words not in told] == [], told
    lines = [line for line in told.splitlines() if line.startswith("- ")]
    assert len(lines) == len(WANTED[name]["findings"]), told


@pytest.mark.integration  # no server: a long run over many hours
def test_regular_hours_of_any_time_and_seed_are_no_drift() -> None:
    """Twenty hours of 3,000 messages each, at all times of the day, after a baseline of one such hour."""
    record = Record()
    record.run(hours(events=3_000, seed=100)[0])
    record.accept()
    found = {}
    for seed in range(1, 21):
        record.run(hours(events=3_000, seed=seed, start=START + timedelta(hours=5 * seed))[0])
        found[seed] = [str(one.change) for one in record.observation().findings]
    assert found == {seed: [] for seed in found}


INCIDENTS = {
    "spike": set(),
    "outage": set(),
    "producer_outage": set(),
    "checkout_bug": set(),
    # A new kind of event brings two keys that no message ever had.
    "gateway_failure": {"column.added properties.attempted_amount: double", "column.added properties.error: string"},
}


@pytest.mark.integration  # no server: ten more hours
@pytest.mark.parametrize("name", INCIDENTS)
def test_an_incident_is_no_drift_unless_it_brings_other_keys(later: Later, name: str) -> None:
    for seen in later(6, incident=name)[1:]:
        assert {str(one.change) for one in seen.findings} == INCIDENTS[name]


def once(messages: Messages, value: bytes) -> Messages:
    """The messages with one of those that have the value, and without the others."""
    having = [one for one in messages if value in one]
    return tuple(one for one in messages if one not in having[1:])


def test_a_new_value_is_found_in_one_message(before: Record) -> None:
    klarna = once(hours(**DAY, deploy="enum_value", at=CHANGED)[CHANGED], b'"klarna"')
    assert sum(b'"klarna"' in one for one in klarna) == 1
    record = before.fork()
    record.run(klarna)
    (one,) = record.observation().findings
    assert str(one.change) == "enum.value_added properties.payment_method: klarna"


def test_values_that_follow_no_list_any_more_are_one_finding(before: Record) -> None:
    hour, record, number = hours(**DAY)[ACCEPTED], before.fork(), count()
    paid = [one for one in hour if b'"payment_method":"' in one] * 5
    odd = [re.sub(rb'(?<="payment_method":")\w+', lambda _: b"gift %d" % next(number), one) for one in paid]
    record.run((*hour, *odd))
    assert next(number) >= 20, "more than a profile shows"
    (one,) = record.observation().findings
    assert (one.change.rule, one.change.path) == ("enum.removed", "properties.payment_method")


def test_a_message_of_before_that_is_sent_again_only_delays_that_a_key_is_gone(before: Record) -> None:
    stream = hours(**DAY, deploy="move_nested", at=CHANGED)
    old = next(one for one in stream[CHANGED - 1] if b'"metadata"' in one)
    record = before.fork()
    record.run((*stream[CHANGED], old))
    findings = {shape(one) for one in record.observation().findings}
    wanted = {shape(one) for one in WANTED["move_nested"]["findings"]}
    assert findings == {one for one in wanted if one[0] != "column.dropped"}
    record.run(stream[CHANGED + 1])
    assert {shape(one) for one in record.observation().findings} == wanted


# ------------------------------------------------------------------------------------------------ Spark says the same


@pytest.mark.integration
def test_spark_says_the_same_of_these_messages(tmp_path: Path) -> None:
    python = Path(os.environ.get("STACK_SPARK_VENV") or Path(__file__).parents[2] / ".venv-spark") / "bin" / "python"
    if not python.exists():
        pytest.skip("needs Spark's virtual environment")
    found = {name: hours(**DAY, deploy=name, at=CHANGED)[CHANGED] for name in DEPLOYS}
    found |= {name: hours(**DAY, incident=name, at=CHANGED)[CHANGED] for name in INCIDENTS}
    asked = {name: [text for one in messages if (text := _text(one)) is not None] for name, messages in found.items()}
    (tmp_path / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
    command = [str(python), str(Path(__file__).with_name("spark_says.py")), str(tmp_path / "asked.json")]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)
    for name, messages in found.items():
        assert _paths(said[name]) == _paths(spoken(messages)), name


def _text(message: bytes) -> str | None:
    try:
        return message.decode()
    except UnicodeDecodeError:
        return None


def _paths(text: str) -> dict[str, str]:
    schema = observed.schema((text,))
    return {path: one.type for path, one in schema.walk()} if schema else {}
