"""The storage of ``hdfs``: files below the root. There are folders, as on any file system, and permissions."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mason.clients._duckdb.abilities import READING
from mason.clients._duckdb.object_storage import ObjectStorage
from mason.clients.hdfs import HdfsClient
from mason.engines.capabilities import Capabilities
from mason.engines.models import Location
from mason.errors import AccessDeniedError, ConflictError, NotFoundError


class HdfsStorage(ObjectStorage):
    """Paths are relative to the root. A file is published by a rename, so readers see the old one or the new one."""

    # Files are copied from and to those of this machine, and nothing else is done with them.
    capabilities: ClassVar[Capabilities] = replace(READING, schemes=("hdfs", "file"), borrowed=("file",))

    def __init__(self, client: HdfsClient) -> None:
        super().__init__(client, client)
        self.hdfs = client

    def list_paths(self, path: str = "") -> list[Location]:
        """As of every storage of objects; of a folder that is empty, nothing."""
        try:
            return super().list_paths(path)
        except NotFoundError:
            if self.hdfs.store.status(self.root.resolve(path).key) is None:
                raise
            return []

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder at ``path``; the root always is."""
        found = self.root.resolve(path)
        return found == self.root.path or found.is_file() or self.hdfs.store.status(found.key) is not None

    def delete(self, path: str, *, recursive: bool = False) -> Location:
        """Delete a file, or a folder with all that is in it, at once; the root itself is refused."""
        at = self.root.resolve(path)
        if self.root.would_lose(at):
            raise AccessDeniedError(f"{path or '.'} is the client's root, which is not deleted.")
        at = self.root.changeable(path)
        found = self.hdfs.store.status(at.key)
        if found is None:
            raise self.no_object(at, path)
        if found["type"] != "DIRECTORY":
            return super().delete(path, recursive=recursive)
        if not recursive:
            raise ConflictError(f"{path} is a folder. Ask for recursive to delete it and all below it.")
        self.root.refuse_own_things_in(at, path)
        self.hdfs.store.delete_folder(at.key)
        return Location(self.root.show(at))
