"""What is HDFS's own, on a real one: names, permissions, safe mode, nodes that go, and tables there."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest

from mason.clients._objects.object_store import NEW
from mason.clients.hdfs import HdfsClient
from mason.clients.hdfs.storage import HdfsStorage
from mason.clients.local import LocalClient
from mason.engines.execution import Execution
from mason.engines.models import Location, Table
from mason.engines.progress import Progress, observing
from mason.engines.storage import Storage
from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
    UnknownOutcomeError,
)
from tests.hdfs_servers import USER, HdfsServer, hdfs_server, missing
from tests.servers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hdfs")]

NAMES = [
    "a b.csv",
    "pct%.csv",
    "pct%25.csv",
    "pct%2541.csv",
    "plus+&=.csv",
    "q?#[1].csv",
    "Köln.csv",
    "日本.csv",
    "~'().csv",
]


@pytest.fixture
def url(hdfs_server: HdfsServer) -> str:
    """A folder that no other test uses."""
    return f"{hdfs_server.url}/{uuid.uuid4()}"


@pytest.fixture
def client(hdfs_server: HdfsServer, url: str, tmp_path: Path) -> Iterator[HdfsClient]:
    made = HdfsClient({"root": url, "namenodes": hdfs_server.namenode, "user": USER}, base=tmp_path)
    yield made
    made.close()


@pytest.fixture
def storage(client: HdfsClient) -> HdfsStorage:
    found = client.engine("storage")
    assert isinstance(found, HdfsStorage)
    return found


@pytest.mark.parametrize("folder", ["plain", "a%25b c+d"])
def test_names_are_what_they_are(storage: HdfsStorage, hdfs_server: HdfsServer, url: str, folder: str) -> None:
    """Also where the datanode decodes them twice."""
    for number, name in enumerate(NAMES):
        storage.write(f"{folder}/{name}", f"{number}")
    root = url.removeprefix(hdfs_server.url)
    told: Any = hdfs_server.ask("GET", f"{root}/{folder}", op="LISTSTATUS")
    assert sorted(each["pathSuffix"] for each in told["FileStatuses"]["FileStatus"]) == sorted(NAMES)
    assert [storage.read(f"{folder}/{name}") for name in NAMES] == [
        f"{number}".encode() for number in range(len(NAMES))
    ]
    assert sorted(each.path for each in storage.list_paths(folder)) == sorted(f"{folder}/{name}" for name in NAMES)
    assert storage.locate(f"{folder}/pct%25.csv") == f"{url}/{folder}/pct%25.csv"
    assert [
        each["pathSuffix"] for each in hdfs_server.ask("GET", root, op="LISTSTATUS")["FileStatuses"]["FileStatus"]
    ] == [  # type: ignore[index]
        folder
    ]
    storage.copy(f"{folder}/pct%25.csv", "copied%25.csv")
    assert storage.read("copied%25.csv") == b"2"


def test_ranges(client: HdfsClient, storage: HdfsStorage) -> None:
    content = os.urandom(300_000)
    storage.write("a.bin", content)
    storage.write("empty.bin", b"")
    path = client.root.resolve("a.bin")
    with path.open("rb") as file:
        assert file.read(10) == content[:10]
        file.seek(-5, os.SEEK_END)
        assert file.read() == content[-5:]
        assert file.read(1) == b""
        file.seek(1000)
        assert file.read(200_000) == content[1000:201_000]
    assert storage.read("empty.bin") == b""


def test_a_file_that_changes_while_it_is_read(client: HdfsClient, storage: HdfsStorage) -> None:
    storage.write("a.bin", b"x" * 1_000_000)
    with client.root.resolve("a.bin").open("rb") as file:
        assert file.read(1) == b"x"
        storage.write("a.bin", b"y" * 1_000_000, overwrite=True)
        with pytest.raises(EngineError) as raised:
            file.read()
    assert "changed while it was read" in str(raised.value)


def test_of_several_writers_one_makes_a_file(client: HdfsClient, storage: HdfsStorage) -> None:
    def write(number: int) -> int:
        try:
            storage.write("a.txt", f"by {number}")
        except ConflictError:
            return -1
        return number

    with ThreadPoolExecutor(8) as pool:
        made = [number for number in pool.map(write, range(8)) if number >= 0]
    assert [storage.read("a.txt").decode()] == [f"by {number}" for number in made]
    assert [each.path for each in storage.list_paths()] == ["a.txt"]
    with pytest.raises(ConflictError):
        client.store.put(client.root.path.bucket, client.root.resolve("a.txt").key, b"x", expect=NEW)
    with pytest.raises(ConflictError) as raised:
        client.store.put(client.root.path.bucket, client.root.resolve("a.txt").key, b"x", expect="another version")
    assert "was changed by others meanwhile" in str(raised.value)


KILLED = """\
import os, signal, sys
from pathlib import Path

