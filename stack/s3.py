"""The object store: s3proxy, which keeps every object as a plain file below `.stack/data/s3/BUCKET/KEY`."""

from __future__ import annotations

import os

from stack import ready
from stack.home import write_private
from stack.objects import create_bucket
from stack.server import Server, Site

ACCESS_KEY = "local"


def server(site: Site) -> Server:
    """The object store; 192 MB of heap. The base folder must be absolute, or every listing is empty."""
    data, config = site.home.data("s3"), site.home.config("s3proxy.conf")
    settings = {
        "s3proxy.endpoint": f"http://127.0.0.1:{site.ports['s3']}",
        "s3proxy.authorization": "aws-v2-or-v4",
        "s3proxy.identity": ACCESS_KEY,
        "s3proxy.credential": site.secrets.s3,
        "jclouds.provider": "filesystem-nio2",
        "jclouds.identity": "unused",
        "jclouds.credential": "unused",
        "jclouds.filesystem.basedir": data,
    }

    def prepare() -> None:
        data.mkdir(exist_ok=True)
        write_private(config, "".join(f"{key}={value}\n" for key, value in settings.items()))

    java = (str(site.java_home / "bin/java"), "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
    main = ("-cp", f"{site.jars}/s3/*", "org.gaul.s3proxy.Main", "--properties", str(config))
    return Server(
        name="s3",
        command=(*java, *main),
        ready=ready.s3,
        prepare=prepare,
        settle=lambda: create_bucket(site.environment),
    )


if __name__ == "__main__":  # docker-compose.yaml
    create_bucket(os.environ)
