"""The client ``memory``: all four engines for real, in one process, for tests and trials.

Files are bytes in a mapping; tables are registrations over them; schedules run when they are triggered. DuckDB reads
files only, so for the time of a verb that needs it the files are put into a temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mason.engines.client import Client
from mason.engines.models import Job, Schedule, Table
from mason.errors import NotFoundError

if TYPE_CHECKING:
    from mason.clients._duckdb.connection import Limits
    from mason.clients._duckdb.root import Root

__all__ = ["MemoryClient"]


class MemoryClient(Client):
    """Holds everything as plain attributes, which tests may look at; two clients share nothing."""

    name: ClassVar[str] = "memory"
    engines: ClassVar[Mapping[str, str]] = {
        "metastore": "mason.clients.memory.metastore:MemoryMetastore",
        "storage": "mason.clients.memory.storage:MemoryStorage",
        "execution": "mason.clients.memory.execution:MemoryExecution",
        "scheduler": "mason.clients.memory.scheduler:MemoryScheduler",
    }

    def __init__(self, configuration: Mapping[str, Any], *, base: Path) -> None:
        super().__init__(configuration, base=base)
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

    @contextmanager
    def on_disk(self) -> Iterator[Root]:
        """All files in a temporary folder; what was written there is held when the context ends without an error."""
        from tempfile import TemporaryDirectory

        from mason.clients._duckdb.root import Root

        with TemporaryDirectory(prefix="mason-memory-") as folder:
            root = Root(Path(folder), client=self.name)
            for path, content in self.files.items():
                target = root.path / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            before = {path: (root.path / path).stat().st_mtime_ns for path in self.files}
            yield root
            # Every file, also the notes that readers pass over.
            after = {root.show(file): file for file in sorted(root.path.rglob("*")) if file.is_file()}
            for path in before.keys() - after.keys():
                del self.files[path], self.written[path]
            for path, file in after.items():
                if before.get(path) != file.stat().st_mtime_ns:
                    self.put_file(path, file.read_bytes())
