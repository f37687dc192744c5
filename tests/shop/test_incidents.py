"""Each incident does what it documents, for as long as it lasts, and leaves everything else as it was."""

from collections import Counter
from datetime import UTC, datetime
from functools import cache

import pytest
from click.testing import CliRunner

from stack.shop.cli import main, shop
from stack.shop.incidents import INCIDENTS, SPIKE

pytestmark = pytest.mark.integration

ARGUMENTS = ("--events", 20_000, "--seed", 7, "--products", 200, "--users", 4_000)
FROM, UNTIL = "2026-11-20T10:00:00.000Z", "2026-11-20T14:30:00.000Z"
LOST = ("total_amount", "items", "item_count", "discount_amount")


@pytest.fixture(scope="module")
def without(make):
    return make(*ARGUMENTS)


@pytest.fixture(scope="module")
def with_incident(make):
    """The stream with an incident from FROM to UNTIL, made once."""
    return cache(lambda name: make(*ARGUMENTS, "--incident", f"{name}@{FROM}..{UNTIL}"))


def _during(events):
    from_ms, until_ms = (datetime.fromisoformat(text).timestamp() * 1000 for text in (FROM, UNTIL))
    return [event for event in events if from_ms <= event.at_ms < until_ms]


def _outside(events):
    during = {id(event) for event in _during(events)}
    return [event.body for event in events if id(event) not in during]


@pytest.mark.parametrize("name", INCIDENTS)
def test_outside_its_time_an_incident_changes_nothing(with_incident, without, name):
    assert _outside(with_incident(name).events) == _outside(without.events)


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_same_arguments_give_the_same_incident_and_the_manifest_tells_it(make, with_incident, name):
    reading = with_incident(name)
    assert reading.manifest["incidents"] == [{"name": name, "from": FROM, "until": UNTIL}]
    assert make(*ARGUMENTS, "--incident", f"{name}@{FROM}..{UNTIL}").lines == reading.lines


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_manifest_counts_what_is_in_the_stream(with_incident, name):
    reading = with_incident(name)
    revenue = sum(e.properties.get("total_amount") or 0 for e in reading.events if e.type == "purchase")
    assert reading.manifest["total"] == len(reading.lines)
    assert reading.manifest["expected_unique_events"] == len(reading.events)
    assert reading.manifest["by_event_type"] == dict(Counter(event.type for event in reading.events))
    assert reading.manifest["sessions"] == len(reading.visits())
    assert float(reading.manifest["revenue"]) == pytest.approx(revenue)


def test_a_spike_brings_three_times_the_events_from_other_visitors(with_incident, without):
    usual, spike = _during(without.events), _during(with_incident("spike").events)
    assert len(spike) == pytest.approx(SPIKE * len(usual), rel=0.02)
    known = {str(event.body) for event in usual}
    more = [event for event in spike if str(event.body) not in known]
    assert len(more) == len(spike) - len(usual)
    assert not {event.user for event in more if event.user} & {event.user for event in usual}
    assert {event.producer for event in more} == {"web", "android", "ios"}
    assert {event.type for event in more} == {event.type for event in usual}


def test_in_an_outage_nothing_arrives_and_nothing_is_made_up_for(with_incident, without):
    reading = with_incident("outage")
    assert _during(without.events) and not _during(reading.events)
    assert reading.manifest["total"] < without.manifest["total"]


def test_one_silent_producer_leaves_the_others_as_they_were(with_incident, without):
    silent = _during(with_incident("producer_outage").events)
    assert [e.body for e in silent] == [e.body for e in _during(without.events) if e.producer != "android"]


def test_a_checkout_bug_loses_the_cart_and_nothing_else(with_incident, without):
    damaged = _during(with_incident("checkout_bug").events)
    assert len(damaged) == len(_during(without.events))
    purchases = [event.properties for event in damaged if event.type == "purchase"]
    started = [event.properties for event in damaged if event.type == "checkout_started"]
    assert len(purchases) > 10 and all(p.get(name) is None for p in purchases for name in LOST)
    assert started and all(s.get("cart_total") is None and s.get("item_count") is None for s in started)
    assert all(p["order_id"] and p["payment_method"] for p in purchases)


def test_a_failing_gateway_turns_the_purchases_of_one_method_into_errors(with_incident, without):
    def orders(events, kind):
        return {e.properties["order_id"]: e.properties["payment_method"] for e in _during(events) if e.type == kind}

    reading = with_incident("gateway_failure")
    bought = orders(without.events, "purchase")
    failed, paid = orders(reading.events, "payment_failed"), orders(reading.events, "purchase")
    assert failed and set(failed.values()) == {"credit_card"} and "credit_card" not in paid.values()
    assert failed | paid == bought
    errors = [event.properties for event in reading.events if event.type == "payment_failed"]
    assert all(p["error"] == "gateway_timeout" and p["attempted_amount"] > 0 for p in errors)


def test_without_an_end_it_lasts_as_documented_and_without_a_beginning_it_starts_half_way(make):
    manifest = make("--events", 300, "--users", 300, "--incident", "outage").manifest
    assert manifest["incidents"] == [
        {"name": "outage", "from": "2026-11-20T12:00:00.000Z", "until": "2026-11-20T14:00:00.000Z"}
    ]


def test_incidents_and_deploys_add_up(make):
    names = [
        part for name in INCIDENTS for part in ("--incident", f"{name}@2026-11-20T12:00:00Z..2026-11-20T13:00:00Z")
    ]
    reading = make("--events", 3_000, "--users", 2_000, *names, "--deploy", "price_to_string@2026-11-20")
    assert not [e for e in reading.events if 12 <= datetime.fromtimestamp(e.at_ms / 1000, UTC).hour < 13]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("fire", "no incident is named 'fire': choose one of spike, outage"),
        ("spike@noon", "'noon' is no ISO-8601 time"),
        ("spike@2026-11-20T12:00..2026-11-20T11:00", "ends before it begins"),
    ],
)
def test_a_wrong_incident_is_one_sentence_and_exit_code_2(monkeypatch, capsys, text, sentence):
    monkeypatch.setattr("sys.argv", ["shop", "generate", "--events", "10", "--incident", text])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_shop_incidents_and_the_documentation_list_every_incident(documentation):
    listed = CliRunner().invoke(shop, ["incidents"]).output
    for name, incident in INCIDENTS.items():
        assert name in listed
        assert f"| `{name}` | {incident.hours:g} |" in documentation
