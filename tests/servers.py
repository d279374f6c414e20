"""Real servers for tests: each is started once, when the first test asks for it, on a port that is free, and stopped
at the end. They listen on the loopback only and keep what they hold in a temporary folder.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

BUCKET = "mason-states"
ACCESS_KEY, SECRET_KEY = "mason-tests", "mason-tests-secret"
# What boto3 finds in the environment of a test; no file of the person who runs the tests is looked at.
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_BIN = Path(sys.executable).parent
_PATIENCE = 60.0
MINISTACK = Path(__file__).parents[1] / ".components" / "ministack" / "bin" / "ministack"
"""Of an environment of its own, which `make components` makes."""


@dataclass(frozen=True)
class S3Server:
    """A server that speaks S3's protocol at ``endpoint``."""

    endpoint: str
    kind: str = ""

    def url(self, bucket: str, prefix: str, **options: str) -> str:
        """The URL of a state in it."""
        given = {"endpoint_url": self.endpoint} | options
        asked = "&".join(f"{name}={quote(value, safe='/:')}" for name, value in given.items())
        return f"s3://{bucket}/{prefix}?{asked}"

    def make_bucket(self) -> None:
        """Make the bucket of all tests."""
        # Imported here: most tests need no bucket, and this takes a third of a second.
        import boto3

        session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name="us-east-1")
        session.client("s3", endpoint_url=self.endpoint).create_bucket(Bucket=BUCKET)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(
    command: list[str], folder: Path, *, ready: str, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """A process while the context lasts, from when the URL ``ready`` answers. What it says goes to ``folder/log``."""
    log = folder / "log"
    with log.open("wb") as out:
        # A session of its own: some servers start others, and all of them are to end.
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, start_new_session=True, env=os.environ | (environment or {})
        )
    try:
        end = time.monotonic() + _PATIENCE
        while not _answers(ready):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')}")
            time.sleep(0.05)
        yield
    finally:
        # It may have ended by itself.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


@contextmanager
def moto_server(folder: Path) -> Iterator[S3Server]:
    """moto's server: Amazon's behaviour, in Python."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with running([str(_BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], folder, ready=endpoint):
        yield S3Server(endpoint)


@contextmanager
def seaweedfs(folder: Path) -> Iterator[S3Server]:
    """SeaweedFS: an S3 store of its own making, in Go."""
    config = folder / "s3.json"
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    config.write_text(json.dumps({"identities": [{"name": "tests", "credentials": credentials, "actions": actions}]}))
    (folder / "data").mkdir()
    command = [str(_BIN / "weed"), "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3"]
    command += [f"-s3.config={config}", "-master.volumeSizeLimitMB=64", "-volume.max=20"]
    command += ["-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += [f"-{name}.localSocket={folder / name}.sock" for name in ("s3", "filer")]
    # gRPC ports are these plus 10,000 where none is given: they are given.
    for name in ("s3", "master", "volume", "filer"):
        command += [f"-{name}.port={free_port()}", f"-{name}.port.grpc={free_port()}"]
    endpoint = f"http://127.0.0.1:{next(each for each in command if each.startswith('-s3.port=')).partition('=')[2]}"
    with running(command, folder, ready=endpoint):
        yield S3Server(endpoint)


@contextmanager
def rclone(folder: Path) -> Iterator[S3Server]:
    """``rclone serve s3``, which takes conditions and ignores them."""
    (folder / "data").mkdir()
    address = f"127.0.0.1:{free_port()}"
    command = [str(_BIN / "rclone"), "--config", "", "serve", "s3", "--addr", address]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", str(folder / "data")]
    with running(command, folder, ready=f"http://{address}"):
        yield S3Server(f"http://{address}")


@contextmanager
def ministack(folder: Path) -> Iterator[S3Server]:
    """ministack: S3, Glue, and an Athena that answers SQL by DuckDB. Each access key of twelve digits is an account of
    its own, which has nothing yet."""
    port = free_port()
    for name in ("s3", "tmp"):
        (folder / name).mkdir()
    environment = {
        "PATH": f"{MINISTACK.parent}:{os.environ['PATH']}",
        "TMPDIR": str(folder / "tmp"),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    endpoint = f"http://127.0.0.1:{port}"
    with running([str(MINISTACK)], folder, ready=endpoint, environment=environment):
        yield S3Server(endpoint, "ministack")
