"""Run as a program: loads the warehouse again and again, killed at the first statement, the second, ... until one ends.

Prints one line of JSON for each attempt: what the warehouse holds afterwards.
"""

import importlib
import json
import os
import signal
from collections.abc import Iterable
from itertools import count
from typing import Any

from lineage.hooks.warehouse import Session, WarehouseHook
from lineage.operators.warehouse import LoadWarehouseOperator

# What a load imports when it needs it, imported once, for all the children.
for library in ("psycopg", "pyarrow.csv", "pyiceberg.catalog.glue", "pyiceberg.io.pyarrow", "sqlglot.optimizer"):
    importlib.import_module(library)
importlib.import_module("airflow.providers.amazon.aws.hooks.base_aws")
TABLES = ("events", "user_sessions", "daily_summary", "load_log")


class DyingSession(Session):
    left = 0

    def execute(self, statement: str, parameters: tuple[Any, ...] | None = None) -> int:
        self._one_more()
        return super().execute(statement, parameters)

    def copy(self, statement: str, chunks: Iterable[bytes]) -> None:
        def dying() -> Iterable[bytes]:
            for chunk in chunks:
                yield chunk[: len(chunk) // 2]
                self._one_more()
                yield chunk[len(chunk) // 2 :]

        super().copy(statement, dying())

    def _one_more(self) -> None:
        if DyingSession.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        DyingSession.left -= 1


class DyingHook(WarehouseHook):
    session_type = DyingSession


def attempt(statements: int) -> bool:
    """Whether a load that is killed after so many statements came to its end."""
    child = os.fork()
    if child == 0:
        DyingSession.left = statements
        operator = LoadWarehouseOperator(task_id="update_data_warehouse")
        operator.warehouse = DyingHook()
        operator.run({})
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def contents() -> dict[str, list[str]]:
    with WarehouseHook().transaction() as session:
        return {table: sorted(map(str, session.fetch(f"SELECT * FROM {table}"))) for table in TABLES}


for statements in count():
    finished = attempt(statements)
    print(json.dumps({"statements": statements, "finished": finished, "contents": contents()}), flush=True)
    if finished:
        break
