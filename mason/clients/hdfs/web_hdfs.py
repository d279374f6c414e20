"""Requests to WebHDFS: to the namenode that is active, and to the datanodes that it names.

Names: the datanodes of Hadoop 2 decode the path of a file twice, so a name with a ``%`` would lead to another file.
They are given it encoded twice; a datanode that decodes once does not find it, and is given it once from then on.
Until that is known, all characters of such a name are encoded, also those that need not be: a datanode that decodes
once would else take ``a%`` for ``a%25``, which may be there, too. Writing never makes a folder there, so that nothing
is made under a name that was misread.

Nothing that names a request is ever part of an error: a delegation token stands in its URL.
"""

from __future__ import annotations

import getpass
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from mason.clients.hdfs.hdfs_failures import Refusal, failure, refusal
from mason.engines.progress import Progress, report
from mason.errors import EngineError, MissingDependencyError, NotFoundError, TransientEngineError, UnknownOutcomeError
from mason.values import dataclass

_PREFIX = "/webhdfs/v1"
_LONGEST_ANSWER = 1 << 30
_PIECE = 1 << 20
_PAUSE = 2.0
_WAITS = "Waiting for HDFS, which has just started and takes no requests yet"
_LOST = (OSError, http.client.HTTPException)
# Nobody got the request.
_NOT_SENT = (ConnectionRefusedError, socket.gaierror)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    doing: what it is for, an infinitive for errors.
    method: that of HTTP.
    operation: that of WebHDFS.
    path: an absolute path, as it is.
    parameters: of the operation.
    changes: whether something is changed by it.
    """

    doing: str
    method: str
    operation: str
    path: str
    parameters: Mapping[str, str]
    changes: bool = False


class WebHdfs:
    """WebHDFS by a ``configuration``. Threads may share it."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._configuration = configuration
        self._namenodes = [each.strip().rstrip("/") for each in str(configuration["namenodes"]).split(",")]
        self._timeout = float(configuration.get("timeout", 60))
        self._active = 0
        self._decodes_twice: bool | None = None
        self._lock = threading.Lock()
        self._idle: list[tuple[str, http.client.HTTPConnection]] = []

    @property
    def who(self) -> str:
        """As whom requests are made, for people."""
        if "delegation_token" in self._configuration:
            return "the holder of the delegation token"
        if self._configuration.get("authentication") == "kerberos":
            return "the holder of the ticket"
        return f"user {self._user}"

    @property
    def _user(self) -> str:
        return str(self._configuration.get("user") or getpass.getuser())

    def call(self, asked: Asked) -> Any:
        """The JSON that the namenode answers; ``None`` for an empty answer."""
        status, _, body = self._namenode(asked)
        if status >= 300:
            raise failure(asked.doing, status, refusal(status, body), self.who)
        try:
            return json.loads(body) if body else None
        except ValueError as error:
            raise EngineError(f"Cannot {asked.doing}: what answers there is no WebHDFS. Check namenodes.") from error

    @contextmanager
    def opened(self, asked: Asked) -> Iterator[http.client.HTTPResponse]:
        """The answer of a datanode, its body not read yet. Raises ``TransientEngineError`` where the connection is
        lost, also while the body is read."""
        for twice, coded in self._ways(asked.path):
            url, path = self._redirected(asked, coded)
            with self._connected(url) as wire, self._told_where_lost(asked, url):
                wire.request(asked.method, path)
                with closing(wire.getresponse()) as answer:
                    if answer.status < 300:
                        self._learn(asked, twice)
                        yield answer
                        return
                    status, said = answer.status, refusal(answer.status, answer.read(_PIECE))
            if not (twice and status == 404 and _differs(asked.path)):
                raise failure(asked.doing, status, said, self.who)
        raise NotFoundError(f"Cannot {asked.doing}: there is no such file.")

    def send(self, asked: Asked, body: bytes | IO[bytes], length: int) -> None:
        """Have a datanode write a file of ``length`` bytes. Raises ``UnknownOutcomeError`` where its answer is lost."""
        for twice, coded in self._ways(asked.path):
            url, path = self._redirected(asked, coded)
            with self._connected(url) as wire, self._told_where_lost(asked, url):
                wire.putrequest(asked.method, path)
                wire.putheader("Content-Type", "application/octet-stream")
                wire.putheader("Content-Length", str(length))
                wire.endheaders()
                _pour(wire, body)
                answer = wire.getresponse()
                status, said = answer.status, answer.read(_PIECE)
            if status < 300:
                self._learn(asked, twice)
                return
            if not (twice and status == 404 and _differs(asked.path)):
                raise failure(asked.doing, status, refusal(status, said), self.who)
            if not isinstance(body, bytes):
                body.seek(0)
        raise NotFoundError(f"Cannot {asked.doing}: there is no such folder.")

    def close(self) -> None:
        """Give back connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, each in idle:
            each.close()

    # The namenodes

    def _namenode(self, asked: Asked) -> tuple[int, Mapping[str, str], bytes]:
        """The answer of the namenode that is active, which is waited for while HDFS starts."""
        end = time.monotonic() + float(self._configuration.get("safe_mode_wait", 60))
        while True:
            answer = self._of_active(asked)
            if answer[0] < 400 or not (said := refusal(answer[0], answer[2])).is_starting:
                return answer
            if time.monotonic() >= end:
                raise TransientEngineError(
                    f"Cannot {asked.doing}: HDFS has just started and takes no such request yet ({_first(said)}). It "
                    "does once enough datanodes are there: hdfs dfsadmin -safemode get tells."
                )
            report(Progress(0, 0, "bytes", _WAITS))
            time.sleep(min(_PAUSE, max(0.0, end - time.monotonic())))

    def _of_active(self, asked: Asked) -> tuple[int, Mapping[str, str], bytes]:
        failures, answer = [], None
        for number in range(len(self._namenodes)):
            index = (self._active + number) % len(self._namenodes)
            node = self._namenodes[index]
            try:
                answer = self._answered(node, asked)
            except _LOST as error:
                if asked.changes and not isinstance(error, _NOT_SENT):
                    raise self._lost(asked, node, error) from error
                failures.append(_unreachable(node, error))
                continue
            if answer[0] in (403, 503) and refusal(answer[0], answer[2]).is_standby:
                continue
            self._active = index
            return answer
        if answer is not None:
            return answer
        raise TransientEngineError(
            f"Cannot {asked.doing}: HDFS cannot be reached: {'; '.join(failures)}. Is it running, and are the "
            "namenodes right?"
        )

    def _answered(self, node: str, asked: Asked) -> tuple[int, Mapping[str, str], bytes]:
        path = f"{_PREFIX}{quote(asked.path)}?{urlencode(self._query(asked))}"
        with self._lock:
            kept = next((each for each in self._idle if each[0] == node), None)
            if kept is not None:
                self._idle.remove(kept)
        if kept is not None and not asked.changes:
            # One that was kept may be dead: what only reads is asked once more.
            with suppress(*_LOST):
                return self._exchange(kept[1], node, asked, path)
        elif kept is not None:
            kept[1].close()
        return self._exchange(self._connection(node), node, asked, path)

    def _exchange(
        self, wire: http.client.HTTPConnection, node: str, asked: Asked, path: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        done = False
        try:
            wire.request(asked.method, path, headers=self._headers(node))
            answer = wire.getresponse()
            body = answer.read(_LONGEST_ANSWER)
            done = not answer.will_close
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, body
        finally:
            # After Ctrl-C, too, an answer may be on its way that is none to the next request.
            if done:
                with self._lock:
                    self._idle.append((node, wire))
            else:
                wire.close()

    def _query(self, asked: Asked) -> dict[str, str]:
        query = {"op": asked.operation, **asked.parameters}
        token = self._configuration.get("delegation_token")
        if token:
            return query | {"delegation": str(token)}
        return query if self._configuration.get("authentication") == "kerberos" else query | {"user.name": self._user}

    def _headers(self, node: str) -> dict[str, str]:
        if self._configuration.get("authentication") != "kerberos" or "delegation_token" in self._configuration:
            return {}
        try:
            import spnego
        except ModuleNotFoundError as error:
            raise MissingDependencyError(f"Kerberos ({error.name})", "kerberos") from error
        import base64

        try:
            token = spnego.client(hostname=urlsplit(node).hostname, service="HTTP", protocol="kerberos").step()
        except Exception as error:  # what the system's Kerberos raises goes through pyspnego, and has no common class
            raise EngineError(f"Kerberos cannot be used ({error}). Get a ticket first: kinit") from error
        return {"Authorization": f"Negotiate {base64.b64encode(token or b'').decode()}"}

    # The datanodes

    def _ways(self, path: str) -> list[tuple[bool, str]]:
        """The ways to spell a path for a datanode, in the order in which they are tried, each with whether it is for
        one that decodes twice."""
        if self._decodes_twice is None:
            return [(True, _encoded_whole(path)), (False, quote(path))]
        return [(self._decodes_twice, quote(quote(path)) if self._decodes_twice else quote(path))]

    def _redirected(self, asked: Asked, coded: str) -> tuple[str, str]:
        """Where a datanode is to be asked: its URL without a path, and the path, which is ``coded``, with its query."""
        status, headers, body = self._namenode(asked)
        if status >= 300 and (status != 307 or "location" not in headers):
            raise failure(asked.doing, status, refusal(status, body), self.who)
        # Where it is no URL, that is found out here: what else would tell quotes it, and with it a token.
        if not _is_datanode(headers.get("location", "")):
            raise EngineError(f"Cannot {asked.doing}: the namenode names no datanode. Check namenodes.")
        url = urlsplit(headers["location"])
        return f"{url.scheme}://{url.netloc}", f"{_PREFIX}{coded}?{url.query}"

    @contextmanager
    def _connected(self, url: str) -> Iterator[http.client.HTTPConnection]:
        wire = self._connection(url)
        try:
            try:
                wire.connect()
            except OSError as error:
                raise TransientEngineError(
                    f"The namenode sends to a datanode that this machine cannot reach: {_unreachable(url, error)}."
                ) from error
            yield wire
        finally:
            wire.close()

    def _learn(self, asked: Asked, twice: bool) -> None:
        """Keep how often datanodes decode paths, where the path of a request that succeeded shows it."""
        if _differs(asked.path):
            self._decodes_twice = twice

    @contextmanager
    def _told_where_lost(self, asked: Asked, url: str) -> Iterator[None]:
        """Explains that a connection ended, also while an answer is read."""
        try:
            yield
        except _LOST as error:
            raise self._lost(asked, url, error) from error

    def _connection(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return made(parts.hostname or "", parts.port, timeout=self._timeout)

    def _lost(self, asked: Asked, node: str, error: BaseException) -> EngineError:
        told = _unreachable(node, error)
        if asked.changes:
            return UnknownOutcomeError(
                f"It is not known whether HDFS did what it was asked for, to {asked.doing}: the connection was lost "
                f"({told}). Look what there is before you try again."
            )
        return TransientEngineError(f"Cannot {asked.doing}: the connection was lost ({told}).")


def _pour(wire: http.client.HTTPConnection, body: bytes | IO[bytes]) -> None:
    if isinstance(body, bytes):
        wire.send(body)
        return
    while piece := body.read(_PIECE):
        wire.send(piece)


def _is_datanode(location: str) -> bool:
    """Whether a redirect leads to a server that can be asked."""
    try:
        url = urlsplit(location)
        # Asked for because of what it raises.
        _ = url.port
    except ValueError:
        return False
    is_plain = all("!" <= character <= "~" for character in location)
    return is_plain and url.scheme in ("http", "https") and bool(url.hostname)


def _encoded_whole(path: str) -> str:
    """A path encoded twice, and of names that differ when they are encoded every character."""
    return "/".join(
        "".join(f"%25{byte:02X}" for byte in name.encode()) if _differs(name) else name for name in path.split("/")
    )


def _differs(path: str) -> bool:
    """Whether it matters how often a path is decoded."""
    return quote(path) != path


def _unreachable(node: str, error: BaseException) -> str:
    told = "no answer in time" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or str(error)
    return f"{node} ({told or type(error).__name__})"


def _first(said: Refusal) -> str:
    return " ".join(said.message.split())[:200]
