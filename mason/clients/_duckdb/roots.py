"""The folder of a client together with what lies elsewhere and is reached by URL: the objects of its neighbours.

A path is one of the folder. A URL of a store's scheme is asked of the root of that store, which another client of the
config has; so whoever works with a root need not know which of them a path leads to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mason.clients._duckdb.root import Root
from mason.engines.file_urls import scheme_of

if TYPE_CHECKING:
    import duckdb

    from mason.clients._duckdb.object_root import ObjectRoot
    from mason.engines.client import Client


def lent_objects(client: Client) -> Callable[[str], ObjectRoot | None]:
    """What gives the root of the objects that a URL leads to, of the neighbours of ``client``; ``None`` for its own."""

    def objects_at(url: str) -> ObjectRoot | None:
        from mason.clients._duckdb.object_root import ObjectRoot

        found = client.storage_for(url) if client.storage_for is not None else None
        root = getattr(found, "root", None)
        return root if isinstance(root, ObjectRoot) and root is not getattr(client, "root", None) else None

    return objects_at


class Roots(Root):
    """A folder, and the objects that ``elsewhere`` gives the root of, by their URL (``None``: of no neighbour).

    ``met`` are the roots of objects that were asked for so far. Other arguments are those of :class:`Root`.
    """

    def __init__(self, path: Path, *, elsewhere: Callable[[str], ObjectRoot | None], **given: Any) -> None:
        super().__init__(path, **given)
        self._elsewhere = elsewhere
        self.met: dict[int, ObjectRoot] = {}

    def reach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let DuckDB read what was met so far of the objects of others."""
        met = list(self.met.values())
        if met:
            from mason.clients._duckdb.streamed import reach_objects

            reach_objects(connection, met)

    def _store(self, path: str | Path) -> ObjectRoot | None:
        """The root that a URL, or the path of an object, leads to; ``None`` for what is here."""
        text = path if isinstance(path, str) else str(path)
        if scheme_of(text) in ("", self.scheme):
            return None
        found = self._elsewhere(text)
        if found is not None:
            self.met[id(found)] = found
        return found

    def plain(self, path: str) -> str:
        """A URL of an object as it is."""
        other = self._store(path)
        return super().plain(path) if other is None else other.plain(path)

    def place(self, path: str) -> Path:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().place(path) if other is None else other.place(path)

    def url_of(self, path: Path) -> str:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().url_of(path) if other is None else other.url_of(path)

    def locate(self, path: str) -> str:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().locate(path) if other is None else other.locate(path)

    def resolve(self, path: str) -> Path:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().resolve(path) if other is None else other.resolve(path)

    def target(self, path: str) -> Path:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().target(path) if other is None else other.target(path)

    def changeable(self, path: str) -> Path:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().changeable(path) if other is None else other.changeable(path)

    def refuse_kept_out(self, real: Path, path: str) -> None:
        """As of :class:`Root`."""
        other = self._store(real)
        if other is None:
            super().refuse_kept_out(real, path)
        else:
            other.refuse_kept_out(real, path)

    def keeper(self, real: Path, kept_out: Collection[Path] | None = None) -> str:
        """As of :class:`Root`."""
        other = self._store(real)
        return super().keeper(real, kept_out) if other is None else other.keeper(real)

    def refuse_own_things_in(self, folder: Path, path: str) -> None:
        """As of :class:`Root`."""
        other = self._store(folder)
        if other is None:
            super().refuse_own_things_in(folder, path)
        else:
            other.refuse_own_things_in(folder, path)

    def owns(self, real: Path) -> bool:
        """As of :class:`Root`."""
        other = self._store(real)
        return super().owns(real) if other is None else other.owns(real)

    def would_lose(self, real: Path) -> bool:
        """As of :class:`Root`."""
        other = self._store(real)
        return super().would_lose(real) if other is None else other.would_lose(real)

    def show(self, path: Path | str) -> str:
        """As of :class:`Root`; an object by its URL."""
        return super().show(path) if self._store(path) is None else str(path)

    def find(self, path: str, *, strict: bool = True) -> tuple[Path, list[Path]]:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().find(path, strict=strict) if other is None else other.find(path, strict=strict)

    def is_glob(self, path: str) -> bool:
        """As of :class:`Root`."""
        other = self._store(path)
        return super().is_glob(path) if other is None else other.is_glob(path)

    def walk(self, folder: Path, *, strict: bool = True) -> Iterator[Path]:
        """As of :class:`Root`."""
        other = self._store(folder)
        return super().walk(folder, strict=strict) if other is None else other.walk(folder, strict=strict)
