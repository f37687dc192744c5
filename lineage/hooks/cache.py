"""The lookup cache by connection id: families of Redis hashes that are replaced while others read them."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseHook

from catalog import dataset
from catalog.dataset import Dataset
from lineage.errors import ServiceUnavailable

logger = logging.getLogger(__name__)
CHUNK = 500
TIMEOUT_S = 10


class CacheHook(BaseHook):
    """One Redis server. `login` and `ssl…` of the connection's extra are passed on."""

    conn_name_attr = "cache_conn_id"
    default_conn_name = "cache_default"

    def __init__(self, cache_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.cache_conn_id = cache_conn_id

    @cached_property
    def client(self) -> Any:
        """A client that gives up after TIMEOUT_S."""
        import redis

        at = self.get_connection(self.cache_conn_id)
        secure = {key: value for key, value in at.extra_dejson.items() if key.startswith("ssl")}
        return redis.Redis(
            host=str(at.host),
            port=at.port or 6379,
            db=self.db,
            username=at.login or None,
            password=at.password or None,
            decode_responses=True,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            **secure,
        )

    @property
    def url(self) -> str:
        """The address with its password, for a process that has no connections: never for a log."""
        at = self.get_connection(self.cache_conn_id)
        scheme = "rediss" if at.extra_dejson.get("ssl") else "redis"
        login = f"{quote(at.login or '', safe='')}:{quote(at.password, safe='')}@" if at.password else ""
        return f"{scheme}://{login}{at.host}:{at.port or 6379}/{self.db}"

    @property
    def db(self) -> int:
        """The number of the database."""
        return int(self.get_connection(self.cache_conn_id).extra_dejson.get("db", 0))

    def dataset(self, pattern: str) -> Dataset:
        """A family of keys in lineage."""
        at = self.get_connection(self.cache_conn_id)
        return dataset.cached(str(at.host), at.port or 6379, pattern, db=self.db)

    def replace(self, pattern: str, hashes: Mapping[str, Mapping[str, str]]) -> int:
        """Make the family `prefix*` consist of these hashes, by what follows the prefix; how many old keys had to go.

        Each hash is replaced in one step, and keys that are no longer wanted go last: a reader finds every hash that
        was there before and is there after, old or new, at any moment, also when this process dies in between.
        """
        prefix = pattern.removesuffix("*")
        names = list(hashes)
        with self._reaching():
            for first in range(0, len(names), CHUNK):
                with self.client.pipeline(transaction=True) as pipe:
                    for name in names[first : first + CHUNK]:
                        pipe.delete(prefix + name)
                        pipe.hset(prefix + name, mapping=dict(hashes[name]))
                    pipe.execute()
            stale = [
                key for key in self.client.scan_iter(match=pattern, count=1000) if key[len(prefix) :] not in hashes
            ]
            for first in range(0, len(stale), CHUNK):
                self.client.delete(*stale[first : first + CHUNK])
        logger.info("cached %d hashes as %s, removed %d", len(names), pattern, len(stale))
        return len(stale)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        import redis

        try:
            yield
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise ServiceUnavailable("The cache", self.dataset("").namespace, str(error)) from error
