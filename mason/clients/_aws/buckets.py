"""Requests to S3, and to stores that speak its protocol: listings, objects and parts of them, whole uploads, copies.

Who writes says what may be there: a write that must meet nothing, or one version, is conditional
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). When the answer to one gets lost,
botocore asks again and the store refuses, because of the write itself: so each write carries an id, and is looked for.
Checksums go with every upload (CRC32, which botocore adds) and are compared by the store; what is read whole is
compared by botocore where the store tells a checksum.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._aws.denials import Asked
from mason.clients._aws.pages import Page, facts_of, page_of
from mason.clients._objects.object_store import ANY, NEW, ObjectFacts
from mason.errors import ConflictError, EngineError, NotFoundError, TransientEngineError

if TYPE_CHECKING:
    from mason.clients._aws.connecting import Connection

_WRITE_ID = "mason-write"
# The service's limits: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_LONGEST_KEY = 1024
_MOST_IN_ONE_COPY = 5 * 1024**3
_MOST_DELETED = 1000
_MOST_PARTS = 10_000
_PART = 16 * 1024**2
_AT_ONCE = 8
# How often a body is asked for that does not arrive whole.
_BODIES = 3
_MISSING = 404
_HEADERS = {"Range": "range", "IfMatch": "if-match"}
_ARGUMENTS = {
    "prefix": "Prefix",
    "delimiter": "Delimiter",
    "start-after": "StartAfter",
    "continuation-token": "ContinuationToken",
}


class Buckets:
    """The objects of one account, or of one server. Threads may share it; nothing is kept but the connection."""

    scheme = "s3"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    # Reading

    def names(self) -> list[str]:
        """The buckets of the account, sorted."""
        answer = self._call("list_buckets", Asked("list the buckets", "s3:ListAllMyBuckets", "*"))
        return sorted(each["Name"] for each in answer.get("Buckets", ()))

    def exists(self, bucket: str) -> bool:
        """Whether there is a bucket of that name, be it one's own or not."""
        try:
            self._call("head_bucket", self._asked(f"look for bucket {bucket}", "s3:ListBucket", bucket), Bucket=bucket)
        except NotFoundError:
            return False
        return True

    def facts(self, bucket: str, key: str) -> ObjectFacts | None:
        """What there is to know of an object; ``None`` where there is none."""
        quick = self.connection.quick
        if quick is not None and (answer := quick.head(bucket, key)) is not None:
            with suppress(ValueError):
                return facts_of(key, answer.headers) if answer.status < _MISSING else None
        found = self._head(bucket, key)
        return None if found is None else _facts(key, found["ContentLength"], found)

    def listed(self, bucket: str, prefix: str, *, after: str = "") -> Iterator[ObjectFacts]:
        """The objects whose keys begin with ``prefix`` and come behind ``after``, page by page."""
        for page in self._pages(bucket, prefix, **({"start-after": after} if after else {})):
            yield from page.objects

    def content_of(self, bucket: str, prefix: str) -> tuple[list[ObjectFacts], list[str]]:
        """The objects of a folder (its prefix with the slash) without the one that marks it, and the names of the
        folders in it; of a prefix without a slash, of all that begin so, folders without that beginning."""
        objects, folders = [], []
        for page in self._pages(bucket, prefix, delimiter="/"):
            objects += [each for each in page.objects if not each.key.endswith("/")]
            folders += [each[len(prefix) : -1] for each in page.prefixes]
        return objects, folders

    def read(self, bucket: str, key: str, *, most: int) -> bytes:
        """The content of an object of at most ``most`` bytes. Raises ``NotFoundError``, and ``EngineError`` for a
        larger one, of which nothing is read."""
        return self._content(bucket, key, most=most)

    def read_range(self, bucket: str, key: str, start: int, length: int, etag: str) -> bytes:
        """A part of the version ``etag`` of an object."""
        return self._version(bucket, key, length, IfMatch=etag, Range=f"bytes={start}-{start + length - 1}")

    def download(self, bucket: str, facts: ObjectFacts, target: Path) -> None:
        """Put one version of an object into a new file, several parts at once. What comes in one request is compared
        with its checksum; of a part the store tells none."""
        with target.open("xb") as file:
            if facts.size <= _PART:
                file.write(self._version(bucket, facts.key, facts.size, IfMatch=facts.etag))
                return
            file.truncate(facts.size)
        starts = range(0, facts.size, _PART)

        def fetch(start: int) -> None:
            length = min(_PART, facts.size - start)
            content = self.read_range(bucket, facts.key, start, length, facts.etag)
            with target.open("r+b") as file:
                file.seek(start)
                file.write(content)

        for _ in _at_once(fetch, starts):
            pass

    def pieces(self, bucket: str, key: str) -> Iterator[bytes]:
        """The content of an object, piece by piece. Raises ``NotFoundError``."""
        answer, asked = self._get(bucket, key)
        with closing(answer["Body"]) as body, self.connection.explained(asked):
            while piece := body.read(1 << 20):
                yield piece

    # Writing

    def put(self, bucket: str, key: str, content: bytes, *, expect: str = ANY) -> ObjectFacts:
        """Write an object whole, where what is there is what is expected: :data:`ANY`, :data:`NEW` or an ETag.

        Raises ``ConflictError`` where it is not.
        """
        self.check_key(bucket, key)
        write_id = os.urandom(16).hex()
        given = {"Body": content, "Metadata": {_WRITE_ID: write_id}, **_condition(expect)}
        with self._once(bucket, key, write_id):
            self._call("put_object", self._to_write(bucket, key), Bucket=bucket, Key=key, **given)
        return self._written(bucket, key)

    def upload(self, bucket: str, key: str, file: Path, *, expect: str = ANY) -> ObjectFacts:
        """Write a file as an object: in one request, or in parts that become the object at the end. Raises as
        :meth:`put`."""
        size = file.stat().st_size
        if size <= _PART:
            return self.put(bucket, key, file.read_bytes(), expect=expect)
        self.check_key(bucket, key)
        length, asked = max(_PART, -(-size // _MOST_PARTS)), self._to_write(bucket, key)

        def send(upload: Mapping[str, Any], number: int) -> Mapping[str, Any]:
            with file.open("rb") as opened:
                opened.seek((number - 1) * length)
                content = opened.read(length)
            answer = self._call("upload_part", asked, Body=content, PartNumber=number, **upload)
            return {"PartNumber": number, **_sums(answer)}

        self._in_parts(bucket, key, -(-size // length), send, expect)
        return self._written(bucket, key)

    def copy(
        self, source: tuple[str, str], bucket: str, key: str, *, facts: ObjectFacts, expect: str = ANY
    ) -> ObjectFacts:
        """Have the store copy one version of an object. Raises as :meth:`put`; where the store does not look at the
        condition of a copy itself, another writer may come between the look and the copy."""
        self.check_key(bucket, key)
        self._refuse_unexpected(bucket, key, expect)
        origin = {"CopySource": {"Bucket": source[0], "Key": source[1]}, "CopySourceIfMatch": facts.etag}
        asked = self._to_write(bucket, key)
        if facts.size <= _MOST_IN_ONE_COPY:
            self._call("copy_object", asked, Bucket=bucket, Key=key, **origin, **_condition(expect))
            return self._written(bucket, key)
        length = max(1024**3, -(-facts.size // _MOST_PARTS))

        def send(upload: Mapping[str, Any], number: int) -> Mapping[str, Any]:
            start = (number - 1) * length
            part = f"bytes={start}-{min(start + length, facts.size) - 1}"
            answer = self._call("upload_part_copy", asked, CopySourceRange=part, PartNumber=number, **origin, **upload)
            return {"PartNumber": number, **_sums(answer["CopyPartResult"])}

        self._in_parts(bucket, key, -(-facts.size // length), send, expect)
        return self._written(bucket, key)

    def delete(self, bucket: str, key: str) -> None:
        """Remove an object; one that is missing is no error."""
        asked = self._asked(f"delete {self.url(bucket, key)}", "s3:DeleteObject", f"{bucket}/{key}")
        self._call("delete_object", asked, Bucket=bucket, Key=key)

    def delete_all(self, bucket: str, keys: Iterable[str]) -> int:
        """Remove many objects, as many in one request as it may have, and return how many. Raises ``EngineError`` that
        names those that stay."""
        waiting, count = iter(keys), 0
        while batch := list(islice(waiting, _MOST_DELETED)):
            doing = f"delete {self.url(bucket, batch[0])} and {len(batch) - 1} more"
            asked = self._asked(doing, "s3:DeleteObject", f"{bucket}/*")
            wanted = {"Objects": [{"Key": key} for key in batch], "Quiet": True}
            answer = self._call("delete_objects", asked, Bucket=bucket, Delete=wanted)
            if kept := answer.get("Errors"):
                told = ", ".join(f"{self.url(bucket, each['Key'])} ({each.get('Code', '?')})" for each in kept[:5])
                raise EngineError(f"{len(kept)} objects were not deleted: {told}.")
            count += len(batch)
        return count

    def check_key(self, bucket: str, key: str) -> None:
        """Raises ``EngineError`` for what the service refuses as a key, although other stores may take it."""
        if not key:
            raise EngineError(f"{self.url(bucket, key)} is no object: its key is empty. Name one.")
        if (length := len(key.encode("utf-8", "surrogatepass"))) > _LONGEST_KEY:
            raise EngineError(
                f"{self.url(bucket, key[:60])}... is too long: its key has {length} bytes, and may have {_LONGEST_KEY}."
            )

    def url(self, bucket: str, key: str) -> str:
        """``s3://bucket/key``, the key as it is."""
        return f"s3://{bucket}/{key}" if key else f"s3://{bucket}"

    # Requests

    def _head(self, bucket: str, key: str) -> Any:
        """As botocore has it; ``None`` where there is none."""
        try:
            return self._call("head_object", self._to_read(bucket, key), Bucket=bucket, Key=key)
        except NotFoundError:
            return None

    def _content(self, bucket: str, key: str, *, most: int, **given: str) -> bytes:
        """A body in memory. One that is cut off is asked for again: botocore looks at the beginning of answers only."""
        quick = self.connection.quick
        wanted = {_HEADERS[name]: value for name, value in given.items()}
        if quick is not None and (found := quick.get(bucket, key, wanted, most=most)) is not None:
            if found.status < _MISSING:
                return found.body
            raise self._missing(self._to_read(bucket, key))
        for attempt in range(_BODIES):
            answer, asked = self._get(bucket, key, **given)
            # As a context of its own it would hand out what compares neither checksum nor length.
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > most:
                    raise EngineError(
                        f"{self.url(bucket, key)} is not read whole: it has {answer['ContentLength']:,} bytes, more "
                        f"than the {most:,} that are read into memory. Ask for its rows with a query, or copy it."
                    )
                try:
                    with self.connection.explained(asked):
                        content: bytes = body.read()
                        return content
                except TransientEngineError:
                    if attempt + 1 == _BODIES:
                        raise
        raise AssertionError("there are attempts")

    def _version(self, bucket: str, key: str, length: int, **given: str) -> bytes:
        """So many bytes of one version. Raises ``EngineError`` where it is another one by now."""
        changed = EngineError(f"{self.url(bucket, key)} changed while it was read. Run it again.")
        try:
            content = self._content(bucket, key, most=length, **given)
        except ConflictError as error:
            raise changed from error
        if len(content) != length:
            raise changed
        return content

    def _get(self, bucket: str, key: str, **given: str) -> tuple[Any, Asked]:
        asked = self._to_read(bucket, key)
        return self._call("get_object", asked, Bucket=bucket, Key=key, **given), asked

    def _missing(self, asked: Asked) -> NotFoundError:
        """The error of botocore's, in the same words."""
        return NotFoundError(f"Client {self.connection.client} cannot {asked.doing}: it is not there (NoSuchKey).")

    def _pages(self, bucket: str, prefix: str, **given: str) -> Iterator[Page]:
        query = {"prefix": prefix, **given}
        while True:
            page = self._page(bucket, query)
            yield page
            if not page.next:
                return
            query["continuation-token"] = page.next

    def _page(self, bucket: str, query: Mapping[str, str]) -> Page:
        quick = self.connection.quick
        if quick is not None and (answer := quick.page(bucket, query)) is not None:
            with suppress(ValueError):
                return page_of(answer.body)
        asked = self._asked(f"list {self.url(bucket, query['prefix'])}", "s3:ListBucket", bucket)
        arguments = {_ARGUMENTS[name]: value for name, value in query.items()}
        found = self._call("list_objects_v2", asked, Bucket=bucket, **arguments)
        return Page(
            [_facts(each["Key"], each["Size"], each) for each in found.get("Contents", ())],
            [each["Prefix"] for each in found.get("CommonPrefixes", ())],
            found.get("NextContinuationToken", "") if found.get("IsTruncated") else "",
        )

    def _in_parts(self, bucket: str, key: str, count: int, send: Any, expect: str) -> None:
        """An object made of parts, which nobody sees before it is complete; the parts of one that fails are removed."""
        write_id, asked = os.urandom(16).hex(), self._to_write(bucket, key)
        place = {"Bucket": bucket, "Key": key}
        begun = self._call("create_multipart_upload", asked, **place, Metadata={_WRITE_ID: write_id})
        upload = {**place, "UploadId": begun["UploadId"]}
        try:
            made = {"Parts": list(_at_once(lambda number: send(upload, number), range(1, count + 1)))}
            # Stores other than Amazon's may not look at the condition of a completion.
            self._refuse_unexpected(bucket, key, expect)
            with self._once(bucket, key, write_id):
                self._call("complete_multipart_upload", asked, MultipartUpload=made, **upload, **_condition(expect))
        except BaseException:
            given_up = self._asked(
                f"give up writing {self.url(bucket, key)}", "s3:AbortMultipartUpload", f"{bucket}/{key}"
            )
            # Completed after all, there is nothing to give up.
            with suppress(NotFoundError):
                self._call("abort_multipart_upload", given_up, **upload)
            raise

    @contextmanager
    def _once(self, bucket: str, key: str, write_id: str) -> Iterator[None]:
        """A write whose answer got lost and that was sent again is refused because of itself: that is no failure."""
        try:
            yield
        except (ConflictError, NotFoundError):
            found = self._head(bucket, key)
            if found is None or found.get("Metadata", {}).get(_WRITE_ID) != write_id:
                raise

    def _refuse_unexpected(self, bucket: str, key: str, expect: str) -> None:
        found = self._head(bucket, key) if expect != ANY else None
        if expect != ANY and expect != (found["ETag"] if found is not None else NEW):
            raise ConflictError(f"{self.url(bucket, key)} is not what it was when the work began. Run it again.")

    def _written(self, bucket: str, key: str) -> ObjectFacts:
        found = self.facts(bucket, key)
        if found is None:
            raise EngineError(f"{self.url(bucket, key)} was written, and somebody deleted it at once. Run it again.")
        return found

    def _to_read(self, bucket: str, key: str) -> Asked:
        return self._asked(f"read {self.url(bucket, key)}", "s3:GetObject", f"{bucket}/{key}")

    def _to_write(self, bucket: str, key: str) -> Asked:
        return self._asked(f"write {self.url(bucket, key)}", "s3:PutObject", f"{bucket}/{key}")

    def _asked(self, doing: str, action: str, resource: str) -> Asked:
        return Asked(doing, action, f"arn:{self.connection.partition}:s3:::{resource}")

    def _call(self, operation: str, asked: Asked, **given: Any) -> Any:
        return self.connection.call("s3", operation, asked, **given)


def _facts(key: str, size: int, answer: Mapping[str, Any]) -> ObjectFacts:
    return ObjectFacts(key, size, answer["ETag"], int(answer["LastModified"].timestamp()) * 10**9)


def _condition(expect: str) -> dict[str, str]:
    return {} if expect == ANY else {"IfNoneMatch": NEW} if expect == NEW else {"IfMatch": expect}


def _sums(answer: Mapping[str, Any]) -> dict[str, str]:
    """What the completion of an upload says of a part: its ETag, and the checksum that the store found."""
    return {name: answer[name] for name in answer if name == "ETag" or name.startswith("ChecksumCRC32")}


def _at_once(work: Any, over: Iterable[Any]) -> Iterator[Any]:
    """What ``work`` makes of each, several at once, in order. The first error ends it."""
    items = list(over)
    if len(items) < 2:
        yield from map(work, items)
        return
    # Imported here: it takes longer to load than most requests take.
    import contextvars
    from concurrent.futures import ThreadPoolExecutor

    # Secrets are remembered for the session of who asks.
    with ThreadPoolExecutor(min(_AT_ONCE, len(items))) as pool:
        made = [pool.submit(contextvars.copy_context().run, work, item) for item in items]
        try:
            for each in made:
                yield each.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
