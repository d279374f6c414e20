"""The contract of a state store, and how a URL becomes one.

The sentences in these docstrings are the guarantees; ``mason.testing.StateStoreSuite`` tests exactly them for
every store. Code that only explains gets a :class:`StateReader`, which cannot write.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from mason.state.snapshot import Entry, Snapshot
from mason.values import dataclass

KEPT_BACKUPS = 10
"""How many snapshots a store keeps besides the current one."""

WORKSPACES = "workspaces"
"""Where under a state's URL those of its workspaces are."""


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock: ``id`` (unique for each holding), ``operation`` (``apply``), ``who`` (``user@host``),
    ``pid``, since when (``created``), with which ``version`` of Mason, and of which state (``path``, its URL).

    A lock that is a lease runs out ``lease`` seconds after it was last renewed, which the holder's clock expects to be
    ``expires``. ``lease`` is 0 and ``expires`` empty for a lock that goes with its process. Times are ISO 8601 in UTC.
    What stands in the place of a lock and is none of Mason's has an ``id``, and a ``who`` that is empty.
    """

    id: str
    operation: str
    who: str
    pid: int
    created: str
    version: str = ""
    path: str = ""
    expires: str = ""
    lease: float = 0.0


class HeldLock(Protocol):
    """A lock in the hands of its holder."""

    @property
    def info(self) -> LockInfo:
        """What others are told of it now: ``expires`` moves on as it is renewed."""
        ...

    def check(self) -> None:
        """To be called before each thing that only the holder may do, such as a call of an engine. Costs nothing.

        Raises ``StateLockLostError`` when the lock is no longer held: it ran out before it could be renewed, or
        somebody broke it. A lock that goes with its process cannot be lost.
        """
        ...


class StateReader(Protocol):
    """Looks at a state without being able to change it."""

    @property
    def url(self) -> str:
        """The URL that opens this store, without credentials."""
        ...

    def read(self) -> Snapshot:
        """The current snapshot; an empty one (serial 0, no lineage) when nothing was ever written.

        Sees the old snapshot or the new one while another process writes, never a mixture. Raises
        ``StateFormatError`` for bytes that are truncated, not JSON, or of a newer format, and where there are none
        beside backups; ``StateError`` when the store cannot be reached or read. Takes no lock and creates nothing.
        """
        ...

    def list_backups(self) -> list[int]:
        """The serials of the kept backups, in the order in which their snapshots were written, oldest first."""
        ...

    def get_backup(self, serial: int) -> Snapshot:
        """The backup of that serial. Raises ``StateError`` when there is none."""
        ...

    def get_source(self, digest: str) -> bytes:
        """The bytes whose ``sha256:`` digest this is. Raises ``StateFormatError`` when they are missing, and that as
        ``SourceChangedError`` when they differ."""
        ...

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now; ``None`` when nobody does."""
        ...

    def list_workspaces(self) -> list[str]:
        """The names of the workspaces under this URL (see :func:`workspace_url`) that have a state, sorted."""
        ...

    def list_runs(self) -> list[str]:
        """The ids of all kept run records, oldest first (ids sort by time)."""
        ...

    def get_run(self, run_id: str) -> dict[str, Any]:
        """One run record. Raises ``StateError`` when there is none of that id."""
        ...


class StateStore(StateReader, Protocol):
    """Keeps a state for one person or a team."""

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        """Make ``resources`` the current content, if ``base`` (as ``read`` gave it) is still the current snapshot.

        Returns the new snapshot: serial + 1, the same lineage (made at the first write, once), and when and by whom it
        was written. When the content equals that of ``base``, nothing is written and ``base`` comes back. Raises
        ``StateConflictError``, and writes nothing, when the current snapshot is no longer ``base``,
        whether or not anybody holds the lock. On any failure or crash the old snapshot is the current one, whole.
        The snapshots before the last ten writes are kept as backups, but not where a write ``goes_on``: where ``base``
        is a state in between, which the same operation wrote a moment ago. The new snapshot ``follows`` the one that
        was kept last. Of the first operation, before which there was nothing, the last snapshot is kept itself.
        """
        ...

    def restore(self, snapshot: Snapshot, *, base: Snapshot) -> Snapshot:
        """Make ``snapshot`` the current one as it is, with its own serial, lineage and time, if ``base`` still is.

        For states that come from elsewhere. Guarantees what ``write`` does, ``base`` is kept as a backup, too. Raises
        ``StateError`` when the serial is not higher than that of ``base``.
        """
        ...

    def put_source(self, content: bytes) -> str:
        """Keep ``content`` under its digest and return that (``sha256:...``). Putting it twice changes nothing."""
        ...

    def lock(self, operation: str, *, timeout: float = 0.0) -> AbstractContextManager[HeldLock]:
        """Hold the lock while the context lasts, however it ends. Waits up to ``timeout`` seconds, then raises
        ``StateLockedError`` that names the holder; who listens (``mason.state.lock.listening``) is told of the wait.
        The lock of a process that died is free, if need be when its lease has run out. Whoever lost the lock cannot
        write with the store that it was taken with: ``write`` raises what ``check`` of the held lock raises.
        """
        ...

    def break_lock(self, lock_id: str) -> LockInfo:
        """Take the lock from its holder, who cannot write from then on, and return who that was.

        Raises ``StateError``, and leaves the lock alone, when nobody holds it, when its id is another, and when it is
        one that only ends with its process.
        """
        ...

    def put_run(self, run_id: str, record: Mapping[str, Any]) -> None:
        """Keep a run record, whole or not at all; a record of the same id is replaced.

        A run id is at most 200 letters, digits, ``_``, ``.``, ``:`` and ``-``, and starts with none of the
        marks. Raises ``StateError`` for another, and for a record that JSON cannot hold.
        """
        ...

    def delete_run(self, run_id: str) -> None:
        """Remove one run record. One that is missing, or an id that none can have, is no error."""
        ...
