"""Airflow's command as `stack up` runs it: it says, does and ends as `airflow` would."""

import subprocess
import sys
from importlib.metadata import version

import pytest

pytestmark = pytest.mark.integration
FORKED = """
import gc, os, sys
sys.argv = ["part", "version"]
from airflow import __main__ as airflow
usual = gc.get_threshold()
def command():
    assert gc.get_threshold() != usual
    if not os.fork():
        os._exit(gc.get_threshold() != usual)
    assert os.wait()[1] == 0
airflow.main = command
from stack.part import main
main()
"""


def run(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_it_says_what_airflow_says_and_ends_well():
    done = run("-m", "stack.part", "version")
    assert (done.stdout.strip(), done.returncode) == (version("apache-airflow"), 0)


def test_it_ends_with_the_exit_code_of_a_command_that_failed():
    done = run("-m", "stack.part", "dags", "show", "--no-such-option")
    assert done.returncode == 2
    assert "required: dag_id" in done.stderr


def test_processes_that_are_forked_off_collect_garbage_as_usual():
    done = run("-c", FORKED)
    assert done.returncode == 0, done.stderr


def test_an_error_that_nobody_catches_is_told_and_no_success():
    done = run("-c", FORKED.replace("def command():", "def command():\n    raise RuntimeError('no disk')"))
    assert done.returncode == 1
    assert "RuntimeError: no disk" in done.stderr
