"""A real Hive Metastore for tests, of the jars of Spark that ``make components`` brings; its database is in memory."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mason.clients.hive import HiveClient
from tests import spark_servers
from tests.servers import free_port

_PATIENCE = 120.0
_OPENED = ("lang", "nio", "net", "util")
# get_all_databases, in Thrift's binary protocol.
_ASKED = b"\x80\x01\x00\x01\x00\x00\x00\x11get_all_databases\x00\x00\x00\x01\x00"


def missing() -> str:
    """What is not there of what a metastore needs, with the remedy; empty where all is."""
    if not (spark_servers.CLIENT.parent / "spark" / ".packages").exists():
        return "There is no Hive Metastore to talk to. Get it: make components"
    return "" if shutil.which("java") else "The Hive Metastore needs Java 17: apt-get install openjdk-17-jre-headless"


@dataclass(frozen=True)
class HiveServer:
    """A metastore at ``uri`` whose tables go to ``warehouse``; its process is ``process``."""

    uri: str
    warehouse: Path
    process: subprocess.Popen[bytes]

    @property
    def port(self) -> int:
        return int(self.uri.rpartition(":")[2])

    def kill(self) -> None:
        """End it as the system does: at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def hive_server(folder: Path, *, port: int = 0, settings: dict[str, str] | None = None) -> Iterator[HiveServer]:
    """A metastore while the context lasts, from when it answers. It keeps all that it has in ``folder``.

    It is reached from everywhere, for this version cannot be told to listen on the loopback only.
    """
    port = port or free_port()
    warehouse = folder / "warehouse"
    warehouse.mkdir()
    named = {
        "javax.jdo.option.ConnectionURL": f"jdbc:derby:memory:{folder.name};create=true",
        "javax.jdo.option.ConnectionDriverName": "org.apache.derby.iapi.jdbc.AutoloadedDriver",
        "datanucleus.schema.autoCreateAll": "true",
        "datanucleus.connectionPoolingType": "NONE",
        "hive.metastore.schema.verification": "false",
        "hive.async.log.enabled": "false",
        "hive.metastore.warehouse.dir": f"file://{warehouse}",
        **(settings or {}),
    }
    properties = [f"<property><name>{key}</name><value>{value}</value></property>" for key, value in named.items()]
    (folder / "hive-site.xml").write_text(f"<configuration>{''.join(properties)}</configuration>")
    jars = spark_servers.classic() / "pyspark" / "jars"
    command = ["java", "-Xmx512m", *spark_servers.JVM.split(), f"-Djava.io.tmpdir={folder}"]
    command += [f"-Dderby.stream.error.file={folder / 'derby.log'}"]
    command += [part for name in _OPENED for part in ("--add-opens", f"java.base/java.{name}=ALL-UNNAMED")]
    command += ["-cp", f"{folder}:{jars}/*", "org.apache.hadoop.hive.metastore.HiveMetaStore", "-p", str(port)]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)
    server = HiveServer(f"thrift://127.0.0.1:{port}", warehouse, process)
    try:
        end = time.monotonic() + _PATIENCE
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"The metastore did not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)
        yield server
    finally:
        server.kill()


def empty(client: HiveClient) -> None:
    """Leave the metastore of a client as it was when it began."""
    requests = client.requests
    for database in requests.databases():
        for name in requests.names(database):
            requests.drop_table(database, name, with_data=False)
        if database != "default":
            bare(client, "drop_database", database, True, False)


def bare(client: HiveClient, method: str, *arguments: Any) -> Any:
    """What the metastore answers to a request of Thrift's."""
    return client.requests.connections.ask(method, method, *arguments, changes=True)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as wire:
            wire.settimeout(10)
            wire.sendall(_ASKED)
            return b"default" in wire.recv(4096)
    except OSError:
        return False
