"""Errors of the server in Mason's tree, by their SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html).

What a server says before it has accepted a connection comes without one, and goes by its words. No message holds the
password, for neither libpq nor a server says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mason.errors import (
    AccessDeniedError,
    CancelledError,
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
)

if TYPE_CHECKING:
    import psycopg

READ_ONLY = "25006"
CANCELLED = "57014"
NO_TABLE = "42P01"
DEPENDED_ON = "2BP01"
_MISSING = frozenset({NO_TABLE, "42703", "3F000", "42883", "42704", "3D000"})
_DENIED = frozenset({"42501", "28000", "28P01"})
_THERE = frozenset({"42P07", "42P06", "42710", "42723", "23505", DEPENDED_ON})
_PASSING = frozenset({"40001", "40P01", "57P01", "57P02", "57P03", "53300", "55P03"})
_LONGEST = 1000
_REFUSED = re.compile(
    r"password authentication failed|authentication failed|no password supplied|role .* does not exist|"
    r"no pg_hba\.conf entry|is not permitted to log in|permission denied for database",
    re.IGNORECASE,
)
_NO_DATABASE = re.compile(r'database ".*" does not exist')
_NO_TLS = re.compile(r"SSL|certificate|TLS", re.IGNORECASE)
# What libpq begins with is said again by what follows.
_BEGINNING = re.compile(
    r"^(connection (failed|is bad): )?(connection to server .*? failed: )?((FATAL|ERROR):\s*)?", re.DOTALL
)


@contextmanager
def explained(engine: str, place: str, *, given_up: bool = False) -> Iterator[None]:
    """Raises what a statement met as the ``EngineError`` that explains it.

    - ``engine``: what the server is called, ``PostgreSQL``.
    - ``place``: where it is: host and port.
    """
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise failure(error, engine, place) from error


def failure(error: psycopg.Error, engine: str, place: str) -> EngineError | CancelledError:
    """What to raise for what the server, or the way to it, said."""
    state = error.sqlstate or ""
    said = _said(error)
    if not state:
        if is_lost(error):
            return TransientEngineError(f"The connection to {engine} at {place} ended while it was asked ({said}).")
        return EngineError(f"{engine} refused this: {said}.")
    if state == CANCELLED:
        if "timeout" in said:
            return EngineError(
                f"{engine} stopped the statement: it took longer than statement_timeout of the client, or of the "
                "server, allows."
            )
        return CancelledError(f"{engine} stopped the statement, because it was cancelled.")
    if state == READ_ONLY:
        return EngineError(f"A query only asks, and this one changes something: {said}.")
    text = f"{engine} refused this: {said}."
    if state in _MISSING:
        return NotFoundError(text)
    if state in _DENIED:
        return AccessDeniedError(text)
    if state in _THERE:
        return ConflictError(text)
    if state in _PASSING or state.startswith("08"):
        return TransientEngineError(f"{engine} could not do this now: {said}. Try again.")
    return EngineError(text)


def is_lost(error: psycopg.Error) -> bool:
    """Whether it says that the connection is gone, and nothing of what was asked."""
    import psycopg

    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and (
        not error.sqlstate or error.sqlstate.startswith("08") or error.sqlstate in ("57P01", "57P02")
    )


def unreachable(error: psycopg.Error, engine: str, place: str, database: str, user: str) -> EngineError:
    """What to raise where no connection was made."""
    lines = [_BEGINNING.sub("", line.strip()) for line in str(error).splitlines()]
    said = next((line for line in lines if line and not line.startswith("Multiple connection attempts")), "")
    said = said[:_LONGEST].rstrip(".") or type(error).__name__
    whole = str(error)
    if _NO_DATABASE.search(whole):
        return NotFoundError(f"There is no database {database} at {place}. Name another one in the config.")
    if _REFUSED.search(whole):
        who = f" the user {user}" if user else ""
        return AccessDeniedError(
            f"{engine} at {place} does not let{who or ' this user'} in ({said}). Check user and password in the config."
        )
    if _NO_TLS.search(whole) and "Connection refused" not in whole:
        return EngineError(
            f"{engine} at {place} and this machine do not agree on TLS ({said}). Check sslmode and sslrootcert in the "
            "config."
        )
    return TransientEngineError(f"{engine} at {place} cannot be reached: {said}. Is it running, and is host right?")


def _said(error: psycopg.Error) -> str:
    """The server's message and hint on one line, without the rows that a constraint names."""
    found = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    hint = error.diag.message_hint
    text = f"{found.rstrip('.')}. {hint}" if hint else found
    return " ".join(text.split())[:_LONGEST].rstrip(".?")
