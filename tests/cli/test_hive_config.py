"""The config of the page about hive, from YAML to what a person sees, with a real metastore beside local files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mason.clients.hive import HiveClient
from tests import hive_servers
from tests.cli.test_aws_configs import ROOT, configs
from tests.hive_servers import HiveServer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hive")]

INFER = "database_name:club,table_name:people,path:club/people"
TABLE = "database_name:club,table_name:people"


@pytest.fixture
def lake(hive_server: HiveServer, folder: Path) -> Iterator[Path]:
    """A project with the page's config, and a table in its folder."""
    for name in ("operators", "workflows"):
        shutil.copytree(ROOT / "examples" / name, folder / name)
    (folder / "mason.yaml").write_text("name: lake\nstate: state\n")
    (config,) = configs("hive.md")
    config["clients"]["hive"]["configuration"]["uri"] = hive_server.uri
    (folder / "config.yaml").write_text(json.dumps(config))
    (folder / "club" / "people").mkdir(parents=True)
    (folder / "club" / "people" / "1.csv").write_text("Id,name,height\n1,Ann,1.6\n2,Bob,\n3,Bob,1.8\n")
    yield folder
    client = HiveClient({"uri": hive_server.uri}, base=folder)
    hive_servers.empty(client)
    client.close()


def test_a_table_is_inferred_and_looked_at(lake: Path, mason: Any) -> None:
    assert mason("apply", "-y").code == 0
    inferred = mason("run", "operator", "table", "infer", "-y", "-p", INFER)
    assert inferred.code == 0, inferred.err
    shown = mason("run", "operator", "table", "get", "-p", TABLE, "--json").json["Data"][0]
    assert shown["location"] == (lake / "club" / "people").as_uri()
    assert [(each["name"], each["type"]) for each in shown["columns"]] == [
        ("Id", "BIGINT"),
        ("name", "VARCHAR"),
        ("height", "DOUBLE"),
    ]
    listed = mason("run", "operator", "table", "list", "-p", "database_name:club", "--json").json
    assert [each["name"] for each in listed["Data"]] == ["people"]
    databases = mason("run", "operator", "database", "list", "--json").json
    assert [each["name"] for each in databases["Data"]] == ["club"]
    query = f'{TABLE},query_string:"SELECT name, count(*) AS n, sum(Id) AS ids FROM $table GROUP BY name ORDER BY name"'
    asked = mason("run", "operator", "table", "query", "-y", "-p", query, "--json")
    assert asked.code == 0, asked.err
    assert asked.json["Data"] == [{"name": "Ann", "n": 1, "ids": 1}, {"name": "Bob", "n": 2, "ids": 5}]
    again = mason("run", "operator", "table", "infer", "-y", "-p", INFER)
    assert (again.code, "is registered already" in again.err) == (1, True)
    deleted = mason("run", "operator", "table", "delete", "-y", "-p", TABLE)
    assert deleted.code == 0, deleted.err
    assert (lake / "club" / "people" / "1.csv").exists()


def test_tables_become_operators_that_register_them(lake: Path, mason: Any) -> None:
    assert mason("apply", "-y").code == 0
    assert mason("run", "operator", "table", "infer", "-y", "-p", INFER).code == 0
    done = mason("import", "hive", "club", "-y")
    assert done.code == 0, done.err
    (document,) = yaml.safe_load_all((lake / "imported" / "club.yaml").read_text())
    assert (document["namespace"], document["command"]) == ("club", "people")
    assert mason("apply", "-y").code == 0
    run = ("run", "operator", "club", "people", "-y")
    assert "is registered already" in mason(*run).err
    copied = mason(*run, "-p", "database_name:stage")
    assert copied.code == 0, copied.err
    tables = [
        mason("run", "operator", "table", "get", "-p", f"database_name:{name},table_name:people", "--json").json
        for name in ("club", "stage")
    ]
    assert tables[0]["Data"][0]["columns"] == tables[1]["Data"][0]["columns"]
