"""The warehouse by connection id: PostgreSQL here, Redshift by a connection of that type; one transaction at a time."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

from airflow.providers.postgres.hooks.postgres import PostgresHook

from catalog import dataset, sql
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage.errors import ServiceUnavailable, StatementRefused, TableMismatch
from lineage.hooks.connection import ConnectedHook

logger = logging.getLogger(__name__)
TIMEOUT_S = 10
COLUMNS = """SELECT column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = CURRENT_SCHEMA() AND table_name = %s"""
WORDS = {"varchar": "character varying", "decimal": "numeric"}  # as information_schema spells what DDL calls otherwise


class Session:
    """One open transaction; keeps the statements it ran, for lineage."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor
        self.statements: list[str] = []

    def execute(self, statement: str, parameters: tuple[Any, ...] | None = None) -> int:
        """Run one statement; the rows it touched, 0 for a DDL statement."""
        self.statements.append(statement)
        with _blamed_on(statement):
            self._cursor.execute(statement, parameters)
        return max(int(self._cursor.rowcount), 0)

    def fetch(self, query: str, parameters: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with _blamed_on(query):
            self._cursor.execute(query, parameters)
        return list(self._cursor.fetchall())

    def copy(self, statement: str, chunks: Iterable[bytes]) -> None:
        """Feed a COPY FROM STDIN."""
        self.statements.append(statement)
        with _blamed_on(statement), self._cursor.copy(statement) as stream:
            for chunk in chunks:
                stream.write(chunk)


class _Driver(PostgresHook):
    """The provider's connection, with bounds that the connection's extra may replace.

    `client_encoding`: Redshift calls its own UNICODE, a word that psycopg 3 does not know; it also keeps no statements
    prepared by the client. `_create_connection` is not the provider's public door (postgres 7.1 has no other for
    defaults): should it move, only the defaults are lost.
    """

    ignored_extra_options = PostgresHook.ignored_extra_options | {"iam_role"}

    def _create_connection(self, conn_args: dict[str, Any]) -> Any:
        defaults = {"connect_timeout": TIMEOUT_S, "client_encoding": "utf8", "prepare_threshold": None}
        return super()._create_connection(defaults | conn_args)


class WarehouseHook(ConnectedHook):
    """A warehouse of tables declared in contracts. `iam_role` in the extra is what Redshift reads exports with."""

    session_type: ClassVar[type[Session]] = Session
    default_conn_name = "warehouse_default"
    needs = ("host", "schema")  # the schema of an Airflow connection is the database's name

    @property
    def dialect(self) -> Literal["postgres", "redshift"]:
        """What kind of warehouse the connection leads to."""
        is_redshift = self.connection.conn_type == "redshift" or self.extra.get("redshift")
        return "redshift" if is_redshift else "postgres"

    @property
    def bytes_per_character(self) -> int:
        """How much longer a VARCHAR has to be than the text it is for."""
        return 4 if self.dialect == "redshift" else 1

    @property
    def iam_role(self) -> str:
        """The role that Redshift reads the lake's exports with.

        Raises:
            ConfigurationError: the connection's extra does not name one.
        """
        role = self.extra.get("iam_role")
        if not role:
            raise self.misconfigured('Redshift needs "iam_role" in its extra')
        return str(role)

    def dataset(self, table: str) -> Dataset:
        """The table's name in lineage."""
        at = self.connection
        name = dataset.redshift_table if self.dialect == "redshift" else dataset.warehouse_table
        return name(str(at.host), at.port or 5432, str(at.schema), table)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit at the end of the block, roll back when it raises or the process dies.

        Raises:
            ServiceUnavailable: no connection, or it broke. Nothing was changed.
            StatementRefused: the server does not accept a statement or a row. Nothing was changed.
        """
        import psycopg

        at = self.connection
        try:
            with self._connect() as connection, connection.cursor() as cursor:
                cursor.execute("SET TIMEZONE TO 'UTC'")
                yield self.session_type(cursor)
        except psycopg.OperationalError as error:
            reason = f"connection {self.conn_id}: {str(error).strip()}"
            raise ServiceUnavailable("The warehouse", f"{at.host}:{at.port or 5432}", reason) from error

    def prepare(self, session: Session, contracts: Iterable[Contract]) -> None:
        """Create the tables that are missing, and compare the rest with their contracts.

        Raises:
            TableMismatch: a table lacks a column, has it with another type, or wants one that no row will have.
        """
        for contract in contracts:
            session.execute(sql.create_table(contract, bytes_per_character=self.bytes_per_character))
            found = session.fetch(COLUMNS, (contract.name,))
            _compare(contract, {str(row[0]): (str(row[1]), row[2] == "YES" or row[3] is not None) for row in found})

    def _connect(self) -> Any:
        return _Driver(postgres_conn_id=self.conn_id).get_conn()


@contextmanager
def _blamed_on(statement: str) -> Iterator[None]:
    """Give an error of the server the statement that it is about; a lost connection is passed on."""
    import psycopg

    try:
        yield
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise StatementRefused(statement, _reason(error.diag)) from error


def _reason(diagnosis: Any) -> str:
    """What the server says and where, without the value: it may be personal."""
    where = str(diagnosis.context or "").split(': "')[0]
    return ", ".join(part for part in (str(diagnosis.message_primary).strip(), where) if part)


def _compare(contract: Contract, found: dict[str, tuple[str, bool]]) -> None:
    """`found`: column → (type in the words of information_schema, whether a row may come without it)."""
    for field in contract.schema.fields:
        word = sql.column_type(field).split("(")[0].lower()
        wanted = WORDS.get(word, word)
        if field.name not in found:
            raise TableMismatch(contract, field.name, f"is missing; the contract has it as {field.type}")
        if found[field.name][0] != wanted:
            raise TableMismatch(contract, field.name, f"is {found[field.name][0]}; the contract wants {wanted}")
    for column, (_, optional) in found.items():
        if column not in contract.schema.names() and not optional:
            raise TableMismatch(contract, column, "must not be null, and the contract does not know it")
