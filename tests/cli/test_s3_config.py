"""Standard operators and workflows on a config of ``local`` over ``s3``: the same commands, only ``-c`` differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers import BUCKET

CONFIG = """\
type: config
id: "5"
metastore_clients: [s3]
storage_clients: [s3]
execution_clients: [local]
scheduler_clients: [local]
clients:
  s3:
    configuration:
      root: s3://{bucket}/{prefix}
      endpoint_url: {endpoint}
      access_key: "{{{{AWS_ACCESS_KEY_ID}}}}"
      secret_key: "{{{{AWS_SECRET_ACCESS_KEY}}}}"
"""
ORDERS = b"id,city,amount\n1,Ulm,1.50\n2,Bonn,\n3,Ulm,2.25\n3,Ulm,2.25\n"


@pytest.fixture
def s3(moto, aws):
    import boto3

    return boto3.client("s3", endpoint_url=moto.endpoint)


@pytest.fixture
def lake(mason, folder: Path, moto, prefix: str, s3):
    """A project with the standard operators and config 5, whose root holds two tables."""
    assert mason("init", ".").code == 0
    (folder / "configs" / "lake.yaml").write_text(
        CONFIG.format(bucket=BUCKET, prefix=prefix, endpoint=moto.endpoint), "utf-8"
    )
    assert mason("apply", "-y").code == 0
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/shop/orders.csv", Body=ORDERS)
    for year in (2025, 2026):
        body = b'{"id": %d}\n' % year
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/shop/events/year={year}/a+b [1]?#%25.jsonl", Body=body)
    return prefix


@pytest.fixture
def run(mason, folder: Path, lake) -> Callable[..., Any]:
    """Runs an operator or workflow with the parameters that are given, and returns its data."""

    def call(what: str, command: str, /, **parameters: Any) -> Any:
        (folder / "parameters.json").write_text(json.dumps(parameters), "utf-8")
        namespace, _, name = command.partition(":")
        done = mason("run", what, namespace, name, "-c", "5", "-f", "parameters.json", "-y", "--json")
        assert done.code == 0, done.out + done.err
        # A workflow tells event by event.
        return done.json["Data"] if what == "operator" else None

    return call


def keys(s3, prefix: str, folder: str) -> list[str]:
    """The keys in a folder of the root, from there."""
    above = f"{prefix}/{folder}/"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=above).get("Contents", [])
    return [each["Key"].removeprefix(above) for each in listed]


def test_tables_are_listed_got_and_asked(run) -> None:
    assert [each["name"] for each in run("operator", "table:list", database_name="shop")] == ["events", "orders"]
    events = run("operator", "table:get", database_name="shop", table_name="events")[0]
    assert (events["location"], events["columns"]) == (
        "shop/events",
        [{"name": "id", "type": "BIGINT"}, {"name": "year", "type": "BIGINT"}],
    )
    summary = run("operator", "table:summarize", database_name="shop", table_name="orders")
    assert [(each["column"], each["non_null"], each["distinct"]) for each in summary] == [
        ("id", 4, 3),
        ("city", 4, 2),
        ("amount", 3, 2),
    ]
    sql = "SELECT e.year, sum(o.amount) AS amount FROM $table o, events e GROUP BY 1 ORDER BY 1"
    assert run("operator", "table:query", database_name="shop", table_name="orders", query_string=sql) == [
        {"year": 2025, "amount": "6.00"},
        {"year": 2026, "amount": "6.00"},
    ]


def test_tables_are_written(run, s3, lake) -> None:
    orders = {"database_name": "shop", "table_name": "orders"}
    url = f"s3://{BUCKET}/{lake}"
    written = run("operator", "table:dedupe", **orders, keys=["id"], output_path="out/orders.csv")[0]["result"]
    assert (written["output"], written["rows"], written["removed"]) == (f"{url}/out/orders.csv", 3, 1)
    partitioned = {**orders, "format": "parquet", "partition_columns": ["city"], "output_path": "out/by_city"}
    first = run("operator", "table:format", **partitioned)[0]["result"]
    second = run("operator", "table:format", **partitioned, overwrite=True)[0]["result"]
    # Objects of the second have names of their own, and those of the first are gone.
    names = [{each["path"].removeprefix(f"{url}/out/by_city/") for each in made["files"]} for made in (first, second)]
    assert names[0].isdisjoint(names[1])
    assert {*keys(s3, lake, "out/by_city")} == {*names[1], "_mason.json"}
    assert [each["name"] for each in run("operator", "table:list", database_name="out")] == ["by_city", "orders"]
    run("operator", "table:merge", database_name="shop", table_name="events", output_path="out/events.jsonl")
    run("operator", "table:fake", **orders, size=3, output_path="out/made.xlsx")
    assert len(run("operator", "table:get", database_name="out", table_name="made")[0]["columns"]) == 3
    assert keys(s3, lake, "out/orders.csv") == []


def test_workflows_run(run, s3, lake) -> None:
    found = {"database_name": "registered", "table_name": "orders"}
    run(
        "workflow",
        "table:validated_infer",
        step_1={"parameters": {**found, "path": "shop/orders.csv"}},
        step_2={"parameters": {"job_id": "{{steps.step_1.job_id}}"}},
        step_3={"parameters": {**found, "query_string": "SELECT count(*) FROM $table"}},
        step_4={"parameters": found},
    )
    assert [each["name"] for each in run("operator", "table:list", database_name="registered")] == ["orders"]
    assert keys(s3, lake, "_mason/tables/registered") == ["orders.json"]
    run("operator", "table:delete", **found)
    assert keys(s3, lake, "_mason/tables/registered") == []


def test_planning_asks_no_store(mason, lake, folder: Path, moto, proxy) -> None:
    """The proxy between Mason and the store sees nothing of it."""
    config = folder / "configs" / "lake.yaml"
    config.write_text(config.read_text("utf-8").replace(moto.endpoint, proxy.endpoint), "utf-8")
    given = "database_name:shop,table_name:orders,query_string:SELECT 1,output_path:out/a.csv"
    for arguments, code in (
        (("plan",), 0),
        (("apply", "-y", "-o"), 0),
        (("get", "all"), 0),
        (("get", "config", "5"), 0),
        (("validate", "operator", "table", "query", "-c", "5", "-p", given), 0),
    ):
        done = mason(*arguments)
        assert done.code == code, done.err
    assert proxy.log == []
    assert mason("run", "operator", "table", "list", "-c", "5", "-p", "database_name:shop").code == 0
    assert proxy.log != []
