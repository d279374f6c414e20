"""The config of the page about hdfs, from YAML to what a person sees: a real HDFS, a real metastore, and ``local``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients.hdfs import HdfsClient
from mason.clients.hive import HiveClient
from mason.engines.storage import Storage
from tests import hive_servers
from tests.cli.test_aws_configs import ROOT, configs
from tests.hdfs_servers import USER, HdfsServer
from tests.hive_servers import HiveServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hdfs")]

TABLE = "database_name:club,table_name:people"


@pytest.fixture
def lake(hdfs_server: HdfsServer, hive_server: HiveServer, folder: Path) -> Iterator[Path]:
    """A project with the page's config."""
    for name in ("operators", "workflows"):
        shutil.copytree(ROOT / "examples" / name, folder / name)
    (folder / "mason.yaml").write_text("name: lake\nstate: state\n")
    (config,) = configs("hdfs.md")
    config["clients"]["hive"]["configuration"]["uri"] = hive_server.uri
    root = f"{hdfs_server.url}/{folder.parent.name}"
    given = {"root": root, "namenodes": hdfs_server.namenode, "user": USER}
    config["clients"]["hdfs"]["configuration"] = given
    (folder / "config.yaml").write_text(json.dumps(config))
    # The metastore, another user, looks whether the folder of a table is there.
    hdfs_server.ask("PUT", root.removeprefix(hdfs_server.url), op="MKDIRS", permission="777")
    yield folder
    client = HiveClient({"uri": hive_server.uri}, base=folder)
    hive_servers.empty(client)
    client.close()


def _same_on_this_machine(lake: Path, mason: Any) -> None:
    """The same files in a folder of this machine, where ``local`` plays all engines, give the same answers."""
    for day, rows in (("mo", "1,Ann\n"), ("t%25u", "2,Bob\n3,Bob\n")):
        (lake / "club" / "people" / f"day={day}").mkdir(parents=True)
        (lake / "club" / "people" / f"day={day}" / "1.csv").write_text(f"id,name\n{rows}")
    engines = {f"{role}_engine": "local" for role in ("metastore", "storage", "execution", "scheduler")}
    (lake / "here.yaml").write_text(json.dumps({"type": "config", "id": "here", **engines}))
    assert mason("apply", "-y").code == 0
    for command, more in (
        ("query", ',query_string:"SELECT day, name, count(*) AS n FROM $table GROUP BY ALL ORDER BY ALL"'),
        ("summarize", ""),
    ):
        told = mason("compare", "operator", "table", command, "-y", "-c", "1", "-c", "here", "-p", f"{TABLE}{more}")
        assert told.code == 0, told.err
        assert told.out.splitlines()[0] == f"Operator table:{command} with configs 1 and here: the same."


def test_a_table_on_hdfs_from_files_to_answers(lake: Path, mason: Any) -> None:
    assert mason("apply", "-y").code == 0
    config = json.loads((lake / "config.yaml").read_text())["clients"]["hdfs"]["configuration"]
    storage = HdfsClient(config, base=lake).engine("storage")
    assert isinstance(storage, Storage)
    for day, rows in (("mo", "1,Ann\n"), ("t%25u", "2,Bob\n3,Bob\n")):
        storage.write(f"club/people/day={day}/1.csv", f"id,name\n{rows}")
    infer = f"{TABLE},path:club/people"
    inferred = mason("run", "operator", "table", "infer", "-y", "-p", infer)
    assert inferred.code == 0, inferred.err
    shown = mason("run", "operator", "table", "get", "-p", TABLE, "--json").json["Data"][0]
    assert shown["location"] == f"{config['root']}/club/people"
    assert shown["partition_columns"] == ["day"]
    query = f'{TABLE},query_string:"SELECT day, count(*) AS n, sum(id) AS ids FROM $table GROUP BY day ORDER BY day"'
    asked = mason("run", "operator", "table", "query", "-y", "-p", query, "--json")
    assert asked.code == 0, asked.err
    assert asked.json["Data"] == [{"day": "mo", "n": 1, "ids": 1}, {"day": "t%u", "n": 2, "ids": 5}]
    output = f'{TABLE},query_string:"SELECT * FROM $table WHERE id > 1",output_path:out/some.parquet'
    written = mason("run", "operator", "table", "query", "-y", "-p", output)
    assert written.code == 0, written.err
    assert [each.path for each in storage.list_paths("out")] == ["out/some.parquet"]
    summary = mason("run", "operator", "table", "summarize", "-y", "-p", TABLE, "--json")
    assert summary.code == 0, summary.err
    assert [each["rows"] for each in summary.json["Data"]] == [3, 3, 3]
    _same_on_this_machine(lake, mason)
