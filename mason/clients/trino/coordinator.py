"""Requests to the coordinator, by Trino's own client: submit a statement, look at its pages, stop it.

The client's layer of requests is used, and not its cursors: they make Python's values of what is answered (a timestamp
loses digits), and submit and wait in one. It speaks Trino's headers only; those of Presto are the same under another
name, and are renamed on their way.

A statement begins when its first page is asked for (``QueuedStatementResource`` of Trino: a POST registers it, and
submits nothing), and each page may be asked for twice. So what gets lost is asked for again, and nothing runs twice.
"""

from __future__ import annotations

import getpass
import importlib
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

from mason.clients.trino.trino_failures import QueryGoneError, failure
from mason.errors import AccessDeniedError, EngineError, MissingDependencyError, TransientEngineError
from mason.values import dataclass, field

if TYPE_CHECKING:
    from mason.clients.trino.trino_names import Place

OLDEST = 351
"""The first version of Trino by that name, whose headers are ``X-Trino-``."""

_CONNECT = 5.0
_PAUSES = (0.1, 0.5, 1.0, 2.0)
_PASSING = frozenset({429, 502, 503, 504})
_KEPT = 8
_PREPARED = "mason"
_NUMBER = re.compile(r"\[Errno -?\d+\] ")


@dataclass(slots=True)
class Query:
    """A statement that is at the coordinator, as its last page has it.

    ``columns``: names and types in Trino's words, empty until they are known. ``rows``: those of this page, values as
    JSON has them. ``next_uri``: where the next page is; ``None`` where this is the last. ``count``: of rows written.
    ``error``: the name of the error that it ended with.
    """

    query_id: str
    next_uri: str | None
    columns: tuple[tuple[str, str], ...] = ()
    rows: Sequence[Sequence[Any]] = ()
    stats: Mapping[str, Any] = field(default_factory=dict)
    count: int | None = None
    doing: str = ""
    error: str = ""


class _SilentError(TransientEngineError):
    """Nothing answered within the time that there is."""


