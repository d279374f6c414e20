"""The execution engine of ``memory``: DuckDB over the files that the client holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mason.clients._duckdb.execution import DuckDBExecution
from mason.clients.memory import MemoryClient
from mason.clients.memory.holding import MemoryJobs
from mason.engines.capabilities import Capabilities
from mason.engines.execution import Execution
from mason.engines.models import Job

if TYPE_CHECKING:
    from mason.clients.memory.registered import Registered


class MemoryExecution(MemoryJobs, DuckDBExecution):
    """Jobs are held by the client; what they write becomes files of it."""

    supports: ClassVar[frozenset[str]] = frozenset(Execution.verbs)
    capabilities: ClassVar[Capabilities] = replace(DuckDBExecution.capabilities, schemes=("memory",))

    def __init__(self, client: MemoryClient) -> None:
        super().__init__(client)
        self.memory = client

    def estimate(self, call: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the service is configured to tell of each job."""
        service = self.memory.service
        changes = not self.verbs[call].is_read_only(arguments)
        return dict(service.behaviour.cost or {}) if service is not None and changes else {}

    @contextmanager
    def _tables(self) -> Iterator[Registered]:
        from mason.clients.memory.held import on_disk
        from mason.clients.memory.registered import Registered

        with on_disk(self.memory) as root:
            yield Registered(self.memory, root)

    def _check_jobs(self) -> None:
        """Jobs are held in memory, which can always be done."""

    def _put_job(self, job: Job) -> Job:
        return self.memory.put_job(job)

    def _kept_job(self, job_id: str) -> Job:
        return self.get_job(job_id)
