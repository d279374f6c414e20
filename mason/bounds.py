"""What is read from outside has a limit that is looked at before it is read, and JSON a depth.

A file may be a device or a pipe that never ends, or larger than memory; an object in a bucket may nest so deeply that
whatever goes through it comes to the end of Python's stack. Both are told like any other file that cannot be read.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import IO, Any, AnyStr, NoReturn

SETTINGS = 1_000_000
"""Bytes of ``mason.yaml``, a ``.env`` file, and what is kept in MASON_HOME."""
PARAMETERS = 50_000_000
"""Bytes of a parameter file (``-f``), or of what comes by stdin (``-``)."""
RECORD = 100_000_000
"""Bytes of a run record, a lock, a job, a schedule, or a source."""
STATE = 1_000_000_000
"""Bytes of a state, a plan file, or the journal of a run."""

DEEPEST = 150
"""How many levels of JSON are read: definitions may have a hundred, and something is around them."""


_PIECE = 1 << 16


class TooLargeError(OSError):
    """A file that is larger than what is read of its kind, or that is no file but a pipe or a device."""

    def __init__(self, path: object, why: str) -> None:
        super().__init__(errno.EINVAL, why, str(path))


def open_file(path: Path, flags: int, mode: int = 0o666) -> int:
    """A descriptor of a regular file. Raises ``OSError``, and never waits for a pipe."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISREG(kind):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise TooLargeError(path, "it is no regular file")


def read_file(path: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes. Raises ``OSError``, and never waits for a pipe."""
    descriptor = open_file(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if status.st_size > most:
            raise TooLargeError(path, f"it is larger than {megabytes(most)}")
        # What grows meanwhile, or says that it is empty (/proc), is cut off all the same.
        content = file.read(status.st_size + 1) if status.st_size else b""
        # By pieces: Python makes room for all that it is asked to read.
        while len(content) <= most and (more := file.read(min(_PIECE, most + 1 - len(content)))):
            content += more
    if len(content) > most:
        raise TooLargeError(path, f"it is larger than {megabytes(most)}")
    return content


def read_stream(stream: IO[AnyStr], most: int) -> AnyStr:
    """All that comes by a stream, at most ``most`` bytes or characters. Raises ``TooLargeError``."""
    content = stream.read(most + 1)
    if len(content) > most:
        raise TooLargeError("stdin", f"it is larger than {megabytes(most)}")
    return content


def megabytes(most: int) -> str:
    """A limit as people say it."""
    return f"{most // 1_000_000} MB"


def parse_json(content: str | bytes, *, strict: bool = False) -> Any:
    """The JSON in ``content``. Raises ``ValueError`` for what is none, or nests deeper than :data:`DEEPEST` levels.

    ``strict`` refuses ``NaN`` and ``Infinity`` as well, which are no JSON though Python writes them.
    """
    try:
        document = json.loads(content, parse_constant=_refuse_constant) if strict else json.loads(content)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    # Not by recursion: that is what a document which nests too deeply would end.
    level, depth = [document], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(_TOO_DEEP)
        nested = [held.values() if isinstance(held, dict) else held for held in level if isinstance(held, (dict, list))]
        level = [inner for held in nested for inner in held]
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_TOO_DEEP = f"it nests deeper than {DEEPEST} levels"
