"""A proxy between a store and Mason that does to requests what networks and overloaded services do.

It takes one request after another on each connection, asks ``plan`` what to do with it, and forgets nothing: what was
asked and what became of it is in ``log``.
"""

from __future__ import annotations

import http.client
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

PASS = "pass"
CUT_BEFORE = "cut before"
"""The connection ends before the store sees the request."""
CUT_AFTER = "cut after"
"""The store carries the request out, and its answer never arrives."""
CUT_BODY = "cut body"
"""The answer ends half way through."""
DAMAGED = "damaged"
"""The answer has another first byte."""
SPOILT = "spoilt"
"""The store gets another first byte than was sent."""
LATE = "late"
"""The store carries the request out when the client has long given up (``Proxy.delay`` seconds)."""
SLOW = "slow"
"""The answer takes ``Proxy.delay`` seconds."""
FAIL_BEFORE = "500 before"
"""500, and nothing was done."""
FAIL_AFTER = "500 after"
"""500, and yet it was done."""
BUSY = "503"
"""503 SlowDown."""
CONTENDED = "409"
"""409 ConditionalRequestConflict, which S3 answers when conditional writes meet."""
DENIED = "403"
"""403 AccessDenied, as when credentials are taken away."""
EXPIRED = "400"
"""400 ExpiredToken, as when a session ends in the middle of work."""
ELSEWHERE = "301"
"""301 PermanentRedirect: the bucket is in :data:`OTHER_REGION`."""
OTHER_REGION = "eu-west-3"

THROTTLED = "throttled"
"""400 ThrottlingException, which services other than S3 answer when they have too much to do."""

REFUSED = {
    FAIL_BEFORE: (500, "InternalError"),
    BUSY: (503, "SlowDown"),
    CONTENDED: (409, "ConditionalRequestConflict"),
    DENIED: (403, "AccessDenied"),
    EXPIRED: (400, "ExpiredToken"),
    ELSEWHERE: (301, "PermanentRedirect"),
    THROTTLED: (400, "ThrottlingException"),
}


