"""The contract of a state store, and how a URL becomes one.

The sentences in these docstrings are the guarantees; ``mason.testing.StateStoreSuite`` tests exactly them for
every store. Code that only explains gets a :class:`StateReader`, which cannot write.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from mason.errors import StateError
from mason.state.snapshot import Entry, Snapshot

KEPT_BACKUPS = 10
"""How many snapshots a store keeps besides the current one."""


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock: ``id`` (unique for each holding), ``operation`` (``apply``), ``who`` (``user@host``),
    ``pid``, and ``since`` (ISO 8601 in UTC)."""

    id: str
    operation: str
    who: str
    pid: int
    since: str


class StateReader(Protocol):
    """Looks at a state without being able to change it."""

    @property
    def url(self) -> str:
        """The URL that opens this store, without credentials."""
        ...

    def read(self) -> Snapshot:
        """The current snapshot; an empty one (serial 0, no lineage) when nothing was ever written.

        Sees the old snapshot or the new one while another process writes, never a mixture. Raises
        ``StateFormatError`` for bytes that are truncated, not JSON, or of a newer format, and
        ``StateError`` when the store cannot be reached or read. Takes no lock and creates nothing.
        """
        ...

    def list_backups(self) -> list[int]:
        """The serials of the kept backups, in the order in which their snapshots were written, oldest first."""
        ...

    def get_backup(self, serial: int) -> Snapshot:
        """The backup of that serial. Raises ``StateError`` when there is none."""
        ...

    def get_source(self, digest: str) -> bytes:
        """The bytes whose ``sha256:`` digest this is. Raises ``StateFormatError`` when they are missing or differ."""
        ...

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now; ``None`` when nobody does."""
        ...

    def list_runs(self) -> list[str]:
        """The ids of all kept run records, oldest first (ids sort by time)."""
        ...

    def get_run(self, run_id: str) -> dict[str, Any]:
        """One run record. Raises ``StateError`` when there is none of that id."""
        ...


class StateStore(StateReader, Protocol):
    """Keeps a state for one person or a team."""

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot) -> Snapshot:
        """Make ``resources`` the current content, if ``base`` (as ``read`` gave it) is still the current snapshot.

        Returns the new snapshot: serial + 1, the same lineage (made at the first write, once). When the
        content equals that of ``base``, nothing is written and ``base`` comes back. Raises
        ``StateConflictError``, and writes nothing, when the current snapshot is no longer ``base``,
        whether or not anybody holds the lock. On any failure or crash the old snapshot is the current one, whole.
        The snapshots before the last ten writes are kept as backups.
        """
        ...

    def put_source(self, content: bytes) -> str:
        """Keep ``content`` under its digest and return that (``sha256:...``). Putting it twice changes nothing."""
        ...

    def lock(self, operation: str, *, timeout: float = 0.0) -> AbstractContextManager[LockInfo]:
        """Hold the lock while the context lasts. Waits up to ``timeout`` seconds, then raises ``StateLockedError``
        that names the holder. The lock of a process that died is free."""
        ...

    def put_run(self, run_id: str, record: Mapping[str, Any]) -> None:
        """Keep a run record, whole or not at all; a record of the same id is replaced.

        A run id is at most 200 letters, digits, ``_``, ``.``, ``:`` and ``-``, and starts with none of the
        marks. Raises ``StateError`` for another, and for a record that JSON cannot hold.
        """
        ...


BUILTIN: dict[str, str] = {
    "file": "mason.state.local:LocalStateStore",
    "memory": "mason.state.memory:MemoryStateStore",
}
"""The stores by URL scheme: where their classes are. A class is called with the URL and gives a ``StateStore``."""


def open_store(url: str) -> StateStore:
    """The store that ``url`` names; what has no scheme is the path of a local folder.

    Opening reads and creates nothing. Other packages add schemes with an entry point in the group
    ``mason.state_stores`` whose name is the scheme and whose value is ``module:Class``; built-in schemes win. Raises
    ``StateError`` for a scheme that nobody registered, and for one whose package cannot be imported.
    """
    scheme = scheme_of(url)
    target = BUILTIN.get(scheme) or _entry_points().get(scheme)
    if target is None:
        # The URL itself may hold a password, so only its scheme is shown.
        if scheme == "s3":
            raise StateError(
                "This version of Mason keeps state in files only, not in s3://. "
                "Choose a folder: --state file:///path/to/folder."
            )
        known = ", ".join(f"{name}://" for name in sorted({*BUILTIN, *_entry_points()}))
        raise StateError(f"No state store is known for {scheme}://. Known: {known}.")
    module, _, name = target.partition(":")
    try:
        store: StateStore = getattr(importlib.import_module(module), name)(url)
    except ImportError as error:
        raise StateError(
            f"The state store for {scheme}:// cannot be loaded ({error}). Install what the package of {module} needs."
        ) from error
    return store


def scheme_of(url: str) -> str:
    """The scheme of a URL in lower case; ``file`` for a plain path.

    A word and a colon make a scheme, so a path whose first folder has a colon is written ``./a:b``.
    """
    matched = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", url)
    return matched[1].lower() if matched else "file"


def _entry_points() -> dict[str, str]:
    # Imported here: reading the metadata of all installed packages costs more than the rest of a start.
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group="mason.state_stores")}
