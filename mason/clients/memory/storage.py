"""The storage of ``memory``: paths and bytes."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.abilities import READING
from mason.clients.memory import MemoryClient
from mason.engines.capabilities import Capabilities
from mason.engines.models import Location, Table
from mason.engines.storage import Storage
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._duckdb.root import Root


class MemoryStorage(Storage):
    """Folders exist as long as there are files below them."""

    client: ClassVar[str] = "memory"
    supports: ClassVar[frozenset[str]] = frozenset(
        {"list_paths", "exists", "infer_table", "fingerprint", "read", "write", "copy", "delete"}
    )
    capabilities: ClassVar[Capabilities] = READING

    def __init__(self, client: MemoryClient) -> None:
        super().__init__(client)
        self.memory = client

    def list_paths(self, path: str = "") -> list[Location]:
        """Files at and below a file, folder or glob; names that begin with ``.`` or ``_`` are left out."""
        with self._found(path) as (root, paths):
            return [Location(shown, len(self.memory.files[shown])) for shown in map(root.show, paths)]

    def exists(self, path: str) -> bool:
        """Whether there is a file at ``path``, or one below it."""
        name = self._name(path)
        return name in self.memory.files or not name or bool(self._below(name))

    def infer_table(
        self,
        path: str,
        *,
        table: str | None = None,
        read_headers: bool | None = None,
        options: Mapping[str, Any] | None = None,
        columns: Mapping[str, Any] | None = None,
    ) -> Table:
        """The table that the files at ``path`` are."""
        # Imported here: planning asks what a client supports without what reads files.
        from mason.clients._duckdb.reading.inference import infer
        from mason.clients._duckdb.reading.schemas import Seen

        self._name(path)
        with self.memory.on_disk() as root:
            return infer(
                path,
                root,
                self.memory.limits,
                Seen(),
                table=table,
                read_headers=read_headers,
                options=options,
                columns=columns,
            )

    def fingerprint(self, path: str, *, content: bool = False) -> str:
        """A sha256 of names, and of sizes and the numbers of the writes or of contents; empty where no file is."""
        digest = hashlib.sha256()
        paths: Sequence[str] = ()
        try:
            with self._found(path) as (root, paths):
                for shown in map(root.show, paths):
                    held = self.memory.files[shown]
                    version = (
                        hashlib.sha256(held).hexdigest() if content else f"{len(held)}\0{self.memory.written[shown]}"
                    )
                    digest.update(f"{shown}\0{version}\n".encode())
        except NotFoundError:
            pass
        return f"sha256:{digest.hexdigest()}" if paths else ""

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return self.memory.files[self._file(path)]

    def write(self, path: str, content: str | bytes, *, overwrite: bool = False) -> Location:
        """Hold a file."""
        name = self._name(path)
        if not name or self._below(name):
            raise ConflictError(f"{path or '.'} is a folder; name the file to write.")
        if name in self.memory.files and not overwrite:
            raise ConflictError(f"{path} exists already. Ask for overwrite to replace it.")
        self.memory.put_file(name, content.encode("utf-8") if isinstance(content, str) else content)
        return Location(name, len(self.memory.files[name]))

    def copy(self, path: str, target: str, *, overwrite: bool = False) -> Location:
        """Hold the same bytes under another path."""
        return self.write(target, self.read(path), overwrite=overwrite)

    def delete(self, path: str, *, recursive: bool = False) -> Location:
        """Drop a file, or all below a path."""
        name = self._name(path)
        if not name:
            raise AccessDeniedError(f"{path or '.'} is the client's root, which is not deleted.")
        if name in self.memory.files:
            return Location(name, len(self.memory.files.pop(name)))
        below = self._below(name)
        if not below:
            raise NotFoundError(f"There is no file {path}.")
        if not recursive:
            raise ConflictError(f"{path} is a folder. Ask for recursive to delete it and all below it.")
        for each in below:
            del self.memory.files[each]
        return Location(name)

    @contextmanager
    def _found(self, path: str) -> Iterator[tuple[Root, list[str]]]:
        self._name(path)
        with self.memory.on_disk() as root:
            yield root, [str(found) for found in root.find(path)[1]]

    def _file(self, path: str) -> str:
        name = self._name(path)
        if name not in self.memory.files:
            if self._below(name):
                raise EngineError(f"{path} is a folder, not a file.")
            raise NotFoundError(f"There is no file {path}.")
        return name

    def _below(self, name: str) -> list[str]:
        return [each for each in self.memory.files if each.startswith(f"{name}/")]

    def _name(self, path: str) -> str:
        """The path in its one spelling. Raises ``AccessDeniedError`` when it leads out of the root."""
        name = posixpath.normpath(path) if path else "."
        if name.startswith(("/", "../")) or name == "..":
            raise AccessDeniedError(f"{path} lies outside of the client's root: paths are relative and stay inside.")
        return "" if name == "." else name
