"""The storage and metastore of ``s3``: keys, conditions, faults of networks and services, and what is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mason.clients._objects.object_path import several
from mason.clients.local import LocalClient
from mason.clients.s3 import S3Client
from mason.engines.execution import Execution
from mason.engines.metastore import Metastore
from mason.engines.models import Job, Location, Rows, Table
from mason.engines.storage import Storage
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError, TransientEngineError
from tests.servers import BUCKET
from tests.state.faults import (
    BUSY,
    CUT_AFTER,
    CUT_BEFORE,
    CUT_BODY,
    DAMAGED,
    DENIED,
    FAIL_AFTER,
    SLOW,
    SPOILT,
    proxied,
)

KEYS = [
    "a b.csv",
    "a+b.csv",
    "a%25b.csv",
    "q?x.csv",
    "h#x.csv",
    "x[1].csv",
    "st*r.csv",
    "k=v/ä;b&c.csv",
    "日本.csv",
    "'\".csv",
]
Make = Callable[..., S3Client]


@pytest.fixture
def make(moto, aws, prefix: str, tmp_path: Path) -> Iterator[Make]:
    """Makes clients over a prefix of the test's own."""
    made = []

    def call(**given: Any) -> S3Client:
        client = S3Client({"endpoint_url": moto.endpoint, "root": f"s3://{BUCKET}/{prefix}", **given}, base=tmp_path)
        made.append(client)
        return client

    yield call
    for client in made:
        client.close()


@pytest.fixture
def client(make: Make) -> S3Client:
    return make()


@pytest.fixture
def local(client: S3Client, tmp_path: Path) -> LocalClient:
    """A client ``local`` whose neighbour is ``client``."""
    made = LocalClient({"root": str(tmp_path), "warehouse": str(tmp_path / "warehouse")}, base=tmp_path)
    made.storage_for = lambda url: storage_of(client)
    return made


def storage_of(client: S3Client) -> Storage:
    found = client.engine("storage")
    assert isinstance(found, Storage)
    return found


def metastore_of(client: S3Client) -> Metastore:
    found = client.engine("metastore")
    assert isinstance(found, Metastore)
    return found


def execution_of(client: LocalClient) -> Execution:
    found = client.engine("execution")
    assert isinstance(found, Execution)
    return found


def rows(answer: Rows | Job) -> list[tuple[Any, ...]]:
    assert isinstance(answer, Rows)
    return sorted(answer.rows)


def test_every_legal_key_is_written_listed_copied_and_read(client: S3Client, local: LocalClient) -> None:
    storage = storage_of(client)
    for number, key in enumerate(KEYS):
        storage.write(f"t/{key}", f"id,text\n{number},x\n")
        assert storage.copy(f"t/{key}", f"copies/{key}").path == f"copies/{key}"
    assert [found.path for found in storage.list_paths("copies")] == sorted(f"copies/{key}" for key in KEYS)
    several(lambda key: storage.delete(f"copies/{key}"), [key for key in KEYS if "=" in key])
    # Each by its URL, and all of a folder.
    for number, key in enumerate(KEYS):
        table = Table("one", location=Location(storage.locate(f"t/{key}")))
        assert rows(execution_of(local).query("SELECT id FROM $table", table=table)) == [(number,)]
    table = Table("all", location=Location(storage.locate("copies")))
    expected = [(number,) for number, key in enumerate(KEYS) if "=" not in key]
    assert rows(execution_of(local).query("SELECT id FROM $table", table=table)) == expected


def test_keys_that_are_no_paths_are_read_with_their_folder(client: S3Client, local: LocalClient, prefix: str) -> None:
    for number, key in enumerate(("d//x.csv", "d/y.csv")):
        client.buckets.put(BUCKET, f"{prefix}/{key}", f"id,text\n{number},x\n".encode())
    storage = storage_of(client)
    assert [found.path for found in storage.list_paths("d")] == ["d//x.csv", "d/y.csv"]
    table = Table("d", location=Location(storage.locate("d")))
    assert rows(execution_of(local).query("SELECT id FROM $table", table=table)) == [(0,), (1,)]


def test_markers_of_folders_are_no_data(client: S3Client, prefix: str) -> None:
    for key in ("d/", "d/e/", "d/_SUCCESS", "d/.part.crc", "d_$folder$", "d/x.csv"):
        client.buckets.put(BUCKET, f"{prefix}/{key}", b"a\n1\n" if key.endswith("csv") else b"")
    assert [found.path for found in storage_of(client).list_paths()] == ["d/x.csv"]
    assert [table.name for table in metastore_of(client).list_tables("d")] == ["x"]


