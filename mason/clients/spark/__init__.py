"""The client ``spark``: Apache Spark's SQL and catalog, over Spark Connect or by a session on this machine.

Nothing of Spark is imported and no server is asked before a verb needs it. Files are named by URLs (``file://``) that
this machine and Spark's both reach.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client
from mason.errors import TransientEngineError

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.reading.looks import Seen
    from mason.clients._duckdb.roots import Roots
    from mason.clients._warehouse.folder import WarehouseFolder
    from mason.clients.spark.cluster.cluster_api import Cluster
    from mason.clients.spark.cluster.cluster_runner import Runner
    from mason.clients.spark.spark_jobs import SparkJobs
    from mason.clients.spark.spark_session import Connected
    from mason.clients.spark.spark_ways import JobWay, Way
    from mason.clients.spark.submitted_work import Work
    from mason.resources.faults import Finding

__all__ = ["SparkClient"]


class SparkClient(Client):
    """A session, opened by the first verb and kept until :meth:`close`. Safe for several threads."""

    name = "spark"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.spark.metastore:SparkMetastore",
        "execution": "mason.clients.spark.execution:SparkExecution",
    }

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        super().__init__(configuration, base=base)
        self._lock = threading.Lock()
        self._connected: Connected | None = None
        self._held = ExitStack()
        self._staged: Path | None = None

    @classmethod
    def faults(cls, configuration: Mapping[str, Any], roles: Collection[str]) -> Iterable[Finding]:
        """Of a runner."""
        if "runner" not in configuration:
            return ()
        from mason.clients.spark.cluster.cluster_runner import faults

        return faults(configuration, roles)

    @classmethod
    def public_facts(cls, configuration: Mapping[str, Any], *, base: Path) -> dict[str, Any]:
        """``kept_folder``, what Mason keeps for this client, beside what is configured."""
        client = cls(configuration, base=base)
        return {**super().public_facts(configuration, base=base), "kept_folder": str(client.own.folder)}

    @property
    def is_remote(self) -> bool:
        """Whether Spark is a server, which goes on when this process is gone."""
        return "remote" in self.configuration

    @property
    def has_runner(self) -> bool:
        """Whether Spark is applications that a cluster runs."""
        return "runner" in self.configuration

    @cached_property
    def cluster_runner(self) -> Runner:
        """Where applications run, and what they get."""
        from mason.clients.spark.cluster.cluster_runner import Runner

        return Runner(self.configuration, base=self.base)

    @contextmanager
    def session(self) -> Iterator[Any]:
        """The session, opened where there is none. One that the server has ended, or that is lost with its server, is
        forgotten, so that whoever tries again gets another one. Raises ``EngineError`` where there is none to be had.
        """
        with self._connection() as connected:
            yield connected.session

    @contextmanager
    def _connection(self) -> Iterator[Connected]:
        with self._lock:
            if self._connected is None:
                from mason.clients.spark.spark_session import connect

                self._connected = connect(self)
            connected = self._connected
        try:
            yield connected
        except TransientEngineError:
            with self._lock:
                if self._connected is connected:
                    self._connected = None
            connected.close()
            raise

    @contextmanager
    def way(self) -> Iterator[Way]:
        """The way to Spark of what is answered at once. Raises ``EngineError`` where there is none."""
        from mason.clients.spark.session_way import SessionWay

        if self.has_runner:
            from mason.clients.spark.cluster.application_way import ApplicationWay

            with closing(self._cluster()) as cluster:
                yield ApplicationWay(self, self.cluster_runner, cluster, self.staged())
            return
        with self._connection() as connected:
            yield SessionWay(self, connected)

    def job_way(self, work: Work | None = None) -> JobWay:
        """The way of a new job, or that of one that was submitted. Raises ``EngineError``."""
        import uuid

        if self.has_runner:
            from mason.clients.spark.cluster.application_way import ApplicationJob

            return ApplicationJob(self, self.cluster_runner, self._cluster(), work)
        from mason.clients.spark.session_way import SessionJob
        from mason.clients.spark.spark_session import connect

        session_id = str(uuid.uuid4()) if work is None else work.session_id
        return SessionJob(self, connect(self, session_id), session_id)

    def _cluster(self) -> Cluster:
        from mason.clients.spark.cluster.cluster_api import connect
        from mason.clients.spark.spark_session import check_settings

        check_settings(self)
        self.cluster_runner.shared(self.own.folder)
        return connect(self.cluster_runner)

    @cached_property
    def own(self) -> WarehouseFolder:
        """What Mason keeps for this client: jobs, and files on their way."""
        from mason.clients._warehouse.folder import WarehouseFolder, configured_folder

        return WarehouseFolder(configured_folder(self, "folder", "./warehouse/spark"), client=self.name)

    @cached_property
    def jobs(self) -> SparkJobs:
        """The jobs of this client."""
        from mason.clients.spark.spark_jobs import SparkJobs

        return SparkJobs(self)

    def staged(self) -> Path:
        """A folder for files on their way to Spark, gone when the client is closed."""
        from mason import temporary

        with self._lock:
            if self._staged is None:
                self.own.folder.mkdir(parents=True, exist_ok=True)
                self._staged = self._held.enter_context(temporary.folder("staged", within=self.own.folder))
                # Spark's server may be another user, and is to read what is in it.
                self._staged.chmod(0o755)
            return self._staged

    @cached_property
    def root(self) -> Roots:
        """The folder of files: that of the config's storage, where nothing else is said. The objects of neighbours are
        reached from it, too."""
        from mason.clients._warehouse.neighbouring import root_beside

        return root_beside(self, [self.own.kept()])

    @cached_property
    def seen(self) -> Seen:
        """What is known of files, so that none is looked at twice."""
        from mason.clients._duckdb.reading.looks import Seen

        return Seen(lasting=True)

    @property
    def limits(self) -> Limits:
        """What DuckDB may use, by which Mason reads and writes files."""
        from mason.clients._duckdb.connection import Limits

        memory = str(self.configuration.get("memory_limit", "850MB"))
        return Limits(memory=memory, prepare=self.root.reach)

    def close(self) -> None:
        """Give back the session. Jobs that go on keep sessions of their own."""
        with self._lock:
            if self._connected is not None:
                self._connected.close()
            self._connected = None
            self._held.close()
            self._staged = None
