"""The parse cache: what was found in each file when it was last read, so that a second look costs a ``stat``.

A cache may be lost, damaged, old or in a place that cannot be written: that makes a load slower, never wrong and
never an error. It is a private file like ``.pyc``: written in ``marshal``, which is the quickest, and read only if its
checksum holds, it belongs to the user, the same Mason on the same Python wrote it, and other packages bring the same
engines as then, where that mattered.
"""

# Plain strings instead of pathlib, which costs more than the work itself when there are ten thousand files.
# ruff: noqa: PTH105, PTH108, PTH120, PTH123

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from pathlib import Path

from mason.resources import roles
from mason.resources.walking import Stamp
from mason.version import __version__

_MAGIC = b"mason-parse-2\n"
_HASH = 32

RACY_NS = 2_000_000_000
"""A file that changed this shortly before it was looked at may change again without a new stamp (FAT counts in 2 s)."""


CachedDocument = tuple[str, str, int, tuple[str, ...], bytes, str]
"""A resource: address, digest, line, references, encoded definition, name of its Python class (empty without one)."""

CachedFile = tuple[Stamp | None, bytes, int, tuple[CachedDocument, ...], str | None]
"""A YAML file: stamp (nothing where it cannot be trusted), sha256 of its bytes, documents passed over, resources,
and the digest of the Python files beside it (nothing if they do not matter, empty if there must be none)."""

CachedModule = tuple[tuple[tuple[str, Stamp | None], ...], str, bytes, tuple[str, ...], bool]
"""The Python files of a folder: names and stamps; then digest, content, calls and certain, as in ``Module``."""


class Cache:
    """Files by key and modules by the key of their folder, as they were found last time."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.files: dict[str, CachedFile] = {}
        self.modules: dict[str, CachedModule] = {}
        self._others = ""
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb", buffering=0) as file:
                if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                    return
                data = file.read()
        except OSError:
            return
        header = _header()
        start = len(header) + _HASH
        if data.startswith(header) and hashlib.sha256(data[start:]).digest() == data[len(header) : start]:
            files, modules, others = marshal.loads(memoryview(data)[start:])
            # Packages are looked for only where something depends on them.
            if not others or others == roles.others_digest():
                self.files, self.modules, self._others = files, modules, others

    def write(self, files: dict[str, CachedFile], modules: dict[str, CachedModule]) -> None:
        """Keep these instead of what was read, atomically; nothing happens where a cache cannot be written."""
        others = roles.others_digest() if self._others or roles.others_matter() else ""
        if self._path is None or (files, modules, others) == (self.files, self.modules, self._others):
            return
        import tempfile

        payload = marshal.dumps((files, modules, others))
        data = _header() + hashlib.sha256(payload).digest() + payload
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
            try:
                with open(handle, "wb") as file:
                    file.write(data)
                os.replace(name, self._path)
            except OSError:
                os.unlink(name)


def trusted(stamp: Stamp, looked_ns: int) -> Stamp | None:
    """The stamp if a later change of the file cannot have the same one, given when the look at it began."""
    return stamp if max(stamp[1], stamp[2]) < looked_ns - RACY_NS else None


def _header() -> bytes:
    """What must be the same for a cache to be read: Mason, Python, and the size of each module of this room.

    The sizes are for people who work on Mason itself, whose version stays the same while the rules change.
    """
    with os.scandir(os.path.dirname(__file__)) as entries:
        sizes = sorted((entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(".py"))
    return _MAGIC + hashlib.sha256(repr((__version__, sys.version, sizes)).encode()).digest()
