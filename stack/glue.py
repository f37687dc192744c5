"""The Glue catalog: moto's server, whose memory is written to disk after each change and read back at the start.

moto forgets its tables when it stops. The record of the last acknowledged state is `tables.json`; a table of the lake
that it does not know (the file was lost) is registered from its newest metadata file on disk. The record goes first,
because the newest file can be one of a commit that was in flight and that nobody was told of.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from stack import ready
from stack.home import write_private
from stack.server import Server, Site

Record = dict[str, dict[str, dict[str, Any]]]  # database -> table -> TableInput
WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
_METADATA = re.compile(r"(\d+)-[^/]*\.metadata\.json")
_CHANGES = re.compile(r"^AWSGlue\.(Create|Update|Delete|BatchDelete)")
_INPUT_KEYS = ("Name", "Description", "Owner", "Parameters", "TableType", "StorageDescriptor", "PartitionKeys")


def found_on_disk(lake: Path, bucket: str) -> Record:
    """Every Iceberg table below `lake`/warehouse/*.db with the newest metadata file that it has there."""
    record: Record = {}
    for folder in sorted(lake.glob("warehouse/*.db/*/metadata")):
        versions = {int(m.group(1)): path for path in folder.iterdir() if (m := _METADATA.fullmatch(path.name))}
        if versions:
            database, table = folder.parent.parent.name.removesuffix(".db"), folder.parent.name
            location = f"s3://{bucket}/{versions[max(versions)].relative_to(lake)}"
            parameters = {"table_type": "ICEBERG", "metadata_location": location}
            entry = {"Name": table, "TableType": "EXTERNAL_TABLE", "Parameters": parameters}
            record.setdefault(database, {})[table] = entry
    return record


def merge(record: Record, disk: Record) -> Record:
    """What to register at a start: the record, and what only the disk knows. A database of the record is known whole,
    so that a table that was dropped and left its files stays dropped."""
    return {**disk, **record}


def _client(port: int) -> Any:
    import boto3

    return boto3.client(
        "glue",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )


def _register(client: Any, record: Record) -> None:
    for database, tables in record.items():
        client.create_database(DatabaseInput={"Name": database})
        for entry in tables.values():
            client.create_table(DatabaseName=database, TableInput=entry)


def _snapshot(client: Any) -> Record:
    def tables(database: str) -> Iterator[dict[str, Any]]:
        for page in client.get_paginator("get_tables").paginate(DatabaseName=database):
            yield from page["TableList"]

    names = [one["Name"] for page in client.get_paginator("get_databases").paginate() for one in page["DatabaseList"]]
    return {name: {one["Name"]: _input_of(one) for one in tables(name)} for name in names}


def _input_of(table: dict[str, Any]) -> dict[str, Any]:
    return {key: table[key] for key in _INPUT_KEYS if key in table}


def recording(app: WsgiApp, save: Callable[[], None]) -> WsgiApp:
    """`app`, with `save` called after each request that changes something and before its answer goes out."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = list(app(environ, start_response))
        if _CHANGES.match(environ.get("HTTP_X_AMZ_TARGET", "")):
            save()
        return body

    return answer


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, required=True)
@click.option("--record", "record_file", type=click.Path(path_type=Path), required=True)
@click.option("--lake", type=click.Path(path_type=Path), required=True, help="The folder of the lake's bucket.")
def serve(host: str, port: int, record_file: Path, lake: Path) -> None:
    """Serve the Glue API on PORT, with the tables of the last run in it from the first answer on."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    app = DomainDispatcherApplication(create_backend_app)
    inner = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=inner.serve_forever, daemon=True).start()
    client, lock = _client(inner.port), threading.Lock()

    def save() -> None:
        with lock:
            write_private(record_file, json.dumps(_snapshot(client), indent=1, default=str))

    known: Record = json.loads(record_file.read_text()) if record_file.exists() else {}
    _register(client, merge(known, found_on_disk(lake, lake.name)))
    save()
    make_server(host, port, recording(app, save), threaded=True).serve_forever()


def server(site: Site) -> Server:
    """The catalog, about 150 MB."""
    record = site.home.data("glue") / "tables.json"
    lake = site.home.data("s3") / site.environment["ECOMPULSE_LAKE_BUCKET"]
    options = ("--port", str(site.ports["glue"]), "--record", str(record), "--lake", str(lake))
    return Server(name="glue", command=(sys.executable, "-m", "stack.glue", *options), ready=ready.glue)


if __name__ == "__main__":
    serve()