from mason.clients.hdfs import HdfsClient

root, namenodes, user = sys.argv[1:]
client = HdfsClient({"root": root, "namenodes": namenodes, "user": user}, base=Path("."))


class Body:
    sent = 0

    def read(self, size):
        # More than sockets hold: the datanode has begun to write by then, so the namenode knows the file.
        if self.sent > 64_000_000:
            os.kill(os.getpid(), signal.SIGKILL)
        self.sent += size
        return b"x" * size


client.store._written(client.root.path.bucket, client.root.resolve("a.txt").key, Body(), 1 << 30, "")
"""


def test_a_writer_that_is_killed(storage: HdfsStorage, hdfs_server: HdfsServer, url: str) -> None:
    """Readers see the old file; what the writer had sent is listed by nobody, and in nobody's way."""
    storage.write("a.txt", b"old")
    command = [sys.executable, "-c", KILLED, url, hdfs_server.namenode, USER]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    told: Any = hdfs_server.ask("GET", url.removeprefix(hdfs_server.url), op="LISTSTATUS")
    names = sorted(each["pathSuffix"] for each in told["FileStatuses"]["FileStatus"])
    assert (len(names), names[0][:7], names[-1]) == (2, ".mason-", "a.txt")
    assert storage.read("a.txt") == b"old"
    assert [each.path for each in storage.list_paths()] == ["a.txt"]
    storage.write("a.txt", b"new", overwrite=True)
    assert storage.read("a.txt") == b"new"


def test_folders_are_real(storage: HdfsStorage, hdfs_server: HdfsServer, url: str) -> None:
    hdfs_server.ask("PUT", f"{url.removeprefix(hdfs_server.url)}/empty", op="MKDIRS")
    assert storage.exists("empty")
    assert storage.list_paths("") == []
    storage.delete("empty", recursive=True)
    assert not storage.exists("empty")
    storage.write("a/b/c.txt", b"x")
    storage.delete("a", recursive=True)
    assert not storage.exists("a")
    with pytest.raises(AccessDeniedError):
        storage.delete("", recursive=True)


def test_who_may_not_is_told(hdfs_server: HdfsServer, storage: HdfsStorage, url: str, tmp_path: Path) -> None:
    storage.write("a.txt", b"x")
    root = url.removeprefix(hdfs_server.url)
    ann = HdfsClient({"root": url, "namenodes": hdfs_server.namenode, "user": "ann"}, base=tmp_path)
    theirs = ann.engine("storage")
    assert isinstance(theirs, Storage)
    with pytest.raises(AccessDeniedError) as raised:
        theirs.write("b.txt", b"x")
    told = f'Cannot write {root}/b.txt as user ann: Permission denied: user=ann, access=WRITE, inode="{root}'
    assert str(raised.value).startswith(told)
    with pytest.raises(AccessDeniedError):
        theirs.delete("a.txt")
    hdfs_server.ask("PUT", root, op="SETPERMISSION", permission="700")
    with pytest.raises(AccessDeniedError) as raised:
        theirs.read("a.txt")
    assert "as user ann: Permission denied: user=ann, access=EXECUTE" in str(raised.value)
    assert [each.path for each in storage.list_paths()] == ["a.txt"]
    ann.close()


def test_a_token_is_no_ones_to_see(hdfs_server: HdfsServer, url: str, tmp_path: Path) -> None:
    token = "bm90LWEtdG9rZW4"
    made = HdfsClient({"root": url, "namenodes": hdfs_server.namenode, "delegation_token": token}, base=tmp_path)
    found = made.engine("storage")
    assert isinstance(found, Storage)
    with pytest.raises(EngineError) as raised:
        found.read("a.txt")
    assert token not in str(raised.value)
    assert token not in repr(raised.value.__cause__)
    made.close()


