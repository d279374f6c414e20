"""The client ``memory``: all four engines for real, in one process, for tests and trials.

Files are bytes in a mapping; tables are registrations over them; schedules run when they are triggered. DuckDB reads
files only, so for the time of a verb that needs it the files are put into a temporary folder. With ``asynchronous`` in
its configuration, jobs are handed to a ``service`` that takes its time.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from mason.engines.client import Client
from mason.engines.engine import Engine
from mason.engines.file_urls import escaped, scheme_of, unescaped
from mason.engines.jobs import submission
from mason.engines.models import Job, Schedule, Table
from mason.errors import EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients.memory.service import Service

__all__ = ["MemoryClient"]


class MemoryClient(Client):
    """Holds everything as plain attributes, which tests may look at.

    Two clients share nothing, but each reaches what the other holds by its URL, as long as both are in use: it begins
    with ``id``, which no other client of the process has.
    """

    name = "memory"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.memory.metastore:MemoryMetastore",
        "storage": "mason.clients.memory.storage:MemoryStorage",
        "execution": "mason.clients.memory.execution:MemoryExecution",
        "scheduler": "mason.clients.memory.scheduler:MemoryScheduler",
    }

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        super().__init__(configuration, base=base)
        self.id = str(next(_ids))
        _clients[self.id] = self
        self.files: dict[str, bytes] = {}
        self.written: dict[str, int] = {}
        self.databases: dict[str, dict[str, Table]] = {}
        self.jobs: dict[str, Job] = {}
        self.schedules: dict[str, Schedule] = {}
        self.tokens: dict[str, str] = {}
        self.service: Service | None = None
        if self.configuration.get("asynchronous"):
            from mason.clients.memory.service import Behaviour, Service

            behaviour = Behaviour.of(self.configuration["asynchronous"])
            self.service = Service(behaviour, base) if behaviour is not None else None

    def engine(self, role: str) -> Engine:
        """This client in the given role, which hands its work to the service if there is one."""
        known = role in self._engines
        engine = super().engine(role)
        if self.service is not None and not known:
            self.service.take_over(engine)
        return engine

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        from mason.clients._duckdb.connection import Limits

        return Limits(str(self.configuration.get("memory_limit", "512MB")))

    def put_file(self, path: str, content: bytes) -> None:
        """Hold ``content`` under ``path``, and count the write, which stands in for a time of modification."""
        self.files[path] = content
        self.written[path] = max(self.written.values(), default=0) + 1

    def put_job(self, job: Job) -> Job:
        """Hold a job, and under which token it was submitted."""
        self.jobs[job.job_id] = job
        token = submission()
        if token is not None:
            self.tokens[str(token)] = job.job_id
        return job

    def url_of(self, name: str) -> str:
        """The URL of a file or folder of this client, by its name in one spelling; empty for the root."""
        return f"memory://{self.id}/{escaped(name)}" if name not in ("", ".") else f"memory://{self.id}"

    @staticmethod
    def of_url(url: str) -> tuple[MemoryClient, str]:
        """The client and the path that a URL means. Raises ``EngineError`` for one of another scheme, and
        ``NotFoundError`` for a client that is not in this process."""
        if scheme_of(url) != "memory":
            raise EngineError(f"{url!r} is no path that client memory can reach; it takes paths and memory:// URLs.")
        id, _, path = url[len("memory://") :].partition("/")
        client = _clients.get(id)
        if client is None:
            raise NotFoundError(f"{url} leads nowhere: the client memory that held it is gone, or in another process.")
        return client, unescaped(path)


_ids = itertools.count(1)
_clients: WeakValueDictionary[str, MemoryClient] = WeakValueDictionary()
