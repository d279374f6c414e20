"""What Spark wrote becomes an object whole and once, and not where its sources changed: no Spark is asked for that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mason.clients._tables.requests import Output
from mason.clients.s3 import S3Client
from mason.clients.s3.storage import S3Storage
from mason.clients.spark import SparkClient
from mason.clients.spark.spark_work import fingerprint_of, folder_of, out_of, publish
from mason.clients.spark.submitted_work import Work
from mason.errors import ConflictError, EngineError
from tests.servers import BUCKET, S3Server


@pytest.fixture
def s3(moto: S3Server, aws: None) -> Any:
    import boto3

    return boto3.client("s3", endpoint_url=moto.endpoint)


@pytest.fixture
def client(tmp_path: Path, moto: S3Server, s3: Any, prefix: str) -> SparkClient:
    """A client whose neighbour has a bucket with one object, ``t.csv``."""
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/t.csv", Body=b"a\n1\n")
    made = SparkClient({"remote": "sc://127.0.0.1:1", "folder": "kept"}, base=tmp_path)
    storage = S3Client({"root": f"s3://{BUCKET}/{prefix}", "endpoint_url": moto.endpoint}, base=tmp_path).engine(
        "storage"
    )
    assert isinstance(storage, S3Storage)
    made.storage_for = lambda url: storage if url.startswith("s3://") else None
    return made


@pytest.fixture
def work(client: SparkClient, prefix: str) -> Callable[[Output], Work]:
    """Makes a job that Spark is through with: two rows, read from ``t.csv``."""

    def make(output: Output) -> Work:
        files = (client.root.place(f"s3://{BUCKET}/{prefix}/t.csv"),)
        job = Work(
            "20260101T000000-00",
            "execution.query",
            "",
            "SELECT a FROM t",
            "SELECT a FROM t",
            (("a", "INTEGER"),),
            output,
            client.root.place(output.path),
            files=files,
            fingerprint=fingerprint_of(client, files),
        )
        out = out_of(client, job.job_id)
        out.mkdir(parents=True)
        duckdb.sql("SELECT range::INTEGER AS c0 FROM range(2)").write_parquet(str(out / "part-0.parquet"))
        (out / "_SUCCESS").touch()
        # As the process has it that goes on with it.
        return Work.from_dict(json.loads(json.dumps(job.to_dict())), client.root.place)

    return make


def versions(s3: Any, prefix: str) -> dict[str, tuple[str, Any]]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/out").get("Contents", [])
    return {each["Key"].removeprefix(f"{prefix}/"): (each["ETag"], each["LastModified"]) for each in listed}


@pytest.mark.parametrize("folder", [False, True])
def test_an_output_that_is_published_is_known_again(
    client: SparkClient, work: Callable[[Output], Work], s3: Any, prefix: str, folder: bool
) -> None:
    """A process may be killed when the objects are there, and before it could say so."""
    path = f"s3://{BUCKET}/{prefix}/{'out' if folder else 'out.csv'}"
    job = work(Output(path, "csv", files=2, folder=True) if folder else Output(path, "csv"))
    manifest = publish(client, job)
    before = versions(s3, prefix)
    assert (manifest["rows"], manifest["output"]) == (2, path)
    assert publish(client, job) == manifest
    assert versions(s3, prefix) == before
    assert len(before) == (3 if folder else 1)


def test_what_others_put_there_is_not_taken_for_it(
    client: SparkClient, work: Callable[[Output], Work], s3: Any, prefix: str
) -> None:
    job = work(Output(f"s3://{BUCKET}/{prefix}/out.csv", "csv"))
    publish(client, job)
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/out.csv", Body=b"a\n7\n")
    with pytest.raises(ConflictError, match=r"out\.csv exists already\. Ask for overwrite to replace it\."):
        publish(client, job)
    assert s3.get_object(Bucket=BUCKET, Key=f"{prefix}/out.csv")["Body"].read() == b"a\n7\n"


def test_objects_that_change_meanwhile_are_told(
    client: SparkClient, work: Callable[[Output], Work], s3: Any, prefix: str
) -> None:
    job = work(Output(f"s3://{BUCKET}/{prefix}/out.csv", "csv"))
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/t.csv", Body=b"a\n2\n")
    with pytest.raises(EngineError) as raised:
        publish(client, job)
    assert str(raised.value) == "The files that were read changed meanwhile, so nothing was written. Run it again."
    assert versions(s3, prefix) == {}
    assert folder_of(client, job.job_id).is_dir()
