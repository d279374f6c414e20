"""Requests to Airflow's REST API (v2): signing in, pages, and failures told as what they are.

A token that runs out is renewed once, where there is a user to ask for it. A request that changes something is sent
once: where its answer is lost, nobody knows whether it was done, and that is told.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from mason.errors import (
    AccessDeniedError,
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
    UnknownOutcomeError,
)
from mason.values import dataclass

PAGE = 100
"""So many things Airflow lists at most in one answer, whatever it is asked for."""

_OLDEST = (3, 3)
_LONGEST_ANSWER = 256 << 20
_LOST = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request.

    doing: what it is for, an infinitive for errors.
    method: that of HTTP.
    path: below the URL of the API server, encoded.
    body: what is sent as JSON; ``None`` for nothing.
    """

    doing: str
    method: str
    path: str
    body: Any = None


class AirflowApi:
    """The API of one Airflow. Threads may share it: they take turns."""

    def __init__(self, configuration: Mapping[str, Any], *, client: str) -> None:
        self._configuration = configuration
        self._client = client
        self._url = str(configuration["url"]).rstrip("/")
        self._token = str(configuration.get("token", ""))
        self._wire: http.client.HTTPConnection | None = None
        self._lock = threading.RLock()
        self._checked = False

    def call(self, asked: Asked) -> Any:
        """The JSON of the answer; ``None`` for an empty one.

        Raises ``AccessDeniedError`` (401 and 403), ``NotFoundError`` (404), ``ConflictError`` (409),
        ``TransientEngineError`` where it is not reached, and ``UnknownOutcomeError`` where a request that changes
        something may have been done although it failed.
        """
        with self._lock:
            self._check_version()
            status, body = self._signed(asked)
        return self._told(asked, status, body)

    def pages(self, doing: str, path: str, key: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """All that is listed under ``key`` of the answers, page by page."""
        offset = 0
        while True:
            asked = urlencode({**query, "limit": PAGE, "offset": offset})
            answer = self.call(Asked(doing, "GET", f"{path}?{asked}"))
            found = answer[key]
            yield from found
            offset += len(found)
            if not found or offset >= int(answer.get("total_entries") or 0):
                return

    def close(self) -> None:
        """Give back the connection."""
        with self._lock:
            if self._wire is not None:
                self._wire.close()
                self._wire = None

    def _signed(self, asked: Asked) -> tuple[int, bytes]:
        fresh = not self._token
        if fresh:
            self._sign_in()
        status, body = self._exchange(asked, self._token)
        if status == 401 and not fresh and {"username", "password"} <= self._configuration.keys():
            # It ran out meanwhile, so nothing was done by that request.
            self._sign_in()
            status, body = self._exchange(asked, self._token)
        return status, body

    def _sign_in(self) -> None:
        given = self._configuration
        if not {"username", "password"} <= given.keys():
            raise AccessDeniedError(
                f"Client {self._client} has neither a token nor a username and password, and Airflow asks for one."
            )
        asked = Asked(
            "sign in to Airflow",
            "POST",
            "/auth/token",
            {"username": given["username"], "password": given["password"]},
        )
        status, body = self._exchange(asked, "")
        token = self._told(asked, status, body)
        if not isinstance(token, Mapping) or not isinstance(token.get("access_token"), str):
            raise EngineError(f"What answers at {self._url} gives no token of Airflow. Check url.")
        self._token = token["access_token"]

    def _check_version(self) -> None:
        """Raises ``EngineError`` where what answers is no Airflow, or one that is too old."""
        if self._checked:
            return
        asked = Asked("ask Airflow for its version", "GET", "/api/v2/version")
        status, body = self._exchange(asked, "")
        told = self._told(asked, status, body)
        version = str(told.get("version", "")) if isinstance(told, Mapping) else ""
        parts = version.split(".")
        if len(parts) < 2 or not all(each.isdigit() for each in parts[:2]):
            raise EngineError(f"What answers at {self._url} is no Airflow with the API v2. Check url.")
        if (int(parts[0]), int(parts[1])) < _OLDEST:
            oldest = ".".join(map(str, _OLDEST))
            raise EngineError(f"Airflow at {self._url} is version {version}, and Mason needs {oldest} or newer.")
        self._checked = True

    def _exchange(self, asked: Asked, token: str) -> tuple[int, bytes]:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = None
        if asked.body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(asked.body).encode()
        path = urlsplit(self._url).path + asked.path
        kept = self._wire is not None
        try:
            return self._sent(asked.method, path, body, headers)
        except _LOST as error:
            self.close()
            # One that was kept may be dead: what only reads is asked once more, over a new one.
            if not kept or asked.method != "GET":
                raise self._lost(asked, error) from error
        try:
            return self._sent(asked.method, path, body, headers)
        except _LOST as error:
            self.close()
            raise self._lost(asked, error) from error

    def _sent(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        if self._wire is None or method != "GET":
            # What changes something is not sent over a connection that may be dead.
            self.close()
            parts = urlsplit(self._url)
            made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            wire = made(parts.hostname or "", parts.port, timeout=float(self._configuration.get("timeout", 60)))
            wire.connect()
            self._wire = wire
        done = False
        try:
            self._wire.request(method, path, body, dict(headers))
            answer = self._wire.getresponse()
            content = answer.read(_LONGEST_ANSWER)
            done = not answer.will_close
            return answer.status, content
        finally:
            # After Ctrl-C, too, an answer may be on its way that is none to the next request.
            if not done:
                self.close()

    def _lost(self, asked: Asked, error: BaseException) -> EngineError:
        why = (error.strerror or "") if isinstance(error, OSError) else ""
        told = f"Airflow at {self._url} ({why.lower() or str(error) or type(error).__name__})"
        if isinstance(error, ConnectionRefusedError) or asked.method == "GET" or asked.path == "/auth/token":
            return TransientEngineError(
                f"Cannot {asked.doing}: there is no answer from {told}. Is it running, and is url right?"
            )
        return UnknownOutcomeError(
            f"It is not known whether Airflow did what it was asked for, to {asked.doing}: the answer was lost of "
            f"{told}. Look what there is before you try again."
        )

    def _told(self, asked: Asked, status: int, body: bytes) -> Any:
        if status < 300:
            try:
                return json.loads(body) if body else None
            except ValueError as error:
                raise EngineError(
                    f"Cannot {asked.doing}: what answers at {self._url} is no Airflow with the API v2. Check url."
                ) from error
        said = _reason(status, body)
        message = f"Cannot {asked.doing}: {said}"
        if status in (401, 403):
            who = self._configuration.get("username")
            told = f"user {who}" if who else "the token"
            raise AccessDeniedError(f"{message} Check {told} of client {self._client}, and what it is allowed to do.")
        if status == 404:
            raise NotFoundError(message)
        if status == 409:
            raise ConflictError(message)
        if status in (429, 502, 503, 504) or (status >= 500 and asked.method == "GET"):
            raise TransientEngineError(message)
        if status >= 500 and asked.path != "/auth/token":
            raise UnknownOutcomeError(f"{message} It may have been done all the same. Look what there is first.")
        raise EngineError(message)


def _reason(status: int, body: bytes) -> str:
    """What Airflow says is the matter, as a sentence."""
    try:
        detail = json.loads(body).get("detail")
    except (ValueError, AttributeError):
        detail = None
    if isinstance(detail, list):
        # What does not fit is listed, each with its place.
        said = [f"{'.'.join(map(str, each.get('loc', ())))}: {each.get('msg', '')}" for each in detail[:3]]
        detail = "; ".join(said)
    elif isinstance(detail, Mapping):
        detail = detail.get("message") or detail.get("reason") or detail.get("statement")
    text = " ".join(str(detail).split())[:500].rstrip(".") if detail else http.client.responses.get(status, "no reason")
    return f"Airflow answers {status}: {text}."
