"""What all stores say and do alike where processes meet: who holds a lock, how that is written down, how one waits and
tells of it, and the errors of those who came too late. How a lock is taken is each store's own.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, fields
from datetime import datetime, timezone
from pathlib import Path

from mason.bounds import parse_json
from mason.errors import StateConflictError, StateError, StateLockedError, StateLockLostError
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import HeldLock, LockInfo
from mason.values import dataclass
from mason.version import __version__

# Seconds that a lock may take before somebody is told that it is waited for.
_PATIENCE = 0.4

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("mason_lock", default=None)
_working: ContextVar[HeldLock | None] = ContextVar("mason_held_lock", default=None)


def new_lock(operation: str, *, path: str) -> LockInfo:
    """A lock of the state at ``path`` (a URL) that this process is about to hold for ``operation``."""
    return LockInfo(os.urandom(8).hex(), operation, who(), os.getpid(), _now(), __version__, path)


@dataclass(frozen=True, slots=True)
class ProcessLock:
    """A held lock that goes with its process."""

    info: LockInfo

    def check(self) -> None:
        """It cannot be lost."""


def next_snapshot(resources: Mapping[str, Entry], base: Snapshot, *, goes_on: bool = False) -> Snapshot:
    """What a write of ``resources`` on ``base`` makes the current snapshot, written now by this process.

    Where it ``goes_on``, ``base`` is not kept, and it comes after the one that ``base`` came after.
    """
    lineage = base.lineage
    if not lineage:
        # Imported here: this is needed once in the life of a state.
        import uuid

        lineage = str(uuid.uuid4())
    follows = base.follows if goes_on else base.serial
    return Snapshot(
        dict(resources),
        base.serial + 1,
        lineage,
        __version__,
        written_at=_now(),
        written_by=who(),
        follows=follows,
    )


def is_first(snapshot: Snapshot) -> bool:
    """Whether nothing was there before the operation that wrote ``snapshot``: it becomes a backup itself then, in the
    place of the one that the same operation wrote before."""
    return snapshot.follows == 0


def refuse_older(snapshot: Snapshot, base: Snapshot) -> None:
    """Raise ``StateError`` when ``snapshot`` cannot come after ``base``: its serial would be that of a backup."""
    if snapshot.serial <= base.serial:
        raise StateError(
            f"A state of serial {snapshot.serial} cannot take the place of serial {base.serial}. Nothing was written."
        )


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def encode_lock(info: LockInfo) -> bytes:
    """The lock as one line of JSON, for people who look into the store as well."""
    return json.dumps(asdict(info)).encode() + b"\n"


def decode_lock(data: bytes) -> LockInfo | None:
    """The lock that ``encode_lock`` wrote; ``None`` for anything else, such as a line half written.

    What a newer Mason may have added is passed over: who holds the lock should be told all the same.
    """
    known = {field.name for field in fields(LockInfo)}
    try:
        info = LockInfo(**{name: value for name, value in parse_json(data).items() if name in known})
    except (ValueError, TypeError, AttributeError):
        return None
    # ``unlock`` needs the id, and waiting for a lock needs its expiry, also of locks that Mason did not write.
    is_lock = type(info.lease) in (int, float) and isinstance(info.id, str) and isinstance(info.who, str) and info.who
    return info if is_lock else None


def locked_error(url: str, holder: LockInfo | None) -> StateLockedError:
    """The error that says who holds the lock, for what and since when, and what can be done about it."""
    held = _held(holder) if holder else "another process has just taken it"
    lease = f" If that process has died, the lock is free after {holder.expires}." if holder and holder.expires else ""
    if holder and not holder.who:
        lease = f" If it should not be there, remove it with mason state unlock {holder.id}."
    return StateLockedError(
        f"The state {url} is locked: {held}.{lease} "
        "Try again when that has ended, or let Mason wait for it: --lock-timeout SECONDS."
    )


def _held(holder: LockInfo) -> str:
    if not holder.who:
        return "what stands there is no lock of Mason's, and says not who made it"
    return f"{holder.who} (process {holder.pid}) has held it for '{holder.operation}' since {holder.created}"


def may_live(holder: LockInfo) -> bool:
    """Whether the process of a holder may be at work still: it is gone for sure only on this machine, where a lease
    outlives it."""
    if holder.who.rpartition("@")[2] != os.uname().nodename:
        return True
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # Somebody else's.
        return True
    return not _is_zombie(holder.pid)


def _is_zombie(pid: int) -> bool:
    """Whether a process was killed and nobody has buried it yet, which takes a while in many containers."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
        return told.rpartition(")")[2].split()[0] in ("Z", "X")
    except (OSError, IndexError):
        # Only Linux tells so.
        return False


