"""S3 is read without botocore as long as all goes well, and by botocore from then on: with the same answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mason.clients._aws.buckets import Buckets
from mason.clients._aws.connecting import Connection
from mason.clients._aws.pages import facts_of, page_of
from mason.errors import AccessDeniedError, EngineError, NotFoundError
from tests.clients.listing_stub import bucket_of, key_of
from tests.clients.test_request_signing import KEYS
from tests.servers import BUCKET
from tests.state.faults import BUSY, CUT_BEFORE, CUT_BODY, DAMAGED, DENIED, FAIL_BEFORE, Proxy, proxied

Make = Callable[..., Buckets]


@pytest.fixture
def make(moto, aws) -> Iterator[Make]:
    made = []

    def call(endpoint: str = moto.endpoint, **given: Any) -> Buckets:
        connection = Connection({"endpoint_url": endpoint, **given}, client="s3")
        made.append(connection)
        return Buckets(connection)

    yield call
    for each in made:
        each.close()


def opened(buckets: Buckets) -> bool:
    """Whether botocore was asked for anything."""
    return bool(vars(buckets.connection)["_services"])


def answers(buckets: Buckets, prefix: str) -> list[object]:
    """What can be read of the objects below a prefix."""
    keys = [each.key for each in buckets.listed(BUCKET, prefix)]
    return [
        list(buckets.listed(BUCKET, prefix)),
        list(buckets.listed(BUCKET, prefix, after=keys[1])),
        buckets.content_of(BUCKET, f"{prefix}/"),
        buckets.content_of(BUCKET, f"{prefix}/k"),
        [buckets.facts(BUCKET, key) for key in [*keys, f"{prefix}/none"]],
        [buckets.read(BUCKET, key, most=100) for key in keys],
        [buckets.read_range(BUCKET, each.key, 1, 2, each.etag) for each in buckets.listed(BUCKET, prefix)],
    ]


@pytest.mark.parametrize("store", ["moto", pytest.param("seaweed", marks=pytest.mark.slow)])
def test_answers_are_those_of_botocore(
    make: Make, store: str, prefix: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = request.getfixturevalue(store).endpoint
    quick = make(endpoint)
    writer = make(endpoint)
    # SeaweedFS makes one slash of two, and folders of keys that end with one.
    for key in [each for each in KEYS if store == "moto" or ("//" not in each and not each.endswith("/"))]:
        writer.put(BUCKET, f"{prefix}/{key}", key.encode() + b"...")
    found = answers(quick, prefix)
    assert not opened(quick)
    # What is not known to mean nothing leaves all to botocore.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "6")
    slow = make(endpoint)
    assert found == answers(slow, prefix)
    assert opened(slow)


def test_pages_follow_one_another(make: Make) -> None:
    """Also where botocore takes over in between."""
    with bucket_of(2500) as (endpoint, asked), proxied(endpoint) as proxy:
        keys = [key_of(number, 2500) for number in range(2500)]
        quick = make(proxy.endpoint)
        assert [each.key for each in quick.listed("lake", "")] == keys
        assert [each.key for each in quick.listed("lake", "part=1", after="part=15/")] == keys[375:500]
        assert (opened(quick), len(asked)) == (False, 4)
        listed = quick.listed("lake", "")
        first = [next(listed).key for _ in range(1000)]
        proxy.fail("GET", "/lake", BUSY)
        assert first + [each.key for each in listed] == keys
        assert opened(quick)


@pytest.mark.parametrize("fault", [CUT_BEFORE, CUT_BODY, BUSY, FAIL_BEFORE, DAMAGED])
def test_after_a_fault_botocore_goes_on(make: Make, prefix: str, proxy: Proxy, fault: str) -> None:
    quick = make(proxy.endpoint)
    make().put(BUCKET, f"{prefix}/a.csv", b"id\n1\n")
    proxy.fail("GET", "/a.csv", fault)
    assert quick.read(BUCKET, f"{prefix}/a.csv", most=100) == b"id\n1\n"
    assert opened(quick)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>Log in</html",
        b"<L><Contents><Key>a</Key></Contents></L>",
        b"<L><Contents><Key>a</Key><Size>x</Size><ETag>e</ETag><LastModified>2026</LastModified></Contents></L>",
    ],
)
def test_what_is_no_page_is_none(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        page_of(content)


def test_a_damaged_page_is_asked_for_again(make: Make, prefix: str, proxy: Proxy) -> None:
    quick = make(proxy.endpoint)
    make().put(BUCKET, f"{prefix}/a.csv", b"id\n1\n")
    proxy.fail("GET", f"/{BUCKET}", DAMAGED)
    assert [each.key for each in quick.listed(BUCKET, prefix)] == [f"{prefix}/a.csv"]
    with pytest.raises(ValueError, match="last-modified"):
        facts_of("a.csv", {"content-length": "1", "etag": "e"})


def test_errors_are_those_of_botocore(make: Make, prefix: str, proxy: Proxy) -> None:
    quick = make(proxy.endpoint)
    make().put(BUCKET, f"{prefix}/a.csv", b"id\n1\n")
    with pytest.raises(NotFoundError) as raised:
        quick.read(BUCKET, f"{prefix}/none.csv", most=100)
    assert str(raised.value).startswith(
        f"Client s3 cannot read s3://{BUCKET}/{prefix}/none.csv: it is not there (NoSuchKey"
    )
    with pytest.raises(EngineError, match=r"is not read whole: it has 5 bytes, more than the 4"):
        quick.read(BUCKET, f"{prefix}/a.csv", most=4)
    with pytest.raises(NotFoundError, match="NoSuchBucket"):
        list(make().listed("no-such-bucket-here", ""))
    proxy.always("GET", "/a.csv", DENIED)
    with pytest.raises(AccessDeniedError, match="This statement in a policy would allow it"):
        make(proxy.endpoint).read(BUCKET, f"{prefix}/a.csv", most=100)


def test_connections_that_the_server_closed_are_made_anew(make: Make, prefix: str, proxy: Proxy) -> None:
    quick = make(proxy.endpoint)
    make().put(BUCKET, f"{prefix}/a.csv", b"id\n1\n")
    assert quick.read(BUCKET, f"{prefix}/a.csv", most=100) == b"id\n1\n"
    proxy.fail("HEAD", "/a.csv", CUT_BEFORE)
    assert quick.facts(BUCKET, f"{prefix}/a.csv") is not None
    assert not opened(quick)


def test_reading_loads_no_botocore(moto, aws, prefix: str, make: Make) -> None:
    make().put(BUCKET, f"{prefix}/a.csv", b"id\n1\n")
    program = f"""
import sys
from mason.clients._aws.buckets import Buckets
from mason.clients._aws.connecting import Connection
buckets = Buckets(Connection({{"endpoint_url": {moto.endpoint!r}}}, client="s3"))
print(buckets.read({BUCKET!r}, {prefix + "/a.csv"!r}, most=100), "botocore" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert done.stdout == "b'id\\n1\\n' False\n"
