"""A server of S3's protocol with as many objects as one likes, which makes each page of a listing when it is asked.

No stand-in holds a million objects in a time that a test has. Objects are ``part=PP/NNNNNNN +.csv``, a hundredth of
them in each of a hundred partitions; signatures are not looked at, and only listings and objects are answered.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, quote_plus, urlsplit

PAGE = 1000
PARTS = 100
CONTENT = b"id,name\n1,Ann\n"


def key_of(number: int, count: int) -> str:
    """The key of the object of that number, in the order of the keys."""
    inside = count // PARTS
    return f"part={number // inside:02}/{number % inside:07} +.csv"


def number_behind(key: str, count: int) -> int:
    """The number of the first object whose key comes behind ``key``; a beginning of a key comes before it."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if key_of(middle, count) <= key else (low, middle)
    return low


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count: int
    asked: list[str]

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""

    def do_GET(self) -> None:
        self.asked.append(self.path)
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        content = self._page(query) if "list-type" in query else CONTENT
        self.send_response(200)
        for name, value in (
            ("Content-Length", str(len(content))),
            ("Last-Modified", "Mon, 01 Jun 2026 00:00:00 GMT"),
            ("ETag", '"e"'),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_HEAD = do_GET

    def _page(self, query: dict[str, str]) -> bytes:
        prefix = query.get("prefix", "")
        start = int(query.get("continuation-token") or number_behind(query.get("start-after") or prefix, self.count))
        end = start
        entries = []
        while end < self.count and end < start + PAGE and (key := key_of(end, self.count)).startswith(prefix):
            entries.append(
                f"<Contents><Key>{quote_plus(key, safe='/')}</Key><LastModified>2026-06-01T00:00:00.000Z</LastModified>"
                f"<ETag>&quot;e&quot;</ETag><Size>{len(CONTENT)}</Size></Contents>"
            )
            end += 1
        more = end < self.count and key_of(end, self.count).startswith(prefix)
        token = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            f"{''.join(entries)}</ListBucketResult>"
        ).encode()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 100


@contextmanager
def bucket_of(count: int) -> Iterator[tuple[str, list[str]]]:
    """The endpoint of a server whose only bucket has ``count`` objects, and the paths that it was asked for so far."""
    asked: list[str] = []
    with _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"count": count, "asked": asked})) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()
