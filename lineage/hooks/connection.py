"""What every hook shares: one connection, looked up once, and named when it is missing or lacks something."""

from functools import cached_property
from typing import Any, ClassVar

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from lineage.errors import ConfigurationError


class ConnectedHook(BaseHook):
    """A hook on one connection, by its id."""

    default_conn_name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """What the connection must say: names of its fields, `extra.NAME` for a key of its extra."""

    def __init__(self, conn_id: str | None = None) -> None:
        super().__init__()
        self.conn_id = conn_id or self.default_conn_name

    @cached_property
    def connection(self) -> Connection:
        """The Airflow connection.

        Raises:
            ConfigurationError: it is not defined, or does not say what is needed.
        """
        try:
            found: Connection = self.get_connection(self.conn_id)
        except AirflowNotFoundException as error:
            remedy = f"`airflow connections add {self.conn_id}`, or the variable AIRFLOW_CONN_{self.conn_id.upper()}"
            raise self.misconfigured(f"it is not defined; define it by {remedy}") from error
        for name in self.needs:
            key = name.removeprefix("extra.")
            if not (found.extra_dejson.get(key) if key != name else getattr(found, key)):
                raise self.misconfigured(f'its extra has no "{key}"' if key != name else f"it has no {key}")
        return found

    @property
    def extra(self) -> dict[str, Any]:
        """The connection's extra."""
        return dict(self.connection.extra_dejson)

    def misconfigured(self, problem: str) -> ConfigurationError:
        """The error that says what is wrong with the connection."""
        return ConfigurationError(f"connection {self.conn_id}", problem)
