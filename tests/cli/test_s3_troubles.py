"""What a person reads when the store of their config 5 throttles, refuses, or is not where it was thought to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_s3_config import CONFIG, ORDERS
from tests.servers import BUCKET, SECRET_KEY
from tests.state.faults import BUSY, DENIED, ELSEWHERE, EXPIRED, OTHER_REGION, PASS, Proxy

QUERY = "database_name:shop,table_name:orders,query_string:SELECT count(*) AS n FROM $table"
OUTPUT = "database_name:shop,table_name:orders,query_string:SELECT id FROM $table,output_path:out/ids.csv"
COUNTED = "n\n4\n\n1 row.\n"
Run = Callable[..., Any]


@pytest.fixture
def run(mason: Any, folder: Path, proxy: Proxy, moto, prefix: str) -> Run:
    """Runs a standard operator over the proxy, and returns how it ended."""
    import boto3

    assert mason("init", ".").code == 0
    (folder / "configs" / "lake.yaml").write_text(CONFIG.format(bucket=BUCKET, prefix=prefix, endpoint=proxy.endpoint))
    assert mason("apply", "-y").code == 0
    boto3.client("s3", endpoint_url=moto.endpoint).put_object(
        Bucket=BUCKET, Key=f"{prefix}/shop/orders.csv", Body=ORDERS
    )

    def call(command: str, pairs: str) -> Any:
        done = mason("run", "operator", "table", command, "-c", "5", "-p", pairs, "-y")
        assert "Traceback" not in done.err
        assert SECRET_KEY not in done.err + done.out
        return done

    return call


def storm(proxy: Proxy, count: int) -> None:
    """The next ``count`` requests are throttled, whatever they ask for."""
    left = [BUSY] * count
    proxy.plan = lambda method, key: left.pop() if left else PASS


def test_a_storm_passes(run: Run, proxy: Proxy) -> None:
    storm(proxy, 4)
    assert run("query", QUERY).out == COUNTED
    assert [each for each in proxy.log if each[2] == BUSY] != []
    storm(proxy, 3)
    done = run("query", OUTPUT)
    assert done.code == 0
    # Throttled writes were made once.
    assert len([each for each in proxy.asked("PUT", "/out/ids.csv") if each[2] == 200]) == 1


LOOKED_IN = (
    "Looked for in: access_key and secret_key of client s3, AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, the "
    "profile default (keys, SSO, role) in ~/.aws/credentials and ~/.aws/config, and the metadata of the container or "
    "machine"
)
ALLOWS = '{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/{key}"}}'
REFUSALS = {
    EXPIRED: "the credentials have run out (ExpiredToken: As planned). Renew them: aws sso login, or another "
    f"AWS_SESSION_TOKEN, whichever they came from. {LOOKED_IN}.",
    ELSEWHERE: "it is in another region than us-east-1 (PermanentRedirect: As planned). "
    f"Set aws_region: {OTHER_REGION} in client s3.",
    DENIED: f"access is denied (AccessDenied: As planned). This statement in a policy would allow it: {ALLOWS}",
}


@pytest.mark.parametrize("fault", REFUSALS)
@pytest.mark.parametrize("what", ["_mason/tables/shop/orders.json", "shop/orders.csv"])
def test_what_is_refused_says_what_to_do(run: Run, proxy: Proxy, prefix: str, fault: str, what: str) -> None:
    """From the first request, and from when there is something to read."""
    proxy.always("GET", f"/{what}", fault)
    done = run("query", QUERY)
    assert done.code == 1
    told = REFUSALS[fault].format(bucket=BUCKET, key=f"{prefix}/{what}") if fault == DENIED else REFUSALS[fault]
    assert last(done.err) == f"Error: Client s3 cannot read s3://{BUCKET}/{prefix}/{what}: {told}"


@pytest.mark.parametrize("fault", REFUSALS)
def test_what_is_refused_while_rows_are_read_says_what_to_do(run: Run, proxy: Proxy, prefix: str, fault: str) -> None:
    """Mason looked at the table; from when DuckDB reads it, all is refused."""
    met: list[str] = []
    proxy.agent = "duckdb"

    def plan(method: str, key: str) -> str:
        met.append(key)
        # From now on everybody is refused.
        proxy.agent = ""
        return fault

    proxy.plan = plan
    done = run("query", QUERY)
    assert done.code == 1
    key = f"{prefix}/shop/orders.csv"
    told = REFUSALS[fault].format(bucket=BUCKET, key=key) if fault == DENIED else REFUSALS[fault]
    assert last(done.err) == f"Error: Client s3 cannot read s3://{BUCKET}/{key}: {told}"
    assert met != []


def test_a_table_that_is_deleted_while_it_is_queried(run: Run, proxy: Proxy, moto, prefix: str) -> None:
    """Mason looked at it, and by the time that DuckDB reads it there is none."""
    import boto3

    proxy.agent = "duckdb"

    def plan(method: str, key: str) -> str:
        boto3.client("s3", endpoint_url=moto.endpoint).delete_object(Bucket=BUCKET, Key=f"{prefix}/shop/orders.csv")
        return PASS

    proxy.plan = plan
    done = run("query", QUERY)
    assert done.code == 1
    assert (
        last(done.err)
        == f"Error: Client s3 cannot read s3://{BUCKET}/{prefix}/shop/orders.csv: it is not there (NoSuchKey)."
    )


def test_duckdb_waits_for_a_storm_to_pass(run: Run, proxy: Proxy, prefix: str) -> None:
    proxy.agent = "duckdb"
    storm(proxy, 2)
    assert run("query", QUERY).out == COUNTED
    assert [fault for _, _, fault, _ in proxy.log if fault == BUSY] == [BUSY, BUSY]
    proxy.plan = lambda method, key: BUSY
    done = run("query", QUERY)
    assert done.code == 1
    url = f"{proxy.endpoint}/{BUCKET}/{prefix}/shop/orders.csv"
    assert last(done.err) == (
        f"Error: DuckDB cannot read {url}: Request returned HTTP 503 for HTTP HEAD to '{url}' Check the network, and "
        "try again."
    )


def test_without_credentials_it_says_where_they_were_looked_for(
    run: Run, proxy: Proxy, folder: Path, mason: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    config = folder / "configs" / "lake.yaml"
    lines = config.read_text("utf-8").splitlines()
    config.write_text("\n".join(each for each in lines if "_key:" not in each), "utf-8")
    assert mason("apply", "-y", "-o").code == 0
    done = run("query", QUERY)
    assert done.code == 1
    assert last(done.err).endswith(f": there are no credentials. {LOOKED_IN}.")
    assert proxy.log == []


def last(text: str) -> str:
    """The line that is printed last."""
    return text.rstrip().splitlines()[-1]
