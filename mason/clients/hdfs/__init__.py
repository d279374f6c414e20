"""The client ``hdfs``: files of HDFS as storage, over WebHDFS.

Tables there are read by engines that reach ``hdfs://`` themselves, and by those that read through this storage.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.object_root import ObjectRoot
    from mason.clients._duckdb.reading.looks import Seen
    from mason.clients.hdfs.hdfs_store import HdfsStore

__all__ = ["HdfsClient"]


class HdfsClient(Client):
    """A folder of one HDFS. The first verb connects; threads may share it."""

    name = "hdfs"
    engines: ClassVar[Mapping[str, str]] = {"storage": "mason.clients.hdfs.storage:HdfsStorage"}

    @cached_property
    def store(self) -> HdfsStore:
        """The requests."""
        from mason.clients.hdfs.hdfs_store import HdfsStore
        from mason.clients.hdfs.web_hdfs import WebHdfs

        return HdfsStore(WebHdfs(self.configuration))

    @cached_property
    def root(self) -> ObjectRoot:
        """What paths start from. URLs of neighbours of the same kind are reached from it, too."""
        from mason.clients._duckdb.object_root import ObjectRoot
        from mason.clients._duckdb.roots import lent_objects

        return ObjectRoot(
            self.store, self.url, client=self.name, places=self.kept_out, elsewhere=lent_objects(self), bucket=None
        )

    @property
    def url(self) -> str:
        """The URL of its root, without a slash at its end."""
        return str(self.configuration["root"]).rstrip("/")

    @cached_property
    def seen(self) -> Seen:
        """What looks at files have found."""
        from mason.clients._duckdb.reading.looks import Seen

        return Seen(lasting=True)

    @property
    def limits(self) -> Limits:
        """What DuckDB may use, which looks at files."""
        from mason.clients._duckdb.connection import Limits
        from mason.clients._duckdb.streamed import reach_objects

        memory = str(self.configuration.get("memory_limit", "850MB"))
        return Limits(memory, prepare=lambda connection: reach_objects(connection, [self.root]))

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """``url`` beside what is configured."""
        facts = super().public_facts(configuration, base=base)
        return {**facts, "url": str(configuration["root"]).rstrip("/")}

    def close(self) -> None:
        """Give back the connections."""
        if "store" in self.__dict__:
            self.store.web.close()
