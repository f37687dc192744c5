"""Reference data from the shop's API to the lookup cache: fetched, landed as objects, kept in the lake, cached."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog import contract
from catalog.contract import Contract
from catalog.dataset import Dataset
from lineage import record
from lineage.errors import SourceEmpty
from lineage.hooks.lake import arrow_schema
from lineage.hooks.shop import ShopHook
from lineage.operators.base import ConnectedOperator
from lineage.outcome import ColumnSource, Outcome, Read, Written

if TYPE_CHECKING:
    from airflow.sdk.definitions.context import Context

STAMP = "{{ dag_run.run_after | ts_nodash }}"
"""Names the objects of one fetch: the same for every task and every retry of a DAG run."""
JSON_LINES = "application/x-ndjson"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of reference data, at each place it passes."""

    api: Contract
    landing: Contract
    lake: Contract
    cache: Contract

    def key(self, stamp: str) -> str:
        """The object of one fetch."""
        return f"{self.landing.name}/{stamp}.jsonl"

    def rejected_key(self, stamp: str) -> str:
        """The object with what was refused in one fetch, each line with its reason."""
        return f"landing/rejected/{self.lake.name}-{stamp}.jsonl"


def resources() -> tuple[Resource, ...]:
    """Products and users."""
    return tuple(
        Resource(
            api=contract.load(f"api.{many}"),
            landing=contract.load(f"object.landing_{many}"),
            lake=contract.load(f"lake.{many}"),
            cache=contract.load(f"cache.{one}"),
        )
        for one, many in (("product", "products"), ("user", "users"))
    )


def same_columns(source: Dataset, read: Contract, written: Contract) -> dict[str, tuple[ColumnSource, ...]]:
    """Column lineage of a copy: each column from the one of its name, those of only one side left out."""
    return {
        name: (ColumnSource(dataset=source, column=name),)
        for name in written.schema.names()
        if name in read.schema.names()
    }


