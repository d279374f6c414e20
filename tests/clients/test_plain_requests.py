"""Requests without botocore: answers are read whole or are none, and no connection is left behind."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from mason.aws.plain_account import PlainAccount
from mason.aws.plain_requests import PlainRequests, TooLongError
from mason.aws.request_signing import Keys

OK = b"HTTP/1.1 200 OK\r\n"
LONG = b"Content-Length: 5\r\n\r\nhello"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
# What a server does instead of an answer.
SILENT, GONE = b"silent", b"gone"


class Server:
    """Gives each connection its answers, one for each request, and ends it behind the last unless that is none.

    ``ends`` gets what became of each connection, in the order in which they end: the requests that it brought.
    """

    def __init__(self, listener: socket.socket, connections: Sequence[Sequence[bytes]]) -> None:
        self.endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.ends: queue.Queue[list[str]] = queue.Queue()
        self._listener = listener
        self._waiting = list(connections)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for answers in self._waiting:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(connection, answers), daemon=True).start()

    def _answer(self, connection: socket.socket, answers: Sequence[bytes]) -> None:
        asked: list[str] = []
        with connection:
            for answer in answers:
                request = b""
                while not request.endswith(b"\r\n\r\n"):
                    piece = connection.recv(65_536)
                    if not piece:
                        self.ends.put(asked)
                        return
                    request += piece
                asked.append(request.split(b" HTTP/1.1")[0].decode())
                if answer == GONE:
                    self.ends.put(asked)
                    return
                if answer != SILENT:
                    connection.sendall(answer)
            if answers[-1] == SILENT or b"Content-Length: 5" in answers[-1]:
                # Until who asks closes it.
                connection.recv(1)
        self.ends.put(asked)


@contextmanager
def serving(*connections: Sequence[bytes]) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Server(listener, connections)


def requests_to(server: Server, timeout: float = 60) -> PlainRequests:
    account = PlainAccount(Keys("AKID", "secret"), "us-east-1", server.endpoint)
    return PlainRequests(account, timeout=timeout)


@pytest.mark.parametrize(
    ("answer", "method", "body"),
    [
        (OK + LONG, "GET", b"hello"),
        (OK + b"Content-Length: 5\r\n\r\n", "HEAD", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "GET", b""),
        (b"HTTP/1.1 404 \r\n" + LONG, "GET", b"hello"),
        (OK + CHUNKED + b"3\r\nhel\r\n2;note=x\r\nlo\r\n0\r\n\r\n", "GET", b"hello"),
        (OK + b"\r\nhello", "GET", b"hello"),
        (b"HTTP/1.0 200 OK\r\n" + LONG, "GET", b"hello"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + LONG, "GET", b"hello"),
    ],
)
def test_answers(answer: bytes, method: str, body: bytes) -> None:
    with serving([answer]) as server:
        requests = requests_to(server)
        found = requests.ask(method, "lake", "a b.csv", {}, {}, most=5)
        requests.close()
        assert (found.status, found.body) == (int(answer.rpartition(b"HTTP/1.")[2][2:5]), body)
        assert server.ends.get(timeout=60) == [f"{method} /lake/a%20b.csv"]


def test_headers() -> None:
    with serving([OK + b'ETag:  "e" \r\nVary: a\r\nvary: b\r\nX-Empty:\r\n' + LONG]) as server:
        found = requests_to(server).ask("GET", "lake", "a", {}, {}, most=5)
    assert found.headers == {"etag": '"e"', "vary": "a, b", "x-empty": "", "content-length": "5"}


@pytest.mark.parametrize(
    "answer",
    [
        GONE,
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        OK + b"Content-Len",
        OK + b"Content-Length: 9\r\n\r\nhello",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
        OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
        OK + CHUNKED + b"5\r\nhelloworld\r\n0\r\n\r\n",
        OK + CHUNKED + b"5\r\nhello\r\n",
        OK + CHUNKED + b"x\r\nhello\r\n0\r\n\r\n",
        OK + CHUNKED + b"0\r\nMore: of it\r\n\r\n",
        OK + b"x: y\r\n" * 20_000,
    ],
)
def test_what_is_no_answer(answer: bytes) -> None:
    """The connection is closed: none is kept that another answer could come on."""
    with serving([answer]) as server:
        requests = requests_to(server)
        with pytest.raises((OSError, ValueError)):
            requests.ask("GET", "lake", "a", {}, {}, most=100)
        assert requests._kept(server.endpoint) is None
        assert server.ends.get(timeout=60) == ["GET /lake/a"]


@pytest.mark.parametrize(
    "answer",
    [
        OK + LONG,
        OK + CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        OK + CHUNKED + b"ffffffff\r\nhello",
        OK + b"\r\nhello",
    ],
)
def test_bodies_have_a_bound(answer: bytes) -> None:
    """Whatever the store says of their length, or if it says nothing."""
    with serving([answer]) as server:
        requests = requests_to(server)
        with pytest.raises(TooLongError):
            requests.ask("GET", "lake", "a", {}, {}, most=4)
        assert server.ends.get(timeout=60) == ["GET /lake/a"]


def test_a_connection_is_kept_until_the_server_closes_it() -> None:
    with serving([OK + LONG, OK + LONG, GONE], [OK + LONG]) as server:
        requests = requests_to(server)
        for key in ("a", "b", "c"):
            assert requests.ask("GET", "lake", key, {}, {}, most=5).body == b"hello"
        assert server.ends.get(timeout=60) == ["GET /lake/a", "GET /lake/b", "GET /lake/c"]
        requests.close()
        assert server.ends.get(timeout=60) == ["GET /lake/c"]


def test_a_kept_connection_on_which_no_answer_comes_is_closed() -> None:
    """The answer could come yet, and would be taken for that to another request. Nothing is asked a second time: who
    waits for long may not be waiting for the connection."""
    with serving([OK + LONG, SILENT], [OK + LONG]) as server:
        requests = requests_to(server, timeout=0.3)
        assert requests.ask("GET", "lake", "a", {}, {}, most=5).body == b"hello"
        with pytest.raises(TimeoutError):
            requests.ask("GET", "lake", "b", {}, {}, most=5)
        assert server.ends.get(timeout=60) == ["GET /lake/a", "GET /lake/b"]
        assert requests.ask("GET", "lake", "c", {}, {}, most=5).body == b"hello"
        requests.close()
        assert server.ends.get(timeout=60) == ["GET /lake/c"]


def test_more_than_was_asked_for_is_no_answer_to_the_next_request() -> None:
    with serving([OK + LONG + OK + b"Content-Length: 5\r\n\r\nfalse"], [OK + LONG]) as server:
        requests = requests_to(server)
        for key in ("a", "b"):
            assert requests.ask("GET", "lake", key, {}, {}, most=5).body == b"hello"


def test_no_header_becomes_two() -> None:
    with serving() as server, pytest.raises(ValueError, match="more than one line"):
        requests_to(server).ask("GET", "lake", "a", {}, {"if-match": '"e"\r\nx-evil: 1'}, most=5)
