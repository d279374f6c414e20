"""Errors of the metastore in Mason's tree: by their type where Hive has one, else by what Hive's libraries write."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import NamedTuple

from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

# Hive wraps messages in the names of Java classes: MetaException(message:java.io.IOException: No such place).
_CLASSES = re.compile(r"^(?:(?:[a-z]\w*\.)+[A-Z]\w*(?:Exception|Error)\b:?\s*|\w+Exception\(message:\s*)+")
_LONGEST = 500


class Failure(NamedTuple):
    """What to raise; ``answered`` says that the whole answer was read, so that the connection is good for more."""

    error: EngineError
    answered: bool


def failure(doing: str, uri: str, error: Exception) -> Failure:
    """What became of a request, by what Thrift raised."""
    from pymetastore.hive_metastore import ttypes
    from thrift.protocol.TProtocol import TProtocolException
    from thrift.Thrift import TApplicationException

    if isinstance(error, TProtocolException):
        return Failure(no_metastore(doing, uri), False)
    if isinstance(error, TApplicationException):
        if error.type == TApplicationException.UNKNOWN_METHOD:
            return Failure(
                EngineError(
                    f"Cannot {doing}: the metastore at {uri} is of a version that Mason does not know "
                    f"({_told(error)}). Known are 2.3 and later ones."
                ),
                True,
            )
        return Failure(EngineError(f"Cannot {doing}: the metastore at {uri} failed ({_told(error)})."), True)
    said = _told(error)
    refusal = f"Cannot {doing}: the metastore refused it ({said})."
    if isinstance(error, ttypes.NoSuchObjectException | ttypes.UnknownDBException | ttypes.UnknownTableException):
        return Failure(NotFoundError(refusal), True)
    if isinstance(error, ttypes.AlreadyExistsException):
        return Failure(ConflictError(refusal), True)
    if "Permission denied" in said or "AccessControlException" in str(error) or "not have privileges" in said:
        return Failure(
            AccessDeniedError(f"{refusal} It has to be allowed to the configured user, or else to the metastore's."),
            True,
        )
    return Failure(EngineError(refusal), True)


def no_metastore(doing: str, uri: str) -> EngineError:
    """The error for an answer that is none of a metastore's."""
    return EngineError(
        f"Cannot {doing}: what listens at {uri} does not speak Hive's Thrift. Is that the port of the metastore (9083)?"
    )


def unreachable(uri: str, error: Exception) -> str:
    """Why no connection could be made, for the inside of a sentence."""
    inner = getattr(error, "inner", None) or error.__cause__ or error
    told = getattr(inner, "strerror", None) or getattr(error, "message", None) or str(inner)
    return f"{uri} ({' '.join(str(told).split())})"


def _told(error: Exception) -> str:
    """What was said, without the names of Java's classes and the lines of its stack."""
    lines = (getattr(error, "message", None) or str(error)).splitlines() or [type(error).__name__]
    said = " ".join(takewhile(lambda line: not line.lstrip().startswith(("at ", "Caused by")), lines))
    plain = _CLASSES.sub("", said).strip().rstrip(").") or said
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."
