"""Private caches on this machine: what was found in files, so that a second look costs a ``stat``.

A cache may be lost, damaged, old or in a place that cannot be written: that makes work slower, never wrong and never an
error. It is a private file like ``.pyc``: written in ``marshal``, which is the quickest, and read only if its checksum
holds, it belongs to the user, and the same Mason on the same Python wrote it.
"""

# Plain strings instead of pathlib, which costs more than the work itself where much is kept.
# ruff: noqa: PTH105, PTH108, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from pathlib import Path
from typing import Any

from mason.ownership import make_private
from mason.version import __version__

_HASH = 32

RACY_NS = 2_000_000_000
"""A file that changed this shortly before it was looked at may change again without a new stamp (FAT counts in 2 s)."""

Stamp = tuple[int, int, int, int]
"""Size, mtime_ns, ctime_ns, inode: what changes when a file is written (ctime cannot be set back)."""


def stamp_of(status: os.stat_result) -> Stamp:
    """The stamp in what ``stat`` said."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def stamp_at(path: Path) -> Stamp:
    """The stamp of a file or folder, and one that none has where there is nothing. Raises ``OSError``."""
    try:
        return stamp_of(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return (-1, 0, 0, 0)


def trusted(stamp: Stamp, looked_ns: int) -> Stamp | None:
    """The stamp if a later change of the file cannot have the same one, given when the look at it began."""
    return stamp if max(stamp[1], stamp[2]) < looked_ns - RACY_NS else None


def header(magic: bytes, module: str, *others: object) -> bytes:
    """What must be the same for a cache to be read: its format, Mason, Python, ``others``, and the size of each module
    in the folder of the file ``module``.

    The sizes are for people who work on Mason itself, whose version stays the same while the rules change.
    """
    with os.scandir(os.path.dirname(module)) as entries:
        sizes = sorted((entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(".py"))
    return magic + hashlib.sha256(repr((__version__, sys.version, sizes, *others)).encode()).digest()


def read(path: Path, begins: bytes) -> Any:
    """What :func:`write` kept at ``path`` under the header ``begins``; ``None`` where there is nothing to be read."""
    try:
        with path.open("rb", buffering=0) as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            data = file.read()
    except OSError:
        return None
    start = len(begins) + _HASH
    if data.startswith(begins) and hashlib.sha256(data[start:]).digest() == data[len(begins) : start]:
        return marshal.loads(memoryview(data)[start:])
    return None


def write(path: Path, begins: bytes, value: Any, *, most_bytes: int | None = None) -> bool:
    """Keep ``value``, which ``marshal`` can write, at ``path``: atomically, so that of several processes that write at
    once one wins. Returns false where it cannot be written, or takes more than ``most_bytes``."""
    payload = marshal.dumps(value)
    if most_bytes is not None and len(payload) > most_bytes:
        return False
    return write_whole(path, begins + hashlib.sha256(payload).digest() + payload)


def write_whole(path: Path, data: bytes) -> bool:
    """Keep ``data`` at ``path``, atomically and for its owner alone. Returns false where it cannot be written."""
    import tempfile

    with contextlib.suppress(OSError):
        make_private(path.parent)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.replace(name, path)
            return True
        except OSError:
            os.unlink(name)
    return False