class ReferenceOperator(ConnectedOperator):
    """What the three steps share: the shop, and the stamp of the fetch that they work on."""

    template_fields = (*ConnectedOperator.template_fields, "shop_conn_id", "stamp")

    def __init__(self, *, shop_conn_id: str = "shop_default", stamp: str = STAMP, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shop_conn_id, self.stamp = shop_conn_id, stamp

    @cached_property
    def shop(self) -> ShopHook:
        """The API."""
        return ShopHook(self.shop_conn_id)


class FetchCatalogOperator(ReferenceOperator):
    """Fetch products and users from the shop's API, an object of JSON lines each; malformed records are set apart."""

    def run(self, context: "Context") -> Outcome:
        """Rows in are records sent, rows out those landed, rejected those in `landing/rejected`."""
        fetched = [self._fetch(resource) for resource in resources()]
        return Outcome(
            inputs=tuple(read for read, _ in fetched),
            outputs=tuple(written for _, written in fetched),
            rows_in=sum(read.rows or 0 for read, _ in fetched),
            rows_out=sum(written.rows or 0 for _, written in fetched),
            rows_rejected=sum((read.rows or 0) - (written.rows or 0) for read, written in fetched),
        )

    def expected(self) -> Outcome:
        """Both resources, both folders."""
        return Outcome(
            inputs=tuple(self._read(resource) for resource in resources()),
            outputs=tuple(self._written(resource) for resource in resources()),
        )

    def _fetch(self, resource: Resource) -> tuple[Read, Written]:
        good, bad = sort_out(self.shop.records(resource.api.name), resource.api)
        if not good:
            raise SourceEmpty(self.shop.dataset(resource.api.name), f"{len(bad)} records were unusable. Ask its owner.")
        size = self.lake.put(resource.key(self.stamp), _lines(good), content_type=JSON_LINES)
        if bad:
            self.lake.put(resource.rejected_key(self.stamp), _lines(bad), content_type=JSON_LINES)
            reasons = Counter(str(line["reason"]) for line in bad)
            self.log.warning("rejected %d records of %s: %s", len(bad), resource.api.id, dict(reasons))
        return self._read(resource, len(good) + len(bad)), self._written(resource, rows=len(good), size_bytes=size)

    def _read(self, resource: Resource, rows: int | None = None) -> Read:
        return Read(dataset=self.shop.dataset(resource.api.name), contract=resource.api, rows=rows)

    def _written(self, resource: Resource, *, rows: int | None = None, size_bytes: int | None = None) -> Written:
        return Written(
            dataset=self.lake.object_dataset(resource.landing.name),
            contract=resource.landing,
            rows=rows,
            size_bytes=size_bytes,
            files=1 if rows else None,
            columns=same_columns(self.shop.dataset(resource.api.name), resource.api, resource.landing),
        )


class LandInLakeOperator(ReferenceOperator):
    """Replace `lake.products` and `lake.users` by what was fetched, each in one commit; a rerun commits nothing."""

    def run(self, context: "Context") -> Outcome:
        """Rows in are lines read, rows out the rows of the tables."""
        landed = [(resource, *self._land(resource)) for resource in resources()]
        return Outcome(
            inputs=tuple(self._read(resource, rows) for resource, rows, _ in landed),
            outputs=tuple(self._written(resource, rows=rows, changed=changed) for resource, rows, changed in landed),
            rows_in=sum(rows for _, rows, _ in landed),
            rows_out=sum(rows for _, rows, _ in landed),
            rows_rejected=0,
        )

    def expected(self) -> Outcome:
        """Both folders, both tables."""
        return Outcome(
            inputs=tuple(self._read(resource) for resource in resources()),
            outputs=tuple(self._written(resource) for resource in resources()),
        )

    def _land(self, resource: Resource) -> tuple[int, bool]:
        import pyarrow as pa

        body = self.lake.get(resource.key(self.stamp))
        rows = [record.parse(line, resource.lake.schema) for line in body.splitlines()]
        table = pa.Table.from_pylist(rows, schema=arrow_schema(resource.lake.schema))
        origin = f"{resource.key(self.stamp)}@{hashlib.sha256(body).hexdigest()[:16]}"
        return table.num_rows, self.lake.overwrite(resource.lake, table, origin=origin)

    def _read(self, resource: Resource, rows: int | None = None) -> Read:
        return Read(dataset=self.lake.object_dataset(resource.landing.name), contract=resource.landing, rows=rows)

    def _written(self, resource: Resource, *, rows: int | None = None, changed: bool = True) -> Written:
        size_bytes, files = (None, None) if rows is None else self.lake.size(resource.lake.name)
        return Written(
            dataset=self.lake.dataset(resource.lake.name),
            contract=resource.lake,
            rows=rows,
            size_bytes=size_bytes,
            files=files,
            lifecycle="OVERWRITE" if changed else None,
            columns=same_columns(self.lake.object_dataset(resource.landing.name), resource.landing, resource.lake),
        )


class RefreshLookupCacheOperator(ReferenceOperator):
    """Make the cache hold the lake's products and users, one hash each, without a moment in which it is empty."""

    def run(self, context: "Context") -> Outcome:
        """Rows in and out are hashes written; a null column is an absent field.

        Raises:
            SourceEmpty: a lake table has no rows; the cache stays as it is.
        """
        cached = [(resource, self._refresh(resource)) for resource in resources()]
        return Outcome(
            inputs=tuple(self._read(resource, rows) for resource, rows in cached),
            outputs=tuple(self._written(resource, rows) for resource, rows in cached),
            rows_in=sum(rows for _, rows in cached),
            rows_out=sum(rows for _, rows in cached),
        )

    def expected(self) -> Outcome:
        """Both tables, both families of keys."""
        return Outcome(
            inputs=tuple(self._read(resource) for resource in resources()),
            outputs=tuple(self._written(resource) for resource in resources()),
        )

    def _refresh(self, resource: Resource) -> int:
        (key,) = resource.cache.schema.key()
        rows = self.lake.scan(resource.lake.name, columns=resource.cache.schema.names()).read_all().to_pylist()
        if not rows:
            raise SourceEmpty(self.lake.dataset(resource.lake.name), "Run land_in_lake, then clear this task.")
        hashes = {
            str(row[key]): {name: record.text(value) for name, value in row.items() if value is not None}
            for row in rows
        }
        self.cache.replace(resource.cache.name, hashes)
        return len(hashes)

    def _read(self, resource: Resource, rows: int | None = None) -> Read:
        return Read(dataset=self.lake.dataset(resource.lake.name), contract=resource.lake, rows=rows)

    def _written(self, resource: Resource, rows: int | None = None) -> Written:
        return Written(
            dataset=self.cache.dataset(resource.cache.name),
            contract=resource.cache,
            rows=rows,
            lifecycle="OVERWRITE",
            columns=same_columns(self.lake.dataset(resource.lake.name), resource.lake, resource.cache),
        )


def sort_out(records: Iterable[object], promised: Contract) -> tuple[list[object], list[dict[str, object]]]:
    """The records that keep the contract, as they came; and the others, each with its reason. A key counts once."""
    good: list[object] = []
    bad: list[dict[str, object]] = []
    seen = set()
    for one in records:
        try:
            row = record.conform(one, promised.schema)
            key = tuple(row[name] for name in promised.schema.key())
            if key in seen:
                raise record.Malformed(f"{', '.join(promised.schema.key())} came before")
        except record.Malformed as error:
            bad.append({"reason": str(error), "record": one})
        else:
            seen.add(key)
            good.append(one)
    return good, bad


def _lines(records: Iterable[object]) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in records)
