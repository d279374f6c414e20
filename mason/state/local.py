"""The state in a folder of this machine: ``file://`` URLs and plain paths.

::

    state.json                    the snapshot
    backups/state.<serial>.json   the snapshots before the last ten writes
    sources/sha256/<digest>       Python sources of operators and workflows, by content
    runs/<id>.json                what ran, and how it ended
    lock                          who holds the lock; held through the operating system, so gone with its process
    .guard                        held for the milliseconds of a change, so that changes come one after another
    workspaces/<name>/            the state of a workspace, in the same form
    .index                        where each resource stands in state.json; nothing is lost with it (see state.index)

People may read and copy everything here. Files can be read by their owner alone, because definitions are nobody
else's business.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from mason import bounds
from mason.errors import StateError, StateFormatError
from mason.resources.address import is_name
from mason.state import whole_files
from mason.state.content import decode_run, digest_of, encode_run, is_run_id, source_name, verified_source
from mason.state.format import decode, lay_out, lay_out_whole, missing_error
from mason.state.index import encode_index, read_index
from mason.state.lock import (
    ProcessLock,
    Waiting,
    decode_lock,
    encode_lock,
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
from mason.state.snapshot import Entry, Snapshot, StoredEntries
from mason.state.store import KEPT_BACKUPS, WORKSPACES, HeldLock, LockInfo

STATE = "state.json"
"""The file of a state's folder that holds the snapshot."""

_BACKUP = re.compile(r"state\.([0-9]{1,18})\.json")
_GUARD_SECONDS = 30.0


