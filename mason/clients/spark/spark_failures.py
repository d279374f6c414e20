"""Spark's errors as Mason's: what is wrong, where in the query, and how to mend it. No stack of Java is let through.

Spark names each error by a condition (https://spark.apache.org/docs/latest/sql-error-conditions.html), a state of SQL
and parameters. Of its text what a person needs stays: the first sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from mason.errors import (
    AccessDeniedError,
    CancelledError,
    ConflictError,
    EngineError,
    NotFoundError,
    TransientEngineError,
)

_LIBRARIES = ("pyspark", "grpc", "py4j")
_CUT = re.compile(r"\n\nJVM stacktrace|\n\nDriver stacktrace|\n== |; line \d+ pos \d+|\n\tat | SQLSTATE: \w+")
_CONDITION = re.compile(r"^\[[\w.]+\] ")
_NAMED = re.compile(r"`((?:[^`]|``)+)`|'((?:[^'\\]|\\.)+)'")
_WORDS = re.compile(r"\w+")
_LONGEST = 600
CANCELLED = "OPERATION_CANCELED"
"""The condition of what was interrupted."""
# Sessions that the server ended, or does not know (any more).
_SESSION = re.compile(r"INVALID_HANDLE\.(SESSION|OPERATION)|SESSION_(NOT_SAME|CLOSED|CHANGED)|NO_ACTIVE_SESSION")
_DENIED = re.compile(r"AccessControlException|AccessDenied|Permission denied|PERMISSION_DENIED|UNAUTHENTICATED")
_AWAY = re.compile(r"UNAVAILABLE|RETRIES_EXCEEDED|Connection refused|DEADLINE_EXCEEDED|Socket closed|Py4JNetworkError")
_UNLIKE = re.compile(r"UNIMPLEMENTED|Method not found")
_MEMORY = re.compile(r"OutOfMemoryError|Java heap space|UNABLE_TO_ACQUIRE_MEMORY|RESULT_TOO_LARGE|maxResultSize")


@contextmanager
def explained(sql: str = "") -> Iterator[None]:
    """Raises the ``EngineError`` that explains an error of Spark met inside; ``sql`` is the query as it was written."""
    try:
        yield
    except Exception as error:
        if not is_sparks(error):
            raise
        # Not from it: what it shows as its cause is a stack of Java.
        raise explain(error, sql) from None


def is_sparks(error: Exception) -> bool:
    """Whether an exception comes from Spark, or from the way to it."""
    return type(error).__module__.partition(".")[0] in _LIBRARIES or isinstance(error, ConnectionError)


def condition_of(error: Exception) -> str:
    """The name of an error's condition; empty where it has none."""
    return str(_asked(error, "getCondition") or _asked(error, "getErrorClass") or "")


def explain(error: Exception, sql: str = "") -> EngineError | CancelledError:
    """The ``EngineError`` (or a subclass) for an exception of Spark."""
    condition, state = condition_of(error), str(_asked(error, "getSqlState") or "")
    told = _first_words(error)
    parameters: Mapping[str, Any] = _asked(error, "getMessageParameters") or {}
    whole = f"{condition} {type(error).__name__} {str(error)[:4000]}"
    if condition == CANCELLED:
        return CancelledError("What Spark was doing was cancelled.")
    if _SESSION.search(condition):
        return TransientEngineError(f"Spark's server has ended the session: {told} Run it again.")
    if condition.startswith(("UNRESOLVED_COLUMN", "UNRESOLVED_FIELD")):
        return NotFoundError(f"Spark finds no column {_bare(parameters.get('objectName', ''))}.{_near(parameters)}")
    if "ALREADY_EXISTS" in condition:
        return ConflictError(told)
    # A name that the catalog does not take is none of a table that is there.
    if condition.endswith("NOT_FOUND") or condition == "INVALID_SCHEMA_OR_RELATION_NAME":
        return NotFoundError(told)
    if state == "42501" or _DENIED.search(whole):
        return AccessDeniedError(f"Spark refuses access: {told}")
    if isinstance(error, ConnectionError) or (_AWAY.search(whole) and type(error).__module__.startswith("py4j")):
        return TransientEngineError(
            "Spark's Java on this machine is gone, perhaps for want of memory (driver_memory in the config gives it "
            "more). Run this again: it starts another one."
        )
    if _AWAY.search(whole) and not state:
        return TransientEngineError(
            "Spark's server does not answer any more. See whether it runs, and what its log says; then run this again."
        )
    if _UNLIKE.search(whole):
        return EngineError(
            f"Spark's server and the package pyspark-client do not fit together: {told} Install the version of the "
            "server: pip install pyspark-client==VERSION"
        )
    if _MEMORY.search(whole):
        return EngineError(f"Spark ran out of memory: {told} Give it more, or ask for fewer rows.")
    return EngineError(f"Spark stopped{_place(error, sql)}: {told}")


def _asked(error: Exception, method: str) -> Any:
    found = getattr(error, method, None)
    # Of an error that came without its details, pyspark raises another one.
    with suppress(Exception):
        return found() if found is not None else None
    return None


def _first_words(error: Exception) -> str:
    text = _CUT.split(str(error), maxsplit=1)[0]
    text = _CONDITION.sub("", text.removeprefix("(")).strip()
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _bare(name: Any) -> str:
    return str(name).replace("`", "")


def _near(parameters: Mapping[str, Any]) -> str:
    proposal = _bare(parameters.get("proposal", ""))
    return (
        f" Did you mean {proposal}?"
        if proposal and "," not in proposal
        else f" There are: {proposal}."
        if proposal
        else ""
    )


def _place(error: Exception, sql: str) -> str:
    """Where in the query as it was written the fault is: what Spark names of its own text is looked for there."""
    contexts = _asked(error, "getQueryContext") or []
    fragments = [str(_asked(each, "fragment") or "") for each in contexts]
    for fragment in fragments if sql else ():
        names = [first or second for first, second in _NAMED.findall(fragment)]
        for name in reversed(names):
            places = [found.start() for found in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE)]
            if len(places) == 1:
                before = sql[: places[0]]
                line, column = before.count("\n") + 1, places[0] - (before.rfind("\n") + 1) + 1
                return f" at line {line}, column {column} ({name})"
    return ""
