"""The configs of the pages about AWS, from YAML to what a person sees, on ministack: only the config names clients."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.amazon import BUCKET, REGION, Account, emptied
from tests.servers import S3Server
from tests.state.faults import Proxy, proxied
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
EXPORT = """\
type: operator
namespace: club
command: count
parameters: {required: [rows, output_path]}
do:
  - execution.query: {sql: "SELECT count(*) AS n FROM range({{rows}})", dialect: athena, output: "{{output_path}}"}
"""


def configs(page: str) -> list[dict[str, Any]]:
    """The configs in a page of the docs."""
    text = (ROOT / "docs" / "clients" / page).read_text("utf-8")
    found = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    return [each for each in found if each.get("type") == "config"]


@pytest.fixture
def account(ministack: S3Server, aws: None, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = emptied(ministack)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made.key)
    made.put("lake/club/people/1.csv")
    return made


@pytest.fixture
def between(account: Account) -> Iterator[Proxy]:
    with proxied(account.endpoint) as made:
        yield made


def put_project(folder: Path, endpoint: str) -> None:
    """The standard operators and workflows, and the pages' configs over a server of the test."""
    for name in ("operators", "workflows"):
        shutil.copytree(ROOT / "examples" / name, folder / name)
    (folder / "mason.yaml").write_text("name: lake\nstate: state\n")
    (folder / "count.yaml").write_text(EXPORT)
    for config in configs("athena.md"):
        for name, client in config["clients"].items():
            given = client.setdefault("configuration", {})
            if name != "local":
                given |= {"endpoint_url": endpoint, "aws_region": REGION}
            if "root" in given:
                given["root"] = f"s3://{BUCKET}/lake"
            if "output_location" in given:
                given["output_location"] = f"s3://{BUCKET}/athena"
        (folder / f"config{config['id']}.yaml").write_text(json.dumps(config))


INFER = "database_name:club,table_name:people,path:club/people"
TABLE = "database_name:club,table_name:people"


@pytest.mark.parametrize("config", ["1", "3"])
def test_a_table_is_inferred_and_looked_at(account: Account, mason: Any, folder: Path, config: str) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    inferred = mason("run", "operator", "table", "infer", "-y", "-c", config, "-p", INFER)
    assert inferred.code == 0, inferred.err
    shown = mason("run", "operator", "table", "get", "-c", config, "-p", TABLE, "--json").json["Data"][0]
    assert shown["location"] == f"s3://{BUCKET}/lake/club/people"
    assert [column["name"] for column in shown["columns"]] == ["id", "name", "height"]
    listed = mason("run", "operator", "table", "list", "-c", config, "-p", "database_name:club", "--json").json
    assert [each["name"] for each in listed["Data"]] == ["people"]
    databases = mason("run", "operator", "database", "list", "-c", config, "--json").json
    assert [each["name"] for each in databases["Data"]] == ["club"]
    query = f'{TABLE},query_string:"SELECT name, count(*) AS n FROM $table GROUP BY name ORDER BY name"'
    asked = mason("run", "operator", "table", "query", "-y", "-c", config, "-p", query, "--json").json
    assert asked["Data"] == [{"name": "Ann", "n": 1}, {"name": "Bob", "n": 2}]
    assert any("bytes_scanned" in line for line in asked["Info"])
    again = mason("run", "operator", "table", "infer", "-y", "-c", config, "-p", INFER)
    assert again.code == 1
    assert "is registered already" in again.err
    deleted = mason("run", "operator", "table", "delete", "-y", "-c", config, "-p", TABLE)
    assert deleted.code == 0, deleted.err
    assert account.keys("lake/") == ["lake/club/people/1.csv"]


def test_what_would_be_registered_is_shown_before(account: Account, mason: Any, folder: Path) -> None:
    put_project(folder, account.endpoint)
    for day in (28, 29):
        account.put(f"lake/club/visits/day=2026-11-{day}/1.csv")
    assert mason("apply", "-y").code == 0
    visits = "database_name:club,table_name:visits,path:club/visits"
    asked = mason("run", "operator", "table", "infer", "-c", "1", "-p", visits)
    assert asked.code == 1
    shown = [" ".join(line.split()) for line in asked.err.splitlines()]
    assert shown[shown.index("property value") :][1:5] == [
        f"location s3://{BUCKET}/lake/club/visits",
        "columns id bigint, name string, height double, day date",
        "partitioned by day",
        "partitions 2",
    ]
    assert account.boto("glue").get_databases()["DatabaseList"] == []


def test_what_needs_no_answer_asks_nothing(account: Account, between: Proxy, mason: Any, folder: Path) -> None:
    """Plans, listings and checks of AWS configs make no request."""
    put_project(folder, between.endpoint)
    assert mason("plan").code == 0
    assert mason("apply", "-y").code == 0
    for command in (("get", "all"), ("config",), ("validate",), ("plan",)):
        assert mason(*command).code == 0, command
    assert mason("validate", "operator", "table", "get", "-c", "1", "-p", TABLE).code == 0
    assert between.log == []


def submitted(account: Account) -> list[str]:
    listed: list[str] = account.boto("athena").list_query_executions()["QueryExecutionIds"]
    return listed


@pytest.mark.slow
def test_a_run_that_is_killed_while_athena_works_submits_once(account: Account, mason: Any, folder: Path) -> None:
    put_project(folder, account.endpoint)
    assert mason("apply", "-y").code == 0
    command = ["run", "operator", "club", "count", "-y", "-c", "1", "-p", "rows:3000000000,output_path:out/n.csv"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mason", *command],
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: submitted(account))
    finally:
        process.kill()
        process.wait()
    runs = mason("runs", "list", "--json").json
    run_id = (runs["runs"] if isinstance(runs, dict) else runs)[0]["run_id"]
    resumed = mason("runs", "resume", run_id, "-y")
    assert resumed.code == 0, resumed.err + resumed.out
    assert len(submitted(account)) == 1
    content = account.boto("s3").get_object(Bucket=BUCKET, Key="lake/out/n.csv")["Body"].read()
    assert content.split() == [b"n", b"3000000000"]
