"""The servers themselves, on a home of their own: started, killed, found again, stopped."""

import json
import smtplib
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

import psutil
import pyarrow
import pytest
from click.testing import CliRunner
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from psycopg2 import connect
from pyiceberg.catalog import load_catalog
from redis import Redis

from stack import glue, leftovers, objects, platform, ports
from stack.cli import main
from stack.errors import ServerFailed
from stack.home import Home
from stack.ready import wait

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # pyiceberg and boto3 leave sockets to the collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NAMES = ("kafka", "postgres", "redis", "s3", "glue", "slack", "mail")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(root=tmp_path_factory.mktemp("stack") / "home")
    yield home
    platform.stop(home)


@pytest.fixture
def running(home):
    return platform.start(home, NAMES)


def catalog(environment):
    return load_catalog(
        "lake",
        **{
            "type": "glue",
            "warehouse": "s3://lake/warehouse",
            "glue.endpoint": environment["AWS_ENDPOINT_URL_GLUE"],
            "glue.region": environment["AWS_REGION"],
            "glue.access-key-id": environment["AWS_ACCESS_KEY_ID"],
            "glue.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
            "s3.endpoint": environment["AWS_ENDPOINT_URL_S3"],
            "s3.region": environment["AWS_REGION"],
            "s3.access-key-id": environment["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": environment["AWS_SECRET_ACCESS_KEY"],
        },
    )


def leave_marks(environment):
    admin = AdminClient({"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"]})
    for made in admin.create_topics([NewTopic("marks", 1, 1)]).values():
        made.result()
    producer = Producer({"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"], "acks": "all"})
    producer.produce("marks", b"kafka was here")
    assert producer.flush(30) == 0
    with connect(environment["WAREHOUSE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE mark AS SELECT 'postgres was here' AS words")
    Redis.from_url(environment["REDIS_URL"]).set("mark", "redis was here")
    objects.client(environment).put_object(Bucket="lake", Key="mark", Body=b"s3 was here", Metadata={"by": "test"})
    rows = pyarrow.table({"words": ["the lake was here"]})
    iceberg = catalog(environment)
    iceberg.create_namespace("marks")
    iceberg.create_table("marks.mark", schema=rows.schema).append(rows)


def marks(environment):
    settings = {"bootstrap.servers": environment["KAFKA_BOOTSTRAP_SERVERS"], "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "group.id": f"marks-{time.time_ns()}"})
    consumer.subscribe(["marks"])
    message = consumer.poll(30)
    consumer.close()
    with connect(environment["WAREHOUSE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT words FROM mark")
        (row,) = cursor.fetchall()
    stored = objects.client(environment).get_object(Bucket="lake", Key="mark")
    return [
        message.value(),
        row[0],
        Redis.from_url(environment["REDIS_URL"]).get("mark"),
        (stored["Body"].read(), stored["Metadata"]),
        catalog(environment).load_table("marks.mark").scan().to_arrow()["words"].to_pylist(),
    ]


ALL_MARKS = [
    b"kafka was here",
    "postgres was here",
    b"redis was here",
    (b"s3 was here", {"by": "test"}),
    ["the lake was here"],
]


def pids(home):
    return {one.name: one.pid for one in platform.status(home) if one.pid}


def kill_nine(home):
    for process in leftovers.find(home.root):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def test_up_makes_every_server_ready_and_status_says_so(home, running):
    conditions = {one.name: one for one in platform.status(home)}
    assert {name for name, one in conditions.items() if one.problem is None} == set(NAMES)
    assert all(conditions[name].memory_mb < 1000 for name in NAMES)
    leave_marks(running.environment)
    assert marks(running.environment) == ALL_MARKS


def test_up_again_changes_nothing(home, running):
    before = pids(home)
    again = platform.start(home, NAMES)
    assert pids(home) == before
    assert again.environment == running.environment == platform.environment(home)


def test_every_listener_is_on_loopback(home, running):
    listening = [
        connection.laddr.ip.removeprefix("::ffff:")
        for process in leftovers.find(home.root)
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= len(NAMES)
    assert set(listening) == {"127.0.0.1"}


def test_a_chat_message_and_a_mail_lie_as_files(home, running):
    url = f"{running.environment['STACK_SLACK_URL']}/services/T/B/x"
    body = json.dumps({"text": "größer als 5 €"}).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=10) as answer:
        assert answer.read() == b"ok"
    assert json.loads((home.data("slack") / "0001.json").read_text()) == {"text": "größer als 5 €"}
    mail = EmailMessage()
    mail["To"], mail["From"], mail["Subject"] = "owner@ecompulse.test", "pipeline@ecompulse.test", "stopped"
    with smtplib.SMTP("127.0.0.1", int(running.environment["STACK_SMTP_PORT"]), timeout=10) as smtp:
        smtp.send_message(mail)
    (kept,) = (home.data("mail") / "new").iterdir()
    assert "Subject: stopped" in kept.read_text()


def test_a_killed_catalog_comes_back_by_itself_with_its_tables(home, running):
    pid = pids(home)["glue"]
    psutil.Process(pid).kill()
    assert wait(lambda: None if pids(home).get("glue", pid) != pid else "not yet", timeout_s=30) is None
    running = platform.start(home, NAMES)
    assert catalog(running.environment).list_tables("marks") == [("marks", "mark")]


def test_after_kill_nine_of_every_process_everything_is_there_again(home, running):
    kill_nine(home)
    assert wait(lambda: "alive" if list(leftovers.find(home.root)) else None, timeout_s=10) is None
    assert not pids(home)
    assert marks(platform.start(home, NAMES).environment) == ALL_MARKS


def test_after_kill_nine_of_the_supervisor_alone_its_servers_are_taken_over(home, running):
    for process in leftovers.find(home.root, "supervisor"):
        process.kill()
    assert marks(platform.start(home, NAMES).environment) == ALL_MARKS


def test_a_table_whose_drop_was_acknowledged_stays_dropped_and_a_lost_record_is_made_from_the_disk(home, running):
    rows = pyarrow.table({"n": [1]})
    iceberg = catalog(running.environment)
    iceberg.create_table("marks.gone", schema=rows.schema).append(rows)
    iceberg.drop_table("marks.gone")
    kill_nine(home)
    assert catalog(platform.start(home, NAMES).environment).list_tables("marks") == [("marks", "mark")]
    kill_nine(home)
    (home.data("glue") / "tables.json").unlink()
    assert "gone" in glue.found_on_disk(home.data("s3") / "lake", "lake")["marks"]
    assert marks(platform.start(home, NAMES).environment) == ALL_MARKS


def test_down_leaves_no_process_and_the_next_start_finds_ports_and_data_again(home, running):
    before = ports.read(home)
    running.stop()
    assert not list(leftovers.find(home.root))
    assert all(ports.is_free(before[name]) for name in NAMES)
    again = platform.start(home, NAMES)
    assert ports.read(home) == before
    assert marks(again.environment) == ALL_MARKS


def test_a_down_that_was_killed_half_way_does_not_hinder_the_next_up(home, running):
    down = subprocess.Popen([sys.executable, "-m", "stack.cli", "down", "--home", str(home.root)])
    assert wait(lambda: "all up" if len(pids(home)) == len(NAMES) else None, timeout_s=30) is None
    down.kill()
    down.wait()
    assert marks(platform.start(home, NAMES).environment) == ALL_MARKS


def test_a_server_that_ends_again_and_again_after_a_while_is_named_and_left_alone(tmp_path):
    home = Home(root=tmp_path)
    home.make()
    (home.data("glue")).mkdir()
    (home.data("glue") / "tables.json").write_text("this is no record of tables\n")
    try:
        with pytest.raises(ServerFailed, match=r"glue does not come up \(ended 3 times; (?s:.)*JSONDecodeError"):
            platform.start(home, ["glue"])
        (condition,) = (one for one in platform.status(home) if one.name == "glue")
        assert (condition.state, condition.pid) == ("STOPPED", None)
    finally:
        platform.stop(home)


def test_a_broker_whose_cluster_id_begins_with_a_dash_starts_as_any_other(tmp_path):
    home = Home(root=tmp_path)
    home.secrets()
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kafka_cluster": "-do7GPH-Rf-Q6u0NL6K5CQ"}))
    try:
        assert platform.start(home, ["kafka"]).names == ("kafka",)
    finally:
        platform.stop(home)


def test_two_starts_at_once_make_one_set_of_servers(tmp_path):
    home = Home(root=tmp_path)
    try:
        with ThreadPoolExecutor() as pool:
            first, second = pool.map(lambda _: platform.start(home, ["postgres", "redis"]), range(2))
        assert first.environment == second.environment
        assert sorted(process.name() for process in leftovers.find(home.root)).count("redis-server") == 1
    finally:
        platform.stop(home)


def test_a_server_that_cannot_start_is_named_with_the_last_lines_of_its_log_and_reset_heals_it(tmp_path):
    home = Home(root=tmp_path)
    try:
        platform.start(home, ["redis"]).stop()
        (home.data("redis") / "appendonly.aof").write_text("this is no log of Redis\n")
        with pytest.raises(ServerFailed, match=r"redis does not come up .*(?s:.)*Bad file format"):
            platform.start(home, ["redis"])
        assert CliRunner().invoke(main, ["reset", "redis", "--yes", "--home", str(tmp_path)]).exit_code == 0
        assert platform.start(home, ["redis"]).names == ("redis",)
    finally:
        platform.stop(home)
