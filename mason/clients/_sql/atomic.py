"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a file beside ``path``, flush it to disk and move it there.

    Raises ``FileExistsError`` when it exists and ``overwrite`` is false.
    """
    beside = beside_of(path)
    try:
        beside.write_bytes(content)
        move_into_place(beside, path, overwrite=overwrite)
    finally:
        beside.unlink(missing_ok=True)


def beside_of(path: Path) -> Path:
    """A new name in the same folder, hidden, so that nobody takes half a file for data."""
    import secrets

    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


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
