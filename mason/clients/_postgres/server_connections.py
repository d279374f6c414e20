"""Connections to one server: opened when they are needed, a few at a time, kept for the next verb.

All that is done is done in a transaction. One that only asks is read-only and sees the data of one moment, whatever
others write meanwhile. A connection that was kept turns out to be dead before anything was asked on it, and another one
is opened. Whether a transaction was committed whose answer was lost is asked of the server itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mason.clients._postgres.server_failures import explained, is_lost, unreachable
from mason.engines import interrupts
from mason.errors import CancelledError, EngineError, MissingDependencyError, TransientEngineError, UnknownOutcomeError
from mason.values import dataclass, field

if TYPE_CHECKING:
    import psycopg

_CANCELLING = 5.0
# How often the server is asked what became of a transaction, and how long it may take to know.
_ASKING, _KNOWING = 0.1, 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is reached.

    - ``engine``: what it is called in sentences, ``PostgreSQL``; ``client`` the name of the client, ``extra`` what
      brings its library.
    - ``parameters``: those of libpq, by their names; ``settings``: of each session.
    - ``most``: how many connections there are at once.
    - ``tells_outcomes``: whether it says what became of a transaction (``txid_status``).
    """

    engine: str
    client: str
    extra: str
    parameters: Callable[[], dict[str, Any]]
    settings: dict[str, str] = field(default_factory=dict)
    most: int = 4
    tells_outcomes: bool = True

    @property
    def place(self) -> str:
        """Host and port."""
        given = self.parameters()
        return f"{given.get('host') or 'localhost'}:{given.get('port') or 5432}"


class Transaction:
    """One transaction on one connection, for one thread."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.committed_as = ""

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement of Mason's; ``values`` stand for its ``%s``."""
        cursor = self.connection.execute(sql.encode(), values, prepare=False)
        return cursor.fetchall() if cursor.description is not None else []

    def texts(self, sql: str) -> Iterator[list[bytes | None]]:
        """The rows of a statement of Mason's as the server writes them; ``None`` for NULL."""
        cursor = self.connection.execute(sql.encode(), prepare=False)
        found = cursor.pgresult
        assert found is not None, "it was asked"
        for row in range(found.ntuples):
            yield [found.get_value(row, column) for column in range(found.nfields)]

    def run(self, sql: str) -> int:
        """Do a statement; how many rows it changed."""
        return self.connection.execute(sql.encode(), prepare=False).rowcount

    def described(self, sql: str) -> list[tuple[str, int, int]]:
        """Name, type and modifier of the columns that a query answers with, without asking it.

        The server takes the text as one statement, or not at all.
        """
        import psycopg

        wire = self.connection.pgconn
        for found in (wire.prepare(b"", sql.encode()), wire.describe_prepared(b"")):
            if found.status not in (psycopg.pq.ExecStatus.COMMAND_OK, psycopg.pq.ExecStatus.TUPLES_OK):
                raise psycopg.errors.error_from_result(found, encoding="utf-8")
        return [
            ((found.fname(index) or b"").decode(), found.ftype(index), found.fmod(index))
            for index in range(found.nfields)
        ]


