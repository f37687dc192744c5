"""How each server is started, without starting it."""

import configparser
import os
import shlex
import shutil
import subprocess

import pytest

from stack import kafka, platform, postgres, supervision
from stack.errors import UnknownServer
from stack.server import script


def test_every_server_has_a_probe_a_place_in_the_stop_order_and_a_script(site):
    every = platform.servers(site)
    assert set(every) == set(platform.NAMES)
    assert sorted(name for group in platform.STOP_ORDER for name in group) == sorted(platform.NAMES)
    for server in every.values():
        text = script(server, home=site.home, python="python")
        assert text.splitlines()[-1].startswith("exec ")


def test_no_password_is_on_a_command_line(site):
    passwords = [site.secrets.postgres, site.secrets.redis, site.secrets.s3, site.secrets.jwt]
    words = [word for server in platform.servers(site).values() for word in server.command]
    assert not [word for word in words for password in passwords if password in word]


def test_the_broker_listens_on_loopback_and_makes_no_topic_by_itself(site):
    settings = dict(line.split("=", 1) for line in kafka.properties(site).splitlines())
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert settings["auto.create.topics.enable"] == "false"


def test_the_database_server_listens_on_loopback_only_and_on_no_socket(site):
    words = postgres.server(site).command
    assert "listen_addresses=127.0.0.1" in words
    assert "unix_socket_directories=" in words
    assert ("unshare" in words) == (os.geteuid() == 0)


def test_a_pid_file_that_names_the_database_server_of_somebody_else_is_removed(site, tmp_path):
    data, program = site.home.data("postgres"), tmp_path / "postgres"
    data.mkdir()
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "60"]) as other:
        (data / "postmaster.pid").write_text(f"{other.pid}\n{data}\n")
        postgres.server(site).prepare()
        other.kill()
    assert not (data / "postmaster.pid").exists()


def test_the_database_server_is_stopped_without_waiting_for_its_clients(site):
    assert postgres.server(site).stop_signal == "INT"


def test_a_script_quotes_what_a_shell_would_split(site):
    server = platform.servers(site)["slack"]
    last = script(server, home=site.home, python="python").splitlines()[-1]
    assert shlex.split(last)[1:] == list(server.command)


def test_the_supervisor_reads_its_configuration_with_a_percent_sign_in_the_path(site):
    text = supervision.configuration(site.home, platform.servers(site).values())
    parsed = configparser.ConfigParser()
    parsed.read_string(text)
    programs = [name for name in parsed.sections() if name.startswith("program:")]
    assert len(programs) == len(platform.NAMES)
    assert parsed["program:kafka"]["command"] == f'/bin/sh "{site.home.script("kafka")}"'


def test_airflow_is_all_its_parts_and_each_brings_the_database_and_who_knows_how_it_is():
    assert set(platform.expand(["airflow"])) == {"postgres", *platform.AIRFLOW}
    assert set(platform.expand(["airflow-triggerer"])) == {"postgres", "airflow-api", "airflow-triggerer"}


def test_no_name_means_all_and_some_can_be_left_out():
    assert platform.expand([]) == platform.NAMES
    assert set(platform.NAMES) - set(platform.expand([], without=["airflow", "mail"])) == {*platform.AIRFLOW, "mail"}


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownServer, match=r"no server named 'kafak'.*kafka"):
        platform.expand(["kafak"])
