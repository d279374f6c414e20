"""The execution engine as it is on a worker: the embedded one, over the same files as on Mason's machine.

Its jobs are kept by Mason, and not by workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar

from mason.clients._duckdb.execution import DuckDBExecution
from mason.clients.dask.dask_ground import CAN, SUPPORTS
from mason.clients.dask.dask_orders import found_table
from mason.clients.dask.dask_tables import DaskTables
from mason.engines.capabilities import Capabilities
from mason.engines.models import Job, Table
from mason.errors import NotFoundError


class WorkerExecution(DuckDBExecution):
    """``tables`` are those that statements name."""

    supports: ClassVar[frozenset[str]] = SUPPORTS
    capabilities: ClassVar[Capabilities] = CAN

    def __init__(self, client: Any, tables: Mapping[tuple[str, str], Table | str]) -> None:
        super().__init__(client)
        self.dask = client
        self._sent = tables

    @property
    def _find_table(self) -> Callable[[str, str], Table] | None:
        return partial(found_table, self._sent)

    @contextmanager
    def _tables(self) -> Iterator[DaskTables]:
        yield DaskTables(self.dask)

    def _check_jobs(self) -> None:
        """Mason has looked."""

    def _put_job(self, job: Job) -> Job:
        return job

    def _kept_job(self, job_id: str) -> Job:
        raise NotFoundError(f"There is no job {job_id}.")