def test_tables_are_found_by_full_names_and_partitions(client: S3Client) -> None:
    storage, metastore = storage_of(client), metastore_of(client)
    for path in ("s/t.csv", "s/t.jsonl", "s/u/y=2025/a.csv", "s/u/y=2026/a.csv", "s/pictures/a.png"):
        storage.write(path, '{"a": 1}\n' if path.endswith("jsonl") else "a,b\n1,2\n")
    assert [table.name for table in metastore.list_tables("s")] == ["t.csv", "t.jsonl", "u"]
    with pytest.raises(ConflictError, match=r"Several objects are table t in database s: t\.csv, t\.jsonl\."):
        metastore.get_table("s", "t")
    assert metastore.get_table("s", "t.jsonl").format == "json"
    assert [dict(each.values) for each in metastore.list_partitions("s", "u")] == [{"y": 2025}, {"y": 2026}]
    assert [database.name for database in metastore.list_databases()] == ["s"]
    deleted = metastore.delete_table("s", "u", delete_files=True)
    assert deleted.name == "u"
    assert [found.path for found in storage.list_paths("s")] == ["s/pictures/a.png", "s/t.csv", "s/t.jsonl"]


def test_without_a_root_buckets_are_the_databases(moto, aws, prefix: str, tmp_path: Path) -> None:
    client = S3Client({"endpoint_url": moto.endpoint}, base=tmp_path)
    storage, metastore = storage_of(client), metastore_of(client)
    storage.write(f"{BUCKET}/{prefix}/t.csv", "a\n1\n")
    assert storage.read(f"s3://{BUCKET}/{prefix}/t.csv") == b"a\n1\n"
    assert BUCKET in [database.name for database in metastore.list_databases()]
    assert metastore.get_table(f"{BUCKET}/{prefix}", "t").schema is not None
    with pytest.raises(EngineError, match="Client s3 has no root, so there is no place to keep it in"):
        metastore.create_table("new", "t", definition={"location": f"{BUCKET}/{prefix}/t.csv"})
    client.close()


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("x" * 1100, "is too long: its key has"),
        ("s3://UPPER/case.csv", "'UPPER' cannot be the name of a bucket"),
        ("s3://a..b/x.csv", "'a..b' cannot be the name of a bucket"),
    ],
)
def test_what_amazon_refuses_is_refused(client: S3Client, path: str, told: str) -> None:
    with pytest.raises(EngineError) as raised:
        storage_of(client).write(path, b"x")
    assert told in str(raised.value)


def test_a_missing_bucket_is_said(make: Make) -> None:
    client = make(root="s3://no-such-bucket-here")
    with pytest.raises(NotFoundError) as raised:
        storage_of(client).list_paths()
    assert "Client s3 cannot list s3://no-such-bucket-here: it is not there (NoSuchBucket" in str(raised.value)


def test_the_state_is_kept_out(client: S3Client, make: Make, prefix: str) -> None:
    storage_of(client).write("state/data.csv", "a\n1\n")
    fenced = make()
    fenced.kept_out = (f"s3://{BUCKET}/{prefix}/state/",)
    storage = storage_of(fenced)
    assert storage.list_paths() == []
    for ask in (storage.read, storage.delete, lambda path: storage.write(path, b"", overwrite=True)):
        with pytest.raises(AccessDeniedError):
            ask("state/data.csv")


@pytest.mark.parametrize("fault", [CUT_BEFORE, CUT_AFTER, FAIL_AFTER, BUSY])
def test_a_write_is_made_once_whatever_becomes_of_its_answer(make: Make, proxy, fault: str) -> None:
    """Also a conditional one, which the store refuses when it is sent again."""
    storage = storage_of(make(endpoint_url=proxy.endpoint))
    proxy.fail("PUT", "/a.csv", fault)
    assert storage.write("a.csv", b"a\n1\n").size == 4
    assert storage.read("a.csv") == b"a\n1\n"
    with pytest.raises(ConflictError):
        storage.write("a.csv", b"other")


@pytest.mark.parametrize("fault", [CUT_BEFORE, CUT_BODY, BUSY])
def test_reading_goes_on_after_a_fault(make: Make, proxy, fault: str) -> None:
    storage = storage_of(make(endpoint_url=proxy.endpoint))
    storage.write("t/a.csv", "id,text\n" + "1,x\n" * 50_000)
    proxy.fail("GET", f"/{BUCKET}", fault)
    assert [found.path for found in storage.list_paths("t")] == ["t/a.csv"]
    proxy.fail("GET", "/a.csv", BUSY)
    assert storage.infer_table("t").schema is not None


