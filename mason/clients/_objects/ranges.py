"""A part of an object at a time: a stream of bytes that asks the store for what is read, and for more the longer it is
read on."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mason.clients._objects.object_store import ObjectFacts, ObjectStore

# The first request asks for so much, each one behind it for twice as much, up to the most.
_FIRST, _MOST = 1 << 18, 1 << 23
END = 1 << 16
"""The bytes at the end of an object that come with the last one."""


class RangeReader(io.RawIOBase):
    """The bytes of one version of an object. What is kept is the last part that was asked for."""

    def __init__(self, store: ObjectStore, bucket: str, facts: ObjectFacts, end: bytes = b"") -> None:
        self._store, self._bucket, self._facts = store, bucket, facts
        self._at = 0
        self._start, self._part = facts.size - len(end), end
        self._step = _FIRST

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of a file; before the beginning it is an ``OSError``."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._facts.size}[whence]
        if base + offset < 0:
            raise OSError(22, "Invalid argument")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # all that BufferedReader hands over
        """As of a file: as much as there is at once, 0 at the end."""
        wanted = min(len(buffer), self._facts.size - self._at)
        if wanted <= 0:
            return 0
        behind = self._start + len(self._part)
        if not self._start <= self._at < behind:
            # Whoever reads on from where the last part ended gets more each time; whoever jumps begins anew.
            self._step = min(self._step * 2, _MOST) if self._part and self._at == behind else _FIRST
            # Formats that begin at the end are read backwards from there.
            start = min(self._at, max(0, self._facts.size - END))
            start = start if self._facts.size - start <= END else self._at
            length = min(max(self._step, self._at - start + wanted), self._facts.size - start)
            self._part = self._store.read_range(self._bucket, self._facts.key, start, length, self._facts.etag)
            self._start = start
        offset = self._at - self._start
        piece = self._part[offset : offset + wanted]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)
