"""Temporary folders that do not outlive their process: what a killed one left is removed by the next that makes one.

Each folder is locked as long as it is used. The lock belongs to the system, so it is gone with its process, also one
in another container that shares the disk; a folder whose file system has no locks is left alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "mason-"
_swept: set[str] = set()


@contextlib.contextmanager
def folder(name: str, *, within: Path | None = None) -> Iterator[Path]:
    """A new folder ``mason-NAME-...`` for this user alone, in ``within`` or the system's place for such, as long as the
    context lasts. Raises ``OSError``."""
    place = str(within or tempfile.gettempdir())
    if place not in _swept:
        _swept.add(place)
        _sweep(place)
    path, lock = _made(name, place)
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _made(name: str, place: str) -> tuple[str, int]:
    while True:
        path = tempfile.mkdtemp(prefix=f"{_PREFIX}{name}-", dir=place)
        try:
            lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # Who sweeps has come before the lock.
            continue
        with contextlib.suppress(OSError):
            # Who sweeps may hold it, and removes the folder until it is given back.
            fcntl.flock(lock, fcntl.LOCK_EX)
        if Path(path).exists():
            return path, lock
        os.close(lock)


def _sweep(place: str) -> None:
    """Remove the folders of this user that no process holds."""
    with contextlib.suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_unheld(entry)


def _remove_unheld(entry: os.DirEntry[str]) -> None:
    if entry.stat(follow_symlinks=False).st_uid != os.geteuid():
        return
    lock = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(entry.path, ignore_errors=True)
    finally:
        os.close(lock)
