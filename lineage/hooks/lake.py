"""The lake by connection id: Iceberg tables through the Glue catalog, and plain objects beside them in the same bucket.

Without a JVM: pyiceberg for tables, boto3 for objects. The connection is of type `aws`; its extra names the bucket, and
`service_config` the endpoints where they are not Amazon's own.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog import dataset
from catalog.contract import Contract
from catalog.dataset import Dataset
from catalog.schema import Field, Schema
from lineage.errors import AnswerUnusable, ConfigurationError, DatasetMissing, ServiceUnavailable
from lineage.hooks.connection import ConnectedHook

if TYPE_CHECKING:
    from pyarrow import RecordBatch, RecordBatchReader
    from pyarrow import Schema as ArrowSchema
    from pyarrow import Table as ArrowTable
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

logger = logging.getLogger(__name__)
DATABASE = "ecom"
TIMEOUT_S = 10
ATTEMPTS = 3
REFUSALS = (
    "AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId",
    "InvalidClientTokenId", "NoSuchBucket", "SignatureDoesNotMatch", "UnrecognizedClientException", "403",
)  # fmt: skip
"""Answers of AWS that will be the same next time; of a HEAD there is nothing but the number."""


class LakeHook(ConnectedHook):
    """Tables and objects of one bucket."""

    default_conn_name = "lake_default"
    needs = ("extra.bucket",)

    @property
    def bucket(self) -> str:
        """The bucket that holds everything."""
        return str(self.extra["bucket"])

    def endpoint(self, service: str) -> str | None:
        """Where a service answers when that is not Amazon's own address."""
        found = self.extra.get("service_config", {}).get(service, {}).get("endpoint_url")
        return str(found) if found else None

    def dataset(self, table: str) -> Dataset:
        """An Iceberg table's name in lineage."""
        return dataset.lake_table(self.bucket, table, database=DATABASE)

    def object_dataset(self, prefix: str) -> Dataset:
        """The name in lineage of the objects under a prefix."""
        return dataset.lake_object(self.bucket, prefix)

    @cached_property
    def session(self) -> Any:
        """A boto3 session with the connection's credentials and region.

        Raises:
            ConfigurationError: the connection is not defined, or there are no credentials.
        """
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        assert self.connection  # the provider takes a missing one for an empty one
        found = AwsBaseHook(aws_conn_id=self.conn_id, client_type="s3").get_session()
        if found.get_credentials() is None:
            raise self.misconfigured("it has no login and password, and this machine has no role that replaces them")
        return found

    @cached_property
    def s3(self) -> Any:
        """The S3 client: path style, few retries, bounded waits."""
        from botocore.config import Config

        patience = {"connect_timeout": TIMEOUT_S, "read_timeout": 6 * TIMEOUT_S, "retries": {"max_attempts": ATTEMPTS}}
        config = Config(s3={"addressing_style": "path"} if self.endpoint("s3") else {}, **patience)
        return self.session.client("s3", endpoint_url=self.endpoint("s3"), config=config)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        metadata: Mapping[str, str] | None = None,
        level: int = logging.INFO,
    ) -> int:
        """Write one object whole; its size in bytes. `level` of the line in the log: one of many is no news."""
        with self._reaching("s3"):
            self.s3.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, Metadata=dict(metadata or {})
            )
        logger.log(level, "wrote s3://%s/%s, %d bytes", self.bucket, key, len(body))
        return len(body)

    def get(self, key: str) -> bytes:
        """An object's bytes.

        Raises:
            DatasetMissing: there is no such object.
        """
        with self._reaching("s3"):
            try:
                return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
            except self.s3.exceptions.NoSuchKey as error:
                raise DatasetMissing(self.object_dataset(key)) from error

    def metadata(self, key: str) -> dict[str, str] | None:
        """The metadata that an object was written with, None when it is not there."""
        from botocore.exceptions import ClientError

        with self._reaching("s3"):
            try:
                return dict(self.s3.head_object(Bucket=self.bucket, Key=key)["Metadata"])
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return None
                raise

    def etags(self, prefix: str) -> dict[str, str]:
        """The objects whose key begins so, with what the store says of their content."""
        with self._reaching("s3"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return {one["Key"]: one["ETag"].strip('"') for page in pages for one in page.get("Contents", ())}

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there are no error."""
        with self._reaching("s3"):
            for at in range(0, len(keys), 1000):
                objects = [{"Key": key} for key in keys[at : at + 1000]]
                self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})

    @cached_property
    def catalog(self) -> "Catalog":
        """The Glue catalog, named `lake` as in Spark."""
        from pyiceberg.catalog import load_catalog

        with self._reaching("glue"):
            return load_catalog("lake", **self._catalog_properties())

    def table(self, name: str) -> "Table":
        """An Iceberg table as it is now.

        Raises:
            DatasetMissing: nothing has written it yet.
        """
        from pyiceberg.exceptions import NoSuchTableError

        with self._reaching("glue"):
            try:
                return self.catalog.load_table((DATABASE, name))
            except NoSuchTableError as error:
                raise DatasetMissing(self.dataset(name)) from error

    def scan(
        self, name: str, *, columns: tuple[str, ...] = ("*",), after: tuple[str, datetime] | None = None
    ) -> "RecordBatchReader":
        """The rows of a table in batches; `after` = (column, mark) leaves out those up to the mark.

        Raises:
            DatasetMissing: nothing has written it yet. ConfigurationError: it lacks a column.
        """
        import pyarrow as pa

        newer = f"{after[0]} > '{after[1].isoformat()}'" if after else "true"
        table = self.table(name)
        if lacking := set(columns) - {"*"} - set(table.schema().column_names):
            raise ConfigurationError(
                f"lake table {name}", f"lacks {', '.join(sorted(lacking))}, which its contract has"
            )
        with self._reaching("s3"):
            reader = table.scan(row_filter=newer, selected_fields=columns).to_arrow_batch_reader()
        return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader))

    def _batches(self, reader: "RecordBatchReader") -> Iterator["RecordBatch"]:
        """The batches as they are read, which is when the store is asked for them."""
        with self._reaching("s3"):
            yield from reader

    def create(self, contract: Contract) -> "Table":
        """The contract's table, made when it is not there yet: its columns, its partitions."""
        from pyiceberg.exceptions import TableAlreadyExistsError

        with self._reaching("glue"):
            self.catalog.create_namespace_if_not_exists(DATABASE)
            if self.catalog.table_exists((DATABASE, contract.name)):
                return self.table(contract.name)
            try:
                location = f"{self._warehouse}/{DATABASE}.db/{contract.name}"
                table = self.catalog.create_table(
                    (DATABASE, contract.name), schema=arrow_schema(contract.schema), location=location
                )
            except TableAlreadyExistsError:  # another task was faster
                return self.table(contract.name)
            with table.update_spec() as spec:
                for column in contract.schema.partitions():
                    spec.add_identity(column)
            logger.info("created %s", self.dataset(contract.name))
            return table

    def overwrite(self, contract: Contract, rows: "ArrowTable", *, origin: str) -> bool:
        """Replace all rows of a table in one commit; False when they are from the same `origin` already."""
        table = self.create(contract)
        current = table.current_snapshot()
        summary = current.summary if current and current.summary else {}
        if summary.get("origin") == origin:
            return False
        with self._reaching("s3"):
            write = table.append if summary.get("total-records", "0") == "0" else table.overwrite
            write(rows, snapshot_properties={"origin": origin})
        logger.info("replaced %s by %d rows of %s", self.dataset(contract.name), rows.num_rows, origin)
        return True

    def size(self, name: str) -> tuple[int | None, int | None]:
        """(bytes, files) of a table's current data; None where its last writer did not say."""
        current = self.table(name).current_snapshot()
        summary = current.summary if current and current.summary else {}
        found = [summary.get(key) for key in ("total-files-size", "total-data-files")]
        bytes_, files = (None if value is None else int(value) for value in found)
        return bytes_, files

    @property
    def _warehouse(self) -> str:
        return f"s3://{self.bucket}/warehouse"

    def _catalog_properties(self) -> dict[str, Any]:
        credentials = self.session.get_credentials().get_frozen_credentials()
        shared = {
            "region": self.session.region_name,
            "access-key-id": credentials.access_key,
            "secret-access-key": credentials.secret_key,
            "session-token": credentials.token,
        }
        properties = {f"{service}.{key}": value for service in ("glue", "s3") for key, value in shared.items()}
        properties |= {f"{service}.endpoint": self.endpoint(service) for service in ("glue", "s3")}
        known = {"type": "glue", "warehouse": self._warehouse, "glue.max-retries": ATTEMPTS}
        return known | {key: str(value) for key, value in properties.items() if value}

    @contextmanager
    def _reaching(self, service: str) -> Iterator[None]:
        """Name the service that does not answer, or that refuses us."""
        from botocore.exceptions import BotoCoreError, ClientError
        from pyiceberg.exceptions import CommitFailedException

        address, reason = self.endpoint(service) or f"AWS {service}", f"connection {self.conn_id}: "
        try:
            yield
        except (BotoCoreError, ClientError, CommitFailedException, OSError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in REFUSALS:
                raise AnswerUnusable(address, f"{reason}{error}") from error
            raise ServiceUnavailable(f"The lake's {service}", address, f"{reason}{error}") from error


def arrow_schema(schema: Schema) -> "ArrowSchema":
    """A contract's columns in Arrow's words; Iceberg takes its own types and nullability from them."""
    import pyarrow as pa

    return pa.schema([_arrow_field(field) for field in schema.fields])


def _arrow_field(field: Field) -> Any:
    import pyarrow as pa

    simple = {
        "string": pa.string(), "boolean": pa.bool_(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64(),
        "date": pa.date32(), "timestamp": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    children = [_arrow_field(child) for child in field.fields]
    if field.base == "decimal":
        kind = pa.decimal128(*field.parameters)
    elif field.base == "struct":
        kind = pa.struct(children)
    elif field.base == "array":
        kind = pa.list_(children[0].with_name("element"))
    elif field.base == "map":
        kind = pa.map_(children[0].type, children[1].type)
    else:
        kind = simple[field.base]
    return pa.field(field.name, kind, nullable=field.nullable)
