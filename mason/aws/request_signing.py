"""Signatures of requests that have no body, by AWS's Signature Version 4 as S3 has it. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html: paths are encoded once, and are not made
plain. Who signs here need not load botocore, which takes longer than most requests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

NO_BODY = hashlib.sha256(b"").hexdigest()
_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


class Keys(NamedTuple):
    """Access key, secret key, and session token (empty: there is none)."""

    access: str
    secret: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Keys({self.access!r})"


def encoded_path(path: str) -> str:
    """The path of a key as it stands in a request."""
    return quote(path, safe="/~")


def encoded_query(query: Mapping[str, str]) -> str:
    """The query of a request, in the order in which it is signed."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def signed(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    *,
    keys: Keys,
    region: str,
    moment: datetime,
) -> dict[str, str]:
    """The headers with which a request is made.

    path: encoded by :func:`encoded_path`.
    query: encoded by :func:`encoded_query`.
    headers: all that are signed, ``host`` included, their names in small letters.
    moment: the time now, in UTC.
    """
    stamp = moment.strftime("%Y%m%dT%H%M%SZ")
    given = {**headers, "x-amz-content-sha256": NO_BODY, "x-amz-date": stamp}
    if keys.token:
        given["x-amz-security-token"] = keys.token
    names = sorted(given)
    lines = "".join(f"{name}:{' '.join(given[name].split())}\n" for name in names)
    request = "\n".join((method, path, query, lines, ";".join(names), NO_BODY))
    scope = f"{stamp[:8]}/{region}/{_SERVICE}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    given["authorization"] = (
        f"{_ALGORITHM} Credential={keys.access}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return given
