"""What a dataset is called: the OpenLineage naming rules, in one place.

Rules: openlineage.io/docs/spec/naming. There is none for Redis or HTTP endpoints; ours keep to what Marquez can look up
again (a name under a namespace with "://" must not start with a digit, MarquezProject/marquez#2921).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Dataset:
    """The two words that identify a dataset everywhere: in events, in the backend, in the catalog."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def topic(bootstrap: str, name: str) -> Dataset:
    """A Kafka topic; of several brokers the first names the namespace (Marquez cannot look up a comma)."""
    return Dataset(f"kafka://{bootstrap.split(',')[0].strip()}", name)


def lake_table(bucket: str, table: str, *, database: str = "ecom", root: str = "warehouse") -> Dataset:
    """An Iceberg table, named by its location as openlineage-spark does: `warehouse/ecom.db/<table>`."""
    return Dataset(f"s3://{bucket}", f"{root}/{database}.db/{table}")


def lake_object(bucket: str, key: str) -> Dataset:
    """An object, or a family of objects by their common prefix, in the lake's bucket."""
    return Dataset(f"s3://{bucket}", key.strip("/"))


def warehouse_table(host: str, port: int, database: str, table: str, *, schema: str = "public") -> Dataset:
    """A table of a PostgreSQL warehouse."""
    return Dataset(f"postgres://{host}:{port}", f"{database}.{schema}.{table}")


def redshift_table(host: str, port: int, database: str, table: str, *, schema: str = "public") -> Dataset:
    """A table of a Redshift warehouse; `host` is `<cluster>.<hash>.<region>.redshift.amazonaws.com`."""
    cluster, _, region, *_ = host.split(".")
    return Dataset(f"redshift://{cluster}.{region}:{port}", f"{database}.{schema}.{table}")


def cached(host: str, port: int, pattern: str, *, db: int = 0) -> Dataset:
    """A family of Redis keys: `db0.lookup:product:*`."""
    return Dataset(f"redis://{host}:{port}", f"db{db}.{pattern}")


def endpoint(base_url: str, path: str) -> Dataset:
    """A resource of an HTTP API."""
    return Dataset(base_url.rstrip("/"), path.strip("/"))
