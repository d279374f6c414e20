"""How DuckDB reads what it has no protocol for: as streams of Mason's own, which ask a store for parts of objects.

DuckDB takes a file system of Python's for the URLs of a scheme (fsspec's interface). URLs mean one object each, as in
:mod:`mason.clients._duckdb.httpfs`: nothing in them is a wildcard. The connection is confined as with any other file.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import IO, TYPE_CHECKING, Any

from mason.errors import MissingDependencyError

if TYPE_CHECKING:
    import duckdb

    from mason.clients._duckdb.httpfs import ObjectAccess
    from mason.clients._duckdb.object_root import ObjectRoot
    from mason.clients._objects.object_path import ObjectPath


def reach_objects(connection: duckdb.DuckDBPyConnection, roots: Iterable[ObjectRoot]) -> None:
    """Let a connection read the objects of ``roots``, by itself where it can. To be called before it is confined.

    Raises ``MissingDependencyError``.
    """
    accesses: list[ObjectAccess] = []
    by_scheme: dict[str, list[ObjectRoot]] = {}
    for root in roots:
        if root.access is None:
            by_scheme.setdefault(root.scheme, []).append(root)
        else:
            accesses.append(root.access())
    if accesses:
        from mason.clients._duckdb.httpfs import reach

        reach(connection, accesses)
    for scheme, several in by_scheme.items():
        connection.register_filesystem(_file_system(scheme, several))


def _file_system(scheme: str, roots: list[ObjectRoot]) -> Any:
    """What DuckDB asks for the URLs of one scheme, each of which one of ``roots`` reaches."""
    try:
        from fsspec import AbstractFileSystem
    except ModuleNotFoundError as error:
        raise MissingDependencyError(f"Reading {scheme}:// ({error.name})", "hdfs") from error

    class Streams(AbstractFileSystem):  # type: ignore[misc, unused-ignore]  # fsspec has no types, or is not there
        """Objects as files that are read. What is known of one is asked for once: a version that changes in between
        shows when a part of it is read."""

        protocol = scheme
        cachable = False

        def __init__(self) -> None:
            super().__init__()
            self._found: dict[str, ObjectPath] = {}

        def _at(self, url: str) -> ObjectPath:
            if url not in self._found:
                root = next((each for each in roots if each.has(each.resolve(url))), roots[0])
                self._found[url] = root.resolve(url)
            return self._found[url]

        def open(self, path: str, mode: str = "rb", **_: Any) -> IO[bytes]:
            return self._at(path).open(mode)

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            return {"name": path, "size": self._at(path).stat().st_size, "type": "file"}

        def size(self, path: str) -> int:
            return self._at(path).stat().st_size

        def modified(self, path: str) -> datetime:
            return datetime.fromtimestamp(self._at(path).stat().st_mtime, tz=timezone.utc)

        def exists(self, path: str, **_: Any) -> bool:
            return self._at(path).is_file()

        def glob(self, path: str, **_: Any) -> list[str]:
            return [path] if self.exists(path) else []

    return Streams()
