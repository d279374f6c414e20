"""Requests that are signed without botocore are those that botocore would make: the same URL and the same signature."""

from __future__ import annotations

from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session

from mason.aws.plain_account import PlainAccount
from mason.aws.request_signing import Keys, encoded_path, encoded_query, signed

KEYS = [
    "a b.csv",
    "a+b",
    "a%25b",
    "q?x",
    "h#x",
    "x[1]",
    "st*r",
    "k=v/ä;b&c",
    "日本",
    "'\".csv",
    "d//x",
    "~t",
    "$(a),:@!",
    "a/",
]


def test_the_example_of_amazon() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, GET Object."""
    made = signed(
        "GET",
        "/test.txt",
        "",
        {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9"},
        keys=Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        moment=datetime(2013, 5, 24, tzinfo=timezone.utc),
    )
    assert made["authorization"].endswith("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-southeast-7"])
@pytest.mark.parametrize("bucket", ["lake", "with.dots"])
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"])
def test_requests_are_those_of_botocore(
    region: str, bucket: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every key, with a session token: what botocore would send is stopped before it goes, and compared."""
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    sent: list[AWSRequest] = []

    class Sent(Exception):
        pass

    def stop(request: AWSRequest, **_: object) -> None:
        sent.append(request)
        raise Sent

    keys = Keys("AKID", "secret", "lent")
    style = {"addressing_style": "path" if endpoint else "auto"}
    client = Session().create_client(
        "s3",
        region_name=region,
        endpoint_url=endpoint or None,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        config=Config(s3=style, retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-send.s3", stop)
    account = PlainAccount(keys, region, endpoint)
    for key in KEYS:
        with pytest.raises(Sent):
            client.get_object(Bucket=bucket, Key=key, Range="bytes=0-9", IfMatch='"e"')
        theirs = sent.pop()
        origin, path = account.place(bucket, key)
        assert origin + encoded_path(path) == theirs.url
        names = theirs.headers["Authorization"].decode().partition("SignedHeaders=")[2].partition(",")[0].split(";")
        headers = {name: theirs.headers.get(name, urlsplit(origin).netloc) for name in names}
        headers = {name: each.decode() if isinstance(each, bytes) else each for name, each in headers.items()}
        moment = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        ours = signed("GET", encoded_path(path), "", headers, keys=keys, region=region, moment=moment)
        assert ours["authorization"] == theirs.headers["Authorization"].decode()
    client.close()


def test_keys_do_not_show_what_is_secret() -> None:
    assert repr(Keys("AKID", "hidden", "lent")) == "Keys('AKID')"


@pytest.mark.parametrize("prefix", KEYS)
def test_queries_are_signed_as_by_botocore(prefix: str) -> None:
    query = encoded_query({"prefix": prefix, "list-type": "2", "continuation-token": "a+b/c=="})
    request = AWSRequest("GET", f"http://lake.example/?{query}", headers={"host": "lake.example"})
    S3SigV4Auth(Credentials("AKID", "secret"), "s3", "eu-central-1").add_auth(request)
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    keys = Keys("AKID", "secret")
    ours = signed("GET", "/", query, {"host": "lake.example"}, keys=keys, region="eu-central-1", moment=moment)
    assert ours["authorization"] == request.headers["Authorization"]
