"""A real HDFS for tests (Hadoop 2.7: a namenode and a datanode), of the jars that ``make components`` brings."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from tests.servers import free_port
from tests.spark_servers import JVM

JARS = Path(__file__).resolve().parents[1] / ".components" / "hdfs"
USER = "hdfs"
_PATIENCE = 120.0
_LOG = """\
log4j.rootLogger=INFO,A
log4j.appender.A=org.apache.log4j.ConsoleAppender
log4j.appender.A.layout=org.apache.log4j.PatternLayout
log4j.appender.A.layout.ConversionPattern=%d{ISO8601} %p %c{2}: %m%n
"""
_OPENED = ("java.lang", "java.nio", "java.net", "java.util", "sun.nio.ch")


def missing() -> str:
    """What is not there of what HDFS needs, with the remedy; empty where all is."""
    if not (JARS / ".packages").exists():
        return "There is no HDFS to talk to. Get it: make components"
    return "" if shutil.which("java") else "HDFS needs Java 17: apt-get install openjdk-17-jre-headless"


@dataclass
class HdfsServer:
    """HDFS whose WebHDFS is at ``namenode`` and whose URLs begin with ``url``; all of it is in ``folder``."""

    folder: Path
    namenode: str
    url: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, what: str) -> None:
        """Start the ``namenode`` or the ``datanode``."""
        name = {"namenode": "namenode.NameNode", "datanode": "datanode.DataNode"}[what]
        with (self.folder / f"{what}.log").open("ab") as out:
            self.processes[what] = subprocess.Popen(
                _command(self.folder, name),
                cwd=self.folder,
                stdout=out,
                stderr=out,
                env=_environment(),
                start_new_session=True,
            )

    def kill(self, what: str) -> None:
        """End one as the system does: at once."""
        process = self.processes.pop(what, None)
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(self, method: str, path: str, **query: str) -> dict[str, object]:
        """What the namenode answers to the superuser."""
        wire = http.client.HTTPConnection(self.namenode.removeprefix("http://"), timeout=30)
        given = "&".join(f"{key}={quote(value, safe='')}" for key, value in {"user.name": USER, **query}.items())
        wire.request(method, f"/webhdfs/v1{quote(path)}?{given}")
        body = wire.getresponse().read()
        wire.close()
        found: dict[str, object] = json.loads(body) if body else {}
        return found

    def wait(self) -> None:
        """Until it takes writes."""
        end = time.monotonic() + _PATIENCE
        while not self._takes_writes():
            if any(each.poll() is not None for each in self.processes.values()) or time.monotonic() > end:
                logs = [(self.folder / f"{each}.log").read_text(errors="replace")[-2000:] for each in self.processes]
                raise RuntimeError("HDFS did not start:\n" + "\n".join(logs))
            time.sleep(0.1)

    def _takes_writes(self) -> bool:
        try:
            if self.ask("PUT", "/tmp/ready", op="MKDIRS").get("boolean") is not True:
                return False
            wire = http.client.HTTPConnection(self.namenode.removeprefix("http://"), timeout=30)
            wire.request("PUT", f"/webhdfs/v1/tmp/ready/file?op=CREATE&overwrite=true&user.name={USER}")
            # Refused as long as there is no datanode.
            return wire.getresponse().status == 307
        except (OSError, ValueError, http.client.HTTPException):
            return False


@contextmanager
def hdfs_server(folder: Path) -> Iterator[HdfsServer]:
    """HDFS while the context lasts, from when it takes writes."""
    ports = [free_port() for _ in range(5)]
    _configure(folder, ports)
    server = HdfsServer(folder, f"http://127.0.0.1:{ports[0]}", f"hdfs://127.0.0.1:{ports[1]}")
    made = [*_command(folder, "namenode.NameNode"), "-format", "-nonInteractive"]
    subprocess.run(made, cwd=folder, check=True, capture_output=True, env=_environment())
    try:
        server.start("namenode")
        server.start("datanode")
        server.wait()
        yield server
    finally:
        server.kill("datanode")
        server.kill("namenode")


def _environment() -> dict[str, str]:
    return {**os.environ, "HADOOP_USER_NAME": USER}


def _command(folder: Path, name: str) -> list[str]:
    command = ["java", "-Xmx128m", *JVM.split(), f"-Djava.io.tmpdir={folder}"]
    command += [part for name in _OPENED for part in ("--add-opens", f"java.base/{name}=ALL-UNNAMED")]
    return [*command, "-cp", f"{folder}/conf:{folder}/pages:{JARS}/*", f"org.apache.hadoop.hdfs.server.{name}"]


def _configure(folder: Path, ports: list[int]) -> None:
    for name in ("hdfs", "datanode"):
        # The jars lack the web pages, without which the two do not start; empty ones will do.
        pages = folder / "pages" / "webapps" / name / "WEB-INF"
        pages.mkdir(parents=True)
        (pages / "web.xml").write_text('<web-app version="2.5" xmlns="http://java.sun.com/xml/ns/javaee"/>')
    (folder / "conf").mkdir()
    (folder / "conf" / "log4j.properties").write_text(_LOG)
    core = {"fs.defaultFS": f"hdfs://127.0.0.1:{ports[1]}", "hadoop.tmp.dir": f"{folder}/data"}
    hdfs = {
        "dfs.replication": "1",
        "dfs.webhdfs.enabled": "true",
        "dfs.permissions.enabled": "true",
        "dfs.namenode.http-address": f"127.0.0.1:{ports[0]}",
        "dfs.namenode.rpc-bind-host": "127.0.0.1",
        "dfs.namenode.name.dir": f"file://{folder}/data/names",
        "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        "dfs.namenode.safemode.extension": "0",
        "dfs.datanode.address": f"127.0.0.1:{ports[2]}",
        "dfs.datanode.http.address": f"127.0.0.1:{ports[3]}",
        "dfs.datanode.ipc.address": f"127.0.0.1:{ports[4]}",
        "dfs.datanode.hostname": "127.0.0.1",
        "dfs.datanode.data.dir": f"file://{folder}/data/blocks",
    }
    for name, settings in (("core", core), ("hdfs", hdfs)):
        properties = [
            f"<property><name>{key}</name><value>{value}</value></property>" for key, value in settings.items()
        ]
        (folder / "conf" / f"{name}-site.xml").write_text(f"<configuration>{''.join(properties)}</configuration>")
