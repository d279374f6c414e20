"""Failures of Trino in Mason's tree: by the names of its errors (``StandardErrorCode``) and by their types. Pure."""

from __future__ import annotations

import re

from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError, TransientEngineError

CANCELLED = frozenset({"USER_CANCELED", "ADMINISTRATIVELY_KILLED"})
"""Names of the errors of queries that somebody stopped."""

_DENIED = frozenset({"PERMISSION_DENIED"})
_EXISTS = frozenset({"ALREADY_EXISTS", "TABLE_ALREADY_EXISTS", "SCHEMA_ALREADY_EXISTS", "SCHEMA_NOT_EMPTY"})
_PASSING = frozenset(
    {
        "SERVER_STARTING_UP",
        "SERVER_SHUTTING_DOWN",
        "NO_NODES_AVAILABLE",
        "TOO_MANY_REQUESTS_FAILED",
        "PAGE_TRANSPORT_ERROR",
        "PAGE_TRANSPORT_TIMEOUT",
        "REMOTE_HOST_GONE",
        "REMOTE_TASK_ERROR",
        "TRANSACTION_CONFLICT",
    }
)
# What a query needs more of than it may have, however often it is asked.
_LIMITS = frozenset({"EXCEEDED_TIME_LIMIT", "EXCEEDED_CPU_LIMIT", "EXCEEDED_SCAN_LIMIT", "EXCEEDED_SPILL_LIMIT"})
_LONGEST = 1000
_PLACE = re.compile(r"^line (\d+):(\d+): ")


class QueryGoneError(TransientEngineError):
    """The coordinator does not know a query any more: it was started again, or it forgot the query."""


def failure(doing: str, name: str, kind: str, said: str, query_id: str = "") -> EngineError:
    """What to raise for a query that failed.

    - ``doing``: what it was for, an infinitive.
    - ``name``, ``kind``: ``errorName`` and ``errorType`` of Trino.
    - ``said``: its message.
    """
    query = f", query {query_id}" if query_id else ""
    text = f"Cannot {doing}: {shortened(said)} ({name}{query})."
    if name == "HIVE_TOO_MANY_OPEN_PARTITIONS":
        return EngineError(f"{text} Divide by columns of fewer values, or raise hive.max-partitions-per-writers.")
    if name in _DENIED:
        return AccessDeniedError(f"{text} Trino's access control has to allow it to the user.")
    if name in _EXISTS:
        return ConflictError(text)
    if name.endswith("NOT_FOUND"):
        return NotFoundError(text)
    if name in _PASSING or (kind == "INSUFFICIENT_RESOURCES" and name not in _LIMITS):
        return TransientEngineError(f"{text} Try again later.")
    if kind == "INSUFFICIENT_RESOURCES":
        return EngineError(f"{text} Ask for less at once, or have the limit raised.")
    if kind == "EXTERNAL":
        return EngineError(f"{text} What is behind the catalog failed, and not Trino.")
    return EngineError(text)


def shortened(said: str) -> str:
    """A message as one sentence without its end, bounded; the place in a statement of Mason's is left out."""
    plain = " ".join(_PLACE.sub("", said).split()).rstrip(".")
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."
