"""The lookup cache by connection id: families of Redis hashes that are replaced while others read them."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import quote

from catalog import dataset
from catalog.dataset import Dataset
from lineage.errors import ServiceUnavailable
from lineage.hooks.connection import ConnectedHook

logger = logging.getLogger(__name__)
CHUNK = 500
TIMEOUT_S = 10


class CacheHook(ConnectedHook):
    """One Redis server. `login` and `ssl…` of the connection's extra are passed on."""

    default_conn_name = "cache_default"
    needs = ("host",)

    @cached_property
    def client(self) -> Any:
        """A client that gives up after TIMEOUT_S."""
        import redis

        at = self.connection
        secure = {key: value for key, value in self.extra.items() if key.startswith("ssl")}
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
        at = self.connection
        scheme = "rediss" if self.extra.get("ssl") else "redis"
        login = f"{quote(at.login or '', safe='')}:{quote(at.password, safe='')}@" if at.password else ""
        return f"{scheme}://{login}{at.host}:{at.port or 6379}/{self.db}"

    @property
    def db(self) -> int:
        """The number of the database.

        Raises:
            ConfigurationError: the connection's extra has something else.
        """
        number = str(self.extra.get("db", 0))
        if not number.isdecimal():
            raise self.misconfigured(f'"db" in its extra is {number!r}, not the number of a database')
        return int(number)

    def dataset(self, pattern: str) -> Dataset:
        """A family of keys in lineage."""
        at = self.connection
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

    def hashes(self, pattern: str, *, most: int) -> list[dict[str, str]]:
        """Hashes of the family, as many as `most` of them, in the server's order."""
        with self._reaching():
            pipe = self.client.pipeline(transaction=False)
            for key in islice(self.client.scan_iter(match=pattern, count=1000), most):
                pipe.hgetall(key)
            return [dict(found) for found in pipe.execute()]

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        import redis

        try:
            yield
        except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
            raise self.misconfigured(f"the cache refuses its login ({error})") from error
        except (redis.ConnectionError, redis.TimeoutError, redis.ResponseError) as error:
            reason = f"connection {self.conn_id}: {error}"
            raise ServiceUnavailable("The cache", self.dataset("").namespace, reason) from error
