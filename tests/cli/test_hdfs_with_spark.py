"""Tables on a real HDFS, kept by a real metastore, asked on a real Spark and on this machine: the same by ``-c``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients.hdfs import HdfsClient
from mason.clients.hive import HiveClient
from mason.engines.storage import Storage
from tests import hive_servers
from tests.conftest import Mason
from tests.hdfs_servers import USER, HdfsServer
from tests.hive_servers import HiveServer
from tests.spark_servers import SparkServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

PLANES = {"database_name": "air", "table_name": "planes"}
QUERY = "SELECT manufacturer, count(*) AS n, avg(seats) AS seats FROM $table GROUP BY ALL ORDER BY n DESC, 1"
ASKED: dict[str, dict[str, Any]] = {
    "query": {**PLANES, "query_string": QUERY},
    "summarize": PLANES,
    "format": {**PLANES, "output_path": "made/f", "format": "parquet", "partition_columns": ["engines"]},
    "dedupe": {**PLANES, "keys": ["model"], "order_by": ["tailnum"], "output_path": "made/d.csv"},
}


@pytest.fixture
def storage(
    mason: Mason, folder: Path, hdfs_server: HdfsServer, hive_server: HiveServer, spark_server: SparkServer
) -> Iterator[Storage]:
    """The storage of a project whose configs ``local`` and ``spark`` have the planes on HDFS."""
    assert mason("init").code == 0
    root = f"{hdfs_server.url}/{folder.parent.name}"
    given = {"root": root, "namenodes": hdfs_server.namenode, "user": USER}
    clients = {
        "hive": {"configuration": {"uri": hive_server.uri}},
        "hdfs": {"configuration": given},
        "spark": {"configuration": {"remote": spark_server.remote}},
    }
    for execution in ("local", "spark"):
        config = {
            "type": "config",
            "id": execution,
            "metastore_clients": ["hive"],
            "storage_clients": ["hdfs"],
            "execution_clients": [execution],
            "clients": clients,
        }
        (folder / "configs" / f"{execution}.yaml").write_text(json.dumps(config))
    assert mason("apply", "-y").code == 0
    # The metastore, another user, looks whether the folder of a table is there.
    hdfs_server.ask("PUT", root.removeprefix(hdfs_server.url), op="MKDIRS", permission="777")
    made = HdfsClient(given, base=folder).engine("storage")
    assert isinstance(made, Storage)
    made.write("air/planes/1.csv", (folder / "data" / "planes.csv").read_text())
    said = json.dumps({**PLANES, "path": "air/planes"})
    done = mason("run", "operator", "table", "infer", "-c", "spark", "-p", said, "-y")
    assert done.code == 0, done.err
    yield made
    client = HiveClient({"uri": hive_server.uri}, base=folder)
    hive_servers.empty(client)
    client.close()


def test_tables_on_hdfs_are_asked_on_spark(mason: Mason, storage: Storage) -> None:
    found = {}
    for command, given in ASKED.items():
        said = ("-c", "local", "-c", "spark", "-p", json.dumps(given), "-y")
        done = mason("compare", "operator", "table", command, *said)
        found[command] = (done.out or done.err).splitlines()[0 if done.out else -1]
    assert found == {command: f"Operator table:{command} with configs local and spark: the same." for command in ASKED}


def test_outputs_are_there_whole(mason: Mason, storage: Storage) -> None:
    said = json.dumps({**PLANES, "query_string": "SELECT count(*) AS n FROM $table", "output_path": "out/n.csv"})
    done = mason("run", "operator", "table", "query", "-c", "spark", "-p", said, "-y")
    assert done.code == 0, done.err
    assert [each.path for each in storage.list_paths("out")] == ["out/n.csv"]
    assert storage.read("out/n.csv") == b"n\n3322\n"
