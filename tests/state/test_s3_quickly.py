"""A state in a bucket that did not change is known without botocore, and in all other cases as botocore finds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mason.errors import StateError
from mason.state.s3.bucket_store import S3StateStore
from mason.testing.stores import resources
from tests.servers import BUCKET, S3Server
from tests.state.faults import BUSY, CUT_AFTER, CUT_BEFORE, CUT_BODY, DENIED, FAIL_BEFORE, Proxy

pytestmark = pytest.mark.xdist_group("moto")
# Reads the state at a URL, and says its serial and whether botocore was loaded for it.
READ = """
import sys
from mason.state.s3.bucket_store import S3StateStore
print(S3StateStore(sys.argv[1]).read().serial, "botocore" in sys.modules)
"""


@pytest.fixture
def store(proxy: Proxy, prefix: str) -> S3StateStore:
    """A state that this machine has met."""
    made = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.endpoint}")
    made.write(resources(1), base=made.read())
    proxy.log.clear()
    return made


def read(store: S3StateStore, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READ, store.url],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_one_request_and_no_botocore(store: S3StateStore, proxy: Proxy) -> None:
    assert read(store) == "1 False\n"
    assert [(method, status) for method, _, _, status in proxy.log] == [("GET", 304)]


def test_what_others_wrote_comes_with_the_answer(
    store: S3StateStore, proxy: Proxy, moto: S3Server, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("MASON_HOME", str(tmp_path / "elsewhere"))
        other = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={moto.endpoint}")
        written = other.write(resources(2), base=other.read())
    assert read(store) == "2 False\n"
    assert [(method, status) for method, _, _, status in proxy.log] == [("GET", 200)]
    # What it is written upon is the version that was downloaded.
    reader = S3StateStore(store.url)
    assert reader.read().token == written.token
    reader.write(resources(3), base=reader.read())
    assert other.read().serial == 3


@pytest.mark.parametrize("fault", [BUSY, CUT_BEFORE, CUT_AFTER, CUT_BODY, FAIL_BEFORE])
def test_after_a_fault_botocore_asks(store: S3StateStore, proxy: Proxy, fault: str) -> None:
    proxy.fail("GET", "state.json", fault)
    assert S3StateStore(store.url).read().serial == 1
    assert proxy.log[-1][3] == 304


def test_errors_are_those_of_botocore(store: S3StateStore, proxy: Proxy) -> None:
    proxy.always("GET", "state.json", DENIED)
    with pytest.raises(StateError) as raised:
        S3StateStore(store.url).read()
    assert "access is denied (403 AccessDenied: As planned). Mason needs s3:GetObject" in str(raised.value)


@pytest.mark.slow
def test_an_account_that_only_botocore_can_find(store: S3StateStore, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[profile lent]\ncredential_process = echo "
        '\'{"Version": 1, "AccessKeyId": "mason-tests", "SecretAccessKey": "mason-tests-secret"}\'\n'
    )
    assert read(store, AWS_PROFILE="lent", AWS_CONFIG_FILE=str(config), AWS_ACCESS_KEY_ID="") == "1 True\n"


@pytest.mark.slow
def test_an_address_that_is_built_in_another_way(proxy: Proxy, prefix: str) -> None:
    made = S3StateStore(f"s3://{BUCKET}/{prefix}?endpoint_url={proxy.endpoint}&addressing_style=path")
    made.write(resources(1), base=made.read())
    assert read(made) == "1 True\n"