class _Standby(BaseHTTPRequestHandler):
    """A namenode that is not active."""

    def do_GET(self) -> None:
        body = (
            b'{"RemoteException":{"exception":"StandbyException","javaClassName":'
            b'"org.apache.hadoop.ipc.StandbyException","message":"Operation category READ is not supported in state '
            b'standby"}}'
        )
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_GET
    do_DELETE = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def standby() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Standby)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_active_namenode_is_found(hdfs_server: HdfsServer, url: str, tmp_path: Path) -> None:
    gone = f"http://127.0.0.1:{free_port()}"
    with standby() as passive:
        given = {"root": url, "namenodes": f"{gone}, {passive}/,{hdfs_server.namenode}", "user": USER}
        made = HdfsClient(given, base=tmp_path)
        found = made.engine("storage")
        assert isinstance(found, Storage)
        found.write("a.txt", b"x")
        assert found.read("a.txt") == b"x"
        made.close()
        none = HdfsClient({**given, "namenodes": passive}, base=tmp_path).engine("storage")
        assert isinstance(none, Storage)
        with pytest.raises(TransientEngineError) as raised:
            none.read("a.txt")
        assert "no namenode is active" in str(raised.value)


class _Once(BaseHTTPRequestHandler):
    """A namenode and a datanode of three files, ``/a/b.txt``, ``/a/pct%.txt`` and ``/a/pct%25.txt``; the datanode
    decodes paths once, and ends in the middle of the files in ``/cut``, and before it answers to a write. ``leads_to``
    is where the namenode sends to instead, where that is set."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]]
    leads_to: ClassVar[str] = ""

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if "op=GETFILESTATUS" in query:
            told = {"type": "FILE", "length": 10, "modificationTime": 1, "fileId": 1}
            self._answer(200, json.dumps({"FileStatus": told}).encode())
        elif "at=datanode" not in query:
            self._lead_on(path, "OPEN")
        elif path.startswith("/webhdfs/v1/cut/"):
            self.send_response(200)
            in_chunks = path.endswith("chunks")
            self.send_header(*(("Transfer-Encoding", "chunked") if in_chunks else ("Content-Length", "10")))
            self.end_headers()
            self.wfile.write(b"A\r\nxxx" if in_chunks else b"xxx")
            self.close_connection = True
        else:
            self.asked.append(path.removeprefix("/webhdfs/v1"))
            files = {"/webhdfs/v1/a/b.txt": b"x", "/webhdfs/v1/a/pct%.txt": b"x", "/webhdfs/v1/a/pct%25.txt": b"o"}
            content = files.get(unquote(path))
            self._answer(*((200, content * 10) if content else (404, b"{}")))

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        if "op=MKDIRS" in query:
            self._answer(200, b'{"boolean": true}')
        elif "at=datanode" not in query:
            self._lead_on(path, "CREATE")
        else:
            self.close_connection = True

    def _lead_on(self, path: str, operation: str) -> None:
        host, port = self.server.server_address[:2]
        self.send_response(307)
        self.send_header("Location", self.leads_to or f"http://{host}:{port}{path}?op={operation}&at=datanode")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def decoding_once(tmp_path: Path, leads_to: str = "") -> Iterator[tuple[HdfsClient, list[str]]]:
    """A client of such a server, and the paths that the datanode was asked for."""
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Once", (_Once,), {"asked": asked, "leads_to": leads_to}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = {"root": "hdfs://lake/", "namenodes": f"http://127.0.0.1:{server.server_address[1]}"}
    client = HdfsClient(given, base=tmp_path)
    yield client, asked
    client.close()
    server.shutdown()
    server.server_close()


def test_an_answer_that_is_cut_off(tmp_path: Path) -> None:
    with decoding_once(tmp_path) as (client, _):
        for read in (
            lambda key: client.store.read("lake", key, most=100),
            lambda key: list(client.store.pieces("lake", key)),
        ):
            with pytest.raises(TransientEngineError) as raised:
                read("cut/length")
            assert str(raised.value) == (
                "hdfs://lake/cut/length was cut off while it was read: 3 of 10 bytes came. Read it again."
            )
            with pytest.raises(TransientEngineError) as raised:
                read("cut/chunks")
            told = r"Cannot read /cut/chunks: the connection was lost \(http://[\d.:]+ \(IncompleteRead\(.*\)\)\)\."
            assert re.fullmatch(told, str(raised.value))


def test_a_write_whose_answer_is_lost(tmp_path: Path) -> None:
    with decoding_once(tmp_path) as (client, _), pytest.raises(UnknownOutcomeError) as raised:
        client.store.put("lake", "a/new.txt", b"x")
    assert re.fullmatch(
        r"It is not known whether HDFS did what it was asked for, to write /a/new\.txt: the connection was lost "
        r"\(http://[\d.:]+ \(.+\)\)\. Look what there is before you try again\.",
        str(raised.value),
    )


def test_how_often_datanodes_decode_is_found_out_once(tmp_path: Path) -> None:
    with decoding_once(tmp_path) as (client, asked):
        for key in ("a/pct%.txt", "a/b.txt", "a/pct%.txt"):
            assert client.store.read("lake", key, most=100) == b"x" * 10
        # The first one is "pct%.txt" with all its characters, so that the other file is not taken for it.
        whole = "".join(f"%25{byte:02X}" for byte in b"pct%.txt")
        assert asked == [f"/a/{whole}", "/a/pct%25.txt", "/a/b.txt", "/a/pct%25.txt"]
        assert client.store.read("lake", "a/pct%25.txt", most=100) == b"o" * 10


@pytest.mark.parametrize(
    "location",
    [
        "http://host:1/webhdfs/v1/a b?op=OPEN&delegation=s3cr3t",
        "http://host:1/webhdfs/v1/a?op=OPEN&delegation=s3cr3t\x7f",
        "http://host:1/webhdfs/v1/a?op=OPEN&delegation=s3cr3t\xe9",
        "http://host:s3cr3t/webhdfs/v1/a?op=OPEN",
        "http://[s3cr3t/webhdfs/v1/a?op=OPEN",
        "ftp://s3cr3t/",
        "/s3cr3t",
    ],
)
def test_where_a_namenode_leads_nowhere_is_not_quoted(tmp_path: Path, location: str) -> None:
    """A token stands in it."""
    with decoding_once(tmp_path, location) as (client, _):
        for ask in (
            lambda: client.store.read("lake", "a/b.txt", most=100),
            lambda: client.store.put("lake", "a/b.txt", b"x"),
        ):
            with pytest.raises(EngineError) as raised:
                ask()
            chain = [raised.value, raised.value.__cause__, raised.value.__context__]
            assert "s3cr3t" not in " ".join(map(repr, chain))
            assert str(raised.value).endswith("the namenode names no datanode. Check namenodes.")


def test_where_no_hdfs_is(tmp_path: Path) -> None:
    port = free_port()
    found = HdfsClient({"root": "hdfs://lake/a", "namenodes": f"http://127.0.0.1:{port}"}, base=tmp_path).engine(
        "storage"
    )
    assert isinstance(found, Storage)
    for ask in (lambda: found.read("a.txt"), lambda: found.write("a.txt", b"x"), lambda: found.list_paths("")):
        with pytest.raises(TransientEngineError) as raised:
            ask()
        assert f"HDFS cannot be reached: http://127.0.0.1:{port} (Connection refused)" in str(raised.value)
    assert found.locate("b/c.csv") == "hdfs://lake/a/b/c.csv"


def test_what_is_no_hdfs(tmp_path: Path) -> None:
    class Page(_Standby):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"<html>")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = {"root": "hdfs://lake/a", "namenodes": f"http://127.0.0.1:{server.server_address[1]}"}
    found = HdfsClient(given, base=tmp_path).engine("storage")
    assert isinstance(found, Storage)
    with pytest.raises(EngineError) as raised:
        found.list_paths("")
    assert "what answers there is no WebHDFS" in str(raised.value)
    server.shutdown()
    server.server_close()


def test_nodes_that_go_and_safe_mode(tmp_path: Path) -> None:
    """A namenode that dies, a datanode that dies, and HDFS that starts anew and waits for its datanodes."""
    if told := missing():
        pytest.skip(told)
    (tmp_path / "hdfs").mkdir()
    with hdfs_server(tmp_path / "hdfs") as server:
        given = {"root": f"{server.url}/a", "namenodes": server.namenode, "user": USER, "safe_mode_wait": 0}
        client = HdfsClient(given, base=tmp_path)
        found = client.engine("storage")
        assert isinstance(found, Storage)
        found.write("a.txt", b"x")
        server.kill("datanode")
        with pytest.raises(TransientEngineError) as raised:
            found.read("a.txt")
        told = (
            r"The namenode sends to a datanode that this machine cannot reach: http://[\d.:]+ \(Connection refused\)\."
        )
        assert re.fullmatch(told, str(raised.value))
        server.kill("namenode")
        with pytest.raises(TransientEngineError) as raised:
            found.write("b.txt", b"x")
        assert f"HDFS cannot be reached: {server.namenode} (Connection refused)" in str(raised.value)
        # Alone, the namenode does not know where the blocks are.
        server.start("namenode")
        _until_it_answers(server)
        with pytest.raises(TransientEngineError) as raised:
            found.write("b.txt", b"x")
        assert "HDFS has just started and takes no such request yet" in str(raised.value)
        client.close()
        patient = HdfsClient({**given, "safe_mode_wait": 120}, base=tmp_path)
        found = patient.engine("storage")
        assert isinstance(found, Storage)
        seen: list[str] = []

        def observe(progress: Progress) -> None:
            if not seen:
                server.start("datanode")
            seen.append(progress.what)

        with observing(observe):
            found.write("b.txt", b"x")
        assert set(seen) == {"Waiting for HDFS, which has just started and takes no requests yet"}
        assert [each.path for each in found.list_paths()] == ["a.txt", "b.txt"]
        patient.close()


def _until_it_answers(server: HdfsServer) -> None:
    from tests.waiting import wait_for

    def answers() -> bool:
        try:
            return "FileStatus" in server.ask("GET", "/", op="GETFILESTATUS")
        except (OSError, ValueError, http.client.HTTPException):
            return False

    wait_for(answers)


# Tables there, read and written by another engine through this storage


@pytest.fixture
def execution(storage: HdfsStorage, tmp_path: Path) -> Execution:
    local = LocalClient({}, base=tmp_path)
    local.storage_for = lambda url: storage if url.startswith("hdfs:") else None
    found = local.engine("execution")
    assert isinstance(found, Execution)
    return found


def there(storage: HdfsStorage, path: str) -> Table:
    """The table at a path, its place by URL, as other engines are told it."""
    return replace(storage.infer_table(path), location=Location(storage.locate(path)))


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_tables_are_read_and_written_whole(storage: HdfsStorage, execution: Execution, url: str, format: str) -> None:
    storage.write("in/pct%25/1.csv", "id,name\n1,Ann\n2,Bob\n")
    storage.write("in/pct%25/2.csv", "id,name\n3,Köln\n")
    table = there(storage, "in")
    job = execution.format(table=table, output=f"{url}/out/all.{format}", format=format)
    assert job.status == "succeeded", job
    made = there(storage, f"out/all.{format}")
    rows = execution.query(sql="SELECT count(*) AS n, sum(id) AS ids, max(name) AS m FROM $table", table=made)
    assert rows.to_dicts() == [{"n": 3, "ids": 6, "m": "Köln"}]  # type: ignore[union-attr]
    with pytest.raises(ConflictError):
        execution.format(table=table, output=f"{url}/out/all.{format}", format=format)


def test_folders_are_published_and_replaced(storage: HdfsStorage, execution: Execution, url: str) -> None:
    storage.write("in.csv", "id,day\n1,mo\n2,tu\n3,tu\n")
    table = there(storage, "in.csv")
    given = {"table": table, "output": f"{url}/parted", "format": "parquet", "partition_columns": ["day"]}
    assert execution.format(**given).status == "succeeded"
    first = {each.path for each in storage.list_paths("parted")}
    assert {path.rpartition("/")[0] for path in first} == {"parted/day=mo", "parted/day=tu"}
    assert execution.format(**given, overwrite=True).status == "succeeded"
    second = {each.path for each in storage.list_paths("parted")}
    assert second.isdisjoint(first)
    summary = execution.summarize(table=there(storage, "parted"))
    assert [row[:3] for row in summary.rows] == [("id", "BIGINT", 3), ("day", "VARCHAR", 3)]


def test_a_thousand_partitions_and_a_hundred_readers(
    storage: HdfsStorage, execution: Execution, client: HdfsClient
) -> None:
    bucket, key = client.root.path.bucket, client.root.path.key
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda day: client.store.put(bucket, f"{key}/days/day={day}/1.csv", f"id\n{day}\n".encode()),
                range(1000),
            )
        )
    table = there(storage, "days")
    rows = execution.query(sql="SELECT count(*) AS n, sum(day - id) AS d FROM $table", table=table)
    assert rows.to_dicts() == [{"n": 1000, "d": 0}]  # type: ignore[union-attr]
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda day: storage.read(f"days/day={day}/1.csv"), range(100)))
    assert found == [f"id\n{day}\n".encode() for day in range(100)]
    with pytest.raises(NotFoundError):
        storage.read("days/day=1000/1.csv")
