"""Files, and folders of files, that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

_PREFIX, _SUFFIX = ".mason-", ".tmp"
# Seconds after which what lies beside a target is nobody's: two days.
_LONGEST_WORK = 2 * 24 * 3600

# What the C library calls RENAME_EXCHANGE (macOS: RENAME_SWAP), and the folder that relative paths start from.
_SWAP = 2
_HERE = -100


def write_whole(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file with :func:`whole`."""
    with whole(path, overwrite=overwrite) as beside:
        beside.write_bytes(content)


@contextlib.contextmanager
def whole(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """A path beside ``path`` to write a file or folder to; it is flushed to disk and moved to ``path`` at the end.

    Folders that are missing are made, and removed again when the work inside fails. Raises ``FileExistsError`` when
    ``path`` exists and ``overwrite`` is false.
    """
    made = [each for each in (path.parent, *path.parent.parents) if not each.exists()]
    beside = beside_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        try:
            yield beside
            move_into_place(beside, path, overwrite=overwrite)
        finally:
            _remove(beside)
    except BaseException:
        # Nothing goes but what is empty: somebody else may have begun to use a folder.
        with contextlib.suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def beside_of(path: Path) -> Path:
    """A new name in the same folder, hidden, so that nobody takes half a file for data, and short, because that of
    ``path`` may be as long as a name can be."""
    import secrets

    return path.with_name(f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}")


def move_into_place(beside: Path, path: Path, *, overwrite: bool) -> None:
    """Give a finished file or folder its name, so that a crash leaves the old one or the new one.

    Raises ``FileExistsError`` when ``path`` exists and ``overwrite`` is false, whoever made it, and whenever.
    """
    if beside.is_dir():
        for inner, _, files in os.walk(beside):
            for name in files:
                _flush(Path(inner, name))
            _flush(Path(inner))
        _move_folder(beside, path, overwrite=overwrite)
    else:
        _flush(beside)
        if overwrite:
            beside.replace(path)
        else:
            # Renaming would replace what another process made in the meantime; linking refuses to.
            os.link(beside, path)
    _flush(path.parent)


def _move_folder(beside: Path, path: Path, *, overwrite: bool) -> None:
    """A folder takes the place of nothing, of an empty folder, or of one that :func:`_exchange` can put aside."""
    try:
        # To the system, an empty folder is no obstacle; to a person who did not ask for overwrite, it is.
        if not overwrite and path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        beside.rename(path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        if not overwrite or error.errno == errno.ENOTDIR:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        # What was there goes with what is left beside.
        _exchange(beside, path)


def _exchange(one: Path, other: Path) -> None:
    """Let two folders swap their names in one step, so that at no moment either name is free.

    Raises ``OSError`` where the system or its file system cannot: Linux can since 3.15, macOS since 10.12.
    """
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_HERE, names[0], _HERE, names[1], _SWAP)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, _SWAP)
    else:
        ctypes.set_errno(errno.ENOSYS)
        failed = -1
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot be replaced in one step ({os.strerror(code)})", str(other))


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left beside their targets, once nobody can be writing it any more."""
    too_old = time.time() - _LONGEST_WORK
    with contextlib.suppress(OSError):
        for left in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            if left.lstat().st_mtime < too_old:
                _remove(left)


def _flush(path: Path) -> None:
    """Have a file or folder on disk before anything that relies on it is."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _remove(path: Path) -> None:
    if path.is_dir():
        import shutil

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
