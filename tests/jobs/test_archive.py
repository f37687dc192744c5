"""The archive of Java's classes: one driver writes it, the next ones use it, a failure leaves none."""

import signal

import pytest

from lineage.jobs import archive as room
from lineage.jobs.archive import ClassArchive


@pytest.fixture
def folder(tmp_path):
    for name in ("java/bin/java", "jars/spark/listener.jar", "venv/lib/python3.11/site-packages/pyspark/jars/core.jar"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    return tmp_path


@pytest.fixture
def archive(folder):
    return found(folder)


def found(folder):
    submit, jars = folder / "venv/bin/spark-submit", folder / "jars/spark"
    return ClassArchive.of(java_home=str(folder / "java"), submit=str(submit), jars=str(jars))


def written(archive):
    """What Java does at its end."""
    option = archive.option(claimed=True).split()[0]
    name, _, path = option.partition("=")
    assert name == "-XX:ArchiveClassesAtExit"
    archive.path.with_name(path.rpartition("/")[2]).write_text("classes")


def test_the_first_driver_writes_it_and_the_next_ones_use_it(archive):
    assert archive.claim() and not archive.claim()
    assert archive.option(claimed=False) == ""
    written(archive)
    archive.settle(0)
    assert archive.path.read_text() == "classes"
    assert archive.option(claimed=False).split()[0] == f"-XX:SharedArchiveFile={archive.path}"
    assert not archive.claim()
    assert list(archive.path.parent.glob("spark-*")) == [archive.path]


@pytest.mark.parametrize(("code", "again"), [(3, True), (-signal.SIGKILL, True), (-signal.SIGABRT, False), (0, False)])
def test_who_may_try_after_a_driver_that_wrote_none(archive, code, again):
    archive.claim()
    archive.settle(code)
    assert archive.option(claimed=False) == ""
    assert archive.claim() is again


def test_what_a_failing_driver_wrote_is_not_used(archive):
    archive.claim()
    written(archive)
    archive.settle(3)
    assert not list(archive.path.parent.glob("spark-*"))


@pytest.mark.parametrize(
    "part", ["java/bin/java", "jars/spark/new.jar", "venv/lib/python3.11/site-packages/pyspark/jars/core.jar"]
)
def test_another_java_or_other_jars_have_another_one(folder, archive, part):
    (folder / part).write_text("another")
    assert found(folder).path != archive.path


def test_there_is_none_in_a_folder_that_does_not_exist():
    archive = ClassArchive.of(java_home="/none", submit="/none/bin/spark-submit", jars="/none/jars/spark")
    assert not archive.claim() and archive.option(claimed=False) == ""


def test_nobody_writes_one_on_a_disk_that_is_nearly_full(archive, monkeypatch):
    monkeypatch.setattr(room, "NEEDED_BYTES", 1 << 62)
    assert not archive.claim() and not archive.path.exists()
