"""Tables that a real Hive Metastore keeps, asked on a real Spark and on this machine: the same answers by ``-c``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mason.clients.hive import HiveClient
from tests import hive_servers
from tests.cli.test_spark_runs import BY_CARRIER
from tests.conftest import Mason
from tests.hive_servers import HiveServer
from tests.spark_servers import SparkServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

CONFIG = """\
type: config
id: hive-{execution}
metastore_clients: [hive]
storage_clients: [local]
execution_clients: [{execution}]
clients:
  hive: {{configuration: {{uri: "{uri}"}}}}
  local: {{configuration: {{root: .}}}}
  spark: {{configuration: {{remote: "{remote}"}}}}
"""
FLIGHTS = {"database_name": "air", "table_name": "flights"}
ASKED = {
    "query": {**FLIGHTS, "query_string": BY_CARRIER},
    "summarize": {**FLIGHTS, "columns": ["carrier", "distance", "time_hour"]},
    "format": {**FLIGHTS, "output_path": "made/f", "format": "parquet", "filter_columns": ["carrier", "dep_delay"]},
    "dedupe": {**FLIGHTS, "keys": ["carrier", "origin"], "order_by": ["dep_time"], "output_path": "made/d.parquet"},
    "merge": {**FLIGHTS, "output_path": "made/m.parquet"},
}


@pytest.fixture
def project(mason: Mason, folder: Path, hive_server: HiveServer, spark_server: SparkServer) -> Iterator[Path]:
    """The scaffold, with the flight data and the airlines registered in the metastore."""
    assert mason("init").code == 0
    for file in sorted((folder / "data" / "flights").iterdir())[2:]:
        file.unlink()
    given = {"uri": hive_server.uri, "remote": spark_server.remote}
    configs = [CONFIG.format(execution=each, **given) for each in ("local", "spark")]
    (folder / "configs" / "hive.yaml").write_text("---\n".join(configs))
    assert mason("apply", "-y").code == 0
    (folder / "names").mkdir()
    (folder / "data" / "airlines.csv").rename(folder / "names" / "airlines.csv")
    # Hive has no times with a zone.
    for name, path, types in (("flights", "data/flights", {"time_hour": "VARCHAR"}), ("airlines", "names", {})):
        said = json.dumps({"database_name": "air", "table_name": name, "path": path, "columns": types})
        done = mason("run", "operator", "table", "infer", "-c", "hive-spark", "-p", said, "-y")
        assert done.code == 0, done.err
    yield folder
    client = HiveClient({"uri": hive_server.uri}, base=folder)
    hive_servers.empty(client)
    client.close()


def test_tables_of_hive_are_asked_on_spark(mason: Mason, project: Path) -> None:
    found = {}
    for command, given in ASKED.items():
        said = ("-c", "hive-local", "-c", "hive-spark", "-p", json.dumps(given), "-y")
        done = mason("compare", "operator", "table", command, *said)
        found[command] = (done.out or done.err).splitlines()[0 if done.out else -1]
    assert found == {
        command: f"Operator table:{command} with configs hive-local and hive-spark: the same." for command in ASKED
    }