@dataclass
class Proxy:
    """``plan`` is called with the method and the key of each request (not with queries) and says what happens.

    ``carried`` is called with the same when the store has carried a request out and its client does not know yet.
    ``targets`` are the method, the path with its query, and the header ``X-Amz-Target`` of each request.
    ``holds`` says whether the access key that a request is signed with holds yet, else it is :data:`EXPIRED`; ``keys``
    are those of all requests.
    ``made_up`` is given the header ``X-Amz-Target`` and the body of each request, and may answer it instead of the
    store (``None``: the store answers).
    ``most_at_once`` counts the requests that were under way at the same time.
    ``agent`` is how the header User-Agent of those begins that faults happen to; to others none does.
    ``left`` are the faults that :meth:`fail` was told of and that did not happen yet. None may be left in the end: a
    test would have shown less than it says.
    """

    target: str
    plan: Callable[[str, str], str] = lambda method, key: PASS
    carried: Callable[[str, str], None] = lambda method, key: None
    delay: float = 0.0
    endpoint: str = ""
    agent: str = ""
    log: list[tuple[str, str, str, int]] = field(default_factory=list)
    targets: list[tuple[str, str, str]] = field(default_factory=list)
    holds: Callable[[str], bool] = lambda key: True
    keys: list[str] = field(default_factory=list)
    made_up: Callable[[str, bytes], bytes | None] = lambda target, body: None
    most_at_once: int = 0
    _under_way: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)
    left: list[str] = field(default_factory=list)

    def fail(self, method: str, key: str, *faults: str) -> None:
        """Let ``faults`` happen to the next requests of that method whose key ends with ``key``, in that order."""
        self.check()
        self.left = list(faults)
        lock = threading.Lock()

        def plan(asked: str, path: str) -> str:
            with lock:
                return self.left.pop(0) if asked == method and path.endswith(key) and self.left else PASS

        self.plan = plan

    def fail_operation(self, operation: str, *faults: str) -> None:
        """Let ``faults`` happen to the next requests for an operation of a service that speaks JSON, in that order.
        Requests come one after another."""
        self.check()
        self.left = list(faults)

        def plan(method: str, path: str) -> str:
            asked = self.targets[-1][2].rpartition(".")[2] == operation
            return self.left.pop(0) if asked and self.left else PASS

        self.plan = plan

    def check(self) -> None:
        """Raises ``AssertionError`` when a fault was planned and did not happen."""
        assert self.left == [], "planned, and did not happen"

    def always(self, method: str, key: str, fault: str) -> None:
        """Let ``fault`` happen to every request of that method (any: empty) whose key ends with ``key``."""
        self.plan = lambda asked, path: fault if method in ("", asked) and path.endswith(key) else PASS

    @contextmanager
    def counted(self) -> Iterator[None]:
        """While a request is under way."""
        with self._counting:
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            yield
        finally:
            with self._counting:
                self._under_way -= 1

    def asked(self, method: str = "", key: str = "") -> list[tuple[str, str, int]]:
        """Method, what happened and status (0: no answer) of the requests so far whose key ends with ``key``."""
        return [
            (asked, fault, status)
            for asked, path, fault, status in list(self.log)
            if method in ("", asked) and path.endswith(key)
        ]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def handle_one_request(self) -> None:
        # The other side may have gone.
        with suppress(ConnectionError, http.client.HTTPException):
            super().handle_one_request()
            return
        self.close_connection = True

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.proxy.targets.append((self.command, self.path, self.headers.get("X-Amz-Target", "")))
        meant = self.headers.get("User-Agent", "").startswith(self.proxy.agent)
        fault = self.proxy.plan(self.command, urlsplit(self.path).path) if meant else PASS
        key = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        self.proxy.keys.append(key)
        if not self.proxy.holds(key):
            fault = EXPIRED
        if fault == CUT_BEFORE:
            self._end(fault)
        elif fault in REFUSED:
            self._say(fault, *REFUSED[fault])
        elif (said := self.proxy.made_up(self.headers.get("X-Amz-Target", ""), body)) is not None:
            self._note(fault, 200)
            self._send(200, said)
        else:
            with self.proxy.counted():
                self._forward(body, fault)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_any

    def _note(self, fault: str, status: int) -> None:
        # Before the client hears of it, who may look into the log at once.
        self.proxy.log.append((self.command, urlsplit(self.path).path, fault, status))

    def _end(self, fault: str) -> None:
        self._note(fault, 0)
        self.close_connection = True

    def _say(self, fault: str, status: int, code: str) -> None:
        self._note(fault, status)
        said = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>As planned</Message></Error>".encode()
        if self.headers.get("X-Amz-Target"):
            said = json.dumps({"__type": code, "message": "As planned"}).encode()
        more = {"x-amz-bucket-region": OTHER_REGION} if fault == ELSEWHERE else {}
        self._send(status, said if self.command != "HEAD" else b"", {"Content-Length": str(len(said)), **more})

    def _send(self, status: int, said: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {"Content-Length": str(len(said))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def _forward(self, body: bytes, fault: str) -> None:
        if fault == LATE:
            time.sleep(self.proxy.delay)
        if fault == SPOILT:
            body = bytes([body[0] ^ 1]) + body[1:]
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "expect")}
        connection = http.client.HTTPConnection(self.proxy.target, timeout=60)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        self.proxy.carried(self.command, urlsplit(self.path).path)
        if fault in (CUT_AFTER, LATE):
            self._end(fault)
        elif fault == FAIL_AFTER:
            self._say(fault, 500, "InternalError")
        else:
            self._answer(answer, content, fault)

    def _answer(self, answer: http.client.HTTPResponse, content: bytes, fault: str) -> None:
        if fault == SLOW:
            time.sleep(self.proxy.delay)
        self._note(fault, answer.status)
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        if answer.status not in (204, 304):
            self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if fault == DAMAGED:
            content = bytes([content[0] ^ 1]) + content[1:]
        if fault == CUT_BODY:
            content = content[: len(content) // 2]
            self.close_connection = True
        self.wfile.write(content)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 100


@contextmanager
def proxied(endpoint: str) -> Iterator[Proxy]:
    """A proxy before ``endpoint`` while the context lasts, until when all planned faults have to happen."""
    proxy = Proxy(urlsplit(endpoint).netloc)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with _Server(("127.0.0.1", 0), handler) as server:
        proxy.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
            proxy.check()
        finally:
            server.shutdown()
            thread.join()
