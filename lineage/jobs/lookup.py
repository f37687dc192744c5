"""Products and profiles from the lookup cache, only those that a batch names."""

from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

from catalog import contract as contracts
from catalog import ddl

CHUNK = 1_000


def connect(url: str) -> Any:
    """A client of the cache at redis[s]://[:password@]host:port/db."""
    import redis

    return redis.Redis.from_url(url, decode_responses=True)


def found(
    spark: SparkSession, cache: Any, contract_id: str, keys: Iterable[str], columns: tuple[str, ...]
) -> tuple[DataFrame, int]:
    """The cached rows of these keys (key column and `columns`, in the contract's types), and how many there are."""
    contract = contracts.load(contract_id)
    names = (*contract.schema.key(), *columns)
    rows = list(_hashes(cache, contract.name.removesuffix("*"), list(keys), names))
    frame = spark.createDataFrame(rows, ", ".join(f"`{name}` string" for name in names))
    typed = (F.col(name).try_cast(ddl.spark_type(contract.schema[name])).alias(name) for name in names)
    return frame.select(*typed), len(rows)


def _hashes(cache: Any, prefix: str, keys: list[str], names: tuple[str, ...]) -> Iterator[tuple[str | None, ...]]:
    for first in range(0, len(keys), CHUNK):
        chunk = keys[first : first + CHUNK]
        with cache.pipeline(transaction=False) as pipe:
            for key in chunk:
                pipe.hmget(prefix + key, names)
            for key, values in zip(chunk, pipe.execute(), strict=True):
                if any(value is not None for value in values):
                    yield (key, *values[1:])
