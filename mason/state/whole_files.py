"""Files that are either old or new, never half written, and locks that end with their process: the ground that the
local store stands on. Knows nothing of states. Written for macOS and Linux."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from mason import bounds

_OPEN_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


def replace_file(path: Path, content: bytes, *, before: Callable[[], None] | None = None) -> None:
    """Put ``content`` at ``path``, durably: whoever looks sees what was there or all of ``content``.

    ``before`` runs when the content is safely on the disk, just before it takes its place. On any exception ``path`` is
    as it was. The caller sees to it that one process at a time does this in the folder, which is why the temporary file
    needs no name of its own: what a killed process left behind is used again. Raises ``OSError``.
    """
    temporary = path.with_name(f"{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _OPEN_FLAGS, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            _write_all(file, content)
            os.fsync(descriptor)
        if before is not None:
            before()
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def leave_file(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` instead of what is there, if that can be done. Raises nothing.

    Neither durably nor at one moment, so it takes next to no time: right for what can be made again, and is checked by
    whoever reads it. On a failure there may be nothing at ``path``.
    """
    with suppress(OSError):
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN_FLAGS, 0o600)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                _write_all(file, content)
        except OSError:
            path.unlink()


def link_or_copy(source: Path, target: Path) -> None:
    """Keep what is at ``source`` under a second name: costs nothing where the file system has hard links.

    Right for files that are only ever replaced, never changed in place. Raises ``OSError``.
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        # Network and FAT file systems have no hard links, or none between these folders.
        replace_file(target, source.read_bytes())
        times = source.stat()
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    sync_folder(target.parent)


def _write_all(file: FileIO, content: bytes) -> None:
    # The system may take less than it is given, for instance the last that fits on a disk.
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def make_folder(path: Path) -> None:
    """Make a folder that only its owner may look into, and its parents. Raises ``OSError``."""
    if not path.is_dir():
        # Not ``parents=True``, which would give the parents the mode that everybody's folders have.
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable, where the file system can. Raises nothing.

    By now the names are what every process sees, so a failure could no longer be told as one: the next loss of power
    decides whether it was.
    """
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the operating system's lock on an open file, if nobody holds it; closing the file gives it back.

    The lock belongs to the opened file, so two openings exclude each other within one process too.
    Raises ``OSError`` where the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock_file(path: Path) -> int:
    """A descriptor of the file at ``path``, created when missing. Raises ``OSError``."""
    return bounds.open_file(path, os.O_RDWR | os.O_CREAT | _OPEN_FLAGS, 0o600)


@contextmanager
def opened_to_look(path: Path) -> Iterator[int | None]:
    """A descriptor that can only read, while the context lasts; ``None`` when there is no such file."""
    try:
        descriptor = bounds.open_file(path, os.O_RDONLY | _OPEN_FLAGS)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
