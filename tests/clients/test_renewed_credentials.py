"""Credentials that run out while Mason works: it goes on with the new ones, wherever they come from.

A proxy before moto's server refuses keys that the test took back. Who hands out new ones is a process, or a stub of the
service STS, which is asked each time that keys hold for less than ten minutes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from mason import secrets
from mason.clients._aws.connecting import Connection
from mason.clients._aws.denials import Asked
from mason.clients.local import LocalClient
from mason.clients.s3 import S3Client
from mason.engines.execution import Execution
from mason.engines.models import Location, Rows, Table
from mason.engines.storage import Storage
from mason.errors import AccessDeniedError
from tests.servers import BUCKET
from tests.state.faults import Proxy

pytestmark = pytest.mark.xdist_group("moto")
# A process that hands out other keys each time, for five minutes: botocore renews keys that hold for less than ten.
PROCESS = """
import json, pathlib, sys
from datetime import datetime, timedelta, timezone
kept = pathlib.Path(sys.argv[1])
with kept.open("a") as file:
    file.write("x")
until = datetime.now(timezone.utc) + timedelta(minutes=5)
keys = {"AccessKeyId": f"PROCESS{kept.stat().st_size}", "SecretAccessKey": "hidden-secret"}
print(json.dumps({"Version": 1, "Expiration": until.isoformat(), "SessionToken": "hidden-token", **keys}))
"""
# Longer than what is written, and read, in one request.
LONG = b"0123456789abcdef" * (17 * 65_536)


class Keys:
    """Which keys hold: those that were not used before the last :meth:`take_back`."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._taken_back: set[str] = set()
        proxy.holds = lambda key: key not in self._taken_back

    def take_back(self) -> None:
        self._taken_back.update(self._proxy.keys)

    def take_back_after(self, method: str, key: str) -> None:
        """When the store has carried such a request out, and who asked does not know yet."""

        def carried(asked: str, path: str) -> None:
            if (asked, path.endswith(key)) == (method, True):
                self._proxy.carried = lambda asked, path: None
                self.take_back()

        self._proxy.carried = carried


@pytest.fixture
def keys(proxy: Proxy) -> Keys:
    return Keys(proxy)


