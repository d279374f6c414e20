"""The execution engine as it is on a worker: the embedded one, over the same files as on Mason's machine.

Its jobs are kept by Mason, and not by workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from mason.clients._duckdb.execution import DuckDBExecution
from mason.clients._duckdb.reading.schemas import Merging
from mason.clients._duckdb.writing import reshape
from mason.clients._duckdb.writing.outputs import Placed
from mason.clients.dask import dask_parts
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

    # Parts of verbs. They write beside the output, and Mason makes them one.

    def dedupe_part(
        self,
        *,
        table: Table,
        placed: Placed,
        number: int,
        parts: int,
        keys: Sequence[str],
        order_by: Sequence[str],
        keep: str,
    ) -> dict[str, Any]:
        """The rows that stay of those whose keys are of part ``number``, by their hash."""
        tables = DaskTables(self.dask)
        source = dask_parts.of_hash(tables.source(table), keys, number, parts)
        return reshape.dedupe(tables.limits, source, placed, tables.root, keys=keys, order_by=order_by, keep=keep)

    def format_part(
        self, *, table: Table, placed: Placed, pieces: Sequence[dask_parts.Piece], columns: Sequence[str]
    ) -> dict[str, Any]:
        """Some rows in another format."""
        tables = DaskTables(self.dask)
        source = dask_parts.of_rows(tables.schema(table), pieces, tables.root.path)
        return reshape.convert(tables.limits, source, placed, tables.root, columns=columns)

    def merge_part(
        self, *, table: Table, placed: Placed, pieces: Sequence[dask_parts.Piece], merging: Merging
    ) -> dict[str, Any]:
        """Some rows of files that differ, with the schema of all."""
        tables = DaskTables(self.dask)
        schema = tables.schema(replace(table, schema=None), merging=merging)
        source = dask_parts.of_rows(schema, pieces, tables.root.path)
        return reshape.merge(tables.limits, source, placed, tables.root)

    def _check_jobs(self) -> None:
        """Mason has looked."""

    def _put_job(self, job: Job) -> Job:
        return job

    def _kept_job(self, job_id: str) -> Job:
        raise NotFoundError(f"There is no job {job_id}.")
