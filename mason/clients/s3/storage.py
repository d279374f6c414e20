"""The storage of ``s3``: objects below the root, or in all buckets of an account."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mason.clients._duckdb.abilities import READING
from mason.clients._duckdb.object_storage import ObjectStorage
from mason.clients.s3 import S3Client
from mason.engines.capabilities import Capabilities


class S3Storage(ObjectStorage):
    """Writes are conditional: of two writers at once one is told of a conflict."""

    # Files are copied from and to, and nothing else is done with them.
    capabilities: ClassVar[Capabilities] = replace(READING, schemes=("s3", "file"), borrowed=("file",))

    def __init__(self, client: S3Client) -> None:
        super().__init__(client, client)
        self.s3 = client

    def exists(self, path: str) -> bool:
        """Whether there is an object at ``path``, or one below it; or a bucket."""
        found = self.root.resolve(path)
        if len(found.parts) <= 3 and not self.root.path.parts[2:]:
            return len(found.parts) < 3 or self.s3.buckets.exists(found.parts[2])
        return super().exists(path)
