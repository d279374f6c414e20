"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def write_whole(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file with :func:`whole`."""
    with whole(path, overwrite=overwrite) as beside:
        beside.write_bytes(content)


@contextlib.contextmanager
def whole(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """A path beside ``path`` to write to; what was written there is flushed to disk and moved to ``path`` at the end.

    Folders that are missing are made, and removed again when the work inside fails. Raises ``FileExistsError`` when
    ``path`` exists and ``overwrite`` is false.
    """
    made = [each for each in (path.parent, *path.parent.parents) if not each.exists()]
    beside = beside_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield beside
            move_into_place(beside, path, overwrite=overwrite)
        finally:
            beside.unlink(missing_ok=True)
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

    return path.with_name(f".mason-{secrets.token_hex(8)}.tmp")


def move_into_place(beside: Path, path: Path, *, overwrite: bool) -> None:
    """Give a finished file its name, so that a crash leaves the old file or the new one.

    Raises ``FileExistsError`` when ``path`` exists and ``overwrite`` is false, whoever made it, and whenever.
    """
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        beside.replace(path)
    else:
        # Renaming would replace what another process made in the meantime; linking refuses to.
        os.link(beside, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
