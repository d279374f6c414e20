"""What all stores say and do alike where processes meet: who holds a lock, how that is written down, how one waits,
and the errors of those who came too late. How a lock is taken is each store's own.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone

from mason.errors import StateConflictError, StateLockedError
from mason.state.snapshot import Snapshot
from mason.state.store import LockInfo


def new_lock(operation: str) -> LockInfo:
    """A lock that this process is about to hold for ``operation``."""
    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return LockInfo(os.urandom(8).hex(), operation, who(), os.getpid(), since)


def new_lineage() -> str:
    """The identity of a state that is about to be written for the first time: a random UUID."""
    import uuid

    return str(uuid.uuid4())


def encode_lock(info: LockInfo) -> bytes:
    """The lock as one line of JSON, for people who look into the store as well."""
    return json.dumps(asdict(info)).encode() + b"\n"


def decode_lock(data: bytes) -> LockInfo | None:
    """The lock that ``encode_lock`` wrote; ``None`` for anything else, such as a line half written."""
    try:
        return LockInfo(**json.loads(data))
    except (ValueError, TypeError):
        return None


def locked_error(url: str, holder: LockInfo | None) -> StateLockedError:
    """The error that says who holds the lock, for what and since when, and what can be done about it."""
    held = (
        f"{holder.who} (process {holder.pid}) has held it for '{holder.operation}' since {holder.since}"
        if holder
        else "another process has just taken it"
    )
    return StateLockedError(
        f"The state {url} is locked: {held}. "
        "Try again when that has ended, or let Mason wait for it: --lock-timeout SECONDS."
    )


def moved_error(url: str, base: Snapshot) -> StateConflictError:
    """The error of a write whose ``base`` is no longer the current snapshot."""
    return StateConflictError(
        f"The state {url} was changed by somebody else since it was read (then serial {base.serial}). "
        "Nothing was written. Plan again to see what would change now."
    )


def turns(timeout: float, *, longest: float = 0.25) -> Iterator[None]:
    """Yields at once, then after growing pauses of at most ``longest`` seconds, and once more when ``timeout`` is over.

    The loop over it tries something at each turn, and leaves when that succeeds.
    """
    end = time.monotonic() + timeout
    pause = 0.001
    yield
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 2, longest)
        yield


def who() -> str:
    """``user@host`` of this process, for the records of who did what."""
    # Imported here: reading a state needs neither, and they cost milliseconds.
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a user id that has no name.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
