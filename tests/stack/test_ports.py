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
    assert ports.choose(kept={}, pinned={}, ours=(), free=EVERY) == dict(ports.DEFAULTS)


def test_a_busy_default_is_replaced_by_another_port():
    chosen = ports.choose(kept={}, pinned={}, ours=(), free=EVERY - {ports.DEFAULTS["kafka"]})
    assert chosen["kafka"] != ports.DEFAULTS["kafka"]


def test_the_port_of_the_last_start_is_kept_while_it_is_free():
    assert ports.choose(kept={"redis": 4242}, pinned={}, ours=(), free=EVERY)["redis"] == 4242
    assert ports.choose(kept={"redis": 4242}, pinned={}, ours=(), free=EVERY - {4242})["redis"] == 16379


def test_a_server_that_runs_keeps_its_port_though_it_is_busy():
    chosen = ports.choose(kept={"s3": 4242}, pinned={}, ours=["s3"], free=EVERY - {4242})
    assert chosen["s3"] == 4242


def test_a_pinned_port_wins_over_the_last_one():
    assert ports.choose(kept={"redis": 4242}, pinned={"redis": 4343}, ours=(), free=EVERY)["redis"] == 4343


def test_a_pinned_port_that_is_taken_is_an_error_that_names_the_way_out():
    with pytest.raises(PortTaken, match=r"Port 4343, pinned for redis by STACK_PORT_REDIS, is taken.*unset"):
        ports.choose(kept={}, pinned={"redis": 4343}, ours=(), free=EVERY - {4343})


@pytest.mark.parametrize("value", ["many", "0", "70000", "-1", "5000.5"])
def test_a_pin_that_is_no_port_is_refused_by_name(value):
    with pytest.raises(BadPort, match="STACK_PORT_AIRFLOW_API"):
        ports.pins({"STACK_PORT_AIRFLOW_API": value})


@given(kept=some_ports, busy=st.sets(st.sampled_from(sorted(ports.DEFAULTS.values()))))
def test_no_two_servers_ever_share_a_port(kept, busy):
    chosen = ports.choose(kept=kept, pinned={}, ours=(), free=EVERY - busy)
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
    chosen = ports.assign(home, ours=(), environ={})
    assert json.loads((tmp_path / "ports.json").read_text()) == chosen == ports.read(home)
