"""What clients are told, and what of it is secret."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import Connection
from hypothesis import given
from hypothesis import strategies as st

from stack import environment, platform
from stack.errors import NeverStarted
from stack.home import REPOSITORY, Home, compose_variables

names = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
values = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=40)


@given(st.dictionaries(names, values, max_size=5))
def test_what_is_written_as_shell_lines_reads_back_the_same(known):
    assert environment.from_shell(environment.as_shell(known)) == known


def test_a_shell_reads_what_we_wrote(site, tmp_path):
    path = tmp_path / "env"
    path.write_text(environment.as_shell(site.environment))
    command = '. ./env; printf %s "$AIRFLOW_CONN_LAKE_DEFAULT"'
    said = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == json.loads(site.environment["AIRFLOW_CONN_LAKE_DEFAULT"])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kafka", "kafka"),
        ("lake", "aws"),
        ("warehouse", "postgres"),
        ("cache", "redis"),
        ("shop", "http"),
        ("slack", "slackwebhook"),
        ("smtp", "smtp"),
        ("spark", "generic"),
    ],
)
def test_airflow_understands_each_connection(site, name, kind):
    text = site.environment[f"AIRFLOW_CONN_{name.upper()}_DEFAULT"]
    connection = Connection.from_json(text, conn_id=f"{name}_default")
    assert connection.conn_type == kind
    assert connection.host or connection.extra_dejson


def test_the_lineage_transport_is_our_outbox_pointed_at_the_backend(site):
    transport = json.loads(site.environment["AIRFLOW__OPENLINEAGE__TRANSPORT"])
    assert transport == {
        "type": "lineage.transport.OutboxTransport",
        "url": site.environment["MARQUEZ_URL"],
        "outbox": site.environment["LINEAGE_OUTBOX"],
    }


def test_every_address_is_on_this_machine(site):
    addresses = [value for name, value in site.environment.items() if name.endswith(("_URL", "_SERVERS", "_CONN"))]
    addresses += [value for name, value in site.environment.items() if "ENDPOINT_URL" in name]
    assert len(addresses) >= 9
    assert all("127.0.0.1:" in address for address in addresses)


def test_the_key_for_tokens_is_long_enough_for_airflow(site):
    assert len(site.environment["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64


def test_two_homes_have_different_secrets_and_one_home_keeps_its_own(tmp_path):
    one, other = Home(root=tmp_path / "one"), Home(root=tmp_path / "other")
    assert one.secrets() == one.secrets()
    assert one.secrets().postgres != other.secrets().postgres


def test_a_secret_that_an_older_version_did_not_know_is_filled_in_and_the_rest_stays(tmp_path):
    home = Home(root=tmp_path)
    before = home.secrets()
    kept = json.loads((tmp_path / "secrets.json").read_text())
    del kept["jwt"]
    (tmp_path / "secrets.json").write_text(json.dumps(kept))
    after = home.secrets()
    assert (after.postgres, len(after.jwt)) == (before.postgres, len(before.jwt))
    assert after.jwt != before.jwt


def test_secrets_are_readable_by_their_owner_only(site):
    assert (site.home.root / "secrets.json").stat().st_mode & 0o077 == 0
    assert site.home.root.stat().st_mode & 0o077 == 0


def test_history_begins_with_the_first_start_and_stays_there(tmp_path):
    home = Home(root=tmp_path)
    first = home.start_date(datetime(2026, 11, 24, 12, 34, tzinfo=UTC))
    assert first == datetime(2026, 11, 24, 12, 34, tzinfo=UTC)
    assert home.start_date(first + timedelta(days=3)) == first


def test_asking_a_home_that_never_started_is_an_error(tmp_path):
    with pytest.raises(NeverStarted, match="stack up"):
        platform.environment(Home(root=tmp_path))


def test_a_socket_has_a_short_path_however_long_the_home_is(tmp_path):
    deep = Home(root=tmp_path.joinpath(*["a-rather-long-folder-name"] * 12))
    assert len(str(deep.sockets / "s").encode()) < 90
    assert deep.sockets != Home(root=tmp_path).sockets


def test_new_passwords_for_compose_are_new_each_time():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert compose_variables(now) != compose_variables(now)


def test_lineage_names_the_commit_that_is_checked_out(site):
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert site.environment["ECOMPULSE_REVISION"] == (done.stdout.strip() or "main")
