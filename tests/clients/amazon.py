"""An account of AWS for a test, on one of the stand-ins: empty, with a bucket, and with boto3 to look at it from
outside of Mason."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.servers import S3Server

REGION = "eu-central-1"
BUCKET = "lake"
PEOPLE = b"id,name,height\n1,Ann,1.6\n2,Bob,\n3,Bob,1.8\n"


@dataclass
class Account:
    """``configuration`` is that of a client of Mason's; ``boto`` makes requests of the test's own."""

    endpoint: str
    key: str
    secret: str = "secret"

    @property
    def configuration(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.endpoint,
            "aws_region": REGION,
            "access_key": self.key,
            "secret_key": self.secret,
        }

    def boto(self, service: str) -> Any:
        return _boto(self.endpoint, self.key, self.secret, service)

    def put(self, key: str, content: bytes = PEOPLE) -> None:
        """An object in the bucket."""
        self.boto("s3").put_object(Bucket=BUCKET, Key=key, Body=content)

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of all objects in the bucket that begin so."""
        found = self.boto("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]


@cache
def _boto(endpoint: str, key: str, secret: str, service: str) -> Any:
    # Imported here, and kept: to make one takes half a second.
    import boto3

    return boto3.session.Session(key, secret, region_name=REGION).client(service, endpoint_url=endpoint)


def emptied(server: S3Server) -> Account:
    """The account of a server, with nothing in it but the bucket."""
    path = "_ministack/reset" if server.kind == "ministack" else "moto-api/reset"
    urllib.request.urlopen(urllib.request.Request(f"{server.endpoint}/{path}", method="POST"), timeout=60).close()
    account = Account(server.endpoint, "000000000000")
    account.boto("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return account
