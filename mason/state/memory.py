"""A state that lives as long as its process: ``memory://NAME``, the same one for every handle of that name.

A real store that keeps all promises of the contract, for tests and for trying things out; nothing is faked,
so whoever uses it needs to patch nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mason.errors import StateError
from mason.resources.address import is_name
from mason.state.content import decode_run, digest_of, encode_run, source_name, verified_source
from mason.state.format import decode, encode
from mason.state.lock import (
    ProcessLock,
    Waiting,
    is_first,
    locked_error,
    moved_error,
    named_holder,
    new_lock,
    next_snapshot,
    refuse_older,
    turns,
    unbreakable_error,
)
from mason.state.snapshot import Entry, Snapshot
from mason.state.store import KEPT_BACKUPS, WORKSPACES, HeldLock, LockInfo
from mason.values import dataclass, field


@dataclass(slots=True)
class _Shelf:
    """What is kept under one name. Bytes, so that no handle can change what another one read."""

    state: bytes | None = None
    backups: dict[int, bytes] = field(default_factory=dict)
    sources: dict[str, bytes] = field(default_factory=dict)
    runs: dict[str, bytes] = field(default_factory=dict)
    holder: LockInfo | None = None
    guard: threading.Lock = field(default_factory=threading.Lock)


_shelves: dict[str, _Shelf] = {}


class MemoryStateStore:
    """Keeps a state in this process (see ``mason.state.store.StateStore``)."""

    def __init__(self, url: str) -> None:
        self.url = url
        # ``setdefault`` is one step for all threads: two that open a new name at once get the same shelf.
        self.shelf = _shelves.setdefault(url.partition("://")[2], _Shelf())

    def read(self) -> Snapshot:
        """The current snapshot."""
        state = self.shelf.state
        return Snapshot() if state is None else decode(state, where=self.url, token=digest_of(state))

    def list_backups(self) -> list[int]:
        """The serials of the backups, oldest first."""
        return list(self.shelf.backups)

    def get_backup(self, serial: int) -> Snapshot:
        """One backup."""
        content = self.shelf.backups.get(serial)
        if content is None:
            raise StateError(f"There is no backup of serial {serial} in {self.url}.")
        return decode(content, where=f"{self.url}, backup {serial},", token=digest_of(content))

    def get_source(self, digest: str) -> bytes:
        """The source of that digest, verified."""
        name = source_name(digest)
        return verified_source(self.shelf.sources.get(name), digest, where=f"Source {digest} in {self.url}")

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now."""
        return self.shelf.holder

    def list_runs(self) -> list[str]:
        """The ids of all run records, oldest first."""
        return sorted(self.shelf.runs)

    def get_run(self, run_id: str) -> dict[str, Any]:
        """One run record."""
        return decode_run(self.shelf.runs.get(run_id), run_id, where=f"Run {run_id} in {self.url}")

    def list_workspaces(self) -> list[str]:
        """The names of the workspaces under this state."""
        start = f"{self.url.partition('://')[2]}/{WORKSPACES}/"
        found = {name.removeprefix(start): shelf for name, shelf in list(_shelves.items()) if name.startswith(start)}
        return sorted(name for name, shelf in found.items() if is_name(name) and shelf.state is not None)

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        """Make ``resources`` the current content, if ``base`` is still the current snapshot."""
        is_new = resources != base.resources
        snapshot = next_snapshot(resources, base, goes_on=goes_on)
        keeps_itself = is_first(snapshot)
        return self._become(snapshot, base, is_new=is_new, keeps_base=not goes_on, keeps_itself=keeps_itself)

    def restore(self, snapshot: Snapshot, *, base: Snapshot) -> Snapshot:
        """Make ``snapshot`` as it is the current one, if ``base`` still is."""
        refuse_older(snapshot, base)
        return self._become(snapshot, base)

    def _become(
        self,
        snapshot: Snapshot,
        base: Snapshot,
        *,
        is_new: bool = True,
        keeps_base: bool = True,
        keeps_itself: bool = False,
    ) -> Snapshot:
        content = encode(snapshot)
        with self.shelf.guard:
            current = self.shelf.state
            if base.token != ("" if current is None else digest_of(current)):
                raise moved_error(self.url, base)
            if not is_new:
                return base
            if current is not None and keeps_base:
                self.shelf.backups.pop(base.serial, None)
                self.shelf.backups[base.serial] = current
                for old in list(self.shelf.backups)[:-KEPT_BACKUPS]:
                    del self.shelf.backups[old]
            self.shelf.state = content
            if keeps_itself:
                self.shelf.backups.pop(base.serial, None)
                self.shelf.backups[snapshot.serial] = content
        return replace(snapshot, token=digest_of(content))

    def put_source(self, content: bytes) -> str:
        """Keep ``content`` under its digest, and return that."""
        digest = digest_of(content)
        self.shelf.sources[source_name(digest)] = bytes(content)
        return digest

    def put_run(self, run_id: str, record: Mapping[str, Any]) -> None:
        """Keep a run record."""
        self.shelf.runs[run_id] = encode_run(run_id, record)

    def delete_run(self, run_id: str) -> None:
        """Remove one run record."""
        self.shelf.runs.pop(run_id, None)

    @contextmanager
    def lock(self, operation: str, *, timeout: float = 0.0) -> Iterator[HeldLock]:
        """Hold the lock while the context lasts."""
        info = self._take(operation, timeout)
        try:
            yield ProcessLock(info)
        finally:
            self.shelf.holder = None

    def break_lock(self, lock_id: str) -> LockInfo:
        """Refuse to: the lock goes with its process."""
        raise unbreakable_error(self.url, named_holder(self.url, self.lock_info(), lock_id))

    def _take(self, operation: str, timeout: float) -> LockInfo:
        with Waiting(timeout) as waiting:
            for _ in turns(timeout):
                with self.shelf.guard:
                    if self.shelf.holder is None:
                        self.shelf.holder = info = new_lock(operation, path=self.url)
                        return info
                waiting.met(self.shelf.holder)
        raise locked_error(self.url, self.shelf.holder)
