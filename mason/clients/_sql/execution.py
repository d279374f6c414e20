"""An execution engine over files, by DuckDB in this process; clients say where tables are and where jobs are kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from mason.clients._sql import answers, summary
from mason.clients._sql.connection import Limits
from mason.clients._sql.jobs import now, succeeded
from mason.clients._sql.readers import Source
from mason.clients._sql.root import Root
from mason.engines.execution import Execution
from mason.engines.models import Job, Rows, Table
from mason.errors import ConflictError, NotFoundError


class Tables(Protocol):
    """Where tables are, for as long as one verb lasts."""

    @property
    def root(self) -> Root:
        """The folder that the files of tables are in, and that outputs go to."""
        ...

    @property
    def limits(self) -> Limits:
        """What DuckDB may use."""
        ...

    def source(self, table: Table, *, whole: bool = True) -> Source:
        """What reads a table, from its beginning or ``whole``. Raises the ``EngineError`` that says why nothing can."""
        ...

    def named_in_sql(self, database: str, name: str) -> Source | NotFoundError:
        """What reads a table that a statement names, or the error that says what there is instead."""
        ...


class DuckDBExecution(Execution):
    """Each question gets a DuckDB of its own, which may open the files of the tables it names and no others.

    Jobs are done by the time that they have an id.
    """

    supports: ClassVar[frozenset[str]] = frozenset({"preview", "summarize", "query", "get_job", "cancel_job"})

    @abstractmethod
    def _tables(self) -> AbstractContextManager[Tables]:
        """The tables, as they are now."""

    @abstractmethod
    def _put_job(self, job: Job) -> Job:
        """Keep a job, and return it."""

    @abstractmethod
    def _find_job(self, job_id: str) -> Job:
        """A job that was kept. Raises ``NotFoundError``."""

    def preview(self, table: Table, *, limit: int = 10) -> Rows:
        """The first rows, in the order of the files."""
        with self._tables() as tables:
            return answers.preview(tables.limits, tables.source(table, whole=False), limit, tables.root.show)

    def summarize(self, table: Table, *, columns: Sequence[str] | None = None) -> Rows:
        """One row per column, exact, in memory that is bounded by ``memory_limit``."""
        with self._tables() as tables:
            return summary.summarize(tables.limits, tables.source(table), tables.root.show, columns=columns)

    def query(
        self,
        sql: str,
        *,
        table: Table | None = None,
        output: str | None = None,
        format: str | None = None,
        overwrite: bool = False,
        limit: int | None = None,
    ) -> Rows | Job:
        """Rows, or the job that wrote them to ``output`` as csv, parquet, json or jsonl."""
        with self._tables() as tables:
            source = tables.source(table) if table else None
            database = table.database if table else ""

            def resolve(schema: str, name: str) -> Source | NotFoundError | None:
                where = schema or database
                return tables.named_in_sql(where, name) if where else None

            if not output:
                return answers.query(
                    tables.limits, sql, table=source, resolve=resolve, limit=limit, show=tables.root.show
                )
            submitted = now()
            written = answers.query_to_file(
                tables.limits,
                sql,
                tables.root.resolve(output),
                format=answers.output_format(output, format),
                overwrite=overwrite,
                table=source,
                resolve=resolve,
                show=tables.root.show,
            )
        logs = (f"Wrote {written['rows']} rows to {written['output']}",)
        return self._put_job(succeeded("execution.query", written, submitted=submitted, logs=logs))

    def get_job(self, job_id: str) -> Job:
        """A job that this client did."""
        return self._find_job(job_id)

    def cancel_job(self, job_id: str) -> Job:
        """Refused: there is nothing left to stop."""
        job = self._find_job(job_id)
        raise ConflictError(f"Job {job_id} is done ({job.status}); there is nothing to cancel.")
