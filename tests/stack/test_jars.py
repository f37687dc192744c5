"""The lock file of the jars, and what happens when a jar is not the one it names."""

import hashlib
import re
from xml.etree import ElementTree

import pytest

from stack import jars
from stack.errors import JarMismatch, JarsUnavailable, SparkMissing


def locked():
    return jars.parse_lock(jars.LOCK_FILE.read_text())


def test_every_jar_is_locked_once_by_set_coordinate_and_digest():
    assert len({(jar.set, jar.coordinate) for jar in locked()}) == len(locked()) > 80
    assert {jar.set for jar in locked()} == set(jars.SETS)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in locked())
    assert len({jar.file for jar in locked()}) == len(locked())


def test_the_lock_file_holds_every_version_that_ivy_is_asked_for():
    coordinates = {":".join(jar.coordinate.split(":")[:3]) for jar in locked()}
    asked = ElementTree.parse(jars.IVY_FILE).iter("dependency")
    wanted = {f"{one.get('org')}:{one.get('name')}:{one.get('rev')}" for one in asked}
    assert len(wanted) >= 14
    assert wanted <= coordinates


def test_nothing_that_spark_brings_itself_goes_in_front_of_it():
    ours = [jar.coordinate for jar in locked() if jar.set == "spark"]
    assert not [one for one in ours if re.search(r"netty|slf4j|hadoop|scala-library|jackson-databind", one)]


def test_a_version_change_gives_another_folder(tmp_path, monkeypatch):
    environ = {"STACK_JARS": str(tmp_path)}
    before = jars.folder(environ)
    changed = tmp_path / "jars.lock"
    changed.write_text(jars.LOCK_FILE.read_text().replace("4.4.0", "4.4.1"))
    monkeypatch.setattr(jars, "LOCK_FILE", changed)
    assert jars.folder(environ) != before


JAVA = """#!/bin/sh
if [ "$1" = -version ]; then echo 'openjdk version "17.0.1"' >&2; exit; fi
for pattern; do :; done                      # the last word: where Ivy is to put the jars
target="${pattern%%/\\[conf*}/s3"
mkdir -p "$target" && cp "$(dirname "$0")"/../served/* "$target"
echo 'downloading https://example.org/thing-1.0.jar ...'
exit "$(cat "$(dirname "$0")/code")"
"""


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """A Java whose Ivy brings the files that the test serves. The lock file names one jar with the content `good`."""
    java_home, spark = (
        tmp_path / "java",
        tmp_path / "spark" / "lib" / "python3.11" / "site-packages" / "pyspark" / "jars",
    )
    for folder in (java_home / "bin", java_home / "served", spark):
        folder.mkdir(parents=True)
    (java_home / "bin" / "java").write_text(JAVA)
    (java_home / "bin" / "java").chmod(0o755)
    for name in ("ivy-2.5.3.jar", "commons-cli-1.10.0.jar"):
        (spark / name).touch()
    lock = tmp_path / "jars.lock"
    lock.write_text(f"s3 org.example:thing:1.0 {hashlib.sha256(b'good').hexdigest()}\n")
    monkeypatch.setattr(jars, "LOCK_FILE", lock)
    environ = {
        "JAVA_HOME": str(java_home),
        "STACK_SPARK_VENV": str(tmp_path / "spark"),
        "STACK_JARS": str(tmp_path / "cache"),
    }

    def served(files, code=0):
        (java_home / "served" / "a-jar-of-nobody.txt").touch()
        (java_home / "bin" / "code").write_text(str(code))
        for name, content in files.items():
            (java_home / "served" / name).write_text(content)
        return environ

    return served


def test_a_good_download_is_put_in_place_and_not_repeated(serve):
    environ, lines = serve({"org.example@thing@1.0.jar": "good"}), []
    folder = jars.prepare(environ, lines.append)
    assert (folder / "s3" / "thing-1.0.jar").read_text() == "good"
    assert lines == ["jars: thing-1.0.jar"]
    serve({}, code=1)
    assert jars.prepare(environ, lines.append) == folder
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"org.example@thing@1.0.jar": "bad"}, "has sha256 .* not 770e"),
        ({}, "was not delivered"),
        ({"org.example@thing@1.0.jar": "good", "org.example@other@1.0.jar": "x"}, "is not in the lock file"),
    ],
)
def test_a_wrong_download_leaves_nothing_in_place(serve, files, problem):
    environ = serve(files)
    with pytest.raises(JarMismatch, match=problem):
        jars.prepare(environ, print)
    assert not jars.folder(environ).exists()


def test_a_download_that_fails_says_so_and_can_be_tried_again(serve):
    environ = serve({}, code=1)
    with pytest.raises(JarsUnavailable, match="stack prepare") as failed:
        jars.prepare(environ, print)
    assert failed.value.retryable
    serve({"org.example@thing@1.0.jar": "good"})
    assert jars.prepare(environ, print).is_dir()


def test_what_a_killed_download_left_behind_is_thrown_away(serve):
    environ = serve({"org.example@thing@1.0.jar": "good"})
    partial = jars.folder(environ).with_name(f"{jars.folder(environ).name}.partial")
    partial.mkdir(parents=True)
    (partial / "half.jar").write_text("ha")
    assert sorted(path.name for path in jars.prepare(environ, print).rglob("*.jar")) == ["thing-1.0.jar"]


def test_a_missing_spark_is_named_with_its_remedy(tmp_path):
    with pytest.raises(SparkMissing, match=r"There is no Spark at .*make setup"):
        jars.spark_home({"STACK_SPARK_VENV": str(tmp_path)})