def test_an_answer_that_is_cut_off_for_good_is_told(make: Make, proxy) -> None:
    storage = storage_of(make(endpoint_url=proxy.endpoint))
    storage.write("a.csv", "id\n" + "1\n" * 1000)
    proxy.always("GET", "/a.csv", CUT_BODY)
    with pytest.raises(TransientEngineError, match="no whole answer came"):
        storage.read("a.csv")


def test_an_object_that_changes_while_it_is_read_is_refused(client: S3Client, prefix: str) -> None:
    storage_of(client).write("a.csv", "id\n1\n")
    facts = client.buckets.facts(BUCKET, f"{prefix}/a.csv")
    assert facts is not None
    storage_of(client).write("a.csv", "id\n2\n", overwrite=True)
    with pytest.raises(EngineError, match="changed while it was read"):
        client.buckets.read_range(BUCKET, facts.key, 0, 2, facts.etag)


@pytest.mark.slow
def test_what_is_damaged_on_its_way_to_the_store_is_refused(seaweed, make: Make) -> None:
    """By SeaweedFS, which looks at checksums as Amazon does; moto takes everything."""
    with proxied(seaweed.endpoint) as between:
        storage = storage_of(make(endpoint_url=between.endpoint))
        between.fail("PUT", "/a.csv", SPOILT)
        with pytest.raises(TransientEngineError, match="what was sent was damaged on the way"):
            storage.write("a.csv", b"id\n1\n")
        assert not storage.exists("a.csv")
        storage.write("a.csv", b"id\n1\n")
        assert storage.read("a.csv") == b"id\n1\n"


