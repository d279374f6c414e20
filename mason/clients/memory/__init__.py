"""The client ``memory``: all four engines for real, in one process, for tests and trials.

Files are bytes in a mapping; tables are registrations over them; schedules run when they are triggered. DuckDB reads
files only, so for the time of a verb that needs it the files are put into a temporary folder.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakValueDictionary

from mason.engines.client import Client
from mason.engines.file_urls import escaped, scheme_of, unescaped
from mason.engines.models import Job, Schedule, Table
from mason.errors import EngineError, NotFoundError

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients.memory.held import HeldFiles

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

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        from tempfile import gettempdir

        from mason.clients._duckdb.connection import Limits

        return Limits(str(self.configuration.get("memory_limit", "512MB")), Path(gettempdir()))

    def put_file(self, path: str, content: bytes) -> None:
        """Hold ``content`` under ``path``, and count the write, which stands in for a time of modification."""
        self.files[path] = content
        self.written[path] = max(self.written.values(), default=0) + 1

    def put_job(self, job: Job) -> Job:
        """Hold a job."""
        self.jobs[job.job_id] = job
        return job

    def find_job(self, job_id: str) -> Job:
        """A job. Raises ``NotFoundError``."""
        if job_id not in self.jobs:
            raise NotFoundError(f"There is no job {job_id}.")
        return self.jobs[job_id]

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

    @contextmanager
    def on_disk(self) -> Iterator[HeldFiles]:
        """All files in a temporary folder; what was written there is held when the context ends without an error."""
        from mason.clients.memory.held import HeldFiles

        held = HeldFiles(self)
        try:
            yield held
            held.take_up()
        finally:
            held.close()


_ids = itertools.count(1)
_clients: WeakValueDictionary[str, MemoryClient] = WeakValueDictionary()
