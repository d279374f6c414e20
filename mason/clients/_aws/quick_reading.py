"""Reading S3 without botocore: the same signed requests over connections that are kept, for answers as one hopes for.

Whatever else comes of a request (it fails, is refused, leads elsewhere, is cut off, does not match its checksum) is no
answer here, and from then on there are none: the caller asks botocore, which repeats, waits, follows and explains.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mason.aws.plain_requests import Answer, PlainRequests, TooLongError

if TYPE_CHECKING:
    from mason.aws.plain_account import PlainAccount

# Checksums that are compared, by how S3 calls them. Those of Amazon's that Python lacks are not asked for.
_SUMS = ("crc32", "sha256", "sha1")
_OK, _PART, _MISSING = 200, 206, 404
# A page has a thousand keys of at most 1,024 bytes, each byte in a URL three letters.
_MOST_OF_PAGE = 16_000_000
_MOST_OF_ERROR = 65_536


class QuickReader:
    """Requests of one account. Threads may share it.

    Answers have the status 200, 206 or 404; of a 404 there is no body.
    """

    def __init__(self, account: PlainAccount, *, timeout: float) -> None:
        self._requests = PlainRequests(account, timeout=timeout)
        self._account = account
        self._over = False

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
        self._requests.close()

    def _ask(
        self,
        method: str,
        bucket: str,
        key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        *,
        most: int = _MOST_OF_PAGE,
    ) -> Answer | None:
        if self._over or not self._account.reaches(bucket):
            return None
        try:
            answer = self._requests.ask(method, bucket, key, query, headers, most=max(most, _MOST_OF_ERROR))
        except TooLongError:
            return None
        except (OSError, ValueError):
            self._over = True
            return None
        missing = answer.has_no_key or (answer.status == _MISSING and method == "HEAD")
        if not missing and answer.status not in (_OK, _PART):
            self._over = True
            return None
        if missing:
            return answer._replace(body=b"")
        return answer if len(answer.body) <= most else None


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
