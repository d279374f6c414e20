"""Objects are read by the same law as files: what is found, told and refused is the same, word for word."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients.local import LocalClient
from mason.clients.s3 import S3Client
from mason.engines.client import Client
from mason.engines.execution import Execution
from mason.engines.models import Location, Table
from mason.engines.storage import Storage
from mason.errors import MasonError
from tests.servers import BUCKET

CASES = Path(__file__).parent / "cases"
LONG = "".join(f"{n},{n}\n" for n in range(40_000))


def made() -> dict[str, bytes]:
    """Files in which something is wrong, or needs a copy, behind the beginning or at the end."""
    lines = "".join(f'{{"n": {n}}}\n' for n in range(5000))
    return {
        "cut.csv.gz": gzip.compress(f"a,b\n{LONG}".encode())[:-20],
        "whole.csv.gz": gzip.compress(f"a,b\n{LONG}".encode()),
        "utf16.csv": "a,b\nä,1\nö,2\n".encode("utf-16"),
        "latin.csv": f"a,b\n{LONG}é,1\n".encode("latin-1"),
        "mixed-ends.csv": b'a,b\r\n1,"x\r\ny"\n2,z\r\n',
        "late.csv": f"a,b\n{LONG}x,1\n".encode(),
        "ragged-late.csv": f"a,b\n{LONG}1,2,3\n".encode(),
        "late.jsonl": f'{lines}{{"n": "x"}}\n'.encode(),
        "broken.jsonl": f'{lines}{{"n": 1\n'.encode(),
        "marked.json": b'\xef\xbb\xbf[{"a": 1}]',
        "empty.csv": b"",
        "damaged.parquet": b"PAR1 and then nothing of the kind PAR1",
        "damaged.xlsx": b"PK no workbook",
        "null=partitions/k=NULL/a.csv": b"x\n1\n",
    }


def files() -> dict[str, bytes]:
    """All of them, and the cases that the readers of files are tested with."""
    cases = {str(path.relative_to(CASES)): path.read_bytes() for path in sorted(CASES.rglob("*")) if path.is_file()}
    return {name: content for name, content in (cases | made()).items() if not name.endswith((".md", ".py"))}


FILES = files()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> LocalClient:
    root = tmp_path_factory.mktemp("files")
    for name, content in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return LocalClient({"root": str(root), "warehouse": str(root / "warehouse")}, base=root)


@pytest.fixture(scope="module")
def there(moto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Client]]:
    """The client of the objects, and one that works on them."""
    base = tmp_path_factory.mktemp("work")
    given = {"endpoint_url": moto.endpoint, "root": f"s3://{BUCKET}/law", "access_key": "a", "secret_key": "b"}
    objects = S3Client({**given, "aws_region": "us-east-1"}, base=base)
    for name, content in FILES.items():
        objects.buckets.put(BUCKET, f"law/{name}", content)
    working = LocalClient({"root": str(base), "warehouse": str(base / "warehouse")}, base=base)
    working.storage_for = lambda url: _storage(objects)
    yield objects, working
    objects.close()


def _storage(client: Client) -> Storage:
    found = client.engine("storage")
    assert isinstance(found, Storage)
    return found


def found(storage: Client, work: Client, path: str) -> Any:
    """What is told of a file, the rows of it and what they are like, or why there is none of that."""
    execution = work.engine("execution")
    assert isinstance(execution, Execution)
    told: list[Any] = []
    try:
        table = _storage(storage).infer_table(path)
        told.append({**table.to_dict(), "location": ""})
    except MasonError as error:
        return [f"{type(error).__name__}: {error}"]
    for ask in (
        lambda given: execution.preview(given, limit=100).to_dicts(),
        lambda given: execution.summarize(given).to_dicts(),
        lambda given: execution.query("SELECT * FROM $table ORDER BY ALL", table=given, limit=100).to_dicts(),
    ):
        try:
            url = _storage(storage).locate(path)
            told.append(ask(Table(table.name, location=Location(url), options=table.options)))
        except MasonError as error:
            told.append(f"{type(error).__name__}: {error}")
    return json.loads(json.dumps(told, default=str))


@pytest.mark.parametrize(
    "name",
    [
        *(each if each in made() else pytest.param(each, marks=pytest.mark.slow) for each in FILES),
        "dates/sales",
        "null=partitions",
    ],
)
def test_objects_are_read_as_files_are(local, there, name: str) -> None:
    root = local.root.path
    expected = json.dumps(found(local, local, name)).replace(f"{root}/", "").replace("client local", "client s3")
    actual = json.dumps(found(*there, name)).replace(f"s3://{BUCKET}/law/", "").replace("client local", "client s3")
    assert json.loads(actual) == json.loads(expected)
