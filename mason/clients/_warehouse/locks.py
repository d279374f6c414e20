"""Locks between processes that share a warehouse, gone with the process that holds them."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mason import bounds
from mason.errors import TransientEngineError

_PAUSE = 0.01


@contextmanager
def held(path: Path, *, shared: bool = False, patience: float = 10.0) -> Iterator[None]:
    """The lock at ``path`` while the context lasts, ``shared`` or alone; waited for at most ``patience`` seconds.

    Who shares it makes nothing: without a file there is nobody to wait for. Raises ``TransientEngineError`` when the
    others do not give it back, and ``OSError``.
    """
    try:
        number = _open(path, create=not shared)
    except FileNotFoundError:
        if not shared:
            raise
        yield
        return
    try:
        deadline = time.monotonic() + patience
        while not _take(number, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise TransientEngineError(f"Another process does not let go of {path}. Try again when it is done.")
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(number)


def take(path: Path) -> int | None:
    """A descriptor that holds the lock at ``path`` alone until it is closed; ``None`` where somebody else holds it."""
    number = _open(path, create=True)
    if _take(number, fcntl.LOCK_EX):
        return number
    os.close(number)
    return None


def is_taken(path: Path) -> bool:
    """Whether somebody holds the lock at ``path`` alone. Nobody may be about to take it: to them it may seem taken."""
    try:
        number = _open(path, create=False)
    except FileNotFoundError:
        return False
    try:
        return not _take(number, fcntl.LOCK_SH)
    finally:
        os.close(number)


def _open(path: Path, *, create: bool) -> int:
    if not create:
        return bounds.open_file(path, os.O_RDONLY)
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
    # Through a link, a file would be made elsewhere.
    return bounds.open_file(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW)


def _take(number: int, kind: int) -> bool:
    try:
        fcntl.flock(number, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
