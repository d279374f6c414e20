"""A real Spark Connect server for tests, in the environment that ``make components`` makes; and what talks to it.

The packages of the extra ``spark`` are no part of Mason's own environment, because DuckDB would use pandas wherever it
finds it: they are a folder, which only these tests and the processes that they start have on their path.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mason.clients.spark import SparkClient
from tests.servers import free_port

COMPONENTS = Path(__file__).resolve().parents[1] / ".components"
CLIENT = COMPONENTS / "spark_client"
_PATIENCE = 120.0
# Plans live for a second: to compile them well costs more than to run them.
JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"
"""Options of Java with which a short life of Spark is a fast one."""


def missing() -> str:
    """What is not there of what a server and its client need, with the remedy; empty where all is."""
    version = ".".join(map(str, sys.version_info[:2]))
    marker = CLIENT / ".packages"
    if not (COMPONENTS / "spark" / ".packages").exists() or not marker.exists():
        return "There is no Spark Connect to talk to. Get it: make components"
    if not marker.read_text().startswith(f"{version} "):
        return f"The packages of Spark's client are not for Python {version}. Get them: make components"
    return "" if shutil.which("java") else "Spark needs Java 17: apt-get install openjdk-17-jre-headless"


def classic() -> Path:
    """The folder of the packages with the whole of pyspark, for processes with a session of their own."""
    return next((COMPONENTS / "spark" / "lib").glob("python3*")) / "site-packages"


@dataclass(frozen=True)
class SparkServer:
    """A server at ``remote``, whose process is ``process``."""

    remote: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as the system does: at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def spark_server(folder: Path, *, port: int = 0, memory: str = "900m", jvm: str = JVM) -> Iterator[SparkServer]:
    """A server while the context lasts, from when it answers. It keeps all that it has in ``folder``, and its Java
    takes so much ``memory`` and the options ``jvm``."""
    port = port or free_port()
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": f"file://{folder}/warehouse",
    }
    home = classic() / "pyspark"
    command = [str(home / "bin" / "spark-submit"), "--master", "local[2]", "--driver-memory", memory]
    command += ["--driver-java-options", f"{jvm} -Djava.io.tmpdir={folder}"]
    command += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
    command += ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"]
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(folder),
        "PYSPARK_PYTHON": str(COMPONENTS / "spark" / "bin" / "python"),
    }
    log = folder / "log"
    with log.open("wb") as out:
        # A session of its own: what is started starts Java.
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=environment, start_new_session=True)
    server = SparkServer(f"sc://127.0.0.1:{port}", process)
    try:
        end = time.monotonic() + _PATIENCE
        while not _greets(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"Spark did not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.1)
        yield server
    finally:
        server.kill()


def empty(client: SparkClient) -> None:
    """Leave the catalog of a client's server as it was when the server began."""
    with client.session() as session:
        for (name,) in session.sql("SHOW DATABASES").collect():
            if name != "default":
                session.sql(f"DROP DATABASE `{name}` CASCADE")


def _greets(port: int) -> bool:
    """Whether HTTP/2's greeting is answered with a frame of settings."""
    greeting = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as wire:
            wire.settimeout(5)
            wire.sendall(greeting)
            return wire.recv(9)[3:4] == b"\x04"
    except OSError:
        return False
