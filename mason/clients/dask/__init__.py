"""The client ``dask``: table work on the workers of a Dask cluster, each of which does it with the embedded engine.

Nothing of Dask is imported, and no cluster is asked or started, before a verb needs it. Files are named by URLs that
Mason's machine and the workers both reach.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.looks import Seen
    from mason.clients._duckdb.roots import Roots
    from mason.clients._warehouse.folder import WarehouseFolder
    from mason.clients.dask.dask_cluster import Cluster
    from mason.resources.faults import Finding

__all__ = ["DaskClient"]

_OF_OWN = ("workers", "worker_memory")


class DaskClient(Client):
    """A cluster, reached or started by the first verb and kept until :meth:`close`. Safe for several threads.

    The same class is made anew on workers, with the same configuration and neighbours (:mod:`dask_worker`): there
    ``threads`` is set, and it never asks for a cluster.
    """

    name = "dask"
    engines: ClassVar[Mapping[str, str]] = {"execution": "mason.clients.dask.execution:DaskExecution"}
    threads: int | None = None

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        super().__init__(configuration, base=base)
        self._lock = threading.Lock()
        self._cluster: Cluster | None = None

    @classmethod
    def faults(cls, configuration: Mapping[str, Any], roles: Collection[str]) -> Iterable[Finding]:
        """Keys of a cluster that Mason starts, beside the address of one that is there; and files of TLS without it."""
        from mason.resources.faults import Finding

        scheduler = configuration.get("scheduler")
        for key in _OF_OWN if scheduler is not None else ():
            if key in configuration:
                yield Finding(
                    (key,),
                    f"{key} is of workers that Mason starts, and scheduler names a cluster that has its own",
                    f"leave {key} or scheduler out",
                )
        if "tls" in configuration and not str(scheduler).startswith("tls://"):
            yield Finding(("tls",), "tls is of a cluster at tls://", "write tls:// in scheduler, or leave tls out")

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """``kept_folder``, what Mason keeps for this client, beside what is configured."""
        client = cls(configuration, base=base)
        return {**super().public_facts(configuration, base=base), "kept_folder": str(client.own.folder)}

    @property
    def starts_cluster(self) -> bool:
        """Whether the cluster is one that Mason starts on this machine."""
        return "scheduler" not in self.configuration

    def cluster(self) -> Cluster:
        """The cluster, reached or started where it was not. Raises ``EngineError`` where there is none to be had, and
        ``MissingDependencyError``."""
        with self._lock:
            if self._cluster is not None and not self._cluster.is_there():
                self._cluster.close()
                self._cluster = None
            if self._cluster is None:
                from mason.clients.dask.dask_cluster import connect

                self._cluster = connect(self)
            return self._cluster

    @cached_property
    def own(self) -> WarehouseFolder:
        """What Mason keeps for this client: jobs."""
        from mason.clients._warehouse.folder import WarehouseFolder, configured_folder

        return WarehouseFolder(configured_folder(self, "folder", "./warehouse/dask"), client=self.name)

    @cached_property
    def root(self) -> Roots:
        """The folder of files: that of the config's storage, where nothing else is said. The objects of neighbours are
        reached from it, too."""
        from mason.clients._warehouse.neighbouring import root_beside

        return root_beside(self, [self.own.kept()])

    @cached_property
    def seen(self) -> Seen:
        """What is known of files, so that none is looked at twice; kept for later processes on Mason's machine."""
        from mason.clients._duckdb.reading.looks import Seen

        return Seen(lasting=self.starts_cluster)

    @property
    def limits(self) -> Limits:
        """What DuckDB may use for one piece of work."""
        from mason.clients._duckdb.connection import Limits

        memory = str(self.configuration.get("memory_limit", "850MB"))
        return Limits(memory, threads=self.threads, prepare=self.root.reach)

    @property
    def part_bytes(self) -> int:
        """The size of a part of a table that is split."""
        from mason.clients._duckdb.connection import Limits

        return Limits(str(self.configuration.get("part_size", "16MB"))).most_bytes or 1

    def close(self) -> None:
        """Give back the cluster; one that Mason started ends."""
        with self._lock:
            if self._cluster is not None:
                self._cluster.close()
            self._cluster = None