class Connections:
    """Connections to ``server``. Threads may share it; nothing is opened before the first transaction.

    Raises ``MissingDependencyError`` where psycopg is not installed.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._lock = threading.Lock()
        self._idle: list[psycopg.Connection[Any]] = []
        self._places = threading.BoundedSemaphore(server.most)

    @contextmanager
    def asking(self) -> Iterator[Transaction]:
        """A transaction that only reads, at one moment of the data. Raises ``EngineError``."""
        with self._began("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as transaction:
            yield transaction

    @contextmanager
    def changing(self) -> Iterator[Transaction]:
        """A transaction that is committed when all within went well, and else leaves nothing.

        Raises ``EngineError``; ``UnknownOutcomeError`` where nobody can tell whether it was committed.
        """
        with self._began("BEGIN ISOLATION LEVEL REPEATABLE READ") as transaction:
            yield transaction
            self._commit(transaction)

    def close(self) -> None:
        """Give back all connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    @contextmanager
    def _began(self, statement: str) -> Iterator[Transaction]:
        with self._places:
            connection = self._ready(statement)
            kept = False
            try:
                with self._interruptible(connection), explained(self.server.engine, self.server.place):
                    yield Transaction(connection)
                    if connection.info.transaction_status.name == "INTRANS":
                        connection.execute("ROLLBACK")
                kept = True
            except BaseException:
                with suppress(Exception):
                    # After a refusal the connection is as good as before; after Ctrl-C as well, once it is quiet.
                    if not connection.broken and connection.info.transaction_status.name != "ACTIVE":
                        connection.execute("ROLLBACK")
                        kept = True
                raise
            finally:
                self._give_back(connection, kept=kept)

    def _ready(self, statement: str) -> psycopg.Connection[Any]:
        """A connection on which a transaction has begun."""
        import_library(self.server)
        import psycopg

        while True:
            with self._lock:
                kept = self._idle.pop() if self._idle else None
            if kept is None:
                break
            try:
                kept.execute(statement.encode())
                return kept
            except psycopg.Error:
                # The server was started anew, or has ended it: nothing was asked yet.
                kept.close()
        connection = self._opened()
        try:
            with explained(self.server.engine, self.server.place):
                connection.execute(statement.encode())
        except BaseException:
            connection.close()
            raise
        return connection

    def _opened(self) -> psycopg.Connection[Any]:
        import psycopg

        given = self.server.parameters()
        try:
            connection = psycopg.connect(autocommit=True, **given)
        except psycopg.Error as error:
            # Without its chain: what psycopg was given is in the frames of its errors.
            raise unreachable(
                error, self.server.engine, self.server.place, str(given.get("dbname", "")), str(given.get("user", ""))
            ) from None
        try:
            with explained(self.server.engine, self.server.place):
                self._set_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: psycopg.Connection[Any]) -> None:
        for name, value in self.server.settings.items():
            connection.execute(f"SET {name} TO {_text(value)}".encode())

    def _give_back(self, connection: psycopg.Connection[Any], *, kept: bool) -> None:
        if not kept or connection.closed:
            connection.close()
            return
        with self._lock:
            self._idle.append(connection)

    @contextmanager
    def _interruptible(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Within it, whoever gives up the work has the server stop what it is asked; psycopg does so at Ctrl-C."""
        work = interrupts.current()
        if work is None:
            yield
            return
        pid, ended, lock = connection.info.backend_pid, threading.Event(), threading.Lock()

        def cancel() -> None:
            # A server that is gone does nothing any more. What the connection does for others is not stopped.
            with lock, suppress(Exception):
                if not ended.is_set():
                    self._cancel(pid)

        work.add(cancel)
        try:
            yield
        except CancelledError:
            raise
        except EngineError as error:
            if work.given_up:
                raise CancelledError("The statement was stopped: nobody waits for it any more.") from error
            raise
        finally:
            work.discard(cancel)
            with lock:
                ended.set()

    def _cancel(self, pid: int) -> None:
        import psycopg

        given = {**self.server.parameters(), "connect_timeout": int(_CANCELLING)}
        with psycopg.connect(autocommit=True, **given) as other:
            other.execute("SELECT pg_cancel_backend(%s)", [pid])

    def _commit(self, transaction: Transaction) -> None:
        import psycopg

        connection = transaction.connection
        number = str(transaction.rows("SELECT txid_current()")[0][0]) if self.server.tells_outcomes else ""
        try:
            connection.execute("COMMIT")
        except psycopg.Error as error:
            if not is_lost(error):
                raise
            outcome = self._outcome(number)
            if outcome == "committed":
                return
            if outcome == "aborted":
                raise TransientEngineError(
                    f"The connection to {self.server.engine} at {self.server.place} ended before the work was "
                    "committed, so nothing was changed."
                ) from error
            raise UnknownOutcomeError(
                f"The connection to {self.server.engine} at {self.server.place} ended while the work was committed, "
                "and the server cannot be asked whether it was: to do it again might do it twice. Look there first."
            ) from error

    def _outcome(self, number: str) -> str:
        """What became of a transaction: ``committed``, ``aborted``, or empty where the server does not say it."""
        if not number:
            return ""
        until = time.monotonic() + _KNOWING
        while time.monotonic() < until:
            with suppress(EngineError):
                connection = self._opened()
                try:
                    with explained(self.server.engine, self.server.place):
                        (found,) = connection.execute("SELECT txid_status(%s::bigint)", [number]).fetchone() or ("",)
                finally:
                    connection.close()
                if found in ("committed", "aborted"):
                    return str(found)
            time.sleep(_ASKING)
        return ""


def import_library(server: Server) -> None:
    """Raises ``MissingDependencyError`` where psycopg is not installed, or has no libpq."""
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(f"Client {server.client} (psycopg)", server.extra) from error


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
