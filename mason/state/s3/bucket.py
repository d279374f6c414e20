"""Requests to a bucket, and what their answers mean: this is the only module that knows boto3.

To look whether an object changed takes one request, and loading botocore longer than that. So where it is not loaded,
the account is written down, and the answer is what was hoped for, botocore is not asked.

A request that changes nothing, or that may be made twice, is made again (with growing pauses that differ by chance)
when the store says that it has too much to do, that it failed, or when its answer does not arrive whole. A conditional
write is different: when its outcome is unknown it is looked for before anything is tried again, by an id that each
write carries. So a write is made once, and whoever asked for it hears whether it was.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, TypeVar

from mason import aws, bounds, secrets, settings
from mason.errors import MissingDependencyError, StateError, StateFormatError
from mason.state.lock import turns
from mason.state.s3.bucket_url import OPTIONS, Address
from mason.state.s3.responses import Missing, NotModified, Rejected, Uncertain, Unmet, meaning_of, silence
from mason.values import dataclass
from mason.version import __version__

Answer = TypeVar("Answer")

NEW = "*"
"""What a write expects that nothing may be there for."""

_WRITE_ID = "mason-write"
_OK, _NOT_MODIFIED = 200, 304
# Seconds between two attempts, at first and at most.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0


@dataclass(frozen=True, slots=True)
class Found:
    """An object. ``etag`` names this version of it, ``write_id`` the write that made it (empty: not one of Mason's).

    ``age`` is for how many seconds it had been there when the store answered, by the store's own clock and to the
    second; ``None`` when the answer does not tell.
    """

    body: bytes
    etag: str
    write_id: str = ""
    age: float | None = None


class Bucket:
    """The objects at an address, by their keys below its prefix. Connects at the first request; threads may share it.

    All methods raise ``StateError`` for what the store refuses or does not answer, with the remedy, and
    ``MissingDependencyError`` without boto3.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connecting = threading.Lock()
        self._connected: Any = None

    @property
    def endpoint(self) -> str:
        """Where requests go, whether the URL says so, the environment, or a profile. Connects, and sends nothing."""
        return str(self._once("reach", "", self._client).meta.endpoint_url)

    def get(self, key: str, *, unless: str = "") -> Found | None:
        """The object, ``None`` when there is none. Raises ``NotModified`` when its ETag is ``unless``."""
        condition = {"IfNoneMatch": unless} if unless else {}

        def read() -> Found:
            answer = self._client().get_object(**self._object(key), **condition)
            most = _most(key)
            if (size := int(answer.get("ContentLength") or 0)) > most:
                answer["Body"].close()
                told = (
                    f"{self.address.named(key)} has {size:,} bytes, more than {bounds.megabytes(most)}. It is not read."
                )
                raise StateFormatError(told)
            # The body belongs to the request: it may be cut off, too.
            return _found(answer, answer["Body"].read())

        try:
            quick = self._quickly(key, unless) if unless else None
            return self._persistently("read", key, read) if quick is None else quick
        except Missing:
            return None

    def head(self, key: str) -> Found | None:
        """As ``get``, without the body."""
        try:
            return self._persistently("read", key, lambda: self._head(key))
        except Missing:
            return None

    def put(self, key: str, body: bytes, *, write_id: str = "") -> None:
        """Put an object in its place, whatever is there."""
        self._persistently("write", key, lambda: self._put(key, body, write_id))

    def put_if(self, key: str, body: bytes, *, match: str, write_id: str = "", patience: float | None = None) -> str:
        """Put an object in its place if what is there has the ETag ``match`` (``NEW``: if nothing is), as ``write_id``.

        Returns the new ETag. Raises ``Unmet`` when something else is there, and ``Uncertain`` when for ``patience``
        seconds (by default twice the address's timeout) the store gave no answer from which one could know;
        ``Uncertain.seen_old`` says whether the last look still met what was there before. A request whose answer got
        lost is made again only after such a look, and stays in doubt whatever becomes of that.
        """
        write_id = write_id or new_write_id()
        condition = {"IfNoneMatch": NEW} if match == NEW else {"IfMatch": match}
        doubt: Uncertain | None = None
        for _ in self._turns(patience):
            if doubt is None or doubt.seen_old:
                try:
                    return self._put(key, body, write_id, **condition)
                except Rejected as error:
                    refused = error
                    continue
                except (Unmet, Missing):
                    if doubt is None:
                        raise Unmet from None
                except Uncertain as error:
                    doubt = error
                except StateError as error:
                    if doubt is None:
                        raise
                    # An answer to this request alone: the one before it may still arrive.
                    failed = Uncertain(f"{doubt} The next attempt failed: {error}")
                    failed.seen_old = doubt.seen_old
                    raise failed from error
            doubt.seen_old = False
            with suppress(StateError):
                try:
                    found = self._head(key)
                except Missing:
                    found = None
                if found is not None and found.write_id == write_id:
                    return found.etag
                if (found.etag if found else NEW) != match:
                    raise Unmet
                doubt.seen_old = True
        raise doubt or refused

    def delete(self, key: str) -> None:
        """Remove an object; one that is missing is no error."""
        self._persistently("delete", key, lambda: self._client().delete_object(**self._object(key)))

    def delete_if(self, key: str, *, match: str) -> None:
        """Remove an object if its ETag is ``match``. Raises ``Unmet`` when it is not, or when there is none."""
        try:
            self._persistently("delete", key, lambda: self._client().delete_object(**self._object(key), IfMatch=match))
        except Missing:
            raise Unmet from None

    def names(self, folder: str) -> list[tuple[float, str]]:
        """The objects in a folder (its key with the slash), as times in seconds and names; unsorted."""

        def read() -> list[tuple[float, str]]:
            start = self.address.prefix + folder
            listed: list[tuple[float, str]] = []
            for page in self._pages(Prefix=start):
                for each in page.get("Contents", ()):
                    listed.append((each["LastModified"].timestamp(), each["Key"][len(start) :]))
            return [(time, name) for time, name in listed if name and "/" not in name]

        return self._persistently("list", folder, read)

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder (its key with the slash); unsorted."""
        start = self.address.prefix + folder

        def read() -> list[str]:
            pages = self._pages(Prefix=start, Delimiter="/")
            return [each["Prefix"][len(start) : -1] for page in pages for each in page.get("CommonPrefixes", ())]

        return self._persistently("list", folder, read)

    # Requests

    def _quickly(self, key: str, etag: str) -> Found | None:
        """The object without botocore; ``None`` where botocore is to be asked. Raises ``NotModified`` when its ETag is
        still the same, and ``Missing``."""
        if self._connected is not None:
            return None
        from mason.aws import plain_account

        given = _resolved(self.address)
        account = plain_account.found({**given, "aws_region": given.get("region")})
        if account is None or "addressing_style" in given or not account.reaches(self.address.bucket):
            return None
        from mason.aws.plain_requests import PlainRequests

        place = self._object(key)
        # Whatever else comes, botocore asks again, and explains.
        with suppress(OSError, ValueError), closing(PlainRequests(account, timeout=self.address.timeout)) as requests:
            answer = requests.ask("GET", place["Bucket"], place["Key"], {}, {"if-none-match": etag}, most=_most(key))
            if answer.status == _NOT_MODIFIED:
                raise NotModified
            if answer.has_no_key:
                raise Missing
            if answer.status == _OK and answer.headers.get("etag"):
                return Found(answer.body, answer.headers["etag"], answer.headers.get(f"x-amz-meta-{_WRITE_ID}", ""))
        return None

    def _pages(self, **options: str) -> Iterable[Any]:
        pages: Iterable[Any] = (
            self._client().get_paginator("list_objects_v2").paginate(Bucket=self.address.bucket, **options)
        )
        return pages

    def _head(self, key: str) -> Found:
        """One attempt. Raises ``Missing``."""
        return self._once("read", key, lambda: _found(self._client().head_object(**self._object(key)), b""))

    def _put(self, key: str, body: bytes, write_id: str, **condition: str) -> str:
        """One attempt; returns the ETag."""
        from base64 import b64encode
        from hashlib import md5

        # Not a matter of security: the store compares, so that a body which was damaged on the way is refused.
        digest = b64encode(md5(body, usedforsecurity=False).digest()).decode()
        metadata = {_WRITE_ID: write_id} if write_id else {}
        options = {**self._encryption(), **condition, "Metadata": metadata, "ContentMD5": digest}
        return self._once(
            "write", key, lambda: str(self._client().put_object(**self._object(key), Body=body, **options)["ETag"])
        )

    def _encryption(self) -> dict[str, Any]:
        options = self.address.options
        given: dict[str, Any] = {}
        if "encryption" in options:
            given["ServerSideEncryption"] = options["encryption"]
        if "kms_key_id" in options:
            given["SSEKMSKeyId"] = options["kms_key_id"]
        if "bucket_key" in options:
            given["BucketKeyEnabled"] = options["bucket_key"] == "true"
        return given

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self.address.bucket, "Key": self.address.prefix + key}

    def _turns(self, patience: float | None = None) -> Iterator[None]:
        # To connect is no attempt: loading boto3 takes a while.
        self._once("reach", "", self._client)
        patience = 2 * self.address.timeout if patience is None else patience
        return turns(patience, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)

    def _persistently(self, doing: str, key: str, request: Callable[[], Answer]) -> Answer:
        """The answer to a request that may be made again and again."""
        for _ in self._turns():
            try:
                return self._once(doing, key, request)
            except (Rejected, Uncertain) as error:
                failure = error
        raise failure

    def _once(self, doing: str, key: str, request: Callable[[], Answer]) -> Answer:
        where = self.address.named(key)
        try:
            # Nothing has loaded botocore before the first request, so that it is missing shows here.
            from botocore.exceptions import BotoCoreError, ClientError
            from botocore.parsers import ResponseParserError

            return request()
        except ImportError as error:
            raise MissingDependencyError("State in s3://", "aws") from error
        except ClientError as error:
            raise meaning_of(error, doing, where, self.address) from error
        except (BotoCoreError, ResponseParserError, KeyError, ValueError) as error:
            # KeyError: an answer without an ETag or a body was cut off, or comes from something that is no store.
            # ValueError: botocore could not read a part of it, such as a Last-Modified that came twice.
            raise silence(error, doing, where) from error

    def _client(self) -> Any:
        with self._connecting:
            if self._connected is None:
                self._connected = connect(self.address)
            return self._connected


def _most(key: str) -> int:
    """How many bytes an object may have."""
    return bounds.STATE if key.startswith(("state.json", "backups/")) else bounds.RECORD


def new_write_id() -> str:
    """What a write is known by, whatever it wrote."""
    return os.urandom(16).hex()


def connect(address: Address) -> Any:
    """botocore's client for S3, which repeats nothing by itself. Sends nothing.

    Raises ``ImportError`` without botocore, and ``SettingsError`` for ``{{NAME}}`` that are not set.
    """
    # What boto3 stands on, in three quarters of the time that it takes to load.
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError
    from botocore.handlers import add_expect_header

    given = _resolved(address)
    # Other stores than Amazon's rarely have a name for each bucket.
    own = given.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config = Config(
        connect_timeout=min(address.timeout, 10),
        read_timeout=address.timeout,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": given.get("addressing_style", "path" if own else "auto")},
        # What others than Amazon's do not know; Content-MD5 does the same.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        user_agent_extra=f"mason/{__version__}",
    )
    try:
        client = aws.Account(given).client("s3", config)
    except ValueError as error:
        if isinstance(error, BotoCoreError):
            raise
        # Of an endpoint that the environment or a profile names; what it says quotes that, perhaps with a password.
        raise StateError(
            f"Cannot reach s3://{address.bucket}: the endpoint of the store is no URL. "
            "Check endpoint_url, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL: https://HOST"
        ) from None
    # What is written is small, or has to be written anyway: asking first whether it may costs a round trip.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def _resolved(address: Address) -> dict[str, Any]:
    """The options with the values of ``{{NAME}}``, which are looked up only now."""
    if not secrets.references(address.options):
        return dict(address.options)
    known = settings.environment(settings.find_project(settings.current_folder()))
    return secrets.resolve(address.options, {"properties": OPTIONS}, known, where=f"the state s3://{address.bucket}")


def _found(answer: Mapping[str, Any], body: bytes) -> Found:
    from email.utils import parsedate_to_datetime

    date, modified = answer["ResponseMetadata"]["HTTPHeaders"].get("date"), answer.get("LastModified")
    age = None
    if date is not None and modified is not None:
        # A gateway may send its own date besides, or one without a zone: then the answer does not tell.
        with suppress(TypeError, ValueError):
            age = (parsedate_to_datetime(date) - modified).total_seconds()
    return Found(body, str(answer["ETag"]), answer.get("Metadata", {}).get(_WRITE_ID, ""), age)