@pytest.fixture
def sts() -> Iterator[str]:
    """A stub of STS, which gives other keys each time, for five minutes."""
    given: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            action = asked["Action"][0]
            given.append(action)
            until = (datetime.now(timezone.utc) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
            said = (
                f"<{action}Response><{action}Result><Credentials><AccessKeyId>STS{len(given)}</AccessKeyId>"
                f"<SecretAccessKey>hidden-secret</SecretAccessKey><SessionToken>hidden-token</SessionToken>"
                f"<Expiration>{until}</Expiration></Credentials></{action}Result></{action}Response>"
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["process", "role", "web"])
def chain(request: pytest.FixtureRequest, sts: str, aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A link of boto3's chain that hands out keys which run out."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts)
    config = tmp_path / "config"
    process = tmp_path / "process.py"
    process.write_text(PROCESS)
    role = "arn:aws:iam::123456789012:role/worker"
    config.write_text(
        f"[profile process]\ncredential_process = {sys.executable} {process} {tmp_path / 'asked'}\n"
        f"[profile role]\nrole_arn = {role}\nsource_profile = own\n"
        "[profile own]\naws_access_key_id = own\naws_secret_access_key = hidden-secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    if request.param == "web":
        (tmp_path / "token").write_text("token")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", role)
    else:
        monkeypatch.setenv("AWS_PROFILE", request.param)
    return str(request.param)


@pytest.fixture
def client(proxy: Proxy, prefix: str, tmp_path: Path) -> Iterator[S3Client]:
    made = S3Client({"endpoint_url": proxy.endpoint, "root": f"s3://{BUCKET}/{prefix}"}, base=tmp_path)
    yield made
    made.close()


def storage_of(client: S3Client) -> Storage:
    found = client.engine("storage")
    assert isinstance(found, Storage)
    return found


def execution_over(client: S3Client, folder: Path) -> Execution:
    """``local`` as execution beside the client as storage."""
    local = LocalClient({}, base=folder)
    local.storage_for = lambda url: client if url.startswith("s3://") else None
    found = local.engine("execution")
    assert isinstance(found, Execution)
    return found


def counted(execution: Execution, url: str) -> int:
    table = Table("t", "d", location=Location(url), format="csv")
    answer = execution.query("SELECT count(*) AS n FROM $table", table=table)
    assert isinstance(answer, Rows)
    return int(answer.rows[0][0])


@pytest.mark.slow
def test_work_goes_on_with_new_keys(
    chain: str, keys: Keys, proxy: Proxy, client: S3Client, prefix: str, tmp_path: Path
) -> None:
    """In the middle of an upload and of a download in parts, and between two questions to DuckDB."""
    storage, buckets = storage_of(client), client.buckets
    file = tmp_path / "long"
    file.write_bytes(LONG)
    keys.take_back_after("POST", "/long.bin")
    facts = buckets.upload(BUCKET, f"{prefix}/long.bin", file)
    keys.take_back_after("GET", "/long.bin")
    starts = proxy.keys[-1]
    buckets.download(BUCKET, facts, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == LONG
    storage.write("t.csv", "id\n1\n2\n")
    execution = execution_over(client, tmp_path)
    assert counted(execution, f"s3://{BUCKET}/{prefix}/t.csv") == 2
    keys.take_back()
    assert counted(execution, f"s3://{BUCKET}/{prefix}/t.csv") == 2
    assert proxy.keys[-1] != starts
    # None was used a moment too long.
    assert [each for each in proxy.log if each[3] == 400] == []
    assert secrets.scrub("hidden-secret hidden-token") == "REDACTED REDACTED"


def test_keys_in_a_file_that_a_tool_writes_anew(
    keys: Keys,
    proxy: Proxy,
    client: S3Client,
    prefix: str,
    tmp_path: Path,
    write_keys: Callable[[str], None],
) -> None:
    """They tell no time at which they run out: that shows when they are refused."""
    write_keys("first")
    storage = storage_of(client)
    execution = execution_over(client, tmp_path)
    storage.write("t.csv", "id\n1\n2\n")
    assert counted(execution, f"s3://{BUCKET}/{prefix}/t.csv") == 2
    keys.take_back()
    with pytest.raises(AccessDeniedError, match="the credentials have run out"):
        storage.write("u.csv", "id\n")
    write_keys("second")
    storage.write("u.csv", "id\n")
    assert counted(execution, f"s3://{BUCKET}/{prefix}/t.csv") == 2
    assert set(proxy.keys) == {"first", "second"}


@pytest.fixture
def write_keys(aws: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Writes the keys of that name into the file that credentials are looked for in."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(name: str) -> None:
        values = {"aws_access_key_id": name, "aws_secret_access_key": "hidden", "aws_session_token": "lent"}
        file.write_text("[default]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))

    return write


def test_a_role_whose_keys_are_taken_back_is_taken_over_again(keys: Keys, proxy: Proxy) -> None:
    given = {"endpoint_url": proxy.endpoint, "aws_role_arn": "arn:aws:iam::123456789012:role/reader"}
    connection = Connection(given, client="s3")
    listing = Asked("list", "s3:ListBucket", "*")
    connection.call("s3", "head_bucket", listing, Bucket=BUCKET)
    first = connection.account.credentials()
    assert first is not None
    proxy.holds = lambda key: key != first[0]
    assert connection.call("s3", "list_objects_v2", listing, Bucket=BUCKET)["KeyCount"] >= 0
    assert connection.account.credentials() not in (None, first)
    connection.close()


def test_keys_that_are_written_down_are_not_looked_for_again(proxy: Proxy, aws: None) -> None:
    """Where the config says them, there are no others."""
    given = {"endpoint_url": proxy.endpoint, "access_key": "ours", "secret_key": "hidden"}
    connection = Connection(given, client="s3")
    proxy.holds = lambda key: False
    with pytest.raises(AccessDeniedError, match="the credentials have run out"):
        connection.call("s3", "list_buckets", Asked("list", "s3:ListAllMyBuckets", "*"))
    assert proxy.keys == ["ours"]
    connection.close()
