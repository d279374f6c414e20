"""Connections to the metastore: opened when they are needed, one for each thread at work, kept for the next request.

A request that only reads is made once more when a connection that was kept turns out to be dead, which is what a
restart of the metastore leaves. One that changes something is not, as only the catalog knows whether it was done before
its answer was lost; it gets a new connection instead. An answer is never longer than memory: a server of another kind
is found out by the length that its first bytes say.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from mason.clients.hive.thrift_failures import failure, no_metastore, unreachable
from mason.errors import EngineError, MissingDependencyError, TransientEngineError, UnknownOutcomeError

_KEPT = 8
# The longest text and the longest list that an answer may hold.
_LONGEST = 1 << 28
_MOST = 10_000_000


class Connections:
    """Connections by a ``configuration``. Threads may share it.

    Raises ``MissingDependencyError`` where Hive's Thrift is not installed: before a request is made of its values.
    """

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        try:
            importlib.import_module("pymetastore.hive_metastore.ThriftHiveMetastore")
        except ModuleNotFoundError as error:
            raise MissingDependencyError(f"Client hive ({error.name})", "hive") from error
        self._configuration = configuration
        self._uris = [each.strip().rstrip("/") for each in str(configuration["uri"]).split(",")]
        self._lock = threading.Lock()
        self._idle: list[_Connection] = []

    def ask(self, doing: str, method: str, *arguments: Any, changes: bool = False) -> Any:
        """What the metastore answers. Raises ``EngineError`` and those below it.

        doing: what is asked for, as an infinitive: ``get table club.people``.
        method: the method of Hive's Thrift, for its ``arguments``.
        changes: whether something is changed by it.
        """
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None and changes:
            kept.close()
        elif kept is not None:
            with suppress(_LostError):
                return self._asked(kept, doing, method, arguments)
        try:
            return self._asked(self._opened(), doing, method, arguments)
        except _LostError as error:
            if changes:
                raise self._unknown(doing, error) from error
            raise TransientEngineError(
                f"Cannot {doing}: {error}. Either the metastore stopped, or what listens there is none, or it wants "
                "another authentication (SASL)."
            ) from error

    def close(self) -> None:
        """Give back all connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    def _asked(self, connection: _Connection, doing: str, method: str, arguments: tuple[Any, ...]) -> Any:
        from thrift.Thrift import TException
        from thrift.transport.TTransport import TTransportException

        kept = False
        try:
            answer = getattr(connection.client, method)(*arguments)
            kept = True
        except (TTransportException, OSError) as error:
            if getattr(error, "type", None) in (TTransportException.SIZE_LIMIT, TTransportException.NEGATIVE_SIZE):
                raise no_metastore(doing, connection.uri) from error
            lost = f"the connection to {connection.uri} ended"
            if isinstance(error, TimeoutError) or getattr(error, "type", None) == TTransportException.TIMED_OUT:
                lost = f"{connection.uri} did not answer in {self._timeout:g} s"
            raise _LostError(lost) from error
        except TException as error:
            told = failure(doing, connection.uri, error)
            # Of what the metastore refused, the whole answer was read.
            kept = told.answered
            raise told.error from error
        finally:
            # After Ctrl-C, too, an answer may be on its way that is none to the next request.
            if kept:
                self._keep(connection)
            else:
                connection.close()
        return answer

    def _keep(self, connection: _Connection) -> None:
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(connection)
                return
        connection.close()

    def _unknown(self, doing: str, error: Exception) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            f"It is not known whether the metastore did what it was asked for, to {doing}: {error}. Look what there is "
            "before you try again."
        )

    @property
    def _timeout(self) -> float:
        return float(self._configuration.get("timeout", 60))

    def _opened(self) -> _Connection:
        """A new connection to the first server that takes one."""
        from thrift.Thrift import TException

        failures = []
        for uri in self._uris:
            try:
                return _Connection(uri, self._configuration, self._timeout)
            except (TException, OSError) as error:
                failures.append(unreachable(uri, error))
            except EOFError as error:
                failures.append(f"{uri} ended the connection while it was opened ({error})")
        raise TransientEngineError(
            f"The metastore cannot be reached: {'; '.join(failures)}. Is it running, and is uri right?"
        )


class _LostError(Exception):
    """The connection is gone, and with it an answer."""


class _Connection:
    """One connection to ``uri``, and Hive's Thrift client over it."""

    def __init__(self, uri: str, configuration: Mapping[str, Any], timeout: float) -> None:
        from pymetastore.hive_metastore.ThriftHiveMetastore import Client
        from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
        from thrift.transport.TSocket import TSocket
        from thrift.transport.TTransport import TBufferedTransport

        self.uri = uri
        host, _, port = uri.removeprefix("thrift://").rpartition(":")
        wire = TSocket(host.strip("[]"), int(port))
        wire.setTimeout(timeout * 1000)
        secured = configuration.get("authentication", "none") == "kerberos"
        self._transport = _sasl(wire, host, configuration) if secured else TBufferedTransport(wire)
        protocol = TBinaryProtocolAccelerated(
            self._transport, strictRead=True, string_length_limit=_LONGEST, container_length_limit=_MOST
        )
        self.client = Client(protocol)
        try:
            self._transport.open()
            if configuration.get("user") and not secured:
                self.client.set_ugi(str(configuration["user"]), [])
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._transport.close()


def _sasl(wire: Any, host: str, configuration: Mapping[str, Any]) -> Any:
    """The transport by which Kerberos speaks. Raises ``MissingDependencyError``, and ``EngineError`` without a
    ticket."""
    from thrift.transport.TTransport import TSaslClientTransport

    try:
        return TSaslClientTransport(wire, host=host, service=str(configuration.get("service", "hive")))
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"Kerberos ({error.name})", "kerberos") from error
    except Exception as error:  # what the system's Kerberos raises goes through Thrift, and has no common class
        raise EngineError(f"Kerberos cannot be used ({error}). Get a ticket first: kinit") from error
