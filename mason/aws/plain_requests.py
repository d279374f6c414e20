"""Requests to S3 that have no body, without botocore: signed, over connections that are kept.

botocore, and the modules of the standard library that speak HTTP, take longer to load than most of these requests take.
What is spoken here is as much of HTTP/1.1 (https://www.rfc-editor.org/rfc/rfc9112) as stores answer with. Nothing is
repeated, followed or explained: who gets no answer, or another one than hoped for, asks botocore.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from mason.aws.request_signing import encoded_path, encoded_query, signed
from mason.version import __version__

if TYPE_CHECKING:
    from mason.aws.plain_account import PlainAccount

_TO_CONNECT = 10.0
_MOST_HEAD = 65_536
_PIECE = 1 << 18
_NO_BODY = (204, 304)
_MISSING = 404
_NO_KEY = b"<Code>NoSuchKey</Code>"


class Answer(NamedTuple):
    """``headers`` have small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def has_no_key(self) -> bool:
        """Whether the store says that there is no such object. Of a missing bucket there is more to be said."""
        return self.status == _MISSING and _NO_KEY in self.body


class TooLongError(ValueError):
    """The body of an answer is longer than it may be."""


class _StaleError(OSError):
    """The server closed a connection before it was asked."""


class PlainRequests:
    """Requests of one account. Threads may share it."""

    def __init__(self, account: PlainAccount, *, timeout: float) -> None:
        self._account = account
        self._timeout = timeout
        self._idle: list[tuple[str, _Line]] = []
        self._keeping = threading.Lock()
        self._context: Any = None

    def ask(
        self, method: str, bucket: str, key: str, query: Mapping[str, str], headers: Mapping[str, str], *, most: int
    ) -> Answer:
        """The answer, whatever it is, with a body of at most ``most`` bytes.

        Raises ``OSError`` and ``ValueError`` where none comes, none that can be read, or one that is too long
        (:class:`TooLongError`). The connection is closed then.
        """
        origin, path = self._account.place(bucket, key)
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
        given |= {"user-agent": f"mason/{__version__}", "accept-encoding": "identity"}
        request = _written(method, f"{encoded}?{queried}" if queried else encoded, given)
        while kept := self._kept(origin):
            # One that was idle may have been closed by the server meanwhile.
            with suppress(_StaleError):
                return self._answer(origin, kept, method, request, most)
        return self._answer(origin, self._fresh(origin), method, request, most)

    def close(self) -> None:
        """Give back the connections."""
        with self._keeping:
            idle, self._idle = self._idle, []
        for _, each in idle:
            each.close()

    def _answer(self, origin: str, line: _Line, method: str, request: bytes, most: int) -> Answer:
        try:
            line.send(request)
            answer, again = line.receive(method, most)
        except BaseException:
            line.close()
            raise
        if again:
            with self._keeping:
                self._idle.append((origin, line))
        else:
            line.close()
        return answer

    def _kept(self, origin: str) -> _Line | None:
        with self._keeping:
            for index, (where, line) in enumerate(self._idle):
                if where == origin:
                    del self._idle[index]
                    return line
        return None

    def _fresh(self, origin: str) -> _Line:
        url = urlsplit(origin)
        secure, host = url.scheme == "https", url.hostname or ""
        made = socket.create_connection((host, url.port or (443 if secure else 80)), min(self._timeout, _TO_CONNECT))
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                made = self._tls().wrap_socket(made, server_hostname=host)
            made.settimeout(self._timeout)
        except BaseException:
            made.close()
            raise
        return _Line(made)

    def _tls(self) -> Any:
        with self._keeping:
            if self._context is None:
                import ssl

                self._context = ssl.create_default_context()
                self._context.set_alpn_protocols(["http/1.1"])
            return self._context


class _Line:
    """One connection, on which a request is sent when the answer to the one before has been read."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._read = bytearray()

    def close(self) -> None:
        self._socket.close()

    def send(self, request: bytes) -> None:
        try:
            self._socket.sendall(request)
        except ConnectionError as error:
            raise _StaleError from error

    def receive(self, method: str, most: int) -> tuple[Answer, bool]:
        """An answer, and whether the connection can be used again."""
        status, version, headers = self._head()
        if status < 200:
            # What a server says before its answer, without being asked to.
            status, version, headers = self._head()
        again = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        length = headers.get("content-length")
        if method == "HEAD" or status in _NO_BODY:
            body = b""
        elif "transfer-encoding" in headers:
            body = self._chunks(headers["transfer-encoding"], most)
        elif length is not None:
            body = self._exactly(_number(length, 10, most))
        else:
            body, again = self._rest(most), False
        # What comes unasked belongs to no request.
        return Answer(status, headers, body), again and not self._read

    def _head(self) -> tuple[int, str, dict[str, str]]:
        text = self._until(b"\r\n\r\n", _MOST_HEAD).decode("latin-1")
        first, *lines = text.split("\r\n")
        version, _, rest = first.partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or len(code) != 3 or not (code.isascii() and code.isdigit()):
            raise ValueError("what answers does not speak HTTP")
        headers: dict[str, str] = {}
        for each in lines:
            name, colon, value = each.partition(":")
            name, value = name.lower(), value.strip(" \t")
            if not colon or not name or name != name.strip():
                raise ValueError("the answer has a header that is none")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return int(code), version, headers

    def _chunks(self, coding: str, most: int) -> bytes:
        if coding.lower() != "chunked":
            raise ValueError(f"the answer comes in {coding!r}")
        body = bytearray()
        while size := _number(self._until(b"\r\n", _MOST_HEAD).partition(b";")[0].decode("latin-1"), 16, most):
            if len(body) + size > most:
                raise TooLongError
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise ValueError("a part of the answer is longer than it says")
        if self._until(b"\r\n", _MOST_HEAD):
            raise ValueError("the answer goes on behind its end")
        return bytes(body)

    def _until(self, end: bytes, most: int) -> bytes:
        start = 0
        while (found := self._read.find(end, start)) < 0:
            start = max(0, len(self._read) - len(end) + 1)
            if len(self._read) > most:
                raise ValueError("the answer begins with more than there can be")
            self._more(begun=bool(self._read))
        taken = bytes(self._read[:found])
        del self._read[: found + len(end)]
        return taken

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    def _rest(self, most: int) -> bytes:
        while len(self._read) <= most and (piece := self._socket.recv(_PIECE)):
            self._read += piece
        if len(self._read) > most:
            raise TooLongError
        taken = bytes(self._read)
        self._read.clear()
        return taken

    def _more(self, *, begun: bool = True) -> None:
        try:
            piece = self._socket.recv(_PIECE)
        except ConnectionError as error:
            raise error if begun else _StaleError() from error
        if not piece:
            raise ConnectionError("the answer was cut off") if begun else _StaleError()
        self._read += piece


def _written(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """A request. Raises ``ValueError`` for a header that would be more than one."""
    if any(end in value for value in headers.values() for end in "\r\n\0"):
        raise ValueError("a header has more than one line")
    lines = (f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", "")
    return "\r\n".join(lines).encode("latin-1")


def _number(text: str, base: int, most: int) -> int:
    """A length. Raises ``ValueError`` for what is none, and :class:`TooLongError`."""
    digits = text.strip(" \t")
    if not digits or not digits.isascii() or not digits.isalnum():
        raise ValueError("the answer has no length that can be read")
    found = int(digits, base)
    if found > most:
        raise TooLongError
    return found
