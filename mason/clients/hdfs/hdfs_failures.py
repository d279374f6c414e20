"""Errors of HDFS in Mason's tree, by the exception that Hadoop names in its answer."""

from __future__ import annotations

import json
from typing import NamedTuple

from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError, TransientEngineError

_MOST = 500
_GONE = frozenset({"FileNotFoundException", "NoSuchFileException"})
_THERE = frozenset({"FileAlreadyExistsException", "AlreadyBeingCreatedException", "PathIsNotEmptyDirectoryException"})
_STANDBY = frozenset({"StandbyException", "ObserverRetryOnActiveException"})
_SAFE_MODE = frozenset({"SafeModeException"})
_STARTS = ("SafeModeException", "in safe mode", "in startup mode", "Failed to find datanode")


class Refusal(NamedTuple):
    """What a node said: the name of the exception without its package, and its message."""

    exception: str
    message: str

    @property
    def is_standby(self) -> bool:
        """Whether another namenode is to be asked."""
        return self.exception in _STANDBY or "StandbyException" in self.message

    @property
    def is_starting(self) -> bool:
        """Whether HDFS has just started, and takes no writes yet."""
        return self.exception in _SAFE_MODE or any(each in self.message for each in _STARTS)


def refusal(status: int, body: bytes) -> Refusal:
    """What an answer says that is none of success."""
    try:
        told = json.loads(body)["RemoteException"]
        return Refusal(str(told["exception"]).rpartition(".")[2], str(told.get("message") or ""))
    except (ValueError, KeyError, TypeError):
        return Refusal("", f"HTTP {status}")


def failure(doing: str, status: int, said: Refusal, who: str) -> EngineError:
    """The error for a refusal. ``who`` is as whom it was asked."""
    told = " ".join(said.message.splitlines()[0].split())[:_MOST] if said.message else said.exception
    if said.exception in _GONE or status == 404:
        return NotFoundError(f"Cannot {doing}: {told}.")
    if said.exception in _THERE:
        return ConflictError(f"Cannot {doing}: {told}.")
    if said.exception == "AccessControlException" or (status in (401, 403) and "ermission denied" in told):
        return AccessDeniedError(f"Cannot {doing} as {who}: {told}.")
    if status == 401 or said.exception in ("SecurityException", "InvalidToken", "AuthenticationException"):
        return AccessDeniedError(
            f"Cannot {doing}: HDFS does not take the credentials ({told}). Check user, delegation_token or the ticket "
            "(kinit)."
        )
    if said.is_standby:
        return TransientEngineError(f"Cannot {doing}: no namenode is active ({told}).")
    if status >= 500 or said.exception in ("RetriableException", "ServerTooBusyException"):
        return TransientEngineError(f"Cannot {doing}: HDFS failed ({told}).")
    return EngineError(f"Cannot {doing}: HDFS refused it ({told}).")