def named_holder(url: str, holder: LockInfo | None, lock_id: str) -> LockInfo:
    """The holder, if its lock is the one that is to be broken. Raises ``StateError`` when it is not."""
    if holder is None:
        raise StateError(f"Nobody holds the lock of the state {url}: there is nothing to unlock.")
    if holder.id != lock_id:
        raise StateError(
            f"{lock_id!r} is not the lock of the state {url}: {_held(holder)}, under the id {holder.id}. "
            "Nothing was unlocked. Look again with: mason state lock-info"
        )
    return holder


def unbreakable_error(url: str, holder: LockInfo) -> StateError:
    """The error of breaking a lock that goes with its process."""
    return StateError(
        f"The lock of the state {url} goes with its process, {holder.pid} of {holder.who}, and cannot be broken. "
        f"Wait until '{holder.operation}' has ended, or end it on that machine: kill {holder.pid}"
    )


def lost_error(url: str, why: str) -> StateLockLostError:
    """The error of a holder that holds no more; ``why`` is a sentence."""
    return StateLockLostError(
        f"This process lost the lock of the state {url}. {why} Nothing more was begun and nothing was written since. "
        "See who holds it with mason state lock-info, then plan again."
    )


@contextmanager
def working_under(held: HeldLock) -> Iterator[None]:
    """Within it, and in the threads that walks start there, ``refuse_lost`` asks this lock."""
    token = _working.set(held)
    try:
        yield
    finally:
        _working.reset(token)


def refuse_lost() -> None:
    """To be called before each step and each call of an engine: where work is done under a lock, it must still be held.

    Raises ``StateLockLostError``; work that needs no lock is let through.
    """
    held = _working.get()
    if held is not None:
        held.check()


@contextmanager
def listening(listener: Callable[[str], None]) -> Iterator[None]:
    """Within it, ``listener`` is told, in sentences for people and from any thread, what there is to tell of locks."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def tell(text: str) -> None:
    """Tell whoever listens here."""
    listener = _listener.get()
    if listener is not None:
        listener(text)


class Waiting:
    """A context in which a lock is waited for: who listens hears of it once it has taken longer than people notice.

    ``timeout`` is how many seconds it may take, and ``met`` is to be told each time who holds the lock.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._listener = _listener.get()
        self._guard = threading.Lock()
        self._timer = threading.Timer(_PATIENCE, self._told)
        self._said = False
        self._named = ""

    def __enter__(self) -> Waiting:
        if self._listener is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def met(self, holder: LockInfo | None) -> None:
        """Somebody holds the lock: tell who, once, when it is known that one waits."""
        with self._guard:
            if self._said and holder is not None and self._listener is not None and holder.id != self._named:
                self._named = holder.id
                limit = (
                    "until it is free" if self._timeout == float("inf") else f"for at most {self._timeout:g} seconds"
                )
                self._listener(f"{_held(holder)}; waiting {limit}.")

    def _told(self) -> None:
        with self._guard:
            if self._listener is not None:
                self._said = True
                self._listener("Acquiring state lock...")


def moved_error(url: str, base: Snapshot) -> StateConflictError:
    """The error of a write whose ``base`` is no longer the current snapshot."""
    return StateConflictError(
        f"The state {url} was changed by somebody else since it was read (then serial {base.serial}). "
        "Nothing was written. Plan again to see what would change now."
    )


def turns(timeout: float, *, first: float = 0.001, longest: float = 0.25) -> Iterator[None]:
    """Yields at once, then after growing pauses of at most ``longest`` seconds, and once more when ``timeout`` is over.

    The loop over it tries something at each turn, and leaves when that succeeds. Pauses begin at ``first`` seconds, and
    differ by chance, so that those who wait for one thing do not all come back for it at once.
    """
    end = time.monotonic() + timeout
    pause = first
    yield
    while (left := end - time.monotonic()) > 0:
        # Imported here: most who take a turn need only one.
        import random

        time.sleep(min(pause * random.uniform(0.5, 1), left))
        pause = min(pause * 2, longest)
        yield


def who() -> str:
    """``user@host`` of this process, for the records of who did what."""
    # Imported here: reading a state does not need it.
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a user id that has no name.
        user = str(os.getuid())
    # What socket.gethostname() returns as well, without the milliseconds that importing it costs.
    return f"{user}@{os.uname().nodename}"
