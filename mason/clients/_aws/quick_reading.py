"""Reading S3 without botocore: the same signed requests over connections that are kept, for answers as one hopes for.

Whatever else comes of a request (it fails, is refused, leads elsewhere, is cut off, does not match its checksum) is no
answer here, and from then on there are none: the caller asks botocore, which repeats, waits, follows and explains.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from mason.clients._aws.request_signing import encoded_path, encoded_query, signed
from mason.version import __version__

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

    from mason.clients._aws.plain_account import PlainAccount

# Checksums that are compared, by how S3 calls them. Those of Amazon's that Python lacks are not asked for.
_SUMS = ("crc32", "sha256", "sha1")
_OK, _PART, _MISSING = 200, 206, 404
_TO_CONNECT = 10.0
# Of a missing bucket there is more to be said.
_NO_KEY = b"<Code>NoSuchKey</Code>"


class Answer(NamedTuple):
    """``status`` is 200, 206 or 404; ``headers`` have small letters; of a 404 there is no body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class QuickReader:
    """Requests of one account. Threads may share it."""

    def __init__(self, account: PlainAccount, *, timeout: float) -> None:
        self._account = account
        self._timeout = timeout
        self._idle: list[tuple[str, HTTPConnection]] = []
        self._keeping = threading.Lock()
        self._over = not _is_usual(account)

    def head(self, bucket: str, key: str) -> Answer | None:
        """What there is to know of an object; ``None`` where botocore is to be asked."""
        return self._ask("HEAD", bucket, key, {}, {})

    def get(self, bucket: str, key: str, headers: Mapping[str, str], *, most: int) -> Answer | None:
        """The content of an object, or the part that ``headers`` ask for; ``None`` where botocore is to be asked, also
        for more than ``most`` bytes."""
        whole = "range" not in headers
        asked = {**headers, "x-amz-checksum-mode": "ENABLED"} if whole else headers
        answer = self._ask("GET", bucket, key, {}, asked, most=most)
        if answer is not None and whole and not _is_undamaged(answer):
            self._over = True
            return None
        return answer

    def page(self, bucket: str, query: Mapping[str, str]) -> Answer | None:
        """A page of ``ListObjectsV2`` as XML, with keys encoded as in URLs; ``None`` where botocore is to be asked."""
        answer = self._ask("GET", bucket, "", {"list-type": "2", "encoding-type": "url", **query}, {})
        return answer if answer is not None and answer.status == _OK else None

    def close(self) -> None:
        """Give back the connections."""
        with self._keeping:
            idle, self._idle = self._idle, []
        for _, each in idle:
            each.close()

    def _ask(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        most: int | None = None,
    ) -> Answer | None:
        from http.client import HTTPException

        if self._over or bucket.endswith("--x-s3"):
            return None
        origin, path = self.place(bucket, key)
        encoded, queried = encoded_path(path), encoded_query(query)
        given = signed(
            method,
            encoded,
            queried,
            {"host": urlsplit(origin).netloc, **headers},
            keys=self._account.keys,
            region=self._account.region,
            moment=datetime.now(timezone.utc),
        )
        given["user-agent"] = f"mason/{__version__}"
        target = f"{encoded}?{queried}" if queried else encoded
        answer = None
        try:
            answer = self._answer(origin, method, target, given, most)
        except (OSError, HTTPException, ValueError):
            self._over = True
        return answer

    def _answer(
        self, origin: str, method: str, target: str, headers: Mapping[str, str], most: int | None
    ) -> Answer | None:
        connection, answer = self._begun(origin, method, target, headers)
        keep = False
        try:
            told = {name.lower(): value for name, value in answer.getheaders()}
            if most is not None and int(told.get("content-length", 0)) > most:
                return None
            body = answer.read()
            keep = not answer.will_close
        finally:
            if not keep:
                connection.close()
        if keep:
            with self._keeping:
                self._idle.append((origin, connection))
        if answer.status in (_OK, _PART) or (answer.status == _MISSING and (method == "HEAD" or _NO_KEY in body)):
            return Answer(answer.status, told, body if answer.status != _MISSING else b"")
        self._over = True
        return None

    def _begun(
        self, origin: str, method: str, target: str, headers: Mapping[str, str]
    ) -> tuple[HTTPConnection, HTTPResponse]:
        """A connection on which an answer has begun. One that was idle may have been closed by the server meanwhile."""
        while kept := self._kept(origin):
            try:
                kept.request(method, target, headers=dict(headers))
                return kept, kept.getresponse()
            except ConnectionError:
                kept.close()
        fresh = self._fresh(origin)
        try:
            fresh.request(method, target, headers=dict(headers))
            return fresh, fresh.getresponse()
        except BaseException:
            fresh.close()
            raise

    def _kept(self, origin: str) -> HTTPConnection | None:
        with self._keeping:
            for index, (where, connection) in enumerate(self._idle):
                if where == origin:
                    del self._idle[index]
                    return connection
        return None

    def _fresh(self, origin: str) -> HTTPConnection:
        from http.client import HTTPConnection, HTTPSConnection

        kind = HTTPSConnection if origin.startswith("https:") else HTTPConnection
        made = kind(urlsplit(origin).netloc, timeout=min(self._timeout, _TO_CONNECT))
        made.connect()
        made.sock.settimeout(self._timeout)
        return made

    def place(self, bucket: str, key: str) -> tuple[str, str]:
        """The server that is asked, and the path there."""
        account = self._account
        if account.endpoint:
            return account.endpoint.rstrip("/"), f"/{bucket}/{key}" if key else f"/{bucket}"
        # As botocore has it: one region goes by the name of all.
        where = "s3.amazonaws.com" if account.region == "us-east-1" else f"s3.{account.region}.amazonaws.com"
        if "." in bucket:
            # No certificate is for such a name.
            return f"https://{where}", f"/{bucket}/{key}" if key else f"/{bucket}"
        return f"https://{bucket}.{where}", f"/{key}"


def _is_usual(account: PlainAccount) -> bool:
    """Whether requests go to a server by its name alone, or to Amazon's main part."""
    if account.endpoint:
        url = urlsplit(account.endpoint)
        host = url.hostname or "amazonaws.com"
        plain = url.scheme in ("http", "https") and "@" not in url.netloc and not host.endswith("amazonaws.com")
        return plain and url.path in ("", "/") and not url.query
    return not account.region.startswith(("cn-", "us-gov-", "us-iso", "eu-isoe", "eusc-"))


def _is_undamaged(answer: Answer) -> bool:
    """Whether a whole body is what the store says that it is, as far as it says so."""
    import base64

    for name in _SUMS:
        told = answer.headers.get(f"x-amz-checksum-{name}")
        # Of an object that came in parts it is one of their checksums.
        if told and "-" not in told:
            return base64.b64encode(_sum(name, answer.body)).decode() == told
    return True


def _sum(name: str, body: bytes) -> bytes:
    if name == "crc32":
        from zlib import crc32

        return crc32(body).to_bytes(4, "big")
    import hashlib

    return hashlib.new(name, body).digest()