class Coordinator:
    """Requests by a ``configuration``. Threads may share it."""

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        try:
            importlib.import_module("trino.client")
        except ModuleNotFoundError as error:
            raise MissingDependencyError(f"Client trino ({error.name})", "trino") from error
        self._configuration = configuration
        self._base = base
        self.url = str(configuration["url"]).rstrip("/")
        self._timeout = float(configuration.get("timeout", 60))
        self._lock = threading.Lock()
        self._idle: list[Any] = []
        self._known = False

    @property
    def source(self) -> str:
        """What statements say of who asks."""
        return str(self._configuration.get("source", "mason"))

    @property
    def is_presto(self) -> bool:
        """Whether it is Presto."""
        return self._configuration.get("flavor") == "presto"

    def register(self, sql: str, parameters: Sequence[str] = (), *, doing: str, within: Place | None = None) -> Query:
        """Hand a statement over, which begins with its next page.

        - ``parameters``: literals for its ``?``; it is a prepared statement then.
        - ``doing``: what it is for, an infinitive, for errors.
        - ``within``: the schema of tables that it names without one.

        Raises ``EngineError`` with what Trino says, ``TransientEngineError`` where it does not answer.
        """
        self._check_server(doing)
        headers: dict[str, str] = {}
        # A header takes no other letters, and names in quotes need none.
        if within is not None and f"{within.catalog}{within.schema}".isascii():
            headers |= {"X-Trino-Catalog": within.catalog, "X-Trino-Schema": within.schema}
        if parameters:
            headers["X-Trino-Prepared-Statement"] = f"{_PREPARED}={quote_plus(sql)}"
            sql = f"EXECUTE {_PREPARED} USING {', '.join(parameters)}"
        return self._page(doing, lambda request: request.post(sql, headers))

    def submit(self, sql: str, parameters: Sequence[str] = (), *, doing: str, within: Place | None = None) -> Query:
        """Hand a statement over, and begin it: the first page, which may have nothing yet. Raises as
        :meth:`register`."""
        query = self.register(sql, parameters, doing=doing, within=within)
        if query.next_uri is not None:
            self.advance(query)
        return query

    def advance(self, query: Query) -> None:
        """Ask for the next page of a query; it waits for about a second where there is none yet. Raises as
        :meth:`submit`, and ``QueryGoneError``."""
        uri = query.next_uri
        assert uri is not None, "there is a page"
        self._check_same(query.doing, uri)
        found = self._page(query.doing, lambda request: request.get(uri), query)
        query.next_uri, query.rows, query.stats = found.next_uri, found.rows, found.stats
        query.columns = found.columns or query.columns
        query.count = found.count if found.count is not None else query.count

    def stop(self, query: Query) -> None:
        """Stop a query by its next page; nothing happens to one that has ended."""
        uri = query.next_uri
        if uri is None:
            return
        self._check_same(query.doing, uri)
        self._answered(f"stop query {query.query_id}", lambda request: request.delete(uri), gone=True)

    def close(self) -> None:
        """Give back connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    # Pages

    def _page(self, doing: str, ask: Callable[[Any], Any], query: Query | None = None) -> Query:
        request, answer = self._answered(doing, ask, query_id=query.query_id if query is not None else "")
        from trino import exceptions

        try:
            status = request.process(answer)
            columns = tuple((str(each["name"]), str(each["type"])) for each in status.columns or ())
            uri = status.next_uri
            return Query(str(status.id), uri, columns, status.rows, status.stats, status.update_count, doing)
        except exceptions.TrinoQueryError as error:
            if query is not None:
                query.error, query.next_uri = str(error.error_name), None
            raise failure(
                doing, str(error.error_name), str(error.error_type), str(error.message), str(error.query_id or "")
            ) from error
        except (exceptions.TrinoConnectionError, ValueError, KeyError, TypeError) as error:
            raise self._no_trino(doing) from error

    def _answered(
        self, doing: str, ask: Callable[[Any], Any], *, query_id: str = "", gone: bool = False
    ) -> tuple[Any, Any]:
        """The request and its answer, asked for again where it gets lost; ``gone`` says that a query may be unknown."""
        for pause in (*_PAUSES, None):
            try:
                request, answer = self._asked(ask)
            except TransientEngineError as error:
                # Who is silent for so long is not asked five times.
                if pause is None or isinstance(error, _SilentError):
                    raise TransientEngineError(f"Cannot {doing}: {error}") from error
                time.sleep(pause)
                continue
            except EngineError as error:
                raise EngineError(f"Cannot {doing}: {error}") from error
            if answer.status_code not in _PASSING or pause is None:
                break
            time.sleep(pause)
        self._check_status(doing, answer, query_id, gone=gone)
        return request, answer

    def _check_status(self, doing: str, answer: Any, query_id: str, *, gone: bool) -> None:
        code = answer.status_code
        if code < 300 or (gone and code in (404, 410)):
            return
        if code == 401:
            raise AccessDeniedError(
                f"Cannot {doing}: {self.url} does not take the credentials of {self._who}. Check user and password, "
                "or token."
            )
        if code == 403:
            raise AccessDeniedError(f"Cannot {doing}: {self.url} refuses it to {self._who}.")
        if code in _PASSING:
            raise TransientEngineError(f"Cannot {doing}: {self.url} answers {code}, it is busy or away. Try again.")
        if code in (404, 410) and query_id:
            raise QueryGoneError(
                f"Cannot {doing}: {self.url} does not know query {query_id} any more. It was started again, or nothing "
                "asked for the query for some minutes."
            )
        if code == 404:
            raise self._no_trino(doing)
        said = " ".join(answer.text[:200].split())
        raise EngineError(f"Cannot {doing}: {self.url} answers {code} ({said}).")

    def _asked(self, ask: Callable[[Any], Any]) -> tuple[Any, Any]:
        import requests

        with self._lock:
            session = self._idle.pop() if self._idle else None
        session = session or self._session()
        try:
            request = self._request(session)
            answer = ask(request)
        except requests.exceptions.SSLError as error:
            session.close()
            raise EngineError(
                f"the certificate of {self.url} is not trusted, or it does not speak TLS. Give certificate, or check "
                "url."
            ) from error
        except UnicodeError as error:
            session.close()
            raise EngineError("user, catalog and session take letters of ASCII only, as headers of HTTP do.") from error
        except requests.exceptions.InvalidURL as error:
            session.close()
            raise EngineError(f"{self.url} is no URL of a coordinator ({_inner(error)}).") from error
        except requests.exceptions.Timeout as error:
            session.close()
            raise _SilentError(f"{self.url} does not answer in time. Check url, and that Trino runs.") from error
        except (requests.exceptions.RequestException, OSError) as error:
            session.close()
            raise TransientEngineError(
                f"{self.url} does not answer ({_inner(error)}). Check url, and that Trino runs."
            ) from error
        with self._lock:
            is_kept = len(self._idle) < _KEPT
            if is_kept:
                self._idle.append(session)
        if not is_kept:
            session.close()
        return request, answer

    # Connections

    def _session(self) -> Any:
        import requests

        session = requests.Session()
        # Nothing but the config says who asks (no netrc), and what the server is checked with, where it says so: a
        # session that goes by the environment lets that win.
        session.trust_env = False
        session.proxies = requests.utils.get_environ_proxies(self.url)
        certificate = self._configuration.get("certificate")
        trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        session.verify = str(self._base / str(certificate)) if certificate else trusted
        if certificate and not (self._base / str(certificate)).is_file():
            raise EngineError(f"the certificate {certificate} is no file. It is looked for in {self._base}.")
        if self.is_presto:
            from mason.clients.trino.presto_headers import renaming

            for scheme in ("http://", "https://"):
                session.mount(scheme, renaming())
        return session

    def _request(self, session: Any) -> Any:
        from trino.auth import BasicAuthentication, JWTAuthentication
        from trino.client import ClientSession, TrinoRequest

        given = self._configuration
        scheme, host, port = _origin(self.url)
        authentication: Any = None
        if "token" in given:
            authentication = JWTAuthentication(str(given["token"]))
        elif "password" in given:
            authentication = BasicAuthentication(self._user, str(given["password"]))
        # Who is meant, where there is no user, the token says.
        user: Any = given.get("user") if "token" in given else self._user
        properties = {name: _property(value) for name, value in (given.get("session") or {}).items()}
        known = ClientSession(
            user=user, source=self.source, properties=properties, timezone="UTC", catalog=given.get("catalog")
        )
        return TrinoRequest(
            host=f"[{host}]" if ":" in host else host,
            port=port,
            client_session=known,
            http_session=session,
            http_scheme=scheme,
            auth=authentication,
            max_attempts=1,
            request_timeout=(_CONNECT, self._timeout),
        )

    @property
    def _user(self) -> str:
        return str(self._configuration.get("user") or getpass.getuser())

    @property
    def _who(self) -> str:
        return "the holder of the token" if "token" in self._configuration else f"user {self._user}"

    # The server

    def _check_server(self, doing: str) -> None:
        """Raises ``EngineError`` where what answers is no Trino, or one that is too old."""
        if self._known:
            return
        _, answer = self._answered(doing, lambda request: request.get(f"{self.url}/v1/info"))
        try:
            told = answer.json()
            version = str(told["nodeVersion"]["version"])
            is_starting = bool(told.get("starting"))
        except (ValueError, KeyError, TypeError) as error:
            raise self._no_trino(doing) from error
        if is_starting:
            raise TransientEngineError(f"Cannot {doing}: Trino at {self.url} is starting. Try again in a moment.")
        number = version.partition("-")[0].partition(".")[0]
        if not self.is_presto and number.isdigit() and int(number) < OLDEST:
            raise EngineError(
                f"Cannot {doing}: {self.url} is of version {version}, and the first one of Trino is {OLDEST}. For "
                "Presto set flavor: presto."
            )
        self._known = True

    def _check_same(self, doing: str, uri: str) -> None:
        """Credentials go to the configured server only."""
        if _origin(self.url) != _origin(uri):
            scheme, host, port = _origin(uri)
            raise EngineError(
                f"Cannot {doing}: {self.url} sends on to {scheme}://{host}:{port}. Behind a proxy Trino has to be told "
                "its address (http-server.process-forwarded=true)."
            )

    def _no_trino(self, doing: str) -> EngineError:
        return EngineError(
            f"Cannot {doing}: what answers at {self.url} is no {'Presto' if self.is_presto else 'Trino'}. Is that the "
            "port of the coordinator?"
        )


def _origin(url: str) -> tuple[str, str, int]:
    place = urlsplit(url)
    return place.scheme, str(place.hostname), place.port or (443 if place.scheme == "https" else 80)


def _property(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _inner(error: BaseException) -> str:
    """What the system says, below what libraries make of it."""
    found: BaseException = error
    for _ in range(10):
        inner = getattr(found, "reason", None) or next(
            (each for each in found.args if isinstance(each, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            break
        found = inner
    told = getattr(found, "strerror", None) or found.__cause__ or found
    return " ".join(_NUMBER.sub("", str(told)).split())[:200]