class LocalStateStore:
    """Keeps a state in a folder, which is made at the first write (see ``mason.state.store.StateStore``)."""

    def __init__(self, url: str) -> None:
        self.folder = folder_of(url)
        self._state = self.folder / STATE
        self._backups = self.folder / "backups"
        self._sources = self.folder / "sources" / "sha256"
        self._runs = self.folder / "runs"
        self._lock = self.folder / "lock"
        self._guard = self.folder / ".guard"
        self._index = self.folder / ".index"
        self._digested = (b"", digest_of(b""))

    @property
    def url(self) -> str:
        """The absolute ``file://`` URL of the folder."""
        return f"file://{quote(os.fsencode(self.folder))}"

    # Reading

    def read(self) -> Snapshot:
        """The current snapshot."""
        content = self._content(self._state)
        if content is None and self.list_backups():
            # Looked for again: others may have begun meanwhile. Taken for empty, it would soon lose its backups, too.
            content = self._content(self._state)
            if content is None:
                raise missing_error(str(self._state), backups=str(self._backups), restore=self._how_to_restore())
        if content is None:
            return Snapshot()
        token = self._token(content)
        with suppress(OSError):
            indexed = read_index(bounds.read_file(self._index, bounds.STATE), content, token=token)
            if indexed is not None:
                return indexed
        return decode(content, where=str(self._state), token=token, backup=self._how_to_restore)

    def list_backups(self) -> list[int]:
        """The serials of the backups, oldest first."""
        found = []
        for name in self._names(self._backups):
            matched = _BACKUP.fullmatch(name)
            # A writer may be deleting the oldest one.
            with _reported("read", self._backups), suppress(FileNotFoundError):
                if matched:
                    found.append(((self._backups / name).stat().st_mtime_ns, int(matched[1])))
        # By time first: a state that was restored from a backup counts on from a lower serial.
        return [serial for _, serial in sorted(found)]

    def get_backup(self, serial: int) -> Snapshot:
        """One backup."""
        path = self._backup(serial)
        content = self._content(path)
        if content is None:
            raise StateError(f"There is no backup of serial {serial} in {self._backups}.")
        return decode(content, where=str(path), token=digest_of(content))

    def get_source(self, digest: str) -> bytes:
        """The source of that digest, verified."""
        path = self._sources / source_name(digest)
        return verified_source(self._content(path), digest, where=str(path))

    def list_runs(self) -> list[str]:
        """The ids of all run records, oldest first."""
        names = (name.removesuffix(".json") for name in self._names(self._runs) if name.endswith(".json"))
        return sorted(filter(is_run_id, names))

    def get_run(self, run_id: str) -> dict[str, Any]:
        """One run record."""
        path = self._runs / f"{run_id}.json"
        return decode_run(self._content(path) if is_run_id(run_id) else None, run_id, where=str(path))

    def list_workspaces(self) -> list[str]:
        """The names of the workspaces under this state."""
        folder = self.folder / WORKSPACES
        return sorted(name for name in self._names(folder) if is_name(name) and (folder / name / STATE).is_file())

    # Writing

    def write(self, resources: Mapping[str, Entry], *, base: Snapshot, goes_on: bool = False) -> Snapshot:
        """Make ``resources`` the current content, if ``base`` is still the current snapshot."""
        if resources == base.resources:
            self._refuse_moved(base)
            return base
        snapshot = next_snapshot(resources, base, goes_on=goes_on)
        return self._become(
            snapshot, lay_out(snapshot, before=base), base, keeps_base=not goes_on, keeps_itself=is_first(snapshot)
        )

    def restore(self, snapshot: Snapshot, *, base: Snapshot) -> Snapshot:
        """Make ``snapshot`` as it is the current one, if ``base`` still is."""
        refuse_older(snapshot, base)
        return self._become(snapshot, lay_out_whole(snapshot), base)

    def _become(
        self,
        snapshot: Snapshot,
        entries: StoredEntries,
        base: Snapshot,
        *,
        keeps_base: bool = True,
        keeps_itself: bool = False,
    ) -> Snapshot:
        content = entries.content
        with self._changing(self._state):
            current = self._refuse_moved(base)
            keep = (lambda: self._keep_backup(base.serial)) if current is not None and keeps_base else None
            # The content is digested while the disk is busy with it.
            digesting = threading.Thread(target=self._token, args=(content,))
            digesting.start()
            try:
                whole_files.replace_file(self._state, content, before=keep)
            finally:
                digesting.join()
            if keeps_itself:
                self._keep_first(content, serial=snapshot.serial)
            written = replace(snapshot, resources=entries, token=self._token(content))
            whole_files.leave_file(self._index, encode_index(written, entries))
        return written

    def put_source(self, content: bytes) -> str:
        """Keep ``content`` under its digest, and return that."""
        digest = digest_of(content)
        path = self._sources / source_name(digest)
        # Compared, not just looked for: what was damaged is mended by storing it again.
        if self._content(path) != content:
            self._put(path, content)
        return digest

    def put_run(self, run_id: str, record: Mapping[str, Any]) -> None:
        """Keep a run record."""
        self._put(self._runs / f"{run_id}.json", encode_run(run_id, record))

    def delete_run(self, run_id: str) -> None:
        """Remove one run record."""
        path = self._runs / f"{run_id}.json"
        with _reported("delete", path):
            if is_run_id(run_id):
                path.unlink(missing_ok=True)

    # Locking

    @contextmanager
    def lock(self, operation: str, *, timeout: float = 0.0) -> Iterator[HeldLock]:
        """Hold the lock while the context lasts."""
        with _reported("lock", self._lock):
            whole_files.make_folder(self.folder)
            descriptor = whole_files.open_lock_file(self._lock)
        try:
            info = self._take(descriptor, operation, timeout)
            try:
                yield ProcessLock(info)
            finally:
                # Unlocked by name too: a forked child may still have the file open.
                with suppress(OSError):
                    os.ftruncate(descriptor, 0)
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now."""
        with _reported("read", self._lock), whole_files.opened_to_look(self._guard) as guard:
            if guard is None:
                return None
            # To look is to take the lock for a moment. Whoever wants it takes the guard first, and so meets no looker:
            # which is why the guard is the outer one here, too.
            self._wait_for(guard, shared=True)
            with whole_files.opened_to_look(self._lock) as lock:
                if lock is None or whole_files.try_lock(lock, shared=True):
                    return None
                return decode_lock(os.pread(lock, 4096, 0))

    def break_lock(self, lock_id: str) -> LockInfo:
        """Refuse to: the lock goes with its process."""
        raise unbreakable_error(self.url, named_holder(self.url, self.lock_info(), lock_id))

    def _take(self, descriptor: int, operation: str, timeout: float) -> LockInfo:
        holder = None
        with Waiting(timeout) as waiting:
            for _ in turns(timeout):
                with self._changing(self._lock):
                    if whole_files.try_lock(descriptor):
                        info = new_lock(operation, path=self.url)
                        os.ftruncate(descriptor, 0)
                        os.pwrite(descriptor, encode_lock(info), 0)
                        return info
                    holder = decode_lock(os.pread(descriptor, 4096, 0))
                waiting.met(holder)
        raise locked_error(self.url, holder)

    @contextmanager
    def _changing(self, path: Path) -> Iterator[None]:
        """Hold the guard, and report what fails as a failure to write ``path``."""
        with _reported("write", path):
            whole_files.make_folder(self.folder)
            guard = whole_files.open_lock_file(self._guard)
            try:
                self._wait_for(guard)
                yield
            finally:
                os.close(guard)

    def _wait_for(self, guard: int, *, shared: bool = False) -> None:
        for _ in turns(_GUARD_SECONDS, longest=0.02):
            if whole_files.try_lock(guard, shared=shared):
                return
        raise StateError(
            f"{self._guard} has been locked for {_GUARD_SECONDS:.0f} seconds, by a process that changes the state "
            f"and does not go on. Find it (fuser {shlex.quote(str(self._guard))}) and end it."
        )

    # Files

    def _content(self, path: Path) -> bytes | None:
        with _reported("read", path), suppress(FileNotFoundError):
            return bounds.read_file(path, bounds.STATE if path.name.startswith("state.") else bounds.RECORD)
        return None

    def _names(self, folder: Path) -> list[str]:
        with _reported("read", folder), suppress(FileNotFoundError):
            return os.listdir(folder)  # noqa: PTH208 - names are what is wanted
        return []

    def _refuse_moved(self, base: Snapshot) -> bytes | None:
        """The current content, which is that of ``base``; raises ``StateConflictError`` when it is not."""
        current = self._content(self._state)
        if base.token != ("" if current is None else self._token(current)):
            raise moved_error(self.url, base)
        return current

    def _token(self, content: bytes) -> str:
        # A write meets the bytes of the read or write before it, and to compare them is quicker than to digest them.
        known, token = self._digested
        if content != known:
            token = digest_of(content)
            self._digested = (content, token)
        return token

    def _put(self, path: Path, content: bytes) -> None:
        with self._changing(path):
            whole_files.make_folder(path.parent)
            whole_files.replace_file(path, content)

    def _keep_backup(self, serial: int) -> None:
        whole_files.make_folder(self._backups)
        whole_files.link_or_copy(self._state, self._backup(serial))
        for old in self.list_backups()[:-KEPT_BACKUPS]:
            self._backup(old).unlink(missing_ok=True)

    def _keep_first(self, content: bytes, *, serial: int) -> None:
        """A copy, no link: one that is written into by mistake would be gone with the state."""
        with suppress(OSError):
            whole_files.make_folder(self._backups)
            whole_files.leave_file(self._backup(serial), content)
            self._backup(serial - 1).unlink(missing_ok=True)

    def _how_to_restore(self) -> str:
        """The sentence that names the newest backup that can be read; empty when there is none."""
        for serial in reversed(self.list_backups()):
            try:
                self.get_backup(serial)
            except StateError:
                continue
            source, target = shlex.quote(str(self._backup(serial))), shlex.quote(str(self._state))
            return f"Restore the newest backup: cp {source} {target}"
        return ""

    def _backup(self, serial: int) -> Path:
        return self._backups / f"state.{serial}.json"


def folder_of(url: str) -> Path:
    """The absolute folder that a ``file://`` URL or a plain path names.

    ``~`` is the home folder and a relative path starts at the current folder, in both spellings
    (``file://~/state``, ``file://./state``); only URLs are percent-decoded. Raises ``StateError``.
    """
    text = url
    if url[:5].lower() == "file:":
        text = url[5:].removeprefix("//")
        if text.startswith("localhost/"):
            text = text.removeprefix("localhost")
        text = unquote(text, errors="surrogateescape")
    if not text or "\0" in text:
        raise StateError(f"{url!r} names no folder to keep the state in. Write file:///path/to/folder, or a path.")
    try:
        return Path(os.path.abspath(Path(text).expanduser()))  # noqa: PTH100 - resolve() would follow links
    except RuntimeError as error:
        raise StateError(f"{url!r} cannot be used for the state: {error}") from error


@contextmanager
def _reported(doing: str, path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into a ``StateError`` that names ``path``, the reason and a remedy."""
    try:
        yield
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT, EFBIG):
            remedy = "Make room, and run the command again."
        else:
            remedy = "Check the folder and its permissions, or choose another with --state."
        kept = "" if doing == "read" else " The state is as it was."
        # What is no file, or too large for one, is one entry that cannot be read; the others can.
        spoilt = doing == "read" and isinstance(error, (bounds.TooLargeError, IsADirectoryError))
        kind = StateFormatError if spoilt else StateError
        raise kind(f"Cannot {doing} {path}: {error.strerror or error}.{kept} {remedy}") from error