def test_what_is_damaged_on_its_way_here_is_asked_for_again(make: Make, proxy, tmp_path: Path) -> None:
    client = make(endpoint_url=proxy.endpoint)
    storage = storage_of(client)
    storage.write("a.csv", b"id\n1\n")
    at = client.root.object_at("a.csv")
    proxy.fail("GET", "/a.csv", DAMAGED)
    at.download(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"id\n1\n"
    proxy.always("GET", "/a.csv", DAMAGED)
    with pytest.raises(TransientEngineError, match="damaged on the way"):
        storage.read("a.csv")
    with pytest.raises(TransientEngineError, match="damaged on the way"):
        storage.fingerprint("a.csv", content=True)


def test_large_objects_go_and_come_in_parts(client: S3Client, prefix: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 80_000
    (tmp_path / "large").write_bytes(content)
    facts = client.buckets.upload(BUCKET, f"{prefix}/large", tmp_path / "large", expect="*")
    assert facts.etag.endswith('-2"')
    client.buckets.download(BUCKET, facts, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    with pytest.raises(ConflictError):
        client.buckets.upload(BUCKET, f"{prefix}/large", tmp_path / "large", expect="*")
    # No parts are left of the one that was refused.
    s3 = client.aws.service("s3")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix)


def test_objects_are_copied_to_other_clients_and_to_files(
    client: S3Client, make: Make, local: LocalClient, tmp_path: Path, prefix: str
) -> None:
    other = make(root=f"s3://{BUCKET}/{prefix}-other")
    files = local.engine("storage")
    assert isinstance(files, Storage)
    client.storage_for = lambda url: files if url.startswith("file:") else storage_of(other)
    storage = storage_of(client)
    storage.write("a.csv", "id\n1\n")
    there = f"s3://{BUCKET}/{prefix}-other/b.csv"
    assert storage.copy("a.csv", there).path == there
    assert storage_of(other).read("b.csv") == b"id\n1\n"
    url = (tmp_path / "back.csv").as_uri()
    assert storage.copy(there, url).path == url
    assert (tmp_path / "back.csv").read_bytes() == b"id\n1\n"
    assert storage.copy(url, "again.csv").size == 5
    for path, target in ((there, url), (url, "again.csv")):
        with pytest.raises(ConflictError, match="exists already"):
            storage.copy(path, target)
    with pytest.raises(EngineError, match="is neither"):
        storage.copy(url, url)
    with pytest.raises(AccessDeniedError):
        storage.copy("a.csv", "file:///etc/mason-tests.csv")


def test_of_two_writers_of_a_folder_one_is_told(client: S3Client, local: LocalClient, prefix: str) -> None:
    storage = storage_of(client)
    storage.write("s/t.csv", "id,k\n1,a\n2,b\n")
    table, url = Table("t", location=Location(storage.locate("s/t.csv"))), storage.locate("out")
    wanted: dict[str, Any] = {"output": url, "format": "parquet", "partition_columns": ["k"]}
    execution_of(local).format(table, **wanted)
    before = [found.path for found in storage.list_paths("out")]
    with pytest.raises(ConflictError, match="exists already"):
        execution_of(local).format(table, **wanted)
    client.buckets.put(BUCKET, f"{prefix}/out/k=a/stranger.parquet", b"mine")
    with pytest.raises(ConflictError, match="holds files besides those that Mason wrote"):
        execution_of(local).format(table, **wanted, overwrite=True)
    storage.delete("out/k=a/stranger.parquet")
    execution_of(local).format(table, **wanted, overwrite=True)
    after = [found.path for found in storage.list_paths("out")]
    assert len(after) == len(before)
    assert {*after}.isdisjoint(before)


def test_credentials_cannot_be_asked_for(client: S3Client, local: LocalClient) -> None:
    storage = storage_of(client)
    storage.write("s/t.csv", "id,k\n1,a\n")
    storage.write("s/other.csv", "id,k\n1,a\n")
    table = Table("t", location=Location(storage.locate("s/t.csv")))
    for sql in (
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM which_secret('s3://b', 's3')",
        f"SELECT * FROM read_csv('{storage.locate('s/other.csv')}')",
        "SELECT current_setting('s3_secret_access_key') FROM $table",
    ):
        with pytest.raises(EngineError) as raised:
            execution_of(local).query(sql, table=table)
        assert "mason-tests" not in str(raised.value)


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_schemas_of_many_objects_are_asked_for_at_once(make: Make, proxy, prefix: str, ending: str) -> None:
    """A request for each object, and more of them under way than one."""
    import duckdb

    client = make()
    path = client.base / "one.parquet"
    duckdb.sql("SELECT 1 AS id, 'x' AS name").write_parquet(str(path))
    content = {"parquet": path.read_bytes(), "csv": b"id,name\n1,x\n", "jsonl": b'{"id": 1, "name": "x"}\n'}[ending]
    keys = [f"{prefix}/many/{number}.{ending}" for number in range(40)]
    several(lambda key: client.buckets.put(BUCKET, key, content), keys)
    proxy.delay = 0.2
    proxy.always("GET", f".{ending}", SLOW)
    table = storage_of(make(endpoint_url=proxy.endpoint)).infer_table("many")
    assert table.schema is not None
    assert table.schema.names == ("id", "name")
    assert len(keys) <= len(proxy.asked("GET", f".{ending}")) <= len(keys) + 5
    assert proxy.most_at_once > 8


def test_of_many_objects_the_one_that_cannot_be_read_is_named(client: S3Client, prefix: str) -> None:
    for number in range(10):
        content = b'{"id": 1}\n' if number != 7 else b'{"id": 1}\n{"id": \n'
        client.buckets.put(BUCKET, f"{prefix}/many/{number}.jsonl", content)
    with pytest.raises(EngineError) as raised:
        storage_of(client).infer_table("many")
    assert str(raised.value).startswith("many/7.jsonl is cut off: its last value has no end.")


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (DENIED, AccessDeniedError, "This statement in a policy would allow it"),
        (CUT_BODY, TransientEngineError, "Check the network, and try again."),
        ("deleted", NotFoundError, "There is no object and no folder"),
    ],
)
def test_what_the_engine_meets_is_told(
    make: Make, local: LocalClient, proxy, fault: str, kind: type, told: str
) -> None:
    """Credentials that are taken away, or an object that goes, after the table was looked at."""
    client = make(endpoint_url=proxy.endpoint)
    local.storage_for = lambda url: storage_of(client)
    storage, execution = storage_of(client), execution_of(local)
    storage.write("s/t.csv", "id,k\n" + "1,a\n" * 1000)
    table = Table("t", location=Location(storage.locate("s/t.csv")))
    execution.preview(table)
    if fault == "deleted":
        storage.delete("s/t.csv")
    else:
        proxy.always("GET", "/t.csv", fault)
    with pytest.raises(kind) as raised:
        execution.query("SELECT count(*) FROM $table", table=table)
    assert told in str(raised.value)
    assert "mason-tests-secret" not in str(raised.value)
