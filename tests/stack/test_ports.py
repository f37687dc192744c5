"""Which ports the servers get."""

import json
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stack import ports
from stack.errors import BadPort, PortTaken
from stack.home import Home

EVERY = set(range(1, 65536))
some_ports = st.dictionaries(st.sampled_from(sorted(ports.DEFAULTS)), st.integers(1024, 65535), max_size=6)


def test_everyone_gets_the_usual_port_on_an_idle_machine():
    assert ports.choose(kept={}, pinned={}, ours=(), usable=EVERY.__contains__) == dict(ports.DEFAULTS)


def test_a_busy_default_is_replaced_by_another_port():
    chosen = ports.choose(kept={}, pinned={}, ours=(), usable=(EVERY - {ports.DEFAULTS["kafka"]}).__contains__)
    assert chosen["kafka"] != ports.DEFAULTS["kafka"]


def test_the_port_of_the_last_start_is_kept_while_it_is_free():
    assert ports.choose(kept={"redis": 4242}, pinned={}, ours=(), usable=EVERY.__contains__)["redis"] == 4242
    assert (
        ports.choose(kept={"redis": 4242}, pinned={}, ours=(), usable=(EVERY - {4242}).__contains__)["redis"] == 16379
    )


def test_a_server_that_runs_keeps_its_port_though_it_is_busy():
    chosen = ports.choose(kept={"s3": 4242}, pinned={}, ours=["s3"], usable=(EVERY - {4242}).__contains__)
    assert chosen["s3"] == 4242


def test_a_pinned_port_wins_over_the_last_one():
    assert (
        ports.choose(kept={"redis": 4242}, pinned={"redis": 4343}, ours=(), usable=EVERY.__contains__)["redis"] == 4343
    )


def test_a_pinned_port_that_is_taken_is_an_error_that_names_the_way_out():
    with pytest.raises(PortTaken, match=r"Port 4343, pinned for redis by STACK_PORT_REDIS, is taken.*unset"):
        ports.choose(kept={}, pinned={"redis": 4343}, ours=(), usable=(EVERY - {4343}).__contains__)


@pytest.mark.parametrize("value", ["many", "0", "70000", "-1", "5000.5"])
def test_a_pin_that_is_no_port_is_refused_by_name(value):
    with pytest.raises(BadPort, match="STACK_PORT_AIRFLOW_API"):
        ports.pins({"STACK_PORT_AIRFLOW_API": value})


def test_a_second_set_of_servers_can_have_usual_ports_of_its_own():
    wished = ports.usual({"STACK_PORT_OFFSET": "100"})
    chosen = ports.choose(kept={}, pinned={}, ours=(), usable=EVERY.__contains__, wished=wished)
    assert chosen == {name: port + 100 for name, port in ports.DEFAULTS.items()}
    assert not set(chosen.values()) & set(ports.DEFAULTS.values())
    assert ports.usual({}) == dict(ports.DEFAULTS)


@pytest.mark.parametrize("value", ["a lot", "-5", "60000"])
def test_an_offset_that_leads_nowhere_is_refused_by_name(value):
    with pytest.raises(BadPort, match="STACK_PORT_OFFSET"):
        ports.usual({"STACK_PORT_OFFSET": value})


@given(kept=some_ports, busy=st.sets(st.sampled_from(sorted(ports.DEFAULTS.values()))))
def test_no_two_servers_ever_share_a_port(kept, busy):
    chosen = ports.choose(kept=kept, pinned={}, ours=(), usable=(EVERY - busy).__contains__)
    assert set(chosen) == set(ports.DEFAULTS)
    assert len(set(chosen.values())) == len(chosen)


def test_a_real_listener_makes_its_port_busy():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert not ports.is_free(port)
    assert ports.is_free(port)


def test_the_choice_is_written_where_the_next_start_finds_it(tmp_path):
    home = Home(root=tmp_path)
    chosen = ports.assign(home, ours=(), environ={}, usable=ports.is_free)
    assert json.loads((tmp_path / "ports.json").read_text()) == chosen == ports.read(home)


def test_two_homes_that_start_at_once_get_different_ports(tmp_path):
    with ports.claims() as one, ports.claims() as other:
        first = ports.assign(Home(root=tmp_path / "one"), ours=(), environ={}, usable=one)
        second = ports.assign(Home(root=tmp_path / "other"), ours=(), environ={}, usable=other)
    assert not set(first.values()) & set(second.values())


def test_what_a_start_has_claimed_is_free_again_when_it_is_over():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    for _ in range(2):
        with ports.claims() as one, ports.claims() as other:
            assert one(port) and not other(port)
