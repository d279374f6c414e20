"""The execution engine of ``local``: DuckDB over the files of the root and the tables of the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from mason.clients._duckdb.execution import DuckDBExecution
from mason.clients.local import LocalClient
from mason.engines.capabilities import Capabilities
from mason.engines.models import Job

if TYPE_CHECKING:
    from mason.clients.local.catalog import Catalog


class LocalExecution(DuckDBExecution):
    """Jobs are kept in the warehouse's folder, so that other processes can ask for them."""

    supports: ClassVar[frozenset[str]] = DuckDBExecution.supports
    capabilities: ClassVar[Capabilities] = replace(
        DuckDBExecution.capabilities, schemes=("file", "s3", "hdfs"), borrowed=("s3", "hdfs")
    )

    def __init__(self, client: LocalClient) -> None:
        # Imported here: planning asks what a client supports without what reads tables.
        from mason.clients.local.catalog import Catalog

        super().__init__(client)
        self.local = client
        self.catalog = Catalog(client)

    @contextmanager
    def _tables(self) -> Iterator[Catalog]:
        yield self.catalog

    def _check_jobs(self) -> None:
        self.local.warehouse.check_jobs()

    def _put_job(self, job: Job) -> Job:
        return self.local.warehouse.put_job(job)

    def _kept_job(self, job_id: str) -> Job:
        return self.local.warehouse.get_job(job_id)
