"""The parse cache: what was found in each file when it was last read, so that a second look costs a ``stat``.

It is one of :mod:`mason.caches`, and read only if other packages bring the same engines as then, where that mattered.
"""

from __future__ import annotations

from pathlib import Path

from mason import caches
from mason.caches import Stamp
from mason.resources import roles

_MAGIC = b"mason-parse-3\n"

CachedDocument = tuple[str, str, int, tuple[str, ...], bytes, str]
"""A resource: address, digest, line, references, encoded definition, name of its Python class (empty without one)."""

CachedFile = tuple[Stamp | None, bytes, int, tuple[CachedDocument, ...], str | None, tuple[tuple[str, str], ...]]
"""A YAML file: stamp (nothing where it cannot be trusted), sha256 of its bytes, documents passed over, resources,
the digest of the Python files beside it (nothing if they do not matter, empty if there must be none), and the variables
that it uses with the digests of the values that they had."""

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
        kept = caches.read(path, _header())
        if kept is None:
            return
        files, modules, others = kept
        # Packages are looked for only where something depends on them.
        if not others or others == roles.others_digest():
            self.files, self.modules, self._others = files, modules, others

    def write(self, files: dict[str, CachedFile], modules: dict[str, CachedModule]) -> None:
        """Keep these instead of what was read, atomically; nothing happens where a cache cannot be written."""
        others = roles.others_digest() if self._others or roles.others_matter() else ""
        if self._path is None or (files, modules, others) == (self.files, self.modules, self._others):
            return
        caches.write(self._path, _header(), (files, modules, others))


def _header() -> bytes:
    return caches.header(_MAGIC, __file__)
