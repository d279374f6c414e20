"""The storage of ``memory``: paths and bytes."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar

from mason.clients._duckdb.abilities import READING
from mason.clients.memory import MemoryClient
from mason.engines.capabilities import Capabilities
from mason.engines.fence import fault, holds_own, is_own
from mason.engines.file_urls import scheme_of
from mason.engines.models import Location, Table
from mason.engines.storage import Storage
from mason.errors import AccessDeniedError, ConflictError, EngineError, NotFoundError


class MemoryStorage(Storage):
    """Folders exist as long as there are files below them."""

    supports: ClassVar[frozenset[str]] = frozenset(
        {"list_paths", "exists", "locate", "infer_table", "fingerprint", "read", "write", "copy", "delete"}
    )
    capabilities: ClassVar[Capabilities] = replace(READING, schemes=("memory",))

    def __init__(self, client: MemoryClient) -> None:
        super().__init__(client)
        self.memory = client

    def list_paths(self, path: str = "") -> list[Location]:
        """Files at and below a file, folder or glob; names that begin with ``.`` or ``_`` and what is no data
        (:mod:`mason.engines.fence`) are left out."""
        with self._found(path) as paths:
            return [
                Location(shown, len(content)) for shown, content, _ in paths if not fault(posixpath.basename(shown))
            ]

    def exists(self, path: str) -> bool:
        """Whether there is a file at ``path``, or one below it."""
        client, name = self._at(path)
        return name in client.files or not name or bool(_below(client, name))

    def locate(self, path: str) -> str:
        """``memory://ID/path``, by which every client of this process reaches it."""
        client, name = self._at(path)
        return client.url_of(name)

    def infer_table(
        self,
        path: str,
        *,
        table: str | None = None,
        read_headers: bool | None = None,
        options: Mapping[str, Any] | None = None,
        columns: Mapping[str, Any] | None = None,
        sample_size: int | None = None,
        seed: int = 0,
    ) -> Table:
        """The table that the files at ``path`` are."""
        # Imported here: planning asks what a client supports without what reads files.
        from mason.clients._duckdb.reading.inference import infer
        from mason.clients._duckdb.reading.looks import Seen

        self._at(path)
        from mason.clients.memory.held import on_disk

        with on_disk(self.memory) as root:
            return infer(
                path,
                root,
                self.memory.limits,
                Seen(),
                table=table,
                read_headers=read_headers,
                options=options,
                columns=columns,
                sample_size=sample_size,
                seed=seed,
            )

    def fingerprint(self, path: str, *, content: bool = False) -> str:
        """A sha256 of names, and of sizes and the numbers of the writes or of contents; empty where no file is."""
        digest = hashlib.sha256()
        empty = True
        try:
            with self._found(path) as paths:
                for shown, held, written in paths:
                    version = hashlib.sha256(held).hexdigest() if content else f"{len(held)}\0{written}"
                    digest.update(f"{shown}\0{version}\n".encode())
                    empty = False
        except NotFoundError:
            pass
        return "" if empty else f"sha256:{digest.hexdigest()}"

    def read(self, path: str) -> bytes:
        """The content of a file."""
        client, name = self._file(path)
        return client.files[name]

    def write(self, path: str, content: str | bytes, *, overwrite: bool = False) -> Location:
        """Hold a file."""
        client, name = self._changeable(path)
        if not name or _below(client, name):
            raise ConflictError(f"{path or '.'} is a folder; name the file to write.")
        if name in client.files and not overwrite:
            raise ConflictError(f"{path} exists already. Ask for overwrite to replace it.")
        client.put_file(name, content.encode("utf-8") if isinstance(content, str) else content)
        return Location(self._shown(client, name), len(client.files[name]))

    def copy(self, path: str, target: str, *, overwrite: bool = False) -> Location:
        """Hold the same bytes under another path."""
        return self.write(target, self.read(path), overwrite=overwrite)

    def delete(self, path: str, *, recursive: bool = False) -> Location:
        """Drop a file, or all below a path."""
        client, name = self._changeable(path)
        if not name:
            raise AccessDeniedError(f"{path or '.'} is the client's root, which is not deleted.")
        if name in client.files:
            return Location(self._shown(client, name), len(client.files.pop(name)))
        below = _below(client, name)
        own = next((each for each in below if is_own(each)), "")
        if not below:
            raise NotFoundError(f"There is no file {path}.")
        if not recursive:
            raise ConflictError(f"{path} is a folder. Ask for recursive to delete it and all below it.")
        if own:
            raise AccessDeniedError(holds_own(path, own))
        for each in below:
            del client.files[each]
        return Location(self._shown(client, name))

    @contextmanager
    def _found(self, path: str) -> Iterator[Iterator[tuple[str, bytes, int]]]:
        """Of each file at ``path`` how it is shown, its content, and the number of its last write."""
        self._at(path)
        from mason.clients.memory.held import on_disk

        with on_disk(self.memory) as root:
            found = ((shown, self._at(shown)) for shown in map(root.show, root.find(path)[1]))
            yield ((shown, client.files[name], client.written[name]) for shown, (client, name) in found)

    def _file(self, path: str) -> tuple[MemoryClient, str]:
        client, name = self._at(path)
        if name not in client.files:
            if _below(client, name):
                raise EngineError(f"{path} is a folder, not a file.")
            raise NotFoundError(f"There is no file {path}.")
        return client, name

    def _shown(self, client: MemoryClient, name: str) -> str:
        return name if client is self.memory else client.url_of(name)

    def _changeable(self, path: str) -> tuple[MemoryClient, str]:
        """As :meth:`_at`, for what is to be written or deleted. Raises ``AccessDeniedError`` for what is no data."""
        client, name = self._at(path)
        if told := fault(name):
            raise AccessDeniedError(told)
        return client, name

    def _at(self, path: str) -> tuple[MemoryClient, str]:
        """Whose file it is, and its path in the one spelling that it has.

        Raises ``AccessDeniedError`` for a path that leads out of the root, and as ``MemoryClient.of_url``.
        """
        client, inside = MemoryClient.of_url(path) if scheme_of(path) else (self.memory, path)
        name = posixpath.normpath(inside) if inside else "."
        if name.startswith(("/", "../")) or name == "..":
            raise AccessDeniedError(f"{path} lies outside of the client's root: paths are relative and stay inside.")
        return client, "" if name == "." else name


def _below(client: MemoryClient, name: str) -> list[str]:
    return [each for each in client.files if each.startswith(f"{name}/")]
