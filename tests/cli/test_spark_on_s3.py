"""Standard operators on Spark over tables of S3: what they answer and write is what ``local`` does there; and kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import spark_servers
from tests.cli.test_spark_runs import BY_CARRIER, LONG
from tests.conftest import Mason
from tests.servers import BUCKET, S3Server
from tests.spark_servers import SparkServer
from tests.test_readme import ROOT
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spark_connect")]

CONFIG = """\
type: config
id: "{id}"
metastore_clients: [s3]
storage_clients: [s3]
execution_clients: [{execution}]
clients:
  spark: {{configuration: {{remote: "{remote}"}}}}
  s3:
    configuration:
      root: s3://{bucket}/{prefix}
      endpoint_url: {endpoint}
      access_key: "{{{{AWS_ACCESS_KEY_ID}}}}"
      secret_key: "{{{{AWS_SECRET_ACCESS_KEY}}}}"
"""
FLIGHTS = {"database_name": "air", "table_name": "flights"}
PLANES = {"database_name": "air", "table_name": "planes"}
OPERATORS: list[tuple[str, dict[str, Any]]] = [
    ("get", {**PLANES, "output_path": "made/columns.csv"}),
    ("query", {**FLIGHTS, "query_string": BY_CARRIER}),
    ("query", {**FLIGHTS, "query_string": BY_CARRIER, "output_path": "made/by_carrier.parquet"}),
    ("summarize", PLANES),
    ("format", {**PLANES, "output_path": "made/planes", "format": "parquet", "partition_columns": ["engines"]}),
    ("merge", {**FLIGHTS, "output_path": "made/merged.parquet"}),
    ("dedupe", {**FLIGHTS, "keys": ["carrier", "origin"], "order_by": ["dep_time"], "output_path": "made/d.csv"}),
    ("fake", {**PLANES, "size": 200, "output_path": "made/fake.csv"}),
]


@pytest.fixture
def s3(moto: S3Server, aws: None) -> Any:
    import boto3

    return boto3.client("s3", endpoint_url=moto.endpoint)


@pytest.fixture
def lake(mason: Mason, folder: Path, moto: S3Server, prefix: str, s3: Any, spark_server: SparkServer) -> Path:
    """A project with configs ``local`` and ``spark``, whose tables are the flight data in a bucket."""
    assert mason("init").code == 0
    given = {"remote": spark_server.remote, "bucket": BUCKET, "prefix": prefix, "endpoint": moto.endpoint}
    configs = [CONFIG.format(id=f"{each}-s3", execution=each, **given) for each in ("local", "spark")]
    (folder / "configs" / "lake.yaml").write_text("---\n".join(configs))
    assert mason("apply", "-y").code == 0
    data = ROOT / "examples" / "data"
    for file in (*sorted((data / "flights").iterdir())[:2], data / "planes.csv", data / "airlines.csv"):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/air/{file.relative_to(data)}", Body=file.read_bytes())
    return folder


def objects(s3: Any, prefix: str, folder: str) -> dict[str, bytes]:
    """The objects in a folder of the root, without what Mason notes of them."""
    above = f"{prefix}/{folder}"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=above).get("Contents", [])
    return {
        each["Key"].removeprefix(above): s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
        for each in listed
        if not each["Key"].endswith("_mason.json")
    }


def test_operators_answer_as_local_does(mason: Mason, lake: Path) -> None:
    found = {}
    for command, given in OPERATORS:
        said = ("-c", "local-s3", "-c", "spark-s3", "-p", json.dumps(given), "-y")
        done = mason("compare", "operator", "table", command, *said)
        found[command, given.get("output_path", "")] = (done.out or done.err).splitlines()[0]
    assert found == {
        (
            command,
            given.get("output_path", ""),
        ): f"Operator table:{command} with configs local-s3 and spark-s3: the same."
        for command, given in OPERATORS
    }


def test_what_is_written_is_whole_and_replaced_when_asked(mason: Mason, lake: Path, s3: Any, prefix: str) -> None:
    """Files and folders; nothing is left beside them, and the same once more is refused, then done by ``overwrite``."""
    for given, names in (
        ({"output_path": "out/planes.csv", "format": "csv", "filter_columns": ["tailnum", "year"]}, [""]),
        (
            {"output_path": "out/parts", "format": "csv", "partition_columns": ["engines"]},
            ["/engines=1/", "/engines=2/"],
        ),
    ):
        run = ("run", "operator", "table", "format", "-c", "spark-s3", "-y", "-p")
        done = mason(*run, json.dumps({**PLANES, **given}))
        assert done.code == 0, done.err
        before = objects(s3, prefix, given["output_path"])
        assert {name.rpartition("/")[0] + "/" if "/" in name else "" for name in before} >= set(names)
        again = mason(*run, json.dumps({**PLANES, **given}))
        assert again.err.splitlines()[-1].endswith(" exists already. Ask for overwrite to replace it.")
        assert objects(s3, prefix, given["output_path"]) == before
        replaced = mason(*run, json.dumps({**PLANES, **given, "overwrite": True}))
        assert replaced.code == 0, replaced.err
        after = objects(s3, prefix, given["output_path"])
        assert sorted(map(sorted, (value.splitlines() for value in after.values()))) == sorted(
            map(sorted, (value.splitlines() for value in before.values()))
        )
    assert list((lake / "warehouse" / "spark" / "work").iterdir()) == []


def test_a_killed_run_is_gone_on_with(mason: Mason, lake: Path, s3: Any, prefix: str) -> None:
    """While Spark writes: the job is found, and its output published once."""
    given = {"database_name": "air", "table_name": "airlines", "query_string": LONG, "output_path": "out/sum.csv"}
    said = ("run", "operator", "table", "query", "-c", "spark-s3", "-y", "-p", json.dumps(given))
    process = subprocess.Popen(
        [sys.executable, "-m", "mason", *said],
        env={**os.environ, "PYTHONPATH": str(spark_servers.CLIENT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: process.poll() is not None or list((lake / "warehouse" / "spark").glob("work/*/out")))
    process.kill()
    process.wait()
    assert objects(s3, prefix, "out") == {}
    (run_id,) = [each["run_id"] for each in mason("runs", "list", "--json").json["runs"]]
    done = mason("runs", "resume", run_id, "-y")
    assert done.code == 0, done.err
    assert objects(s3, prefix, "out") == {"/sum.csv": b"s\n59999997\n"}
